"""Reservations: patrons who wait for a title at a site."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from hub.api.paging import Page, Reading, Wanted, page
from hub.api.writing import Hub, Number
from hub.restocking import reservations as keeping
from hub.views import reservations
from hub.views.reservations import ReservationView

router = APIRouter(prefix="/reservations", tags=["reservations"])

Key = Annotated[str, Field(min_length=1, max_length=64)]
Name = Annotated[str | None, Query(max_length=64)]


class Wish(BaseModel):
    """Who waits for what, and where."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={"examples": [{"patron": "P000017", "title_id": "gb00004", "site": "harbour-bank"}]},
    )

    patron: Key
    title_id: Key
    site: Key
    keep_days: Annotated[int, Field(ge=1, le=365)] = keeping.KEEP_DAYS
    """How long a copy is kept once it lies in a locker for the patron."""


@router.get("", summary="Reservations, the oldest first")
def list_reservations(
    request: Request,
    session: Reading,
    wanted: Wanted,
    title_id: Name = None,
    patron: Name = None,
    site: Name = None,
    waiting: Annotated[bool | None, Query(description="Only those that hold, or only those that are over")] = None,
) -> Page[ReservationView]:
    """A reservation is served when its patron borrows a copy of the title, wherever.

    It lapses when a copy has lain in a locker for its patron for `keep_days`; POST /reservations/{reservation}/resume
    keeps it for longer.
    """
    found = reservations.reservations(session, wanted, title_id=title_id, patron=patron, site=site, waiting=waiting)
    return page(request, wanted, found)


@router.post("", summary="A patron waits for a title at a site", status_code=201)
def reserve(hub: Hub, wish: Wish) -> ReservationView:
    """The next plans bring a copy there. A second reservation of a title by the same patron is a 409.

    With `code` the patron opens the locker there without a card.
    """
    with hub.database.write() as session:
        made = keeping.reserve(
            session,
            patron=wish.patron,
            title=wish.title_id,
            site=wish.site,
            now=hub.clock.utc(),
            keep_days=wish.keep_days,
        )
        return reservations.reservation(session, made)


@router.delete("/{reservation}", summary="A patron no longer waits")
def end(hub: Hub, reservation: Number) -> ReservationView:
    """It stays in the list as ended; POST /reservations/{reservation}/resume takes that back."""
    with hub.database.write() as session:
        keeping.end(session, reservation, now=hub.clock.utc())
        return reservations.reservation(session, reservation)


@router.post("/{reservation}/resume", summary="The patron waits after all")
def resume(hub: Hub, reservation: Number) -> ReservationView:
    """Since when it was made first. No body is needed."""
    with hub.database.write() as session:
        keeping.resume(session, reservation, now=hub.clock.utc())
        return reservations.reservation(session, reservation)
