"""Runs: made of an approved plan, picked at the library, carried out, closed or given up.

What is done at a site is never told here: its shelf reader tells it (hub.restocking.outcomes).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from hub.models import Item, Loan, Run, Scan, Site, Stop, Title, Transfer
from hub.notices import Notice
from hub.projections.states import HoldingState
from hub.restocking import faults, review, scans
from hub.restocking.errors import Refused, Unknown
from hub.restocking.stock import OPEN_RUNS
from hub.settings import Settings

LONGEST_WHY = 200
"""Characters of a reason."""


class State(StrEnum):
    """How a run stands."""

    PICKING = "picking"
    """Items are taken off the library's shelves."""
    UNDERWAY = "underway"
    CLOSED = "closed"
    ABANDONED = "abandoned"
    """Given up: what was picked has to come back."""


class Dropped(StrEnum):
    """Why a transfer isn't done after all."""

    NOT_FOUND = review.NOT_FOUND
    """Nobody found the item at the library."""
    BY_HAND = "by-hand"
    """A librarian left it out."""
    LEFT = "left-behind"
    """The run left without it."""
    REPLANNED = "replanned"
    """Its plan was made again without it, when it was already picked."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One item that a run is to move."""

    item: str
    title_id: str
    origin: str | None
    """A site; None: the library."""
    target: str | None
    whys: Sequence[dict[str, Any]] = ()


def get(session: Session, run: int) -> Run:
    """The run; raises Unknown."""
    row = session.get(Run, run)
    if row is None:
        raise Unknown("run", run)
    return row


def _within(session: Session, run: int, *states: State) -> Run:
    """The run, held until the session's end, in one of `states`."""
    row = session.get(Run, run, with_for_update=True)
    if row is None:
        raise Unknown("run", run)
    if row.state not in states:
        raise Refused("run-state", f"that can't be done with a run that is {row.state}", state=row.state)
    return row


# --------------------------------------------------------------------------------------------------------------- making


def make(
    session: Session,
    *,
    day: date,
    name: str,
    stops: Sequence[tuple[str, int | None]],
    transfers: Sequence[Wanted],
    tote: int = 30,
    plan: int | None = None,
    tour: int | None = None,
    courier: str = "",
) -> int:
    """A run to be picked; its number.

    `stops`: sites in their order, each with the minutes after leaving the library, or None. A plan whose run is still
    being picked keeps that run: what is picked stays picked, and is dropped where the plan no longer wants it. Raises
    Refused (an item twice, or in another open run; a place that isn't a stop), Unknown.
    """
    places = [site for site, _ in stops]
    known = set(session.exec(select(Site.site).where(col(Site.site).in_(places))))
    for site in places:
        if site not in known:
            raise Unknown("site", site)
    if len(known) < len(places):
        raise Refused("stop-twice", "a run calls at a site once")
    row = _picking_of(session, plan) or Run(plan=plan, tour=tour, day=day, name=name, courier=courier)
    row.day, row.name, row.tour, row.tote = day, name, tour, max(tote, 1)
    session.add(row)
    session.flush()
    assert row.id is not None
    _check(session, row.id, transfers, known)
    _replace_stops(session, row.id, stops)
    _replace_transfers(session, row.id, transfers)
    session.flush()
    return row.id


def _picking_of(session: Session, plan: int | None) -> Run | None:
    if plan is None:
        return None
    return session.exec(select(Run).where(Run.plan == plan, Run.state == State.PICKING).with_for_update()).first()


def _check(session: Session, run: int, transfers: Sequence[Wanted], stops: set[str]) -> None:
    items = [one.item for one in transfers]
    if len(set(items)) < len(items):
        raise Refused("item-twice", "a run moves an item once")
    for one in transfers:
        for place in (one.origin, one.target):
            if place is not None and place not in stops:
                raise Refused("not-a-stop", f"the run doesn't call at {place}", place=place)
        if one.origin == one.target:
            raise Refused("nowhere", f"{one.item} would stay where it is")
    busy = (
        select(Transfer.item, Run.name)
        .join(Run, col(Run.id) == Transfer.run)
        .where(
            col(Run.state).in_(OPEN_RUNS), Run.id != run, col(Transfer.dropped).is_(None), col(Transfer.item).in_(items)
        )
    )
    taken = session.exec(busy).first()
    if taken is not None:
        raise Refused("busy", f"{taken[0]} is part of the run {taken[1]}", item=taken[0], run=taken[1])


