"""What one item's history says of where it is and who has it."""

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.projections import holdings, loans, sites
from hub.projections.holdings import Whereabouts
from hub.projections.loans import Lent
from hub.projections.order import Event, Placed
from hub.projections.states import ForeignState, HoldingState, LoanState
from protocol.events import (
    Borrowed,
    BorrowReversed,
    CountedAnew,
    Fact,
    ForeignFound,
    ForeignGone,
    Loaded,
    Missing,
    Moved,
    Renewed,
    Undecided,
    UndecidedSettled,
    Unloaded,
    VisitEnded,
    VisitOpened,
)
from protocol.names import ClockTrust, StationName
from tests.hub.cast import HARBOUR, NOON, STATION, borrowed, found, hex_id, of, renewed, returned

BEIJING = ZoneInfo("Asia/Shanghai")
PATRONS: holdings.Patrons = {(HARBOUR, hex_id("v1")): "p1", (STATION, hex_id("v2")): "p2"}


def history(*facts: Fact | tuple[str, Fact], trusted: bool = True) -> list[Placed]:
    """Facts a minute apart, at the harbour unless a site is named with them."""
    placed = []
    for number, told in enumerate(facts):
        site, fact = told if isinstance(told, tuple) else (HARBOUR, told)
        when = NOON + timedelta(minutes=number)
        heard = NOON + timedelta(days=2)
        event = Event(site, 1, number + 1, f"e{number}", "b", 0, when, ClockTrust.SYNCED, heard, fact)
        placed.append(Placed(event, when, trusted))
    return placed


def place(*facts: Fact | tuple[str, Fact], withdrawn: bool = False) -> Whereabouts:
    return holdings.fold(history(*facts), PATRONS, withdrawn)


def lent(*facts: Fact | tuple[str, Fact], trusted: bool = True) -> tuple[Lent, ...]:
    return loans.fold(history(*facts, trusted=trusted), PATRONS, BEIJING)


def test_an_item_nobody_reported_is_at_the_library() -> None:
    assert place().state is HoldingState.LIBRARY


def test_a_borrowed_item_is_with_the_patron_of_that_visit() -> None:
    now = place(found("i1"), borrowed("i1", "v1"))
    assert (now.state, now.patron, now.since) == (HoldingState.LOAN, "p1", NOON + timedelta(minutes=1))


def test_a_return_at_another_site_closes_the_loan() -> None:
    told = (found("i1"), borrowed("i1", "v1"), (STATION, returned("i1", "v2")))
    (loan,) = lent(*told)
    assert (loan.state, loan.patron, loan.closed_site) == (LoanState.RETURNED, "p1", STATION)
    assert (place(*told).state, place(*told).site, place(*told).patron) == (HoldingState.SHELF, STATION, None)


def test_an_item_that_was_never_taken_reverses_its_loan() -> None:
    told = (borrowed("i1", "v1"), of(BorrowReversed, "i1", "v1"))
    assert [loan.state for loan in lent(*told)] == [LoanState.REVERSED]
    assert place(*told).state is HoldingState.SHELF


def test_a_loan_that_was_returned_stays_so_when_its_site_reverses_it_late() -> None:
    told = (borrowed("i1", "v1"), (STATION, returned("i1", "v2")), of(BorrowReversed, "i1", "v1"))
    assert [loan.state for loan in lent(*told)] == [LoanState.RETURNED]


def test_borrowing_what_somebody_still_has_is_a_contradiction_on_record() -> None:
    first, second = lent(borrowed("i1", "v1"), (STATION, borrowed("i1", "v2")))
    assert (first.state, first.closed_event) == (LoanState.SUPERSEDED, "e1")
    assert (second.state, second.patron) == (LoanState.OPEN, "p2")


def test_a_courier_takes_an_item_into_transit_and_puts_it_on_a_shelf() -> None:
    assert place(of(Unloaded, "i1", "v1")).state is HoldingState.TRANSIT
    assert place(of(Unloaded, "i1", "v1"), (STATION, of(Loaded, "i1", "v2"))).site == STATION


