"""Titles, and the search that finds titles and items while somebody types."""

from collections.abc import Collection
from typing import Any

from pydantic import ConfigDict
from sqlalchemy import ColumnElement, Select, func, select
from sqlmodel import Session, col

from hub.directory.rows import Audience
from hub.models import Holding, Item, Title, TitleSearch
from hub.projections.states import HoldingState
from hub.search.find import find
from hub.views.view import Cut, Found, View, cut_from

_EXAMPLE: dict[str, Any] = {
    "title_id": "gb00004",
    "title": "To Kill a Mockingbird",
    "author": "Harper Lee",
    "isbn": "9780061120084",
    "language": "eng",
    "year": 1960,
    "themes": ["classics"],
    "region": "north-america",
    "subjects": ["classics", "coming-of-age"],
    "clc": "I712.45",
    "dewey": "813.54",
    "audience": "young",
    "items": 3,
    "on_shelf": 2,
}


class TitleView(View):
    """A work."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    title_id: str
    title: str
    author: str
    isbn: str
    """ISBN-13 or empty."""
    language: str
    """MARC code."""
    year: int | None
    themes: list[str]
    """Strongest first."""
    region: str
    """One of the library's regions, or empty."""
    subjects: list[str]
    clc: str
    """Number in the Chinese Library Classification, or empty."""
    dewey: str
    """Number in the Dewey Decimal Classification, or empty."""
    audience: Audience | None
    """Whom it is for; null where nobody knows."""
    items: int
    """Copies that are ours, withdrawn ones left out."""
    on_shelf: int
    """Copies on a shelf of some site right now."""


def titles(
    session: Session,
    cut: Cut,
    *,
    q: str | None = None,
    language: str | None = None,
    theme: str | None = None,
    among: ColumnElement[bool] | None = None,
) -> Found[TitleView]:
    """Titles by name; with `q`, those that have its words or their beginnings, also in pinyin, the best first.

    `among`: only titles that this condition on Title finds.
    """
    where: list[ColumnElement[bool]] = [] if among is None else [among]
    if language is not None:
        where.append(col(Title.language) == language)
    if theme is not None:
        listed = "|" + col(Title.themes) + "|"
        where.append(listed.contains(f"|{theme}|", autoescape=True))
    if q and q.strip():
        found = find(session, q, cut, where)
        shown = {row.title_id: _view(row, *counts) for row, *counts in session.execute(_query(found.rows))}
        return Found(tuple(shown[key] for key in found.rows), found.total)
    query = _query().outerjoin(TitleSearch, col(TitleSearch.title_id) == Title.title_id).where(*where)
    return cut_from(session, query.order_by(col(TitleSearch.place), col(Title.title_id)), cut, _view)


def title(session: Session, title_id: str) -> TitleView | None:
    """One title."""
    row = session.execute(_query((title_id,))).first()
    return _view(*row) if row else None


def these(session: Session, title_ids: Collection[str]) -> list[TitleView]:
    """Titles by their ids, in no order; unknown ones are left out."""
    return [_view(*row) for row in session.execute(_query(title_ids))]


def _query(title_ids: Collection[str] | None = None) -> Select[Any]:
    """Titles with their counts; all, or these."""
    ours = (col(Item.title_id) == Title.title_id) & col(Item.withdrawn).is_(False)
    copies = select(func.count()).select_from(Item).where(ours).correlate(Title).scalar_subquery()
    on_shelf = (
        select(func.count())
        .select_from(Item)
        .join(Holding, col(Holding.item) == Item.item)
        .where(ours, col(Holding.state) == HoldingState.SHELF)
        .correlate(Title)
        .scalar_subquery()
    )
    query = select(Title, copies, on_shelf)
    return query if title_ids is None else query.where(col(Title.title_id).in_(title_ids))


def _view(row: Title, copies: int, on_shelf: int) -> TitleView:
    return TitleView(
        title_id=row.title_id,
        title=row.title,
        author=row.author,
        isbn=row.isbn,
        language=row.language,
        year=row.year,
        themes=_parts(row.themes),
        region=row.region,
        subjects=_parts(row.subjects),
        clc=row.clc,
        dewey=row.dewey,
        audience=Audience(row.audience) if row.audience else None,
        items=copies,
        on_shelf=on_shelf,
    )


def _parts(listed: str) -> list[str]:
    return [part for part in listed.split("|") if part]
