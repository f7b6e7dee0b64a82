"""Patrons: who they are to the library, their cards by label, and how many items they have out."""

from datetime import date
from typing import Any

from pydantic import ConfigDict
from sqlalchemy import Select, func, or_, select
from sqlmodel import Session, col

from hub.models import Card, Loan, Patron
from hub.projections.states import LoanState
from hub.views.view import Cut, Found, View, cut_from

_EXAMPLE: dict[str, Any] = {
    "patron": "P000017",
    "name": "王小明",
    "group": "adult",
    "until": "2027-12-31",
    "block": None,
    "open_loans": 2,
    "cards": [{"label": "读者证 0017", "klass": "patron", "until": None, "block": None}],
}


class CardView(View):
    """One card; its number is kept nowhere."""

    label: str
    """What is printed on it."""
    klass: str
    """patron, courier or service."""
    until: date | None
    """Last day it is valid."""
    block: str | None
    """blocked or lost."""


class PatronView(View):
    """A person entitled to borrow."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    patron: str
    name: str
    group: str
    until: date | None
    """Last day of membership."""
    block: str | None
    """blocked or lost."""
    open_loans: int
    cards: list[CardView]


def patrons(session: Session, cut: Cut, *, q: str | None = None, group: str | None = None) -> Found[PatronView]:
    """Patrons by number. `q`: beginning of the number, or part of the name."""
    query = _query()
    if q:
        query = query.where(
            or_(col(Patron.patron).istartswith(q, autoescape=True), col(Patron.name).icontains(q, autoescape=True))
        )
    if group is not None:
        query = query.where(col(Patron.group) == group)
    found = cut_from(session, query.order_by(col(Patron.patron)), cut, lambda *row: row)
    cards = _cards(session, [row.patron for row, _ in found.rows])
    return Found(tuple(_view(row, out, cards) for row, out in found.rows), found.total)


def patron(session: Session, key: str) -> PatronView | None:
    """One patron."""
    row = session.execute(_query().where(col(Patron.patron) == key)).first()
    return _view(row[0], row[1], _cards(session, [key])) if row else None


def _query() -> Select[Any]:
    out = (
        select(func.count())
        .select_from(Loan)
        .where(col(Loan.patron) == Patron.patron, col(Loan.state) == LoanState.OPEN)
        .correlate(Patron)
        .scalar_subquery()
    )
    return select(Patron, out)


def _cards(session: Session, of: list[str]) -> dict[str, list[CardView]]:
    found: dict[str, list[CardView]] = {}
    for card in session.scalars(select(Card).where(col(Card.patron).in_(of)).order_by(col(Card.id))):
        view = CardView(label=card.label, klass=card.klass, until=card.until, block=card.block)
        found.setdefault(card.patron or "", []).append(view)
    return found


def _view(row: Patron, out: int, cards: dict[str, list[CardView]]) -> PatronView:
    return PatronView(
        patron=row.patron,
        name=row.name,
        group=row.group,
        until=row.until,
        block=row.block,
        open_loans=out,
        cards=cards.get(row.patron, []),
    )
