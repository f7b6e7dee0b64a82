"""Patrons, for staff: name, group, validity, cards by label."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from hub.api.errors import not_found
from hub.api.paging import Page, Reading, Wanted, page
from hub.api.writing import Hub
from hub.views import patrons, phonecodes
from hub.views.patrons import PatronView
from hub.views.phonecodes import PhoneCodeView

router = APIRouter(prefix="/patrons", tags=["patrons"])

Key = Annotated[str, Path(max_length=64, examples=["P000017"])]
Where = Annotated[str, Query(max_length=32, examples=["harbour-bank"], description="The site it is to open")]


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
def one_patron(session: Reading, patron: Key) -> PatronView:
    """One patron; what they have out is at /loans?state=open&patron=."""
    found = patrons.patron(session, patron)
    if found is None:
        raise not_found("patron", patron)
    return found


@router.get("/{patron}/phone-code", summary="What a patron's phone shows instead of a card")
def phone_code(hub: Hub, session: Reading, patron: Key, site: Where) -> PhoneCodeView:
    """For the library's own app or page, which knows that it is the patron who asks.

    Ask again at `next_at`: a code opens once. A 409 where hub.toml doesn't have `phone_codes = true`, or the patron
    has no card. `phone-code.svg` is the same as a picture.
    """
    return phonecodes.phone_code(session, hub.settings, patron, site, hub.clock.utc())


@router.get(
    "/{patron}/phone-code.svg",
    summary="The same as a picture",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {}}, "description": "A QR code"}},
)
def phone_code_picture(hub: Hub, session: Reading, patron: Key, site: Where) -> Response:
    """A QR code, black on white."""
    found = phonecodes.phone_code(session, hub.settings, patron, site, hub.clock.utc())
    picture = phonecodes.drawn(found.code)
    return Response(picture, media_type="image/svg+xml", headers={"cache-control": "no-store"})
