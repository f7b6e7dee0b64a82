"""What people should look at."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.responses import HTMLResponse

from hub.views import incidents, sites
from hub.views.view import reading
from hub.web.page import Paper

router = APIRouter(default_response_class=HTMLResponse)

ROWS = 100


@router.get("/incidents")
def list_incidents(paper: Paper, session: Annotated[Session, Depends(reading)]) -> HTMLResponse:
    """Incidents, gaps, quarantine, rows not understood, contradictions."""
    found = incidents.troubles(session, ROWS)
    return paper.show("incidents.html", found=found, rows=ROWS, names=sites.names(session))
