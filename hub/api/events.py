"""Events: the ledger's rows, each with the site's own words."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime
from starlette.requests import Request

from hub.api.errors import not_found
from hub.api.paging import Page, Reading, Wanted, page
from hub.views import events
from hub.views.events import EventView

router = APIRouter(prefix="/events", tags=["events"])

Name = Annotated[str | None, Query(max_length=64)]


class Order(StrEnum):
    """Which end of the ledger comes first."""

    NEWEST = "newest"
    OLDEST = "oldest"


@router.get("", summary="Rows of the ledger")
def list_events(
    request: Request,
    session: Reading,
    wanted: Wanted,
    site: Name = None,
    item: Name = None,
    visit: Name = None,
    type: Annotated[str | None, Query(max_length=64, description="What happened", examples=["borrowed"])] = None,
    understood: Annotated[bool | None, Query(description="false: only rows this version can't understand")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Received at this moment or later, with zone")] = None,
    upto: Annotated[int | None, Query(ge=0, description="Rows with a higher number are left out")] = None,
    order: Order = Order.NEWEST,
) -> Page[EventView]:
    """Rows of the ledger, newest first. `next` carries `upto`, so that rows arriving meanwhile shift no page."""
    last = events.newest(session) if upto is None else upto
    found = events.events(
        session,
        wanted,
        site=site,
        item=item,
        visit=visit,
        type=type,
        understood=understood,
        since=since,
        upto=last,
        newest_first=order is Order.NEWEST,
    )
    return page(request, wanted, found, {"upto": last})


@router.get("/{number}", summary="One row of the ledger")
def one_event(session: Reading, number: Annotated[int, Path(ge=1, le=2**62, examples=[4711])]) -> EventView:
    """One row by its number."""
    found = events.event(session, number)
    if found is None:
        raise not_found("ledger row", number)
    return found
