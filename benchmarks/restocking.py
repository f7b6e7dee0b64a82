"""Our way to restock, as a policy of the simulated year: the hub's forecast and planner, given what she sees."""

from dataclasses import dataclass

import numpy as np

from firmware_sim.year.readers import OUT, Ints
from firmware_sim.year.year import WEEK, Moves, Policy, View
from hub.restock.forecast import Catalogue, Exposures, Settings, fit
from hub.restock.planner import NO_VAN, UNLIMITED, Candidates, Limits, Sites, Stock, World, plan

COPIES = 2
"""Copies of a title that are weighed for one site."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What a library would set; these were chosen on seeds from 101 on, and are measured on others."""

    horizon: int = 14
    """Days of loans that a transfer is weighed against."""
    handling: float = 0.03
    """What a transfer costs, in loans."""
    fatigue: float = 0.15
    """Share of its loans that a title loses for each week it sat at a site untaken."""
    half_life: float = 180.0
    rest: float = 182.0
    """Days after which a shelf's readers look at a title anew."""
    loan_days: float = 16.0
    """Days until a copy is back."""


def ours(tuning: Tuning = Tuning()) -> Policy:
    """Forecasts from what was seen so far, plans, and carries the plan out."""

    def policy(view: View) -> Moves:
        titles, sites = len(view.topics), view.scale.sites
        title, topic = np.nonzero(view.topics)
        catalogue = Catalogue(titles, sites, view.topics.shape[1], title, topic, view.popularity)
        seen = Exposures(view.title, view.site, view.begin, view.begin + WEEK, view.days, view.loans)
        settings = Settings(half_life=tuning.half_life, fatigue=tuning.fatigue, rest=tuning.rest, cycle=WEEK)
        forecast = fit(seen, catalogue, view.day, settings)
        group, site = (column.ravel() for column in np.indices((titles, sites)))
        worth = forecast.worth(group, site, COPIES, tuning.horizon, tuning.loan_days)
        here = view.place != OUT
        keys, counts = np.unique(view.copy_title[here] * (sites + 1) + view.place[here] + 1, return_counts=True)
        made = plan(
            World(
                Sites(
                    tuple(f"s{number}" for number in range(sites)),
                    np.full(sites, view.scale.fill),
                    np.full(sites, UNLIMITED),
                    np.full(sites, NO_VAN),
                ),
                tuple(f"g{number}" for number in range(titles)),
                Stock(keys // (sites + 1), keys % (sites + 1) - 1, counts),
                Candidates(group, site, worth, np.rint(forecast.stale(group, site)).astype(int)),
                limits=Limits(view.moves, tuning.handling, tuning.fatigue),
            )
        )
        lines = made.lines
        return _moves(view, lines.group, lines.origin, lines.target, lines.count)

    return policy


def _moves(view: View, group: Ints, origin: Ints, target: Ints, count: Ints) -> Moves:
    """Which copies: of those of a title at a place any will do, so the ones that stood there longest."""
    order = np.lexsort((view.since, view.place, view.copy_title))
    width = view.scale.sites + 2
    keys = (view.copy_title * width + view.place + 2)[order]
    used: dict[int, int] = {}
    copies, targets = [], []
    for line in np.flatnonzero(origin != target):
        key = int(group[line] * width + origin[line] + 2)
        first = int(np.searchsorted(keys, key)) + used.get(key, 0)
        copies += order[first : first + count[line]].tolist()
        targets += [int(target[line])] * int(count[line])
        used[key] = used.get(key, 0) + int(count[line])
    return Moves(np.array(copies, np.int64), np.array(targets, np.int64))
