"""Scans at the library, on both databases: what they say beside what sites say, and that they can be taken back."""

from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from hub import agreement, refold, telling
from hub.directory import feed
from hub.directory.rows import Kind
from hub.models import Contradiction, DirectoryEntry, Holding, Loan, Scan
from hub.projections.states import HoldingState
from hub.restocking import scans
from hub.restocking.errors import Unknown
from hub.settings import Settings
from hub.views import events
from protocol.events import Loaded, Missing, Returned, Unloaded
from protocol.topics import Up
from tests.hub.cast import HARBOUR, NOON, OWNER, STATION, UID, Journal, borrowed, found, of, opened
from tests.hub.running import Hub
from tests.hub.test_convergence import ITEMS, SITES, a_site, deliveries, hub_of, library

__all__ = ["library"]


@pytest.fixture
def lending(hub: Hub, tmp_path: Path) -> Hub:
    """p1 has i1, borrowed at the harbour at noon; i2 stands there."""
    hub.bring(Kind.RULES, "group,loan_days,limit\nadult,28,5\n", tmp_path)
    hub.bring(Kind.TITLES, "title_id,title\nt1,One\n", tmp_path)
    items = f"item,title_id,owner,barcode\ni1,t1,{OWNER},B1\ni2,t1,{OWNER},\ni3,t1,{OWNER},\n"
    hub.bring(Kind.ITEMS, items, tmp_path)
    hub.bring(Kind.PATRONS, f"patron,name,group,card_uid\np1,Wei,adult,{UID}\n", tmp_path)
    journal = Journal(HARBOUR)
    journal.write(opened(), found("i1"), found("i2"))
    journal.visit("v1", borrowed("i1", "v1"))
    hub.deliver(journal)
    return hub


def scan(hub: Hub, code: str, out: bool = False, hours: float = 24, run: int | None = None) -> scans.Told:
    with hub.database.write() as session:
        now = NOON + timedelta(hours=hours)
        return scans.scan(session, hub.settings, code, out=out, run=run, by="lin", now=now)


def held(hub: Hub, item: str) -> Holding:
    with hub.database.read() as session:
        return session.get_one(Holding, item)


def kinds(hub: Hub) -> list[str]:
    return [row.kind for row in hub.rows(Contradiction)]


def card(hub: Hub) -> dict[str, Any]:
    with hub.database.read() as session:
        entry = session.exec(select(DirectoryEntry).where(col(DirectoryEntry.kind) == "card")).one()
        assert entry.body is not None
        return dict(entry.body)


def agrees(hub: Hub) -> None:
    with hub.database.read() as session:
        assert agreement.differences(session, hub.settings.zone) == []


def test_an_item_scanned_in_is_at_the_library_and_its_loan_is_over(lending: Hub) -> None:
    before = card(lending)
    told = scan(lending, " b1 ")
    assert (told.item, told.state, told.site, len(told.ended)) == ("i1", HoldingState.LOAN, HARBOUR, 1)
    assert {notice.site for notice in told.notices} == {HARBOUR, ""}
    now = held(lending, "i1")
    assert (now.state, now.site, now.patron, now.since) == ("library", None, None, NOON + timedelta(hours=24))
    (loan,) = lending.rows(Loan)
    assert (loan.state, loan.closed_site, loan.closed_at) == ("returned", "", NOON + timedelta(hours=24))
    assert card(lending) != before  # sites hear that the patron has one item less
    agrees(lending)
    with lending.database.read() as session:
        *_, last = events.history(session, "i1")
        lines = list(telling.tell_item(session, "i1", lending.settings.zone))
    assert (last.type, last.site, last.loan, last.fact["by"]) == ("scanned_in", "", loan.id, "lin")
    assert any("scanned in at the library" in line for line in lines)


def test_a_scan_taken_back_never_was(lending: Hub) -> None:
    before = lending.tables()
    told = scan(lending, "i1")
    for _ in range(2):
        with lending.database.write() as session:
            assert scans.undo(session, lending.settings, told.scan, NOON).state is HoldingState.LOAN
    assert lending.tables() == before
    agrees(lending)


