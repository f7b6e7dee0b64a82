"""A large plan is made in a process of its own, and is the one that would have been made here."""

import os
import signal
from collections.abc import Iterator
from multiprocessing import active_children

import numpy as np
import pytest

from hub.restock import planner
from hub.restock.planner import LIBRARY, Cancelled, Candidates, Infeasible, Limits, Pins, Sites, Stage, Stock, World
from hub.restocking import apart


def city(titles: int, sites: int = 10, **more: object) -> World:
    """Every title may go to every site; few copies, little room."""
    chance = np.random.default_rng(3)
    group, site = np.divmod(np.arange(titles * sites), sites)
    return World(
        sites=Sites(tuple(f"s{n}" for n in range(sites)), [40] * sites, [20] * sites, [-1] * sites),
        groups=tuple(f"g{n}" for n in range(titles)),
        stock=Stock(np.arange(titles), np.full(titles, LIBRARY), np.ones(titles, int)),
        candidates=Candidates(group, site, chance.random((titles * sites, 1))),
        limits=Limits(handling=0.05),
        **more,  # type: ignore[arg-type]
    )


def makers() -> list[int]:
    """Processes that make plans now; others of the tests' are none of our business."""
    return [child.pid for child in active_children() if child.name == apart.NAME and child.pid is not None]


@pytest.fixture(autouse=True)
def nobody_left() -> Iterator[None]:
    yield
    assert makers() == []


def test_it_is_the_plan_that_would_have_been_made_here_and_its_stages_are_told() -> None:
    world, seen = city(2_100), list[Stage]()
    assert len(world.candidates) >= apart.LARGE
    made = apart.plan(world, None, seen.append, lambda: False)
    here = planner.plan(world)
    assert (made.objective, made.bound) == (here.objective, here.bound)
    assert list(made.lines) == list(here.lines)
    assert seen == list(Stage)
    again = apart.plan(world, made, lambda stage: None, lambda: False)
    assert list(again.lines) == list(here.lines)


def test_a_small_one_is_made_here() -> None:
    processes: list[int] = []
    apart.plan(city(100), None, lambda stage: processes.append(len(makers())), lambda: False)
    assert processes == [0] * len(Stage)


def test_nobody_waits_for_one_that_is_no_longer_wanted() -> None:
    seen: list[Stage] = []
    with pytest.raises(Cancelled):
        apart.plan(city(40_000), None, seen.append, lambda: True)
    assert Stage.WRITING not in seen


def test_what_can_t_be_is_said_as_here() -> None:
    world = city(2_100, pins=Pins([7], [LIBRARY], [0], [9]))
    with pytest.raises(Infeasible) as apart_said:
        apart.plan(world, None, lambda stage: None, lambda: False)
    with pytest.raises(Infeasible) as here_said:
        planner.plan(world)
    assert apart_said.value.refusals == here_said.value.refusals
    assert str(apart_said.value) == str(here_said.value)


def test_a_process_that_dies_is_told_of() -> None:
    def kill(stage: Stage) -> None:
        for maker in makers():
            os.kill(maker, signal.SIGKILL)

    with pytest.raises(apart.Lost, match="ended with -9"):
        apart.plan(city(2_100), None, kill, lambda: False)
