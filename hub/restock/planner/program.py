"""The linear program of a problem as sparse numbers, for whichever solver wants it."""

from dataclasses import dataclass

import numpy as np

from hub.restock.planner.problem import MANY, Bools, Problem
from hub.restock.planner.world import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Maximise `cost`·x where `low` <= A x <= `high` and 0 <= x <= `top`; A by rows, entries `row`, `column`, `entry`.

    Variables: the columns kept, then copies going home by group, then copies short and over by demand. Rows: groups,
    capacity, arrivals, vans in, vans out, moves, demands.
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
    count, groups, sites, vans, demands = len(kept), len(known), p.sites, len(p.van_in), len(p.least)
    homes, shorts = count, count + groups
    overs = shorts + demands
    blocks = np.cumsum([0, groups, sites, sites, vans, vans, 1, demands])
    site, arriving, here = p.site[kept], p.arriving[kept], np.arange(count)
    carried = p.van[site] >= 0
    comes, stays = np.flatnonzero(arriving & carried), np.flatnonzero(~arriving & carried)
    place = np.full(p.size, -1)
    place[kept] = here
    counted = place[p.member_column] >= 0
    each = np.arange(demands)
    parts: list[tuple[Ints, Ints, float]] = [
        (group, here, 1),
        (np.arange(groups), homes + np.arange(groups), 1),
        (blocks[1] + site, here, 1),
        (blocks[2] + site[arriving], here[arriving], 1),
        (blocks[3] + p.van[site[comes]], comes, 1),
        (blocks[4] + p.van[site[stays]], stays, -1),
        (np.full(int(arriving.sum()), blocks[5]), here[arriving], 1),
        (np.full(groups, blocks[5]), homes + np.arange(groups), 1),
        (blocks[6] + p.member_demand[counted], place[p.member_column[counted]], 1),
        (blocks[6] + each, shorts + each, 1),
        (blocks[6] + each, overs + each, -1),
    ]
    limits = np.concatenate([p.capacity, p.arrivals, p.van_in, p.van_out, [p.moves - stray], p.most])
    return Program(
        cost=np.concatenate([p.value[kept] - p.handling * arriving, np.full(groups, -p.handling), np.tile(-p.price, 2)]),
        top=np.concatenate([np.ones(count), at_sites, np.maximum(p.least, 0), np.full(demands, np.inf)]),
        row=np.concatenate([part[0] for part in parts]),
        column=np.concatenate([part[1] for part in parts]),
        entry=np.concatenate([np.full(len(part[0]), part[2], np.float64) for part in parts]),
        low=np.concatenate([at_sites, np.full(2 * sites + 2 * vans + 1, -np.inf), share * p.least]),
        high=np.concatenate([at_sites + at_library, np.where(limits < MANY, share * limits, np.inf)]),
        blocks=tuple(int(block) for block in blocks),
    )
