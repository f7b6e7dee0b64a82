"""No plan breaks a limit, small ones are the best there are, and what can't be is refused with a reason."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.restock.planner import (
    LIBRARY,
    NO_VAN,
    UNLIMITED,
    BadWorld,
    Cancelled,
    Candidates,
    Demands,
    Infeasible,
    Kind,
    Limit,
    Limits,
    Pairs,
    Pins,
    Plan,
    Reason,
    Reservations,
    Sites,
    Stage,
    Stock,
    Themes,
    Vans,
    Wish,
    World,
    plan,
)
from tests.hub.restock.worlds import best, rows, without_promises, worlds, wrongs

QUICK = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def town(**changes: object) -> World:
    """Two sites, three titles: a hit, a slow seller, and one nobody takes that sits at the mill."""
    there = World(
        sites=Sites(("mill", "quay"), [2, 2], [UNLIMITED, UNLIMITED], [0, 0]),
        groups=("hit", "slow", "dust"),
        stock=Stock([0, 1, 2], [LIBRARY, LIBRARY, 0], [2, 2, 2]),
        candidates=Candidates([0, 0, 1, 1], [0, 1, 0, 1], [[3.0, 1.0], [2.0, 0.5], [0.4, 0.1], [0.6, 0.1]]),
        vans=Vans(("blue",), [10]),
        themes=Themes(("sea",), [0], [1]),
        limits=Limits(handling=0.05),
    )
    return replace(there, **changes)  # type: ignore[arg-type]


def after(made: Plan) -> Counter[tuple[str, str | None]]:
    found: Counter[tuple[str, str | None]] = Counter()
    for line in made.lines:
        found[line.group, line.target] += line.count
    return found


@QUICK
@given(worlds())
def test_no_plan_breaks_a_limit(world: World) -> None:
    try:
        made = plan(world)
    except Infeasible as error:
        found = [] if error.refusals and str(error) else ["refused without a reason"]
    else:
        found = wrongs(world, made)
    assert found == []


@QUICK
@given(worlds(sites=2, groups=3, copies=2).map(without_promises))
def test_a_small_plan_is_the_best_there_is(world: World) -> None:
    world = replace(world, pins=Pins())
    there_is = best(world)
    if there_is is None:
        with pytest.raises(Infeasible):
            plan(world)
        return
    made = plan(world)
    assert made.bound >= there_is - 1e-6
    assert made.objective == pytest.approx(there_is, rel=1e-3, abs=1e-6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_the_same_seed_makes_the_same_plan(world: World) -> None:
    try:
        first = plan(world)
    except Infeasible:
        return
    again = plan(world)
    assert rows(first) == rows(again)
    assert (first.objective, first.bound, first.scarce, first.missed) == (
        again.objective,
        again.bound,
        again.scarce,
        again.missed,
    )


@QUICK
@given(worlds(), st.data())
def test_what_is_pinned_survives_replanning(world: World, data: st.DataObject) -> None:
    try:
        made = plan(world)
    except Infeasible:
        return
    chosen = [row for row in rows(made) if data.draw(st.booleans())]
    pins = Pins(*([row[number] for row in chosen] for number in range(4)))
    again = plan(replace(world, pins=pins), after=made)
    assert wrongs(replace(world, pins=pins), again) == []
    assert again.gap <= 0.005 or again.objective >= made.objective - 1e-6 or len(world.reservations)


def test_the_hit_goes_where_it_is_read_most_and_the_dust_goes_home() -> None:
    made = plan(town())
    assert after(made) == {
        ("hit", "mill"): 1,
        ("hit", "quay"): 1,
        ("slow", "mill"): 1,
        ("slow", "quay"): 1,
        ("dust", None): 2,
    }
    assert made.expected_loans == pytest.approx(6.0)
    assert made.moves == 6
    assert {line.kind for line in made.lines} == {Kind.BRING, Kind.HOME}
    assert made.gap < 1e-6


def test_a_copy_moves_on_from_where_it_sits() -> None:
    stock = Stock([0], [1], [1])
    made = plan(town(stock=stock))
    (line,) = made.lines
    assert (line.kind, line.origin, line.target, line.loans, line.forgone) == (Kind.MOVE_ON, "quay", "mill", 3.0, 2.0)


def test_moving_what_brings_less_than_the_work_is_left_alone() -> None:
    made = plan(town(limits=Limits(handling=0.5)))
    assert after(made)["slow", "mill"] == 0
    assert after(made)["slow", "quay"] == 1


def test_one_more_place_is_worth_what_it_would_bring() -> None:
    stock = Stock([0, 1], [LIBRARY, LIBRARY], [5, 5])
    tight = town(stock=stock, sites=Sites(("mill", "quay"), [1, 2], [UNLIMITED, UNLIMITED], [0, 0]))
    wider = town(stock=stock, sites=Sites(("mill", "quay"), [2, 2], [UNLIMITED, UNLIMITED], [0, 0]))
    (shelf,) = [one for one in plan(tight).scarce if one.limit is Limit.CAPACITY and one.site == "mill"]
    assert (shelf.used, shelf.allowed) == (1, 1)
    assert shelf.brings == pytest.approx(plan(wider).objective - plan(tight).objective)


def test_a_van_that_is_full_says_so() -> None:
    made = plan(town(vans=Vans(("blue",), [2])))
    assert made.moves == 3
    assert [one.van for one in made.scarce if one.limit is Limit.VAN_IN] == ["blue"]


def test_a_theme_is_shown_where_its_price_is_worth_it_and_missed_with_a_reason_where_not() -> None:
    asked = town(demands=Demands([0], [0], [2], [2], [0.1]))
    made = plan(asked)
    (miss,) = made.missed
    assert (miss.wish, miss.theme, miss.site, miss.wanted, miss.there) == (Wish.SHORT, "sea", "mill", 2, 1)
    assert miss.lacking == 0
    assert miss.cost == pytest.approx(0.1)
    assert Limit.CAPACITY in miss.in_the_way
    assert plan(replace(asked, demands=Demands([0], [0], [2], [2], [5.0]))).missed == ()


def test_a_theme_with_too_few_copies_says_how_many_lack() -> None:
    made = plan(town(demands=Demands([0], [0], [5], [9], [9.0])))
    (miss,) = made.missed
    assert (miss.there, miss.lacking) == (2, 3)


def test_who_waits_is_served_first() -> None:
    made = plan(town(stock=Stock([0], [LIBRARY], [1]), reservations=Reservations([0], [1], [1])))
    assert after(made) == {("hit", "quay"): 1}
    lone = plan(town(stock=Stock([0], [LIBRARY], [0]), reservations=Reservations([0], [1], [1])))
    assert [(miss.wish, miss.group, miss.lacking) for miss in lone.missed] == [(Wish.RESERVATION, "hit", 1)]


def test_what_was_there_lately_doesnt_come_and_what_is_barred_leaves() -> None:
    made = plan(town(cooling=Pairs([0], [0]), barred=Pairs([2, 1], [0, 1])))
    assert after(made)["hit", "mill"] == 0
    assert after(made)["slow", "quay"] == 0


def test_what_sat_untaken_is_worth_less_there() -> None:
    tired = Candidates([0, 0], [0, 1], [[3.0], [2.0]], [4, 0])
    made = plan(town(stock=Stock([0], [0], [1]), candidates=tired, limits=Limits(handling=0.05, fatigue=0.3)))
    assert after(made) == {("hit", "quay"): 1}


@pytest.mark.parametrize(
    ("changes", "reason", "words"),
    [
        ({"pins": Pins([0], [LIBRARY], [LIBRARY], [3])}, Reason.NOT_THERE, "3 copies of hit are pinned at the library"),
        ({"pins": Pins([2], [0], [LIBRARY], [3])}, Reason.NOT_THERE, "3 copies of dust are pinned at mill, but 2 are"),
        ({"pins": Pins([0], [LIBRARY], [1], [1]), "barred": Pairs([0], [1])}, Reason.BARRED, "barred"),
        (
            {"pins": Pins([0, 1], [LIBRARY] * 2, [1, 1], [2, 1])},
            Reason.SITE_FULL,
            "3 copies are pinned to quay, which holds 2",
        ),
        (
            {"pins": Pins([0], [LIBRARY], [1], [2]), "sites": Sites(("mill", "quay"), [2, 2], [2, 1], [0, 0])},
            Reason.ARRIVALS,
            "2 copies are pinned to arrive at quay, where 1",
        ),
        (
            {"pins": Pins([0], [LIBRARY], [1], [2]), "vans": Vans(("blue",), [1])},
            Reason.VAN_IN,
            "by blue, which carries 1",
        ),
        ({"barred": Pairs([2], [0]), "vans": Vans(("blue",), [1])}, Reason.VAN_OUT, "2 copies must leave by blue"),
        ({"sites": Sites(("mill", "quay"), [0, 2], [9, 9], [0, 0]), "limits": Limits(1)}, Reason.MOVES, "2 transfers"),
    ],
)
def test_what_cant_be_is_refused_with_a_reason(changes: dict[str, object], reason: Reason, words: str) -> None:
    with pytest.raises(Infeasible) as caught:
        plan(town(**changes))
    assert [refusal.reason for refusal in caught.value.refusals] == [reason]
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Stock([0], [0, 1], [1]), "different lengths"),
        (lambda: Stock([0.5], [0], [1]), "whole numbers"),
        (lambda: town(stock=Stock([9], [0], [1])), "stock.group: row 0 is 9"),
        (lambda: town(stock=Stock([0], [7], [1])), "stock.place: row 0 is 7"),
        (lambda: town(stock=Stock([0], [0], [-1])), "stock.count: row 0 is -1"),
        (lambda: town(candidates=Candidates([0], [0], [[1.0, 2.0]])), "rises"),
        (lambda: town(candidates=Candidates([0], [0], [[float("nan")]])), "candidates.loans"),
        (lambda: town(candidates=Candidates([0, 0], [0, 0], [[1.0], [1.0]])), "a second time"),
        (lambda: town(demands=Demands([0], [0], [3], [2], [1.0])), "at least 3 but at most 2"),
        (lambda: town(demands=Demands([0], [0], [0], [2], [-1.0])), "demands.price"),
        (lambda: town(limits=Limits(moves=-1)), "limits.moves"),
        (lambda: town(limits=Limits(handling=-0.1)), "limits.handling"),
        (lambda: town(limits=Limits(fatigue=1.5)), "limits.fatigue"),
        (lambda: town(sites=Sites(("mill", "quay"), [1, 1], [1, 1], [0, 3])), "sites.van"),
        (lambda: town(sites=Sites(("mill",), [1, 1], [1, 1], [NO_VAN, 0])), "sites.ids"),
    ],
)
def test_a_world_that_cant_be_says_what_and_where(make: object, words: str) -> None:
    with pytest.raises(BadWorld, match=words):
        make()  # type: ignore[operator]


def test_a_plan_can_be_followed_and_cancelled() -> None:
    seen: list[Stage] = []
    plan(town(), progress=seen.append)
    assert seen == list(Stage)
    with pytest.raises(Cancelled):
        plan(town(), cancelled=lambda: True)


def test_an_edit_changes_little_else() -> None:
    chance = np.random.default_rng(5)
    spots = [(group, site) for group in range(120) for site in range(6)]
    world = World(
        sites=Sites(tuple("abcdef"), [20] * 6, [9] * 6, [0, 0, 0, 1, 1, 1]),
        groups=tuple(f"g{number}" for number in range(120)),
        stock=Stock(list(range(120)), [LIBRARY] * 120, [1] * 120),
        candidates=Candidates([g for g, _ in spots], [s for _, s in spots], chance.random((720, 1))),
        vans=Vans(("red", "blue"), [25, 25]),
        limits=Limits(45, 0.05),
    )
    first = plan(world)
    group, _, site, _, _ = next(row for row in rows(first) if row[1] == LIBRARY)
    edited = plan(replace(world, barred=Pairs([group], [site])), after=first)
    assert len(set(rows(first)) ^ set(rows(edited))) <= 8
    assert edited.gap <= 0.005
