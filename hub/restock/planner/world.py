"""What a plan is made from: sites, stock, expected loans, themes, promises and limits, as columns of numbers.

Sites, groups, themes and vans are numbered by their place in the tuple of their ids; every column of numbers says which
of these it counts. A group is the copies that can stand for each other: one title in one condition.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LIBRARY = -1
"""The place that isn't a site: the library that copies come from and go home to."""
NO_VAN = -1
"""The van of a site that none counts places for."""
UNLIMITED = 2**31
"""As many as anyone likes."""


class BadWorld(ValueError):
    """Something that a plan was to be made from can't be: says what and where."""


def ints(values: ArrayLike = ()) -> Ints:
    """A column of whole numbers; raises BadWorld where they aren't."""
    column = np.asarray(values)
    if column.size and column.dtype.kind not in "iu":
        raise BadWorld(f"whole numbers were expected, not {column.dtype}")
    return np.ascontiguousarray(column, np.int64)


def floats(values: ArrayLike = ()) -> Floats:
    """A column of numbers."""
    return np.ascontiguousarray(values, np.float64)


class Columns:
    """Makes arrays of the columns a caller gave as lists, and sees that they are equally long."""

    _real: tuple[str, ...] = ()
    _names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises BadWorld where the columns don't fit each other."""
        for name in self._names:
            given: Any = getattr(self, name)
            try:
                column = floats(given) if name in self._real else ints(given)
            except BadWorld as error:
                raise BadWorld(f"{type(self).__name__}.{name}: {error}") from None
            object.__setattr__(self, name, column)
        lengths = {name: len(getattr(self, name)) for name in self._names}
        if len(set(lengths.values())) > 1:
            raise BadWorld(f"{type(self).__name__}: columns of different lengths, {lengths}")

    def __len__(self) -> int:
        return len(getattr(self, self._names[0]))


@dataclass(frozen=True, slots=True, eq=False)
class Sites(Columns):
    """Every site that may be planned for."""

    ids: tuple[str, ...]
    capacity: Ints
    """Copies each may hold after the run, places kept for books on their way already taken off."""
    arrivals: Ints
    """Copies that may be set down at each in this run; UNLIMITED for any number."""
    van: Ints
    """Which van calls at each: a number of World.vans, or NO_VAN."""
    _names = ("capacity", "arrivals", "van")


@dataclass(frozen=True, slots=True, eq=False)
class Vans(Columns):
    """What the vans of this run carry. A van may set down at most `capacity` copies and pick up as many."""

    ids: tuple[str, ...] = ()
    capacity: Ints = field(default_factory=ints)
    _names = ("capacity",)


@dataclass(frozen=True, slots=True, eq=False)
class Stock(Columns):
    """Copies that can be counted on, by group and place; those lent, missing or undecided aren't among them."""

    group: Ints
    place: Ints
    """A site's number or LIBRARY."""
    count: Ints
    _names = ("group", "place", "count")


@dataclass(frozen=True, slots=True, eq=False)
class Candidates(Columns):
    """Where a group may be brought, and what it would bring there over the next cycle.

    A group is brought to other sites only for a reservation, and never more copies of it than a row has numbers.
    """

    group: Ints
    site: Ints
    loans: Floats
    """Expected loans of the first, second, … copy: one row each, falling from left to right."""
    stale: Ints | None = None
    """Cycles that the group has sat there untaken; none by default."""
    _names = ("group", "site", "loans", "stale")
    _real = ("loans",)

    def __post_init__(self) -> None:
        """Raises BadWorld where the columns don't fit each other."""
        if self.stale is None:
            object.__setattr__(self, "stale", np.zeros(len(self.group), np.int64))
        Columns.__post_init__(self)
        if self.loans.ndim == 1:
            object.__setattr__(self, "loans", self.loans.reshape(len(self), -1) if len(self) else np.zeros((0, 1)))


@dataclass(frozen=True, slots=True, eq=False)
class Themes(Columns):
    """Which groups belong to which theme."""

    ids: tuple[str, ...] = ()
    theme: Ints = field(default_factory=ints)
    group: Ints = field(default_factory=ints)
    _names = ("theme", "group")


@dataclass(frozen=True, slots=True, eq=False)
class Demands(Columns):
    """How many copies of a theme a site shall have; soft, at a price in loans for each copy too few or too many."""

    theme: Ints = field(default_factory=ints)
    site: Ints = field(default_factory=ints)
    least: Ints = field(default_factory=ints)
    most: Ints = field(default_factory=ints)
    """UNLIMITED for any number."""
    price: Floats = field(default_factory=floats)
    _names = ("theme", "site", "least", "most", "price")
    _real = ("price",)


@dataclass(frozen=True, slots=True, eq=False)
class Reservations(Columns):
    """Copies of a group that patrons wait for at a site: served before anything else is weighed."""

    group: Ints = field(default_factory=ints)
    site: Ints = field(default_factory=ints)
    count: Ints = field(default_factory=ints)
    _names = ("group", "site", "count")


@dataclass(frozen=True, slots=True, eq=False)
class Pairs(Columns):
    """Groups and sites that have something to do with each other."""

    group: Ints = field(default_factory=ints)
    site: Ints = field(default_factory=ints)
    _names = ("group", "site")


@dataclass(frozen=True, slots=True, eq=False)
class Pins(Columns):
    """Decisions already made, by a librarian's edit or because the copies are picked: they stay in every plan."""

    group: Ints = field(default_factory=ints)
    origin: Ints = field(default_factory=ints)
    """A site's number or LIBRARY: where the copies are now."""
    target: Ints = field(default_factory=ints)
    """Where they go; the same as `origin` for copies that must not move."""
    count: Ints = field(default_factory=ints)
    _names = ("group", "origin", "target", "count")


