"""Prices of what is scarce, and the bound they prove: no plan is worth more, whatever the prices are."""

from dataclasses import dataclass

import numpy as np

from hub.restock.planner.problem import MANY, Problem
from hub.restock.planner.world import Floats, Ints


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


@dataclass(frozen=True, slots=True, eq=False)
class Reckoned:
    """Columns reckoned by sound prices."""

    prices: Prices
    spare: Floats
    """What each column leaves beyond all prices, its own group's scarcity too; below 0 where it doesn't pay."""
    bound: float
    """The most that any plan can be worth, pinned copies left aside."""


def reckon(problem: Problem, prices: Prices) -> Reckoned:
    """What prices say of each column and of all; what `margins` leaves is ranked once for both."""
    left = margins(problem, prices)
    order = ranked(problem, left)
    spare = left - scarcity(problem, prices, left, order)[problem.group]
    return Reckoned(prices, spare, bound(problem, prices, left, order))


def bound(problem: Problem, prices: Prices, left: Floats, order: Ints) -> float:
    """The most that any plan can be worth, pinned copies left aside; `left` are the margins at these sound prices."""
    p = problem
    home = p.handling + prices.moves
    group = p.group[order]
    rank = np.arange(p.size) - np.searchsorted(group, np.arange(len(p.at_sites)))[group]
    best = left[order]
    spared = np.where(
        rank < p.at_sites[group], best + home, np.where(rank < (p.at_sites + p.at_library)[group], best, 0)
    )
    worth = float(np.maximum(spared, 0).sum()) - home * float(p.at_sites.sum())
    worth += float(prices.capacity @ p.capacity + prices.arrivals @ p.arrivals + prices.moves * p.moves)
    worth += float(prices.van_in @ p.van_in + prices.van_out @ p.van_out)
    worth += float(np.where(prices.demand > 0, prices.demand * p.most, prices.demand * p.least).sum())
    return worth


def sound(problem: Problem, prices: Prices) -> Prices:
    """The nearest prices that prove a bound: none below 0 or of what has no limit, none beyond what missing costs."""
    p = problem

    def limited(price: Floats, limit: Ints) -> Floats:
        return np.where(limit < MANY, np.maximum(price, 0.0), 0.0)

    return Prices(
        limited(prices.capacity, p.capacity),
        limited(prices.arrivals, p.arrivals),
        limited(prices.van_in, p.van_in),
        limited(prices.van_out, p.van_out),
        max(prices.moves, 0.0) if p.moves < MANY else 0.0,
        np.clip(prices.demand, -p.price, np.where(p.most < MANY, p.price, 0.0)),
    )


def scarcity(problem: Problem, prices: Prices, left: Floats, order: Ints) -> Floats:
    """What a copy of each group is worth at these prices to the next that wants it; `order` ranks columns by group."""
    p = problem
    groups = len(p.at_sites)
    begins = np.searchsorted(p.group, np.arange(groups))
    many = np.bincount(p.group, minlength=groups)
    sent = p.at_sites + p.at_library
    home = p.handling + prices.moves
    wanted = np.bincount(p.group, weights=left > 0, minlength=groups)
    idle = np.where(wanted <= p.at_sites, -home, 0.0)
    if not p.size:
        return idle
    following = np.where(sent < many, left[order[np.minimum(begins + sent, p.size - 1)]], -np.inf)
    return np.maximum(idle, following)


def ranked(problem: Problem, left: Floats) -> Ints:
    """Columns by group, those that leave most first."""
    return np.lexsort((-left, problem.group))