def _replace_stops(session: Session, run: int, stops: Sequence[tuple[str, int | None]]) -> None:
    known = {stop.site: stop for stop in stops_of(session, run)}
    for number, (site, minutes) in enumerate(stops, 1):
        stop = known.pop(site, None) or Stop(run=run, site=site, number=number)
        stop.number, stop.minutes = number, minutes
        session.add(stop)
    for stop in known.values():
        session.delete(stop)


def _replace_transfers(session: Session, run: int, wanted: Sequence[Wanted]) -> None:
    known = {transfer.item: transfer for transfer in transfers_of(session, run)}
    taken = picked(session, run)
    for one in wanted:
        row = known.pop(one.item, None) or Transfer(run=run, item=one.item, title_id=one.title_id)
        row.title_id, row.origin, row.target, row.whys = one.title_id, one.origin, one.target, list(one.whys)
        if row.dropped == Dropped.REPLANNED:
            row.dropped = None
        session.add(row)
    for item, row in known.items():
        if item in taken:
            row.dropped = Dropped.REPLANNED
        else:
            session.delete(row)


def stops_of(session: Session, run: int) -> list[Stop]:
    """Stops in their order."""
    return list(session.exec(select(Stop).where(Stop.run == run).order_by(col(Stop.number))))


def transfers_of(session: Session, run: int) -> list[Transfer]:
    """Every transfer, those dropped too."""
    return list(session.exec(select(Transfer).where(Transfer.run == run).order_by(col(Transfer.id))))


def picked(session: Session, run: int) -> dict[str, Scan]:
    """Items whose newest scan is out with this run -> that scan."""
    items = select(Scan.item).where(Scan.run == run)
    newest: dict[str, Scan] = {}
    query = select(Scan).where(col(Scan.item).in_(items), col(Scan.undone).is_(False))
    for row in session.exec(query.order_by(col(Scan.at), col(Scan.id))):
        newest[row.item] = row
    return {item: row for item, row in newest.items() if row.out and row.run == run}


# -------------------------------------------------------------------------------------------------------------- picking


class Happened(StrEnum):
    """What came of a scan while a run is picked."""

    TAKEN = "taken"
    AGAIN = "again"
    """It was taken before."""
    OTHER_COPY = "other-copy"
    """Not this one: `other` is the copy of the title that is wanted."""
    AT_SITE = "at-site"
    """The run takes it from a site (`place`), not from here."""
    OTHER_RUN = "other-run"
    """It belongs to the run `other`."""
    NOT_WANTED = "not-wanted"
    """No run wants it: back to its shelf."""
    UNKNOWN = "unknown"
    """No item has that barcode."""


@dataclass(frozen=True, slots=True)
class Picked:
    """What came of one scan."""

    happened: Happened
    code: str
    item: str | None = None
    title: str = ""
    scan: int | None = None
    """To be undone with."""
    transfer: int | None = None
    place: str | None = None
    """TAKEN, AGAIN: the site it goes to (None: back to the library); AT_SITE: where it is taken."""
    other: str = ""
    notices: tuple[Notice, ...] = field(default=(), compare=False)


def pick(session: Session, settings: Settings, run: int, code: str, *, by: str, now: datetime) -> Picked:
    """A barcode was scanned at the library for a run; one that isn't to be taken changes nothing. Raises Refused."""
    _within(session, run, State.PICKING)
    came = look(session, run, code)
    if came.happened is not Happened.TAKEN or came.item is None:
        return came
    told = scans.scan(session, settings, came.item, out=True, run=run, by=by, now=now)
    row = session.get_one(Transfer, came.transfer)
    if row.dropped is not None:
        row.dropped = None
        review.review(session, run, settings.zone, now)
    return replace(came, scan=told.scan, notices=told.notices)


