"""Plans a restock over all sites at once."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from hub.restock.planner import demands, relaxed
from hub.restock.planner.draft import Draft
from hub.restock.planner.lines import Lines, lines
from hub.restock.planner.outlook import Missed, Scarce, missed, recalled, scarce
from hub.restock.planner.prices import Prices, Reckoned, reckon
from hub.restock.planner.problem import Problem, build
from hub.restock.planner.settle import settle
from hub.restock.planner.world import LIBRARY, Floats, World

GOOD_ENOUGH = 0.005
"""A plan made anew from earlier prices that may be further from the best than this share is made from scratch."""
KEEP = 1e-3
"""How much a copy is preferred where the plan before had it, as a share of the dearest column's worth."""
NOISE = 1e-6
"""How much chance decides between columns of equal worth, likewise."""


class Stage(StrEnum):
    """What is being done for a plan, in this order."""

    CHECKING = "checking"
    PRICING = "pricing"
    PLACING = "placing"
    WRITING = "writing"


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What to do, what it's worth, and what stands in the way of more."""

    lines: Lines
    expected_loans: float
    """Of all copies at sites over the next cycle."""
    moves: int
    handling: float
    """What the moves cost, in loans."""
    penalties: float
    """What themes missed cost, in loans."""
    bound: float
    """No plan's objective can be above this."""
    scarce: tuple[Scarce, ...]
    """What binds, dearest first of each kind."""
    missed: tuple[Missed, ...]
    """Soft demands that the plan doesn't meet, and what it would take."""

    @property
    def objective(self) -> float:
        """Expected loans less handling and penalties."""
        return self.expected_loans - self.handling - self.penalties

    @property
    def gap(self) -> float:
        """How much better, at most, another plan could be: a share of the bound."""
        return max(self.bound - self.objective, 0.0) / max(abs(self.bound), 1e-9)


def _silent(stage: Stage) -> None:
    pass


def _never() -> bool:
    return False


def plan(
    world: World,
    *,
    after: Plan | None = None,
    progress: Callable[[Stage], None] = _silent,
    cancelled: Callable[[], bool] = _never,
) -> Plan:
    """The best plan found for `world`; the same world always gives the same plan.

    With `after`, an earlier plan for nearly the same world, most of the work is spared and what was planned then is
    kept where that costs next to nothing. What must stay whatever it costs belongs in `world.pins`.

    Raises Infeasible where hard demands contradict each other, and Cancelled once `cancelled` says so.
    """
    progress(Stage.CHECKING)
    problem = build(world)
    demands.check(problem)
    progress(Stage.PRICING)
    if after is not None:
        prices = recalled(problem, after.scarce)
        draft, reckoned = _placed(problem, prices, after, progress, cancelled)
        if reckoned.bound - draft.worth() <= GOOD_ENOUGH * abs(reckoned.bound):
            return _written(draft, reckoned, progress)
        progress(Stage.PRICING)
    prices = relaxed.solve(problem, cancelled)
    draft, reckoned = _placed(problem, prices, after, progress, cancelled)
    return _written(draft, reckoned, progress)


def _placed(
    problem: Problem,
    prices: Prices,
    after: Plan | None,
    progress: Callable[[Stage], None],
    cancelled: Callable[[], bool],
) -> tuple[Draft, Reckoned]:
    reckoned = reckon(problem, prices)
    progress(Stage.PLACING)
    return settle(problem, reckoned, _lean(problem, after), cancelled), reckoned


def _lean(problem: Problem, after: Plan | None) -> Floats:
    """Chance between equals, and a liking for what was planned before."""
    top = float(np.abs(problem.loans).max(initial=0.0))
    lean = NOISE * top * np.random.default_rng(problem.world.seed).random(problem.size)
    if after is None:
        return lean
    old, new = after.lines, problem.world
    groups = _renumbered(old.world.groups, new.groups)
    sites = _renumbered(old.world.sites.ids, new.sites.ids)
    at = old.target != LIBRARY
    group, site, count = groups[old.group[at]], sites[old.target[at]], old.count[at]
    known = (group >= 0) & (site >= 0)
    width = max(problem.sites, 1)
    keys = problem.arc_group * width + problem.arc_site
    wanted = group[known] * width + site[known]
    if not len(keys) or not len(wanted):
        return lean
    arc = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found = keys[arc] == wanted
    kept = np.bincount(arc[found], weights=count[known][found], minlength=len(keys)) - problem.pinned
    first = np.searchsorted(problem.arc, np.arange(len(keys)))
    nth = np.arange(problem.size) - first[problem.arc]
    return lean + KEEP * top * (nth < kept[problem.arc])


def _renumbered(old: tuple[str, ...], new: tuple[str, ...]) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    if old == new:
        return np.arange(len(old))
    numbers = {name: number for number, name in enumerate(new)}
    return np.array([numbers.get(name, -1) for name in old], np.int64)


def _written(draft: Draft, reckoned: Reckoned, progress: Callable[[Stage], None]) -> Plan:
    progress(Stage.WRITING)
    p = draft.problem
    taken = draft.taken()
    over = np.maximum(p.least - draft.shown, 0) + np.maximum(draft.shown - p.most, 0)
    served = float((p.value - p.loans) @ taken)
    pinned = float(p.arc_pinned_loans.sum())
    return Plan(
        lines=lines(draft),
        expected_loans=pinned + float(p.loans @ taken),
        moves=draft.moves + p.pinned_moves,
        handling=p.handling * (draft.moves + p.pinned_moves),
        penalties=float(p.price @ over),
        bound=reckoned.bound - served + pinned - p.handling * p.pinned_moves,
        scarce=scarce(draft, reckoned),
        missed=missed(draft, reckoned),
    )
