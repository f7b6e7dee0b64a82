"""Loans: who has what until when, and what became of it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request

from hub.api.errors import not_found
from hub.api.paging import Page, Reading, Wanted, page
from hub.parts import Parts, parts_of
from hub.views import loans
from hub.views.loans import LoanFilter, LoanView

router = APIRouter(prefix="/loans", tags=["loans"])

Hub = Annotated[Parts, Depends(parts_of)]
Name = Annotated[str | None, Query(max_length=64)]


@router.get("", summary="Loans, newest first")
def list_loans(
    request: Request,
    session: Reading,
    hub: Hub,
    wanted: Wanted,
    state: Annotated[LoanFilter, Query(description="Which loans")] = LoanFilter.ALL,
    patron: Name = None,
    item: Name = None,
    site: Annotated[str | None, Query(max_length=64, description="Where it was borrowed")] = None,
    visit: Name = None,
) -> Page[LoanView]:
    """Loans with item, patron and due date; `overdue` comes with the longest overdue first."""
    today = loans.today(hub)
    found = loans.loans(session, wanted, today, which=state, patron=patron, item=item, site=site, visit=visit)
    return page(request, wanted, found)


@router.get("/{loan}", summary="One loan")
def one_loan(session: Reading, hub: Hub, loan: Annotated[str, Path(max_length=128)]) -> LoanView:
    """One loan by its id, `<site>.<event id>` of the event that began it."""
    found = loans.loan(session, loan, loans.today(hub))
    if found is None:
        raise not_found("loan", loan)
    return found
