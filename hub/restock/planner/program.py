"""The linear program of a problem as sparse numbers, for whichever solver wants it."""

from dataclasses import dataclass

import numpy as np

from hub.restock.planner.problem import MANY, Bools, Problem
from hub.restock.planner.world import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Maximise `cost`·x where `low` <= A x <= `high` and 0 <= x <= `top`; A by rows, entries `row`, `column`, `entry`.

    Variables: the columns kept, then copies going home by group that has some at sites, copies short and over by
    demand, and copies coming by site. Rows: groups, capacity, coming, vans in, vans out, moves, demands.
    """

    cost: Floats
    top: Floats
    row: Ints
    column: Ints
    entry: Floats
    low: Floats
    high: Floats
    blocks: tuple[int, ...]
    """Where each kind of row begins, and how many rows there are."""


def program(problem: Problem, keep: Bools | None = None, share: float = 1.0) -> Program:
    """The program over the columns of `keep`, all by default; what it's worth leaves pinned copies out.

    With a `share` below 1 the groups kept stand for all groups: sites, vans and themes are scaled down to match.
    """
    p = problem
    kept = np.flatnonzero(keep) if keep is not None else np.arange(p.size)
    known, group = np.unique(p.group[kept], return_inverse=True)
    at_sites, at_library = p.at_sites[known], p.at_library[known]
    stray = int(p.at_sites.sum() - at_sites.sum()) if share == 1 else 0
    homing = np.flatnonzero(at_sites)
    count, groups, sites, vans, demands = len(kept), len(known), p.sites, len(p.van_in), len(p.least)
    homes, shorts = count, count + len(homing)
    overs, coming = shorts + demands, shorts + 2 * demands
    blocks = np.cumsum([0, groups, sites, sites, vans, vans, 1, demands])
    site, arriving, here = p.site[kept], p.arriving[kept], np.arange(count)
    stays = np.flatnonzero(~arriving & (p.van[site] >= 0))
    called = np.flatnonzero(p.van >= 0)
    place = np.full(p.size, -1)
    place[kept] = here
    counted = place[p.member_column] >= 0
    each, every = np.arange(demands), np.arange(sites)
    parts: list[tuple[Ints, Ints, float]] = [
        (group, here, 1),
        (homing, homes + np.arange(len(homing)), 1),
        (blocks[1] + site, here, 1),
        (blocks[2] + site[arriving], here[arriving], 1),
        (blocks[2] + every, coming + every, -1),
        (blocks[3] + p.van[called], coming + called, 1),
        (blocks[4] + p.van[site[stays]], stays, -1),
        (np.full(sites, blocks[5]), coming + every, 1),
        (np.full(len(homing), blocks[5]), homes + np.arange(len(homing)), 1),
        (blocks[6] + p.member_demand[counted], place[p.member_column[counted]], 1),
        (blocks[6] + each, shorts + each, 1),
        (blocks[6] + each, overs + each, -1),
    ]

    def limited(limits: Ints) -> Floats:
        return np.where(limits < MANY, share * limits, np.inf)

    below = np.full(2 * sites + 2 * vans + 1, -np.inf)
    rest = limited(np.concatenate([p.van_in, p.van_out, [p.moves - stray], p.most]))
    return Program(
        cost=np.concatenate(
            [
                p.value[kept],
                np.full(len(homing), -p.handling),
                np.tile(-p.price, 2),
                np.full(sites, -p.handling),
            ]
        ),
        top=np.concatenate(
            [
                np.ones(count),
                at_sites[homing],
                np.maximum(p.least, 0),
                np.full(demands, np.inf),
                limited(p.arrivals),
            ]
        ),
        row=np.concatenate([part[0] for part in parts]),
        column=np.concatenate([part[1] for part in parts]),
        entry=np.concatenate([np.full(len(part[0]), part[2], np.float64) for part in parts]),
        low=np.concatenate([at_sites, below, share * p.least]),
        high=np.concatenate([at_sites + at_library, limited(p.capacity), np.zeros(sites), rest]),
        blocks=tuple(int(block) for block in blocks),
    )
