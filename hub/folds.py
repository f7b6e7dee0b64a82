"""Every row of every projection, computed from histories with the pure modules; writes nothing."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from hub.histories import Key, among, history, item_events, placed, stories
from hub.ledger import FOREIGN_TYPES, OPENED, chunks, printable
from hub.models import AsideRow, Cursor, Item, LedgerRow, Visit
from hub.projections import contradictions, holdings, loans, sites
from hub.projections.contradictions import Contradicted, Kind
from hub.projections.order import Event, Offsets, Placed, stamp
from protocol.names import ClockTrust

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ItemFold:
    """What one item's history says."""

    holding: dict[str, Any]
    loans: dict[str, dict[str, Any]]
    """Loan id -> row."""
    contradictions: dict[str, dict[str, Any]]
    """Its id -> row."""


def fold_boots(session: Session, boots: Collection[Key] | None = None) -> dict[Key, dict[str, int]]:
    """The earliest trusted stamp of each boot (of all, when None)."""
    query = select(LedgerRow.site, LedgerRow.boot, LedgerRow.up_ms, LedgerRow.at).where(
        LedgerRow.clock == ClockTrust.SYNCED, col(LedgerRow.duplicate_of).is_(None)
    )
    if boots is not None:
        query = query.where(among(LedgerRow.site, LedgerRow.boot, boots))
    found: dict[Key, Any] = {}
    for site, boot, up_ms, at in session.exec(query):
        if boot is not None and up_ms is not None and at is not None:
            pair = stamp(up_ms, at)
            found[site, boot] = min(found.get((site, boot), pair), pair)
    return {key: {"up_ms": pair.up_ms, "offset_ms": pair.offset_ms} for key, pair in found.items()}


def fold_visits(session: Session, visits: Collection[Key], offsets: Offsets | None = None) -> dict[Key, dict[str, Any]]:
    """Each visit's row without its key; a visit nothing is known of is left out."""
    groups = history(session, among(LedgerRow.site, LedgerRow.visit, visits), lambda row: (row.site, row.visit))
    patrons = {
        (row.site, row.visit): row.patron
        for row in session.exec(select(AsideRow).where(among(AsideRow.site, AsideRow.visit, visits)))
    }
    folded = {
        key: sites.fold_visit(sift(group, sites.fold_visit)[0])
        for key, group in placed(session, groups, offsets).items()
    }
    return {key: {**asdict(now), "patron": patrons.get(key)} for key, now in folded.items() if now}


def fold_tags(session: Session, tags: Collection[Key], offsets: Offsets | None = None) -> dict[Key, dict[str, Any]]:
    """Each foreign tag's row without its key."""
    where = among(LedgerRow.site, LedgerRow.tag, tags) & col(LedgerRow.type).in_(FOREIGN_TYPES)
    groups = history(session, where, lambda row: (row.site, row.tag))
    folded = {
        key: holdings.fold_foreign(sift(group, holdings.fold_foreign)[0])
        for key, group in placed(session, groups, offsets).items()
    }
    return {key: asdict(now) for key, now in folded.items() if now}


def fold_items(
    session: Session,
    items: Collection[str],
    zone: ZoneInfo,
    offsets: Offsets | None = None,
    patrons: holdings.Patrons | None = None,
) -> dict[str, ItemFold]:
    """Holding and loans of each of `items`; one without a history is at the library."""
    groups = item_events(session, items)
    if patrons is None:
        patrons = _patrons(session, groups)
    withdrawn = set(session.exec(select(Item.item).where(col(Item.item).in_(items), col(Item.withdrawn).is_(True))))
    ordered = stories(session, items, groups, offsets)
    found = {}
    for item in items:
        found[item] = _fold_item(item, ordered[item], patrons, zone, item in withdrawn)
    return found


def _fold_item(
    item: str, events: Sequence[Placed], patrons: holdings.Patrons, zone: ZoneInfo, withdrawn: bool
) -> ItemFold:
    """One item's fold; an event that breaks it is left out and told of, so that it blocks nothing else."""
    sound, poison = sift(events, lambda some: (holdings.fold(some, patrons), loans.fold(some, patrons, zone)))
    lent = loans.fold(sound, patrons, zone)
    idle = contradictions.of_renewals(loans.idle_renewals(sound, patrons, zone))
    wrong = [*contradictions.find(sound), *idle, *poison]
    return ItemFold(
        asdict(holdings.fold(sound, patrons, withdrawn)),
        {loan.id: {**asdict(loan), "flags": list(loan.flags), "item": item} for loan in lent},
        {f"{one.site}.{one.event_id}": {**asdict(one), "kind": str(one.kind), "item": item} for one in wrong},
    )


def sift(
    events: Sequence[Placed], fold: Callable[[Sequence[Placed]], object]
) -> tuple[list[Placed], list[Contradicted]]:
    """The events that `fold` can make sense of together, and those it can't, with the reason."""
    try:
        fold(events)
    except Exception:  # whatever a site can say that nobody thought of: find which event it is
        log.exception("an event can't be folded")
    else:
        return list(events), []
    sound: list[Placed] = []
    poison = []
    for one in events:
        try:
            fold([*sound, one])
        except Exception as wrong:  # noqa: BLE001 (as above; the reason goes on record)
            event = one.event
            visit = getattr(event.fact, "visit", None)
            why = printable(f"{type(wrong).__name__}: {wrong}")
            poison.append(Contradicted(Kind.POISONED, event.site, visit, one.when, event.event_id, None, why))
        else:
            sound.append(one)
    return sound, poison


def fold_last_visit(session: Session, site: str) -> dict[str, Any]:
    """The site's newest visit, by its own order."""
    for place in session.exec(select(Cursor).where(Cursor.site == site).order_by(col(Cursor.ord).desc())):
        visit = session.exec(
            select(LedgerRow.visit)
            .where(
                LedgerRow.site == site,
                LedgerRow.epoch == place.epoch,
                LedgerRow.type == OPENED,
                col(LedgerRow.duplicate_of).is_(None),
            )
            .order_by(col(LedgerRow.seq).desc())
            .limit(1)
        ).first()
        if visit:
            row = session.get(Visit, (site, visit))
            return {"last_visit": visit, "last_visit_at": row.opened_at if row else None}
    return {"last_visit": None, "last_visit_at": None}


def _patrons(session: Session, groups: Mapping[Any, list[Event]]) -> dict[Key, str | None]:
    wanted = sorted({visit for group in groups.values() for e in group if (visit := getattr(e.fact, "visit", None))})
    found: dict[Key, str | None] = {}
    for part in chunks(wanted):
        rows = session.exec(select(Visit.site, Visit.visit, Visit.patron).where(col(Visit.visit).in_(part)))
        found.update({(site, visit): patron for site, visit, patron in rows})
    return found
