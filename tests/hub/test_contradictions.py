"""What can't all be so is decided by a stated rule and listed; an event nobody can make sense of blocks nothing."""

from datetime import date
from pathlib import Path

import pytest
from sqlmodel import select

from hub import agreement
from hub.database import Database
from hub.directory.rows import Kind as File
from hub.models import Contradiction, Cursor, Holding, Loan
from hub.projections.contradictions import Kind, find
from hub.views import incidents
from hub.views.view import Cut
from protocol.events import Borrowed, BorrowReversed, Loaded, Missing, Undecided, Unloaded
from tests.hub.cast import HARBOUR, STATION, UID, Journal, borrowed, found, of, opened, renewed, returned, settings_in
from tests.hub.running import Hub
from tests.hub.test_folds import history

Told = tuple[str, str, str | None]


@pytest.fixture
def hub(database: Database, tmp_path: Path) -> Hub:
    return Hub(settings_in(tmp_path, database.url), database)


def told(*facts: object) -> list[Told]:
    """Kind, site and the number of the fact it contradicts."""
    return [(one.kind, one.site, one.against) for one in find(history(*facts))]  # type: ignore[arg-type]


def test_ordinary_life_is_no_contradiction() -> None:
    assert told(found("i1"), borrowed("i1", "v1"), (STATION, returned("i1", "v2"))) == []
    assert told(returned("i1", "v1")) == []  # from the library's counter
    assert told(found("i1"), of(Missing, "i1"), found("i1"), borrowed("i1", "v1")) == []
    assert told(found("i1"), of(Unloaded, "i1", "v1"), (STATION, of(Loaded, "i1", "v2"))) == []
    assert told(found("i1"), borrowed("i1", "v1"), of(BorrowReversed, "i1", "v1"), borrowed("i1", "v3")) == []


@pytest.mark.parametrize(
    ("facts", "kind", "site", "against"),
    [
        ((borrowed("i1", "v1"), (STATION, borrowed("i1", "v2"))), Kind.BORROWED_TWICE, STATION, "e0"),
        ((found("i1"), (STATION, borrowed("i1", "v2"))), Kind.BORROWED_ELSEWHERE, STATION, "e0"),
        ((found("i1"), (STATION, found("i1"))), Kind.SEEN_TWICE, STATION, "e0"),
        ((found("i1"), returned("i1", "v1")), Kind.RETURNED_UNBORROWED, HARBOUR, "e0"),
        (
            (found("i1"), of(Unloaded, "i1", "v1"), (STATION, of(Loaded, "i1", "v2")), of(Missing, "i1")),
            Kind.MISSED_LATE,
            HARBOUR,
            "e2",
        ),
        (
            ((STATION, borrowed("i1", "v2")), of(Undecided, "i1", "v9", was_present=True)),
            Kind.MISSED_LATE,
            HARBOUR,
            "e0",
        ),
        (
            (borrowed("i1", "v1"), (STATION, returned("i1", "v2")), of(BorrowReversed, "i1", "v1")),
            Kind.REVERSED_LATE,
            HARBOUR,
            "e1",
        ),
    ],
)
def test_what_cannot_both_be_so_is_named_with_both_events(
    facts: tuple[object, ...], kind: Kind, site: str, against: str
) -> None:
    assert told(*facts) == [(kind, site, against)]


def test_contradictions_are_folded_with_the_item_and_vanish_when_explained(hub: Hub) -> None:
    harbour, station = Journal(HARBOUR), Journal(STATION)
    harbour.write(opened(), found("i1"))
    station.write(opened(), minutes=5)
    station.visit("v2", borrowed("i1", "v2"))
    hub.deliver(harbour, station)
    (one,) = hub.rows(Contradiction)
    assert (one.kind, one.item, one.site) == (Kind.BORROWED_ELSEWHERE, "i1", STATION)
    harbour.write(of(Unloaded, "i1", "v0"))  # heard late: a courier had taken it from there
    hub.deliver(harbour)
    assert hub.rows(Contradiction) == []
    with hub.database.read() as session:
        assert agreement.differences(session, hub.settings.zone) == []


def test_a_renewal_heard_before_its_loan_is_in_doubt_until_the_loan_is_heard(hub: Hub, tmp_path: Path) -> None:
    hub.bring(File.RULES, "group,loan_days,limit\nadult,28,5\n", tmp_path)
    hub.bring(File.PATRONS, f"patron,name,group,card_uid\np1,Wei,adult,{UID}\n", tmp_path)
    harbour, station = Journal(HARBOUR), Journal(STATION)
    harbour.write(opened(), found("i1"))
    harbour.visit("v1", borrowed("i1", "v1"))
    station.write(opened(), minutes=60)
    station.visit("v2", renewed("i1", "v2", due=date(2026, 4, 20)))
    hub.deliver(station)
    (one,) = hub.rows(Contradiction)
    assert (one.kind, one.item, one.site, one.against) == (Kind.RENEWED_UNHELD, "i1", STATION, None)
    hub.deliver(harbour)
    assert hub.rows(Contradiction) == []
    (loan,) = hub.rows(Loan)
    assert (loan.site, loan.due, loan.renewals) == (HARBOUR, date(2026, 4, 20), 1)
    with hub.database.read() as session:
        assert agreement.differences(session, hub.settings.zone) == []


def test_an_event_that_makes_no_sense_is_listed_and_blocks_nothing(hub: Hub) -> None:
    harbour = Journal(HARBOUR)
    harbour.write(opened(), found("i1"), found("i2"))
    harbour.visit("v1", of(Borrowed, "i1", "v1", loan_days=2**40), borrowed("i2", "v1"))
    harbour.visit("v2", returned("i2", "v2"))
    hub.deliver(harbour)
    with hub.database.read() as session:
        assert session.get_one(Cursor, (HARBOUR, harbour.epoch)).stored == len(harbour.bodies)
        assert (session.get_one(Holding, "i1").state, session.get_one(Holding, "i2").state) == ("shelf", "shelf")
        assert [loan.item for loan in session.exec(select(Loan))] == ["i2"]
        assert agreement.differences(session, hub.settings.zone) == []
        (listed,) = incidents.exceptions(session, Cut(), kind="poisoned").rows
    assert (listed.item, listed.detail) == ("i1", "ValueError: a loan of 1099511627776 days")


def test_the_list_holds_incidents_and_contradictions_and_can_be_narrowed(hub: Hub) -> None:
    harbour, station = Journal(HARBOUR), Journal(STATION)
    harbour.write(opened(), found("i1"))
    harbour.bodies.append(b'{"v":99}')
    station.write(opened())
    station.visit("v2", borrowed("i1", "v2"))
    hub.deliver(harbour, station)
    with hub.database.read() as session:
        every = incidents.exceptions(session, Cut())
        assert {one.kind for one in every.rows} == {"not-understood", "borrowed-elsewhere"}
        assert every.total == 2
        assert [one.kind for one in incidents.exceptions(session, Cut(), site=HARBOUR).rows] == ["not-understood"]
        assert [one.site for one in incidents.exceptions(session, Cut(), item="i1").rows] == [STATION]
        assert incidents.exceptions(session, Cut(limit=1, offset=1)).total == 2
