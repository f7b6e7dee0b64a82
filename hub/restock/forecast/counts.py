"""Counts whose rate is itself uncertain: tails and quantiles of the negative binomial, and what each copy is worth.

All arguments are arrays of one length, one entry a (title, site) pair. A rate is gamma distributed with a `shape` and
an expected count `mean`; the counts are Poisson given the rate.
"""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

MANY = 1_000
"""Above this expected count quantiles are those of a gamma distribution of the same mean and spread, by Wilson and
Hilferty's cube root."""
SURE = 0.9999
"""Chances from here on are refused: rounding would decide them."""
MOST_ROUNDS = 64
"""A copy that would come back more often than this in a cycle is taken to be always there."""
STEADY = 1e9
"""A shape that stands for a rate that is known exactly."""


def tails(shape: ArrayLike, mean: ArrayLike, most: int) -> Floats:
    """Chances that the count is at least 1, 2, …, `most`: one row a pair."""
    shape, mean = np.minimum(np.asarray(shape, np.float64), STEADY), np.asarray(mean, np.float64)
    size = np.broadcast_shapes(shape.shape, mean.shape)
    found = np.empty((*size, most))
    odds = mean / (shape + mean)
    exactly = np.exp(-shape * np.log1p(mean / shape))
    left = 1.0 - exactly
    for count in range(1, most + 1):
        found[..., count - 1] = left
        exactly = exactly * odds * (shape + count - 1) / count
        left = np.maximum(left - exactly, 0.0)
    return found


def worth(shape: ArrayLike, mean: ArrayLike, copies: int, cycle: float, out: float) -> Floats:
    """Loans that the first, second, … copy adds over a cycle: one row of `copies` numbers a pair, falling.

    `mean` is what would be lent in the cycle if a copy were always there. `cycle` and `out` are days; a copy that is
    taken is away for `out` days and then on the same shelf again. With one copy, or when no copy comes back within the
    cycle, this is exact for a constant demand; otherwise copies are taken to come back all together.
    """
    if copies < 1 or not cycle > 0 or not out >= 0:
        raise ValueError(f"{copies} copies, a cycle of {cycle} days and {out} days out can't be meant")
    mean = np.asarray(mean, np.float64)
    if out >= cycle:
        return tails(shape, mean, copies)
    sums = np.empty((*np.broadcast_shapes(np.shape(shape), mean.shape), copies))
    if out * MOST_ROUNDS < cycle:
        sums[...] = mean[..., None]
    else:
        sums[...] = 0.0
        for turn in range(math.ceil(cycle / out)):
            share = (cycle - turn * out) / cycle
            chances = tails(shape, mean * share, copies * (turn + 1))
            for held in range(1, copies + 1):
                sums[..., held - 1] += chances[..., held * turn : held * (turn + 1)].sum(axis=-1)
    added = np.diff(sums, axis=-1, prepend=0.0)
    falling: Floats = np.maximum(np.minimum.accumulate(added, axis=-1), 0.0)
    return falling


def quantiles(shape: ArrayLike, mean: ArrayLike, chance: float) -> Floats:
    """The smallest count that isn't exceeded with at least this chance, of each pair; a whole number."""
    mean = np.asarray(mean, np.float64)
    shape = np.broadcast_to(np.minimum(np.asarray(shape, np.float64), STEADY), mean.shape)
    if not 0 < chance < SURE:
        raise ValueError(f"{chance} is not a chance above 0 and below {SURE}")
    found = np.zeros(mean.size)
    all_shapes, all_means = shape.ravel(), mean.ravel()
    large = all_means > MANY
    if large.any():
        even = 1 / (1 / all_means[large] + 1 / all_shapes[large])
        root = 1 - 1 / (9 * even) + NormalDist().inv_cdf(chance) / (3 * np.sqrt(even))
        found[large] = np.round(all_means[large] * np.maximum(root, 0) ** 3)
    pair = np.flatnonzero(~large)
    size, odds = all_shapes[pair], all_means[pair] / (all_shapes[pair] + all_means[pair])
    # In logarithms, for the chance of none at all may be too small a number.
    exactly = -size * np.log1p(all_means[pair] / size)
    below = np.exp(exactly)
    count = 0
    while pair.size:
        going = below < chance - 1e-9
        found[pair[~going]] = count
        pair, size, odds, exactly, below = pair[going], size[going], odds[going], exactly[going], below[going]
        count += 1
        exactly = exactly + np.log(odds * (size + count - 1) / count)
        below = below + np.exp(exactly)
    return found.reshape(mean.shape)
