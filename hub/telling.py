"""The ledger retold: where everything was at a moment, and what happened to one item."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col

from hub import refold
from hub.ledger import ITEM_TYPES, chunks
from hub.models import LedgerRow
from hub.projections import holdings, loans
from hub.projections.order import Placed
from hub.projections.states import HoldingState

SKIPPED = ("station", "shelf", "tag", "item", "owner", "visit", "evidence")


def story(session: Session, item: str, until: datetime | None = None) -> list[Placed]:
    """The item's events as they happened, up to and with `until`."""
    where = (col(LedgerRow.item) == item) & col(LedgerRow.type).in_(ITEM_TYPES)
    groups = refold.history(session, where, lambda row: row.item)
    ordered = refold.placed(session, groups, None).get(item, [])
    return [event for event in ordered if until is None or event.when <= until]


def tell_item(session: Session, item: str, zone: ZoneInfo, until: datetime | None = None) -> Iterator[str]:
    """Each event of one item with its evidence, then where that leaves it."""
    events = story(session, item, until)
    for placed in events:
        yield _event(placed, zone)
    yield _place(item, events, zone)
    for loan in loans.fold(events, {}, zone):
        yield f"  loan from {_time(loan.borrowed_at, zone)} at {loan.site}, due {loan.due}: {loan.state}"


def tell_places(session: Session, zone: ZoneInfo, until: datetime | None = None) -> Iterator[str]:
    """One line an item: where it was at `until` (now, when None)."""
    for part in chunks(sorted(refold.everything(session).items)):
        where = col(LedgerRow.item).in_(part) & col(LedgerRow.type).in_(ITEM_TYPES)
        groups = refold.history(session, where, lambda row: row.item)
        ordered = refold.placed(session, groups, None)
        for item in part:
            yield _place(item, [e for e in ordered.get(item, []) if until is None or e.when <= until], zone)


def _event(placed: Placed, zone: ZoneInfo) -> str:
    fact: Any = placed.event.fact
    seen = fact.evidence
    rounds = f"seen {seen.seen_before}/{seen.rounds_before} before, {seen.seen_after}/{seen.rounds_after} after"
    more = fact.model_dump(mode="json", exclude_defaults=True, exclude=set(SKIPPED))
    extra = "".join(f", {name} {value}" for name, value in more.items())
    about = "" if placed.trusted else " (by a clock nobody vouches for)"
    place = f"{placed.event.site} {fact.station} shelf {fact.shelf}"
    return f"{_time(placed.when, zone)}{about} {fact.type} at {place}, {rounds}{extra}"


def _place(item: str, events: list[Placed], zone: ZoneInfo) -> str:
    now = holdings.fold(events, {})
    if now.since is None or now.state is HoldingState.LIBRARY:
        return f"{item}: {HoldingState.LIBRARY}"
    return f"{item}: {now.state}, {now.site} {now.station} shelf {now.shelf}, since {_time(now.since, zone)}"


def _time(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(timespec="seconds")
