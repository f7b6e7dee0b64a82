"""What a restock run meant to do at a site against what the cabinet's own counts say was done there.

Nobody ticks anything at a site: the shelf reader saw what the courier loaded and unloaded, and that is the receipt.
Facts may come days later, when a site was offline; the same comparison is then made again, and says more.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What became of one item at one stop."""

    LOADED = "loaded"
    """Meant for here, and put on a shelf here."""
    UNLOADED = "unloaded"
    """Meant to leave, and taken away."""
    OPEN = "open"
    """Nothing was heard of it, and the courier hasn't been, as far as is known."""
    SHORT = "short"
    """Meant for here; the courier was here, and it isn't."""
    STAYED = "stayed"
    """Meant to leave; the courier was here, and it stands on the shelf still."""
    OUT = "out"
    """Meant to leave; a patron has it, or nobody knows where it is."""
    SURPLUS = "surplus"
    """Of this run, but meant for another place."""
    STRAY = "stray"
    """Loaded here, and no part of the run."""
    REMOVED = "removed"
    """Taken away, though nobody asked for it."""


DONE = frozenset({Outcome.LOADED, Outcome.UNLOADED})
AMISS = frozenset(Outcome) - DONE - {Outcome.OPEN}
"""What somebody has to look at."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What the run meant for one item at one stop."""

    item: str
    load: bool
    """To be put on a shelf here; else to be taken away."""


@dataclass(frozen=True, slots=True)
class Handling:
    """What the site said the courier did with one item; in the site's order."""

    item: str
    loaded: bool
    """Else unloaded."""


@dataclass(frozen=True, slots=True)
class Line:
    """One item's outcome at one stop."""

    item: str
    outcome: Outcome
    meant_for: str | None = None
    """SURPLUS: the place it was meant for."""


def compare(
    errands: Iterable[Errand],
    handled: Iterable[Handling],
    visited: bool,
    on_shelf: frozenset[str],
    elsewhere: Mapping[str, str],
) -> tuple[Line, ...]:
    """Every item's outcome at one stop, in the order of their numbers.

    `visited`: a restock visit of the run's time is settled there. `on_shelf`: items that stand there now.
    `elsewhere`: items of the run meant for another stop -> that stop. An item that was loaded and taken away again,
    or the other way round, was not handled at all.
    """
    net: dict[str, bool] = {}
    for each in handled:
        if net.get(each.item, each.loaded) != each.loaded:
            del net[each.item]
        else:
            net[each.item] = each.loaded
    wanted = {errand.item: errand.load for errand in errands}
    lines = [Line(item, _of_errand(load, net.get(item), visited, item in on_shelf)) for item, load in wanted.items()]
    for item, loaded in net.items():
        if item in wanted:
            continue
        if not loaded:
            lines.append(Line(item, Outcome.REMOVED))
        elif item in elsewhere:
            lines.append(Line(item, Outcome.SURPLUS, elsewhere[item]))
        else:
            lines.append(Line(item, Outcome.STRAY))
    return tuple(sorted(lines, key=lambda line: line.item))


def _of_errand(load: bool, did: bool | None, visited: bool, stands_there: bool) -> Outcome:
    if did is load:
        return Outcome.LOADED if load else Outcome.UNLOADED
    if not visited:
        return Outcome.OPEN
    if load:
        # Put there in a visit that couldn't be settled, it was found by a later count: it is where it should be.
        return Outcome.LOADED if stands_there else Outcome.SHORT
    return Outcome.STAYED if stands_there else Outcome.OUT
