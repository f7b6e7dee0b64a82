"""Approves a plan: its lines become items that a run takes from place to place, its sites stops in a good order."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from hub.models import Plan, PlanLine, Site, Tour
from hub.restock.precedence import Carried, arrange, missed
from hub.restock.routing import Pace, Point, Route, Stop, follow, route
from hub.restocking import kept, plans, runs, stock
from hub.restocking.errors import Refused
from hub.restocking.plans import State
from hub.restocking.runs import Wanted
from hub.settings import Runs as Ways

LEAVES = 540
"""Minute of the day that a run without a tour leaves at."""
TOTE = 30


def approve(session: Session, plan: int, ways: Ways, *, by: str, now: datetime) -> int:
    """A run that carries the plan out; its number. Raises Refused, Unknown.

    A plan made again while its run is being picked changes that run; what was picked stays.
    """
    row = plans.get(session, plan)
    if row.state != State.READY:
        raise Refused("plan-state", f"a plan that is {row.state} can't be approved", state=row.state)
    moved = plans.chosen(session, row)
    fetched = _fetched(session, row, {item for _, item in moved})
    if not moved and not fetched:
        raise Refused("nothing-to-do", "the plan moves nothing, so there is nothing to approve")
    tour = session.get(Tour, row.tour) if row.tour is not None else None
    called = {place for line, _ in moved for place in (line.origin, line.target) if place is not None}
    called |= {one.origin for one in fetched if one.origin is not None}
    carried = Counter((line.origin, line.target) for line, _ in moved if line.origin and line.target)
    leaves = tour.departs if tour else LEAVES
    order = way(session, sorted(called), ways, leaves, carried)
    passed = missed([visit.stop.name for visit in order.visits], carried)
    number = runs.make(
        session,
        plan=plan,
        tour=row.tour,
        day=row.day,
        name=tour.name if tour else "",
        stops=[(visit.stop.name, _minutes(visit.arrives, leaves)) for visit in order.visits],
        transfers=[*(_wanted(line, item, passed) for line, item in moved), *fetched],
        tote=tour.tote if tour else TOTE,
    )
    row.state, row.approved_at, row.approved_by = State.APPROVED, now, by
    return number


def way(session: Session, called: list[str], ways: Ways, leaves: int, carried: Carried) -> Route:
    """In which order a run calls at sites: a short one, in which what goes from site to site is picked up first.

    Sites whose place isn't known come last, unless something from there is to be set down before.
    """
    depot, pace = _point(ways.latitude, ways.longitude), Pace(ways.detour, ways.speed_kmh)
    stops = {
        row.site: Stop(row.site, _point(row.latitude, row.longitude), ways.minutes_at_stop)
        for row in session.exec(select(Site).where(col(Site.site).in_(called)).order_by(Site.site))
    }
    short = route(depot, list(stops.values()), leaves, pace)
    names = [visit.stop.name for visit in short.visits]
    if not missed(names, carried):
        return short

    def driven(order: Sequence[str]) -> Route:
        return follow(depot, [stops[name] for name in order], leaves, pace)

    return driven(arrange(names, carried, lambda order: driven(order).minutes))


def _wanted(line: PlanLine, item: str, passed: Collection[tuple[str, str]]) -> Wanted:
    """What the run does with an item: home first, where its target is passed before it is picked up."""
    if line.origin and line.target and (line.origin, line.target) in passed:
        why = {"because": "passed", "site": line.target}
        return Wanted(item, line.title_id, line.origin, None, [why, *line.whys])
    return Wanted(item, line.title_id, line.origin, line.target, line.whys)


def _fetched(session: Session, plan: Plan, moved: Collection[str]) -> list[Wanted]:
    """What lies for nobody in lockers of the plan's sites: it comes home, whatever the plan says of its title."""
    busy = set(stock.busy(session, plan.id))
    return [
        Wanted(one.item, one.title_id, one.site, None, [{"because": "uncollected", "site": one.site}])
        for one in kept.to_fetch(session, plan.sites)
        if one.item not in busy and one.item not in moved
    ]


def _point(latitude: float | None, longitude: float | None) -> Point | None:
    return Point(latitude, longitude) if latitude is not None and longitude is not None else None


def _minutes(arrives: float | None, leaves: int) -> int | None:
    """After leaving the library."""
    return None if arrives is None else round(arrives - leaves)
