"""Runs: what they move, how far they are, and what became of them at each stop."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ConfigDict
from sqlalchemy import func, select
from sqlmodel import Session, col

from hub.models import Run, Stop, Task, Tour, Transfer
from hub.projections.states import HoldingState
from hub.restock.arrivals import AMISS, DONE
from hub.restock.arrivals import Outcome as Became
from hub.restock.picklist import Pick, PickList, pick_list
from hub.restocking import outcomes, runs
from hub.restocking.outcomes import Outcome
from hub.restocking.runs import State
from hub.views import items
from hub.views.items import ItemView
from hub.views.plans import WhyView
from hub.views.view import Cut, Found, View, cut_from

_RUN: dict[str, Any] = {
    "id": 3,
    "plan": 7,
    "tour": 1,
    "tour_name": "Tuesday round",
    "departs": 540,
    "day": "2026-11-24",
    "name": "Tuesday round",
    "state": "underway",
    "courier": "Chen",
    "left_at": "2026-11-24T01:04:00Z",
    "ended_at": None,
    "note": "",
    "sites": ["harbour-bank", "garden-school"],
    "moves": 41,
    "to_pick": 30,
    "picked": 29,
    "tasks": 1,
}
_LINE: dict[str, Any] = {
    "item": "M0001234",
    "title": "To Kill a Mockingbird",
    "outcome": "short",
    "meant_for": None,
    "state": "transit",
    "site": None,
}
_STOP: dict[str, Any] = {
    "site": "harbour-bank",
    "number": 1,
    "minutes": 12,
    "skipped": None,
    "visited": True,
    "visits": ["9f8e7d6c5b4a39281706f5e4d3c2b1a0"],
    "load": 14,
    "unload": 6,
    "done": 19,
    "lines": [_LINE],
}
_TRANSFER: dict[str, Any] = {
    "id": 812,
    "item": "M0001234",
    "barcode": "M0001234",
    "title_id": "gb00004",
    "title": "To Kill a Mockingbird",
    "author": "Harper Lee",
    "shelf_mark": "I712.45",
    "origin": None,
    "target": "harbour-bank",
    "tote": "1/2",
    "whys": [{"because": "taken", "count": 6, "days": 60, "left": 0, "site": "harbour-bank"}],
    "dropped": None,
    "scan": 4711,
    "state": "transit",
    "site": None,
    "shelf": None,
}


class RunView(View):
    """One delivery trip."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RUN]})

    id: int
    plan: int | None
    tour: int | None
    tour_name: str | None
    day: date
    name: str
    state: State
    courier: str
    left_at: datetime | None
    """When it left the library."""
    ended_at: datetime | None
    """When it was closed or given up."""
    note: str
    """Why it was given up."""
    departs: int | None
    """Minutes after midnight that its tour leaves at, in the library's zone."""
    sites: list[str]
    """Where it calls, in order."""
    moves: int
    """Items it is to move, from wherever; those dropped aren't counted, here and in the next."""
    to_pick: int
    """Of these, items to be taken off the library's shelves."""
    picked: int
    """Of these, items that were."""
    tasks: int
    """Open tasks about it."""


class OutcomeLine(View):
    """One item at one stop."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LINE]})

    item: str
    title: str
    outcome: Became
    meant_for: str | None
    """surplus: the stop it was meant for."""
    state: HoldingState
    """Where it is now."""
    site: str | None

    @property
    def amiss(self) -> bool:
        """Somebody has to look at it."""
        return self.outcome in AMISS

    @property
    def done(self) -> bool:
        """As it was meant."""
        return self.outcome in DONE


class StopView(View):
    """A site that a run calls at, and what its shelf reader says was done there."""

    model_config = ConfigDict(json_schema_extra={"examples": [_STOP]})

    site: str
    number: int
    """Place in the order, from 1."""
    minutes: int | None
    """After leaving the library, as estimated; null where the way isn't known."""
    skipped: str | None
    """Why nobody calls there after all."""
    visited: bool
    """A restock visit of the run's time is settled there; false also while the site hasn't told of it."""
    visits: list[str]
    load: int
    """Items to be put there."""
    unload: int
    """Items to be taken away."""
    done: int
    """Items loaded or unloaded as was meant."""
    lines: list[OutcomeLine]
    """Every item's outcome, by its number."""


class TransferView(View):
    """One item on its way."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TRANSFER]})

    id: int
    item: str
    barcode: str
    title_id: str
    title: str
    author: str
    shelf_mark: str
    """Where it stands at the library."""
    origin: str | None
    """A site; null: the library."""
    target: str | None
    """A site; null: home to the library."""
    tote: str
    """Which of its target's totes, as 1/2."""
    whys: list[WhyView]
    """The strongest first."""
    dropped: str | None
    """Why it isn't done after all: not-found, by-hand, left-behind, replanned."""
    scan: int | None
    """The scan that took it off the library's shelf; null: not picked."""
    state: HoldingState
    """Where it is now."""
    site: str | None
    shelf: str | None
    """On whose shelf it stands, or was taken from."""


