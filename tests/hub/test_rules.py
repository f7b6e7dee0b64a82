"""Rules H1-H7 of delivery.md: what the hub does with a batch or a hello, on SQLite and on PostgreSQL."""

import hashlib
from collections.abc import Callable
from typing import TypeVar

import pytest
from sqlmodel import Session, SQLModel, col, select

from hub import ingest, ledger
from hub.database import Database
from hub.ledger import IncidentKind, Touched
from hub.models import Backup, BackupCursor, Cursor, Gap, Incident, LedgerRow, Quarantine
from protocol.envelope import Batch, chain
from protocol.receipt import Receipt
from tests.hub.cast import HARBOUR, NOON, STATION, Journal, carried, found, opened

_T = TypeVar("_T", bound=SQLModel)
Take = Callable[[str, Batch], Receipt]


@pytest.fixture
def take(database: Database) -> Take:
    """Takes a batch in, in a transaction of its own."""

    def taken(site: str, batch: Batch) -> Receipt:
        with database.write() as session:
            return ingest.take(session, site, batch, NOON, Touched())

    return taken


@pytest.fixture
def journal() -> Journal:
    """Ten events of the harbour."""
    made = Journal(HARBOUR)
    made.write(opened())
    for number in range(9):
        made.write(found(f"i{number}"))
    return made


def rows(database: Database, table: type[_T]) -> list[_T]:
    with database.read() as session:
        return list(session.exec(select(table)))


def kinds(database: Database) -> list[str]:
    return sorted(row.kind for row in rows(database, Incident))


def seqs(session: Session) -> list[int]:
    return list(session.exec(select(LedgerRow.seq).order_by(col(LedgerRow.seq))))


def test_a_batch_is_stored_byte_for_byte_and_acknowledged(database: Database, take: Take, journal: Journal) -> None:
    told = take(HARBOUR, journal.batch(req=7))
    assert (told.stored, told.digest, told.archived, told.req) == (10, journal.digest(10).hex(), 0, 7)
    stored = sorted(rows(database, LedgerRow), key=lambda row: row.seq)
    assert [row.body for row in stored] == journal.bodies
    assert stored[-1].digest == journal.digest(10)


def test_the_same_batch_again_changes_nothing(database: Database, take: Take, journal: Journal) -> None:
    assert take(HARBOUR, journal.batch()).stored == take(HARBOUR, journal.batch()).stored
    assert len(rows(database, LedgerRow)) == 10


def test_an_overlapping_batch_adds_only_its_end(database: Database, take: Take, journal: Journal) -> None:
    take(HARBOUR, journal.batch(1, 6))
    assert take(HARBOUR, journal.batch(4)).stored == 10
    with database.read() as session:
        assert seqs(session) == list(range(1, 11))


def test_a_hole_in_transit_is_not_jumped(database: Database, take: Take, journal: Journal) -> None:
    take(HARBOUR, journal.batch(1, 3))
    told = take(HARBOUR, journal.batch(6))
    assert (told.stored, told.digest) == (3, journal.digest(3).hex())
    assert len(rows(database, LedgerRow)) == 3


def test_what_the_site_no_longer_holds_becomes_a_gap_on_record(
    database: Database, take: Take, journal: Journal
) -> None:
    take(HARBOUR, journal.batch(1, 3))
    journal.base = 6
    told = take(HARBOUR, journal.batch(6))
    assert (told.stored, told.digest) == (10, journal.digest(10).hex())
    (gap,) = rows(database, Gap)
    assert (gap.from_seq, gap.to_seq) == (4, 5)
    assert IncidentKind.GAP in kinds(database)


def test_a_gap_waits_for_the_batch_that_begins_where_the_site_does(
    database: Database, take: Take, journal: Journal
) -> None:
    journal.base = 6
    assert take(HARBOUR, journal.batch(8)).stored == 0
    assert rows(database, Gap) == []
    assert take(HARBOUR, journal.batch(6)).stored == 10


def test_an_empty_journal_beyond_the_ledger_is_settled_by_its_hello(database: Database, journal: Journal) -> None:
    journal.base = 11
    with database.write() as session:
        told = ingest.greet(session, HARBOUR, journal.hello(stored=10), NOON)
    assert (told.stored, told.digest) == (10, journal.digest(10).hex())
    assert [(gap.from_seq, gap.to_seq) for gap in rows(database, Gap)] == [(1, 10)]


def test_a_batch_of_another_history_goes_to_quarantine_once(database: Database, take: Take, journal: Journal) -> None:
    take(HARBOUR, journal.batch(1, 5))
    clone = Journal(HARBOUR)
    clone.write(opened(), *(found(f"x{number}") for number in range(7)))
    for _ in range(3):
        told = take(HARBOUR, clone.batch(4))
        assert (told.stored, told.digest) == (5, journal.digest(5).hex())
    (kept,) = rows(database, Quarantine)
    assert (kept.first_seq, kept.times, kept.payload) == (4, 3, clone.batch(4).wire())
    assert len(rows(database, LedgerRow)) == 5


def test_an_event_carried_into_a_new_epoch_counts_once(database: Database, take: Take, journal: Journal) -> None:
    take(HARBOUR, journal.batch(1, 8))
    new = carried(journal, "second", above=5)
    assert take(HARBOUR, new.batch()).stored == 6
    stored = rows(database, LedgerRow)
    assert sum(row.duplicate_of is not None for row in stored) == 3
    assert len({row.event_id for row in stored if row.duplicate_of is None}) == 11


