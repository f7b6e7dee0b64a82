"""The ledger retold: where everything was at a moment, and what happened to one item."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from hub import folds, histories
from hub.ledger import chunks
from hub.projections import holdings, loans
from hub.projections.order import Placed, Scanned
from hub.projections.states import HoldingState
from protocol.events import CountedAnew, Renewed

SKIPPED = ("station", "shelf", "tag", "item", "owner", "visit", "evidence")


def story(session: Session, item: str, until: datetime | None = None) -> list[Placed]:
    """The item's events as they happened, up to and with `until`; counts that missed it among them."""
    return _stories(session, [item], until)[item]


def tell_item(session: Session, item: str, zone: ZoneInfo, until: datetime | None = None) -> Iterator[str]:
    """Each event of one item with its evidence, then where that leaves it."""
    events, senseless = folds.sift(story(session, item, until), lambda some: _fold(some, zone))
    for number, placed in enumerate(events):
        if not isinstance(placed.event.fact, CountedAnew):
            yield _event(placed, zone)
        elif holdings.fold(events[: number + 1], {}) != holdings.fold(events[:number], {}):
            yield f"{_stamp(placed, zone)} not found by the count anew of {placed.event.site}"
    for one in senseless:
        yield f"{_time(one.at, zone)} left out, it makes no sense: {one.why}"
    yield _place(item, events, zone)
    for loan in loans.fold(events, {}, zone):
        yield f"  loan from {_time(loan.borrowed_at, zone)} at {loan.site}, due {loan.due}: {loan.state}"


def tell_places(session: Session, zone: ZoneInfo, until: datetime | None = None) -> Iterator[str]:
    """One line an item: where it was at `until` (now, when None)."""
    for part in chunks(sorted(histories.everything(session).items)):
        stories = _stories(session, part, until)
        for item in part:
            events, _ = folds.sift(stories[item], lambda some: _fold(some, zone))
            yield _place(item, events, zone)


def _stories(session: Session, items: Sequence[str], until: datetime | None) -> dict[str, list[Placed]]:
    ordered = histories.stories(session, items, histories.item_events(session, items), None)
    return {item: [e for e in ordered[item] if until is None or e.when <= until] for item in items}


def _fold(events: Sequence[Placed], zone: ZoneInfo) -> object:
    return holdings.fold(events, {}), loans.fold(events, {}, zone)


def _event(placed: Placed, zone: ZoneInfo) -> str:
    fact: Any = placed.event.fact
    if isinstance(fact, Scanned):
        return f"{_stamp(placed, zone)} scanned {'out' if fact.out else 'in'} at the library"
    if isinstance(fact, Renewed):
        until = f", due {fact.due}" if fact.due else f", for {fact.loan_days} days"
        return f"{_stamp(placed, zone)} {fact.type} at {placed.event.site} {fact.station}{until}"
    seen = fact.evidence
    rounds = f"seen {seen.seen_before}/{seen.rounds_before} before, {seen.seen_after}/{seen.rounds_after} after"
    more = fact.model_dump(mode="json", exclude_defaults=True, exclude=set(SKIPPED))
    extra = "".join(f", {name} {value}" for name, value in more.items())
    place = f"{placed.event.site} {fact.station} shelf {fact.shelf}"
    return f"{_stamp(placed, zone)} {fact.type} at {place}, {rounds}{extra}"


def _stamp(placed: Placed, zone: ZoneInfo) -> str:
    return _time(placed.when, zone) + ("" if placed.trusted else " (by a clock nobody vouches for)")


def _place(item: str, events: Sequence[Placed], zone: ZoneInfo) -> str:
    now = holdings.fold(events, {})
    if now.since is None or now.state is HoldingState.LIBRARY:
        return f"{item}: {HoldingState.LIBRARY}"
    if now.site is None:
        return f"{item}: {now.state}, from the library, since {_time(now.since, zone)}"
    return f"{item}: {now.state}, {now.site} {now.station} shelf {now.shelf}, since {_time(now.since, zone)}"


def _time(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(timespec="seconds")
