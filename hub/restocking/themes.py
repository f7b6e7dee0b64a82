"""Themes: which titles they are, what there is of them, and how they are changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import ColumnElement, and_, false, func, literal_column, or_
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from hub.directory.rows import clean
from hub.models import Holding, Item, Theme, ThemeTitle, Title
from hub.projections.states import HoldingState
from hub.restock.query import LONGEST, parse
from hub.restocking.errors import Refused, Unknown
from hub.search.select import chosen

NAME, NOTE = 80, 1000
"""Characters, at most."""
EXAMPLE: dict[str, Any] = {"name": "长夜读史", "query": "theme:history (language:chi OR clc:K*)", "note": "冬季三个月"}


class ThemeDraft(BaseModel):
    """What a librarian says of a theme."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        str_strip_whitespace=True,
        use_attribute_docstrings=True,
        json_schema_extra={"examples": [EXAMPLE]},
    )

    name: Annotated[str, Field(min_length=1, max_length=NAME)]
    """No other theme has it."""
    query: Annotated[str, Field(max_length=LONGEST)] = ""
    """In the language of themes (docs/hub.md); empty: the titles picked by hand only."""
    note: Annotated[str, Field(max_length=NOTE)] = ""

    @field_validator("name", "query", "note")
    @classmethod
    def _clean(cls, value: str) -> str:
        return clean(value)

    @field_validator("query")
    @classmethod
    def _parsed(cls, value: str) -> str:
        if value:
            parse(value)
        return value


@dataclass(frozen=True, slots=True)
class Place:
    """What there is of some titles at one place."""

    site: str | None
    """None: the central library."""
    here: int = 0
    """Copies that stand there."""
    titles: int = 0
    """Titles that those copies are of."""
    loan: int = 0
    """Copies on loan that were borrowed there."""
    elsewhere: int = 0
    """Copies last known there that are missing, undecided or with a courier."""


@dataclass(frozen=True, slots=True)
class Spread:
    """What there is of some titles, and where; withdrawn copies are left out."""

    titles: int
    """Titles, those without a copy included."""
    copies: int
    places: tuple[Place, ...]
    """The library first, then every site that has some, by id."""

    @property
    def here(self) -> int:
        """Copies that stand somewhere."""
        return sum(place.here for place in self.places)

    @property
    def loan(self) -> int:
        """Copies on loan."""
        return sum(place.loan for place in self.places)

    @property
    def elsewhere(self) -> int:
        """Copies that are missing, undecided or with a courier."""
        return sum(place.elsewhere for place in self.places)


# ------------------------------------------------------------------------------------------------------------- changing


def create(session: Session, draft: ThemeDraft, *, by: str, now: datetime) -> Theme:
    """A new theme. Raises Refused: theme-name."""
    row = Theme(name=draft.name, changed_at=now)
    return _written(session, row, draft, by, now)


def change(session: Session, theme: int, draft: ThemeDraft, *, by: str, now: datetime) -> Theme:
    """The theme says what `draft` says. Raises Unknown; Refused: theme-name."""
    return _written(session, get(session, theme), draft, by, now)


def retire(session: Session, theme: int, retired: bool, *, by: str, now: datetime) -> Theme:
    """No longer offered for new campaigns, or offered again. Raises Unknown."""
    row = get(session, theme)
    row.retired = retired
    return _touched(session, row, by, now)


def decide(session: Session, theme: int, title_id: str, chosen: bool | None, *, by: str, now: datetime) -> bool | None:
    """The title is picked, left out (False), or as the query says (None); what was decided before. Raises Unknown."""
    row = get(session, theme)
    if session.get(Title, title_id) is None:
        raise Unknown("title", title_id)
    held = session.get(ThemeTitle, (theme, title_id))
    before = held.chosen if held else None
    if held is not None and chosen is None:
        session.delete(held)
    elif held is not None and chosen is not None:
        held.chosen = chosen
    elif chosen is not None:
        session.add(ThemeTitle(theme=theme, title_id=title_id, chosen=chosen))
    _touched(session, row, by, now)
    return before


# -------------------------------------------------------------------------------------------------------------- reading


def get(session: Session, theme: int) -> Theme:
    """The theme; raises Unknown."""
    row = session.get(Theme, theme)
    if row is None:
        raise Unknown("theme", theme)
    return row


def titles_of(session: Session, theme: int) -> list[str]:
    """What the query finds and what was picked, less what was left out by hand; in order. Raises Unknown."""
    wanted = members(theme, get(session, theme).query)
    return list(session.exec(select(Title.title_id).where(wanted).order_by(Title.title_id)))


def members(theme: int | None, query: str) -> ColumnElement[bool]:
    """The same as a condition on Title; of `query`, whatever the theme's own is. None: nothing is decided by hand.

    Raises hub.restock.query.QueryWrong.
    """
    found = chosen(parse(query)) if query.strip() else false()
    if theme is None:
        return found
    by_hand = select(ThemeTitle.title_id).where(ThemeTitle.theme == theme)
    picked = col(Title.title_id).in_(by_hand.where(col(ThemeTitle.chosen).is_(True)))
    left_out = by_hand.where(col(ThemeTitle.chosen).is_(False))
    return and_(or_(found, picked), col(Title.title_id).not_in(left_out))


def spread(session: Session, titles: ColumnElement[bool]) -> Spread:
    """What there is of the titles that a condition on Title finds."""
    found = columns(col(Title.title_id)).where(titles).subquery()
    state_of = func.coalesce(col(Holding.state), literal_column(f"'{HoldingState.LIBRARY}'"))
    query = (
        columns(state_of, col(Holding.site), func.count(), func.count(col(Item.title_id).distinct()))
        .select_from(Item)
        .join(found, found.c.title_id == col(Item.title_id))
        .outerjoin(Holding, col(Holding.item) == col(Item.item))
        .where(col(Item.withdrawn).is_(False))
        .group_by(state_of, col(Holding.site))
    )
    counted: dict[str | None, dict[str, int]] = {None: {}}
    for state, site, copies, titles_here in session.execute(query):
        known = HoldingState(state)
        if known is HoldingState.WITHDRAWN:
            continue
        stands = known in (HoldingState.LIBRARY, HoldingState.SHELF)
        what = "here" if stands else "loan" if known is HoldingState.LOAN else "elsewhere"
        place = counted.setdefault(None if known is HoldingState.LIBRARY else site, {})
        place[what] = place.get(what, 0) + copies
        if stands:
            place["titles"] = titles_here
    places = tuple(
        Place(site, **counted[site]) for site in sorted(counted, key=lambda site: (site is not None, site or ""))
    )
    copies = sum(place.here + place.loan + place.elsewhere for place in places)
    many = session.scalar(columns(func.count()).select_from(found)) or 0
    return Spread(many, copies, places)


def _written(session: Session, row: Theme, draft: ThemeDraft, by: str, now: datetime) -> Theme:
    same = select(Theme).where(Theme.name == draft.name, col(Theme.id) != (row.id or 0))
    if session.exec(same).first() is not None:
        raise Refused("theme-name", f"there is a theme called {draft.name} already", field="name", name=draft.name)
    row.name, row.query, row.note = draft.name, draft.query, draft.note
    return _touched(session, row, by, now)


def _touched(session: Session, row: Theme, by: str, now: datetime) -> Theme:
    row.changed_at, row.changed_by = now, by
    session.add(row)
    session.flush()
    return row
