"""Small worlds to plan for, what a plan may not do in them, and the best plan there is, found by trying all."""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from hub.restock.planner import (
    LIBRARY,
    NO_VAN,
    UNLIMITED,
    Candidates,
    Demands,
    Kind,
    Limits,
    Pairs,
    Pins,
    Plan,
    Reservations,
    Sites,
    Stock,
    Themes,
    Vans,
    World,
)


@st.composite
def worlds(draw: st.DrawFn, sites: int = 4, groups: int = 6, copies: int = 3) -> World:
    """Any small world, its hard demands contradicting each other now and then."""

    def whole(low: int, high: int, size: int) -> list[int]:
        return draw(st.lists(st.integers(low, high), min_size=size, max_size=size))

    places = draw(st.integers(1, sites))
    titles = draw(st.integers(1, groups))
    width = draw(st.integers(1, 3))
    spots = [(group, site) for group in range(titles) for site in range(places)]

    def some(at_most: int) -> list[tuple[int, int]]:
        return draw(st.lists(st.sampled_from(spots), max_size=at_most, unique=True))

    def pairs(at_most: int) -> Pairs:
        found = some(at_most)
        return Pairs([group for group, _ in found], [site for _, site in found])

    stock = draw(
        st.lists(
            st.tuples(st.integers(0, titles - 1), st.integers(LIBRARY, places - 1), st.integers(0, copies)),
            max_size=2 * titles,
        )
    )
    known = some(len(spots))
    loans = [sorted(whole(0, 300, width), reverse=True) for _ in known]
    vans = draw(st.integers(0, 2))
    wants = draw(st.lists(st.tuples(st.integers(0, 1), st.integers(0, places - 1)), max_size=4, unique=True))
    least = whole(0, 4, len(wants))
    held = some(2)
    pinned = []
    for group, place, count in stock:
        if count and draw(st.integers(0, 5)) == 0:
            pinned.append((group, place, draw(st.integers(LIBRARY, places - 1)), draw(st.integers(1, count))))
    return World(
        sites=Sites(
            tuple(f"site-{number}" for number in range(places)),
            whole(0, 8, places),
            whole(0, 4, places),
            whole(NO_VAN, vans - 1, places),
        ),
        groups=tuple(f"title-{number}" for number in range(titles)),
        stock=Stock(*columns(stock, 3)),
        candidates=Candidates(
            *columns(known, 2),
            np.array(loans).reshape(len(known), width) / 100,
            whole(0, 2, len(known)),
        ),
        vans=Vans(tuple(f"van-{number}" for number in range(vans)), whole(0, 6, vans)),
        themes=Themes(("sea", "stars"), [number % 2 for number in range(titles)], list(range(titles))),
        demands=Demands(
            *columns(wants, 2),
            least,
            [low + draw(st.sampled_from([0, 2, UNLIMITED - 8])) for low in least],
            [price / 4 for price in whole(0, 8, len(wants))],
        ),
        reservations=Reservations(*columns(held, 2), whole(0, 2, len(held))),
        cooling=pairs(2),
        barred=pairs(1),
        pins=Pins(*columns(pinned, 4)),
        limits=Limits(
            draw(st.none() | st.integers(0, 8)),
            draw(st.sampled_from([0.0, 0.05, 0.5])),
            draw(st.sampled_from([0.0, 0.2, 1.0])),
        ),
        seed=draw(st.integers(0, 3)),
    )


def columns(rows: list[tuple[int, ...]], many: int) -> list[list[int]]:
    """Rows turned on their side."""
    return [[row[number] for row in rows] for number in range(many)]


def without_promises(world: World) -> World:
    """The same with no reservations."""
    return replace(world, reservations=Reservations())


def rates(world: World) -> dict[tuple[int, int], list[float]]:
    """Expected loans of the first, second, … copy, by group and site."""
    cand = world.candidates
    return {
        (group, site): [loans * (1 - world.limits.fatigue) ** stale for loans in row]
        for group, site, row, stale in zip(
            cand.group.tolist(), cand.site.tolist(), cand.loans.tolist(), cand.stale.tolist(), strict=True
        )
    }


def stocked(world: World) -> Counter[tuple[int, int]]:
    """Copies by group and place."""
    there: Counter[tuple[int, int]] = Counter()
    for group, place, count in zip(*(column.tolist() for column in both(world)), strict=True):
        there[group, place] += count
    return there


