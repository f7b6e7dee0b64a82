"""Items that a plan can count on, by title and place; and how much room sites have."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from hub.directory.rows import Condition
from hub.models import ForeignTag, Holding, Item, Plan, Run, Scan, Site, SiteState, Transfer
from hub.projections.states import ForeignState, HoldingState
from protocol.directory import Lending

NOWHERE = ""
"""The place of an item that can't be counted on."""
OPEN_RUNS = ("picking", "underway")
"""States of a run that items are still on their way with."""
LENDABLE = (
    col(Item.withdrawn).is_(False),
    col(Item.lending) == Lending.NORMAL,
    col(Item.condition) != Condition.DAMAGED,
)
"""An item of ours that may be lent, wherever it is: conditions for `where(...)`."""


APART = frozenset({"locker", "drop"})
"""Kinds of station whose items nobody can take off a shelf."""


@dataclass(frozen=True, slots=True)
class Copy:
    """An item that may be lent."""

    item: str
    title: str
    condition: str
    state: HoldingState
    site: str | None
    since: datetime | None
    apart: bool = False
    """In a locker or a returns drop: nobody can take it off a shelf."""


def usable(session: Session, plan: int | None) -> Iterator[Copy]:
    """Every item of ours that may be lent and isn't part of another plan's open run, by number."""
    query = (
        columns(
            col(Item.item), col(Item.title_id), col(Item.condition),
            col(Holding.state), col(Holding.site), col(Holding.since), col(Holding.station),
        )
        .outerjoin(Holding, col(Holding.item) == Item.item)
        .where(
            *LENDABLE,
            col(Item.item).not_in(_busy(plan)),
        )
        .order_by(col(Item.item))
    )  # fmt: skip
    boxes = {key for key, kind in stations(session).items() if kind in APART}
    for item, title, condition, state, site, since, station in session.execute(query):
        now = HoldingState(state) if state else HoldingState.LIBRARY
        yield Copy(item, title, condition, now, site, since, (site, station) in boxes)


def busy(session: Session, plan: int | None) -> list[str]:
    """Items that are part of another plan's open run."""
    return list(session.scalars(_busy(plan)))


def _busy(plan: int | None) -> Any:
    return (
        columns(col(Transfer.item))
        .join(Run, col(Run.id) == Transfer.run)
        .where(
            col(Run.state).in_(OPEN_RUNS), col(Transfer.dropped).is_(None), func.coalesce(Run.plan, -1) != (plan or -2)
        )
    )


def stations(session: Session) -> dict[tuple[str | None, str | None], str]:
    """(site, station) -> its kind, by the sites' newest heartbeats."""
    return {
        (row.site, station["station"]): station["kind"]
        for row in session.exec(select(SiteState))
        for station in (row.status or {}).get("stations", ())
    }


def counted(session: Session, plan: Plan, number: dict[str, int]) -> Counter[tuple[str, str | None]]:
    """(title, site or None for the library) -> copies that can be counted on."""
    found: Counter[tuple[str, str | None]] = Counter()
    taken = {transfer.item for transfer in picked(session, plan)}
    for copy in usable(session, plan.id):
        place = place_of(copy, taken)
        if place is None or place in number:
            found[copy.title, place] += 1
    return found


def place_of(copy: Copy, picked: Collection[str]) -> str | None:
    """The site whose shelf it stands on, None for the library, NOWHERE where it can't be counted on."""
    if copy.state is HoldingState.LIBRARY or copy.item in picked:
        return None
    return copy.site if copy.state is HoldingState.SHELF and not copy.apart else NOWHERE


def copies_at(session: Session, plan: Plan, title: str, place: str | None) -> int:
    """Copies of a title that can be counted on at a site, or (None) at the library."""
    taken = {transfer.item for transfer in picked(session, plan)}
    return sum(copy.title == title and place_of(copy, taken) == place for copy in usable(session, plan.id))


def picked(session: Session, plan: Plan) -> list[Transfer]:
    """What was already taken off the library's shelves for this plan."""
    query = (
        select(Transfer)
        .join(Run, col(Run.id) == Transfer.run)
        .join(Scan, (col(Scan.run) == Run.id) & (col(Scan.item) == Transfer.item))
        .where(
            Run.plan == plan.id,
            Run.state == "picking",
            col(Transfer.dropped).is_(None),
            col(Scan.out).is_(True),
            col(Scan.undone).is_(False),
        )
    )
    return list({transfer.id: transfer for transfer in session.exec(query)}.values())


def room(session: Session, plan: Plan, site: Site) -> int:
    """Places for items that can be counted on: what open runs bring, strangers and doubtful items have theirs."""
    strangers = select(ForeignTag).where(ForeignTag.site == site.site, ForeignTag.state == ForeignState.PRESENT)
    doubtful = select(Holding).where(Holding.site == site.site, Holding.state == HoldingState.UNDECIDED)
    coming = (
        select(Transfer)
        .join(Run, col(Run.id) == Transfer.run)
        .where(
            col(Run.state).in_(OPEN_RUNS),
            col(Transfer.dropped).is_(None),
            Transfer.target == site.site,
            func.coalesce(Run.plan, -1) != plan.id,
        )
    )
    ours = (
        select(Holding)
        .join(Item, col(Item.item) == Holding.item)
        .where(
            Holding.site == site.site,
            Holding.state == HoldingState.SHELF,
            (col(Item.lending) != Lending.NORMAL)
            | (col(Item.condition) == Condition.DAMAGED)
            | col(Item.withdrawn).is_(True),
        )
    )
    taken = sum(len(session.exec(query).all()) for query in (strangers, doubtful, coming, ours))
    return max(site.capacity - site.headroom - taken, 0)
