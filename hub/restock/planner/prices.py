"""Prices of what is scarce, and the bound they prove: no plan is worth more, whatever the prices are."""

from dataclasses import dataclass

import numpy as np

from hub.restock.planner.problem import Problem
from hub.restock.planner.world import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """What one more of each would bring, in loans; 0 for what isn't scarce."""

    capacity: Floats
    """By site, as `arrivals`."""
    arrivals: Floats
    van_in: Floats
    van_out: Floats
    moves: float
    demand: Floats
    """What one more copy of the theme at the site costs; below 0 where the demand wants more than is there."""


def nothing(problem: Problem) -> Prices:
    """Prices of 0 all over."""
    sites, vans = np.zeros(problem.sites), np.zeros(len(problem.van_in))
    return Prices(sites, sites, vans, vans, 0.0, np.zeros(len(problem.least)))


def margins(problem: Problem, prices: Prices) -> Floats:
    """What each column brings beyond the prices of what it uses; its own group's scarcity left aside."""
    p, site = problem, problem.site
    called = p.van >= 0
    inwards, outwards = np.zeros(p.sites), np.zeros(p.sites)
    inwards[called] = prices.van_in[p.van[called]]
    outwards[called] = prices.van_out[p.van[called]]
    coming = prices.capacity + prices.arrivals + inwards + prices.moves + p.handling
    staying = prices.capacity - outwards
    left = p.value - np.where(p.arriving, coming[site], staying[site])
    if len(p.member_column):
        left -= np.bincount(p.member_column, weights=prices.demand[p.member_demand], minlength=p.size)
    return left


def bound(problem: Problem, prices: Prices, left: Floats | None = None) -> tuple[float, Floats]:
    """The most that any plan can be worth, pinned copies left aside, and what one more copy of each group would bring.

    `left` are the margins at these prices, where they are known.
    """
    p = problem
    left = margins(p, prices) if left is None else left
    home = p.handling + prices.moves
    order = np.lexsort((-left, p.group))
    group = p.group[order]
    rank = np.arange(p.size) - np.searchsorted(group, np.arange(len(p.at_sites)))[group]
    best = left[order]
    spared = np.where(rank < p.at_sites[group], best + home, np.where(rank < (p.at_sites + p.at_library)[group], best, 0))
    worth = float(np.maximum(spared, 0).sum()) - home * float(p.at_sites.sum())
    worth += float(prices.capacity @ p.capacity + prices.arrivals @ p.arrivals + prices.moves * p.moves)
    worth += float(prices.van_in @ p.van_in + prices.van_out @ p.van_out)
    worth += float(np.where(prices.demand > 0, prices.demand * p.most, prices.demand * p.least).sum())
    return worth, spared


def sound(problem: Problem, prices: Prices) -> Prices:
    """The nearest prices that prove a bound: none below 0, none of a demand beyond what missing it costs."""
    p = problem
    return Prices(
        np.maximum(prices.capacity, 0), np.maximum(prices.arrivals, 0), np.maximum(prices.van_in, 0),
        np.maximum(prices.van_out, 0), max(prices.moves, 0.0), np.clip(prices.demand, -p.price, p.price),
    )
