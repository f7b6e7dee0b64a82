"""Tasks: what somebody has to look after, and what was."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlmodel import Session
from starlette.responses import HTMLResponse, RedirectResponse

from hub.auth import member_of
from hub.restocking import tasks as keeping
from hub.restocking.errors import Refused
from hub.views import sites, tasks
from hub.views.view import Cut, reading
from hub.web import saying
from hub.web.page import Paper

router = APIRouter(prefix="/restock/tasks", default_response_class=HTMLResponse)

Reading = Annotated[Session, Depends(reading)]
OPEN, OVER = 200, 30


@router.get("")
def list_tasks(paper: Paper, session: Reading, done: Annotated[int, Query(ge=0, le=2**62)] = 0) -> HTMLResponse:
    """Open tasks, then those that were done lately; `done` was just now. The changing part alone where htmx asks."""
    over = tasks.tasks(session, Cut(OVER), done=True).rows
    return paper.show(
        "part/tasks.html" if paper.wants_part else "tasks.html",
        open=tasks.tasks(session, Cut(OPEN), done=False),
        over=over,
        just=next((one for one in over if one.id == done), None),
        names=sites.names(session),
        saying=saying,
    )


@router.post("/{task}/done")
def done(paper: Paper, task: int) -> RedirectResponse:
    """Somebody looked after it; twice is once."""
    try:
        with paper.hub.database.write() as session:
            keeping.done(session, task, member_of(paper.request).name, paper.now)
    except Refused:
        pass
    return RedirectResponse(f"/restock/tasks?done={task}", 303)


@router.post("/{task}/reopen")
def reopen(paper: Paper, task: int) -> RedirectResponse:
    """It isn't done after all."""
    with paper.hub.database.write() as session:
        keeping.reopen(session, task)
    return RedirectResponse("/restock/tasks", 303)
