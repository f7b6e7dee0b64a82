"""Where one item is, and what became of a foreign tag: folds over their events in order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hub.projections.order import Placed, Scanned
from hub.projections.states import ForeignState, HoldingState
from protocol.events import (
    Borrowed,
    BorrowReversed,
    CountedAnew,
    ForeignFound,
    ForeignGone,
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

Patrons = Mapping[tuple[str, str], str | None]
"""(site, visit) -> patron."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """One row of the holding table, without the item."""

    state: HoldingState = HoldingState.LIBRARY
    site: str | None = None
    station: str | None = None
    shelf: str | None = None
    tag: str | None = None
    visit: str | None = None
    patron: str | None = None
    since: datetime | None = None
    time_trusted: bool = True
    event_id: str | None = None
    hold: str | None = None
    """The reservation it was put there for."""
    hold_since: datetime | None = None


_STAYS = Moved | Borrowed | BorrowReversed | Undecided | UndecidedSettled | Missing | Found
"""Facts of a station after which an item that was put there for somebody still is for them, if it is there at all."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """One row of the foreign_tag table, without site and tag."""

    state: ForeignState
    kind: str
    station: str
    shelf: str
    item: str | None
    owner: str | None
    visit: str | None
    since: datetime
    time_trusted: bool
    event_id: str


def fold(history: Iterable[Placed], patrons: Patrons, withdrawn: bool = False) -> Whereabouts:
    """Where the item is after `history` (in order). A withdrawn item is so unless a site says otherwise."""
    now = Whereabouts()
    before = now
    seen_in = ""
    for placed in history:
        fact = placed.event.fact
        if isinstance(fact, Scanned):
            now = before = _scanned(placed, fact)
            continue
        if isinstance(fact, CountedAnew):
            if _overlooked(now, seen_in, placed, fact):
                now = before = _missed(now, placed)
            continue
        if not isinstance(fact, ItemFact):
            continue
        seen_in = placed.event.boot
        if isinstance(fact, UndecidedSettled) and not fact.present:
            if now.state is HoldingState.UNDECIDED and (now.site, now.station) == (placed.event.site, fact.station):
                now = before
            continue
        state = _state_after(fact)
        if state is None or (isinstance(fact, Missing | Undecided) and _is_elsewhere(now, placed.event.site)):
            continue
        if state is HoldingState.UNDECIDED and now.state is not HoldingState.UNDECIDED:
            before = now
        now = replace(_at(placed, fact, state, patrons), **_purpose(now, placed, fact))
    if withdrawn and now.state in (HoldingState.LIBRARY, HoldingState.MISSING, HoldingState.TRANSIT):
        return replace(now, state=HoldingState.WITHDRAWN)
    return now


def _overlooked(now: Whereabouts, seen_in: str, placed: Placed, fact: CountedAnew) -> bool:
    """The item was thought to stand at a station that has counted everything anew, and wasn't found.

    What such a count finds is told in the same boot; a boot before it knew of another shelf.
    """
    there = (now.site, now.station) == (placed.event.site, fact.station)
    return there and now.state in (HoldingState.SHELF, HoldingState.UNDECIDED) and seen_in != placed.event.boot


def _is_elsewhere(now: Whereabouts, site: str) -> bool:
    """The item stands at another site, was lent there or scanned at the library: `site` not seeing it is no news."""
    if now.since is not None and now.site is None:
        return True
    return now.state in (HoldingState.SHELF, HoldingState.UNDECIDED, HoldingState.LOAN) and now.site != site


def _scanned(placed: Placed, fact: Scanned) -> Whereabouts:
    return Whereabouts(
        state=HoldingState.TRANSIT if fact.out else HoldingState.LIBRARY,
        since=placed.when,
        event_id=placed.event.event_id,
    )


def _missed(now: Whereabouts, placed: Placed) -> Whereabouts:
    return replace(
        now,
        state=HoldingState.MISSING,
        visit=None,
        patron=None,
        since=placed.when,
        time_trusted=placed.trusted,
        event_id=placed.event.event_id,
        hold=None,
        hold_since=None,
    )


def fold_foreign(history: Iterable[Placed]) -> Foreign | None:
    """What became of one foreign tag at one site; None when nothing was said of it."""
    now = None
    for placed in history:
        fact = placed.event.fact
        if not isinstance(fact, ForeignFound | ForeignGone):
            continue
        now = Foreign(
            state=ForeignState.PRESENT if isinstance(fact, ForeignFound) else ForeignState.GONE,
            kind=fact.kind,
            station=fact.station,
            shelf=fact.shelf,
            item=fact.item,
            owner=fact.owner,
            visit=fact.visit,
            since=placed.when,
            time_trusted=placed.trusted,
            event_id=placed.event.event_id,
        )
    return now


def _state_after(fact: ItemFact) -> HoldingState | None:
    match fact:
        case Found() | Loaded() | Returned() | BorrowReversed() | Moved() | UndecidedSettled():
            return HoldingState.SHELF
        case Borrowed():
            return HoldingState.LOAN
        case Unloaded():
            return HoldingState.TRANSIT
        case Missing():
            return HoldingState.MISSING
        case Undecided():
            return HoldingState.UNDECIDED
        case ForeignFound() | ForeignGone():
            return None


def _purpose(now: Whereabouts, placed: Placed, fact: ItemFact) -> dict[str, Any]:
    """For which reservation the item is there, and since when."""
    if isinstance(fact, Loaded) and fact.hold is not None:
        return {"hold": fact.hold, "hold_since": placed.when}
    if isinstance(fact, _STAYS) and (now.site, now.station) == (placed.event.site, fact.station):
        return {"hold": now.hold, "hold_since": now.hold_since}
    return {}


def _at(placed: Placed, fact: ItemFact, state: HoldingState, patrons: Patrons) -> Whereabouts:
    site = placed.event.site
    lent = state is HoldingState.LOAN and fact.visit is not None
    return Whereabouts(
        state=state,
        site=site,
        station=fact.station,
        shelf=fact.shelf,
        tag=fact.tag,
        visit=fact.visit,
        patron=patrons.get((site, fact.visit)) if lent and fact.visit else None,
        since=placed.when,
        time_trusted=placed.trusted,
        event_id=placed.event.event_id,
    )
