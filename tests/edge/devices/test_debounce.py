"""A change is believed once it has lasted."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from edge.devices.debounce import Debounce


def edges(readings: list[tuple[float, bool]], stable_s: float = 0.05) -> list[tuple[float, bool]]:
    contact = Debounce(stable_s, False)
    return [(at, edge) for at, value in readings if (edge := contact.see(value, at)) is not None]


def test_a_change_that_lasts_is_one_edge() -> None:
    assert edges([(0.00, True), (0.03, True), (0.06, True), (0.09, True)]) == [(0.06, True)]


def test_a_bounce_is_none_and_starts_the_clock_anew() -> None:
    assert edges([(0.00, True), (0.03, False), (0.04, True), (0.06, True), (0.10, True)]) == [(0.10, True)]


def test_there_and_back_are_two_edges() -> None:
    assert edges([(0.0, True), (0.1, True), (0.2, False), (0.3, False)]) == [(0.1, True), (0.3, False)]


@given(st.lists(st.tuples(st.integers(1, 100), st.booleans()), max_size=60))
def test_edges_alternate_and_are_never_nearer_than_the_stable_time(steps: list[tuple[int, bool]]) -> None:
    now, readings = 0, []
    for step, value in steps:
        now += step
        readings.append((float(now), value))
    found = edges(readings, stable_s=50.0)
    assert [value for _, value in found] == [number % 2 == 0 for number in range(len(found))]
    assert all(later - earlier >= 50 for (earlier, _), (later, _) in pairwise(found))
