"""The loans of one item: a fold over its events in order.

A loan begins with a borrowed event and ends when the item is seen on a shelf again, by whoever's hand and at
whichever site, or scanned at the central library. A site that finds the item had never been taken reverses its own
loan. Its patron may renew it, at whichever site, while it is open.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo

from hub.projections.holdings import Patrons
from hub.projections.order import Placed, Scanned
from hub.projections.states import LoanState
from protocol.events import (
    Borrowed,
    BorrowReversed,
    Found,
    Loaded,
    Moved,
    Renewed,
    Returned,
    UndecidedSettled,
    Unloaded,
)

LONGEST_DAYS = 36_500
"""No library lends for longer: an event that says so is not to be believed."""

Sighting = Found | Loaded | Returned | Moved | Unloaded | UndecidedSettled
"""Facts that prove the item was on a shelf after the loan began (UndecidedSettled only when present)."""


@dataclass(frozen=True, slots=True)
class Lent:
    """One row of the loan table, without the item."""

    id: str
    site: str
    station: str
    visit: str
    patron: str | None
    state: LoanState
    borrowed_at: datetime
    time_trusted: bool
    due: date
    loan_days: int
    flags: tuple[str, ...]
    event_id: str
    renewals: int = 0
    closed_at: datetime | None = None
    closed_site: str | None = None
    """LIBRARY: scanned there."""
    closed_visit: str | None = None
    closed_event: str | None = None


def fold(history: Iterable[Placed], patrons: Patrons, zone: tzinfo) -> tuple[Lent, ...]:
    """Every loan of the item after `history` (in order), oldest first; at most the last one is open."""
    return _read(history, patrons, zone)[0]


def idle_renewals(history: Iterable[Placed], patrons: Patrons, zone: tzinfo) -> tuple[Placed, ...]:
    """Renewals in `history` (in order) that changed nothing: no loan was open then, or it was another patron's."""
    return _read(history, patrons, zone)[1]


def _read(history: Iterable[Placed], patrons: Patrons, zone: tzinfo) -> tuple[tuple[Lent, ...], tuple[Placed, ...]]:
    """Every loan, and the renewals of none."""
    loans: list[Lent] = []
    idle: list[Placed] = []
    for placed in history:
        fact = placed.event.fact
        if isinstance(fact, Borrowed):
            _close_open(loans, placed, LoanState.SUPERSEDED, fact.visit)
            loans.append(_lend(placed, fact, patrons, zone))
        elif isinstance(fact, BorrowReversed):
            _reverse(loans, placed, fact)
            _close_open(loans, placed, LoanState.RETURNED, fact.visit)
        elif isinstance(fact, Scanned):
            _close_open(loans, placed, LoanState.RETURNED, None)
        elif isinstance(fact, Renewed):
            if not _renew(loans, placed, fact, patrons, zone):
                idle.append(placed)
        elif isinstance(fact, Sighting) and not (isinstance(fact, UndecidedSettled) and not fact.present):
            _close_open(loans, placed, LoanState.RETURNED, fact.visit)
    return tuple(loans), tuple(idle)


def loan_id(site: str, event_id: str) -> str:
    """What a loan is known by."""
    return f"{site}.{event_id}"


def due_date(placed: Placed, fact: Borrowed | Renewed, zone: tzinfo) -> date:
    """Last day of the loan: what the patron was shown, else counted from when it was borrowed or renewed.

    Where no clock vouches for that, from when the hub heard of it if that is later: in the patron's favour.
    """
    if fact.due is not None:
        return fact.due
    when = placed.when if placed.trusted else max(placed.when, placed.event.received_at)
    return when.astimezone(zone).date() + timedelta(days=fact.loan_days)


def _lend(placed: Placed, fact: Borrowed, patrons: Patrons, zone: tzinfo) -> Lent:
    """Raises ValueError for a loan that can't be meant."""
    event = placed.event
    _refuse_absurd(fact)
    return Lent(
        id=loan_id(event.site, event.event_id),
        site=event.site,
        station=fact.station,
        visit=fact.visit,
        patron=patrons.get((event.site, fact.visit)),
        state=LoanState.OPEN,
        borrowed_at=placed.when,
        time_trusted=placed.trusted,
        due=due_date(placed, fact, zone),
        loan_days=fact.loan_days,
        flags=tuple(fact.flags),
        event_id=event.event_id,
    )


def _renew(loans: list[Lent], placed: Placed, fact: Renewed, patrons: Patrons, zone: tzinfo) -> bool:
    """Renews the open loan of the visit's patron; False when there is none. Raises ValueError as `_lend` does."""
    _refuse_absurd(fact)
    patron = patrons.get((placed.event.site, fact.visit))
    if not loans or loans[-1].state is not LoanState.OPEN or patron is None or loans[-1].patron != patron:
        return False
    loans[-1] = replace(loans[-1], due=due_date(placed, fact, zone), renewals=loans[-1].renewals + 1)
    return True


def _refuse_absurd(fact: Borrowed | Renewed) -> None:
    if fact.loan_days > LONGEST_DAYS:
        raise ValueError(f"a loan of {fact.loan_days} days")


def _close_open(loans: list[Lent], placed: Placed, state: LoanState, visit: str | None) -> None:
    if loans and loans[-1].state is LoanState.OPEN:
        loans[-1] = _closed(loans[-1], placed, state, visit)


def _reverse(loans: list[Lent], placed: Placed, fact: BorrowReversed) -> None:
    """The newest loan of that visit at that site, unless a return has already ended it."""
    for number in reversed(range(len(loans))):
        loan = loans[number]
        if (loan.site, loan.visit) == (placed.event.site, fact.visit):
            if loan.state in (LoanState.OPEN, LoanState.SUPERSEDED):
                loans[number] = _closed(loan, placed, LoanState.REVERSED, fact.visit)
            return


def _closed(loan: Lent, placed: Placed, state: LoanState, visit: str | None) -> Lent:
    return replace(
        loan,
        state=state,
        closed_at=placed.when,
        closed_site=placed.event.site,
        closed_visit=visit,
        closed_event=placed.event.event_id,
    )
