"""Patrons, for staff: name, group, validity, cards by label."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request

from hub.api.errors import not_found
from hub.api.paging import Page, Reading, Wanted, page
from hub.views import patrons
from hub.views.patrons import PatronView

router = APIRouter(prefix="/patrons", tags=["patrons"])


@router.get("", summary="Patrons, by number")
def list_patrons(
    request: Request,
    session: Reading,
    wanted: Wanted,
    q: Annotated[str | None, Query(max_length=200, description="Beginning of the number, or part of the name")] = None,
    group: Annotated[str | None, Query(max_length=64)] = None,
) -> Page[PatronView]:
    """Patrons with their cards by label (numbers are kept nowhere) and how many items they have out."""
    return page(request, wanted, patrons.patrons(session, wanted, q=q, group=group))


@router.get("/{patron}", summary="One patron")
def one_patron(session: Reading, patron: Annotated[str, Path(max_length=64, examples=["P000017"])]) -> PatronView:
    """One patron; what they have out is at /loans?state=open&patron=."""
    found = patrons.patron(session, patron)
    if found is None:
        raise not_found("patron", patron)
    return found
