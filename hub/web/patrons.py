"""One patron, for staff: as little as the desk needs."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from hub.views import loans, patrons, sites
from hub.views.loans import LoanFilter
from hub.views.view import Cut, reading
from hub.web.page import Paper

router = APIRouter(default_response_class=HTMLResponse)

LOANS = 200


@router.get("/patrons/{patron}")
def one_patron(paper: Paper, session: Annotated[Session, Depends(reading)], patron: str) -> HTMLResponse:
    """Name, group, cards by label, and what they have out."""
    found = patrons.patron(session, patron)
    if found is None:
        raise HTTPException(404)
    out = loans.loans(session, Cut(LOANS), paper.today, which=LoanFilter.OPEN, patron=patron)
    return paper.show("patron.html", patron=found, found=out, names=sites.names(session))
