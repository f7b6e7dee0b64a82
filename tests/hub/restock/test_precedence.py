"""A run picks up before it sets down, as far as that can be."""

from itertools import pairwise, permutations

from hypothesis import given
from hypothesis import strategies as st

from hub.restock.precedence import arrange, missed
from hub.restock.routing import Point, Stop, follow, route

NAMES = "abcd"
pairs = st.dictionaries(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda pair: pair[0] != pair[1]),
    st.integers(1, 5),
    max_size=6,
)


def lost(order: tuple[str, ...], carried: dict[tuple[str, str], int]) -> int:
    return sum(carried[pair] for pair in missed(order, carried))


def test_the_giving_site_comes_before_the_taking_one() -> None:
    assert arrange("ab", {("b", "a"): 1}, lambda order: 0.0) == ("b", "a")


def test_nothing_is_changed_without_need() -> None:
    assert arrange("abcd", {("a", "c"): 3}, lambda order: 0.0) == tuple("abcd")


@given(pairs)
def test_what_can_be_served_is_served_and_every_stop_is_there_once(carried: dict[tuple[str, str], int]) -> None:
    found = arrange(NAMES, carried, lambda order: 0.0)
    assert sorted(found) == list(NAMES)
    fewest = min(lost(order, carried) for order in permutations(NAMES))
    assert fewest <= lost(found, carried) <= lost(tuple(NAMES), carried)
    if not fewest and len(carried) <= 2:
        assert lost(found, carried) == 0


def test_of_orders_that_serve_all_the_shorter_is_taken() -> None:
    places = {"a": 1.0, "b": 2.0, "c": 3.0}

    def length(order: object) -> float:
        along = [0.0, *(places[name] for name in order), 0.0]  # type: ignore[attr-defined]
        return sum(abs(one - other) for one, other in pairwise(along))

    assert arrange("bac", {("c", "b"): 1}, length) in (("a", "c", "b"), ("c", "b", "a"))


def test_an_order_that_is_followed_has_the_times_of_its_ways() -> None:
    depot = Point(31.23, 121.47)
    stops = [Stop("a", Point(31.24, 121.48), 10), Stop("b", None, 10), Stop("c", Point(31.26, 121.50), 10)]
    there = follow(depot, stops, 540)
    assert [visit.stop.name for visit in there.visits] == ["a", "b", "c"]
    assert there.unplaced == ("b",)
    shortest = route(depot, [stops[0], stops[2]], 540)
    assert there.minutes >= shortest.minutes - 1e-6
    assert there.visits[0].arrives is not None
    assert there.visits[2].arrives is not None
    assert 540 < there.visits[0].arrives < there.visits[2].arrives
