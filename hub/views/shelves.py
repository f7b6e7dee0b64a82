"""A site's shelves as a map: what stands there and how it does, what goes, what sits, what couriers brought."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlmodel import Session, col
from sqlmodel import select as pairs

from hub.models import Holding, Item, Title
from hub.projections.order import ZERO
from hub.projections.states import HoldingState
from hub.restock import shelves as thinking
from hub.restock.shelves import Pace
from hub.restocking.evidence import seen_at, steps
from hub.views.view import View

SHOWN = 12
"""Titles that go, and that sit, in a list."""
DELIVERIES = 10
UNCLASSED = ""
HEARD = timedelta(days=200)
"""How far back is read: a site's whole history would be too long to wait for."""


class CellView(View):
    """One copy on a shelf."""

    item: str
    title_id: str | None
    """Null when the catalogue doesn't know the item."""
    title: str
    days: int
    """That it has stood there."""
    times: int
    """That its title was taken here in the last days."""
    pace: Pace


class GroupView(View):
    """Copies that belong together."""

    name: str
    """Their strongest theme, else the first letter or digit of their class number; empty without either."""
    cells: list[CellView]
    """What goes first, what sits too long last."""


class GoerView(View):
    """A title that was taken lately."""

    title_id: str
    title: str
    times: int
    there: int
    """Copies that stand here now."""


class SitterView(View):
    """A title that stands here and wasn't taken lately."""

    title_id: str
    title: str
    there: int
    days: int
    """Since it was last taken here, or came."""


class DeliveryView(View):
    """What couriers did on one day, in the library's zone."""

    day: date
    loaded: int
    unloaded: int


class ShelvesView(View):
    """What stands at a site, what goes, what sits, what was brought."""

    days: int
    """That are looked back."""
    groups: list[GroupView]
    """The largest first."""
    counts: dict[Pace, int]
    """How many copies do so."""
    goers: list[GoerView]
    sitters: list[SitterView]
    deliveries: list[DeliveryView]
    """The newest first."""


def shelves(session: Session, site: str, now: datetime, zone: ZoneInfo) -> ShelvesView:
    """The map of one site."""
    here = select(col(Holding.item), col(Holding.since)).where(
        col(Holding.site) == site, col(Holding.state) == HoldingState.SHELF
    )
    standing = {item: _seconds(since or now) for item, since in session.execute(here)}
    walked = list(steps(session, seen_at(site), now - HEARD))
    known = pairs(Item.item, Title).join(Title, col(Title.title_id) == Item.title_id)
    known = known.where(or_(col(Item.item).in_(seen_at(site)), col(Item.item).in_(list(standing))))
    works = dict(session.exec(known).all())
    titles = {item: work.title_id for item, work in works.items()}
    named = {work.title_id: work for work in works.values()}
    found = thinking.shelves(walked, site, standing, titles, _seconds(now))
    groups: dict[str, list[CellView]] = {}
    for copy in found.copies:
        work = named.get(copy.title or "")
        groups.setdefault(_group(work), []).append(
            CellView(
                item=copy.item,
                title_id=copy.title,
                title=work.title if work else copy.item,
                days=copy.days,
                times=copy.times,
                pace=copy.pace,
            )
        )
    order = list(Pace)
    delivered = thinking.deliveries(walked, site, lambda at: (ZERO + timedelta(seconds=at)).astimezone(zone).date())
    return ShelvesView(
        days=thinking.LATELY,
        groups=[
            GroupView(name=name, cells=sorted(cells, key=lambda one: (order.index(one.pace), -one.times, one.days)))
            for name, cells in sorted(groups.items(), key=lambda pair: (pair[0] == UNCLASSED, -len(pair[1]), pair[0]))
        ],
        counts={pace: sum(copy.pace is pace for copy in found.copies) for pace in Pace},
        goers=[
            GoerView(title_id=one.title, title=named[one.title].title, times=one.times, there=one.there)
            for one in found.goers[:SHOWN]
        ],
        sitters=[
            SitterView(title_id=one.title, title=named[one.title].title, there=one.there, days=one.days)
            for one in found.sitters[:SHOWN]
        ],
        deliveries=[
            DeliveryView(day=one.day, loaded=one.loaded, unloaded=one.unloaded) for one in delivered[:DELIVERIES]
        ],
    )


def _group(work: Title | None) -> str:
    if work is None:
        return UNCLASSED
    return work.themes.split("|", 1)[0] or (work.clc or work.dewey)[:1] or UNCLASSED


def _seconds(moment: datetime) -> float:
    return (moment - ZERO).total_seconds()
