"""Makes a draft better where room was left, and where prices hardly tell columns apart."""

import numpy as np

from hub.restock.planner.draft import Draft
from hub.restock.planner.relaxed import EXACT, whole
from hub.restock.planner.world import Floats

UNDECIDED = 2_000
"""Columns weighed anew: those whose price is nearest to what they bring."""
GAP = 2e-4
"""Share of the bound that isn't worth weighing them for."""
TRIES, SHARE = 5_000, 40
"""Copies tried for room that was left: at least so many, and one of so many columns."""


def polish(draft: Draft, spare: Floats, most: float) -> Draft:
    """A draft no worse that still breaks nothing.

    `spare` is what each column leaves beyond all prices and `most` the bound; a world of up to EXACT columns has its
    undecided ones weighed in whole copies against each other.
    """
    p = draft.problem
    if not p.size or most - draft.worth() <= GAP * abs(most):
        return draft
    _fill(draft, spare)
    if p.size > EXACT:
        return draft
    near = np.abs(spare)
    many = min(UNDECIDED, p.size)
    free = near <= np.partition(near, many - 1)[many - 1]
    better = whole(p, free, draft.taken() > 0)
    if better is None:
        return draft
    other = Draft(p, np.bincount(p.arc[better], minlength=len(p.arc_group)))
    return other if not other.broken() and other.worth() > draft.worth() else draft


def _fill(draft: Draft, spare: Floats) -> None:
    """Adds copies that pay and fit, most promising first."""
    p = draft.problem
    arcs = np.flatnonzero(draft.count < draft.many)
    promise = spare[draft.first[arcs] + draft.count[arcs]]
    for arc in arcs[np.argsort(-promise, kind="stable")][: max(TRIES, p.size // SHARE)].tolist():
        draft.attempt((arc,), (), 1e-9)
