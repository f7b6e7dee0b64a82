"""What binds a plan and what one more of it would bring; what was wished for and missed, and what it would take."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from hub.restock.planner.draft import Draft
from hub.restock.planner.prices import Prices, Reckoned, nothing, sound
from hub.restock.planner.problem import MANY, Problem
from hub.restock.planner.world import Floats, Ints

TRIFLE = 1e-4
"""Prices below this, in loans, are the solver's noise."""


class Limit(StrEnum):
    """What can bind a plan."""

    CAPACITY = "capacity"
    ARRIVALS = "arrivals"
    VAN_IN = "van_in"
    VAN_OUT = "van_out"
    MOVES = "moves"
    LEAST = "least"
    MOST = "most"


@dataclass(frozen=True, slots=True)
class Scarce:
    """A limit that binds."""

    limit: Limit
    price: float
    """What the last one is worth, in loans; a plan made after this one begins from it."""
    brings: float
    """About what one more place or transfer, or one copy less wanted or forbidden, would bring, in loans."""
    used: int
    allowed: int
    site: str | None = None
    van: str | None = None
    theme: str | None = None


class Wish(StrEnum):
    """What can be missed."""

    SHORT = "short"
    """Fewer copies of a theme than wanted."""
    OVER = "over"
    """More copies of a theme than wanted."""
    RESERVATION = "reservation"
    """A copy that a patron waits for."""


@dataclass(frozen=True, slots=True)
class Missed:
    """A soft demand that isn't met."""

    wish: Wish
    site: str
    wanted: int
    there: int
    lacking: int
    """Copies that aren't to be had for it at any price: too few suit and may go there."""
    cost: float
    """About how many loans meeting the rest of it would give up elsewhere; what the wish is worth not taken off."""
    in_the_way: tuple[Limit, ...]
    """What is used up that it would need."""
    theme: str | None = None
    group: str | None = None


def scarce(draft: Draft, reckoned: Reckoned) -> tuple[Scarce, ...]:
    """Every limit with a price worth naming."""
    prices = reckoned.prices
    p, world = draft.problem, draft.problem.world
    sites, vans, wants = world.sites, world.vans, world.demands
    found: list[Scarce] = []
    next_at, next_in = _next(draft, reckoned.spare)
    by_van = np.full(len(vans), -np.inf)
    called = p.van >= 0
    np.maximum.at(by_van, p.van[called], next_in[called])

    def more(price: Floats, following: Floats, row: int) -> float:
        return float(np.clip(price[row] + following[row], 0, price[row]))

    for limit, price, used, left, most in (
        (Limit.CAPACITY, prices.capacity, draft.used, p.capacity, sites.capacity),
        (Limit.ARRIVALS, prices.arrivals, draft.came, p.arrivals, sites.arrivals),
    ):
        for site in _dear(price):
            spent = int(most[site] - left[site] + used[site])
            brings = more(price, next_at if limit is Limit.CAPACITY else next_in, site)
            found.append(Scarce(limit, float(price[site]), brings, spent, int(most[site]), site=sites.ids[site]))
    for limit, price, used, left in (
        (Limit.VAN_IN, prices.van_in, draft.van_in, p.van_in),
        (Limit.VAN_OUT, prices.van_out, draft.van_out, p.van_out),
    ):
        for van in _dear(price):
            most_of = int(vans.capacity[van])
            spent = most_of - int(left[van]) + int(used[van])
            brings = more(price, by_van, van) if limit is Limit.VAN_IN else float(price[van])
            found.append(Scarce(limit, float(price[van]), brings, spent, most_of, van=vans.ids[van]))
    if prices.moves > TRIFLE and world.limits.moves is not None:
        brings = float(np.clip(prices.moves + next_in.max(initial=-np.inf), 0, prices.moves))
        found.append(Scarce(Limit.MOVES, prices.moves, brings, draft.moves + p.pinned_moves, world.limits.moves))
    for limit, price, wanted, level in (
        (Limit.LEAST, -prices.demand, wants.least, p.least),
        (Limit.MOST, prices.demand, wants.most, p.most),
    ):
        for row in _dear(price):
            spent = int(draft.shown[row] + wanted[row] - level[row])
            theme, site = world.themes.ids[wants.theme[row]], sites.ids[wants.site[row]]
            worth = float(price[row])
            found.append(Scarce(limit, worth, worth, spent, int(wanted[row]), site=site, theme=theme))
    return tuple(found)


