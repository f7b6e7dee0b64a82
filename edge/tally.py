"""How many items a card's visits here took that the directory's count of its loans doesn't know of yet. Pure."""

from collections.abc import Iterable

from protocol.events import Borrowed, BorrowReversed, Fact, Returned
from protocol.names import Frozen


class Tally(Frozen):
    """Net items taken while the directory said `base`; kept in the journal per card."""

    base: int
    taken: int


def since(tally: Tally | None, loans: int) -> int:
    """Items to add to `loans`, the directory's count: none once that count has changed, since then it knows."""
    return tally.taken if tally is not None and tally.base == loans else 0


def after(tally: Tally | None, loans: int, facts: Iterable[Fact]) -> Tally:
    """The tally once `facts`, those of one visit, have happened."""
    net = sum(isinstance(f, Borrowed) - isinstance(f, Returned | BorrowReversed) for f in facts)
    return Tally(base=loans, taken=since(tally, loans) + net)
