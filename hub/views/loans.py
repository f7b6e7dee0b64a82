"""Loans: open, overdue, ended, and those that need a second look."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from pydantic import ConfigDict
from sqlalchemy import ColumnElement, String, cast, or_, select
from sqlmodel import Session, col

from hub.models import Item, LedgerRow, Loan, Patron, Title
from hub.parts import Parts
from hub.projections.states import LoanState
from hub.views.view import Cut, Found, View, cut_from

_EXAMPLE: dict[str, Any] = {
    "id": "harbour-bank.0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    "item": "M0001234",
    "title_id": "gb00004",
    "title": "To Kill a Mockingbird",
    "author": "Harper Lee",
    "patron": "P000017",
    "patron_name": "王小明",
    "state": "open",
    "overdue": False,
    "site": "harbour-bank",
    "station": "cabinet-1",
    "visit": "9f8e7d6c5b4a39281706f5e4d3c2b1a0",
    "borrowed_at": "2026-11-23T02:03:04Z",
    "time_trusted": True,
    "due": "2026-12-21",
    "loan_days": 28,
    "renewals": 0,
    "flags": [],
    "closed_at": None,
    "closed_site": None,
    "closed_visit": None,
    "ledger_id": 4711,
}


class LoanFilter(StrEnum):
    """Which loans are wanted."""

    OPEN = "open"
    OVERDUE = "overdue"
    """Open, and the last day is over."""
    RETURNED = "returned"
    FLAGGED = "flagged"
    """True, but in need of a second look: over the limit, not for loan, held, taken in a return-only visit."""
    REVERSED = "reversed"
    SUPERSEDED = "superseded"
    """Somebody else borrowed the item and no return had been seen."""
    ALL = "all"


class LoanView(View):
    """One loan, from a borrowed event to the event that ended it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: str
    item: str
    title_id: str | None
    """Null when the catalogue doesn't know the item."""
    title: str
    author: str
    patron: str | None
    """Null when unknown or no longer kept."""
    patron_name: str | None
    state: LoanState
    overdue: bool
    site: str
    """Where it was borrowed."""
    station: str
    visit: str
    borrowed_at: datetime
    time_trusted: bool
    """A synchronised clock vouches for `borrowed_at`."""
    due: date | None
    """Last day, in the library's zone."""
    loan_days: int
    renewals: int
    """How often its patron has renewed it."""
    flags: list[str]
    """protocol.events.BorrowFlag."""
    closed_at: datetime | None
    closed_site: str | None
    """Where it ended; empty: at the central library."""
    closed_visit: str | None
    ledger_id: int | None
    """Row of the ledger that says it was borrowed."""


def today(parts: Parts) -> date:
    """Today in the library's zone."""
    return parts.clock.utc().astimezone(parts.settings.zone).date()


def loans(
    session: Session,
    cut: Cut,
    today: date,
    *,
    which: LoanFilter = LoanFilter.ALL,
    patron: str | None = None,
    item: str | None = None,
    site: str | None = None,
    visit: str | None = None,
) -> Found[LoanView]:
    """Loans, newest first; overdue ones with the longest overdue first. `today` is the library's."""
    query = _query().where(*_wanted(which, today))
    for column, value in (
        (col(Loan.patron), patron),
        (col(Loan.item), item),
        (col(Loan.site), site),
        (col(Loan.visit), visit),
    ):
        if value is not None:
            query = query.where(column == value)
    newest = (col(Loan.borrowed_at).desc(), col(Loan.id))
    order = (col(Loan.due), *newest) if which is LoanFilter.OVERDUE else newest
    return cut_from(session, query.order_by(*order), cut, lambda *row: _view(today, *row))


def loan(session: Session, key: str, today: date) -> LoanView | None:
    """One loan."""
    row = session.execute(_query().where(col(Loan.id) == key)).first()
    return _view(today, *row) if row else None


def touching_visit(session: Session, site: str, visits: set[str], today: date) -> list[LoanView]:
    """Loans that began or ended in one of `visits` at `site`, oldest first."""
    began = (col(Loan.site) == site) & col(Loan.visit).in_(visits)
    ended = (col(Loan.closed_site) == site) & col(Loan.closed_visit).in_(visits)
    rows = session.execute(_query().where(or_(began, ended)).order_by(col(Loan.borrowed_at), col(Loan.id)))
    return [_view(today, *row) for row in rows]


def counts(session: Session, today: date) -> dict[LoanFilter, int]:
    """How many loans there are of each kind people look through."""
    kinds = (LoanFilter.OPEN, LoanFilter.OVERDUE, LoanFilter.FLAGGED, LoanFilter.SUPERSEDED)
    return {which: loans(session, Cut(limit=0), today, which=which).total for which in kinds}


def _wanted(which: LoanFilter, today: date) -> tuple[ColumnElement[bool], ...]:
    is_open = col(Loan.state) == LoanState.OPEN
    match which:
        case LoanFilter.ALL:
            return ()
        case LoanFilter.OVERDUE:
            return (is_open, col(Loan.due) < today)
        case LoanFilter.FLAGGED:
            return (cast(col(Loan.flags), String) != "[]",)
        case _:
            return (col(Loan.state) == which.value,)


def _query() -> Any:
    return (
        select(Loan, col(Title.title_id), col(Title.title), col(Title.author), col(Patron.name), col(LedgerRow.id))
        .outerjoin(Item, col(Item.item) == Loan.item)
        .outerjoin(Title, col(Title.title_id) == Item.title_id)
        .outerjoin(Patron, col(Patron.patron) == Loan.patron)
        .outerjoin(
            LedgerRow,
            (col(LedgerRow.site) == Loan.site)
            & (col(LedgerRow.event_id) == Loan.event_id)
            & col(LedgerRow.duplicate_of).is_(None),
        )
    )


def _view(
    today: date,
    row: Loan,
    title_id: str | None,
    title: str | None,
    author: str | None,
    name: str | None,
    ledger_id: int | None,
) -> LoanView:
    state = LoanState(row.state)
    return LoanView(
        id=row.id,
        item=row.item,
        title_id=title_id,
        title=title or "",
        author=author or "",
        patron=row.patron,
        patron_name=name,
        state=state,
        overdue=state is LoanState.OPEN and row.due is not None and row.due < today,
        site=row.site,
        station=row.station,
        visit=row.visit,
        borrowed_at=row.borrowed_at,
        time_trusted=row.time_trusted,
        due=row.due,
        loan_days=row.loan_days,
        renewals=row.renewals,
        flags=list(row.flags),
        closed_at=row.closed_at,
        closed_site=row.closed_site,
        closed_visit=row.closed_visit,
        ledger_id=ledger_id,
    )
