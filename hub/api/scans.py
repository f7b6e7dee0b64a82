"""Scans at the central library: items that came home. Scans out belong to runs (/runs/{run}/scans)."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from hub.api.paging import Page, Reading, Wanted, page
from hub.api.writing import Hub, Number, Who
from hub.restocking import runs as doing
from hub.views import items, scans
from hub.views.items import ItemView
from hub.views.scans import ScanView

router = APIRouter(prefix="/scans", tags=["scans"])


class Came(BaseModel):
    """What a barcode reader read."""

    model_config = ConfigDict(
        extra="forbid", use_attribute_docstrings=True, json_schema_extra={"examples": [{"code": "M0001234"}]}
    )

    code: Annotated[str, Field(min_length=1, max_length=64)]
    """A printed barcode, or an item's number."""


class CameView(BaseModel):
    """What came of it."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    scan: int
    """To be taken back with."""
    twice: bool
    """The same was scanned a moment before: nothing changed."""
    item: ItemView
    """Where it is now."""
    loan: str | None
    """The loan that it ended."""
    run: int | None
    """The run it came home from."""
    at: datetime


@router.get("", summary="Scans, newest first")
def list_scans(
    request: Request,
    session: Reading,
    wanted: Wanted,
    item: Annotated[str | None, Query(max_length=64)] = None,
    run: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    out: Annotated[bool | None, Query(description="Only what left, or only what came in")] = None,
) -> Page[ScanView]:
    """Scans at the library; those taken back too."""
    return page(request, wanted, scans.scans(session, wanted, item=item, run=run, out=out))


@router.post("", summary="An item came home", status_code=201)
def come(hub: Hub, who: Who, wanted: Came) -> CameView:
    """It is at the library; an open loan of it has ended, and tasks that this resolves are done."""
    now = hub.clock.utc()
    with hub.database.write() as session:
        came = doing.bring_in(session, hub.settings, wanted.code, by=who.name, now=now)
        shown = items.item(session, came.told.item)
    for notice in came.told.notices:
        hub.notices.publish(notice)
    assert shown is not None
    return CameView(
        scan=came.told.scan, twice=came.told.twice, item=shown, at=now,
        loan=came.loan.id if came.loan else None, run=came.run.id if came.run else None,
    )  # fmt: skip


@router.delete("/{scan}", summary="Take a scan back")
def undo(hub: Hub, scan: Number) -> ItemView:
    """The item is where it was; one of a run is taken back at the run."""
    with hub.database.write() as session:
        told = doing.take_back(session, hub.settings, scan, hub.clock.utc())
        shown = items.item(session, told.item)
    for notice in told.notices:
        hub.notices.publish(notice)
    assert shown is not None
    return shown
