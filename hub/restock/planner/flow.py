"""The best plan under prices alone, exactly: a flow of copies from groups to sites that costs least.

Shelves' places and sites' arrivals are kept by the network itself; vans, transfers in all and themes only weigh in
by their prices, and what comes out may overstep them a little.
"""

import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from hub.restock.planner.prices import Prices, margins
from hub.restock.planner.problem import Problem
from hub.restock.planner.world import Floats, Ints

GRAINS = 2**50
"""Whole numbers that the dearest column is split into; the solver counts in those."""


def flow(problem: Problem, prices: Prices, lean: Floats, kept: Ints) -> Ints:
    """Columns of `kept` that are taken; `lean` is added to what each column is worth."""
    p = problem
    coupled = Prices(np.zeros(p.sites), np.zeros(p.sites), prices.van_in, prices.van_out, prices.moves, prices.demand)
    worth = (margins(p, coupled) + lean)[kept]
    groups, sites = len(p.at_sites), p.sites
    doors, ends = groups, groups + sites
    sink = ends + sites
    home = p.handling + prices.moves
    unit = GRAINS / max(float(np.abs(worth).max(initial=0.0)), home, 1e-9) / max(sink, 1)
    group, site = np.arange(groups), np.arange(sites)
    sent = p.at_sites + p.at_library
    tails = [p.group[kept], doors + site, ends + site, group, group]
    heads = [
        np.where(p.arriving[kept], doors, ends) + p.site[kept],
        ends + site,
        *[np.full(n, sink) for n in (sites, groups, groups)],
    ]
    room = [np.ones(len(kept)), p.arrivals, p.capacity, p.at_library, p.at_sites]
    cost = [-worth, np.zeros(sites), np.zeros(sites), np.zeros(groups), np.full(groups, home)]
    network = SimpleMinCostFlow()
    arcs = network.add_arcs_with_capacity_and_unit_cost(
        np.concatenate(tails).astype(np.int32),
        np.concatenate(heads).astype(np.int32),
        np.concatenate(room).astype(np.int64),
        np.rint(np.concatenate(cost) * unit).astype(np.int64),
    )
    network.set_nodes_supplies(
        np.arange(sink + 1, dtype=np.int32), np.concatenate([sent, np.zeros(2 * sites, np.int64), [-sent.sum()]])
    )
    status = network.solve()
    if status != network.OPTIMAL:
        raise ArithmeticError(f"the flow of copies has no solution ({status})")
    taken: Ints = kept[network.flows(arcs[: len(kept)]) > 0]
    return taken
