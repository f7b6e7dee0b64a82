"""Rows of the ledger, as people and programs read them; and the history of one item in the order it happened."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import ConfigDict
from sqlalchemy import Select, select
from sqlmodel import Session, col

from hub.histories import begun_of, read
from hub.ledger import ITEM_TYPES, happened_at, offsets_of
from hub.models import Cursor, LedgerRow, Loan, Scan, Visit
from hub.projections.order import LIBRARY, Offsets, in_order, scan, with_scans
from hub.views.view import Cut, Found, View, cut_from, decoded

_EXAMPLE: dict[str, Any] = {
    "id": 4711,
    "site": "harbour-bank",
    "epoch": "5f0c0f7f0f5b4a3d8f3b0a4a9c1f2e3d",
    "seq": 812,
    "event_id": "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    "type": "borrowed",
    "station": "cabinet-1",
    "item": "M0001234",
    "tag": "E0040150B1A2C3D4",
    "visit": "9f8e7d6c5b4a39281706f5e4d3c2b1a0",
    "happened_at": "2026-11-23T02:03:04Z",
    "time_trusted": True,
    "received_at": "2026-11-23T02:03:05Z",
    "understood": True,
    "why_not": None,
    "duplicate_of": None,
    "body": {"v": 1, "fact": {"type": "borrowed", "shelf": "A", "evidence": {"seen_after": 0, "rounds_after": 8}}},
    "raw": None,
}


class EventView(View):
    """One row of the ledger."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: int
    """Row number: the order in which the hub wrote events down."""
    site: str
    epoch: str
    """Generation of the site's journal."""
    seq: int
    """Place in that epoch."""
    event_id: str
    type: str | None
    """protocol.events: what happened; null when not understood."""
    station: str | None
    item: str | None
    tag: str | None
    visit: str | None
    happened_at: datetime | None
    """When it happened, corrected by the site's later trusted time; null when not understood."""
    time_trusted: bool
    """A synchronised clock vouches for `happened_at`."""
    received_at: datetime
    understood: bool
    why_not: str | None
    """Why this version can't understand it."""
    duplicate_of: int | None
    """Row that counts instead, when a later epoch carried the same event on."""
    body: dict[str, Any] | None
    """The event as the site wrote it, decoded; null when it is no JSON object."""
    raw: str | None
    """What arrived, when it can't be decoded; unreadable bytes are replaced."""

    @property
    def fact(self) -> Mapping[str, Any]:
        """What the site reported; empty when it can't be read."""
        fact = (self.body or {}).get("fact")
        return fact if isinstance(fact, dict) else {}


class HistoryRow(EventView):
    """One event of an item's history, in the order it happened.

    A scan at the central library stands among them as type scanned_in or scanned_out, with `id` 0 and no site; its fact
    tells by whom, and with which run.
    """

    patron: str | None
    """Whose visit it was, where known."""
    loan: str | None
    """The loan it began or ended."""


