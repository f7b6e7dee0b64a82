"""Demand of several shapes, as rates of titles at sites, for asking how well a forecast does whatever is true."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from firmware_sim.year.readers import Floats, Ints

TITLES, SITES, TOPICS, SHELF, WEEK = 600, 10, 12, 50, 7
STAYS = 4
"""Weeks that a title stands at a site, in the mean."""


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """What is true of a demand, and what was seen of it."""

    topics: Floats
    """Title × topic: shares."""
    popularity: Floats
    """By title: a noisy hint."""
    title: Ints
    """With the next four: each title at a site in a week, by week."""
    site: Ints
    begin: Ints
    days: Floats
    loans: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """Factors of a demand: title × site, how it changes by week, and how wild single weeks are."""

    rate: Floats
    fading: Floats
    """By title: weeks until its demand is a third."""
    calm: float
    """Shape of a site's weeks."""


Maker = Callable[[np.random.Generator, Floats, Floats], _Shape]


def _forever(titles: int) -> Floats:
    return np.full(titles, 1e9)


def _flat(chance: np.random.Generator, topics: Floats, quality: Floats) -> _Shape:
    return _Shape(np.ones((len(topics), SITES)), _forever(len(topics)), 1e6)


def _popular(chance: np.random.Generator, topics: Floats, quality: Floats) -> _Shape:
    return _Shape(quality[:, None] * np.ones(SITES), _forever(len(topics)), 30.0)


def _themed(chance: np.random.Generator, topics: Floats, quality: Floats) -> _Shape:
    taste = chance.dirichlet(np.full(TOPICS, 0.4), SITES) * TOPICS
    return _Shape(topics @ taste.T * np.sqrt(quality)[:, None], _forever(len(topics)), 15.0)


def _wild(chance: np.random.Generator, topics: Floats, quality: Floats) -> _Shape:
    return _Shape(chance.gamma(0.3, 1 / 0.3, (len(topics), SITES)), _forever(len(topics)), 15.0)


def _mixed(chance: np.random.Generator, topics: Floats, quality: Floats) -> _Shape:
    taste = chance.dirichlet(np.full(TOPICS, 1.5), SITES) * TOPICS
    busy, own = chance.gamma(4.0, 0.25, SITES), chance.gamma(3.0, 1 / 3, (len(topics), SITES))
    return _Shape(topics @ taste.T * quality[:, None] * busy * own, _forever(len(topics)), 15.0)


def _fading(chance: np.random.Generator, topics: Floats, quality: Floats) -> _Shape:
    return _Shape(_mixed(chance, topics, quality).rate, chance.uniform(8, 60, len(topics)), 15.0)


def _stormy(chance: np.random.Generator, topics: Floats, quality: Floats) -> _Shape:
    return _Shape(_mixed(chance, topics, quality).rate, _forever(len(topics)), 3.0)


SHAPES: Mapping[str, Maker] = {
    "flat": _flat,
    "popular": _popular,
    "themed": _themed,
    "wild": _wild,
    "mixed": _mixed,
    "fading": _fading,
    "stormy": _stormy,
}
"""By name: all titles alike · the same everywhere · by topics of each site · each title at each site its own · all of
these at once · mixed, and wearing off · mixed, and with weeks that have little to do with each other."""


def demand(shape: str, seed: int, weeks: int = 30, loans: float = 6.0) -> Demand:
    """So many weeks of a demand, with about so many loans a site and week; the same seed gives the same."""
    chance = np.random.default_rng([seed, sorted(SHAPES).index(shape)])
    topics = np.zeros((TITLES, TOPICS))
    for _ in range(2):
        topics[np.arange(TITLES), chance.integers(0, TOPICS, TITLES)] += 0.5
    quality = chance.gamma(1.0, 1.0, TITLES)
    made = SHAPES[shape](chance, topics, quality)
    rate = made.rate / made.rate.mean() * loans / SHELF
    shelf = np.stack([chance.choice(TITLES, SHELF, replace=False) for _ in range(SITES)])
    rows = []
    for week in range(weeks):
        for site in range(SITES):
            names = shelf[site]
            days = np.where(chance.random(SHELF) < 0.8, WEEK, chance.integers(1, WEEK + 1, SHELF))
            mean = rate[names, site] * np.exp(-week / made.fading[names]) * chance.gamma(made.calm, 1 / made.calm)
            count = chance.poisson(mean * days / WEEK)
            rows.append(np.column_stack([names, np.full(SHELF, site), np.full(SHELF, week * WEEK), days, count]))
            others = np.setdiff1d(np.arange(TITLES), names)
            leaves = chance.random(SHELF) < 1 / STAYS
            shelf[site][leaves] = chance.choice(others, int(leaves.sum()), replace=False)
    title, site, begin, days, count = np.concatenate(rows).T
    hint = quality * chance.lognormal(0.0, 0.7, TITLES)
    return Demand(topics, hint, title, site, begin, days.astype(float), count.astype(float))
