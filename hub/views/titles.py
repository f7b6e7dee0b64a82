"""Titles, and the search that finds titles and items while somebody types."""

from typing import Any

from pydantic import ConfigDict
from sqlalchemy import Select, func, or_, select
from sqlmodel import Session, col

from hub.directory.rows import Audience
from hub.models import Holding, Item, Title
from hub.projections.states import HoldingState
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
    session: Session, cut: Cut, *, q: str | None = None, language: str | None = None, theme: str | None = None
) -> Found[TitleView]:
    """Titles by name. `q`: every word of it stands in the title, among the authors, or begins the ISBN."""
    query = _query()
    for word in (q or "").split()[:8]:
        query = query.where(
            or_(
                col(Title.title).icontains(word, autoescape=True),
                col(Title.author).icontains(word, autoescape=True),
                col(Title.isbn).startswith(word, autoescape=True),
                col(Title.title_id) == word,
            )
        )
    if language is not None:
        query = query.where(col(Title.language) == language)
    if theme is not None:
        listed = "|" + col(Title.themes) + "|"
        query = query.where(listed.contains(f"|{theme}|", autoescape=True))
    return cut_from(session, query.order_by(col(Title.title), col(Title.title_id)), cut, _view)


def title(session: Session, title_id: str) -> TitleView | None:
    """One title."""
    row = session.execute(_query().where(col(Title.title_id) == title_id)).first()
    return _view(*row) if row else None


def _query() -> Select[Any]:
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
    return select(Title, copies, on_shelf)


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