def listed(
    session: Session,
    cut: Cut,
    *,
    state: State | None = None,
    open_only: bool | None = None,
    since: date | None = None,
    upto: date | None = None,
) -> Found[RunView]:
    """Runs, the latest days first. `open_only`: those that aren't over, or (False) those that are."""
    query: Any = select(Run, Tour).outerjoin(Tour, col(Tour.id) == Run.tour)
    if state is not None:
        query = query.where(col(Run.state) == state)
    if open_only is not None:
        is_open = col(Run.state).in_((State.PICKING, State.UNDERWAY))
        query = query.where(is_open if open_only else ~is_open)
    if since is not None:
        query = query.where(col(Run.day) >= since)
    if upto is not None:
        query = query.where(col(Run.day) <= upto)
    found = cut_from(session, query.order_by(col(Run.day).desc(), col(Run.id).desc()), cut, lambda *row: row)
    return Found(tuple(_view(session, row, tour) for row, tour in found.rows), found.total)


def run(session: Session, key: int) -> RunView:
    """One run; raises Unknown."""
    row = runs.get(session, key)
    tour = session.get(Tour, row.tour) if row.tour is not None else None
    return _view(session, row, tour)


def _view(session: Session, row: Run, tour: Tour | None) -> RunView:
    assert row.id is not None
    alive = [one for one in runs.transfers_of(session, row.id) if one.dropped is None]
    taken = _taken(session, row)
    wanted = [one for one in alive if one.origin is None]
    tasks = select(func.count()).select_from(Task).where(col(Task.run) == row.id, col(Task.done_at).is_(None))
    return RunView(
        id=row.id,
        plan=row.plan,
        tour=row.tour,
        tour_name=tour.name if tour else None,
        departs=tour.departs if tour else None,
        day=row.day,
        name=row.name,
        state=State(row.state),
        courier=row.courier,
        left_at=row.left_at,
        ended_at=row.ended_at,
        note=row.note,
        sites=[stop.site for stop in runs.stops_of(session, row.id)],
        moves=len(alive),
        to_pick=len(wanted),
        picked=sum(one.item in taken for one in wanted),
        tasks=session.scalar(tasks) or 0,
    )


def _taken(session: Session, row: Run) -> dict[str, int]:
    """Items picked for the run -> the scan; once it left, those that came home again too."""
    assert row.id is not None
    if row.state == State.PICKING:
        return {item: scan.id or 0 for item, scan in runs.picked(session, row.id).items()}
    return {scan.item: scan.id or 0 for scan in outcomes.scans_out(session, row.id)}


def stops(session: Session, key: int, zone: ZoneInfo) -> list[StopView]:
    """A run's stops in their order, with what became of each item there as far as is known; raises Unknown."""
    row = runs.get(session, key)
    outcome = outcomes.read(session, row, zone)
    known = items.some(session, {line.item for at in outcome.stops.values() for line in at.lines})
    transfers = [one for one in runs.transfers_of(session, key) if one.dropped is None]
    return [_stop(stop, outcome, known, transfers) for stop in runs.stops_of(session, key)]


def _stop(row: Stop, outcome: Outcome, known: dict[str, ItemView], transfers: Sequence[Transfer]) -> StopView:
    at = outcome.stops[row.site]
    lines = [
        OutcomeLine(
            item=line.item,
            title=known[line.item].title if line.item in known else "",
            outcome=line.outcome,
            meant_for=line.meant_for,
            state=outcome.state(line.item),
            site=known[line.item].holding.site if line.item in known else None,
        )
        for line in at.lines
    ]
    return StopView(
        site=row.site,
        number=row.number,
        minutes=row.minutes,
        skipped=row.skipped,
        visited=at.visited,
        visits=list(at.visits),
        load=sum(one.target == row.site for one in transfers),
        unload=sum(one.origin == row.site for one in transfers),
        done=sum(line.done for line in lines),
        lines=lines,
    )


def picks(session: Session, key: int) -> PickList:
    """The run's pick list; dropped items are in it, so that printed tote numbers stay true. Raises Unknown."""
    row = runs.get(session, key)
    transfers = runs.transfers_of(session, key)
    return _picks(row, transfers, items.some(session, {one.item for one in transfers}), runs.stops_of(session, key))


def _picks(row: Run, transfers: Sequence[Transfer], known: dict[str, ItemView], order: Sequence[Stop]) -> PickList:
    found = [
        Pick(
            item=one.item,
            barcode=known[one.item].barcode if one.item in known else one.item,
            title=known[one.item].title if one.item in known else "",
            author=known[one.item].author if one.item in known else "",
            shelf_mark=known[one.item].shelf_mark if one.item in known else "",
            source=one.origin,
            target=one.target,
        )
        for one in transfers
    ]
    return pick_list(found, row.tote, [stop.site for stop in order])


def transfers(session: Session, key: int) -> list[TransferView]:
    """Everything a run moves, in the order of its pick list, those dropped too; raises Unknown."""
    row = runs.get(session, key)
    rows = {one.item: one for one in runs.transfers_of(session, key)}
    known = items.some(session, rows.keys())
    taken = _taken(session, row)
    walk = _picks(row, list(rows.values()), known, runs.stops_of(session, key))
    found = []
    for line in (line for group in walk.groups for line in group.lines):
        one, pick = rows[line.pick.item], line.pick
        now = known.get(one.item)
        found.append(
            TransferView(
                id=one.id or 0,
                item=one.item,
                barcode=pick.barcode,
                title_id=one.title_id,
                title=pick.title,
                author=pick.author,
                shelf_mark=pick.shelf_mark,
                origin=one.origin,
                target=one.target,
                tote=line.tote.label,
                whys=[WhyView(**why) for why in one.whys],
                dropped=one.dropped,
                scan=taken.get(one.item),
                state=now.holding.state if now else HoldingState.LIBRARY,
                site=now.holding.site if now else None,
                shelf=now.holding.shelf if now else None,
            )
        )
    return found