def both(world: World) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The columns of the stock."""
    return world.stock.group, world.stock.place, world.stock.count


def pairs_of(pairs: Pairs) -> set[tuple[int, int]]:
    """Pairs of group and site."""
    return set(zip(pairs.group.tolist(), pairs.site.tolist(), strict=True))


def rows(plan: Plan) -> list[tuple[int, int, int, int, bool]]:
    """Group, origin, target, count and whether pinned, of each line."""
    lines = plan.lines
    return list(
        zip(
            *(column.tolist() for column in (lines.group, lines.origin, lines.target, lines.count, lines.pinned)),
            strict=True,
        )
    )


def wrongs(world: World, plan: Plan) -> list[str]:
    """Everything that `plan` does and may not, counted from its lines alone."""
    found = []
    left, after, come, gone = stocked(world), Counter(), Counter(), Counter()
    moves = 0
    barred, cooling = pairs_of(world.barred), pairs_of(world.cooling)
    for group, origin, target, count, pinned in rows(plan):
        if count <= 0:
            found.append(f"a line of {count} copies")
        left[group, origin] -= count
        after[group, target] += count
        if origin != target:
            moves += count
            come[target] += count
            gone[origin] += count
            if not pinned and (group, target) in cooling:
                found.append(f"{group} comes to {target} too soon")
        if (group, target) in barred:
            found.append(f"{group} is at {target}, which it is barred from")
    for (group, place), count in left.items():
        if count < 0 or (place != LIBRARY and count > 0):
            found.append(f"{count} copies of {group} at {place} are in no line, or in too many")
    for site in range(len(world.sites.ids)):
        if sum(count for (_, place), count in after.items() if place == site) > world.sites.capacity[site]:
            found.append(f"site {site} is overfull")
        if come[site] > world.sites.arrivals[site]:
            found.append(f"too much arrives at {site}")
    for van, most in enumerate(world.vans.capacity.tolist()):
        calls = np.flatnonzero(world.sites.van == van).tolist()
        if sum(come[site] for site in calls) > most or sum(gone[site] for site in calls) > most:
            found.append(f"van {van} is overfull")
    if world.limits.moves is not None and moves > world.limits.moves:
        found.append("too many transfers")
    if moves != plan.moves:
        found.append(f"{moves} transfers, not {plan.moves}")
    pins = world.pins
    wanted = Counter()
    for pin in zip(*(c.tolist() for c in (pins.group, pins.origin, pins.target)), pins.count.tolist(), strict=True):
        wanted[pin[:3]] += pin[3]
    kept = Counter()
    for group, origin, target, count, pinned in rows(plan):
        kept[group, origin, target] += count if pinned else 0
    if wanted != kept:
        found.append(f"pinned {wanted}, kept {kept}")
    loans = sum(sum(rates(world).get(key, [])[:count]) for key, count in after.items())
    if abs(loans - plan.expected_loans) > 1e-6 or abs(float(plan.lines.loans.sum()) - loans) > 1e-6:
        found.append(f"{loans} loans, not {plan.expected_loans}, nor {plan.lines.loans.sum()} by line")
    if abs(penalties(world, after) - plan.penalties) > 1e-6:
        found.append(f"{penalties(world, after)} of penalties, not {plan.penalties}")
    if abs(plan.handling - moves * world.limits.handling) > 1e-9:
        found.append(f"handling of {plan.handling}")
    if plan.objective > plan.bound + 1e-6 * max(1, abs(plan.bound)):
        found.append(f"better than possible, {plan.objective} beyond {plan.bound}")
    for line in plan.lines:
        if (line.origin == line.target) != (line.kind is Kind.STAY):
            found.append(f"{line} isn't what it says")
    return found


def penalties(world: World, after: Counter[tuple[int, int]]) -> float:
    """What themes missed cost."""
    wants, themes = world.demands, world.themes
    members = set(zip(themes.theme.tolist(), themes.group.tolist(), strict=True))
    cost = 0.0
    for theme, site, least, most, price in zip(
        *(column.tolist() for column in (wants.theme, wants.site, wants.least, wants.most, wants.price)), strict=True
    ):
        shown = sum(count for (group, place), count in after.items() if place == site and (theme, group) in members)
        cost += price * (max(least - shown, 0) + max(shown - most, 0))
    return cost


def best(world: World) -> float | None:
    """The highest objective of any plan, by trying every way to place copies; None where no plan is allowed.

    Pins and reservations aren't understood: `world` has none.
    """
    groups, sites = len(world.groups), len(world.sites.ids)
    there, rate = stocked(world), rates(world)
    barred, cooling = pairs_of(world.barred), pairs_of(world.cooling)

    def ways(group: int) -> Iterator[tuple[int, ...]]:
        sent = sum(there[group, place] for place in range(LIBRARY, sites))
        options = []
        for site in range(sites):
            now = there[group, site]
            most = max(now, len(rate.get((group, site), [])))
            if (group, site) in cooling:
                most = now
            options.append(range(1) if (group, site) in barred else range(min(most, sent) + 1))
        return (way for way in itertools.product(*options) if sum(way) <= sent)

    found: list[float] = []
    for chosen in itertools.product(*(list(ways(group)) for group in range(groups))):
        after = Counter({(g, s): chosen[g][s] for g in range(groups) for s in range(sites) if chosen[g][s]})
        come = [sum(max(chosen[g][s] - there[g, s], 0) for g in range(groups)) for s in range(sites)]
        gone = [sum(max(there[g, s] - chosen[g][s], 0) for g in range(groups)) for s in range(sites)]
        moves = 0
        for g in range(groups):
            moves += max(
                sum(max(chosen[g][s] - there[g, s], 0) for s in range(sites)),
                sum(max(there[g, s] - chosen[g][s], 0) for s in range(sites)),
            )
        if world.limits.moves is not None and moves > world.limits.moves:
            continue
        if any(sum(chosen[g][s] for g in range(groups)) > world.sites.capacity[s] for s in range(sites)):
            continue
        if any(come[s] > world.sites.arrivals[s] for s in range(sites)):
            continue
        vans = [(np.flatnonzero(world.sites.van == v).tolist(), int(c)) for v, c in enumerate(world.vans.capacity)]
        if any(sum(come[s] for s in calls) > c or sum(gone[s] for s in calls) > c for calls, c in vans):
            continue
        loans = sum(sum(rate.get(key, [])[:count]) for key, count in after.items())
        found.append(loans - moves * world.limits.handling - penalties(world, after))
    return max(found, default=None)
