"""Whatever order sites are heard in, however often and in whatever pieces: the same tables, equal to a rebuild."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel

from hub import agreement, refold
from hub.database import Database
from hub.directory.rows import Kind
from hub.settings import Settings
from protocol.events import (
    Borrowed,
    BorrowReversed,
    ClockSynced,
    CountedAnew,
    ForeignFound,
    ForeignGone,
    Loaded,
    Missing,
    Moved,
    Renewed,
    Returned,
    Undecided,
    UndecidedSettled,
    Unloaded,
)
from protocol.names import ClockTrust, SiteId, StationName
from protocol.topics import Up
from tests.hub.cast import HARBOUR, NOON, OWNER, STATION, UID, Journal, carried, found, of, opened, settings_in
from tests.hub.running import Hub

SITES = (HARBOUR, STATION, SiteId("garden-school"))
ITEMS = ("i1", "i2", "i3", "unlisted")
OTHER_UID = "04FFEEDDCCBBAA"
KINDS = (
    *(Borrowed, Borrowed, Renewed, Renewed, Returned, Returned, BorrowReversed, Undecided, UndecidedSettled),
    *(Missing, Loaded, Unloaded, Moved, ForeignFound, ForeignGone, None),
)
"""None: found."""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_in(tmp_path_factory.mktemp("library"))


@contextmanager
def hub_of(library: Settings) -> Iterator[Hub]:
    database = Database("sqlite://")
    SQLModel.metadata.create_all(database.engine)
    hub = Hub(library, database)
    folder = library.data_dir
    hub.bring(Kind.RULES, "group,loan_days,limit\nadult,28,5\n", folder)
    hub.bring(Kind.TITLES, "title_id,title\nt1,One\n", folder)
    hub.bring(Kind.ITEMS, f"item,title_id,owner\ni1,t1,{OWNER}\ni2,t1,{OWNER}\ni3,t1,{OWNER}\n", folder)
    cards = f"patron,name,group,card_uid\np1,Wei,adult,{UID}\np2,Ana,adult,{OTHER_UID}\n"
    hub.bring(Kind.PATRONS, cards, folder)
    try:
        yield hub
    finally:
        database.close()


def a_fact(chance: Random, visit: str) -> Any:
    item = chance.choice(ITEMS)
    kind = chance.choice(KINDS)
    match kind:
        case None:
            return found(item)
        case _ if kind is Borrowed:
            return of(Borrowed, item, visit, loan_days=chance.choice((7, 28)), late=chance.random() < 0.3)
        case _ if kind is Loaded:
            return of(Loaded, item, visit, hold=chance.choice((None, "1")))
        case _ if kind is Renewed:
            return of(Renewed, item, visit, loan_days=chance.choice((7, 28)))
        case _ if kind is Undecided:
            return of(Undecided, item, visit, was_present=chance.random() < 0.5)
        case _ if kind is UndecidedSettled:
            return of(UndecidedSettled, item, present=chance.random() < 0.5)
        case _ if kind is Missing:
            return of(Missing, item)
        case _ if kind is Moved:
            return of(Moved, item, shelf="B", from_shelf="A")
        case _ if kind in (ForeignFound, ForeignGone):
            return of(kind, item, kind="other-library")
    return of(kind, item, visit, late=chance.random() < 0.3)


def a_site(chance: Random, site: SiteId) -> list[Journal]:
    """One site's life: boots with good and bad clocks, visits, perhaps a second epoch."""
    journal = Journal(site, start=NOON + timedelta(minutes=chance.randrange(60)))
    journal.write(opened())
    for boot in range(chance.randrange(1, 4)):
        journal.boot = f"b{boot}"
        journal.up_ms = 0
        journal.clock = chance.choice((ClockTrust.SYNCED, ClockTrust.UNSYNCED))
        true_start = NOON + timedelta(hours=boot, minutes=chance.randrange(60))
        unset = datetime(2020, 1, 1, tzinfo=NOON.tzinfo)
        journal.start = true_start if journal.clock is ClockTrust.SYNCED else unset
        for number in range(chance.randrange(1, 5)):
            visit = f"{site}{boot}.{number}"
            facts = [a_fact(chance, visit) for _ in range(chance.randrange(4))]
            journal.visit(visit, *facts, uid=chance.choice((UID, OTHER_UID)))
        if chance.random() < 0.2:
            journal.write(CountedAnew(station=StationName("cabinet-1"), items=chance.randrange(5)))
        if chance.random() < 0.5:
            journal.start, journal.clock = true_start, ClockTrust.SYNCED
            journal.write(ClockSynced(stepped_ms=1))
    journals = [journal]
    if chance.random() < 0.4:
        second = carried(journal, "second", above=chance.randrange(len(journal.bodies)))
        second.visit(f"{site}.later", a_fact(chance, f"{site}.later"))
        journals.append(second)
    return journals


def batches(chance: Random, journal: Journal) -> Iterator[tuple[SiteId, bytes]]:
    """A journal's batches in order, with repeats and holes in between."""
    first = 1
    while first <= len(journal.bodies):
        size = chance.randrange(1, 12)
        if chance.random() < 0.3:
            stray = chance.randrange(1, len(journal.bodies) + 1)
            yield journal.site, journal.batch(stray, chance.randrange(1, 6)).wire()
        yield journal.site, journal.batch(first, size).wire()
        first += size


