"""Between the ledger and the projections: reads histories, folds them with the pure modules, writes what changed.

`apply` serves ingest, for what a commit touched. `rebuild` and `differences` go through everything.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, delete, func, text
from sqlmodel import Session, SQLModel, col, or_, select

from hub.ledger import COUNTED_ANEW, FOREIGN_TYPES, ITEM_TYPES, OPENED, Touched, chunks, offsets_of, printable
from hub.models import (
    AsideRow,
    Boot,
    Contradiction,
    Cursor,
    ForeignTag,
    Holding,
    Item,
    LedgerRow,
    Loan,
    SiteState,
    Visit,
)
from hub.projections import contradictions, holdings, loans, sites
from hub.projections.contradictions import Contradicted, Kind
from hub.projections.order import Event, Offsets, Placed, in_order, late_visit, stamp
from protocol.envelope import NotUnderstood, read_event
from protocol.names import ClockTrust

log = logging.getLogger(__name__)

Key = tuple[str, str]
LOCKS = 64
"""PostgreSQL: items are locked by so many buckets, so that two workers never fold one item at once."""


@dataclass(slots=True)
class Changed:
    """What a refold changed, for the directory and for open pages."""

    items: set[str] = field(default_factory=set)
    patrons: set[str] = field(default_factory=set)
    """Whose loans changed."""


@dataclass(frozen=True, slots=True)
class ItemFold:
    """What one item's history says."""

    holding: dict[str, Any]
    loans: dict[str, dict[str, Any]]
    """Loan id -> row."""
    contradictions: dict[str, dict[str, Any]]
    """Its id -> row."""


# --------------------------------------------------------------------------------------------------------- histories


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
    for pairs in _pairs(late):
        rows = session.exec(
            select(Visit.site, Visit.visit, Visit.opened_at).where(_among(Visit.site, Visit.visit, pairs))
        )
        found.update({(site, visit): opened for site, visit, opened in rows if opened is not None})
    return found


# -------------------------------------------------------------------------------------------------------------- folds


def fold_boots(session: Session, boots: Collection[Key] | None = None) -> dict[Key, dict[str, int]]:
    """The earliest trusted stamp of each boot (of all, when None)."""
    query = select(LedgerRow.site, LedgerRow.boot, LedgerRow.up_ms, LedgerRow.at).where(
        LedgerRow.clock == ClockTrust.SYNCED, col(LedgerRow.duplicate_of).is_(None)
    )
    if boots is not None:
        query = query.where(_among(LedgerRow.site, LedgerRow.boot, boots))
    found: dict[Key, Any] = {}
    for site, boot, up_ms, at in session.exec(query):
        if boot is not None and up_ms is not None and at is not None:
            pair = stamp(up_ms, at)
            found[site, boot] = min(found.get((site, boot), pair), pair)
    return {key: {"up_ms": pair.up_ms, "offset_ms": pair.offset_ms} for key, pair in found.items()}


def fold_visits(session: Session, visits: Collection[Key], offsets: Offsets | None = None) -> dict[Key, dict[str, Any]]:
    """Each visit's row without its key; a visit nothing is known of is left out."""
    groups = history(session, _among(LedgerRow.site, LedgerRow.visit, visits), lambda row: (row.site, row.visit))
    patrons = {
        (row.site, row.visit): row.patron
        for row in session.exec(select(AsideRow).where(_among(AsideRow.site, AsideRow.visit, visits)))
    }
    folded = {
        key: sites.fold_visit(sift(group, sites.fold_visit)[0])
        for key, group in placed(session, groups, offsets).items()
    }
    return {key: {**asdict(now), "patron": patrons.get(key)} for key, now in folded.items() if now}


def fold_tags(session: Session, tags: Collection[Key], offsets: Offsets | None = None) -> dict[Key, dict[str, Any]]:
    """Each foreign tag's row without its key."""
    where = _among(LedgerRow.site, LedgerRow.tag, tags) & col(LedgerRow.type).in_(FOREIGN_TYPES)
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
    ordered = placed(session, groups, offsets)
    found = {}
    for item in items:
        found[item] = _fold_item(item, ordered.get(item, []), patrons, zone, item in withdrawn)
    return found


