"""What the ledger says that a forecast can learn from: items' stays on shelves, and what became of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Select
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from hub.models import Boot, Cursor, Item, LedgerRow, Loan, Title
from hub.projections.order import ZERO, happened
from hub.projections.states import LoanState
from hub.restock.forecast import Catalogue, Exposures, Forecast, Settings, fit
from hub.restock.stays import Stay, Step, exposures, stays

COMES = ("borrow_reversed", "found", "loaded", "moved", "returned", "undecided_settled")
GOES = ("borrowed", "missing", "undecided", "unloaded")
CARRIED = ("loaded", "unloaded")
BATCH = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """A forecast, and which numbers titles and sites have in it."""

    forecast: Forecast
    titles: dict[str, int]
    sites: dict[str, int]
    until: int
    """The day it looks forward from, counted since 1970."""
    stays: tuple[Stay, ...] = field(repr=False)
    """What it was learned from."""
    of_item: dict[str, int] = field(repr=False)
    """Item -> its title's number."""


def learn(session: Session, sites: list[str], until: int, settings: Settings) -> Learned:
    """A forecast from what happened at `sites` before the day `until`."""
    titles = list(session.exec(select(Title.title_id).order_by(Title.title_id)))
    numbers = {title: number for number, title in enumerate(titles)}
    place = {site: number for number, site in enumerate(sites)}
    of_item = {item: numbers[title] for item, title in session.exec(select(Item.item, Item.title_id))}
    found = tuple(stays(steps(session), until * 86_400.0))
    seen = Exposures.of(exposures(found, of_item, place, until, round(settings.cycle)))
    return Learned(
        fit(seen, _catalogue(session, titles, len(sites)), until, settings), numbers, place, until, found, of_item
    )


def seen_at(site: str) -> Select[Any]:
    """Items that ever stood on a shelf of `site`, for `steps`."""
    return columns(col(LedgerRow.item)).where(col(LedgerRow.site) == site, col(LedgerRow.type).in_(COMES))


def steps(session: Session, items: Select[Any] | None = None, heard: datetime | None = None) -> Iterator[Step]:
    """Every item's steps by corrected time, items one after the other; reversed loans were none.

    `items`: a query of the items that are wanted; None: of all. `heard`: only what the hub heard since then.
    """
    offsets = {(boot.site, boot.boot): boot.offset_ms for boot in session.exec(select(Boot))}
    reversed_ones = set(session.exec(select(Loan.event_id).where(Loan.state == LoanState.REVERSED)))
    row = LedgerRow
    rows = session.execute(
        columns(
            col(row.item), col(row.site), col(row.type), col(row.boot), col(row.up_ms), col(row.at),
            col(row.received_at), col(row.event_id),
        )
        .join(Cursor, (col(Cursor.site) == LedgerRow.site) & (col(Cursor.epoch) == LedgerRow.epoch))
        .where(
            col(LedgerRow.type).in_((*COMES, *GOES)),
            col(LedgerRow.item).is_not(None),
            col(LedgerRow.understood).is_(True),
            col(LedgerRow.duplicate_of).is_(None),
            *(() if items is None else (col(LedgerRow.item).in_(items),)),
            *(() if heard is None else (col(LedgerRow.received_at) >= heard,)),
        )
        .order_by(col(row.item), col(row.site), col(Cursor.ord), col(row.seq))
        .execution_options(yield_per=BATCH)
    )  # fmt: skip
    current: list[tuple[float, Step]] = []
    newest: dict[str, float] = {}
    for item, site, kind, boot, up_ms, at, received_at, event_id in rows:
        if current and current[0][1].item != item:
            yield from _in_order(current)
            current, newest = [], {}
        when, trusted = happened(site, boot, up_ms, at, offsets)
        moment = ((when if trusted else min(when, received_at)) - ZERO).total_seconds()
        moment = newest[site] = max(moment, newest.get(site, moment))
        taken = kind == "borrowed" and event_id not in reversed_ones
        current.append((moment, Step(item, moment, site, kind in COMES, taken, kind in CARRIED)))
    yield from _in_order(current)


def _in_order(found: list[tuple[float, Step]]) -> Iterator[Step]:
    found.sort(key=lambda pair: pair[0])  # stable: within a site its own order
    return (step for _, step in found)


def _catalogue(session: Session, titles: list[str], sites: int) -> Catalogue:
    """Topics are themes, languages, regions and audiences: whatever titles share that readers go by."""
    numbers: dict[str, int] = {}
    title, topic = [], []
    popularity = np.full(len(titles), np.nan)
    rows = session.exec(select(Title).order_by(Title.title_id).execution_options(yield_per=BATCH))
    for number, row in enumerate(rows):
        if row.popularity is not None:
            popularity[number] = row.popularity
        named = {f"theme {theme}" for theme in row.themes.split("|") if theme}
        shared = {"language": row.language, "region": row.region, "audience": row.audience}
        for name in sorted(named | {f"{kind} {value}" for kind, value in shared.items() if value}):
            title.append(number)
            topic.append(numbers.setdefault(name, len(numbers)))
    return Catalogue(len(titles), sites, len(numbers), np.array(title, np.int64), np.array(topic, np.int64), popularity)
