"""Reservations: who waits for which title at which site since when."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import ConfigDict
from sqlalchemy import Select, select
from sqlmodel import Session, col

from hub.models import Patron, Reservation, Title
from hub.restocking.errors import Unknown
from hub.restocking.reservations import served_at
from hub.views.view import Cut, Found, View, cut_from

_EXAMPLE: dict[str, Any] = {
    "id": 5,
    "patron": "P000017",
    "patron_name": "王小明",
    "title_id": "gb00004",
    "title": "To Kill a Mockingbird",
    "site": "harbour-bank",
    "state": "waiting",
    "made_at": "2026-11-23T02:03:04Z",
    "over_at": None,
}


class Standing(StrEnum):
    """How a reservation stands."""

    WAITING = "waiting"
    SERVED = "served"
    """The patron borrowed a copy of the title since."""
    ENDED = "ended"
    """Given up."""


class ReservationView(View):
    """A patron waits for a title at a site, or did."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: int
    patron: str
    patron_name: str
    title_id: str
    title: str
    site: str
    state: Standing
    made_at: datetime
    over_at: datetime | None
    """When it was served or ended."""


def reservations(
    session: Session,
    cut: Cut,
    *,
    title_id: str | None = None,
    patron: str | None = None,
    site: str | None = None,
    waiting: bool | None = None,
) -> Found[ReservationView]:
    """Reservations, the oldest first; `waiting`: only those that hold, or only those that are over."""
    query = _query()
    for column, value in (
        (col(Reservation.title_id), title_id),
        (col(Reservation.patron), patron),
        (col(Reservation.site), site),
    ):
        if value is not None:
            query = query.where(column == value)
    if waiting is not None:
        holds = col(Reservation.ended_at).is_(None) & served_at().is_(None)
        query = query.where(holds if waiting else ~holds)
    return cut_from(session, query.order_by(col(Reservation.made_at), col(Reservation.id)), cut, _view)


def reservation(session: Session, number: int) -> ReservationView:
    """One of them; raises Unknown."""
    row = session.execute(_query().where(col(Reservation.id) == number)).first()
    if row is None:
        raise Unknown("reservation", number)
    return _view(*row)


def _query() -> Select[Any]:
    return (
        select(Reservation, col(Patron.name), col(Title.title), served_at().label("served"))
        .join(Patron, col(Patron.patron) == Reservation.patron)
        .join(Title, col(Title.title_id) == Reservation.title_id)
    )


def _view(row: Reservation, patron_name: str, title: str, served: datetime | None) -> ReservationView:
    state = Standing.ENDED if row.ended_at else Standing.SERVED if served else Standing.WAITING
    return ReservationView(
        id=row.id or 0,
        patron=row.patron,
        patron_name=patron_name,
        title_id=row.title_id,
        title=title,
        site=row.site,
        state=state,
        made_at=row.made_at,
        over_at=row.ended_at or served,
    )
