"""Outcomes: what plans expected against what happened."""

from fastapi import APIRouter
from starlette.requests import Request

from hub.api.errors import not_found
from hub.api.paging import Page, Reading, Wanted, page
from hub.api.writing import Hub, Number
from hub.views import outcomes
from hub.views.loans import today
from hub.views.outcomes import OutcomeDetailView, OutcomeView, SumsView

router = APIRouter(prefix="/outcomes", tags=["outcomes"])


@router.get("", summary="Plans with what they expected and what happened, the latest days first")
def list_outcomes(request: Request, session: Reading, hub: Hub, wanted: Wanted) -> Page[OutcomeView]:
    """Approved plans by site and by theme; while a plan's time runs, what happened is what happened so far."""
    return page(request, wanted, outcomes.outcomes(session, wanted, hub.settings.zone, today(hub)))


@router.get("/sums", summary="Plans that are over, taken together by site and by theme")
def sum_outcomes(session: Reading, hub: Hub) -> SumsView:
    """Of the newest plans; and how often what happened lay in the interval that should hold it four times in five."""
    return outcomes.sums(session, hub.settings.zone, today(hub))


@router.get("/{plan}", summary="One plan: what it expected and what happened")
def one_outcome(session: Reading, hub: Hub, plan: Number) -> OutcomeDetailView:
    """With the titles furthest from what was expected, and each copy that was brought."""
    found = outcomes.outcome(session, plan, hub.settings.zone, hub.clock.utc())
    if found is None:
        raise not_found("outcome of a plan", plan)
    return found
