"""What plans expected against what happened: all of them, and one."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from hub.views import outcomes, sites
from hub.views.outcomes import ResultView
from hub.views.view import Cut, reading
from hub.web import times
from hub.web.page import Paper
from hub.web.say import Say

router = APIRouter(prefix="/restock/outcomes", default_response_class=HTMLResponse)

Reading = Annotated[Session, Depends(reading)]
ROWS = 20


@router.get("")
def list_outcomes(
    paper: Paper, session: Reading, offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0
) -> HTMLResponse:
    """Plans with their outcome, and all that are over taken together."""
    zone = paper.hub.settings.zone
    found = outcomes.outcomes(session, Cut(ROWS, offset), zone, paper.today)
    return paper.show(
        "outcomes.html",
        found=found,
        sums=outcomes.sums(session, zone, paper.today),
        most=_most([one.whole for one in found.rows]),
        offset=offset,
        rows=ROWS,
        names=sites.names(session),
        picture=picture,
        verdict=verdict,
    )


@router.get("/{plan}")
def one_outcome(paper: Paper, session: Reading, plan: int) -> HTMLResponse:
    """One plan's outcome by site, theme, title and copy."""
    found = outcomes.outcome(session, plan, paper.hub.settings.zone, paper.now)
    if found is None:
        raise HTTPException(404)
    return paper.show(
        "outcome.html",
        outcome=found,
        most=_most([found.whole]),
        most_site=_most(found.sites),
        most_theme=_most(found.themes),
        names=sites.names(session),
        picture=picture,
        verdict=verdict,
    )


def picture(say: Say, found: ResultView) -> str:
    """What the bar of a result shows."""
    key = "outcome.picture" if found.low is not None else "outcome.picture-plain"
    return say(key, expected=f"{found.expected:.1f}", low=found.low, high=found.high, happened=found.happened)


def verdict(say: Say, found: ResultView) -> str:
    """Whether it happened as expected, or why that can't be said."""
    if found.within is not None:
        return say("outcome.within" if found.within else "outcome.beyond")
    if found.progress == "running":
        return say("outcome.running", n=found.passed, days=found.days, due=f"{found.by_now:.1f}")
    return say(f"outcome.{found.progress}", day=times.day(say, found.end))


def _most(found: list[ResultView]) -> float:
    """The highest number in a table of bars."""
    return max((max(one.high or 0, one.happened, one.expected) for one in found), default=0.0)
