"""Items: where each copy is, with whom, and everything that ever happened to it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request

from hub.api.errors import not_found
from hub.api.paging import Page, Reading, Wanted, page
from hub.projections.states import HoldingState
from hub.views import events, items
from hub.views.events import HistoryRow
from hub.views.items import ItemView

router = APIRouter(prefix="/items", tags=["items"])

Barcode = Annotated[str, Path(max_length=64, description="The item's barcode", examples=["M0001234"])]
Name = Annotated[str | None, Query(max_length=64)]


@router.get("", summary="Items, by barcode, with where they are")
def list_items(
    request: Request,
    session: Reading,
    wanted: Wanted,
    q: Annotated[str | None, Query(max_length=200, description="Beginning of a barcode, or part of a title")] = None,
    state: Annotated[HoldingState | None, Query(description="Only items that are so")] = None,
    site: Name = None,
    station: Name = None,
    shelf: Name = None,
    title_id: Name = None,
    patron: Annotated[str | None, Query(max_length=64, description="Only what this patron has out")] = None,
    home: Name = None,
) -> Page[ItemView]:
    """Every item, those included that only sites know of: its holding with state, place, patron and evidence."""
    found = items.items(
        session,
        wanted,
        q=q,
        state=state,
        site=site,
        station=station,
        shelf=shelf,
        title_id=title_id,
        patron=patron,
        home=home,
    )
    return page(request, wanted, found)


@router.get("/{item}", summary="Where one item is")
def one_item(session: Reading, item: Barcode) -> ItemView:
    """One item and its holding: state, place, since when, and what the shelf reader saw."""
    found = items.item(session, item)
    if found is None:
        raise not_found("item", item)
    return found


@router.get("/{item}/history", summary="Everything that happened to one item")
def history_of_item(session: Reading, item: Barcode) -> list[HistoryRow]:
    """All its events in the order they happened, oldest first; the holding and its loans are folded from these."""
    if items.item(session, item) is None:
        raise not_found("item", item)
    return list(events.history(session, item))
