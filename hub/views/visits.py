"""Visits of a site with what they changed, and how busy a site was."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo

from sqlalchemy import func, select
from sqlmodel import Session, col

from hub.ledger import happened_at, offsets_of
from hub.models import LedgerRow, Patron, Visit
from hub.views.loans import LoanView, touching_visit
from hub.views.view import View, fact_of

HOURLY_SPAN = timedelta(days=2)
"""A site younger than this is shown by the hour."""
HOURS, DAYS = 24, 14
FILL_POINTS = 400
"""Counts looked at for the course of a shelf's fill, the newest."""


class VisitView(View):
    """One visit, from tap to settled shelf."""

    site: str
    visit: str
    station: str
    kind: str | None
    """protocol.events.VisitKind; null while only its end has come."""
    patron: str | None
    patron_name: str | None
    opened_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    """protocol.events.VisitOutcome; null while open."""
    recovered: bool
    """The site's agent was restarted in the middle of it."""
    time_trusted: bool
    borrowed: list[LoanView]
    """Loans that began in it."""
    returned: list[LoanView]
    """Loans that ended in it."""
    counted_borrowed: int
    counted_returned: int
    """Items brought, those included that were on nobody's loan."""
    undecided: int
    other: int


class Busy(View):
    """What happened in one hour or day."""

    start: datetime
    """In the library's zone."""
    visits: int
    borrowed: int
    returned: int


class Activity(View):
    """How busy a site was: hours of the last day while it is young, else the last days."""

    hourly: bool
    points: list[Busy]


class Fill(View):
    """Items on a site's shelves after a visit."""

    at: datetime
    items: int


def visits(session: Session, site: str, limit: int, today: date) -> list[VisitView]:
    """The site's newest visits, newest first."""
    query = (
        select(Visit, col(Patron.name))
        .outerjoin(Patron, col(Patron.patron) == Visit.patron)
        .where(col(Visit.site) == site)
        .order_by(func.coalesce(Visit.opened_at, Visit.ended_at).desc(), col(Visit.visit))
        .limit(limit)
    )
    rows = [(row, name) for row, name in session.execute(query)]
    touched = touching_visit(session, site, {row.visit for row, _ in rows}, today)
    return [_view(row, name, touched) for row, name in rows]


def activity(session: Session, site: str, now: datetime, zone: tzinfo) -> Activity | None:
    """Visits, loans and returns over time; None while there was no visit."""
    first = session.scalar(select(func.min(col(Visit.opened_at))).where(col(Visit.site) == site))
    if first is None:
        return None
    hourly = now - first < HOURLY_SPAN
    here = now.astimezone(zone)
    if hourly:
        newest = here.replace(minute=0, second=0, microsecond=0)
        starts = [newest - timedelta(hours=back) for back in reversed(range(HOURS))]
    else:
        midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
        starts = [midnight - timedelta(days=back) for back in reversed(range(DAYS))]
    counts = [[0, 0, 0] for _ in starts]
    query = select(col(Visit.opened_at), col(Visit.borrowed), col(Visit.returned)).where(
        col(Visit.site) == site, col(Visit.opened_at) >= starts[0]
    )
    for opened, borrowed, returned in session.execute(query):
        place = _place(starts, opened)
        if place is not None:
            for number, more in enumerate((1, borrowed, returned)):
                counts[place][number] += more
    points = [
        Busy(start=start, visits=count[0], borrowed=count[1], returned=count[2])
        for start, count in zip(starts, counts, strict=True)
    ]
    return Activity(hourly=hourly, points=points)


def fill(session: Session, site: str) -> list[Fill]:
    """How full the site's shelves were after each of its newest visits, oldest first, as its reader counted."""
    query = (
        select(LedgerRow)
        .where(
            col(LedgerRow.site) == site,
            col(LedgerRow.type) == "visit_ended",
            col(LedgerRow.duplicate_of).is_(None),
        )
        .order_by(col(LedgerRow.id).desc())
        .limit(FILL_POINTS)
    )
    rows = list(session.scalars(query))
    offsets = offsets_of(session, {(row.site, row.boot) for row in rows if row.boot})
    counted: list[tuple[datetime, str, int]] = []
    for row in rows:
        when, _ = happened_at(row, offsets)
        items = fact_of(row.body).get("items")
        if when is not None and isinstance(items, int):
            counted.append((when, row.station or "", items))
    by_station: dict[str, int] = {}
    course = []
    for when, station, items in sorted(counted):
        by_station[station] = items
        course.append(Fill(at=when, items=sum(by_station.values())))
    return course


def _place(starts: Sequence[datetime], moment: datetime) -> int | None:
    for place in reversed(range(len(starts))):
        if moment >= starts[place]:
            return place
    return None


def _view(row: Visit, name: str | None, touched: list[LoanView]) -> VisitView:
    began = [loan for loan in touched if (loan.site, loan.visit) == (row.site, row.visit)]
    ended = [loan for loan in touched if (loan.closed_site, loan.closed_visit) == (row.site, row.visit)]
    return VisitView(
        site=row.site,
        visit=row.visit,
        station=row.station,
        kind=row.kind,
        patron=row.patron,
        patron_name=name,
        opened_at=row.opened_at,
        ended_at=row.ended_at,
        outcome=row.outcome,
        recovered=row.recovered,
        time_trusted=row.time_trusted,
        borrowed=began,
        returned=[loan for loan in ended if loan.state == "returned"],
        counted_borrowed=row.borrowed,
        counted_returned=row.returned,
        undecided=row.undecided,
        other=row.other,
    )
