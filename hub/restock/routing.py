"""In which order a run comes to its stops, and about when.

Ways are estimated from coordinates (the straight line times a detour, at a city's speed) or given as a matrix. Of all
orders that keep most opening hours, a short one is looked for; the search is PyVRP's, by a number of steps from a
seed, so that the same run always gets the same answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

import numpy as np
import pyvrp
from pyvrp.stop import MaxIterations

MOST = 200
"""Stops of a run."""
DAY = 24 * 60
EARTH = 6371.0088
"""Mean radius, km."""

_SECONDS = 60
_NO_END = 2**63 - 1
_LONGEST = 10**6
"""Minutes or kilometres of one way at most."""
_PER_KM = 10
"""What a kilometre costs the solver; a second costs 1, so that of about equally quick orders the shorter is taken."""
_HOURS_MISSED = 10**6
"""What missing a stop's hours costs it: eleven days. Much more, and its own penalties for lateness can't rise above."""


@dataclass(frozen=True, slots=True)
class Point:
    """WGS84, in degrees, north and east positive. Raises ValueError for what is nowhere."""

    lat: float
    lon: float

    def __post_init__(self) -> None:
        if not (-90 <= self.lat <= 90 and -180 <= self.lon <= 180):
            raise ValueError(f"{self.lat}, {self.lon} is no point on Earth")


@dataclass(frozen=True, slots=True)
class Stop:
    """A site to be visited. Raises ValueError for times that are none."""

    name: str
    point: Point | None = None
    """None: unknown; not looked at when a matrix is given."""
    service: float = 0
    """Minutes of work there."""
    opens: float | None = None
    """Minute of the day the work begins at, at the earliest; None: any."""
    closes: float | None = None
    """Minute of the day the work is over by; None: any."""

    def __post_init__(self) -> None:
        if not 0 <= self.service <= DAY:
            raise ValueError(f"{self.name}: {self.service} minutes of work aren't between none and a day")
        if self.opens is not None and not 0 <= self.opens <= 2 * DAY:
            raise ValueError(f"{self.name} can't open at minute {self.opens}")
        if self.closes is not None and not 0 <= self.closes <= 2 * DAY:
            raise ValueError(f"{self.name} can't close at minute {self.closes}")
        if self.opens is not None and self.closes is not None and self.opens > self.closes:
            raise ValueError(f"{self.name} closes before it opens")


@dataclass(frozen=True, slots=True)
class Pace:
    """How ways are estimated. Raises ValueError unless positive."""

    detour: float = 1.4
    """Kilometres of road per kilometre of straight line."""
    speed: float = 25
    """Kilometres of road an hour, lights and parking included."""

    def __post_init__(self) -> None:
        if not (self.detour > 0 and self.speed > 0):
            raise ValueError("detour and speed must be more than zero")


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard is looked."""

    steps: int = 1000
    """Of the search; a second or two for 60 stops."""
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Ways:
    """From each place to each: the depot first, then the stops. Raises ValueError unless square and non-negative."""

    minutes: Sequence[Sequence[float]]
    km: Sequence[Sequence[float]] | None = None
    """None: unknown."""

    def __post_init__(self) -> None:
        for table in (self.minutes, self.km or ()):
            if any(len(row) != len(self.minutes) for row in table):
                raise ValueError("ways go from each place to each")
            if not all(0 <= way <= _LONGEST for row in table for way in row):
                raise ValueError(f"a way's minutes or kilometres are from none to {_LONGEST}")
        if self.km is not None and len(self.km) != len(self.minutes):
            raise ValueError("ways have as many kilometres as minutes")


@dataclass(frozen=True, slots=True)
class Visit:
    """One stop, at its place in the run; times are minutes of the day the run begins on."""

    stop: Stop
    arrives: float | None
    """None: not known, as the stop has no coordinates."""
    leaves: float | None
    in_hours: bool | None
    """Whether the whole work is within the opening hours; None as for `arrives`."""