def look(session: Session, run: int, code: str) -> Picked:
    """What would come of scanning `code` for a run now; changes nothing."""
    code = code.strip()
    try:
        item = scans.find(session, code)
    except Unknown:
        return Picked(Happened.UNKNOWN, code)
    known = session.get(Item, item)
    work = session.get(Title, known.title_id) if known else None
    title = work.title if work else ""
    transfer = session.exec(select(Transfer).where(Transfer.run == run, Transfer.item == item)).first()
    lost = transfer is not None and transfer.dropped == Dropped.NOT_FOUND
    if transfer is None or (transfer.dropped is not None and not lost):
        return _unwanted(session, run, code, item, title, known)
    if transfer.origin is not None:
        return Picked(Happened.AT_SITE, code, item, title, transfer=transfer.id, place=transfer.origin)
    before = picked(session, run).get(item)
    if before is not None:
        return Picked(Happened.AGAIN, code, item, title, before.id, transfer.id, transfer.target)
    return Picked(Happened.TAKEN, code, item, title, transfer=transfer.id, place=transfer.target)


def _unwanted(session: Session, run: int, code: str, item: str, title: str, known: Item | None) -> Picked:
    other_run = session.exec(
        select(Run.name)
        .join(Transfer, col(Transfer.run) == Run.id)
        .where(col(Run.state).in_(OPEN_RUNS), Run.id != run, Transfer.item == item, col(Transfer.dropped).is_(None))
    ).first()
    if other_run is not None:
        return Picked(Happened.OTHER_RUN, code, item, title, other=other_run)
    taken = picked(session, run)
    for transfer in transfers_of(session, run):
        same = known is not None and transfer.title_id == known.title_id
        if same and transfer.origin is None and transfer.dropped is None and transfer.item not in taken:
            wanted = session.get(Item, transfer.item)
            return Picked(
                Happened.OTHER_COPY, code, item, title, transfer=transfer.id, place=transfer.target,
                other=(wanted.barcode if wanted else None) or transfer.item,
            )  # fmt: skip
    return Picked(Happened.NOT_WANTED, code, item, title)


def unpick(session: Session, settings: Settings, run: int, scan: int, now: datetime) -> scans.Told:
    """Takes a scan of this run back. Raises Refused, Unknown."""
    _within(session, run, State.PICKING)
    row = session.get(Scan, scan)
    if row is None or row.run != run:
        raise Unknown("scan", scan)
    return scans.undo(session, settings, scan, now)


def drop(session: Session, transfer: int, why: Dropped, zone: ZoneInfo, now: datetime) -> Transfer:
    """A transfer isn't done: not found, or left out by hand. Raises Refused, Unknown."""
    row = _transfer(session, transfer)
    _within(session, row.run, State.PICKING, State.UNDERWAY)
    if row.item in picked(session, row.run):
        raise Refused("picked", f"{row.item} is picked; take that back first", item=row.item)
    row.dropped = why
    review.review(session, row.run, zone, now)
    return row


def restore(session: Session, transfer: int, zone: ZoneInfo, now: datetime) -> Transfer:
    """A transfer is done after all. Raises Refused, Unknown."""
    row = _transfer(session, transfer)
    _within(session, row.run, State.PICKING, State.UNDERWAY)
    _check(session, row.run, [_wanted(row)], {stop.site for stop in stops_of(session, row.run)})
    row.dropped = None
    review.review(session, row.run, zone, now)
    return row


def _transfer(session: Session, transfer: int) -> Transfer:
    row = session.get(Transfer, transfer)
    if row is None:
        raise Unknown("transfer", transfer)
    return row


def _wanted(row: Transfer) -> Wanted:
    return Wanted(row.item, row.title_id, row.origin, row.target)


# ------------------------------------------------------------------------------------------------------------- the trip


def leave(session: Session, run: int, *, now: datetime, without: bool = True) -> Run:
    """The run leaves the library. `without`: what isn't picked is dropped, else it stays wanted. Raises Refused."""
    row = _within(session, run, State.PICKING)
    taken = picked(session, run)
    for transfer in transfers_of(session, run):
        if without and transfer.origin is None and transfer.dropped is None and transfer.item not in taken:
            transfer.dropped = Dropped.LEFT
    row.state, row.left_at = State.UNDERWAY, now
    return row


def unleave(session: Session, run: int) -> Run:
    """It hasn't left after all; what was left behind can be picked again. Raises Refused."""
    row = _within(session, run, State.UNDERWAY)
    for transfer in transfers_of(session, run):
        if transfer.dropped == Dropped.LEFT:
            transfer.dropped = None
    row.state, row.left_at = State.PICKING, None
    return row


