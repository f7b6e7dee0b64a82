"""A year of borrowing is the same for the same seed, and no policy can cheat in it."""

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.restocking import ours
from benchmarks.years import ahead, years
from firmware_sim.year.policies import even, nothing, popular, rota
from firmware_sim.year.readers import LIBRARY, OUT, Scale, Town, town
from firmware_sim.year.year import Moves, Policy, View, live

SMALL = Scale(sites=3, capacity=24, fill=20, titles=120, copies=200, readers=25, weeks=16)
POLICIES: dict[str, Callable[[], Policy]] = {
    "ours": ours, "rota": rota, "popular": popular, "even": even, "nothing": nothing,
}  # fmt: skip


@pytest.fixture(scope="module")
def place() -> Town:
    return town(1, SMALL)


@pytest.mark.parametrize("name", POLICIES)
def test_the_same_seed_gives_the_same_year(place: Town, name: str) -> None:
    one, other = (live(town(1, SMALL), POLICIES[name](), 20) if name != "rota" else live(place, rota()) for _ in "ab")
    assert (one.weekly_loans == other.weekly_loans).all()
    assert (one.weekly_moves == other.weekly_moves).all()
    assert (one.view.place == other.view.place).all()


@pytest.mark.parametrize("name", ["ours", "popular", "even", "nothing"])
def test_a_policy_keeps_to_the_moves_it_may_make_and_to_the_room_there_is(place: Town, name: str) -> None:
    lived = live(place, POLICIES[name](), 6)
    assert lived.weekly_moves.max() <= 6
    assert (name == "nothing") == (lived.moves == 0)
    assert lived.loans > 0
    assert len(lived.view.place) == len(place.start)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda view: Moves(np.array([0, 0]), np.array([1, 2])), "moved twice"),
        (lambda view: Moves(np.flatnonzero(view.place == OUT)[:1], np.array([LIBRARY])), "while somebody has it"),
        (lambda view: Moves(np.array([0]), np.array([99])), "to nowhere"),
        (lambda view: Moves(np.array([0]), view.place[:1]), "to where it is"),
        (lambda view: Moves(np.arange(9), (view.place[:9] + 2) % 3), "are allowed"),
    ],
)
def test_a_policy_that_breaks_a_rule_is_stopped(place: Town, made: Callable[[View], Moves], said: str) -> None:
    def policy(view: View) -> Moves:
        moves = made(view) if view.day >= 14 else Moves()
        return moves if len(moves.copy) == len(moves.target) else Moves()

    with pytest.raises(ValueError, match=said):
        live(place, policy, 5)


def test_planning_lends_more_than_doing_nothing_and_the_table_says_how_surely() -> None:
    found = [years(seed, SMALL) for seed in (1, 2)]
    assert all(year["ours"].loans > year["nothing"].loans for year in found)
    assert all(year["ours"].moves <= year["rota"].moves for year in found)
    mean, half = ahead([120, 130], [100, 100])
    assert (mean, half) == (pytest.approx(0.25), pytest.approx(12.71 * 0.05, rel=1e-3))
