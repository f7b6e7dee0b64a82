"""A run's order is as short as the best that trying them all finds, keeps opening hours, and says where it can't."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, permutations, product
from math import inf
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.restock import routing
from hub.restock.routing import Effort, Pace, Point, Route, Stop, Ways, estimate, route, route_by

DEPOT = Point(39.9, 116.4)
QUICK = Effort(steps=100)
EIGHT = 8 * 60


def city(seed: int, count: int, hours: float) -> list[Stop]:
    chance = Random(seed)
    stops = []
    for at in range(count):
        opens = chance.randrange(480, 900, 30) if chance.random() < hours else None
        closes = opens + chance.choice([60, 120, 240]) if opens is not None else None
        point = Point(39.9 + chance.uniform(-0.1, 0.1), 116.4 + chance.uniform(-0.12, 0.12))
        stops.append(Stop(f"s{at}", point, chance.choice([5, 10, 30]), opens, closes))
    return stops


def worth(missed: int, minutes: float, km: float) -> tuple[int, float]:
    return missed, minutes * 60 + km * 10


def best(ways: Ways, stops: Sequence[Stop], leaves: float) -> tuple[int, float]:
    """By every order, with every choice of whose hours to wait for."""
    found = (len(stops) + 1, inf)
    for order in permutations(range(len(stops))):
        for patient in product([True, False], repeat=len(stops)):
            clock, km, here, missed = leaves, 0.0, 0, 0
            for at, waits in zip(order, patient, strict=True):
                stop = stops[at]
                clock += ways.minutes[here][at + 1]
                km += ways.km[here][at + 1] if ways.km else 0
                opens = stop.opens or 0
                closes = inf if stop.closes is None else stop.closes
                if waits:
                    clock = max(clock, opens)
                missed += not opens <= clock <= closes - stop.service
                clock += stop.service
                here = at + 1
            back = clock + ways.minutes[here][0] - leaves
            found = min(found, worth(missed, back, km + (ways.km[here][0] if ways.km else 0)))
    return found


def names(found: Route) -> list[str]:
    return [visit.stop.name for visit in found.visits]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("count", "hours"), [(2, 1.0), (4, 1.0), (5, 0.5), (7, 0.0)])
def test_no_order_is_better_than_the_one_found(seed: int, count: int, hours: float) -> None:
    stops = city(seed, count, hours)
    ways = estimate([DEPOT, *(stop.point for stop in stops if stop.point)])
    found = route(DEPOT, stops, EIGHT, effort=QUICK)
    assert found.km is not None
    missed, cost = best(ways, stops, EIGHT) if hours else best_without_hours(ways, stops)
    assert len(found.missed) == missed
    assert worth(missed, found.minutes, found.km)[1] <= cost * 1.0001


def best_without_hours(ways: Ways, stops: Sequence[Stop]) -> tuple[int, float]:
    """The same, quicker."""
    assert ways.km
    cost = [[a * 60 + b * 10 for a, b in zip(*rows, strict=True)] for rows in zip(ways.minutes, ways.km, strict=True)]
    work = sum(stop.service for stop in stops) * 60
    rounds = ([0, *order, 0] for order in permutations(range(1, len(stops) + 1)))
    return 0, work + min(sum(cost[a][b] for a, b in pairwise(way)) for way in rounds)


@pytest.mark.parametrize("seed", range(4))
def test_a_matrix_may_differ_in_the_two_directions(seed: int) -> None:
    chance = Random(seed)
    ways = Ways([[0.0 if a == b else chance.uniform(1, 60) for a in range(6)] for b in range(6)])
    stops = [Stop(str(at), service=3) for at in range(5)]
    found = route_by(ways, stops, EIGHT, QUICK)
    assert found.km is None
    assert found.minutes <= best(ways, stops, EIGHT)[1] / 60 * 1.0001
    assert found.unplaced == ()


def test_a_stop_is_waited_for_until_it_opens() -> None:
    ways = Ways([[0, 10], [20, 0]], [[0, 4], [5, 0]])
    (visit,) = (found := route_by(ways, [Stop("a", None, 15, 520, 540)], EIGHT)).visits
    assert (visit.arrives, visit.leaves, visit.in_hours) == (490, 535, True)
    assert (found.minutes, found.km, found.missed) == (75, 9, ())


@pytest.mark.parametrize("hours", [(None, 489), (None, 504), (500, 510), (0, 14)])
def test_a_stop_whose_hours_cant_be_kept_is_visited_all_the_same_and_told(hours: tuple[float | None, float]) -> None:
    ways = Ways([[0, 10, 30], [10, 0, 30], [30, 30, 0]])
    late = Stop("late", None, 15, *hours)
    for stops in ([late], [late, Stop("other")]):
        found = route_by(Ways([row[: len(stops) + 1] for row in ways.minutes[: len(stops) + 1]]), stops, EIGHT)
        assert found.missed == ("late",)
        assert sorted(names(found)) == sorted(stop.name for stop in stops)


def test_two_sites_open_at_once_are_not_both_kept() -> None:
    stops = [Stop(name, None, 30, 540, 580) for name in "ab"]
    found = route_by(Ways([[0, 20, 20], [20, 0, 20], [20, 20, 0]]), stops, EIGHT)
    assert len(found.missed) == 1


def test_the_work_is_over_when_a_site_closes() -> None:
    ways = Ways([[0, 10], [10, 0]])
    assert route_by(ways, [Stop("a", None, 15, None, 505)], EIGHT).missed == ()
    assert route_by(ways, [Stop("a", None, 15, None, 504.9)], EIGHT).missed == ("a",)


def test_stops_without_coordinates_come_last_by_name() -> None:
    known = city(1, 3, 0)
    found = route(DEPOT, [Stop("z", None, 5), *known, Stop("b", None, 5, 0, 10)], EIGHT)
    assert names(found)[-2:] == ["b", "z"]
    assert found.unplaced == ("b", "z")
    assert [(visit.arrives, visit.leaves, visit.in_hours) for visit in found.visits[-2:]] == [(None, None, None)] * 2
    assert found.missed == ()
    alone = route(DEPOT, known, EIGHT)
    assert (found.minutes, found.km, found.visits[:3]) == (alone.minutes, alone.km, alone.visits)


def test_without_the_depots_coordinates_no_order_is_better() -> None:
    stops = city(1, 3, 0)
    found = route(None, stops[::-1], EIGHT)
    assert found.unplaced == ("s0", "s1", "s2")
    assert (found.minutes, found.km) == (0, 0)


def test_a_run_without_stops_is_over_at_once() -> None:
    assert route(DEPOT, [], EIGHT) == Route((), 0, 0)


def test_one_stop_needs_no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "pyvrp", None)
    assert names(route(DEPOT, city(1, 1, 1), EIGHT)) == ["s0"]


def test_ways_are_straight_lines_with_a_detour_at_a_speed() -> None:
    # A degree of a great circle.
    ways = estimate([Point(0, 0), Point(0, 1), Point(1, 0)], Pace(detour=1.5, speed=30))
    assert ways.km is not None
    assert ways.km[0][1] == pytest.approx(1.5 * 111.195, rel=1e-5)
    assert ways.km[0][2] == pytest.approx(ways.km[1][0])
    assert ways.minutes[0][1] == pytest.approx(ways.km[0][1] * 2)
    assert estimate([Point(90, 0), Point(-90, 77)], Pace(1, 25)).km == [
        [0, pytest.approx(20015.1, rel=1e-4)],
        [pytest.approx(20015.1, rel=1e-4), 0],
    ]


def test_the_same_run_gets_the_same_answer() -> None:
    stops = city(5, 30, 0.3)
    first = route(DEPOT, stops, EIGHT, effort=QUICK)
    assert route(DEPOT, stops, EIGHT, effort=QUICK) == first
    assert sorted(names(first)) == sorted(stop.name for stop in stops)


def test_sixty_stops_are_far_better_than_as_they_come() -> None:
    stops = [replace(stop, service=0) for stop in city(60, 60, 0)]
    points = [DEPOT, *(stop.point for stop in stops if stop.point), DEPOT]
    km = estimate(points).km
    assert km is not None
    as_they_come = sum(km[at][at + 1] for at in range(61))
    found = route(DEPOT, stops, EIGHT, effort=QUICK)
    assert found.km is not None
    assert found.km < 0.3 * as_they_come


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(0, 12), st.floats(0, 1), st.sampled_from([0, 1, 30]), st.floats(0, 1440))
def test_every_stop_is_visited_once_and_times_go_on(
    seed: int, count: int, hours: float, steps: int, leaves: float
) -> None:
    stops = city(seed, count, hours)
    found = route(DEPOT, stops, leaves, effort=Effort(steps))
    assert sorted(names(found)) == sorted(stop.name for stop in stops)
    clock = leaves
    for visit in found.visits:
        assert visit.arrives is not None
        assert visit.leaves is not None
        assert clock <= visit.arrives <= visit.leaves
        begins = visit.leaves - visit.stop.service
        kept = (visit.stop.opens or 0) <= begins + 1e-6 and visit.leaves <= (visit.stop.closes or inf) + 1e-6
        assert visit.in_hours is None or kept or not visit.in_hours
        clock = visit.leaves
    assert leaves + found.minutes >= clock


@pytest.mark.parametrize(
    "make",
    [
        lambda: Point(91, 0),
        lambda: Point(0, float("nan")),
        lambda: Stop("a", service=-1),
        lambda: Stop("a", opens=-1),
        lambda: Stop("a", closes=9999),
        lambda: Stop("a", opens=500, closes=499),
        lambda: Pace(detour=0),
        lambda: Pace(speed=-3),
        lambda: Ways([[0, 1]]),
        lambda: Ways([[0, -1], [1, 0]]),
        lambda: Ways([[0, inf], [1, 0]]),
        lambda: Ways([[0, 1], [1, 0]], [[0]]),
        lambda: route_by(Ways([[0]]), [Stop("a")], EIGHT),
        lambda: route(DEPOT, [], -1),
        lambda: route(DEPOT, city(1, routing.MOST + 1, 0), EIGHT),
    ],
)
def test_what_makes_no_sense_is_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError):
        make()
