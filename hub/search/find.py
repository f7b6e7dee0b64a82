"""Titles for what somebody types, best first."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, case, false, func, or_, select
from sqlmodel import Session, col

from hub.models import Title, TitleSearch
from hub.search.columns import matches
from hub.search.sounds import unumlauted
from hub.search.tokens import In, squeezed
from hub.search.wanted import NEVER, Wanted, typed, whole
from hub.views.view import Cut, Found

NOBODY: Found[str] = Found((), 0)


def find(session: Session, text: str, cut: Cut, where: Sequence[ColumnElement[bool]] = ()) -> Found[str]:
    """Ids of the titles with every word of `text`, best first; `where`: conditions on Title that hold, too.

    First a title that is called just so (or has this ISBN or id), then those that begin so, in either script, pinyin
    or initials; those with all words in the title; in title and author; and last in subjects, themes and numbers.
    Within each the more popular, then the shorter first.
    """
    wanted = typed(text)
    if wanted is None:
        return NOBODY
    query = (
        select(col(TitleSearch.title_id), func.count().over())
        .join(Title, col(Title.title_id) == TitleSearch.title_id)
        .where(is_found(wanted), *where)
    )
    order = (
        _rank(text),
        func.coalesce(Title.popularity, 0).desc(),
        func.length(TitleSearch.name),
        col(TitleSearch.place),
        col(TitleSearch.title_id),
    )
    rows = session.execute(query.order_by(*order).limit(max(cut.limit, 1)).offset(cut.offset)).all()
    if not rows:
        total = session.scalar(select(func.count()).select_from(query.subquery())) if cut.offset else 0
        return Found((), total or 0)
    return Found(tuple(row[0] for row in rows[: cut.limit]), rows[0][1])


def is_found(wanted: Wanted) -> ColumnElement[bool]:
    """Whether a row of TitleSearch is wanted."""
    return matches(col(TitleSearch.id), col(TitleSearch.tokens), wanted)


def _rank(text: str) -> ColumnElement[Any]:
    """0 for the best."""
    name = squeezed(text)
    letters = unumlauted(name)
    called = [col(TitleSearch.name) == name, col(TitleSearch.spelled) == letters]
    begins = [_begins(TitleSearch.name, name), _begins(TitleSearch.spelled, letters)]
    if len(letters) > 1:
        called.append(col(TitleSearch.initials) == letters)
        begins.append(_begins(TitleSearch.initials, letters))
    return case(
        (or_(*called, is_found(whole(text, In.NUMBER))), 0),
        (or_(*begins), 1),
        (_in(text, In.TITLE), 2),
        (_in(text, In.TITLE, In.AUTHOR), 3),
        else_=4,
    )


def _in(text: str, *fields: In) -> ColumnElement[bool]:
    wanted = typed(text, fields) or NEVER
    return false() if wanted == NEVER else is_found(wanted)


def _begins(column: Any, text: str) -> ColumnElement[bool]:
    return func.substr(column, 1, len(text)) == text
