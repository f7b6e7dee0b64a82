"""What items' histories say about how long titles stood on shelves and how often they were taken: what a forecast
learns from.

Moments are seconds since any moment, as long as it is always the same; days are whole days since then.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hub.restock.forecast import Exposure

DAY_S = 86_400.0
GLIMPSE = 1 / 48
"""Days that a title at least stood where it was taken, when counts and clocks would have it less."""


@dataclass(frozen=True, slots=True)
class Step:
    """One item came to stand on a site's shelf, or was no longer there."""

    item: str
    at: float
    site: str
    there: bool
    taken: bool = False
    """A patron took it; with `there` False."""
    carried: bool = False
    """A courier brought it, or took it away."""


@dataclass(frozen=True, slots=True)
class Stay:
    """An item stood on a site's shelf for a while."""

    item: str
    site: str
    begin: float
    end: float
    """When it was gone, or the moment up to which was looked."""
    taken: bool
    """A patron took it at the end."""
    ended: bool = True
    """False: it stood there still."""


def stays(steps: Iterable[Step], until: float) -> Iterator[Stay]:
    """Each item's stays on shelves before `until`, from its steps in order; steps of one item stand together."""
    item, site, begin = "", "", 0.0
    standing = False
    for step in steps:
        if step.item != item:
            if standing:
                yield Stay(item, site, begin, until, False, ended=False)
            item, standing = step.item, False
        if step.at >= until:
            continue
        if standing and step.there != (step.site == site):  # gone from here, or come to stand elsewhere
            yield Stay(item, site, begin, max(step.at, begin), step.taken)
            standing = False
        if step.there and not standing:
            site, begin, standing = step.site, step.at, True
    if standing:
        yield Stay(item, site, begin, until, False, ended=False)


def exposures(
    found: Iterable[Stay], titles: dict[str, int], sites: dict[str, int], until: int, cycle: int
) -> Iterator[Exposure]:
    """Each title at each site in each cycle before the day `until`: days that a copy stood there, and times taken.

    `titles` gives the number of each item's title, `sites` of each site; what they don't name is left out. Cycles are
    counted back from `until`.
    """
    spans: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    taken: dict[tuple[int, int, int], int] = defaultdict(int)
    for stay in found:
        title, site = titles.get(stay.item), sites.get(stay.site)
        if title is None or site is None:
            continue
        spans[title, site].append((stay.begin / DAY_S, stay.end / DAY_S))
        if stay.taken:
            taken[title, site, _nth(stay.end / DAY_S, until, cycle)] += 1
    for (title, site), pieces in sorted(spans.items()):
        days: dict[int, float] = defaultdict(float)
        for begin, end in _united(pieces):
            for nth in range(_nth(begin, until, cycle), _nth(end, until, cycle) + 1):
                first = until + nth * cycle
                days[nth] += max(min(end, first + cycle) - max(begin, first), 0.0)
        for nth in sorted(days):
            loans = taken.get((title, site, nth), 0)
            seen = min(max(days[nth], GLIMPSE if loans else 0.0), float(cycle))
            if nth < 0 and seen > 0:
                yield Exposure(title, site, until + nth * cycle, until + (nth + 1) * cycle, seen, float(loans))


def _nth(day: float, until: int, cycle: int) -> int:
    """Which cycle a day falls in: -1 is the last one before `until`."""
    return int((day - until) // cycle)


def _united(pieces: list[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Stretches in order that don't overlap."""
    pieces.sort()
    begin, end = pieces[0]
    for first, last in pieces[1:]:
        if first > end:
            yield begin, end
            begin, end = first, last
        end = max(end, last)
    yield begin, end
