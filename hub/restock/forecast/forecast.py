"""What was learned, asked: rates, expected loans, intervals, what each copy is worth, and totals of groups."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hub.restock.forecast import counts
from hub.restock.forecast.history import Catalogue, Settings
from hub.restock.forecast.levels import Level, sums
from hub.restock.planner.world import BadWorld, Floats, Ints, floats


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Every level that was learned, and the evidence for each title at each site it stood at."""

    catalogue: Catalogue
    settings: Settings
    base: float
    """Loans a day of any title at any site."""
    site: Level
    topic: Level
    taste: Level
    """A topic at a site: number site * topics + topic."""
    band: Level
    bands: Ints
    """The band of popularity of each title."""
    title: Level
    spot: float
    """Shape of a title at a site around what its site, topics and title let expect."""
    keys: Ints
    """title * sites + site, rising: where anything was seen."""
    counts: Floats
    days: Floats
    stale: Floats
    """Cycles that it has now sat there untaken."""


@dataclass(frozen=True, slots=True, eq=False)
class Interval:
    """Counts between which the true one is expected, both included."""

    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Expected loans of groups in all, one entry a group, with what their members have in common allowed for."""

    expected: Floats
    shape: Floats
    """Of the gamma distribution of the expected count."""

    def interval(self, level: float = 0.8) -> Interval:
        """Holds the true count with at least this chance; counts being whole, often with a little more."""
        return _interval(self.shape, self.expected, level)


@dataclass(frozen=True, slots=True, eq=False)
class _Upper:
    """What the levels above a title at a site say, for each pair asked."""

    mean: Floats
    """Loans a day."""
    doubt: Floats
    """Variance as a share of the mean's square."""


