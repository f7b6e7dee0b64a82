"""What the ledger says of one thing, read: events that count and are understood, grouped and put in order."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select

from hub.ledger import COUNTED_ANEW, FOREIGN_TYPES, ITEM_TYPES, Touched, offsets_of
from hub.models import Cursor, Item, LedgerRow, Scan, Visit
from hub.projections.order import Event, Offsets, Placed, in_order, late_visit, scan, with_scans
from protocol.envelope import NotUnderstood, read_event

Key = tuple[str, str]


def history(session: Session, where: ColumnElement[bool], name: Callable[[LedgerRow], Any]) -> dict[Any, list[Event]]:
    """Understood events that count and match `where`, grouped by `name` of their row."""
    query = (
        select(LedgerRow, Cursor.ord)
        .join(Cursor, (col(Cursor.site) == LedgerRow.site) & (col(Cursor.epoch) == LedgerRow.epoch))
        .where(col(LedgerRow.understood).is_(True), col(LedgerRow.duplicate_of).is_(None), where)
    )
    found: dict[Any, list[Event]] = defaultdict(list)
    for row, place in session.exec(query):
        event = read(row, place)
        if event is not None:
            found[name(row)].append(event)
    return found


def read(row: LedgerRow, place: int) -> Event | None:
    """The row as the projections see it; None when this version can't understand it (any more)."""
    envelope = read_event(row.body)
    if isinstance(envelope, NotUnderstood) or row.at is None:
        return None
    return Event(
        site=row.site,
        ord=place,
        seq=row.seq,
        event_id=row.event_id,
        boot=envelope.boot,
        up_ms=envelope.up_ms,
        at=row.at,
        clock=envelope.clock,
        received_at=row.received_at,
        fact=envelope.fact,
    )


def placed(session: Session, events: Mapping[Any, list[Event]], offsets: Offsets | None) -> dict[Any, list[Placed]]:
    """Each group in order, by the boots' true time (`offsets`, or what the table says)."""
    if offsets is None:
        offsets = offsets_of(session, {(e.site, e.boot) for group in events.values() for e in group})
    begun = begun_of(session, [event for group in events.values() for event in group])
    return {key: in_order(group, offsets, begun) for key, group in events.items()}


def begun_of(session: Session, events: Iterable[Event]) -> dict[Key, datetime]:
    """When the visits were opened whose facts among `events` were explained late; from the visit table."""
    late = {visit for event in events if (visit := late_visit(event)) is not None}
    found: dict[Key, datetime] = {}
    for pairs in pairs_of(late):
        rows = session.exec(
            select(Visit.site, Visit.visit, Visit.opened_at).where(among(Visit.site, Visit.visit, pairs))
        )
        found.update({(site, visit): opened for site, visit, opened in rows if opened is not None})
    return found


def item_events(session: Session, items: Collection[str]) -> dict[str, list[Event]]:
    """All that bears on where each of `items` is, in no order; counts that didn't find it are among it."""
    where = col(LedgerRow.item).in_(items) & col(LedgerRow.type).in_(ITEM_TYPES)
    groups: dict[str, list[Event]] = history(session, where, lambda row: row.item)
    _add_counts(session, groups)
    return groups


def stories(
    session: Session, items: Collection[str], events: Mapping[str, list[Event]], offsets: Offsets | None
) -> dict[str, list[Placed]]:
    """Of each of `items`: its `events` (as `item_events` answers) and its scans at the library, in order."""
    ordered = placed(session, events, offsets)
    scanned: dict[str, list[Placed]] = defaultdict(list)
    for row in session.exec(select(Scan).where(col(Scan.item).in_(items), col(Scan.undone).is_(False))):
        if row.id is not None:
            scanned[row.item].append(scan(row.id, row.at, row.out))
    return {
        item: with_scans(ordered.get(item, ()), scanned[item]) if item in scanned else ordered.get(item, [])
        for item in items
    }


def _add_counts(session: Session, groups: Mapping[str, list[Event]]) -> None:
    """Puts into each item's history the counts that could have found it and knew nothing of before."""
    sites = {event.site for group in groups.values() for event in group}
    where = (col(LedgerRow.type) == COUNTED_ANEW) & col(LedgerRow.site).in_(sites)
    counts = history(session, where, lambda row: row.site)
    for group in groups.values():
        for site in sorted({event.site for event in group} & counts.keys()):
            group += counts[site]


def among(first: Any, second: Any, pairs: Collection[Key]) -> ColumnElement[bool]:
    by_first: dict[str, list[str]] = defaultdict(list)
    for one, other in pairs:
        by_first[one].append(other)
    return or_(col(first).in_(()), *((col(first) == one) & col(second).in_(them) for one, them in by_first.items()))


def pairs_of(pairs: Collection[Key], size: int = 400) -> Iterator[list[Key]]:
    ordered = sorted(pairs)
    return (ordered[start : start + size] for start in range(0, len(ordered), size))


def everything(session: Session) -> Touched:
    """All that the ledger, the catalogue and scans know of."""
    mentioned = select(LedgerRow.item).where(col(LedgerRow.type).in_(ITEM_TYPES), col(LedgerRow.item).is_not(None))
    known = Touched(items={item for item in session.exec(mentioned.distinct()) if item})
    known.items |= set(session.exec(select(Item.item)))
    known.items |= set(session.exec(select(Scan.item).distinct()))
    visits = select(LedgerRow.site, LedgerRow.visit).where(col(LedgerRow.visit).is_not(None)).distinct()
    known.visits = {(site, visit) for site, visit in session.exec(visits) if visit}
    tags = select(LedgerRow.site, LedgerRow.tag).where(col(LedgerRow.type).in_(FOREIGN_TYPES)).distinct()
    known.tags = {(site, tag) for site, tag in session.exec(tags) if tag}
    return known
