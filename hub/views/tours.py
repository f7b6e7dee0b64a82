"""Tours with their next days, and closures."""

from datetime import date
from typing import Any

from pydantic import ConfigDict
from sqlmodel import Session, col, select

from hub.models import Closure, Tour
from hub.restock.calendar import Trip
from hub.restocking import tours as keeping
from hub.restocking.tours import EXAMPLE
from hub.views.view import View

_TRIP: dict[str, Any] = {"day": "2026-12-01", "sites": ["harbour-bank"], "closed": {"garden-school": "holidays"}}


class TripView(View):
    """One day of a tour."""

    day: date
    sites: list[str]
    """Where it calls."""
    closed: dict[str, str]
    """Sites that fall out on that day, and why."""


class TourView(View):
    """Runs that come again."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [EXAMPLE | {"id": 1, "retired": False, "coming": [_TRIP], "off": []}]}
    )

    id: int
    name: str
    rule: str
    """RFC 5545 recurrence rule."""
    begins: date
    departs: int
    """Minutes after midnight, in the library's zone."""
    capacity: int | None
    """Items that the van carries; null: as many as there are."""
    tote: int
    """Items that go into one tote."""
    moves: int | None
    """Transfers in one run, at most; null: as many as are worth it."""
    retired: bool
    sites: list[str]
    coming: list[TripView]
    """Its days from today on, for three months."""
    off: list[TripView]
    """Days in that time on which it calls nowhere, as all is closed."""


class ClosureView(View):
    """Days on which no run calls at a site, or at any."""

    id: int
    site: str | None
    """Null: at no site at all."""
    first: date
    last: date
    why: str


def tours(session: Session, today: date, *, retired: bool = False) -> list[TourView]:
    """Tours by name; with `retired` those too that no longer go."""
    query = select(Tour).order_by(col(Tour.retired), Tour.name)
    if not retired:
        query = query.where(col(Tour.retired).is_(False))
    return [_view(session, row, today) for row in session.exec(query)]


def tour(session: Session, key: int, today: date) -> TourView:
    """One tour; raises Unknown."""
    return _view(session, keeping.get(session, key), today)


def closures(session: Session, since: date | None = None) -> list[ClosureView]:
    """Closures that aren't over by `since`, by their first day."""
    return [closure(row) for row in keeping.closures(session, since=since)]


def closure(row: Closure) -> ClosureView:
    """One closure."""
    return ClosureView.model_validate(row, from_attributes=True)


def _view(session: Session, row: Tour, today: date) -> TourView:
    trips = keeping.days(session, row, today, today + keeping.AHEAD)
    assert row.id is not None
    return TourView(
        **row.model_dump(),
        sites=keeping.sites_of(session, row.id),
        coming=[_trip(trip) for trip in trips.made],
        off=[_trip(trip) for trip in trips.off],
    )


def _trip(trip: Trip) -> TripView:
    return TripView(
        day=trip.day, sites=list(trip.sites), closed={site: why.reason for site, why in trip.closed.items()}
    )
