"""Items that lie in a locker for somebody: until when they are kept, and which are to be taken back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import String, cast
from sqlalchemy import select as columns
from sqlmodel import Session, col

from hub.directory import feed
from hub.models import Holding, Item, Reservation, SiteState, Task
from hub.projections.states import HoldingState
from hub.restocking.tasks import EVIDENCE, Kind, Matter
from hub.restocking.waiting import holds


@dataclass(frozen=True, slots=True)
class Kept:
    """An item in a compartment, put there for a reservation."""

    item: str
    title_id: str
    site: str
    station: str
    shelf: str
    """The compartment."""
    reservation: int
    patron: str
    since: datetime
    until: datetime
    """When it has been kept for long enough."""
    wanted: bool
    """The patron still waits; else it is to be taken back."""

    @property
    def key(self) -> str:
        """What the task to take it back is known by."""
        return f"{self.reservation} {self.item}"


def kept(session: Session, *, site: str | None = None, item: str | None = None) -> list[Kept]:
    """What lies in compartments for somebody, at a site or of an item, or everywhere; what came first, first."""
    query = (
        columns(Holding, Reservation, col(Item.title_id), holds())
        .join(Reservation, cast(col(Reservation.id), String) == col(Holding.hold))
        .join(Item, col(Item.item) == col(Holding.item))
        .where(col(Holding.hold).is_not(None), col(Holding.state) == HoldingState.SHELF)
        .order_by(col(Holding.hold_since), col(Holding.item))
    )
    for column, value in ((col(Holding.site), site), (col(Holding.item), item)):
        if value is not None:
            query = query.where(column == value)
    found = []
    for held, reservation, title_id, wanted in session.execute(query):
        since = held.hold_since
        found.append(
            Kept(
                item=held.item,
                title_id=title_id,
                site=held.site,
                station=held.station,
                shelf=held.shelf,
                reservation=reservation.id,
                patron=reservation.patron,
                since=since,
                until=since + timedelta(days=reservation.keep_days),
                wanted=wanted and held.site == reservation.site,
            )
        )
    return found


def lapse(session: Session, now: datetime) -> set[str]:
    """Ends the reservations whose patrons didn't come in time; the sites that are told."""
    over = _lapsing(session, now)
    for one in over:
        row = session.get_one(Reservation, one.reservation)
        row.ended_at, row.lapsed = now, True
    session.flush()
    feed.update(session, feed.Stale(holds={one.reservation for one in over}), (), now)
    return {one.site for one in over}


def due(session: Session, now: datetime) -> set[str]:
    """Sites where something is to lapse, or whose tasks don't say yet what is to be taken back."""
    found = {one.site for one in _lapsing(session, now)}
    there = kept(session)
    query = columns(Task).where(col(Task.kind) == Kind.UNCOLLECTED)
    known = {task.key: task for task in session.scalars(query)} if there else {}
    for one in there:
        task = known.get(_matter(one).key(None))
        is_open = task is not None and task.done_at is None
        by_hand = task is not None and task.done_at is not None and task.done_by != EVIDENCE
        if one.wanted == is_open and not by_hand:
            found.add(one.site)
    return found


def matters(session: Session, site: str) -> list[Matter]:
    """What is to be taken back from a site."""
    return [_matter(one) for one in kept(session, site=site) if not one.wanted]


def to_fetch(session: Session, sites: Collection[str]) -> list[Kept]:
    """What a run that calls at `sites` is to take back."""
    return [one for one in kept(session) if not one.wanted and one.site in sites]


def _matter(one: Kept) -> Matter:
    about = {"station": one.station, "shelf": one.shelf, "reservation": one.reservation}
    return Matter(Kind.UNCOLLECTED, one.item, one.site, about, event=one.key)


def _lapsing(session: Session, now: datetime) -> list[Kept]:
    """What was kept for long enough, as far as its site was heard since: its patron may have come at the last hour."""
    late = [one for one in kept(session) if one.wanted and one.until < now]
    heard = {one.site: session.get(SiteState, one.site) for one in late}
    return [one for one in late if (state := heard[one.site]) and state.heard_at and state.heard_at > one.until]
