"""Reservations: who waits for which title at which site since when."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import ConfigDict
from sqlalchemy import Select, select
from sqlmodel import Session, col

from hub.models import Patron, Reservation, Title
from hub.restocking.errors import Unknown
from hub.restocking.kept import kept
from hub.restocking.waiting import holds, served_at
from hub.views.view import Cut, Found, View, cut_from

_EXAMPLE: dict[str, Any] = {
    "id": 5,
    "patron": "P000017",
    "patron_name": "王小明",
    "title_id": "gb00004",
    "title": "To Kill a Mockingbird",
    "site": "harbour-bank",
    "state": "ready",
    "code": "40718236",
    "keep_days": 7,
    "kept": {
        "item": "M0001234",
        "station": "locker-1",
        "shelf": "07",
        "since": "2026-11-24T02:03:04Z",
        "until": "2026-12-01T02:03:04Z",
    },
    "made_at": "2026-11-23T02:03:04Z",
    "over_at": None,
}


class Standing(StrEnum):
    """How a reservation stands."""

    WAITING = "waiting"
    READY = "ready"
    """It lies in a locker for the patron."""
    SERVED = "served"
    """The patron borrowed a copy of the title since."""
    ENDED = "ended"
    """Given up."""
    UNCOLLECTED = "uncollected"
    """It lay in a locker for the patron, who didn't come in time."""


class KeptView(View):
    """An item in a compartment, for a patron."""

    item: str
    station: str
    shelf: str
    """The compartment."""
    since: datetime
    until: datetime
    """When the reservation lapses."""


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
    code: str
    """What the patron may type at a locker instead of showing a card."""
    keep_days: int
    """How long an item is kept once it lies there."""
    kept: KeptView | None
    """What lies there, also when nobody waits for it any more."""
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
        query = query.where(holds() if waiting else ~holds())
    there = _there(session, site)
    order = (col(Reservation.made_at), col(Reservation.id))
    return cut_from(session, query.order_by(*order), cut, lambda *row: _view(there, *row))


def reservation(session: Session, number: int) -> ReservationView:
    """One of them; raises Unknown."""
    row = session.execute(_query().where(col(Reservation.id) == number)).first()
    if row is None:
        raise Unknown("reservation", number)
    return _view(_there(session), *row)


def _query() -> Select[Any]:
    return (
        select(Reservation, col(Patron.name), col(Title.title), served_at().label("served"))
        .join(Patron, col(Patron.patron) == Reservation.patron)
        .join(Title, col(Title.title_id) == Reservation.title_id)
    )


def _there(session: Session, site: str | None = None) -> dict[int, KeptView]:
    """Reservation -> what lies in a compartment for it."""
    return {
        one.reservation: KeptView(item=one.item, station=one.station, shelf=one.shelf, since=one.since, until=one.until)
        for one in kept(session, site=site)
    }


def _standing(row: Reservation, served: datetime | None, lies: bool) -> Standing:
    if row.ended_at is not None and not row.lapsed:
        return Standing.ENDED
    if served is not None:
        return Standing.SERVED
    if row.lapsed:
        return Standing.UNCOLLECTED
    return Standing.READY if lies else Standing.WAITING


def _view(
    there: dict[int, KeptView], row: Reservation, patron_name: str, title: str, served: datetime | None
) -> ReservationView:
    lying = there.get(row.id or 0)
    state = _standing(row, served, lying is not None)
    return ReservationView(
        id=row.id or 0,
        patron=row.patron,
        patron_name=patron_name,
        title_id=row.title_id,
        title=title,
        site=row.site,
        state=state,
        code=row.code,
        keep_days=row.keep_days,
        kept=lying,
        made_at=row.made_at,
        over_at=served if state is Standing.SERVED else row.ended_at,
    )