class Forecast:
    """Loans to expect from the day on that it was made for. Titles and sites are the catalogue's numbers.

    Pairs are asked as two arrays that go together, of any length. `stale` is how many cycles each has already sat there
    untaken, 0 by default. Two million pairs take a few seconds and about a gigabyte.
    """

    def __init__(self, parts: Parts, week: float = 0.0, burst: float = 0.0) -> None:
        self._parts = parts
        self.week = week
        """How much busy and quiet weeks of a site differ: variance, as a share of the mean's square."""
        self.burst = burst
        """How much a title at a site wavers from cycle to cycle, beyond its site: likewise."""
        catalogue = parts.catalogue
        width = int(np.bincount(catalogue.title, minlength=1).max(initial=0))
        self._topic = np.zeros((catalogue.titles, width), np.int64)
        self._share = np.zeros((catalogue.titles, width))
        order = np.argsort(catalogue.title, kind="stable")
        title = catalogue.title[order]
        many = np.bincount(title, minlength=catalogue.titles)
        nth = np.arange(len(title)) - (np.cumsum(many) - many)[title]
        self._topic[title, nth] = catalogue.topic[order]
        self._share[title, nth] = 1 / many[title]
        self._alone, self._alone_doubt = self._of_titles()

    @property
    def shapes(self) -> dict[str, float]:
        """How alike the groups of each level are found to be: the larger, the more."""
        p = self._parts
        named = {"site": p.site, "topic": p.topic, "topic at site": p.taste, "popularity": p.band, "title": p.title}
        return {name: level.prior for name, level in named.items()} | {"title at site": p.spot}

    def rate(self, titles: ArrayLike, sites: ArrayLike, stale: ArrayLike = 0.0) -> tuple[Floats, Floats]:
        """Shape and rate of the gamma distribution of each pair's loans a day, in a week like those seen."""
        shape, mean, _, _ = self._posterior(*self._asked(titles, sites))
        shape = 1 / ((1 + 1 / shape) * (1 + self.week) * (1 + self.burst) - 1)
        mean = mean * self._tired(stale)
        return shape, shape / mean

    def expected(self, titles: ArrayLike, sites: ArrayLike, days: ArrayLike, stale: ArrayLike = 0.0) -> Floats:
        """Loans of each pair in so many days on the shelf."""
        shape, rate = self.rate(titles, sites, stale)
        found: Floats = shape / rate * floats(days)
        return found

    def interval(
        self, titles: ArrayLike, sites: ArrayLike, days: ArrayLike, level: float = 0.8, stale: ArrayLike = 0.0
    ) -> Interval:
        """Loans of each pair in so many days on the shelf, with at least this chance."""
        shape, rate = self.rate(titles, sites, stale)
        return _interval(shape, shape / rate * floats(days), level)

    def worth(
        self, titles: ArrayLike, sites: ArrayLike, copies: int, cycle: float, out: float, stale: ArrayLike = 0.0
    ) -> Floats:
        """Loans that the first, second, … copy adds in a cycle of so many days: `copies` falling numbers a pair.

        `out` is how many days a loan takes.
        """
        shape, rate = self.rate(titles, sites, stale)
        return counts.worth(shape, shape / rate * cycle, copies, cycle, out)

    def totals(
        self,
        titles: ArrayLike,
        sites: ArrayLike,
        days: ArrayLike,
        group: ArrayLike,
        groups: int,
        stale: ArrayLike = 0.0,
    ) -> Group:
        """Loans of groups in all; `group` says to which, from 0 on, each pair belongs."""
        title, site = self._asked(titles, sites)
        shape, mean, upper, lean = self._posterior(title, site)
        mean = mean * self._tired(stale) * floats(days)
        member = np.broadcast_to(np.asarray(group, np.int64), title.shape)
        own = np.maximum(1 / shape - lean**2 * upper.doubt, 0.0)
        own = (1 + own) * (1 + self.burst) - 1
        spread = sums(member, mean**2 * own, groups)
        total = sums(member, mean, groups)
        for number, doubt, amount in self._shared(title, site, mean, lean):
            keys, at = np.unique(np.repeat(member, number.shape[1]) * len(doubt) + number.ravel(), return_inverse=True)
            hung = sums(at, amount.ravel(), len(keys))
            spread += sums(keys // len(doubt), hung**2 * doubt[keys % len(doubt)], groups)
        shape = total**2 / np.maximum(spread, 1e-12 * total**2 + 1e-300)
        return Group(total, np.maximum(shape, 1e-9))

    def stale(self, titles: ArrayLike, sites: ArrayLike) -> Floats:
        """Cycles that each pair has sat there untaken, up to now; 0 where it never was, or is long away."""
        at, known = self._seen(*self._asked(titles, sites))
        return np.where(known, self._parts.stale[at], 0.0) if len(self._parts.keys) else np.zeros(known.shape)

    def _tired(self, stale: ArrayLike) -> Floats:
        left: Floats = (1 - self._parts.settings.fatigue) ** floats(stale)
        return left

    def _shared(self, title: Ints, site: Ints, mean: Floats, lean: Floats) -> list[tuple[Ints, Floats, Floats]]:
        """Of each level: each pair's groups (a row), the groups' doubts, and how much of the pair hangs on each."""
        p, topics = self._parts, self._parts.catalogue.topics
        hung = (mean * lean)[:, None]
        found = [
            (site[:, None], p.site.doubt, hung),
            (p.bands[title][:, None], p.band.doubt, hung),
            (title[:, None], p.title.doubt, hung),
            (site[:, None], np.full(p.catalogue.sites, self.week), mean[:, None]),
        ]
        if topics and self._topic.shape[1]:
            each, share = self._topic[title], self._share[title] * hung
            found += [(each, p.topic.doubt, share), (site[:, None] * topics + each, p.taste.doubt, share)]
        return found

    def _asked(self, titles: ArrayLike, sites: ArrayLike) -> tuple[Ints, Ints]:
        title, site = np.broadcast_arrays(np.asarray(titles, np.int64), np.asarray(sites, np.int64))
        catalogue = self._parts.catalogue
        for name, column, top in (("title", title, catalogue.titles), ("site", site, catalogue.sites)):
            if column.size and not (column.min() >= 0 and column.max() < top):
                raise BadWorld(f"{name}s: {column.min()} to {column.max()} were asked, but there are {top}")
        return title, site

    def _of_titles(self) -> tuple[Floats, Floats]:
        """What is the same of a title everywhere: its factor, and 1 + the factor's doubt."""
        p = self._parts
        logs = (np.log(p.topic.factor)[self._topic] * self._share).sum(axis=1)
        factor: Floats = np.exp(logs) * p.band.factor[p.bands] * p.title.factor
        doubt = (p.topic.doubt[self._topic] * self._share**2).sum(axis=1)
        return factor, (1 + doubt) * (1 + p.band.doubt[p.bands]) * (1 + p.title.doubt)

    def _upper(self, title: Ints, site: Ints) -> _Upper:
        p, topics = self._parts, max(self._parts.catalogue.topics, 1)
        logs, doubt = np.zeros(title.shape), np.zeros(title.shape)
        tastes = np.log(p.taste.factor)
        for nth in range(self._topic.shape[1]):
            taste, share = site * topics + self._topic[title, nth], self._share[title, nth]
            logs += tastes[taste] * share
            doubt += p.taste.doubt[taste] * share**2
        mean = p.base * p.site.factor[site] * self._alone[title] * np.exp(logs)
        return _Upper(mean, (1 + doubt) * (1 + p.site.doubt[site]) * self._alone_doubt[title] - 1)

    def _posterior(self, title: Ints, site: Ints) -> tuple[Floats, Floats, _Upper, Floats]:
        """Shape and mean of each pair's loans a day, and how much the mean leans on the levels above: 1 for all."""
        p, upper = self._parts, self._upper(title, site)
        prior = 1 / ((1 + upper.doubt) * (1 + 1 / p.spot) - 1)
        if not len(p.keys):
            return prior, upper.mean, upper, np.ones(title.shape)
        at, known = self._seen(title, site)
        count, days = np.where(known, p.counts[at], 0.0), np.where(known, p.days[at], 0.0)
        shape, before = prior + count, prior / upper.mean
        return shape, shape / (before + days), upper, before / (before + days)

    def _seen(self, title: Ints, site: Ints) -> tuple[Ints, NDArray[np.bool_]]:
        """Where the evidence of each pair stands, and whether there is any."""
        keys = self._parts.keys
        wanted = title * self._parts.catalogue.sites + site
        if not len(keys):
            return np.zeros(wanted.shape, np.int64), np.zeros(wanted.shape, bool)
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return at, keys[at] == wanted


def _interval(shape: Floats, mean: Floats, level: float) -> Interval:
    edge = (1 - level) / 2
    return Interval(counts.quantiles(shape, mean, edge), counts.quantiles(shape, mean, 1 - edge))
