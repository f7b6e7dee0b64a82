"""Messages from the broker: presence, patrons, poison, the queue, and answers only after the commit."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from hub import agreement, refold
from hub.database import Database
from hub.directory import feed
from hub.directory.rows import Kind
from hub.ingest import Message
from hub.ledger import IncidentKind
from hub.models import AsideRow, Backup, BackupCursor, Cursor, Holding, Incident, LedgerRow, Loan, SiteState, Visit
from hub.notices import Notice
from hub.promises import Promises
from protocol.directory import Ask, Page
from protocol.events import VisitOpened
from protocol.hello import Gone
from protocol.names import read_message
from protocol.receipt import Receipt
from protocol.topics import Down, Up, down, up
from tests.hub.cast import (
    HARBOUR,
    NOON,
    OWNER,
    STATION,
    UID,
    Journal,
    borrowed,
    found,
    hex_id,
    opened,
    returned,
    settings_in,
    status,
)
from tests.hub.running import Hub

PATRONS = f"patron,name,group,card_uid\np1,Wei,adult,{UID}\n"


@pytest.fixture
def hub(database: Database, tmp_path: Path) -> Hub:
    made = Hub(settings_in(tmp_path, database.url), database)
    made.bring(Kind.RULES, "group,loan_days,limit\nadult,28,5\n", tmp_path)
    made.bring(Kind.TITLES, "title_id,title\nt1,One\n", tmp_path)
    made.bring(Kind.ITEMS, f"item,title_id,owner\ni1,t1,{OWNER}\n", tmp_path)
    return made


@pytest.fixture
def journal() -> Journal:
    """The patron of UID borrows i1 at the harbour."""
    made = Journal(HARBOUR)
    made.write(opened(), found("i1"))
    made.visit("v1", borrowed("i1", "v1"))
    return made


def gone(journal: Journal, connection: int) -> Gone:
    return Gone(epoch=journal.epoch, boot=journal.boot_id, connection=connection)


def state(hub: Hub) -> SiteState:
    (row,) = hub.rows(SiteState)
    assert isinstance(row, SiteState)
    return row


def incidents(hub: Hub) -> dict[str, int]:
    return {row.kind: row.times for row in hub.rows(Incident)}


def test_a_borrowed_item_becomes_the_patrons_loan(hub: Hub, journal: Journal, tmp_path: Path) -> None:
    hub.bring(Kind.PATRONS, PATRONS, tmp_path)
    hub.deliver(journal)
    (loan,), (holding,) = hub.rows(Loan), hub.rows(Holding)
    assert (loan.item, loan.patron, loan.state, loan.id) == ("i1", "p1", "open", f"{HARBOUR}.{loan.event_id}")
    assert (holding.state, holding.patron) == ("loan", "p1")


def test_a_card_imported_after_the_visit_still_finds_its_patron(hub: Hub, journal: Journal, tmp_path: Path) -> None:
    hub.deliver(journal)
    assert hub.rows(Loan)[0].patron is None
    hub.bring(Kind.PATRONS, PATRONS, tmp_path)
    assert hub.rows(Loan)[0].patron == "p1"
    assert hub.rows(Visit)[0].patron == "p1"
    with hub.database.read() as session:
        assert agreement.differences(session, hub.settings.zone) == []


def test_a_card_that_is_not_the_one_the_event_names_leaves_the_patron_unknown(
    hub: Hub, journal: Journal, tmp_path: Path
) -> None:
    hub.bring(Kind.PATRONS, PATRONS, tmp_path)
    visit = VisitOpened(station="cabinet-1", visit=hex_id("v2"), kind="borrow", who="00" * 32)
    journal.write(visit)
    aside = next(iter(journal.asides.values()))
    journal.asides[hex_id(HARBOUR, "first", len(journal.bodies))] = aside
    hub.deliver(journal)
    assert {row.visit: row.patron for row in hub.rows(Visit)} == {hex_id("v1"): "p1", hex_id("v2"): None}
    assert incidents(hub)[IncidentKind.COMMITMENT] == 1


def test_erasing_what_lies_beside_the_events_leaves_the_ledger_whole(
    hub: Hub, journal: Journal, tmp_path: Path
) -> None:
    hub.bring(Kind.PATRONS, PATRONS, tmp_path)
    hub.deliver(journal)
    with hub.database.write() as session:
        for row in hub.rows(AsideRow):
            session.delete(row)
        session.flush()
        refold.rebuild(session, hub.settings.zone)
    assert hub.rows(Loan)[0].patron is None
    assert hub.rows(Cursor)[0].digest == journal.digest(len(journal.bodies))


def test_a_loan_changes_the_card_that_every_site_is_told_of(hub: Hub, journal: Journal, tmp_path: Path) -> None:
    hub.bring(Kind.PATRONS, PATRONS, tmp_path)
    hub.deliver(journal)
    ask = Ask(boot=hex_id("b"), req=1, since=0)
    answer = hub.send(STATION, Up.ASK, ask)
    assert answer is not None
    page = read_message(Page, answer)
    (card,) = [entry for entry in page.entries if entry["kind"] == "card"]
    assert card["loans"] == 1
    other = Journal(STATION, start=NOON + timedelta(hours=1))
    other.write(opened())
    other.visit("v2", returned("i1", "v2"))
    hub.deliver(other)
    answer = hub.send(STATION, Up.ASK, Ask(boot=hex_id("b"), req=2, since=page.version, mark=page.mark))
    assert answer is not None
    (card,) = [entry for entry in read_message(Page, answer).entries if entry["kind"] == "card"]
    assert card["loans"] == 0


def test_a_receipt_goes_out_only_after_the_commit(hub: Hub, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def publish(topic: str, payload: bytes) -> None:
        assert topic == down(HARBOUR, Down.RECEIPT)
        seen.append(len(hub.rows(LedgerRow)) - read_message(Receipt, payload).stored)

    monkeypatch.setattr(hub.ingest, "_publish", publish)
    hub.deliver(journal)
    assert seen == [0]


def test_a_group_whose_commit_fails_is_not_acknowledged(
    hub: Hub, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> Any:
        raise RuntimeError("disk on fire")

    with monkeypatch.context() as broken:
        broken.setattr(refold, "apply", fails)
        hub.deliver(journal)
    assert hub.answers == []
    assert hub.rows(LedgerRow) == []
    assert incidents(hub)[IncidentKind.FAILED] == 1
    hub.deliver(journal)
    assert len(hub.answers) == 1


def test_one_sites_poison_stops_nobody_else(hub: Hub, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Journal(STATION)
    other.write(opened(), found("i1"))
    real = feed.update

    def picky(session: Session, *rest: Any) -> int:
        if session.get(Cursor, (HARBOUR, journal.epoch)):
            raise ValueError("bytes nobody thought of")
        return real(session, *rest)

    monkeypatch.setattr(feed, "update", picky)
    hub.ingest.take_group([hub.message(j.site, Up.EVENTS, j.batch().wire()) for j in (journal, other)])
    assert [topic for topic, _ in hub.answers] == [down(STATION, Down.RECEIPT)]


@pytest.mark.parametrize("what", list(Up))
def test_rubbish_on_any_topic_is_counted_and_survived(hub: Hub, journal: Journal, what: Up) -> None:
    for rubbish in (b"", b"\x00\xff", b"[]", b'{"v":1}', b"[" * 100_000):
        hub.send(HARBOUR, what, rubbish)
    assert hub.ingest.counts["malformed"] == 5
    assert incidents(hub)[IncidentKind.MALFORMED] == 5
    hub.deliver(journal)
    assert hub.rows(Cursor)[0].stored == len(journal.bodies)


def test_a_topic_that_is_not_its_senders_is_refused_and_counted(hub: Hub, journal: Journal) -> None:
    wrong = up(HARBOUR, Up.EVENTS).replace(HARBOUR, STATION)
    hub.ingest.take_group([Message(wrong, journal.batch().wire(), NOON)])
    assert hub.rows(LedgerRow) == []
    assert incidents(hub) == {IncidentKind.FORGED: 1}


def test_the_newest_is_dropped_and_counted_when_the_queue_is_full(database: Database, tmp_path: Path) -> None:
    hub = Hub(settings_in(tmp_path, database.url, ingest={"queue_messages": 2}), database)
    for number in range(5):
        hub.ingest.offer("topic", str(number).encode())
    assert (hub.ingest.waiting, hub.ingest.counts["dropped"]) == (2, 3)


def test_a_late_will_of_an_old_connection_does_not_count(hub: Hub, journal: Journal) -> None:
    hub.send(HARBOUR, Up.HELLO, journal.hello(connection=2))
    hub.send(HARBOUR, Up.GONE, gone(journal, 1))
    assert not state(hub).gone
    hub.send(HARBOUR, Up.GONE, gone(journal, 2))
    assert state(hub).gone


def test_a_will_of_an_older_boot_does_not_count(hub: Hub, journal: Journal) -> None:
    old = gone(journal, 9)
    hub.send(HARBOUR, Up.HELLO, journal.hello(connection=9))
    hub.send(HARBOUR, Up.HELLO, journal.hello(connection=1, boot=hex_id("next boot")))
    hub.send(HARBOUR, Up.GONE, old)
    assert not state(hub).gone


def test_a_site_that_went_is_back_with_its_next_connection(hub: Hub, journal: Journal) -> None:
    hub.send(HARBOUR, Up.HELLO, journal.hello(connection=1))
    hub.send(HARBOUR, Up.GONE, gone(journal, 1))
    hub.send(HARBOUR, Up.STATUS, status(journal, connection=1))
    assert state(hub).gone
    hub.send(HARBOUR, Up.STATUS, status(journal, connection=2))
    assert not state(hub).gone


def test_only_the_newest_heartbeat_is_kept(hub: Hub, journal: Journal) -> None:
    hub.send(HARBOUR, Up.STATUS, status(journal, every_s=10))
    hub.now += timedelta(seconds=10)
    hub.send(HARBOUR, Up.STATUS, status(journal, every_s=20))
    kept = state(hub)
    assert (kept.every_s, kept.heard_at, kept.status_at) == (20, hub.now, hub.now)
    assert kept.status is not None
    assert kept.status["every_s"] == 20


def test_open_pages_hear_of_the_items_that_changed(hub: Hub, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Notice] = []
    monkeypatch.setattr(hub.notices, "publish", heard.append)
    hub.deliver(journal)
    assert [(notice.site, notice.items) for notice in heard] == [(HARBOUR, ("i1",))]


def test_what_a_receipt_promises_is_written_down_first(hub: Hub, journal: Journal, tmp_path: Path) -> None:
    hub.deliver(journal)
    with hub.database.write() as session:
        for number in (1, 2):
            session.add(Backup(id=f"b{number}", made_at=NOON, verified_at=NOON))
            session.flush()
            session.add(BackupCursor(backup=f"b{number}", site=HARBOUR, epoch=journal.epoch, stored=3))
    told = hub.send(HARBOUR, Up.HELLO, journal.hello())
    assert told is not None
    assert read_message(Receipt, told).archived == 3
    with hub.database.write() as session:
        assert Promises(hub.settings.promise_file).broken(session) == []
        session.get_one(Cursor, (HARBOUR, journal.epoch)).stored = 2
        session.flush()
        (sentence,) = Promises(hub.settings.promise_file).broken(session)
    assert HARBOUR in sentence


def test_the_thread_takes_what_is_offered_until_it_is_stopped(hub: Hub, journal: Journal) -> None:
    answered = threading.Event()
    hub.ingest._publish = lambda topic, payload: answered.set()
    hub.ingest.start()
    hub.ingest.offer(up(HARBOUR, Up.EVENTS), journal.batch().wire())
    assert answered.wait(10)
    hub.ingest.stop()
    assert hub.rows(Cursor)[0].stored == len(journal.bodies)