def events(
    session: Session,
    cut: Cut,
    *,
    site: str | None = None,
    item: str | None = None,
    visit: str | None = None,
    type: str | None = None,
    understood: bool | None = None,
    since: datetime | None = None,
    upto: int | None = None,
    newest_first: bool = True,
) -> Found[EventView]:
    """Rows of the ledger. `since`: received at or after; `upto`: rows with a higher number are left out."""
    query: Select[Any] = select(LedgerRow)
    for column, wanted in (
        (col(LedgerRow.site), site),
        (col(LedgerRow.item), item),
        (col(LedgerRow.visit), visit),
        (col(LedgerRow.type), type),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if understood is not None:
        query = query.where(col(LedgerRow.understood).is_(understood))
    if since is not None:
        query = query.where(col(LedgerRow.received_at) >= since)
    if upto is not None:
        query = query.where(col(LedgerRow.id) <= upto)
    number = col(LedgerRow.id)
    found = cut_from(session, query.order_by(number.desc() if newest_first else number), cut, lambda row: row)
    return Found(_shown(session, found.rows), found.total)


def event(session: Session, number: int) -> EventView | None:
    """One row by its number."""
    row = session.get(LedgerRow, number)
    return _shown(session, (row,))[0] if row else None


def newest(session: Session, site: str | None = None) -> int:
    """Number of the newest row, of one site or of all; 0 while there is none."""
    query = select(col(LedgerRow.id)).order_by(col(LedgerRow.id).desc()).limit(1)
    if site is not None:
        query = query.where(col(LedgerRow.site) == site)
    return session.scalar(query) or 0


def history(session: Session, item: str) -> tuple[HistoryRow, ...]:
    """Everything that happened to the item, oldest first, in the order holdings and loans are folded from."""
    query = (
        select(LedgerRow, col(Cursor.ord))
        .join(Cursor, (col(Cursor.site) == LedgerRow.site) & (col(Cursor.epoch) == LedgerRow.epoch))
        .where(
            col(LedgerRow.item) == item,
            col(LedgerRow.type).in_(ITEM_TYPES),
            col(LedgerRow.understood).is_(True),
            col(LedgerRow.duplicate_of).is_(None),
        )
    )
    rows: dict[tuple[str, str], LedgerRow] = {}
    read_ones = []
    for row, place in session.execute(query):
        seen = read(row, place)
        if seen is not None:
            rows[row.site, row.event_id] = row
            read_ones.append(seen)
    offsets = _offsets(session, tuple(rows.values()))
    patrons = {
        (site, visit): patron
        for site, visit, patron in session.execute(
            select(col(Visit.site), col(Visit.visit), col(Visit.patron)).where(
                col(Visit.visit).in_({row.visit for row in rows.values() if row.visit})
            )
        )
    }
    loans: dict[tuple[str | None, str | None], str] = {}
    for loan in session.scalars(select(Loan).where(col(Loan.item) == item)):
        loans[loan.closed_site, loan.closed_event] = loan.id
        loans.setdefault((loan.site, loan.event_id), loan.id)
    shown = []
    scans = {
        f"scan.{row.id}": row
        for row in session.scalars(select(Scan).where(col(Scan.item) == item, col(Scan.undone).is_(False)))
    }
    told = in_order(read_ones, offsets, begun_of(session, read_ones))
    for placed in with_scans(told, [scan(row.id or 0, row.at, row.out) for row in scans.values()]):
        key = (placed.event.site, placed.event.event_id)
        if placed.event.site == LIBRARY:
            shown.append(_scanned(scans[placed.event.event_id], loans.get(key)))
            continue
        row = rows[key]
        plain = _view(row, offsets).model_dump()
        plain.update(happened_at=placed.when, time_trusted=placed.trusted)
        patron = patrons.get((row.site, row.visit)) if row.visit else None
        shown.append(HistoryRow(**plain, patron=patron, loan=loans.get(key)))
    return tuple(shown)


def _scanned(row: Scan, loan: str | None) -> HistoryRow:
    kind = "scanned_out" if row.out else "scanned_in"
    return HistoryRow(
        id=0,
        site=LIBRARY,
        epoch="",
        seq=row.id or 0,
        event_id=f"scan.{row.id}",
        type=kind,
        station=None,
        item=row.item,
        tag=None,
        visit=None,
        happened_at=row.at,
        time_trusted=True,
        received_at=row.at,
        understood=True,
        why_not=None,
        duplicate_of=None,
        body={"fact": {"type": kind, "by": row.by, "run": row.run}},
        raw=None,
        patron=None,
        loan=loan,
    )


def _shown(session: Session, rows: tuple[LedgerRow, ...]) -> tuple[EventView, ...]:
    offsets = _offsets(session, rows)
    return tuple(_view(row, offsets) for row in rows)


def _offsets(session: Session, rows: tuple[LedgerRow, ...]) -> Offsets:
    return offsets_of(session, {(row.site, row.boot) for row in rows if row.boot})


def _view(row: LedgerRow, offsets: Offsets) -> EventView:
    when, trusted = happened_at(row, dict(offsets))
    body = decoded(row.body)
    return EventView(
        id=row.id or 0,
        site=row.site,
        epoch=row.epoch,
        seq=row.seq,
        event_id=row.event_id,
        type=row.type,
        station=row.station,
        item=row.item,
        tag=row.tag,
        visit=row.visit,
        happened_at=when,
        time_trusted=trusted,
        received_at=row.received_at,
        understood=row.understood,
        why_not=row.why_not,
        duplicate_of=row.duplicate_of,
        body=body,
        raw=None if body is not None else row.body.decode("utf-8", "replace"),
    )
