"""Sites: online or not, shelves, devices, and what is wrong."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from starlette.requests import Request

from hub.api.errors import not_found
from hub.api.paging import Page, Reading, Wanted, page
from hub.parts import Parts, parts_of
from hub.views import sites
from hub.views.sites import SiteView
from hub.views.view import Found

router = APIRouter(prefix="/sites", tags=["sites"])

Hub = Annotated[Parts, Depends(parts_of)]


@router.get("", summary="Sites, by id")
def list_sites(request: Request, session: Reading, hub: Hub, wanted: Wanted) -> Page[SiteView]:
    """Every site there is or that was ever heard."""
    known = sites.sites(session, hub.settings, hub.clock.utc())
    part = tuple(known[wanted.offset : wanted.offset + wanted.limit])
    return page(request, wanted, Found(part, len(known)))


@router.get("/{site}", summary="One site")
def one_site(session: Reading, hub: Hub, site: Annotated[str, Path(max_length=64)]) -> SiteView:
    """One site as it last told, and as the ledger counts it."""
    found = sites.site(session, hub.settings, hub.clock.utc(), site)
    if found is None:
        raise not_found("site", site)
    return found
