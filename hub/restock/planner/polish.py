"""Makes a draft a little better, one small change after another, until none of those tried helps."""

from collections.abc import Callable

import numpy as np

from hub.restock.planner.draft import Draft
from hub.restock.planner.relaxed import Cancelled
from hub.restock.planner.world import Floats, Ints

LEAST = 1e-7
WEAKEST, OTHERS = 3, 3
ROUNDS, TRIES = 4, 600


def polish(draft: Draft, spare: Floats, usual: float, cancelled: Callable[[], bool]) -> None:
    """Tries copies that prices find worth having, or nearly; each alone, or in place of another.

    `spare` is what each column leaves beyond all prices, `usual` the worth of a usual column: what is a third of it
    from paying isn't tried. Raises Cancelled.
    """
    for _ in range(ROUNDS):
        if cancelled():
            raise Cancelled
        if _round(draft, spare, 0.3 * usual, TRIES) <= 1e-5 * abs(draft.worth()):
            return


def _round(draft: Draft, spare: Floats, reach: float, tries: int) -> float:
    p = draft.problem
    nexts = np.flatnonzero(draft.count < draft.many)
    promise = spare[draft.first[nexts] + draft.count[nexts]]
    order = np.argsort(-promise, kind="stable")
    order = order[promise[order] > -reach][:tries]
    lasts = np.flatnonzero(draft.count > 0)
    loss = spare[draft.first[lasts] + draft.count[lasts] - 1]
    weak = lasts[np.argsort(loss, kind="stable")]
    by_site = _lists(weak, p.arc_site, p.sites)
    by_group = _lists(weak, p.arc_group, len(p.at_sites))
    movers = weak[draft.count[weak] > draft.stays[weak]][:WEAKEST].tolist()
    gained = 0.0
    for arc in weak[: tries // 4].tolist():
        gained += draft.attempt((), (arc,), LEAST) or 0.0
    for arc in nexts[order].tolist():
        gained += _best(draft, arc, by_site, by_group, movers)
    return gained


def _best(draft: Draft, arc: int, by_site: "_Lists", by_group: "_Lists", movers: list[int]) -> float:
    """The first of a few ways to have another copy at `arc` that pays, if one does."""
    p = draft.problem
    site, group = int(p.arc_site[arc]), int(p.arc_group[arc])
    here = [(), *((other,) for other in by_site.some(site, WEAKEST) if other != arc)]
    full = draft.used[site] >= p.capacity[site]
    short = draft.placed[group] >= p.at_sites[group] + p.at_library[group]
    there = [(other,) for other in by_group.some(group, OTHERS) if other != arc]
    if not short:
        there.insert(0, ())
    tight = draft.moves >= p.moves
    gained = 0.0
    for taken in here[1:] if full else here:
        for brought in there:
            for freed in [(), *((mover,) for mover in movers if mover != arc)] if tight else [()]:
                less = dict.fromkeys((*taken, *brought, *freed))
                gain = draft.attempt((arc,), less, LEAST)
                if gain is not None:
                    return gain
    return gained


class _Lists:
    """Arcs by what they belong to, weakest first."""

    def __init__(self, arcs: Ints, begins: Ints) -> None:
        self.arcs, self.begins = arcs, begins

    def some(self, of: int, many: int) -> list[int]:
        begin, end = int(self.begins[of]), int(self.begins[of + 1])
        found: list[int] = self.arcs[begin : min(end, begin + many)].tolist()
        return found


def _lists(arcs: Ints, key: Ints, size: int) -> _Lists:
    order = np.argsort(key[arcs], kind="stable")
    return _Lists(arcs[order], np.searchsorted(key[arcs][order], np.arange(size + 1)))
