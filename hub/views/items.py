"""Items: where each one is, who says so, and with what evidence."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from pydantic import ConfigDict, ValidationError
from sqlalchemy import Select, func, or_, select
from sqlmodel import Session, col

from hub.directory.marks import shelf_mark
from hub.directory.rows import Condition
from hub.ledger import chunks
from hub.models import Holding, Item, LedgerRow, Loan, Run, Title, Transfer
from hub.projections.states import HoldingState, LoanState
from hub.restocking.runs import State
from hub.views.plans import WhyView
from hub.views.view import Cut, Found, View, cut_from, fact_of
from protocol.events import Evidence

_EXAMPLE: dict[str, Any] = {
    "item": "M0001234",
    "title_id": "gb00004",
    "title": "To Kill a Mockingbird",
    "author": "Harper Lee",
    "tag": "E0040150B1A2C3D4",
    "home": "harbour-bank",
    "owner": "CN-110105001",
    "lending": "normal",
    "condition": "good",
    "barcode": "M0001234",
    "shelf_mark": "I712.45",
    "holding": {
        "state": "loan",
        "site": "harbour-bank",
        "station": "cabinet-1",
        "shelf": "A",
        "patron": "P000017",
        "visit": "9f8e7d6c5b4a39281706f5e4d3c2b1a0",
        "loan": "harbour-bank.0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "due": "2026-12-21",
        "since": "2026-11-23T02:03:04Z",
        "time_trusted": True,
        "evidence": {"seen_before": 4, "rounds_before": 4, "seen_after": 0, "rounds_after": 8},
        "ledger_id": 4711,
        "hold": None,
    },
}


class HoldingView(View):
    """Where or with whom one item is now."""

    state: HoldingState
    site: str | None
    """Where it is; on loan: where it was borrowed. Null at the library, and on the way from there."""
    station: str | None
    shelf: str | None
    """On loan: the shelf it was taken from."""
    patron: str | None
    """Who has it; on loan only, and null where unknown."""
    visit: str | None
    """The visit that brought this about."""
    loan: str | None
    """The open loan."""
    due: date | None
    """Last day of the open loan, in the library's zone."""
    since: datetime | None
    time_trusted: bool
    """A synchronised clock vouches for `since`."""
    evidence: Evidence | None
    """What the shelf reader saw: read rounds that saw the tag, of rounds run, before and after."""
    ledger_id: int | None
    """Row of the ledger that says so."""
    hold: int | None
    """The reservation that it waits for in a locker's compartment."""


class ItemView(View):
    """One physical copy, and where it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    item: str
    """Its barcode, unless `barcode` says another."""
    title_id: str | None
    """Null when a site reported an item the catalogue doesn't know."""
    title: str
    author: str
    tag: str | None
    home: str | None
    """Site it belongs to; null: the central library."""
    owner: str | None
    """ISIL."""
    lending: str | None
    """normal, reference or held; null when not catalogued."""
    condition: Condition | None
    """Null when not catalogued."""
    barcode: str
    """What is printed on it."""
    shelf_mark: str
    """Where it stands at the library: its own mark, else by its title's class number; empty when there is none."""
    holding: HoldingView


class MoveView(View):
    """A delivery run that an item was to be moved by."""

    run: int
    name: str
    day: date
    state: State
    """Of the run."""
    origin: str | None
    """A site; null: the library."""
    target: str | None
    """A site; null: home to the library."""
    whys: list[WhyView]
    """Strongest first."""
    dropped: str | None
    """Why it wasn't done after all."""


def items(
    session: Session,
    cut: Cut,
    *,
    q: str | None = None,
    barcode: str | None = None,
    state: HoldingState | None = None,
    site: str | None = None,
    station: str | None = None,
    shelf: str | None = None,
    title_id: str | None = None,
    patron: str | None = None,
    home: str | None = None,
) -> Found[ItemView]:
    """Items by barcode, those included that only sites know of. `barcode`: its beginning; `q`: or part of a title."""
    query, key = _query()
    if state is HoldingState.LIBRARY:
        query = query.where(or_(col(Holding.state) == state, col(Holding.state).is_(None)))
    elif state is not None:
        query = query.where(col(Holding.state) == state)
    for column, value in (
        (col(Holding.site), site),
        (col(Holding.station), station),
        (col(Holding.shelf), shelf),
        (col(Holding.patron), patron),
        (col(Item.title_id), title_id),
        (col(Item.home), home),
    ):
        if value is not None:
            query = query.where(column == value)
    if barcode:
        query = query.where(key.istartswith(barcode, autoescape=True))
    if q:
        query = query.where(or_(key.istartswith(q, autoescape=True), col(Title.title).icontains(q, autoescape=True)))
    return cut_from(session, query.order_by(key), cut, _view)