@dataclass(frozen=True, slots=True)
class Limits:
    """What holds for a run as a whole."""

    moves: int | None = None
    """Transfers in all, of any kind; None for any number."""
    handling: float = 0.0
    """What one transfer costs, in loans."""
    fatigue: float = 0.0
    """Share of its expected loans that a group loses for each cycle it sat at a site untaken, 0 to 1."""


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Everything that a plan depends on. Raises BadWorld for numbers that can't be meant."""

    sites: Sites
    groups: tuple[str, ...]
    stock: Stock
    candidates: Candidates
    vans: Vans = field(default_factory=Vans)
    themes: Themes = field(default_factory=Themes)
    demands: Demands = field(default_factory=Demands)
    reservations: Reservations = field(default_factory=Reservations)
    cooling: Pairs = field(default_factory=Pairs)
    """Groups that may not be brought to a site yet; what is there may stay."""
    barred: Pairs = field(default_factory=Pairs)
    """Groups that may not be at a site at all, by a librarian's edit: what is there leaves."""
    pins: Pins = field(default_factory=Pins)
    limits: Limits = field(default_factory=Limits)
    seed: int = 0
    """Which of equally good plans is made."""

    def __post_init__(self) -> None:
        """Sees that every number is one of something and every count one that can be."""
        sites, groups = len(self.sites.ids), len(self.groups)
        _fits("sites.ids", sites, len(self.sites))
        _fits("vans.ids", len(self.vans.ids), len(self.vans))
        _within("sites.van", self.sites.van, NO_VAN, len(self.vans))
        for name, top in (("theme", len(self.themes.ids)), ("group", groups)):
            _within(f"themes.{name}", getattr(self.themes, name), 0, top)
        _within("demands.theme", self.demands.theme, 0, len(self.themes.ids))
        for part in ("stock", "candidates", "reservations", "cooling", "barred", "pins"):
            _within(f"{part}.group", getattr(self, part).group, 0, groups)
        for part in ("candidates", "demands", "reservations", "cooling", "barred"):
            _within(f"{part}.site", getattr(self, part).site, 0, sites)
        for name, column in (
            ("stock.place", self.stock.place),
            ("pins.origin", self.pins.origin),
            ("pins.target", self.pins.target),
        ):
            _within(name, column, LIBRARY, sites)
        for name in ("sites.capacity", "sites.arrivals", "vans.capacity", "stock.count", "candidates.stale"):
            _within(name, _column(self, name), 0, UNLIMITED + 1)
        for name in ("demands.least", "demands.most", "reservations.count", "pins.count"):
            _within(name, _column(self, name), 0, UNLIMITED + 1)
        self._see_prices()
        _once("candidates", self.candidates.group, self.candidates.site)
        _once("demands", self.demands.theme, self.demands.site)

    def _see_prices(self) -> None:
        loans, demands, limits = self.candidates.loans, self.demands, self.limits
        if loans.ndim != 2:
            raise BadWorld("candidates.loans: one row of numbers a candidate was expected")
        _sound("candidates.loans", loans)
        rising = np.flatnonzero((np.diff(loans, axis=1) > 1e-9).any(axis=1))
        if rising.size:
            raise BadWorld(
                f"candidates.loans: row {rising[0]} rises; another copy can't bring more than the one before"
            )
        _sound("demands.price", demands.price)
        over = np.flatnonzero(demands.least > demands.most)
        if over.size:
            row = over[0]
            raise BadWorld(f"demands: row {row} wants at least {demands.least[row]} but at most {demands.most[row]}")
        if limits.moves is not None and limits.moves < 0:
            raise BadWorld(f"limits.moves: {limits.moves} is below 0")
        if not (np.isfinite(limits.handling) and limits.handling >= 0):
            raise BadWorld(f"limits.handling: {limits.handling} is not 0 or more")
        if not 0 <= limits.fatigue <= 1:
            raise BadWorld(f"limits.fatigue: {limits.fatigue} is not between 0 and 1")


def _column(world: World, name: str) -> Ints:
    part, column = name.split(".")
    found: Ints = getattr(getattr(world, part), column)
    return found


def _fits(name: str, there: int, expected: int) -> None:
    if there != expected:
        raise BadWorld(f"{name}: {there} ids for {expected} rows")


def _within(name: str, column: Ints, low: int, top: int) -> None:
    wrong = np.flatnonzero((column < low) | (column >= top))
    if wrong.size:
        raise BadWorld(f"{name}: row {wrong[0]} is {column[wrong[0]]}, not between {low} and {top - 1}")


def _sound(name: str, column: Floats) -> None:
    wrong = np.argwhere(~(np.isfinite(column) & (column >= 0)))
    if wrong.size:
        raise BadWorld(f"{name}: row {wrong[0][0]} is {column[tuple(wrong[0])]}, not 0 or more")


def _once(name: str, first: Ints, second: Ints) -> None:
    order = np.lexsort((second, first))
    twice = np.flatnonzero((np.diff(first[order]) == 0) & (np.diff(second[order]) == 0))
    if twice.size:
        row = order[twice[0] + 1]
        raise BadWorld(f"{name}: row {row} says something of {first[row]}, {second[row]} a second time")


def total(keys: Ints, counts: Ints | Floats, size: int) -> Ints:
    """Sum of `counts` for each key from 0 to `size` - 1."""
    return np.bincount(keys, weights=np.asarray(counts, np.float64), minlength=size)[:size].astype(np.int64)
