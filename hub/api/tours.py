"""Tours: runs that come again; and closures, days on which nobody calls."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from hub.api.paging import Reading
from hub.api.writing import Hub, Number
from hub.restocking import tours as keeping
from hub.restocking.tours import TourDraft
from hub.views import tours
from hub.views.loans import today
from hub.views.tours import ClosureView, TourView

router = APIRouter(tags=["tours"])


class Standing(BaseModel):
    """Whether a tour goes on."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"retired": True}]})

    retired: bool


class ClosureDraft(BaseModel):
    """Days on which no run calls."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [{"site": None, "first": "2027-02-06", "last": "2027-02-12", "why": "Spring Festival"}]
        },
    )

    site: Annotated[str, Field(max_length=64)] | None = None
    """Null: at no site at all."""
    first: date
    last: date
    """Included."""
    why: Annotated[str, Field(max_length=200)] = ""


@router.get("/tours", summary="Tours with their next days")
def list_tours(session: Reading, hub: Hub, retired: Annotated[bool, Query()] = False) -> list[TourView]:
    """By name; with `retired` those too that no longer go."""
    return tours.tours(session, today(hub), retired=retired)


@router.post("/tours", summary="A new tour", status_code=201)
def make_tour(hub: Hub, draft: TourDraft) -> TourView:
    """Its days come of its rule, without closures."""
    with hub.database.write() as session:
        return tours.tour(session, keeping.create(session, draft).id or 0, today(hub))


@router.get("/tours/{tour}", summary="One tour")
def one_tour(session: Reading, hub: Hub, tour: Number) -> TourView:
    """With its days of the next three months."""
    return tours.tour(session, tour, today(hub))


@router.put("/tours/{tour}", summary="Change a tour")
def change_tour(hub: Hub, tour: Number, draft: TourDraft) -> TourView:
    """All of it as sent; runs that were made stay as they are."""
    with hub.database.write() as session:
        keeping.change(session, tour, draft)
        return tours.tour(session, tour, today(hub))


@router.put("/tours/{tour}/retired", summary="End a tour, or bring it back")
def retire_tour(hub: Hub, tour: Number, wanted: Standing) -> TourView:
    """A tour that ended has no days."""
    with hub.database.write() as session:
        keeping.retire(session, tour, wanted.retired)
        return tours.tour(session, tour, today(hub))


@router.get("/closures", summary="Days on which nobody calls")
def list_closures(session: Reading, since: Annotated[date | None, Query()] = None) -> list[ClosureView]:
    """By their first day; `since`: those that aren't over by then."""
    return tours.closures(session, since)


@router.post("/closures", summary="Close a site, or all", status_code=201)
def close(hub: Hub, draft: ClosureDraft) -> ClosureView:
    """No tour calls there on these days."""
    with hub.database.write() as session:
        row = keeping.close(session, site=draft.site, first=draft.first, last=draft.last, why=draft.why)
        return tours.closure(row)


@router.delete("/closures/{closure}", summary="Take a closure away", status_code=204)
def open_again(hub: Hub, closure: Number) -> Response:
    """Tours call there again."""
    with hub.database.write() as session:
        keeping.open_again(session, closure)
    return Response(status_code=204)
