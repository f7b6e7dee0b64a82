"""What in one item's history can't all be so: found while folding it, resolved by a stated rule, listed for people.

Every rule is the fold's own (`holdings`, `loans`): the later fact counts. Here is said where that meant to believe one
site against another, or against itself, or against what staff scanned at the central library. Ordinary life is no
contradiction: an item from the library's counter that is returned at a site, one that was missing and is found, one
that a courier moved.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.projections.order import Placed, Scanned
from protocol.events import (
    Borrowed,
    BorrowReversed,
    Found,
    ItemFact,
    Loaded,
    Missing,
    Moved,
    Returned,
    Undecided,
    UndecidedSettled,
    Unloaded,
)


class Kind(StrEnum):
    """What contradicts what."""

    BORROWED_TWICE = "borrowed-twice"
    """Borrowed while somebody still had it. The later loan counts, the earlier ended as superseded."""
    BORROWED_ELSEWHERE = "borrowed-elsewhere"
    """Borrowed at one site while it stood at another: returned before it was borrowed, or a clock is wrong. The order
    of the clocks counts."""
    SEEN_TWICE = "seen-twice"
    """Seen on a shelf of one site while it stood at another, and nobody had taken it. The later sighting counts."""
    RETURNED_UNBORROWED = "returned-unborrowed"
    """Returned where it already stood. It stays there."""
    REVERSED_LATE = "reversed-late"
    """A site takes a loan back that had ended, or was another's. What ended it counts."""
    MISSED_LATE = "missed-late"
    """Missed or in doubt at one site while it stood at another, was lent there or had been scanned in at the library:
    an old card image was put back, or the tag had been hidden when it left. It stays where it was seen."""
    LEFT_UNSCANNED = "left-unscanned"
    """Seen on a site's shelf or taken from it, though it was scanned in at the library and never scanned out. The site
    counts."""
    RENEWED_UNHELD = "renewed-unheld"
    """Renewed by a patron who didn't have it on loan then. The renewal changes nothing."""
    POISONED = "poisoned"
    """An event no rule can make sense of. It is left out, all others count."""


@dataclass(frozen=True, slots=True)
class Contradicted:
    """One row of the contradiction table, without the item."""

    kind: Kind
    site: str
    visit: str | None
    at: datetime
    event_id: str
    """The event that contradicts."""
    against: str | None
    """The one it contradicts; None when it contradicts itself."""
    why: str = ""


def find(history: Iterable[Placed]) -> tuple[Contradicted, ...]:
    """Every contradiction in `history` (in order)."""
    found: list[Contradicted] = []
    lent = stands = scanned = ""
    before: str | None = None
    for placed in history:
        fact, site = placed.event.fact, placed.event.site
        if isinstance(fact, Scanned):
            lent, stands, scanned = "", "", "out" if fact.out else "in"
            before = placed.event.event_id
            continue
        if not isinstance(fact, ItemFact):
            continue
        kind = _kind(fact, site, lent, stands, scanned == "in")
        if kind is not None:
            visit = getattr(fact, "visit", None)
            found.append(Contradicted(kind, site, visit, placed.when, placed.event.event_id, before))
        if kind is Kind.MISSED_LATE or (isinstance(fact, Missing | Undecided) and scanned):
            continue
        if isinstance(fact, Borrowed):
            lent, stands = site, ""
        elif isinstance(fact, Found | Loaded | Returned | BorrowReversed | Moved):
            lent, stands = "", site
        elif isinstance(fact, Unloaded | Missing):
            lent, stands = "", ""
        else:
            if isinstance(fact, UndecidedSettled) and fact.present:
                scanned = ""
            continue
        scanned = ""
        before = placed.event.event_id
    return tuple(found)


def of_renewals(idle: Iterable[Placed]) -> tuple[Contradicted, ...]:
    """What to say of renewals that changed nothing (`loans.idle_renewals`)."""
    return tuple(
        Contradicted(
            Kind.RENEWED_UNHELD,
            one.event.site,
            getattr(one.event.fact, "visit", None),
            one.when,
            one.event.event_id,
            None,
        )
        for one in idle
    )


def _kind(fact: ItemFact, site: str, lent: str, stands: str, home: bool) -> Kind | None:
    """What `fact` at `site` contradicts, when the item was `lent` at a site, or `stands` at one (\"\" for neither).

    `home`: the newest that was known is that it was scanned in at the library.
    """
    match fact:
        case Borrowed() if lent:
            return Kind.BORROWED_TWICE
        case Borrowed() if stands and stands != site:
            return Kind.BORROWED_ELSEWHERE
        case Found() | Loaded() | Returned() if stands and stands != site:
            return Kind.SEEN_TWICE
        case Returned() if stands == site:
            return Kind.RETURNED_UNBORROWED
        case Missing() | Undecided() if home or (stands or lent) not in ("", site):
            return Kind.MISSED_LATE
        case Borrowed() | Found() | Loaded() | Moved() if home:
            return Kind.LEFT_UNSCANNED
        case BorrowReversed() if lent != site:
            return Kind.REVERSED_LATE
    return None