def item_events(session: Session, items: Collection[str]) -> dict[str, list[Event]]:
    """All that bears on where each of `items` is, in no order; counts that didn't find it are among it."""
    where = col(LedgerRow.item).in_(items) & col(LedgerRow.type).in_(ITEM_TYPES)
    groups: dict[str, list[Event]] = history(session, where, lambda row: row.item)
    _add_counts(session, groups)
    return groups


def _fold_item(
    item: str, events: Sequence[Placed], patrons: holdings.Patrons, zone: ZoneInfo, withdrawn: bool
) -> ItemFold:
    """One item's fold; an event that breaks it is left out and told of, so that it blocks nothing else."""
    sound, poison = sift(events, lambda some: (holdings.fold(some, patrons), loans.fold(some, patrons, zone)))
    lent = loans.fold(sound, patrons, zone)
    wrong = [*contradictions.find(sound), *poison]
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
    for placed in events:
        try:
            fold([*sound, placed])
        except Exception as wrong:  # noqa: BLE001 (as above; the reason goes on record)
            event = placed.event
            visit = getattr(event.fact, "visit", None)
            why = printable(f"{type(wrong).__name__}: {wrong}")
            poison.append(Contradicted(Kind.POISONED, event.site, visit, placed.when, event.event_id, None, why))
        else:
            sound.append(placed)
    return sound, poison


def _add_counts(session: Session, groups: Mapping[str, list[Event]]) -> None:
    """Puts into each item's history the counts that could have found it and knew nothing of before."""
    sites = {event.site for group in groups.values() for event in group}
    where = (col(LedgerRow.type) == COUNTED_ANEW) & col(LedgerRow.site).in_(sites)
    counts = history(session, where, lambda row: row.site)
    for group in groups.values():
        for site in sorted({event.site for event in group} & counts.keys()):
            group += counts[site]


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


# ------------------------------------------------------------------------------------------------------------ writing


def apply(session: Session, touched: Touched, zone: ZoneInfo) -> Changed:
    """Folds again everything that `touched` bears on; answers what changed by it."""
    changed = Changed()
    _widen_by_boots(session, touched)
    _widen_by_epochs(session, touched)
    for pairs in _pairs(touched.visits):
        rows = session.exec(select(Visit).where(_among(Visit.site, Visit.visit, pairs)))
        known = {(row.site, row.visit): row for row in rows}
        folded = fold_visits(session, pairs)
        for site, visit in pairs:
            fresh = Visit(site=site, visit=visit, station="")
            _replace(session, known.get((site, visit)), fresh, folded.get((site, visit)))
    _widen_by_openings(session, touched)
    _widen_by_counts(session, touched)
    session.flush()
    _lock(session, touched.items)
    for part in chunks(sorted(touched.items)):
        _write_items(session, fold_items(session, part, zone), changed)
    for pairs in _pairs(touched.tags):
        folded = fold_tags(session, pairs)
        for site, tag in pairs:
            _put(session, ForeignTag, {"site": site, "tag": tag}, folded.get((site, tag)))
    for site in sorted({site for site, _ in touched.visits}):
        _put(session, SiteState, {"site": site}, fold_last_visit(session, site))
    session.flush()
    return changed


def rebuild(session: Session, zone: ZoneInfo) -> None:
    """Empties every projection and folds the whole ledger anew."""
    for table in (Boot, Visit, Holding, Loan, Contradiction, ForeignTag):
        session.execute(delete(table))
    session.expire_all()
    for key, row in fold_boots(session).items():
        _put(session, Boot, dict(zip(("site", "boot"), key, strict=True)), row)
    session.flush()
    apply(session, everything(session), zone)


def everything(session: Session) -> Touched:
    """All that the ledger and the catalogue know of."""
    mentioned = select(LedgerRow.item).where(col(LedgerRow.type).in_(ITEM_TYPES), col(LedgerRow.item).is_not(None))
    known = Touched(items={item for item in session.exec(mentioned.distinct()) if item})
    known.items |= set(session.exec(select(Item.item)))
    visits = select(LedgerRow.site, LedgerRow.visit).where(col(LedgerRow.visit).is_not(None)).distinct()
    known.visits = {(site, visit) for site, visit in session.exec(visits) if visit}
    tags = select(LedgerRow.site, LedgerRow.tag).where(col(LedgerRow.type).in_(FOREIGN_TYPES)).distinct()
    known.tags = {(site, tag) for site, tag in session.exec(tags) if tag}
    return known


