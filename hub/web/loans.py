"""Loans: open, overdue, ended, and those that need a second look."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlmodel import Session
from starlette.responses import HTMLResponse

from hub.views import loans, sites
from hub.views.loans import LoanFilter
from hub.views.view import Cut, reading
from hub.web.page import Paper

router = APIRouter(default_response_class=HTMLResponse)

ROWS = 50
SHOWN = (
    LoanFilter.OPEN,
    LoanFilter.OVERDUE,
    LoanFilter.FLAGGED,
    LoanFilter.RETURNED,
    LoanFilter.REVERSED,
    LoanFilter.SUPERSEDED,
    LoanFilter.ALL,
)


@router.get("/loans")
def list_loans(
    paper: Paper,
    session: Annotated[Session, Depends(reading)],
    state: LoanFilter = LoanFilter.OPEN,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> HTMLResponse:
    """One page of the loans that are `state`."""
    found = loans.loans(session, Cut(ROWS, offset), paper.today, which=state)
    return paper.show(
        "loans.html",
        filters=SHOWN,
        chosen=state,
        found=found,
        counts=loans.counts(session, paper.today),
        offset=offset,
        rows=ROWS,
        names=sites.names(session),
    )
