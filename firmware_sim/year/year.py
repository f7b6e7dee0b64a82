"""Lives a year: readers come, take and bring back; once a week a policy says what goes where."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from firmware_sim.year.readers import LIBRARY, OUT, Floats, Ints, Scale, Town

WEEK = 7
STALE = 60
"""Days on sites' shelves without being taken after which a copy counts as stale."""
SETTLED = 13
"""Weeks before stale shelves are counted: none can be stale at first."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What a librarian can know on the day of a restock, before the doors open."""

    day: int
    scale: Scale
    topics: Floats
    """Title × topic."""
    popularity: Floats
    """By title; NaN where not known."""
    copy_title: Ints
    place: Ints
    """By copy: a site, LIBRARY or OUT."""
    since: Ints
    """By copy: the day it was set down where it is, or came back there."""
    title: Ints
    """With `site`, `begin`, `days` and `loans`: each title that stood at a site in a week, oldest first."""
    site: Ints
    begin: Ints
    days: Floats
    loans: Floats
    moves: int
    """Transfers that a policy may make this week."""


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """Copies and where each goes: a site or LIBRARY. Each is one transfer."""

    copy: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    target: Ints = field(default_factory=lambda: np.zeros(0, np.int64))


Policy = Callable[[View], Moves]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What came of a year."""

    loans: int
    moves: int
    stale: float
    """Share of the copies on sites' shelves that stood there, or at other sites, for STALE days untaken; a mean."""
    weekly_loans: Ints
    weekly_moves: Ints
    view: View
    """What is known at the year's end."""


def live(town: Town, policy: Policy, moves: int | None = None) -> Outcome:
    """A year under a policy, with at most so many transfers a week; raises ValueError when it breaks a rule."""
    year = _Year(town)
    stale, weekly_loans, weekly_moves = [], [], []
    for week in range(town.scale.weeks):
        weekly_moves.append(year.restock(policy(year.view(moves)), moves))
        weekly_loans.append(year.week())
        if week >= SETTLED:
            stale.append(year.stale())
    return Outcome(
        sum(weekly_loans),
        sum(weekly_moves),
        float(np.mean(stale)) if stale else 0.0,
        np.array(weekly_loans),
        np.array(weekly_moves),
        year.view(moves),
    )


class _Year:
    def __init__(self, town: Town) -> None:
        self._town, self._scale, self._day = town, town.scale, 0
        self._chance = np.random.default_rng([town.seed, 1])
        self._place, self._since = town.start.copy(), np.zeros(len(town.start), np.int64)
        self._untaken = np.zeros(len(town.start))
        titles, readers = len(town.topics), len(town.home)
        self._seen = np.zeros((readers, titles), np.int16)
        self._read = np.zeros((readers, titles), bool)
        self._bags: list[list[tuple[int, int]]] = [[] for _ in range(readers)]
        self._weeks: list[Floats] = []

    def view(self, moves: int | None) -> View:
        town = self._town
        weeks = self._weeks or [np.zeros((0, 5))]
        title, site, begin, days, loans = np.concatenate(weeks).T
        allowed = len(self._place) if moves is None else moves
        return View(
            self._day, self._scale, town.topics, town.popularity, town.copy_title, self._place.copy(),
            self._since.copy(), title.astype(int), site.astype(int), begin.astype(int), days, loans, allowed,
        )  # fmt: skip

    def restock(self, moves: Moves, allowed: int | None) -> int:
        """Carries the moves out; answers how many there were."""
        copy, target = moves.copy, moves.target
        if len(np.unique(copy)) < len(copy) or (self._place[copy] == OUT).any():
            raise ValueError(f"day {self._day}: a copy is moved twice, or while somebody has it")
        if ((target < LIBRARY) | (target >= self._scale.sites) | (target == self._place[copy])).any():
            raise ValueError(f"day {self._day}: a copy is moved to nowhere, or to where it is")
        if allowed is not None and len(copy) > allowed:
            raise ValueError(f"day {self._day}: {len(copy)} moves, but {allowed} are allowed")
        self._place[copy], self._since[copy] = target, self._day
        there = np.bincount(self._place[self._place >= 0], minlength=self._scale.sites)
        crowded = np.flatnonzero((there > self._scale.capacity) & np.isin(np.arange(self._scale.sites), target))
        if len(crowded):
            raise ValueError(f"day {self._day}: {there[crowded[0]]} copies at site {crowded[0]}")
        return len(copy)

    def week(self) -> int:
        """Seven days; answers the loans."""
        sites, titles = self._scale.sites, len(self._town.topics)
        days, loans = np.zeros((sites, titles)), np.zeros((sites, titles))
        busy = self._chance.gamma(12.0, 1 / 12, sites)
        begin = self._day
        for _ in range(WEEK):
            shelved = self._place >= 0
            seen = np.zeros((sites, titles), bool)
            seen[self._place[shelved], self._town.copy_title[shelved]] = True
            self._untaken[shelved] += 1
            taken = self._one_day(busy)
            for site, title in taken:
                loans[site, title] += 1
                seen[site, title] = True
            days += seen
            self._day += 1
        where, what = np.nonzero(days)
        self._weeks.append(
            np.column_stack([what, where, np.full(len(what), begin), days[where, what], loans[where, what]])
        )
        return int(loans.sum())

    def stale(self) -> float:
        shelved = self._place >= 0
        return float((self._untaken[shelved] >= STALE).mean()) if shelved.any() else 0.0

    def _one_day(self, busy: Floats) -> list[tuple[int, int]]:
        """Everybody who comes today, one after the other; answers what was taken where."""
        town, taken = self._town, []
        carrying = np.array([any(until <= self._day for _, until in bag) for bag in self._bags])
        comes = self._chance.random(len(town.home)) < np.minimum(
            town.often * busy[town.home] * np.where(carrying, 3.0, 1.0), 0.9
        )
        for reader in self._chance.permutation(np.flatnonzero(comes)):
            away = self._chance.random() < self._scale.elsewhere
            site = int(self._chance.integers(self._scale.sites)) if away else int(town.home[reader])
            self._bring_back(int(reader), site)
            taken += [(site, title) for title in self._choose(int(reader), site)]
        return taken

    def _bring_back(self, reader: int, site: int) -> None:
        bag = self._bags[reader]
        for copy, until in bag:
            if until <= self._day:
                self._place[copy], self._since[copy] = site, self._day
        self._bags[reader] = [held for held in bag if held[1] > self._day]

    def _choose(self, reader: int, site: int) -> list[int]:
        """Takes one title after the other while something attracts more than leaving does."""
        scale, town, chosen = self._scale, self._town, []
        copies = np.flatnonzero(self._place == site)
        names = town.copy_title[copies]
        drawn = town.liking[reader, names] * (1 - scale.tired) ** self._seen[reader, names]
        drawn = np.where(self._read[reader, names], 0.0, drawn)
        while len(self._bags[reader]) < scale.hold:
            total = drawn.sum()
            if not self._chance.random() < total / (total + scale.picky * scale.fill):
                break
            at = int(np.searchsorted(np.cumsum(drawn), self._chance.random() * total))
            copy, title = int(copies[min(at, len(copies) - 1)]), int(names[min(at, len(copies) - 1)])
            out = max(2, round(self._chance.gamma(6.0, scale.loan_days / 6)))
            self._bags[reader].append((copy, self._day + out))
            self._place[copy], self._untaken[copy] = OUT, 0
            self._read[reader, title] = True
            drawn = np.where(names == title, 0.0, drawn)
            chosen.append(title)
        self._seen[reader, np.unique(names)] += 1
        return chosen
