"""Which copies go from where to where, once it is known how many of a group end up at each site."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

import numpy as np

from hub.restock.planner.draft import Draft
from hub.restock.planner.problem import Bools, Problem
from hub.restock.planner.world import LIBRARY, Floats, Ints, World

Column = TypeVar("Column", Ints, Floats)


class Kind(IntEnum):
    """What happens to the copies of a line."""

    STAY = 0
    BRING = 1
    """From the library to a site."""
    HOME = 2
    """From a site to the library."""
    MOVE_ON = 3
    """From one site to another."""


@dataclass(frozen=True, slots=True)
class Line:
    """Copies of one group that do the same."""

    group: str
    origin: str | None
    """A site; None for the library."""
    target: str | None
    count: int
    kind: Kind
    loans: float
    """What these copies are expected to be lent at the target over the next cycle; 0 at the library."""
    forgone: float
    """What they would have been lent where they were; 0 for those that stay or were at the library."""
    pinned: bool


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Every line of a plan, as columns; iterate, or index, for Line. Sites and groups are the world's numbers."""

    world: World
    group: Ints
    origin: Ints
    target: Ints
    count: Ints
    loans: Floats
    forgone: Floats
    pinned: Bools

    @property
    def kind(self) -> Ints:
        """A Kind for each line."""
        home, bring = self.target == LIBRARY, self.origin == LIBRARY
        kinds = [Kind.STAY, Kind.HOME, Kind.BRING]
        return np.select([self.origin == self.target, home, bring], [int(k) for k in kinds], int(Kind.MOVE_ON))

    def __len__(self) -> int:
        return len(self.group)

    def __getitem__(self, row: int) -> Line:
        sites = self.world.sites.ids
        origin, target = int(self.origin[row]), int(self.target[row])
        kind = (
            Kind.STAY if origin == target else Kind.HOME if target < 0 else Kind.BRING if origin < 0 else Kind.MOVE_ON
        )
        return Line(
            self.world.groups[self.group[row]],
            sites[origin] if origin >= 0 else None,
            sites[target] if target >= 0 else None,
            int(self.count[row]),
            kind,
            float(self.loans[row]),
            float(self.forgone[row]),
            bool(self.pinned[row]),
        )

    def __iter__(self) -> Iterator[Line]:
        return (self[row] for row in range(len(self)))


def lines(draft: Draft) -> Lines:
    """The lines of a draft, pinned ones first, then by group: copies that move on do so within a van where they can."""
    p, pins = draft.problem, draft.problem.world.pins
    held = np.minimum(draft.count, draft.stays)
    gone = np.maximum(p.there, 0) - held
    come = np.maximum(draft.count - draft.stays, 0)
    sums = np.concatenate([[0.0], np.cumsum(p.loans)])
    first = draft.first
    staying = np.flatnonzero(held)
    stay_loans = sums[first[staying] + held[staying]] - sums[first[staying]]

    out, into = _each(p, gone), _each(p, come)
    group, origin, target = _met(p, out, into)
    begins = first + draft.stays
    fresh = sums[begins + come] - sums[begins]
    each_in = np.where(come > 0, fresh / np.maximum(come, 1), 0.0)
    lost = sums[first + draft.stays] - sums[first + held]
    each_out = np.where(gone > 0, lost / np.maximum(gone, 1), 0.0)
    sites = max(p.sites, 1)
    keys = p.arc_group * sites + p.arc_site

    def read(values: Floats, place: Ints) -> Floats:
        if not len(keys):
            return np.zeros(len(place))
        at = np.minimum(np.searchsorted(keys, group * sites + place), len(keys) - 1)
        return np.where(place >= 0, values[at], 0.0)

    packed = (group * (sites + 1) + origin + 1) * (sites + 1) + target + 1
    _, at, many = np.unique(packed, return_index=True, return_counts=True)
    loans, forgone = read(each_in, target), read(each_out, origin)
    order = np.argsort(np.concatenate([p.arc_group[staying], group[at]]), kind="stable")

    def joined(pinned: Column, kept: Column, moved: Column) -> Column:
        found: Column = np.concatenate([pinned, np.concatenate([kept, moved])[order]])
        return found

    return Lines(
        p.world,
        joined(pins.group, p.arc_group[staying], group[at]),
        joined(pins.origin, p.arc_site[staying], origin[at]),
        joined(pins.target, p.arc_site[staying], target[at]),
        joined(pins.count, held[staying], many),
        joined(_pinned_loans(p), stay_loans, loans[at] * many),
        joined(np.zeros(len(pins)), np.zeros(len(staying)), forgone[at] * many),
        np.arange(len(pins) + len(order)) < len(pins),
    )


def _each(p: Problem, count: Ints) -> Ints:
    """The arc of each single copy, by group, then van, then site."""
    arcs = np.repeat(np.arange(len(count)), count)
    van = p.van[p.arc_site[arcs]]
    found: Ints = arcs[np.lexsort((p.arc_site[arcs], van, p.arc_group[arcs]))]
    return found


def _met(p: Problem, out: Ints, into: Ints) -> tuple[Ints, Ints, Ints]:
    """Copies leaving sites meet copies wanted at others, one by one within a group; the rest is the library's."""
    groups = len(p.at_sites)
    nth_out, nth_in = _nth(p.arc_group[out], groups), _nth(p.arc_group[into], groups)
    most = int(max(nth_out.max(initial=0), nth_in.max(initial=0))) + 1
    key_out, key_in = p.arc_group[out] * most + nth_out, p.arc_group[into] * most + nth_in
    keys = np.union1d(key_out, key_in)
    origin, target = np.full(len(keys), LIBRARY), np.full(len(keys), LIBRARY)
    origin[np.searchsorted(keys, key_out)] = p.arc_site[out]
    target[np.searchsorted(keys, key_in)] = p.arc_site[into]
    return keys // most, origin, target


def _nth(groups: Ints, size: int) -> Ints:
    return np.arange(len(groups)) - np.searchsorted(groups, np.arange(size))[groups]


def _pinned_loans(p: Problem) -> Floats:
    """What pinned copies are expected to be lent: an even share of all those pinned to the same site."""
    pins = p.world.pins
    sites = max(p.sites, 1)
    keys = p.arc_group * sites + p.arc_site
    if not len(pins) or not len(keys):
        return np.zeros(len(pins))
    at = np.minimum(np.searchsorted(keys, pins.group * sites + pins.target), len(keys) - 1)
    share = p.arc_pinned_loans[at] / np.maximum(p.pinned[at], 1)
    return np.where(pins.target >= 0, share * pins.count, 0.0)