def shuffled_together(chance: Random, one: list[Any], other: list[Any]) -> list[Any]:
    """Both, each in its own order."""
    mixed, left = [], [list(one), list(other)]
    while any(left):
        mixed.append(chance.choice([queue for queue in left if queue]).pop(0))
    return mixed


def deliveries(chance: Random, world: list[list[Journal]]) -> list[tuple[SiteId, bytes]]:
    """Every site's batches in its own order, mixed with the others', with repeats and holes in between."""
    queues = []
    for journals in world:
        queue: list[tuple[SiteId, bytes]] = []
        for journal in journals:
            late = chance.randrange(
                len(queue) + 1
            )  # of an epoch that is over some batches may come after the next began
            kept, held = queue[:late], queue[late:]
            sent = list(batches(chance, journal))
            opening, rest = sent[:1], sent[1:]
            queue = [*kept, *opening, *shuffled_together(chance, held, rest)]
        queues.append(queue)
    mixed = []
    while any(queues):
        mixed.append(chance.choice([queue for queue in queues if queue]).pop(0))
    return mixed


@settings(max_examples=12, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 2**32))
def test_any_arrival_gives_the_same_tables_equal_to_a_rebuild(library: Settings, chance: Random, seed: int) -> None:
    world = [a_site(Random(seed + number), site) for number, site in enumerate(SITES)]
    with hub_of(library) as plain, hub_of(library) as mixed:
        for journals in world:
            plain.deliver(*journals)
        for site, payload in deliveries(chance, world):
            mixed.send(site, Up.EVENTS, payload)
        assert mixed.tables() == plain.tables()
        with mixed.database.write() as session:
            assert agreement.differences(session, library.zone) == []
            refold.rebuild(session, library.zone)
        assert mixed.tables() == plain.tables()


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32))
def test_one_commit_or_many_makes_no_difference(library: Settings, seed: int) -> None:
    world = [a_site(Random(seed + number), site) for number, site in enumerate(SITES)]
    with hub_of(library) as single, hub_of(library) as grouped:
        messages = []
        for journals in world:
            single.deliver(*journals)
            messages += [grouped.message(j.site, Up.EVENTS, j.batch().wire()) for j in journals]
        grouped.ingest.take_group(messages)
        assert grouped.tables() == single.tables()


def test_a_clock_that_becomes_known_later_moves_what_happened_before_it(library: Settings, tmp_path: Path) -> None:
    harbour = Journal(HARBOUR)
    harbour.write(opened(), found("i1"))
    station = Journal(STATION, clock=ClockTrust.UNSYNCED, start=NOON - timedelta(days=3))
    station.write(opened(), found("i1"), minutes=30)
    with hub_of(library) as hub:
        hub.deliver(harbour, station)
        where = {row["item"]: row for row in hub.tables()["Holding"]}["i1"]
        assert (where["site"], where["time_trusted"]) == (HARBOUR, True)
        station.start, station.clock = NOON, ClockTrust.SYNCED
        station.write(ClockSynced(stepped_ms=259_200_000), minutes=1)
        hub.deliver(station)
        where = {row["item"]: row for row in hub.tables()["Holding"]}["i1"]
        assert (where["site"], where["since"], where["time_trusted"]) == (STATION, NOON + timedelta(minutes=30), True)


def test_a_loan_explained_after_its_return_elsewhere_is_still_the_earlier_of_the_two(library: Settings) -> None:
    """The harbour's reader was dead: by the time it counted, the item stood on the station's shelf."""
    harbour, station = Journal(HARBOUR), Journal(STATION)
    harbour.write(opened(), found("i1"))
    harbour.visit("v1")
    harbour.write(of(Borrowed, "i1", "v1", loan_days=28, late=True), minutes=120)
    station.write(opened())
    station.visit("v2", of(Returned, "i1", "v2"))
    with hub_of(library) as hub, hub_of(library) as other:
        hub.deliver(harbour, station)
        other.deliver(station, harbour)
        assert hub.tables() == other.tables()
        where = {row["item"]: row for row in hub.tables()["Holding"]}["i1"]
        assert (where["state"], where["site"]) == ("shelf", STATION)
        (loan,) = hub.tables()["Loan"]
        assert loan["state"] == "returned"
        with hub.database.read() as session:
            assert agreement.differences(session, library.zone) == []


def test_what_comes_late_of_an_epoch_that_is_over_still_stands_where_it_was_written(library: Settings) -> None:
    """The new epoch's copy of a loan came before the old epoch's copy of what followed it."""
    old = Journal(HARBOUR)
    old.write(opened(), found("i1"))
    old.visit("v1", of(Borrowed, "i1", "v1", loan_days=28))
    old.visit("v2", of(Returned, "i1", "v2"))
    new = carried(old, "second", above=0)
    with hub_of(library) as hub, hub_of(library) as plain:
        for batch in (old.batch(1, 3), new.batch(1, 5), old.batch(4, 5), new.batch(6)):
            hub.send(HARBOUR, Up.EVENTS, batch.wire())
        plain.deliver(old, new)
        assert hub.tables() == plain.tables()
        assert [row["state"] for row in hub.tables()["Loan"]] == ["returned"]
        with hub.database.read() as session:
            assert agreement.differences(session, library.zone) == []
