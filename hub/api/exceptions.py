"""What people should look at: what was lost, put aside, not understood or contradictory."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request

from hub.api.paging import Page, Reading, Wanted, page
from hub.views import incidents
from hub.views.incidents import ExceptionView

router = APIRouter(prefix="/exceptions", tags=["exceptions"])

Exceptions = Page[ExceptionView]
Name = Annotated[str | None, Query(max_length=64)]


@router.get("", summary="What to look at, newest first")
def list_exceptions(
    request: Request,
    session: Reading,
    wanted: Wanted,
    site: Name = None,
    item: Name = None,
    kind: Annotated[str | None, Query(max_length=64, description="Its kind", examples=["borrowed-twice"])] = None,
) -> Exceptions:
    """Incidents of sites, and contradictions in items' histories with the rule that decided them."""
    return page(request, wanted, incidents.exceptions(session, wanted, site=site, item=item, kind=kind))
