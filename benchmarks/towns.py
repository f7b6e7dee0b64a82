"""A city's sites, stock and expected loans in any size, from a seed: what the planner is measured with."""

import numpy as np

from hub.restock.planner import (
    LIBRARY,
    UNLIMITED,
    Candidates,
    Demands,
    Limits,
    Sites,
    Stock,
    Themes,
    Vans,
    World,
)

THEMES, THEMES_A_SITE = 8, 4
SITES_A_TITLE = 5
SITES_A_VAN = 20


def town(sites: int, copies: int, seed: int = 1) -> World:
    """Two copies a title on the average, three of five of all out at sites; readers' tastes differ by site and theme.

    Shelves, arrivals, vans, transfers in all and a good part of the themes bind.
    """
    chance = np.random.default_rng(seed)
    titles, vans = copies // 2, max(1, sites // SITES_A_VAN)
    theme = chance.integers(0, THEMES, titles)
    busy = np.exp(chance.normal(0, 0.4, sites))
    busy /= busy.mean()
    capacity = np.maximum(5, 0.6 * copies / sites * busy).astype(int)

    choice = chance.integers(0, sites, titles * SITES_A_TITLE)
    spots = np.unique(np.repeat(np.arange(titles), SITES_A_TITLE) * sites + choice)
    group, site = spots // sites, spots % sites
    taste = chance.dirichlet(np.full(THEMES, 1.5), sites) * THEMES
    liked = chance.gamma(0.6, 1.0, titles)[group] * taste[site, theme[group]]
    rate = 0.8 * liked * busy[site] * chance.gamma(4, 0.25, len(group))

    arrivals = np.maximum(3, 0.3 * capacity).astype(int)
    van = np.arange(sites) % vans
    carried = np.array([int(0.75 * arrivals[van == number].sum()) for number in range(vans)])
    wanting = np.repeat(np.arange(sites), THEMES_A_SITE)
    wanted = np.concatenate([chance.choice(THEMES, THEMES_A_SITE, replace=False) for _ in range(sites)])
    least = (chance.uniform(0.02, 0.2, len(wanted)) * capacity[wanting]).astype(int)
    most = np.where(chance.random(len(wanted)) < 0.5, (1.6 * least + 2).astype(int), UNLIMITED)
    return World(
        sites=Sites(tuple(f"s{number}" for number in range(sites)), capacity, arrivals, van),
        groups=tuple(f"g{number}" for number in range(titles)),
        stock=_stock(chance, group, site, titles, capacity),
        candidates=Candidates(group, site, rate[:, None] * [1.0, 0.45]),
        vans=Vans(tuple(f"v{number}" for number in range(vans)), carried),
        themes=Themes(tuple(f"t{number}" for number in range(THEMES)), theme, np.arange(titles)),
        demands=Demands(wanted, wanting, least, most, np.full(len(wanted), 0.5)),
        limits=Limits(int(0.9 * carried.sum()), 0.05),
        seed=seed,
    )


def _stock(
    chance: np.random.Generator, group: np.ndarray, site: np.ndarray, titles: int, capacity: np.ndarray
) -> Stock:
    """Each copy at the library or at one of the sites it may be brought to, as long as there is room."""
    copy = np.repeat(np.arange(titles), 1 + chance.poisson(1.0, titles))
    begins = np.searchsorted(group, np.arange(titles + 1))
    spread = (begins[1:] - begins[:-1])[copy]
    place = site[begins[copy] + (chance.random(len(copy)) * spread).astype(int)]
    place = np.where(chance.random(len(copy)) < 0.62, place, LIBRARY)
    order = np.argsort(place, kind="stable")
    nth = np.empty(len(copy), int)
    nth[order] = np.arange(len(copy)) - np.searchsorted(place[order], place[order])
    place = np.where((place != LIBRARY) & (nth >= capacity[place]), LIBRARY, place)
    width = len(capacity) + 1
    keys, counts = np.unique(copy * width + place + 1, return_counts=True)
    return Stock(keys // width, keys % width - 1, counts)
