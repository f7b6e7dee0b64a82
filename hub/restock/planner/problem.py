"""A world as a linear program: one column for each copy that may sit at a site, and what the columns must keep to.

Pinned decisions are carried out first: what they use is taken off, and the rest is planned around it. A column is the
k-th copy of a group at a site; it is 1 if that copy stands there after the run. Columns of copies that are there now
are stays, the others arrivals. Copies of a group beyond those at sites after the run are at the library: what was at
sites before and isn't needed at another goes home.
"""

from dataclasses import dataclass

import numpy as np

from hub.restock.planner.world import LIBRARY, UNLIMITED, Floats, Ints, World, total

MANY = UNLIMITED // 2
"""A limit from here on is none, whatever pins took off it."""

Bools = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Columns by group, then site, then copy; rows by what they limit. All counts are what pins left over."""

    world: World
    arc_group: Ints
    arc_site: Ints
    pinned: Ints
    """Copies pinned to stand there, by arc."""
    there: Ints
    """Free copies there now, by arc."""
    arc: Ints
    """Which arc a column belongs to; column k of an arc stands k places after its first."""
    group: Ints
    site: Ints
    arriving: Bools
    value: Floats
    """What a column brings: expected loans, and the bonus of a reservation."""
    loans: Floats
    """Expected loans alone."""
    reserved: Ints
    """Copies that patrons wait for, by arc."""
    at_sites: Ints
    """Free copies of each group at sites now."""
    at_library: Ints
    capacity: Ints
    arrivals: Ints
    van_in: Ints
    van_out: Ints
    """Copies each van may still pick up, less those free at its sites now: stays count against it as -1."""
    moves: int
    handling: float
    member_column: Ints
    """With member_demand: which columns count for which demand."""
    member_demand: Ints
    least: Ints
    most: Ints
    price: Floats
    arc_pinned_loans: Floats
    """Expected loans of the pinned copies of each arc."""
    pinned_moves: int
    bonus: float
    """What serving a reservation counts for; more than anything that stands against it."""

    @property
    def size(self) -> int:
        """How many columns there are."""
        return len(self.arc)

    @property
    def sites(self) -> int:
        """How many sites there are."""
        return len(self.capacity)

    @property
    def van(self) -> Ints:
        """Which van calls at each site."""
        return self.world.sites.van


def build(world: World) -> Problem:
    """The problem of `world`; one whose hard demands contradict each other may have negative counts."""
    sites, groups = len(world.sites.ids), len(world.groups)
    cand, stock, pins, held = world.candidates, world.stock, world.pins, world.reservations
    placed = stock.place != LIBRARY
    bound = pins.target != LIBRARY
    seeded = pins.origin != LIBRARY
    key_of_stock = stock.group[placed] * sites + stock.place[placed]
    key_of_cand = cand.group * sites + cand.site
    key_of_held = held.group * sites + held.site
    key_of_pin = pins.group[bound] * sites + pins.target[bound]
    key_of_left = pins.group[seeded] * sites + pins.origin[seeded]
    keys = np.unique(np.concatenate([key_of_stock, key_of_cand, key_of_held, key_of_pin, key_of_left]))
    arcs = len(keys)

    def at(found: Ints) -> Ints:
        return np.searchsorted(keys, found)

    there = total(at(key_of_stock), stock.count[placed], arcs)
    there -= total(at(key_of_left), pins.count[seeded], arcs)
    pinned = total(at(key_of_pin), pins.count[bound], arcs)
    reserved = total(at(key_of_held), held.count, arcs)
    arc_group, arc_site = keys // sites if sites else keys, keys % sites if sites else keys
    at_library = total(stock.group[~placed], stock.count[~placed], groups)
    at_library -= total(pins.group[~seeded], pins.count[~seeded], groups)
    at_sites = total(arc_group, np.maximum(there, 0), groups)

    width = max(cand.loans.shape[1], 1)
    rate = np.zeros((arcs, width))
    assert cand.stale is not None
    rate[at(key_of_cand)] = cand.loans * ((1 - world.limits.fatigue) ** cand.stale)[:, None]
    known = np.zeros(arcs, np.int64)
    known[at(key_of_cand)] = width
    closed = np.isin(
        keys,
        np.concatenate([world.cooling.group, world.barred.group]) * sites
        + np.concatenate([world.cooling.site, world.barred.site]),
    )
    barred = np.isin(keys, world.barred.group * sites + world.barred.site)
    free = at_library + at_sites
    stays = np.where(barred, 0, np.maximum(there, 0))
    worth = np.maximum(np.maximum(known, reserved) - pinned - stays, 0)
    come = np.where(closed, 0, np.minimum(worth, np.maximum(free[arc_group] - np.maximum(there, 0), 0)))
    many = stays + come
    arc = np.repeat(np.arange(arcs), many)
    nth = np.arange(len(arc)) - np.repeat(np.cumsum(many) - many, many)
    rank = nth + pinned[arc]
    loans = np.where(rank < width, rate[arc, np.minimum(rank, width - 1)], 0.0)
    top = float(cand.loans.max(initial=0.0))
    bonus = 4.0 * (top + world.limits.handling + _dearest(world)) + 1.0 if len(held) else 0.0
    arriving = nth >= stays[arc]
    site = arc_site[arc]
    group = arc_group[arc]
    moved = pins.origin != pins.target
    demand_pinned, member_column, member_demand = _members(world, group, site, arc_group, arc_site, pinned)
    ending = np.cumsum(rate, axis=1)
    full = np.minimum(pinned, width)
    return Problem(
        world=world,
        arc_group=arc_group,
        arc_site=arc_site,
        pinned=pinned,
        there=there,
        arc=arc,
        group=group,
        site=site,
        arriving=arriving,
        value=loans + bonus * (rank < reserved[arc]),
        loans=loans,
        reserved=reserved,
        at_sites=at_sites,
        at_library=at_library,
        capacity=world.sites.capacity - total(arc_site, pinned, sites),
        arrivals=world.sites.arrivals - total(pins.target[bound & moved], pins.count[bound & moved], sites),
        van_in=_van_left(world, pins.target, bound & moved),
        van_out=_van_left(world, pins.origin, seeded & moved)
        - _van_sum(world, total(arc_site, np.maximum(there, 0), sites)),
        moves=(UNLIMITED if world.limits.moves is None else world.limits.moves) - int(pins.count[moved].sum()),
        handling=world.limits.handling,
        member_column=member_column,
        member_demand=member_demand,
        least=world.demands.least - demand_pinned,
        most=world.demands.most - demand_pinned,
        price=world.demands.price,
        arc_pinned_loans=np.where(full > 0, ending[np.arange(arcs), np.maximum(full, 1) - 1], 0.0),
        pinned_moves=int(pins.count[moved].sum()),
        bonus=bonus,
    )


def _dearest(world: World) -> float:
    """The most that one copy can be worth to all the themes of a site."""
    prices = np.bincount(world.demands.site, weights=world.demands.price, minlength=1)
    return float(prices.max(initial=0.0))


def _van_sum(world: World, counts: Ints) -> Ints:
    van = world.sites.van
    return total(van[van >= 0], counts[van >= 0], len(world.vans))


def _van_left(world: World, place: Ints, used: Bools) -> Ints:
    counts = total(place[used], world.pins.count[used], len(world.sites))
    return world.vans.capacity - _van_sum(world, counts)


def _members(
    world: World, group: Ints, site: Ints, arc_group: Ints, arc_site: Ints, pinned: Ints
) -> tuple[Ints, Ints, Ints]:
    """What is pinned for each demand, and the pairs of column and demand that count."""
    demands, themes = world.demands, world.themes
    if not len(demands) or not len(themes):
        return np.zeros(len(demands), np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    wanted = np.isin(themes.theme, demands.theme)
    pairs = np.unique(themes.theme[wanted] * len(world.groups) + themes.group[wanted])
    theme, member = pairs // len(world.groups), pairs % len(world.groups)
    columns, hit = _joined(world, theme, member, group, site)
    arcs, pin_hit = _joined(world, theme, member, arc_group, arc_site)
    order = np.argsort(columns, kind="stable")
    return total(pin_hit, pinned[arcs], len(demands)), columns[order], hit[order]


def _joined(world: World, theme: Ints, member: Ints, group: Ints, site: Ints) -> tuple[Ints, Ints]:
    """Pairs of a row of (group, site), sorted by group, and the demand that counts it."""
    sites = len(world.sites)
    starts, ends = np.searchsorted(group, member), np.searchsorted(group, member, side="right")
    many = ends - starts
    row = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many) + np.repeat(starts, many)
    keys = world.demands.theme * sites + world.demands.site
    order = np.argsort(keys)
    wanted = np.repeat(theme, many) * sites + site[row]
    place = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    found = keys[order][place] == wanted
    return row[found], order[place[found]]
