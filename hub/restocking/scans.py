"""Scans at the central library: an item comes in or leaves, or a scan is taken back; its history is folded anew."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from hub import refold, turns
from hub.directory import feed
from hub.ledger import Touched
from hub.models import Holding, Item, Loan, Scan
from hub.notices import Notice
from hub.projections.order import LIBRARY
from hub.projections.states import HoldingState, LoanState
from hub.restocking.errors import Unknown
from hub.settings import Settings

TWICE = timedelta(seconds=60)
"""The same scan within this time is one scan: readers beep twice."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a scan brought about."""

    scan: int
    item: str
    out: bool
    twice: bool = False
    """The same was scanned a moment before: nothing changed."""
    state: HoldingState = HoldingState.LIBRARY
    """Where the item was thought to be before."""
    site: str | None = None
    ended: tuple[str, ...] = ()
    """Loans that it ended."""
    notices: tuple[Notice, ...] = field(default=(), compare=False)
    """What open pages are to be told, once this is committed."""


def find(session: Session, code: str) -> str:
    """The item that is meant by what was scanned or typed: a printed barcode or an item's number. Raises Unknown."""
    code = code.strip()
    for query, column in (
        (select(Item.item), Item.barcode),
        (select(Item.item), Item.item),
        (select(Holding.item), Holding.item),
    ):
        for wanted in dict.fromkeys((code, code.upper())):
            found = session.exec(query.where(column == wanted)).first()
            if found is not None:
                return found
    raise Unknown("item", code)


def scan(
    session: Session, settings: Settings, code: str, *, out: bool, run: int | None = None, by: str, now: datetime
) -> Told:
    """Writes a scan of `code` down: the item leaves with `run` or without one, or has come in. Raises Unknown."""
    item = find(session, code)
    newest = last(session, item)
    if newest is not None and (newest.out, newest.run) == (out, run) and abs(now - newest.at) < TWICE:
        assert newest.id is not None
        return Told(newest.id, item, out, twice=True)
    row = Scan(item=item, out=out, at=now, run=run, by=by)
    session.add(row)
    session.flush()
    assert row.id is not None
    held = session.get(Holding, item)
    before = HoldingState(held.state) if held else HoldingState.LIBRARY
    site = held.site if held else None
    _fold(session, settings, item, now)
    closed = select(Loan.id).where(
        Loan.item == item, Loan.closed_site == LIBRARY, Loan.closed_event == f"scan.{row.id}",
        Loan.state == LoanState.RETURNED,
    )  # fmt: skip
    return Told(
        row.id, item, out, state=before, site=site, ended=tuple(session.exec(closed)), notices=_notices(item, site, run)
    )


def undo(session: Session, settings: Settings, number: int, now: datetime) -> Told:
    """Takes a scan back: it says nothing any more; a second time changes nothing. Raises Unknown."""
    row = session.get(Scan, number)
    if row is None:
        raise Unknown("scan", number)
    row.undone = True
    _fold(session, settings, row.item, now)
    held = session.get(Holding, row.item)
    state = HoldingState(held.state) if held else HoldingState.LIBRARY
    site = held.site if held else None
    return Told(number, row.item, row.out, state=state, site=site, notices=_notices(row.item, site, row.run))


def last(session: Session, item: str) -> Scan | None:
    """The item's newest scan that wasn't taken back."""
    query = select(Scan).where(Scan.item == item, col(Scan.undone).is_(False))
    return session.exec(query.order_by(col(Scan.at).desc(), col(Scan.id).desc()).limit(1)).first()


def notice(run: int, *items: str) -> Notice:
    """What open pages are told when a run changed."""
    return Notice(f"run-{run}", items)


def _fold(session: Session, settings: Settings, item: str, now: datetime) -> None:
    session.flush()
    turns.take(session, ())
    changed = refold.apply(session, Touched(items={item}), settings.zone)
    feed.update(session, feed.Stale(patrons=changed.patrons, items=changed.items), settings.owners, now)


def _notices(item: str, site: str | None, run: int | None) -> tuple[Notice, ...]:
    places = [Notice(site, (item,))] if site is not None else []
    return (*places, notice(run, item) if run is not None else Notice(LIBRARY, (item,)))
