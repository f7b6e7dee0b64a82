"""From prices to a plan that keeps every limit, in whole copies."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hub.restock.planner.draft import Draft
from hub.restock.planner.flow import flow
from hub.restock.planner.polish import polish
from hub.restock.planner.prices import Prices, Reckoned
from hub.restock.planner.problem import Problem
from hub.restock.planner.relaxed import Cancelled
from hub.restock.planner.world import Floats

NEAR = 0.3
"""Columns are left out of the flow that are worth so much less than they cost, as a share of a usual column's worth."""
STEPS = 60
"""Prices of broken limits rise so often at most; the last rise is far beyond any column's worth."""


def settle(problem: Problem, reckoned: Reckoned, lean: Floats, cancelled: Callable[[], bool]) -> Draft:
    """A draft that breaks nothing; `lean` is what each column is preferred by, little beside its worth.

    Raises Cancelled.
    """
    p = problem
    usual = float(np.quantile(p.value[p.value > 0], 0.9)) if (p.value > 0).any() else 1.0
    spare = reckoned.spare
    kept = np.flatnonzero((spare > -NEAR * usual) | ~p.arriving)
    rise = 0.0005 * usual
    raised = reckoned.prices
    for _ in range(STEPS):
        if cancelled():
            raise Cancelled
        taken = flow(p, raised, lean, kept)
        draft = Draft(p, np.bincount(p.arc[taken], minlength=len(p.arc_group)))
        if draft.broken():
            _trim(draft, spare)
        if not draft.broken():
            return polish(draft, spare, reckoned.bound)
        raised = _dearer(draft, raised, rise)
        rise *= 2
    raise ArithmeticError("no plan was found that keeps the limits, though there is one")


def _dearer(draft: Draft, prices: Prices, rise: float) -> Prices:
    p = draft.problem
    return replace(
        prices,
        van_in=prices.van_in + rise * (draft.van_in > p.van_in),
        van_out=prices.van_out + rise * (draft.van_out > p.van_out),
        moves=prices.moves + rise * (draft.moves > p.moves),
    )


def _trim(draft: Draft, spare: Floats) -> None:
    """Leaves out the arrivals that bring least, where that is all it takes; up to a twentieth of them."""
    p = draft.problem
    arcs = np.flatnonzero(draft.count > draft.stays)
    weak = arcs[np.argsort(spare[draft.first[arcs] + draft.count[arcs] - 1], kind="stable")]
    excess = max(draft.moves - p.moves, 0) + int(np.maximum(draft.van_in - p.van_in, 0).sum())
    if excess > max(10, len(arcs) // 20) or (draft.van_out > p.van_out).any():
        return
    for arc in weak.tolist():
        van = int(p.van[p.arc_site[arc]])
        full = van >= 0 and draft.van_in[van] > p.van_in[van]
        group = int(p.arc_group[arc])
        spares = draft.moves > p.moves and draft.placed[group] > p.at_sites[group]
        if full or spares:
            draft.step(arc, -1)
        elif draft.moves <= p.moves and not (draft.van_in > p.van_in).any():
            return