def skip(session: Session, run: int, site: str, why: str) -> Stop:
    """The courier doesn't call there after all: what was for it comes home. Raises Refused, Unknown."""
    stop = _stop(session, run, site)
    why = " ".join(why.split())
    if not 1 <= len(why) <= LONGEST_WHY:
        raise Refused("why", f"say why, in at most {LONGEST_WHY} characters", n=LONGEST_WHY)
    stop.skipped = why
    return stop


def unskip(session: Session, run: int, site: str) -> Stop:
    """The courier calls there all the same. Raises Refused, Unknown."""
    stop = _stop(session, run, site)
    stop.skipped = None
    return stop


def _stop(session: Session, run: int, site: str) -> Stop:
    _within(session, run, State.PICKING, State.UNDERWAY)
    stop = session.get(Stop, (run, site))
    if stop is None:
        raise Unknown("stop", site)
    return stop


def close(session: Session, run: int, zone: ZoneInfo, now: datetime) -> Run:
    """The courier is back: what is amiss becomes tasks. Raises Refused."""
    row = _within(session, run, State.UNDERWAY)
    row.state, row.ended_at = State.CLOSED, now
    review.review(session, run, zone, now)
    return row


def abandon(session: Session, run: int, why: str, zone: ZoneInfo, now: datetime) -> Run:
    """The run is given up: what it has picked is listed until it is scanned in or seen somewhere. Raises Refused."""
    row = _within(session, run, State.PICKING, State.UNDERWAY)
    row.state, row.ended_at, row.note = State.ABANDONED, now, " ".join(why.split())[:LONGEST_WHY]
    review.review(session, run, zone, now)
    return row


def reopen(session: Session, run: int, zone: ZoneInfo, now: datetime) -> Run:
    """It isn't over after all. Raises Refused: it isn't, or another open run has one of its items."""
    row = _within(session, run, State.CLOSED, State.ABANDONED)
    alive = [_wanted(transfer) for transfer in transfers_of(session, run) if transfer.dropped is None]
    _check(session, run, alive, {stop.site for stop in stops_of(session, run)})
    row.state = State.UNDERWAY if row.left_at is not None else State.PICKING
    row.ended_at = None
    review.review(session, run, zone, now)
    return row


def name_courier(session: Session, run: int, courier: str) -> Run:
    """Who drives. Raises Refused, Unknown."""
    row = _within(session, run, State.PICKING, State.UNDERWAY)
    row.courier = " ".join(courier.split())[:LONGEST_WHY]
    return row


# ----------------------------------------------------------------------------------------------------------- homecoming


@dataclass(frozen=True, slots=True)
class Brought:
    """An item that came home."""

    told: scans.Told
    loan: Loan | None
    """That it ended."""
    run: Run | None
    """That it came with, or that it was on its way with."""


def bring_in(session: Session, settings: Settings, code: str, *, by: str, now: datetime) -> Brought:
    """An item is scanned in at the library; tasks that this resolves are done. Raises Unknown."""
    item = scans.find(session, code)
    before = scans.last(session, item)
    told = scans.scan(session, settings, code, out=False, by=by, now=now)
    loan = session.get(Loan, told.ended[0]) if told.ended else None
    run = _came_with(session, item, before) if told.state is HoldingState.TRANSIT else None
    review.about(session, items={item}, zone=settings.zone, now=now)
    faults.review(session, faults.about(session, items={item}), now)
    return Brought(told, loan, run)


def take_back(session: Session, settings: Settings, scan: int, now: datetime) -> scans.Told:
    """A scan at the library was wrong. Raises Unknown, and Refused for one of a run, which its own page takes back."""
    row = session.get(Scan, scan)
    if row is not None and row.run is not None:
        raise Refused("scan-of-run", "take it back at the run it was scanned for", run=row.run)
    told = scans.undo(session, settings, scan, now)
    review.about(session, items={told.item}, zone=settings.zone, now=now)
    faults.review(session, faults.about(session, items={told.item}), now)
    return told


def _came_with(session: Session, item: str, before: Scan | None) -> Run | None:
    if before is not None and before.out and before.run is not None:
        return session.get(Run, before.run)
    query = (
        select(Run)
        .join(Transfer, col(Transfer.run) == Run.id)
        .where(Transfer.item == item, col(Run.left_at).is_not(None))
        .order_by(col(Run.day).desc(), col(Run.id).desc())
    )
    return session.exec(query).first()
