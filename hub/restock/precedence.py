"""An order of stops in which what goes from one site to another is picked up before it is set down."""

from collections.abc import Callable, Mapping, Sequence

Carried = Mapping[tuple[str, str], int]
"""(from, to) -> items."""


def missed(order: Sequence[str], carried: Carried) -> frozenset[tuple[str, str]]:
    """Pairs whose second stop comes before the first: what goes there can't be set down in this run."""
    place = {stop: number for number, stop in enumerate(order)}
    return frozenset(pair for pair in carried if place[pair[0]] > place[pair[1]])


def arrange(order: Sequence[str], carried: Carried, length: Callable[[Sequence[str]], float]) -> tuple[str, ...]:
    """An order in which as few items as possible are missed, and of those orders a short one by `length`.

    It begins with the order given, and moves one stop after the other as long as that makes it better; so of few stops
    it may miss a better order, and it always ends. Sites that give each other something can't all be served.
    """
    best = tuple(order)
    worth = _worth(best, carried, length)
    while True:
        tried = [moved for at in range(len(best)) for moved in _moved(best, at)]
        found = min(tried, key=lambda one: _worth(one, carried, length), default=best)
        better = _worth(found, carried, length)
        if better >= worth:
            return best
        best, worth = found, better


def _worth(order: tuple[str, ...], carried: Carried, length: Callable[[Sequence[str]], float]) -> tuple[int, float]:
    return sum(carried[pair] for pair in missed(order, carried)), length(order)


def _moved(order: tuple[str, ...], at: int) -> list[tuple[str, ...]]:
    """The order with one stop at every other place."""
    rest = order[:at] + order[at + 1 :]
    return [(*rest[:to], order[at], *rest[to:]) for to in range(len(order)) if to != at]
