"""One title with its copies, and the search for titles and items."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query
from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hub.views import items, sites, titles
from hub.views.items import ItemView
from hub.views.view import Cut, Found, reading
from hub.web.page import Paper

router = APIRouter(default_response_class=HTMLResponse)

Reading = Annotated[Session, Depends(reading)]
COPIES = 200
FOUND = 30
FOUND_TYPING = 8
BARCODE_FROM = 2
"""Characters from which on what is typed may be the beginning of a barcode."""


@router.get("/titles/{title_id}")
def one_title(paper: Paper, session: Reading, title_id: str) -> HTMLResponse:
    """The title, and where each of its copies is."""
    found = titles.title(session, title_id)
    if found is None:
        raise HTTPException(404)
    copies = items.items(session, Cut(COPIES), title_id=title_id)
    return paper.show("title.html", title=found, items=copies.rows, names=sites.names(session))


@router.get("/search", response_model=None)
def search(
    paper: Paper,
    session: Reading,
    q: Annotated[str, Query(max_length=200)] = "",
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Response:
    """Titles and items for what was typed, a page of them; a whole barcode leads straight to its item."""
    q = q.strip()
    if q and not paper.wants_part and items.item(session, q):
        return RedirectResponse(f"/items/{quote(q, safe='')}", 303)
    rows = FOUND_TYPING if paper.wants_part else FOUND
    nothing: Found[ItemView] = Found((), 0)
    copies = items.items(session, Cut(rows), barcode=q) if len(q) >= BARCODE_FROM and not offset else nothing
    works = titles.titles(session, Cut(rows, offset), q=q) if q else Found((), 0)
    template = "part/found.html" if paper.wants_part else "search.html"
    names = sites.names(session)
    return paper.show(
        template, q=q, titles=works, items=copies, names=names, offset=offset, rows=rows, typing=paper.wants_part
    )
