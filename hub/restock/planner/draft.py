"""A plan being worked on: what each row still has room for, and what one copy more or less would change."""

from collections.abc import Iterable

import numpy as np

from hub.restock.planner.problem import Problem
from hub.restock.planner.world import Floats, Ints, total


class Draft:
    """Copies by arc, pinned ones left aside; the first of an arc are stays, those beyond are arrivals."""

    def __init__(self, problem: Problem, count: Ints) -> None:
        """Takes `count`, copies by arc, which may overstep rows; see `broken`."""
        p = self.problem = problem
        arcs = len(p.arc_group)
        self.count = count
        self.many = np.bincount(p.arc, minlength=arcs)
        self.first = np.cumsum(self.many) - self.many
        self.stays = total(p.arc[~p.arriving], np.ones(int((~p.arriving).sum())), arcs)
        come = np.maximum(count - self.stays, 0)
        held = np.minimum(count, self.stays)
        vans = len(p.van_in)
        called = p.van >= 0
        self.used = total(p.arc_site, count, p.sites)
        self.came = total(p.arc_site, come, p.sites)
        self.van_in = total(p.van[called], self.came[called], vans)
        self.van_out = -total(p.van[called], total(p.arc_site, held, p.sites)[called], vans)
        self.placed = total(p.arc_group, count, len(p.at_sites))
        self.moves = int(come.sum() + np.maximum(p.at_sites - self.placed, 0).sum())
        self._begins = np.searchsorted(p.member_column, np.arange(p.size + 1))
        taken = self.taken()
        self.shown = total(p.member_demand, taken[p.member_column], len(p.least))

    def taken(self) -> Floats:
        """1 for each column that is taken."""
        p = self.problem
        return (np.arange(p.size) - self.first[p.arc] < self.count[p.arc]).astype(np.float64)

    def worth(self) -> float:
        """What the plan is worth by the problem's reckoning, pinned copies left aside."""
        p = self.problem
        missed = np.maximum(p.least - self.shown, 0) + np.maximum(self.shown - p.most, 0)
        return float(p.value @ self.taken() - p.handling * self.moves - p.price @ missed)

    def broken(self) -> bool:
        """Whether any limit that must hold doesn't."""
        p = self.problem
        return bool(
            (self.used > p.capacity).any()
            or (self.came > p.arrivals).any()
            or (self.van_in > p.van_in).any()
            or (self.van_out > p.van_out).any()
            or (self.placed > p.at_sites + p.at_library).any()
            or self.moves > p.moves
        )

    def step(self, arc: int, by: int) -> float:
        """Adds a copy (`by` 1) or takes one off (-1), whatever the limits say; answers what that is worth."""
        p = self.problem
        count, group, site = self.count, int(p.arc_group[arc]), int(p.arc_site[arc])
        nth = int(count[arc]) - (by < 0)
        column = int(self.first[arc]) + nth
        gain = float(p.value[column])
        van = int(p.van[site])
        moves = 0
        self.used[site] += by
        if nth >= self.stays[arc]:
            moves += 1
            self.came[site] += by
            if van >= 0:
                self.van_in[van] += by
        elif van >= 0:
            self.van_out[van] -= by
        if int(self.placed[group]) - (by < 0) < p.at_sites[group]:
            moves -= 1
        count[arc] += by
        self.placed[group] += by
        self.moves += by * moves
        gain -= moves * p.handling
        for demand in p.member_demand[self._begins[column] : self._begins[column + 1]].tolist():
            before = int(self.shown[demand]) - (by < 0)
            if before < p.least[demand]:
                gain += float(p.price[demand])
            elif before >= p.most[demand]:
                gain -= float(p.price[demand])
            self.shown[demand] += by
        return by * gain

    def fits(self, arc: int) -> bool:
        """Whether the rows that a copy of `arc` counts for hold."""
        p = self.problem
        group, site = int(p.arc_group[arc]), int(p.arc_site[arc])
        van = int(p.van[site])
        return bool(
            self.used[site] <= p.capacity[site]
            and self.came[site] <= p.arrivals[site]
            and self.moves <= p.moves
            and self.placed[group] <= p.at_sites[group] + p.at_library[group]
            and (van < 0 or (self.van_in[van] <= p.van_in[van] and self.van_out[van] <= p.van_out[van]))
        )

    def attempt(self, more: Iterable[int], less: Iterable[int], needed: float) -> float | None:
        """Adds copies at `more` and takes them off at `less` if that fits and brings over `needed`; else undoes it."""
        steps = [*((arc, -1) for arc in less), *((arc, 1) for arc in more)]
        done: list[tuple[int, int]] = []
        gain = 0.0
        for arc, by in steps:
            at = int(self.count[arc])
            if not 0 <= at + by <= self.many[arc]:
                break
            gain += self.step(arc, by)
            done.append((arc, by))
        if len(done) == len(steps) and gain > needed and all(self.fits(arc) for arc, _ in steps):
            return gain
        for arc, by in reversed(done):
            self.step(arc, -by)
        return None
