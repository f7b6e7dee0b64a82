"""What needs a librarian today."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.responses import HTMLResponse

from hub.views import overview, sites
from hub.views.view import reading
from hub.web.page import Paper

router = APIRouter(default_response_class=HTMLResponse)


@router.get("/overview")
def today(paper: Paper, session: Annotated[Session, Depends(reading)]) -> HTMLResponse:
    """Plans, campaigns, runs, tasks and sites that want somebody; the changing part alone where htmx asks."""
    found = overview.overview(session, paper.hub.settings, paper.now, paper.today)
    template = "part/overview.html" if paper.wants_part else "overview.html"
    return paper.show(template, found=found, names=sites.names(session), today=paper.today)