@dataclass(frozen=True, slots=True)
class Route:
    """A run from the depot and back to it."""

    visits: tuple[Visit, ...]
    """Those without coordinates last, by name."""
    minutes: float
    """From leaving the depot to being back, waiting and work included; without stops that have no coordinates."""
    km: float | None
    """As `minutes`; None when ways came without kilometres."""

    @property
    def missed(self) -> tuple[str, ...]:
        """Stops whose opening hours can't be kept."""
        return tuple(visit.stop.name for visit in self.visits if visit.in_hours is False)

    @property
    def unplaced(self) -> tuple[str, ...]:
        """Stops without coordinates."""
        return tuple(visit.stop.name for visit in self.visits if visit.arrives is None)


_PACE = Pace()
_EFFORT = Effort()


def estimate(points: Sequence[Point], pace: Pace = _PACE) -> Ways:
    """Ways between points on a map that nobody has the streets of."""
    km = [[pace.detour * _straight(one, other) for other in points] for one in points]
    return Ways([[60 * way / pace.speed for way in row] for row in km], km)


def route(
    depot: Point | None, stops: Sequence[Stop], leaves: float, pace: Pace = _PACE, effort: Effort = _EFFORT
) -> Route:
    """A good order of `stops` for a run that leaves `depot` at that minute of the day.

    Without the depot's coordinates no stop's are of use. Raises ValueError for more than MOST stops.
    """
    placed = [(stop, stop.point) for stop in stops if stop.point is not None and depot is not None]
    lost = [stop for stop in stops if stop.point is None or depot is None]
    points = [depot] if depot is not None else []
    ways = estimate([*points, *(point for _, point in placed)], pace) if placed else Ways([[0]], [[0]])
    found = route_by(ways, [stop for stop, _ in placed], leaves, effort)
    last = (Visit(stop, None, None, None) for stop in sorted(lost, key=lambda stop: stop.name))
    return Route((*found.visits, *last), found.minutes, found.km)


def follow(depot: Point | None, stops: Sequence[Stop], leaves: float, pace: Pace = _PACE) -> Route:
    """The same stops in the order given; the way to one without coordinates isn't counted."""
    placed = [stop for stop in stops if stop.point is not None and depot is not None]
    points = [stop.point for stop in placed if stop.point is not None]
    ways = estimate([depot, *points], pace) if depot is not None else Ways([[0]], [[0]])
    driven = _driven(ways, placed, leaves, [(at, True) for at in range(len(placed))])
    known = iter(driven.visits)
    visits = tuple(next(known) if stop in placed else Visit(stop, None, None, None) for stop in stops)
    return Route(visits, driven.minutes, driven.km)


def route_by(ways: Ways, stops: Sequence[Stop], leaves: float, effort: Effort = _EFFORT) -> Route:
    """The same by known ways between the depot and `stops`, in this order.

    Raises ValueError for more than MOST stops, or ways between others.
    """
    if len(stops) > MOST:
        raise ValueError(f"a run has at most {MOST} stops")
    if len(ways.minutes) != len(stops) + 1:
        raise ValueError(f"{len(stops)} stops need ways between {len(stops) + 1} places, not {len(ways.minutes)}")
    if not 0 <= leaves <= DAY:
        raise ValueError(f"a run can't leave at minute {leaves} of the day")
    if len(stops) < 2:
        order = [(at, _possible(ways, stop, at, leaves)) for at, stop in enumerate(stops)]
    else:
        order = _solved(ways, stops, leaves, effort)
    return _driven(ways, stops, leaves, order)


def _straight(one: Point, other: Point) -> float:
    """Kilometres on the sphere."""
    up, along = radians(other.lat - one.lat), radians(other.lon - one.lon)
    square = sin(up / 2) ** 2 + cos(radians(one.lat)) * cos(radians(other.lat)) * sin(along / 2) ** 2
    return 2 * EARTH * asin(sqrt(min(1.0, square)))