def item(session: Session, barcode: str) -> ItemView | None:
    """One item, catalogued or only seen."""
    query, key = _query()
    row = session.execute(query.where(key == barcode)).first()
    return _view(*row) if row else None


def some(session: Session, keys: Collection[str]) -> dict[str, ItemView]:
    """Item -> how it is, of `keys` those that are known."""
    query, key = _query()
    found: dict[str, ItemView] = {}
    for part in chunks(sorted(keys)):
        found.update({row[0]: _view(*row) for row in session.execute(query.where(key.in_(part)))})
    return found


def moves(session: Session, barcode: str) -> list[MoveView]:
    """Runs that the item was part of, the latest days first."""
    query = select(Transfer, Run).join(Run, col(Run.id) == col(Transfer.run)).where(col(Transfer.item) == barcode)
    return [
        MoveView(
            run=run.id,
            name=run.name,
            day=run.day,
            state=State(run.state),
            origin=one.origin,
            target=one.target,
            whys=[WhyView.model_validate(why) for why in one.whys],
            dropped=one.dropped,
        )
        for one, run in session.execute(query.order_by(col(Run.day).desc(), col(Run.id).desc()))
    ]


def states_at(session: Session, site: str | None = None) -> dict[str, dict[HoldingState, int]]:
    """Site -> state -> number of items there, as the ledger tells it; of one `site`, or of all."""
    query = select(col(Holding.site), col(Holding.state), func.count()).group_by(col(Holding.site), col(Holding.state))
    query = query.where(col(Holding.site) == site) if site else query.where(col(Holding.site).is_not(None))
    found: dict[str, dict[HoldingState, int]] = {}
    for key, state, count in session.execute(query):
        found.setdefault(key, {})[HoldingState(state)] = count
    return found


def _query() -> tuple[Select[Any], Any]:
    known = select(col(Item.item)).union(select(col(Holding.item))).subquery()
    key = known.c.item
    query = (
        select(key, Item, Title, Holding, col(Loan.id), col(Loan.due), col(LedgerRow.id), col(LedgerRow.body))
        .select_from(known)
        .outerjoin(Item, col(Item.item) == key)
        .outerjoin(Title, col(Title.title_id) == Item.title_id)
        .outerjoin(Holding, col(Holding.item) == key)
        .outerjoin(Loan, (col(Loan.item) == key) & (col(Loan.state) == LoanState.OPEN))
        .outerjoin(
            LedgerRow,
            (col(LedgerRow.site) == Holding.site)
            & (col(LedgerRow.event_id) == Holding.event_id)
            & col(LedgerRow.duplicate_of).is_(None),
        )
    )
    return query, key


def _view(
    barcode: str,
    row: Item | None,
    title: Title | None,
    held: Holding | None,
    loan: str | None,
    due: date | None,
    ledger_id: int | None,
    body: bytes | None,
) -> ItemView:
    held = held or Holding(item=barcode)
    return ItemView(
        item=barcode,
        title_id=title.title_id if title else None,
        title=title.title if title else "",
        author=title.author if title else "",
        tag=(row.tag if row else None) or held.tag,
        home=row.home if row else None,
        owner=row.owner if row else None,
        lending=row.lending if row else None,
        condition=Condition(row.condition) if row else None,
        barcode=(row.barcode if row else None) or barcode,
        shelf_mark=shelf_mark(row.shelf_mark if row else "", title.clc if title else "", title.dewey if title else ""),
        holding=HoldingView(
            state=HoldingState(held.state),
            site=held.site,
            station=held.station,
            shelf=held.shelf,
            patron=held.patron,
            visit=held.visit,
            loan=loan,
            due=due,
            since=held.since,
            time_trusted=held.time_trusted,
            evidence=_evidence(body),
            ledger_id=ledger_id,
            hold=_hold(held),
        ),
    )


def _hold(held: Holding) -> int | None:
    waits = held.state == HoldingState.SHELF and held.hold is not None and held.hold.isdecimal()
    return int(held.hold or 0) if waits else None


def _evidence(body: bytes | None) -> Evidence | None:
    try:
        return Evidence.model_validate(fact_of(body).get("evidence"))
    except ValidationError:
        return None
