"""What a forecast learns from: how long each title stood on each shelf and what became of it, as columns of numbers.

Titles, sites and topics are numbered by whoever asks; days are counted from any day, as long as it is always the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from hub.restock.planner.world import BadWorld, Columns, Floats, Ints, floats, ints


class Exposure(NamedTuple):
    """One title at one site over one stretch of time: a cycle, or less where it came or left in between."""

    title: int
    site: int
    begin: int
    """The day it begins on."""
    end: int
    """The first day after it. What is planned on a day learns only from stretches that ended by then."""
    days: float
    """Days on which at least one copy stood on the shelf. Time when all were out on loan doesn't count, for then nobody
    could take one; nor does a second copy beside the first, for it makes the title no easier to see."""
    loans: float
    """Times it was taken in these days."""


@dataclass(frozen=True, slots=True, eq=False)
class Exposures(Columns):
    """Many of them, as columns of what Exposure explains. Raises BadWorld for numbers that can't be meant."""

    title: Ints = field(default_factory=ints)
    site: Ints = field(default_factory=ints)
    begin: Ints = field(default_factory=ints)
    end: Ints = field(default_factory=ints)
    days: Floats = field(default_factory=floats)
    loans: Floats = field(default_factory=floats)
    _names = ("title", "site", "begin", "end", "days", "loans")
    _real = ("days", "loans")

    def __post_init__(self) -> None:
        """Sees that columns fit each other, that none of the counts is below 0 and that nothing is taken unseen."""
        Columns.__post_init__(self)
        for name in ("title", "site"):
            column = getattr(self, name)
            if column.size and column.min() < 0:
                raise BadWorld(f"Exposures.{name}: row {int(column.argmin())} is {column.min()}, below 0")
        for name in ("days", "loans"):
            wrong = np.flatnonzero(~(np.isfinite(getattr(self, name)) & (getattr(self, name) >= 0)))
            if wrong.size:
                raise BadWorld(f"Exposures.{name}: row {wrong[0]} is {getattr(self, name)[wrong[0]]}, not 0 or more")
        long = np.flatnonzero(self.days > self.end - self.begin)
        if long.size:
            row = long[0]
            begin, end = self.begin[row], self.end[row]
            raise BadWorld(f"Exposures: row {row} has {self.days[row]:g} days on the shelf between {begin} and {end}")
        unseen = np.flatnonzero((self.days == 0) & (self.loans > 0))
        if unseen.size:
            row = unseen[0]
            raise BadWorld(f"Exposures: row {row} has {self.loans[row]:g} loans in no time on the shelf")

    @classmethod
    def of(cls, rows: Iterable[Exposure]) -> "Exposures":
        """The columns of `rows`."""
        columns = list(zip(*rows, strict=True)) or [()] * 6
        title, site, begin, end = (np.asarray(column, np.int64) for column in columns[:4])
        return cls(title, site, begin, end, floats(columns[4]), floats(columns[5]))

    def before(self, until: int) -> "Exposures":
        """Those that ended by the day `until`, which isn't one of theirs; the others are left out whole."""
        over = self.end <= until
        return Exposures(*(getattr(self, name)[over] for name in self._names))


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """How many titles, sites and topics there are, and what is known of titles before anybody took one.

    Raises BadWorld for numbers that can't be meant.
    """

    titles: int
    sites: int
    topics: int = 0
    title: Ints = field(default_factory=ints)
    """With `topic`: which title has which topic, each pair once. Titles may have several topics, or none."""
    topic: Ints = field(default_factory=ints)
    popularity: Floats | None = None
    """Of each title: anything that rises with demand, as loans over the library's counter; NaN where not known."""

    def __post_init__(self) -> None:
        """Sees that every number is one of something."""
        for name, top in (("title", self.titles), ("topic", self.topics)):
            column = ints(getattr(self, name))
            object.__setattr__(self, name, column)
            if column.size and not (column.min() >= 0 and column.max() < top):
                raise BadWorld(f"Catalogue.{name}: {column.min()} to {column.max()}, but there are {top}")
        if len(self.title) != len(self.topic):
            raise BadWorld(f"Catalogue: {len(self.title)} titles for {len(self.topic)} topics")
        if self.popularity is not None:
            object.__setattr__(self, "popularity", floats(self.popularity))
            if len(floats(self.popularity)) != self.titles:
                raise BadWorld(f"Catalogue.popularity: {len(self.popularity)} numbers for {self.titles} titles")


@dataclass(frozen=True, slots=True)
class Settings:
    """What isn't learned from the data."""

    half_life: float = 180.0
    """Days after which evidence counts half."""
    fatigue: float = 0.0
    """Share of its loans that a title loses for each cycle it sat at a site untaken, 0 to below 1."""
    rest: float = 28.0
    """Days away from a shelf after which it is as new to the readers there."""
    cycle: float = 7.0
    """Days from one restock to the next: the stretches in which busy and quiet weeks are told apart."""
    rate: float = 0.01
    """Loans a day of a title on a shelf that are expected while nothing was seen at all."""

    def __post_init__(self) -> None:
        """Sees that each is a number that can be meant."""
        for name in ("half_life", "rest", "cycle", "rate"):
            if not getattr(self, name) > 0:
                raise BadWorld(f"Settings.{name}: {getattr(self, name)} is not above 0")
        if not 0 <= self.fatigue < 1:
            raise BadWorld(f"Settings.fatigue: {self.fatigue} is not 0 or more and below 1")


DEFAULT = Settings()
