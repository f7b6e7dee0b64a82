"""Tasks: what somebody has to look after, made of what went amiss with runs and at sites."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from hub.api.paging import Page, Reading, Wanted, page
from hub.api.writing import Hub, Number, Who
from hub.restocking import tasks as keeping
from hub.restocking.tasks import Kind
from hub.views import tasks
from hub.views.tasks import TaskView

router = APIRouter(prefix="/tasks", tags=["tasks"])


class Standing(BaseModel):
    """Whether somebody looked after it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"done": True}]})

    done: bool


@router.get("", summary="Tasks, newest first")
def list_tasks(
    request: Request,
    session: Reading,
    wanted: Wanted,
    done: Annotated[bool | None, Query(description="Only those that are done, or only those that aren't")] = None,
    kind: Kind | None = None,
    site: Annotated[str | None, Query(max_length=64)] = None,
    run: Annotated[int | None, Query(ge=1, le=2**62)] = None,
) -> Page[TaskView]:
    """Tasks with the item's place; one that later evidence resolves is done by nobody (`done_by` empty)."""
    return page(request, wanted, tasks.tasks(session, wanted, done=done, kind=kind, site=site, run=run))


@router.get("/{task}", summary="One task")
def one_task(session: Reading, task: Number) -> TaskView:
    """What it is about."""
    return tasks.task(session, task)


@router.put("/{task}", summary="Somebody looked after it, or not after all")
def stand(hub: Hub, who: Who, task: Number, wanted: Standing) -> TaskView:
    """Done twice is a 409."""
    with hub.database.write() as session:
        if wanted.done:
            keeping.done(session, task, who.name, hub.clock.utc())
        else:
            keeping.reopen(session, task)
        session.flush()
        return tasks.task(session, task)