def test_an_item_scanned_out_is_on_its_way_until_a_site_says_something(lending: Hub) -> None:
    scan(lending, "i3", out=True, run=None)
    now = held(lending, "i3")
    assert (now.state, now.site) == ("transit", None)
    journal = Journal(STATION, start=NOON + timedelta(hours=30))
    journal.write(opened())
    journal.visit("v9", of(Loaded, "i3", "v9"))
    lending.deliver(journal)
    now = held(lending, "i3")
    assert (now.state, now.site) == ("shelf", STATION)
    assert kinds(lending) == []
    agrees(lending)


def test_what_a_site_says_late_of_earlier_days_changes_nothing_about_a_scan(lending: Hub) -> None:
    scan(lending, "i2")
    journal = Journal(STATION, start=NOON + timedelta(hours=1))
    journal.write(opened())
    journal.visit("v8", of(Loaded, "i2", "v8"))
    lending.deliver(journal)
    assert held(lending, "i2").state == "library"
    agrees(lending)


def test_a_site_that_misses_what_is_at_the_library_is_told_of_but_not_believed(lending: Hub) -> None:
    scan(lending, "i2", hours=1)
    journal = Journal(STATION, start=NOON + timedelta(hours=30))
    journal.write(opened(), of(Missing, "i2"))
    lending.deliver(journal)
    assert held(lending, "i2").state == "library"
    assert kinds(lending) == ["missed-late"]
    agrees(lending)


def test_an_item_at_a_site_that_never_left_the_library_was_not_scanned_out(lending: Hub) -> None:
    scan(lending, "i2", hours=1)
    journal = Journal(STATION, start=NOON + timedelta(hours=30))
    journal.write(opened())
    journal.visit("v9", of(Loaded, "i2", "v9"), of(Returned, "i3", "v9"))
    lending.deliver(journal)
    assert held(lending, "i2").site == STATION
    assert kinds(lending) == ["left-unscanned"]


def test_the_courier_brought_it_home(lending: Hub) -> None:
    journal = Journal(HARBOUR, "second", start=NOON + timedelta(hours=1))
    journal.write(opened())
    journal.visit("v9", of(Unloaded, "i2", "v9"))
    lending.deliver(journal)
    assert (held(lending, "i2").state, held(lending, "i2").site) == ("transit", HARBOUR)
    told = scan(lending, "i2")
    assert (told.state, told.site) == (HoldingState.TRANSIT, HARBOUR)
    assert held(lending, "i2").state == "library"
    assert kinds(lending) == []


def test_a_scanner_that_beeps_twice_scans_once(lending: Hub) -> None:
    first, second = scan(lending, "i2"), scan(lending, "i2", hours=24.01)
    assert (second.scan, second.twice) == (first.scan, True)
    assert len(lending.rows(Scan)) == 1
    assert scan(lending, "i2", hours=25).scan != first.scan


def test_an_item_nobody_knows_can_t_be_scanned(lending: Hub) -> None:
    with pytest.raises(Unknown):
        scan(lending, "nothing")


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 2**32))
def test_scans_and_events_in_any_interleaving_give_what_a_rebuild_gives(
    library: Settings, chance: Random, seed: int
) -> None:
    world = [a_site(Random(seed + number), site) for number, site in enumerate(SITES)]
    wanted = [
        (chance.choice(ITEMS[:3]), chance.random() < 0.5, NOON + timedelta(minutes=chance.randrange(400)))
        for _ in range(chance.randrange(1, 12))
    ]
    with hub_of(library) as plain, hub_of(library) as mixed:
        told: list[Any] = [*deliveries(chance, world)]
        for number, one in enumerate(wanted):
            told.insert(chance.randrange(len(told) + 1), (number, one))
        undone = {number for number in range(len(wanted)) if chance.random() < 0.2}
        for first, second in told:
            if not isinstance(first, int):
                mixed.send(first, Up.EVENTS, second)
                continue
            item, out, at = second
            with mixed.database.write() as session:
                made = scans.scan(session, library, item, out=out, by="lin", now=at)
                if first in undone and not made.twice:
                    scans.undo(session, library, made.scan, at)
        with mixed.database.read() as session:
            assert agreement.differences(session, library.zone) == []
        for journals in world:
            plain.deliver(*journals)
        with plain.database.write() as session:
            session.add_all(Scan(**row.model_dump()) for row in mixed.rows(Scan))
            session.flush()
            refold.rebuild(session, library.zone)
            feed.update_all(session, library.owners, NOON)
        assert mixed.tables() == plain.tables()
