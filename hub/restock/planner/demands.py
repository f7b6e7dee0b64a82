"""Hard demands that contradict each other: said which, where and by how much, before anything is planned."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from hub.restock.planner.problem import Problem
from hub.restock.planner.world import LIBRARY, Ints, total


class Reason(StrEnum):
    """Why no plan can keep to what was asked."""

    NOT_THERE = "not_there"
    """More copies pinned to leave or stay at a place than are there."""
    BARRED = "barred"
    """Copies pinned to a site that their group is barred from."""
    SITE_FULL = "site_full"
    """More copies pinned to a site than it may hold."""
    ARRIVALS = "arrivals"
    """More copies pinned to be set down at a site than may arrive there."""
    VAN_IN = "van_in"
    """More copies pinned to be set down by a van than it carries."""
    VAN_OUT = "van_out"
    """More copies that must leave a van's sites than it carries."""
    MOVES = "moves"
    """More transfers that can't be left out than a run may have."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One demand that can't be met."""

    reason: Reason
    wanted: int
    possible: int
    group: str | None = None
    place: str | None = None
    """The site; None with NOT_THERE for the library."""
    van: str | None = None

    def __str__(self) -> str:
        """One sentence that says what to change."""
        where = self.place or "the library"
        return {
            Reason.NOT_THERE: f"{self.wanted} copies of {self.group} are pinned at {where}, but {self.possible} are",
            Reason.BARRED: f"{self.wanted} copies of {self.group} are pinned to {where}, which it is barred from",
            Reason.SITE_FULL: f"{self.wanted} copies are pinned to {where}, which holds {self.possible}",
            Reason.ARRIVALS: f"{self.wanted} copies are pinned to arrive at {where}, where {self.possible} may",
            Reason.VAN_IN: f"{self.wanted} copies are pinned to come by {self.van}, which carries {self.possible}",
            Reason.VAN_OUT: f"{self.wanted} copies must leave by {self.van}, which carries {self.possible}",
            Reason.MOVES: f"{self.wanted} transfers can't be left out, but the run may have {self.possible}",
        }[self.reason]


class Infeasible(Exception):
    """No plan keeps to all that must hold; `refusals` says what stands against it."""

    def __init__(self, refusals: tuple[Refusal, ...]) -> None:
        """Takes what can't be met."""
        super().__init__("; ".join(str(refusal) for refusal in refusals))
        self.refusals = refusals

    def __reduce__(self) -> "tuple[type[Infeasible], tuple[tuple[Refusal, ...]]]":
        """For those made in another process."""
        return Infeasible, (self.refusals,)


def check(problem: Problem) -> None:
    """Raises Infeasible where no plan exists. Where it doesn't, one does: carry out the pins and what must leave."""
    p, world = problem, problem.world
    sites, vans, groups = world.sites, world.vans, world.groups
    pins = world.pins
    found: list[Refusal] = []
    for arc in np.flatnonzero(p.there < 0).tolist():
        group, site = int(p.arc_group[arc]), int(p.arc_site[arc])
        wanted = int(pins.count[(pins.group == group) & (pins.origin == site)].sum())
        found.append(Refusal(Reason.NOT_THERE, wanted, wanted + int(p.there[arc]), groups[group], sites.ids[site]))
    for group in np.flatnonzero(p.at_library < 0).tolist():
        wanted = int(pins.count[(pins.group == group) & (pins.origin == LIBRARY)].sum())
        found.append(Refusal(Reason.NOT_THERE, wanted, wanted + int(p.at_library[group]), groups[group]))
    barred = np.isin(p.arc_group * len(sites) + p.arc_site, world.barred.group * len(sites) + world.barred.site)
    for arc in np.flatnonzero(barred & (p.pinned > 0)).tolist():
        found.append(
            Refusal(Reason.BARRED, int(p.pinned[arc]), 0, groups[p.arc_group[arc]], sites.ids[p.arc_site[arc]])
        )
    for reason, left, limit in (
        (Reason.SITE_FULL, p.capacity, sites.capacity),
        (Reason.ARRIVALS, p.arrivals, sites.arrivals),
    ):
        for site in np.flatnonzero(left < 0).tolist():
            most = int(limit[site])
            found.append(Refusal(reason, most - int(left[site]), most, place=sites.ids[site]))
    for van in np.flatnonzero(p.van_in < 0).tolist():
        most = int(vans.capacity[van])
        found.append(Refusal(Reason.VAN_IN, most - int(p.van_in[van]), most, van=vans.ids[van]))
    leaving, held = _leaving(p, barred)
    called = p.van >= 0
    out = total(p.van[called], (leaving - held)[called], len(vans))
    for van in np.flatnonzero(out > p.van_out).tolist():
        most = int(vans.capacity[van])
        found.append(Refusal(Reason.VAN_OUT, most + int(out[van] - p.van_out[van]), most, van=vans.ids[van]))
    if leaving.sum() > p.moves:
        most = int(p.moves) + p.pinned_moves
        found.append(Refusal(Reason.MOVES, int(leaving.sum()) + p.pinned_moves, most))
    if found:
        raise Infeasible(tuple(found))


def _leaving(p: Problem, barred: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> tuple[Ints, Ints]:
    """By site, how many free copies can't stay there, and how many are there."""
    there = np.maximum(p.there, 0)
    held = total(p.arc_site, there, p.sites)
    gone = total(p.arc_site[barred], there[barred], p.sites)
    return np.maximum(gone, held - np.maximum(p.capacity, 0)), held