def test_a_renewal_gives_the_open_loan_the_day_the_patron_was_shown() -> None:
    (loan,) = lent(borrowed("i1", "v1"), renewed("i1", "v1", due=date(2026, 4, 20)), renewed("i1", "v1", days=7))
    assert (loan.state, loan.due, loan.renewals) == (LoanState.OPEN, date(2026, 3, 9), 2)
    (once,) = lent(borrowed("i1", "v1"), renewed("i1", "v1", due=date(2026, 4, 20)))
    assert (once.due, once.renewals, once.loan_days) == (date(2026, 4, 20), 1, 28)


def test_a_renewal_counts_from_when_it_was_heard_of_where_no_clock_vouches_for_it() -> None:
    (loan,) = lent(borrowed("i1", "v1"), renewed("i1", "v1", days=7), trusted=False)
    assert loan.due == date(2026, 3, 11)


@pytest.mark.parametrize(
    "told",
    [
        (borrowed("i1", "v1"), returned("i1", "v1"), renewed("i1", "v1")),
        (borrowed("i1", "v1"), (STATION, renewed("i1", "v2"))),
        (borrowed("i1", "v9"), renewed("i1", "v9")),
        (renewed("i1", "v1"), found("i1")),
    ],
    ids=["over", "somebody-elses", "nobody-knows-whose", "never-lent"],
)
def test_a_renewal_of_what_its_patron_does_not_have_changes_nothing(told: tuple[Fact, ...]) -> None:
    whole = history(*told)
    idle = loans.idle_renewals(whole, PATRONS, BEIJING)
    assert [type(placed.event.fact) for placed in idle] == [Renewed]
    assert loans.fold([one for one in whole if one not in idle], PATRONS, BEIJING) == loans.fold(
        whole, PATRONS, BEIJING
    )


def test_a_renewal_says_nothing_of_where_the_item_is() -> None:
    lost = (borrowed("i1", "v1"), renewed("i1", "v1"))
    assert place(*lost) == place(lost[0])


def test_a_renewal_that_cannot_be_meant_is_none() -> None:
    with pytest.raises(ValueError, match="a loan of 99999 days"):
        lent(borrowed("i1", "v1"), renewed("i1", "v1", days=99_999))


def test_a_missing_item_is_nobodys_loan() -> None:
    told = (found("i1"), of(Missing, "i1"))
    assert place(*told).state is HoldingState.MISSING
    assert lent(*told) == ()


def counted_anew(boot: str, *before: Fact) -> Whereabouts:
    """Where the item is once a process called `boot` has counted the harbour's cabinet anew."""
    told = history(*before, CountedAnew(station=StationName("cabinet-1"), items=3))
    last = told[-1]
    return holdings.fold([*told[:-1], replace(last, event=replace(last.event, boot=boot))], PATRONS)


@pytest.mark.parametrize(
    "late", [of(Missing, "i1"), of(Undecided, "i1", "v9", was_present=True)], ids=["missing", "undecided"]
)
def test_that_a_site_does_not_see_what_is_elsewhere_is_no_news(late: Fact) -> None:
    """An old card image was put back there, or the tag was hidden when the item left."""
    stands = place(found("i1"), (STATION, returned("i1", "v2")), late)
    assert (stands.state, stands.site) == (HoldingState.SHELF, STATION)
    out = place(found("i1"), (STATION, borrowed("i1", "v2")), late)
    assert (out.state, out.patron) == (HoldingState.LOAN, "p2")
    assert place(found("i1"), late).state is not HoldingState.SHELF, "at the site itself it is"


def test_what_a_count_that_knew_nothing_did_not_find_is_missing() -> None:
    now = counted_anew("b2", found("i1"))
    assert (now.state, now.site, now.event_id) == (HoldingState.MISSING, HARBOUR, "e1")
    assert counted_anew("b", found("i1")).state is HoldingState.SHELF


def test_a_count_that_knew_nothing_says_nothing_of_what_was_not_there() -> None:
    assert counted_anew("b2", found("i1"), borrowed("i1", "v1")).state is HoldingState.LOAN
    elsewhere = history(found("i1"), (STATION, found("i1")), CountedAnew(station=StationName("cabinet-1"), items=3))
    assert holdings.fold(elsewhere, PATRONS).site == STATION