def _write_items(session: Session, folded: Mapping[str, ItemFold], changed: Changed) -> None:
    stored: dict[str, dict[str, Loan]] = defaultdict(dict)
    for loan in session.exec(select(Loan).where(col(Loan.item).in_(folded))):
        stored[loan.item][loan.id] = loan
    held = {row.item: row for row in session.exec(select(Holding).where(col(Holding.item).in_(folded)))}
    told: dict[str, dict[str, Contradiction]] = defaultdict(dict)
    for row in session.exec(select(Contradiction).where(col(Contradiction.item).in_(folded))):
        told[row.item][row.id] = row
    for item, now in folded.items():
        if _set(session, held.get(item) or Holding(item=item), now.holding):
            changed.items.add(item)
        for key in stored[item].keys() | now.loans.keys():
            known, wanted = stored[item].get(key), now.loans.get(key)
            before = known.patron if known else None
            if wanted is None:
                session.delete(known)
                changed.patrons.update({before} if before else ())
            elif _set(session, known or Loan(**wanted), wanted):
                changed.items.add(item)
                changed.patrons.update(patron for patron in (before, wanted["patron"]) if patron)
        for key in told[item].keys() | now.contradictions.keys():
            said = now.contradictions.get(key)
            if said is None:
                session.delete(told[item][key])
            else:
                _set(session, told[item].get(key) or Contradiction(id=key, **said), said)


def _put(session: Session, table: type[SQLModel], key: dict[str, Any], row: dict[str, Any] | None) -> None:
    _replace(session, session.get(table, tuple(key.values())), table(**key), row)


def _replace(session: Session, known: SQLModel | None, fresh: SQLModel, row: dict[str, Any] | None) -> None:
    """Makes the table say `row`: through `known`, what it says now, or else through `fresh`."""
    if row is not None:
        _set(session, known or fresh, row)
    elif known is not None:
        session.delete(known)


def _set(session: Session, row: SQLModel, values: Mapping[str, Any]) -> bool:
    """Writes what differs; True when anything did or the row is new."""
    fresh = row not in session
    differs = False
    for name, value in values.items():
        if fresh or getattr(row, name) != value:
            setattr(row, name, value)
            differs = True
    if fresh:
        session.add(row)
    return differs


# ------------------------------------------------------------------------------------------------ what else is touched


def _widen_by_boots(session: Session, touched: Touched) -> None:
    """A boot whose true time became known (better) moves everything that happened in it."""
    for pairs in _pairs(touched.boots):
        for key, row in fold_boots(session, pairs).items():
            known = session.get(Boot, key)
            moved = known is None or known.offset_ms != row["offset_ms"]
            _put(session, Boot, {"site": key[0], "boot": key[1]}, row)
            if moved:
                _touch_all(session, _among(LedgerRow.site, LedgerRow.boot, [key]), touched)
    session.flush()


def _widen_by_epochs(session: Session, touched: Touched) -> None:
    for pairs in _pairs(touched.epochs):
        _touch_all(session, _among(LedgerRow.site, LedgerRow.epoch, pairs), touched)


def _widen_by_openings(session: Session, touched: Touched) -> None:
    for pairs in _pairs(touched.openings):
        _touch_all(session, _among(LedgerRow.site, LedgerRow.visit, pairs), touched)


def _widen_by_counts(session: Session, touched: Touched) -> None:
    if touched.counted:
        there = col(LedgerRow.site).in_(touched.counted) & col(LedgerRow.type).in_(ITEM_TYPES)
        touched.items |= {item for item in session.exec(select(LedgerRow.item).where(there).distinct()) if item}


def _touch_all(session: Session, where: ColumnElement[bool], touched: Touched) -> None:
    counts = col(LedgerRow.understood).is_(True) & col(LedgerRow.duplicate_of).is_(None)
    for row in session.exec(select(LedgerRow).where(where, counts)):
        touched.add(row)
        if row.type == OPENED and row.visit:
            touched.openings.add((row.site, row.visit))  # facts explained late are placed by it


def _patrons(session: Session, groups: Mapping[Any, list[Event]]) -> dict[Key, str | None]:
    wanted = sorted({visit for group in groups.values() for e in group if (visit := getattr(e.fact, "visit", None))})
    found: dict[Key, str | None] = {}
    for part in chunks(wanted):
        rows = session.exec(select(Visit.site, Visit.visit, Visit.patron).where(col(Visit.visit).in_(part)))
        found.update({(site, visit): patron for site, visit, patron in rows})
    return found


