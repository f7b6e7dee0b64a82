"""Learns a forecast from exposures: all, site, popularity, topic, topic at site, title, and title at site, in turns."""

from dataclasses import dataclass

import numpy as np

from hub.restock.forecast.forecast import Forecast, Parts
from hub.restock.forecast.history import DEFAULT, Catalogue, Exposures, Settings
from hub.restock.forecast.levels import Level, Membership, learn, shape, sums
from hub.restock.planner.world import BadWorld, Floats, Ints, floats

ROUNDS = 4
"""Turns through the levels; the factors no longer change by much then."""
BANDS = 10
"""Bands of popularity, of equally many titles."""
DEFAULTS = {"site": 4.0, "topic": 8.0, "taste": 8.0, "band": 3.0, "title": 1.5, "spot": 2.0}
"""Shapes before anything was seen; `taste` is a topic at a site, `spot` a title at a site."""
WAVERING = 0.05
"""Variance of busy and quiet weeks, as a share, before any were seen."""
WEEKS = 8.0
"""How many weeks' evidence that counts for."""
MOST = 4.0
"""No week's and no title's wavering is thought to be more than this."""


def fit(exposures: Exposures, catalogue: Catalogue, until: int, settings: Settings = DEFAULT) -> Forecast:
    """What can be expected from the day `until` on, learned only from exposures that ended by then.

    Raises BadWorld for a title or site that the catalogue doesn't have.
    """
    for name, top in (("title", catalogue.titles), ("site", catalogue.sites)):
        column = getattr(exposures, name)
        if column.size and column.max() >= top:
            raise BadWorld(f"Exposures.{name}: row {int(column.argmax())} is {column.max()}, but there are {top}")
    rows = _rows(exposures.before(until), catalogue, until, settings)
    base, learned = _levels(rows, catalogue, settings.rate)
    parts = Parts(
        catalogue=catalogue,
        settings=settings,
        base=base,
        site=learned["site"],
        topic=learned["topic"],
        taste=learned["taste"],
        band=learned["band"],
        bands=_bands(catalogue),
        title=learned["title"],
        spot=learned["spot"].prior,
        keys=rows.keys,
        counts=rows.counts,
        days=rows.days,
        stale=rows.stale,
    )
    return Forecast(parts, *_wavering(Forecast(parts), rows, settings))


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Exposures summed up by title at site, old ones and tired ones counted for less; and the single ones."""

    keys: Ints
    """title * sites + site, rising."""
    title: Ints
    site: Ints
    counts: Floats
    days: Floats
    stale: Floats
    """Cycles that each has now sat there untaken."""
    at: Ints
    """Of each single exposure: its place in `keys`."""
    week: Ints
    single_counts: Floats
    single_days: Floats
    weight: Floats


def _rows(seen: Exposures, catalogue: Catalogue, until: int, settings: Settings) -> _Rows:
    order = np.lexsort((seen.begin, seen.site, seen.title))
    title, site, begin, end = (column[order] for column in (seen.title, seen.site, seen.begin, seen.end))
    days, loans = seen.days[order], seen.loans[order]
    keys, at = np.unique(title * max(catalogue.sites, 1) + site, return_inverse=True)
    sat = stale(at, begin, end, days, loans, settings)
    last = np.flatnonzero(np.diff(at, append=-1))
    fresh = (loans[last] > 0) | (until - end[last] > settings.rest)
    now = np.where(fresh, 0.0, sat[last] + days[last] / settings.cycle)
    days = days * (1 - settings.fatigue) ** sat
    weight = 0.5 ** ((until - (begin + end) / 2) / settings.half_life)
    return _Rows(
        keys,
        keys // max(catalogue.sites, 1),
        keys % max(catalogue.sites, 1),
        sums(at, weight * loans, len(keys)),
        sums(at, weight * days, len(keys)),
        now,
        at,
        np.floor_divide(begin, round(settings.cycle) or 1),
        loans,
        days,
        weight,
    )


def stale(at: Ints, begin: Ints, end: Ints, days: Floats, loans: Floats, settings: Settings) -> Floats:
    """Cycles that a title had sat there untaken when each exposure began; exposures sorted by `at`, then `begin`."""
    if not len(at):
        return floats()
    anew = np.ones(len(at), bool)
    anew[1:] = (at[1:] != at[:-1]) | (loans[:-1] > 0) | (begin[1:] - end[:-1] > settings.rest)
    before = np.cumsum(days) - days
    since: Floats = before - before[np.maximum.accumulate(np.where(anew, np.arange(len(at)), 0))]
    return since / settings.cycle


def _bands(catalogue: Catalogue) -> Ints:
    """The band of each title; the last is for those whose popularity isn't known."""
    if catalogue.popularity is None:
        return np.full(catalogue.titles, BANDS, np.int64)
    known = np.isfinite(catalogue.popularity)
    edges = np.quantile(catalogue.popularity[known], np.arange(1, BANDS) / BANDS) if known.any() else floats()
    return np.where(known, np.searchsorted(edges, np.where(known, catalogue.popularity, 0.0)), BANDS)