def test_undecided_settles_to_the_shelf_or_to_what_was_before() -> None:
    doubt = of(Undecided, "i1", "v1", was_present=False)
    assert place(borrowed("i1", "v1"), doubt).state is HoldingState.UNDECIDED
    before = place(borrowed("i1", "v1"), doubt, doubt, of(UndecidedSettled, "i1", present=False))
    assert (before.state, before.patron) == (HoldingState.LOAN, "p1")
    assert place(found("i1"), doubt, of(UndecidedSettled, "i1", present=True)).state is HoldingState.SHELF


def test_a_doubt_settled_after_the_item_was_seen_elsewhere_changes_nothing() -> None:
    doubt = of(Undecided, "i1", was_present=True)
    now = place(found("i1"), doubt, (STATION, found("i1")), of(UndecidedSettled, "i1", present=False))
    assert (now.state, now.site) == (HoldingState.SHELF, STATION)


def test_an_item_moved_within_its_station_is_on_the_other_shelf() -> None:
    now = place(found("i1"), of(Moved, "i1", shelf="B", from_shelf="A"))
    assert (now.state, now.shelf) == (HoldingState.SHELF, "B")


def test_a_withdrawn_item_is_so_unless_it_stands_on_a_shelf() -> None:
    assert place(withdrawn=True).state is HoldingState.WITHDRAWN
    assert place(found("i1"), withdrawn=True).state is HoldingState.SHELF


def test_the_due_date_is_the_one_the_patron_was_shown() -> None:
    assert lent(borrowed("i1", "v1", due=date(2026, 3, 9)))[0].due == date(2026, 3, 9)


def test_without_a_shown_date_the_days_are_counted_in_the_librarys_zone() -> None:
    late = Placed(history(borrowed("i1", "v1", days=7))[0].event, NOON.replace(hour=17), True)
    assert loans.fold([late], PATRONS, BEIJING)[0].due == date(2026, 3, 10)


def test_where_no_clock_vouches_the_due_date_favours_the_patron() -> None:
    (loan,) = lent(borrowed("i1", "v1", days=7), trusted=False)
    assert (loan.due, loan.time_trusted) == (date(2026, 3, 11), False)


def test_a_loan_longer_than_any_library_lends_makes_no_sense() -> None:
    with pytest.raises(ValueError, match="a loan of 1099511627776 days"):
        lent(borrowed("i1", "v1", days=2**40))


def test_flags_of_a_borrowed_event_stay_with_the_loan() -> None:
    assert lent(borrowed("i1", "v1", flags=("over-limit", "held")))[0].flags == ("over-limit", "held")


def test_a_foreign_tag_is_present_until_it_is_gone() -> None:
    came = of(ForeignFound, "x", kind="other-library", owner="CN-2")
    now = holdings.fold_foreign(history(came))
    assert now is not None
    assert (now.state, now.kind, now.owner) == (ForeignState.PRESENT, "other-library", "CN-2")
    gone = holdings.fold_foreign(history(came, of(ForeignGone, "x", kind="other-library")))
    assert gone is not None
    assert gone.state is ForeignState.GONE
    assert holdings.fold_foreign([]) is None


def test_a_visit_counts_what_it_changed() -> None:
    visit = {"station": "cabinet-1", "visit": hex_id("v1")}
    told: tuple[Fact, ...] = (
        VisitOpened(**visit, kind="borrow"),
        borrowed("i1", "v1"),
        returned("i2", "v1"),
        VisitEnded(**visit, outcome="settled", recovered=True),
    )
    now = sites.fold_visit(history(*told))
    assert now is not None
    assert (now.kind, now.outcome, now.recovered, now.borrowed, now.returned) == ("borrow", "settled", True, 1, 1)
    assert (now.opened_at, now.ended_at) == (NOON, NOON + timedelta(minutes=3))


def test_a_site_is_online_within_two_and_a_half_heartbeats() -> None:
    def on(seconds: float, gone: bool = False) -> bool:
        return sites.online(NOON, gone, 30, NOON + timedelta(seconds=seconds), 2.5)

    assert on(75)
    assert not on(76)
    assert not on(1, gone=True)
    assert not sites.online(None, False, 30, NOON, 2.5)


def test_a_borrowed_fact_of_an_unknown_visit_is_a_loan_of_nobody_known() -> None:
    (loan,) = lent(of(Borrowed, "i1", "v9", loan_days=3))
    assert (loan.patron, loan.state) == (None, LoanState.OPEN)