def _lock(session: Session, items: Iterable[str]) -> None:
    if session.get_bind().dialect.name != "postgresql":
        return
    buckets = sorted({sum(item.encode()) % LOCKS for item in items})
    for bucket in buckets:
        session.execute(text("SELECT pg_advisory_xact_lock(:space, :bucket)"), {"space": 0x6C6962, "bucket": bucket})


def _among(first: Any, second: Any, pairs: Collection[Key]) -> ColumnElement[bool]:
    by_first: dict[str, list[str]] = defaultdict(list)
    for one, other in pairs:
        by_first[one].append(other)
    return or_(col(first).in_(()), *((col(first) == one) & col(second).in_(them) for one, them in by_first.items()))


def _pairs(pairs: Collection[Key], size: int = 400) -> Iterator[list[Key]]:
    ordered = sorted(pairs)
    return (ordered[start : start + size] for start in range(0, len(ordered), size))


# ------------------------------------------------------------------------------------------------------------ checking


def differences(session: Session, zone: ZoneInfo) -> list[str]:
    """Folds the whole ledger in memory and says, in plain words, where the tables differ from it."""
    found: list[str] = []
    known = everything(session)
    boots = fold_boots(session)
    found += _compare(session, Boot, ("site", "boot"), boots, "the clock of boot")
    offsets = {key: row["offset_ms"] for key, row in boots.items()}
    visits: dict[Key, dict[str, Any]] = {}
    for pairs in _pairs(known.visits):
        visits.update(fold_visits(session, pairs, offsets))
    found += _compare(session, Visit, ("site", "visit"), visits, "visit")
    patrons = {key: row["patron"] for key, row in visits.items()}
    holding_rows: dict[Key, dict[str, Any]] = {}
    loan_rows: dict[Key, dict[str, Any]] = {}
    contradicted: dict[Any, dict[str, Any]] = {}
    for part in chunks(sorted(known.items)):
        for item, now in fold_items(session, part, zone, offsets, patrons).items():
            holding_rows[(item,)] = now.holding  # type: ignore[index]
            loan_rows.update({(key,): row for key, row in now.loans.items()})  # type: ignore[misc]
            contradicted.update({(key,): row for key, row in now.contradictions.items()})
    found += _compare(session, Holding, ("item",), holding_rows, "where item")
    found += _compare(session, Loan, ("id",), loan_rows, "loan")
    found += _compare(session, Contradiction, ("id",), contradicted, "contradiction")
    tags: dict[Key, dict[str, Any]] = {}
    for pairs in _pairs(known.tags):
        tags.update(fold_tags(session, pairs, offsets))
    found += _compare(session, ForeignTag, ("site", "tag"), tags, "foreign tag")
    return found + _newest_visits(session, {site for site, _ in known.visits})


def _newest_visits(session: Session, among: Collection[str]) -> list[str]:
    """Differences of what is kept as each site's newest visit."""
    found = []
    for state in session.exec(select(SiteState).where(col(SiteState.site).in_(among)).order_by(SiteState.site)):
        said = fold_last_visit(session, state.site)["last_visit"]
        if state.last_visit != said:
            shown = f"the newest visit of {state.site}"
            found.append(f"{shown}: is {_shown(state.last_visit)}, the ledger says {_shown(said)}")
    return found


def _compare(
    session: Session, table: type[SQLModel], key: Sequence[str], wanted: Mapping[Any, dict[str, Any]], what: str
) -> list[str]:
    found = []
    seen = set()
    for row in session.exec(select(table)):
        name = tuple(getattr(row, part) for part in key)
        seen.add(name)
        shown = f"{what} {' '.join(name)}"
        if name not in wanted:
            found.append(f"{shown}: is in the table, but nothing in the ledger says so")
            continue
        for column, value in wanted[name].items():
            stored = getattr(row, column)
            if stored != value:
                found.append(f"{shown}: {column} is {_shown(stored)}, the ledger says {_shown(value)}")
    absent = sorted(name for name in wanted if name not in seen)
    return found + [f"{what} {' '.join(name)}: is missing from the table" for name in absent]


def _shown(value: Any) -> str:
    return "nothing" if value is None or value == [] else str(value)


def count_rows(session: Session) -> int:
    """Rows of the ledger."""
    return session.exec(select(func.count()).select_from(LedgerRow)).one()
