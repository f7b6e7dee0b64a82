"""Who reads in the year's town and what they like, what the library owns, and what stands where at first; from a seed.

Titles, topics and what is known of their popularity are the shipped catalogue's. Tastes are invented, and none of the
forecast's assumptions is built in: a reader chooses between what stands before them, and never takes a title twice.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_sim.catalogue import ADULT, titles

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LIBRARY = -1
"""Where a copy is that stands at no site."""
OUT = -2
"""Where a copy is that somebody has."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How large the town is and how its readers behave."""

    sites: int = 12
    capacity: int = 60
    """Copies that a site's shelves hold."""
    fill: int = 54
    """Copies that a restock brings a site up to; the rest is for books on their way back."""
    titles: int = 900
    copies: int = 1600
    readers: int = 60
    """Of each site, in the mean; sites differ."""
    visits: float = 0.5
    """Of each reader, a week."""
    elsewhere: float = 0.1
    """Share of visits to another site than one's own, where books are brought back and taken as well."""
    loan_days: float = 14.0
    hold: int = 4
    """Copies that one reader may have."""
    tired: float = 0.35
    """Share of its attraction that a title loses with each time a reader saw it and left it."""
    picky: float = 1.2
    """How good a shelf must be for every second visitor to take something; a usual one has 1."""
    local: float = 2.0
    """Shape of how titles are liked at a site for no reason that anybody knows; small is wild."""
    character: float = 0.35
    """How little the tastes of a site's readers are spread over topics; small is one-sided."""
    weeks: int = 52


@dataclass(frozen=True, slots=True, eq=False)
class Town:
    """What is there before the first day. Arrays are by title, site, reader or copy, as they say."""

    scale: Scale
    seed: int
    topics: Floats
    """Title × topic: the share of each topic, a row adding up to 1."""
    themes: tuple[str, ...]
    popularity: Floats
    """By title; NaN where the catalogue has none."""
    copy_title: Ints
    """By copy."""
    start: Ints
    """By copy: a site or LIBRARY."""
    home: Ints
    """By reader: their own site."""
    often: Floats
    """By reader: visits a day."""
    liking: Floats
    """Reader × title: how much it attracts, 1 in the mean. Policies must not see it."""


def town(seed: int, scale: Scale = Scale()) -> Town:
    """The town of a seed; the same seed gives the same town."""
    chance = np.random.default_rng(seed)
    shipped = [t for t in titles() if t.themes and not any(word in t.row["subjects"] for word in ADULT)]
    chosen = [shipped[n] for n in np.sort(chance.choice(len(shipped), scale.titles, replace=False))]
    themes = tuple(sorted({theme for t in chosen for theme in t.themes}))
    topics = np.zeros((scale.titles, len(themes)))
    for row, title in enumerate(chosen):
        for theme in title.themes:
            topics[row, themes.index(theme)] = 1 / len(title.themes)
    popularity = np.array([float(t.row["popularity"] or "nan") for t in chosen])
    rank = np.where(np.isnan(popularity), 0.5, _rank(popularity))
    home = np.repeat(np.arange(scale.sites), np.maximum(10, chance.poisson(_sizes(chance, scale))))
    copy_title = np.sort(np.concatenate([np.arange(scale.titles), _bought(chance, rank, scale)]))
    return Town(
        scale,
        seed,
        topics,
        themes,
        popularity,
        copy_title,
        _dealt(chance, len(copy_title), scale),
        home,
        scale.visits / 7 * chance.gamma(2.0, 0.5, len(home)),
        _liking(chance, topics, rank, home, scale),
    )


def _rank(popularity: Floats) -> Floats:
    order = np.argsort(np.argsort(np.nan_to_num(popularity)))
    found: Floats = (order + 0.5) / len(popularity)
    return found


def _sizes(chance: np.random.Generator, scale: Scale) -> Floats:
    return scale.readers * chance.gamma(6.0, 1 / 6, scale.sites)


def _bought(chance: np.random.Generator, rank: Floats, scale: Scale) -> Ints:
    """Titles of the copies beyond the first of each: libraries buy more of what is popular."""
    weight = rank**3 + 0.02
    return chance.choice(scale.titles, scale.copies - scale.titles, p=weight / weight.sum())


def _dealt(chance: np.random.Generator, copies: int, scale: Scale) -> Ints:
    """Any copies at any site, as many as a restock would bring."""
    start = np.full(copies, LIBRARY)
    shelved = chance.permutation(copies)[: scale.sites * scale.fill]
    start[shelved] = np.arange(len(shelved)) % scale.sites
    return start


def _liking(chance: np.random.Generator, topics: Floats, rank: Floats, home: Ints, scale: Scale) -> Floats:
    """Topics by site and reader, popularity in the wide world, what makes a title good, and what nobody could know."""
    usual = chance.dirichlet(np.full(topics.shape[1], 2.0))
    site = np.stack([chance.dirichlet(scale.character * topics.shape[1] * usual) for _ in range(scale.sites)])
    reader = np.stack([chance.dirichlet(12 * site[s] + 0.05) for s in home])
    fit = reader @ topics.T * topics.shape[1]
    good = np.exp(1.6 * (rank - 0.5) + chance.normal(0, 0.7, len(rank)))
    local = chance.gamma(scale.local, 1 / scale.local, (scale.sites, len(rank)))
    liking: Floats = (0.15 + fit) * good * local[home]
    found: Floats = liking / liking.mean()
    return found
