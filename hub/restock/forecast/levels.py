"""One level of the hierarchy: how much each group's counts differ from what is expected of it, shrunk to no difference.

Each group of a level (a site, a topic, a title) has a factor, gamma distributed around 1 with a shape of its own, which
is learned from how much the groups differ: the larger it is, the more alike they are.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hub.restock.planner.world import Floats, Ints

SHAPES: Floats = np.geomspace(0.1, 400.0, 37)
"""What a level's shape is chosen from."""
DOUBT = 1.0
"""How far from its default a shape is thought to be before anything was seen: standard deviation of its logarithm."""
ENOUGH = 50_000
"""Groups that a shape is learned from at most; of more, every n-th."""


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """What was learned of all groups of one level."""

    prior: float
    """Shape of the factors of groups nothing was seen of."""
    factor: Floats
    """Of each group."""
    doubt: Floats
    """Variance of each factor as a share of its square."""


@dataclass(frozen=True, slots=True, eq=False)
class Membership:
    """Which rows belong to which groups. A row may belong to several, with weights that add up to 1 or to nothing."""

    size: int
    """How many groups there are."""
    group: Ints
    row: Ints | None = None
    """Of each membership; None where row number n has membership number n and no other."""
    weight: Floats | float = 1.0

    def sums(self, values: Floats) -> Floats:
        """Sum over each group's rows."""
        if self.row is None:
            return sums(self.group, values, self.size)
        return sums(self.group, values[self.row] * self.weight, self.size)

    def spread(self, factor: Floats, rows: int) -> Floats:
        """The factor of each row: the weighted geometric mean of those of its groups."""
        if self.row is None:
            return factor[self.group]
        found: Floats = np.exp(sums(self.row, np.log(factor)[self.group] * self.weight, rows))
        return found


def sums(group: Ints, values: Floats, size: int) -> Floats:
    """Sum of the values of each group from 0 to `size` - 1."""
    return np.bincount(group, weights=values, minlength=size).astype(np.float64)


def learn(counts: Floats, expected: Floats, default: float) -> Level:
    """The level whose groups have these counts where `expected` was expected of them; both may be fractions."""
    prior = shape(counts, expected, default)
    return Level(prior, (prior + counts) / (prior + expected), 1 / (prior + counts))


def shape(counts: Floats, expected: Floats, default: float) -> float:
    """The likeliest shape of a level's factors; `default` where the counts say little.

    Marginal likelihood of negative binomial counts, on a grid, with a log-normal prior around the default.
    """
    seen = expected > 0
    step = max(1, -(-int(seen.sum()) // ENOUGH))
    counts, expected = counts[seen][::step], expected[seen][::step]
    some = counts > 0
    positive = counts[some]
    scores = np.empty(len(SHAPES))
    for number, each in enumerate(SHAPES):
        rising = _log_gamma(each + positive) - _log_gamma(np.array([each]))
        score = rising.sum() - (counts * np.log(each + expected)).sum() - each * np.log1p(expected / each).sum()
        scores[number] = score - np.log(each / default) ** 2 / (2 * DOUBT**2)
    return float(SHAPES[int(scores.argmax())])


def _log_gamma(x: NDArray[np.float64]) -> Floats:
    """Logarithm of the gamma function for x > 0: Stirling's series, six steps up."""
    up = x + 6
    series = (1 / 12 - (1 / 360 - 1 / 1260 / up**2) / up**2) / up
    found: Floats = (up - 0.5) * np.log(up) - up + 0.5 * np.log(2 * np.pi) + series
    for step in range(6):
        found = found - np.log(x + step)
    return found