def _levels(rows: _Rows, catalogue: Catalogue, rate: float) -> tuple[float, dict[str, Level]]:
    size, topics = len(rows.keys), max(catalogue.topics, 1)
    row, topic, weight = _topics(rows, catalogue)
    members = {
        "site": Membership(catalogue.sites, rows.site),
        "band": Membership(BANDS + 1, _bands(catalogue)[rows.title]),
        "topic": Membership(topics, topic, row, weight),
        "taste": Membership(catalogue.sites * topics, rows.site[row] * topics + topic, row, weight),
        "title": Membership(catalogue.titles, rows.title),
    }
    found: dict[str, Level] = {}
    factors = {name: np.ones(size) for name in members}
    spot = Level(DEFAULTS["spot"], floats(), floats())
    base = (0.5 + rows.counts.sum()) / (0.5 / rate + rows.days.sum())
    expected = base * rows.days
    for _ in range(ROUNDS):
        for name, membership in members.items():
            # What is told by a title at one site alone is worth less, the more such titles differ for no known reason.
            heard = 1 / (1 + expected / spot.prior)
            told = membership.sums(heard * rows.counts)
            without = membership.sums(heard * expected)
            if name in found:
                without = without / found[name].factor
            found[name] = learn(told, without, DEFAULTS[name])
            factor = membership.spread(found[name].factor, size)
            expected = expected / factors[name] * factor
            factors[name] = factor
        heard = 1 / (1 + expected / spot.prior)
        off = (0.5 + heard @ rows.counts) / (0.5 + heard @ expected)
        base, expected = base * off, expected * off
        spot = Level(shape(rows.counts, expected, DEFAULTS["spot"]), floats(), floats())
    return float(base), found | {"spot": spot}


def _topics(rows: _Rows, catalogue: Catalogue) -> tuple[Ints, Ints, Floats]:
    """Of each row and each topic of its title: the row, the topic, and the weight."""
    order = np.argsort(catalogue.title, kind="stable")
    many = np.bincount(catalogue.title, minlength=catalogue.titles)
    first = np.cumsum(many) - many
    here = many[rows.title]
    row = np.repeat(np.arange(len(here)), here)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(here) - here, here)
    return row, catalogue.topic[order][first[rows.title][row] + nth], 1 / here[row]


def _wavering(plain: Forecast, rows: _Rows, settings: Settings) -> tuple[float, float]:
    """How much sites' weeks, and titles within them, waver around what is expected of them: variances, as shares."""
    shapes, rates = plain.rate(rows.title, rows.site)
    if not len(shapes):
        return WAVERING, 0.0
    mean = (shapes / rates)[rows.at] * rows.single_days
    weeks = rows.site[rows.at] * (int(rows.week.max() - rows.week.min()) + 1) + rows.week - rows.week.min()
    _, number = np.unique(weeks, return_inverse=True)
    took, thought = np.bincount(number, weights=rows.single_counts), np.bincount(number, weights=mean)
    trust = WEEKS * float((thought**2).mean())
    week = _bounded(((took - thought) ** 2 - thought).sum() + WAVERING * trust, (thought**2).sum() + trust)
    # Each exposure against what the others of its title at its site say.
    left_shape = np.maximum(shapes[rows.at] - rows.weight * rows.single_counts, 1e-6)
    left_rate = np.maximum(rates[rows.at] - rows.weight * rows.single_days, 1e-9)
    mean = left_shape / left_rate * rows.single_days
    doubt = 1 / left_shape
    over = (rows.single_counts - mean) ** 2 - mean - mean**2 * doubt
    weights = 1 / (1 + mean * (1 + doubt)) ** 2
    both = _bounded((over * weights).sum(), (weights * mean**2 * (1 + doubt)).sum())
    return week, max(0.0, (1 + both) / (1 + week) - 1)


def _bounded(over: float, under: float) -> float:
    return float(min(max(over / under, 0.0), MOST)) if under > 0 else 0.0
