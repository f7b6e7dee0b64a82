"""Writes the projections: what a commit touched is folded again, what follows from it is found, what changed is told.

`apply` serves ingest, for what a commit touched. `rebuild` goes through everything.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, delete, text
from sqlmodel import Session, SQLModel, col, select

from hub.folds import ItemFold, fold_boots, fold_items, fold_last_visit, fold_tags, fold_visits
from hub.histories import among, everything, pairs_of
from hub.ledger import ITEM_TYPES, OPENED, Touched, chunks
from hub.models import Boot, Contradiction, ForeignTag, Holding, LedgerRow, Loan, SiteState, Visit

LOCKS = 64
"""PostgreSQL: items are locked by so many buckets, so that two workers never fold one item at once."""


@dataclass(slots=True)
class Changed:
    """What a refold changed, for the directory and for open pages."""

    items: set[str] = field(default_factory=set)
    patrons: set[str] = field(default_factory=set)
    """Whose loans changed."""


def apply(session: Session, touched: Touched, zone: ZoneInfo) -> Changed:
    """Folds again everything that `touched` bears on; answers what changed by it."""
    changed = Changed()
    _widen_by_boots(session, touched)
    _widen_by_epochs(session, touched)
    for pairs in pairs_of(touched.visits):
        rows = session.exec(select(Visit).where(among(Visit.site, Visit.visit, pairs)))
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
    for pairs in pairs_of(touched.tags):
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
                changed.items.add(item)
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
    for pairs in pairs_of(touched.boots):
        for key, row in fold_boots(session, pairs).items():
            known = session.get(Boot, key)
            moved = known is None or known.offset_ms != row["offset_ms"]
            _put(session, Boot, {"site": key[0], "boot": key[1]}, row)
            if moved:
                _touch_all(session, among(LedgerRow.site, LedgerRow.boot, [key]), touched)
    session.flush()


def _widen_by_epochs(session: Session, touched: Touched) -> None:
    for pairs in pairs_of(touched.epochs):
        _touch_all(session, among(LedgerRow.site, LedgerRow.epoch, pairs), touched)


def _widen_by_openings(session: Session, touched: Touched) -> None:
    for pairs in pairs_of(touched.openings):
        _touch_all(session, among(LedgerRow.site, LedgerRow.visit, pairs), touched)


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


def _lock(session: Session, items: Iterable[str]) -> None:
    if session.get_bind().dialect.name != "postgresql":
        return
    buckets = sorted({sum(item.encode()) % LOCKS for item in items})
    for bucket in buckets:
        session.execute(text("SELECT pg_advisory_xact_lock(:space, :bucket)"), {"space": 0x6C6962, "bucket": bucket})
