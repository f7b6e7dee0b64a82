"""Where one item is, and everything that ever happened to it."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from hub.restocking import kept as keeping
from hub.views import events, items, loans, sites
from hub.views.view import Cut, reading
from hub.web import reasons
from hub.web.live import name_of_item
from hub.web.page import Paper

router = APIRouter(default_response_class=HTMLResponse)

LOANS = 50


@router.get("/items/{item}")
def one_item(paper: Paper, session: Annotated[Session, Depends(reading)], item: str) -> HTMLResponse:
    """The item's place now, its loans, and its history with evidence."""
    found = items.item(session, item)
    if found is None:
        raise HTTPException(404)
    template = "part/item.html" if paper.wants_part else "item.html"
    return paper.show(
        template,
        item=found,
        listens=name_of_item(item),
        history=tuple(reversed(events.history(session, item))),
        moves=items.moves(session, item),
        kept=keeping.kept(session, item=item),
        reasons=reasons,
        loans=loans.loans(session, Cut(LOANS), paper.today, item=item).rows,
        names=sites.names(session),
    )