def _next(draft: Draft, spare: Floats) -> tuple[Floats, Floats]:
    """By site, what the best copy that isn't there would leave beyond all prices: any copy, and one that arrives."""
    p = draft.problem
    arcs = np.flatnonzero(draft.count < draft.many)
    column = draft.first[arcs] + draft.count[arcs]
    any_copy, arriving = np.full(p.sites, -np.inf), np.full(p.sites, -np.inf)
    np.maximum.at(any_copy, p.arc_site[arcs], spare[column])
    come = p.arriving[column]
    np.maximum.at(arriving, p.arc_site[arcs][come], spare[column][come])
    return any_copy, arriving


def _dear(price: Floats) -> list[int]:
    rows: Ints = np.flatnonzero(price > TRIFLE)
    found: list[int] = rows[np.argsort(-price[rows], kind="stable")].tolist()
    return found


def recalled(problem: Problem, known: tuple[Scarce, ...]) -> Prices:
    """The prices that an earlier plan found, for a problem that may have other sites, vans and demands."""
    world = problem.world
    sites = {name: number for number, name in enumerate(world.sites.ids)}
    vans = {name: number for number, name in enumerate(world.vans.ids)}
    wanted = {
        (world.themes.ids[theme], world.sites.ids[site]): row
        for row, (theme, site) in enumerate(zip(world.demands.theme.tolist(), world.demands.site.tolist(), strict=True))
    }
    zero = nothing(problem)
    capacity, arrivals = zero.capacity.copy(), zero.arrivals.copy()
    van_in, van_out, demand, moves = zero.van_in.copy(), zero.van_out.copy(), zero.demand.copy(), 0.0
    for one in known:
        site, van, row = (
            sites.get(one.site or ""),
            vans.get(one.van or ""),
            wanted.get((one.theme or "", one.site or "")),
        )
        if one.limit is Limit.MOVES:
            moves = one.price
        elif one.limit in (Limit.LEAST, Limit.MOST):
            if row is not None:
                demand[row] += one.price if one.limit is Limit.MOST else -one.price
        elif one.limit in (Limit.CAPACITY, Limit.ARRIVALS):
            if site is not None:
                (capacity if one.limit is Limit.CAPACITY else arrivals)[site] = one.price
        elif van is not None:
            (van_in if one.limit is Limit.VAN_IN else van_out)[van] = one.price
    return sound(problem, Prices(capacity, arrivals, van_in, van_out, moves, demand))


def missed(draft: Draft, reckoned: Reckoned) -> tuple[Missed, ...]:
    """Every theme and reservation that isn't met."""
    p, world = draft.problem, draft.problem.world
    wants = world.demands
    prices, spare = reckoned.prices, reckoned.spare
    taken = draft.taken() > 0
    order = np.argsort(p.member_demand, kind="stable")
    begins = np.searchsorted(p.member_demand[order], np.arange(len(wants) + 1))
    found: list[Missed] = []
    for row in np.flatnonzero((draft.shown < p.least) | (draft.shown > p.most)).tolist():
        columns = p.member_column[order[begins[row] : begins[row + 1]]]
        short = bool(draft.shown[row] < p.least[row])
        much = int(p.least[row] - draft.shown[row]) if short else int(draft.shown[row] - p.most[row])
        offers = spare[columns[taken[columns] != short]] + prices.demand[row]
        costs = np.sort(-offers if short else offers)[:much]
        level, wanted = (p.least, wants.least) if short else (p.most, wants.most)
        found.append(
            Missed(
                Wish.SHORT if short else Wish.OVER,
                world.sites.ids[wants.site[row]],
                int(wanted[row]),
                int(draft.shown[row] + wanted[row] - level[row]),
                much - len(costs),
                float(np.maximum(costs, 0).sum()),
                _in_the_way(draft, int(wants.site[row])) if short else (),
                theme=world.themes.ids[wants.theme[row]],
            )
        )
    there = draft.count + p.pinned
    for arc in np.flatnonzero(there < p.reserved).tolist():
        site = int(p.arc_site[arc])
        much = int(p.reserved[arc] - there[arc])
        able = int(draft.many[arc] - draft.count[arc])
        found.append(
            Missed(
                Wish.RESERVATION,
                world.sites.ids[site],
                int(p.reserved[arc]),
                int(there[arc]),
                max(much - able, 0),
                0.0,
                _in_the_way(draft, site),
                group=world.groups[p.arc_group[arc]],
            )
        )
    return tuple(found)


def _in_the_way(draft: Draft, site: int) -> tuple[Limit, ...]:
    p, van = draft.problem, int(draft.problem.van[site])
    full = (
        (Limit.CAPACITY, draft.used[site] >= p.capacity[site]),
        (Limit.ARRIVALS, draft.came[site] >= p.arrivals[site]),
        (Limit.VAN_IN, van >= 0 and draft.van_in[van] >= p.van_in[van]),
        (Limit.MOVES, p.moves < MANY and draft.moves >= p.moves),
    )
    return tuple(limit for limit, used_up in full if used_up)