def _latest(stop: Stop) -> float:
    """The minute by which the work must begin."""
    return float("inf") if stop.closes is None else stop.closes - stop.service


def _possible(ways: Ways, stop: Stop, at: int, leaves: float) -> bool:
    """Whether hours are kept when the run comes here first."""
    return max(leaves + ways.minutes[0][at + 1], stop.opens or 0) <= _latest(stop)


def _solved(ways: Ways, stops: Sequence[Stop], leaves: float, effort: Effort) -> list[tuple[int, bool]]:
    """Positions of stops in a good order, and for each whether to keep its hours.

    A stop with hours is two of which one must be visited: one with these hours and a prize, one without.
    """
    clients: list[pyvrp.Client] = []
    groups: list[pyvrp.ClientGroup] = []
    meaning: list[tuple[int, bool]] = []

    def add(at: int, group: int | None, keep: bool) -> None:
        stop = stops[at]
        early = _up(stop.opens or 0) if keep else 0
        late = max(early, int(_latest(stop) * _SECONDS)) if keep and stop.closes is not None else _NO_END
        clients.append(
            pyvrp.Client(
                location=at + 1,
                service_duration=_up(stop.service),
                tw_early=early,
                tw_late=late,
                required=group is None,
                prize=_HOURS_MISSED if keep and group is not None else 0,
                group=group,
            )
        )
        meaning.append((at, keep))

    for at, stop in enumerate(stops):
        if not _possible(ways, stop, at, leaves):
            add(at, None, False)
        elif stop.opens is None and stop.closes is None:
            add(at, None, True)
        else:
            groups.append(pyvrp.ClientGroup([len(clients), len(clients) + 1]))
            add(at, len(groups) - 1, True)
            add(at, len(groups) - 1, False)
    seconds = np.ceil(np.array(ways.minutes) * _SECONDS).astype(np.int64)
    cost = np.zeros_like(seconds) if ways.km is None else np.rint(np.array(ways.km) * _PER_KM).astype(np.int64)
    for table in (seconds, cost):
        np.fill_diagonal(table, 0)
    start = _up(leaves)
    data = pyvrp.ProblemData(
        locations=[pyvrp.Location(0, 0) for _ in range(len(stops) + 1)],
        clients=clients,
        depots=[pyvrp.Depot(location=0)],
        vehicle_types=[pyvrp.VehicleType(tw_early=start, start_late=start, unit_distance_cost=1, unit_duration_cost=1)],
        distance_matrices=[cost],
        duration_matrices=[seconds],
        groups=groups,
    )
    result = pyvrp.solve(data, MaxIterations(effort.steps), seed=effort.seed, collect_stats=False, display=False)
    order = [meaning[each.idx] for way in result.best.routes() for each in way.schedule() if each.is_client()]
    # A search that was cut short may not have come to every stop.
    seen = {at for at, _ in order}
    return order + [(at, False) for at in range(len(stops)) if at not in seen]


def _up(minutes: float) -> int:
    """Whole seconds; nothing gets shorter by rounding."""
    return int(-(-minutes * _SECONDS // 1))


def _driven(ways: Ways, stops: Sequence[Stop], leaves: float, order: Sequence[tuple[int, bool]]) -> Route:
    """The times of an order: at a stop whose hours are to be kept the courier waits until it opens."""
    visits = []
    clock, km, here = leaves, 0.0, 0
    for at, keep in order:
        stop = stops[at]
        clock += ways.minutes[here][at + 1]
        km += ways.km[here][at + 1] if ways.km is not None else 0
        arrives, here = clock, at + 1
        begins = max(clock, stop.opens or 0) if keep else clock
        clock = begins + stop.service
        visits.append(Visit(stop, arrives, clock, (stop.opens or 0) <= begins <= _latest(stop)))
    clock += ways.minutes[here][0]
    km += ways.km[here][0] if ways.km is not None else 0
    return Route(tuple(visits), clock - leaves, km if ways.km is not None else None)
