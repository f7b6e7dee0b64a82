"""What a plan expects, with an interval, by site and in all; what binds; what is missed: as plain values to keep."""

from collections import Counter
from dataclasses import asdict
from typing import Any

import numpy as np

from hub.restock import planner
from hub.restock.forecast import quantiles
from hub.restock.planner.world import Floats
from hub.restocking import world
from hub.restocking.world import Ground

LEVEL = 0.8
"""Chance that what is expected lies within the interval shown."""
LEAST = 1e-6
"""Loans expected where none are: an interval needs some."""


def outlook(ground: Ground, made: planner.Plan, free: float | None) -> dict[str, Any]:
    """What the plan expects, with an interval, by site and in all; what binds; what is missed.

    `free`: what the plan was worth before anybody changed it, None if nobody did.
    """
    after: Counter[tuple[str, str]] = Counter()
    for line in made.lines:
        if line.target is not None:
            after[line.group, line.target] += line.count
    before_loans = world.worth_of(ground, ground.there)
    loans = _by_site(ground, made)
    low, high = _intervals(ground, after, loans)
    sites = {}
    for n, site in enumerate(ground.world.sites.ids):
        sites[site] = {
            "room": int(ground.world.sites.capacity[n]),
            "copies_before": sum(count for (_, at), count in ground.there.items() if at == site),
            "copies_after": sum(count for (_, at), count in after.items() if at == site),
            "loans_before": round(float(before_loans[n]), 3),
            "loans_after": round(float(loans[n]), 3),
            "low": int(low[n]),
            "high": int(high[n]),
        }
    return {
        "expected": round(made.expected_loans, 3),
        "before": round(float(before_loans.sum()), 3),
        "low": int(low[-1]),
        "high": int(high[-1]),
        "moves": made.moves,
        "handling": round(made.handling, 3),
        "penalties": round(made.penalties, 3),
        "worth": made.objective,
        "free": made.objective if free is None else free,
        "gap": made.gap,
        "sites": sites,
        "scarce": [asdict(one) for one in made.scarce],
        "missed": [asdict(one) for one in made.missed],
    }


def _by_site(ground: Ground, made: planner.Plan) -> Floats:
    lines, sites = made.lines, len(ground.world.sites.ids)
    at = lines.target >= 0
    found: Floats = np.bincount(lines.target[at], weights=lines.loans[at], minlength=sites).astype(np.float64)
    return found


def _intervals(ground: Ground, after: Counter[tuple[str, str]], loans: Floats) -> tuple[Floats, Floats]:
    """By site, and last in all: how few and how many loans there may be."""
    keys = sorted(after)
    sites = list(ground.world.sites.ids)
    title = np.array([ground.learned.titles[one] for one, _ in keys], np.int64)
    place = np.array([ground.learned.sites[site] for _, site in keys], np.int64)
    member = np.array([sites.index(site) for _, site in keys], np.int64)
    forecast, days = ground.learned.forecast, float(ground.cycle)
    stale = forecast.stale(title, place)
    each = forecast.totals(title, place, days, member, len(sites), stale)
    whole = forecast.totals(title, place, days, np.zeros(len(keys), np.int64), 1, stale)
    shape = np.concatenate([each.shape, whole.shape])
    mean = np.maximum(np.append(loans, loans.sum()), LEAST)
    return quantiles(shape, mean, (1 - LEVEL) / 2), quantiles(shape, mean, (1 + LEVEL) / 2)
