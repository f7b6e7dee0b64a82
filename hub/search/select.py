"""A theme's query as a condition on titles, the same on SQLite and PostgreSQL."""

from collections.abc import Callable

from sqlalchemy import ColumnElement, and_, not_, or_, select
from sqlmodel import col

from hub.models import Title, TitleSearch
from hub.restock.query import And, Field, Not, Or, Query, Words, Years
from hub.search.columns import matches
from hub.search.tokens import In
from hub.search.wanted import Wanted, all_of, any_of, phrase, whole

_PHRASES = {
    Field.TITLE: (In.TITLE,),
    Field.AUTHOR: (In.AUTHOR,),
    Field.SUBJECT: (In.SUBJECT,),
    None: (In.TITLE, In.AUTHOR, In.SUBJECT, In.THEME),
}
_WHOLES = {
    Field.THEME: (In.THEME,),
    Field.REGION: (In.REGION,),
    Field.CLC: (In.CLC,),
    Field.DEWEY: (In.DEWEY,),
    Field.CLASS: (In.CLC, In.DEWEY),
    Field.ISBN: (In.NUMBER,),
}


def chosen(query: Query) -> ColumnElement[bool]:
    """Which titles `query` finds, as a condition for `select(Title).where(...)`.

    Words stand beside each other in one field, in either script; themes, regions, class numbers and ISBNs are compared
    whole, without blanks and signs; language and audience are codes in small letters.
    """
    wanted = _wanted(query)
    if wanted is not None:
        return _found(wanted)
    match query:
        case And(parts):
            return and_(*_parts(parts, all_of))
        case Or(parts):
            return or_(*_parts(parts, any_of))
        case Not(part):
            return not_(chosen(part))
        case Years(first, last):
            return _years(first, last)
        case Words(text, Field.LANGUAGE, _):
            return col(Title.language) == text.lower()
        case Words(text, _, _):
            return col(Title.audience) == text.lower()


def _wanted(query: Query) -> Wanted | None:
    """What to ask the index; None when that isn't enough to answer `query`."""
    match query:
        case Words(text, field, begins) if field in _PHRASES:
            return any_of(phrase(text, where, begins) for where in _PHRASES[field])
        case Words(text, field, begins) if field in _WHOLES:
            return any_of(whole(text, where, begins) for where in _WHOLES[field])
        case And(parts) | Or(parts):
            each = [_wanted(part) for part in parts]
            known = [one for one in each if one is not None]
            if len(known) < len(each):
                return None
            return all_of(known) if isinstance(query, And) else any_of(known)
    return None


def _parts(parts: tuple[Query, ...], joined: Callable[[list[Wanted]], Wanted]) -> list[ColumnElement[bool]]:
    """A condition for each part; those that the index can answer share one."""
    asked = [wanted for part in parts if (wanted := _wanted(part)) is not None]
    rest = [chosen(part) for part in parts if _wanted(part) is None]
    return ([_found(joined(asked))] if asked else []) + rest


def _found(wanted: Wanted) -> ColumnElement[bool]:
    found = select(col(TitleSearch.title_id)).where(matches(col(TitleSearch.id), col(TitleSearch.tokens), wanted))
    return col(Title.title_id).in_(found)


def _years(first: int | None, last: int | None) -> ColumnElement[bool]:
    known = col(Title.year).is_not(None)  # so that NOT finds titles without a year, as people mean it
    after = [] if first is None else [col(Title.year) >= first]
    before = [] if last is None else [col(Title.year) <= last]
    return and_(known, *after, *before)
