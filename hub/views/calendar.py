"""The calendar of restocking: campaigns, delivery runs made and planned, and days without any."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import select
from sqlmodel import Session, col

from hub.models import Campaign, Run, Stop, Theme, Tour, TourSite
from hub.models import Closure as ClosureRow
from hub.restock.calendar import BadRhythm, Closure, Rhythm, trips
from hub.restocking import campaigns

ABANDONED = "abandoned"
"""State of a run that didn't go out (hub.models.Run)."""
PLANNED = "planned"
"""State of a run that a tour will have."""


class Kind(StrEnum):
    """What stands in the calendar."""

    CAMPAIGN = "campaign"
    RUN = "run"
    CLOSURE = "closure"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something with days."""

    kind: Kind
    key: str
    """Tells it from every other, for ever: campaign-7, tour-2-20261201."""
    line: str
    """The same for what belongs in one line."""
    number: int
    """Of the campaign, run, tour or closure."""
    name: str
    """Of a closure: why, or empty."""
    first: date
    last: date
    state: str
    """Of a campaign its phase; of a run PLANNED or hub.models.Run.state; of a closure empty."""
    sites: tuple[str, ...]
    """Of a closure, none: all."""
    theme: str = ""
    share: float | None = None
    items: int | None = None

    def at(self, site: str) -> bool:
        """It concerns the site."""
        return site in self.sites or (self.kind is Kind.CLOSURE and not self.sites)


def entries(
    session: Session, first: date, last: date, today: date, *, site: str | None = None, cancelled: bool = False
) -> list[Entry]:
    """What has a day from `first` to `last`: campaigns, runs, closures, each by their first day.

    Runs of tours are told from `today` on, and only where no run has been made of them yet. `cancelled`: those
    campaigns, too.
    """
    shut = _closures(session, first, last)
    found = [
        *_campaigns(session, first, last, today, cancelled),
        *_runs(session, first, last),
        *_tours(session, max(first, today), last, shut),
        *(_closed(number, closure) for number, closure in shut),
    ]
    return [entry for entry in found if site is None or entry.at(site)]


def _campaigns(session: Session, first: date, last: date, today: date, cancelled: bool) -> list[Entry]:
    query = (
        select(Campaign, col(Theme.name))
        .join(Theme, col(Theme.id) == Campaign.theme)
        .where(col(Campaign.begins) <= last, col(Campaign.ends) >= first)
        .order_by(col(Campaign.begins), col(Campaign.ends), col(Campaign.id))
    )
    if not cancelled:
        query = query.where(col(Campaign.state) != campaigns.State.CANCELLED)
    rows = session.execute(query).all()
    sites = campaigns.sites_of(session, [row.id for row, _ in rows])
    return [
        Entry(
            Kind.CAMPAIGN,
            f"campaign-{row.id}",
            f"campaign-{row.id}",
            row.id,
            row.name,
            row.begins,
            row.ends,
            campaigns.phase(row.state, row.begins, row.ends, today),
            sites[row.id],
            theme,
            row.share,
            row.items,
        )
        for row, theme in rows
    ]


def _runs(session: Session, first: date, last: date) -> list[Entry]:
    query = select(Run).where(col(Run.day).between(first, last), col(Run.state) != ABANDONED)
    rows = list(session.scalars(query.order_by(col(Run.day), col(Run.id))))
    calls: dict[int, list[str]] = defaultdict(list)
    stops = select(Stop).where(col(Stop.run).in_([row.id for row in rows]), col(Stop.skipped).is_(None))
    for stop in session.scalars(stops.order_by(col(Stop.number))):
        calls[stop.run].append(stop.site)
    return [
        Entry(
            Kind.RUN,
            f"run-{row.id}",
            f"run-{row.id}" if row.tour is None else f"tour-{row.tour}",
            row.id,
            row.name,
            row.day,
            row.day,
            row.state,
            tuple(calls[row.id]),
        )
        for row in rows
        if row.id is not None
    ]


def _tours(session: Session, first: date, last: date, shut: list[tuple[int, Closure]]) -> list[Entry]:
    made = {
        (tour, day)
        for tour, day in session.execute(select(col(Run.tour), col(Run.day)).where(col(Run.day).between(first, last)))
    }
    sites: dict[int, list[str]] = defaultdict(list)
    for call in session.scalars(select(TourSite).order_by(col(TourSite.site))):
        sites[call.tour].append(call.site)
    found = []
    for tour in session.scalars(select(Tour).where(col(Tour.retired).is_(False)).order_by(col(Tour.name))):
        assert tour.id is not None
        try:
            rhythm = Rhythm(tour.rule, tour.begins)
        except BadRhythm:
            continue  # whoever opens the tour is told
        for trip in trips(rhythm, sites[tour.id], [closure for _, closure in shut], first, last).made:
            if (tour.id, trip.day) not in made:
                key = f"tour-{tour.id}"
                found.append(
                    Entry(
                        Kind.RUN,
                        f"{key}-{trip.day:%Y%m%d}",
                        key,
                        tour.id,
                        tour.name,
                        trip.day,
                        trip.day,
                        PLANNED,
                        trip.sites,
                    )
                )
    return found


def _closures(session: Session, first: date, last: date) -> list[tuple[int, Closure]]:
    query = select(ClosureRow).where(col(ClosureRow.first) <= last, col(ClosureRow.last) >= first)
    rows = session.scalars(query.order_by(col(ClosureRow.first), col(ClosureRow.id)))
    return [(row.id or 0, Closure(row.site, row.first, row.last, row.why)) for row in rows]


def _closed(number: int, closure: Closure) -> Entry:
    sites = () if closure.site is None else (closure.site,)
    key = f"closure-{number}"
    return Entry(Kind.CLOSURE, key, key, number, closure.reason, closure.first, closure.last, "", sites)
