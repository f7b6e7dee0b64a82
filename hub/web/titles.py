"""One title with its copies, and the search for titles and items."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query
from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hub.restocking import reservations as keeping
from hub.restocking.errors import Refused, Unknown
from hub.views import items, reservations, sites, titles
from hub.views.items import ItemView
from hub.views.view import Cut, Found, reading
from hub.web import reasons
from hub.web.page import Page, Paper

router = APIRouter(default_response_class=HTMLResponse)

Reading = Annotated[Session, Depends(reading)]
COPIES = 200
WAITING = 200
OVER = timedelta(days=30)
"""How long reservations that are over are still shown: ended ones can be taken back there."""
FOUND = 30
FOUND_TYPING = 8
BARCODE_FROM = 2
"""Characters from which on what is typed may be the beginning of a barcode."""


@router.get("/titles/{title_id}")
def one_title(paper: Paper, session: Reading, title_id: str) -> HTMLResponse:
    """The title, where each of its copies is, how often it is taken, and who waits for it."""
    return _show(paper, session, title_id)


@router.post("/titles/{title_id}/reservations", response_model=None)
def reserve(
    paper: Paper,
    title_id: str,
    patron: Annotated[str, Form(max_length=64)] = "",
    site: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """A patron waits for the title at a site."""
    return _change(
        paper,
        title_id,
        lambda session: keeping.reserve(session, patron=patron.strip(), title=title_id, site=site, now=paper.now),
        patron.strip(),
    )


@router.post("/titles/{title_id}/reservations/{number}/end", response_model=None)
def end(paper: Paper, title_id: str, number: int) -> Response:
    """The patron no longer waits."""
    return _change(paper, title_id, lambda session: keeping.end(session, number, now=paper.now))


@router.post("/titles/{title_id}/reservations/{number}/resume", response_model=None)
def resume(paper: Paper, title_id: str, number: int) -> Response:
    """The patron waits after all."""
    return _change(paper, title_id, lambda session: keeping.resume(session, number, now=paper.now))


def _change(paper: Page, title_id: str, change: Callable[[Session], object], typed: str = "") -> Response:
    try:
        with paper.hub.database.write() as session:
            change(session)
    except (Refused, Unknown) as wrong:
        with paper.hub.database.read() as session:
            return _show(paper, session, title_id, reasons.refused(paper.say, wrong), typed, 409)
    return RedirectResponse(f"/titles/{quote(title_id, safe='')}#waiting", 303)


def _show(
    paper: Page, session: Session, title_id: str, wrong: str = "", typed: str = "", status: int = 200
) -> HTMLResponse:
    found = titles.title(session, title_id)
    if found is None:
        raise HTTPException(404)
    over = reservations.reservations(session, Cut(WAITING), title_id=title_id, waiting=False).rows
    return paper.show(
        "title.html",
        status,
        title=found,
        items=items.items(session, Cut(COPIES), title_id=title_id).rows,
        taken=titles.taken(session, title_id, paper.now, paper.hub.settings.zone),
        campaigns=titles.shown_in(session, title_id, paper.today),
        waiting=reservations.reservations(session, Cut(WAITING), title_id=title_id, waiting=True).rows,
        over=[one for one in reversed(over) if one.over_at is not None and one.over_at >= paper.now - OVER],
        names=sites.names(session),
        wrong=wrong,
        typed=typed,
    )


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
