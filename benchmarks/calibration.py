"""How well the forecast knows what comes: log loss beside simpler ones, and how often its intervals hold.

`python -m benchmarks.calibration --seeds 10` prints a table, one line a shape of demand.
"""

import argparse
import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_sim.year.demand import SHAPES, TOPICS, WEEK, Demand, demand
from hub.restock.forecast import Catalogue, Exposures, Forecast, Settings, fit, tails

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

CUTS = (14, 18, 22, 26)
"""Weeks before which everything may be learned; each is then asked about the four that follow, one at a time."""
AHEAD = 4
LEVEL = 0.8
MOST = 200


@dataclass(frozen=True, slots=True)
class Score:
    """Of one demand. Log losses are of a Poisson with the forecast's mean, less what is the same for all of them."""

    ours: float
    everywhere: float
    """Loss of the title's loans at all sites, with one loan of the usual title added."""
    own: float
    """Loss of the title's loans at that site, likewise."""
    whole: float
    """Share of sites' weekly totals within their 80 % intervals, which as whole numbers hold a little more."""
    sites: float
    """Share of the same within theirs, chance deciding at their edges."""
    topics: float
    """Share of weekly totals of topics at sites within theirs, chance deciding at their edges."""
    titles: float
    """Share of single titles' weekly loans within theirs, chance deciding at their edges."""


def score(shape: str, seed: int, half_life: float = 180.0) -> Score:
    """Learns before each cut, forecasts each of the weeks that follow, compares."""
    made, chance = demand(shape, seed), np.random.default_rng(seed)
    title, topic = np.nonzero(made.topics)
    catalogue = Catalogue(len(made.topics), int(made.site.max()) + 1, TOPICS, title, topic, made.popularity)
    seen = Exposures(made.title, made.site, made.begin, made.begin + WEEK, made.days, made.loans)
    losses, held = [], []
    for cut in CUTS:
        forecast = fit(seen, catalogue, cut * WEEK, Settings(half_life=half_life))
        for week in range(cut, cut + AHEAD):
            now = made.begin == week * WEEK
            losses.append(_losses(made, now, cut * WEEK, forecast))
            held.append(_held(made, now, forecast, catalogue, chance))
    ours, everywhere, own = np.mean(losses, axis=0)
    whole, sites, topics, titles = np.mean(held, axis=0)
    return Score(ours, everywhere, own, whole, sites, topics, titles)


def _losses(made: Demand, now: Flags, until: int, forecast: Forecast) -> list[float]:
    past = made.begin < until
    title, site, days, loans = made.title[now], made.site[now], made.days[now], made.loans[now]
    base = made.loans[past].sum() / made.days[past].sum()
    found = [forecast.expected(title, site, days)]
    sites = int(made.site.max()) + 1
    for keys, wanted in ((made.title, title), (made.title * sites + made.site, title * sites + site)):
        size = int(keys.max()) + 1
        counts = np.bincount(keys[past], weights=made.loans[past], minlength=size)
        exposed = np.bincount(keys[past], weights=made.days[past], minlength=size)
        found.append(((counts + 1) / (exposed + 1 / base))[wanted] * days)
    return [float((mean - loans * np.log(mean)).mean()) for mean in found]


def _held(
    made: Demand, now: Flags, forecast: Forecast, catalogue: Catalogue, chance: np.random.Generator
) -> list[float]:
    title, site, days, loans = made.title[now], made.site[now], made.days[now], made.loans[now]
    totals = forecast.totals(title, site, days, site, catalogue.sites)
    interval = totals.interval(LEVEL)
    count: Floats = np.bincount(site, weights=loans, minlength=catalogue.sites).astype(np.float64)
    plain = float(((interval.low <= count) & (count <= interval.high)).mean())
    cell = site * TOPICS + made.topics[title].argmax(axis=1)
    asked, member = np.unique(cell, return_inverse=True)
    groups = forecast.totals(title, site, days, member, len(asked))
    of_groups: Floats = np.bincount(member, weights=loans).astype(np.float64)
    shape, rate = forecast.rate(title, site)
    return [
        plain,
        _within(totals.shape, totals.expected, count, chance),
        _within(groups.shape, groups.expected, of_groups, chance),
        _within(shape, shape / rate * days, loans, chance),
    ]


def _within(shape: Floats, mean: Floats, count: Floats, chance: np.random.Generator) -> float:
    """Share of counts in the middle 80 %, an edge being in it as much as it must for exactly 80 % to be expected."""
    least = np.concatenate([np.ones((len(mean), 1)), tails(shape, mean, MOST)], axis=1)
    whole = np.minimum(count, MOST - 1).astype(int)
    rows = np.arange(len(mean))
    above, upto = least[rows, whole + 1], least[rows, whole]
    place = above + chance.random(len(mean)) * (upto - above)
    return float((np.abs(place - 0.5) <= LEVEL / 2).mean())


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="of each shape (default: %(default)s)")
    seeds = parser.parse_args().seeds
    print("| demand | ours | everywhere | own | better than both | sites, whole | sites | topics at sites | titles |")
    print("|---|---|---|---|---|---|---|---|---|")
    for shape in SHAPES:
        found = [score(shape, seed) for seed in range(1, seeds + 1)]
        better = sum(one.ours < min(one.everywhere, one.own) for one in found)
        means = {name: np.mean([getattr(one, name) for one in found]) for name in Score.__slots__}
        losses = " | ".join(f"{means[name]:.4f}" for name in ("ours", "everywhere", "own"))
        shares = " | ".join(f"{100 * means[name]:.1f} %" for name in ("whole", "sites", "topics", "titles"))
        print(f"| {shape} | {losses} | {better} of {seeds} | {shares} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
