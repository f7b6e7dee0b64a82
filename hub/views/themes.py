"""Themes, what a query would find, and what there is of it at each place."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from pydantic import ConfigDict
from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session, col

from hub.models import Campaign, Theme, ThemeTitle
from hub.restocking import themes as keeping
from hub.restocking.themes import EXAMPLE, Place, Spread
from hub.views import titles
from hub.views.titles import TitleView
from hub.views.view import Cut, Found, View

_PLACE: dict[str, Any] = {"site": "harbour-bank", "here": 14, "titles": 12, "loan": 3, "elsewhere": 0}
_STOCK: dict[str, Any] = {"titles": 41, "copies": 96, "places": [_PLACE]}
_THEME: dict[str, Any] = EXAMPLE | {
    "id": 3,
    "retired": False,
    "picked": ["gb00004"],
    "left_out": [],
    "campaigns": 2,
    "changed_at": "2026-11-23T02:03:05Z",
    "changed_by": "lin",
}


class PlaceStock(View):
    """What there is of a theme at one place."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PLACE]})

    site: str | None
    """Null: the central library."""
    here: int
    """Copies that stand there."""
    titles: int
    """Titles that those copies are of."""
    loan: int
    """Copies on loan that were borrowed there."""
    elsewhere: int
    """Copies last known there that are missing, undecided or with a courier."""


class StockView(View):
    """What there is of a theme, place by place; withdrawn copies are left out."""

    model_config = ConfigDict(json_schema_extra={"examples": [_STOCK]})

    titles: int
    """Titles, those without a copy included."""
    copies: int
    places: list[PlaceStock]
    """The library first, then every site that has some, by id."""

    @property
    def most(self) -> int:
        """Copies at the place that has most."""
        return max((place.here + place.loan + place.elsewhere for place in self.places), default=0)


class ThemeView(View):
    """What campaigns show: a saved query, with titles picked and left out by hand."""

    model_config = ConfigDict(json_schema_extra={"examples": [_THEME]})

    id: int
    name: str
    query: str
    """In the language of themes; empty: the titles picked by hand only."""
    note: str
    retired: bool
    """No longer offered for new campaigns."""
    picked: list[str]
    """Ids of titles that belong to it whatever the query finds."""
    left_out: list[str]
    """Ids of titles that don't, whatever it finds."""
    campaigns: int
    """Campaigns that show it or showed it."""
    changed_at: datetime
    changed_by: str
    """Name of the member of staff."""


class PreviewView(View):
    """What a query finds."""

    titles: list[TitleView]
    """The first of them, by name."""
    stock: StockView


def themes(session: Session, cut: Cut, *, retired: bool | None = None) -> Found[ThemeView]:
    """Themes by name; all, or only those that are `retired` or aren't."""
    where = [] if retired is None else [col(Theme.retired).is_(retired)]
    query = select(Theme).where(*where).order_by(col(Theme.retired), col(Theme.name), col(Theme.id))
    total = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    rows = list(session.scalars(query.limit(cut.limit).offset(cut.offset)))
    return Found(tuple(_views(session, rows)), total)


def theme(session: Session, number: int) -> ThemeView:
    """One theme; raises Unknown."""
    (found,) = _views(session, [keeping.get(session, number)])
    return found


def titles_of(session: Session, number: int, cut: Cut) -> Found[TitleView]:
    """Its titles, by name; raises Unknown."""
    return titles.titles(session, cut, among=keeping.members(number, keeping.get(session, number).query))


def stock(session: Session, number: int) -> StockView:
    """What there is of it; raises Unknown."""
    return _stock(session, keeping.members(number, keeping.get(session, number).query))


def preview(session: Session, query: str, cut: Cut, number: int | None = None) -> PreviewView:
    """What `query` finds; with what was decided by hand for the theme `number`.

    Raises hub.restock.query.QueryWrong, Unknown.
    """
    if number is not None:
        keeping.get(session, number)
    wanted = keeping.members(number, query)
    found = titles.titles(session, cut, among=wanted)
    return PreviewView(titles=list(found.rows), stock=_stock(session, wanted))


def _stock(session: Session, wanted: ColumnElement[bool]) -> StockView:
    found: Spread = keeping.spread(session, wanted)
    return StockView(titles=found.titles, copies=found.copies, places=[_place(place) for place in found.places])


def _place(place: Place) -> PlaceStock:
    return PlaceStock(site=place.site, here=place.here, titles=place.titles, loan=place.loan, elsewhere=place.elsewhere)


def _views(session: Session, rows: list[Theme]) -> list[ThemeView]:
    ids = [row.id for row in rows]
    by_hand: dict[tuple[int, bool], list[str]] = defaultdict(list)
    decided = select(ThemeTitle).where(col(ThemeTitle.theme).in_(ids)).order_by(col(ThemeTitle.title_id))
    for one in session.scalars(decided):
        by_hand[one.theme, one.chosen].append(one.title_id)
    shown = select(col(Campaign.theme), func.count()).where(col(Campaign.theme).in_(ids)).group_by(col(Campaign.theme))
    campaigns = {number: count for number, count in session.execute(shown)}  # noqa: C416 (rows are no pairs to mypy)
    return [
        ThemeView(
            id=row.id,
            name=row.name,
            query=row.query,
            note=row.note,
            retired=row.retired,
            picked=by_hand[row.id, True],
            left_out=by_hand[row.id, False],
            campaigns=campaigns.get(row.id, 0),
            changed_at=row.changed_at,
            changed_by=row.changed_by,
        )
        for row in rows
        if row.id is not None
    ]