def test_a_new_epoch_closes_the_one_before_and_its_losses_are_counted(
    database: Database, take: Take, journal: Journal
) -> None:
    take(HARBOUR, journal.batch(1, 4))
    with database.write() as session:
        ingest.greet(session, HARBOUR, journal.hello(stored=4), NOON)
    new = carried(journal, "second", above=7, reason="damaged")
    take(HARBOUR, new.batch())
    with database.read() as session:
        first, second = ledger.cursors(session, HARBOUR)
        assert (first.superseded_at, second.superseded_at) == (NOON, None)
        assert (second.reason, second.predecessor, second.predecessor_last) == ("damaged", journal.epoch, 10)
        assert ledger.lost(session, first) == 3
        assert ledger.lost(session, second) == 0


def test_epochs_heard_in_the_wrong_order_still_stand_in_theirs(
    database: Database, take: Take, journal: Journal
) -> None:
    new = carried(journal, "second", above=10)
    with database.write() as session:
        ingest.greet(session, HARBOUR, new.hello(), NOON)
    take(HARBOUR, journal.batch())
    take(HARBOUR, new.batch())
    with database.read() as session:
        assert [at.epoch for at in ledger.cursors(session, HARBOUR)] == [journal.epoch, new.epoch]


def test_a_predecessor_heard_after_its_successors_events_is_put_before_it(
    database: Database, take: Take, journal: Journal
) -> None:
    new = carried(journal, "second", above=8)
    take(HARBOUR, new.batch())
    take(HARBOUR, journal.batch())
    with database.read() as session:
        assert [at.epoch for at in ledger.cursors(session, HARBOUR)] == [journal.epoch, new.epoch]


def test_bytes_that_mean_nothing_are_kept_counted_and_acknowledged(
    database: Database, take: Take, journal: Journal
) -> None:
    journal.bodies += [b'{"v":9,"fact":{"type":"levitated\\u0000"}}', b"\xff\x00 rubbish"]
    assert take(HARBOUR, journal.batch()).stored == 12
    raw = [row for row in rows(database, LedgerRow) if not row.understood]
    assert [row.body for row in sorted(raw, key=lambda row: row.seq)] == journal.bodies[-2:]
    assert all(row.why_not for row in raw)
    (counted,) = [row for row in rows(database, Incident) if row.kind == IncidentKind.NOT_UNDERSTOOD]
    assert counted.times == 2


def test_what_was_not_understood_is_read_again_after_an_upgrade(
    database: Database, take: Take, journal: Journal
) -> None:
    take(HARBOUR, journal.batch())
    with database.write() as session:
        for row in session.exec(select(LedgerRow).where(LedgerRow.seq == 3)):
            row.understood, row.item, row.type, row.at = False, None, None, None
    touched = Touched()
    with database.write() as session:
        assert ledger.reinterpret(session, touched) == 1
    assert touched.items == {"i1"}
    assert all(row.understood for row in rows(database, LedgerRow))


def test_a_hello_is_answered_with_where_the_ledger_stands(database: Database, take: Take, journal: Journal) -> None:
    take(HARBOUR, journal.batch(1, 4))
    with database.write() as session:
        told = ingest.greet(session, HARBOUR, journal.hello(stored=2), NOON)
    assert (told.stored, told.digest) == (4, journal.digest(4).hex())
    (at,) = rows(database, Cursor)
    assert at.claimed_last == 10


def test_a_ledger_that_was_put_back_says_so_and_takes_the_rest_again(
    database: Database, take: Take, journal: Journal
) -> None:
    take(HARBOUR, journal.batch(1, 4))
    with database.write() as session:
        told = ingest.greet(session, HARBOUR, journal.hello(stored=9), NOON)
    assert told.stored == 4
    assert kinds(database) == [IncidentKind.LEDGER_BEHIND]
    assert take(HARBOUR, journal.batch(5)).stored == 10


def test_two_sites_never_share_a_cursor_nor_an_identity(database: Database, take: Take, journal: Journal) -> None:
    take(HARBOUR, journal.batch())
    assert take(STATION, journal.batch()).stored == 10
    stored = rows(database, LedgerRow)
    assert [row.duplicate_of for row in stored] == [None] * 20


def test_archived_is_what_the_second_newest_verified_backup_holds(
    database: Database, take: Take, journal: Journal
) -> None:
    take(HARBOUR, journal.batch(1, 9))
    assert take(HARBOUR, journal.batch(9, 1)).archived == 0
    with database.write() as session:
        for number, verified in enumerate((True, True, True, False)):
            name = f"b{number}"
            made = NOON.replace(hour=number)
            session.add(Backup(id=name, made_at=made, verified_at=made if verified else None))
            session.flush()
            session.add(BackupCursor(backup=name, site=HARBOUR, epoch=journal.epoch, stored=2 + number))
    assert take(HARBOUR, journal.batch(9, 1)).archived == 3


def test_a_thousand_events_chain_to_the_digest_of_the_site(database: Database, take: Take) -> None:
    journal = Journal(HARBOUR)
    journal.write(opened(), *(found(f"i{number % 7}") for number in range(999)))
    for first in range(1, 1001, 50):
        told = take(HARBOUR, journal.batch(first, 50))
    expected = bytes(16)
    for body in journal.bodies:
        expected = hashlib.sha256(expected + body).digest()[:16]
    assert told.digest == expected.hex() == chain(journal.digest(999), journal.bodies[999]).hex()
