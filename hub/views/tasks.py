"""Tasks: what somebody has to look after, with where the item is now."""

from datetime import datetime
from typing import Any

from pydantic import ConfigDict
from sqlalchemy import select
from sqlmodel import Session, col

from hub.models import Run, Task
from hub.restocking import tasks as keeping
from hub.restocking.tasks import Kind
from hub.views import items
from hub.views.items import ItemView
from hub.views.view import Cut, Found, View, cut_from

_EXAMPLE: dict[str, Any] = {
    "id": 12,
    "kind": "short",
    "site": "harbour-bank",
    "item": "M0001234",
    "run": 3,
    "run_name": "Tuesday round",
    "about": {},
    "made_at": "2026-11-24T05:04:00Z",
    "done_at": None,
    "done_by": None,
    "now": None,
}


class TaskView(View):
    """One thing to look after."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: int
    kind: Kind
    site: str | None
    item: str | None
    run: int | None
    run_name: str | None
    about: dict[str, Any]
    """surplus: `meant_for`, the site it was meant for. Of sites' own: `station`, and what else the kind says."""
    made_at: datetime
    done_at: datetime | None
    done_by: str | None
    """Name of the member of staff; empty: later evidence resolved it."""
    now: ItemView | None
    """The item, and where it is now."""


def tasks(
    session: Session,
    cut: Cut,
    *,
    done: bool | None = None,
    kind: Kind | None = None,
    site: str | None = None,
    run: int | None = None,
) -> Found[TaskView]:
    """Tasks, the newest first; those that are done by when they were."""
    query: Any = select(Task, col(Run.name)).outerjoin(Run, col(Run.id) == Task.run)
    for column, wanted in ((col(Task.kind), kind), (col(Task.site), site), (col(Task.run), run)):
        if wanted is not None:
            query = query.where(column == wanted)
    if done is not None:
        query = query.where(col(Task.done_at).is_not(None) if done else col(Task.done_at).is_(None))
    order = (col(Task.done_at).desc(), col(Task.id).desc()) if done else (col(Task.id).desc(),)
    found = cut_from(session, query.order_by(*order), cut, lambda *row: row)
    known = items.some(session, {row.item for row, _ in found.rows if row.item})
    return Found(tuple(_view(row, name, known) for row, name in found.rows), found.total)


def task(session: Session, key: int) -> TaskView:
    """One task; raises Unknown."""
    row = keeping.get(session, key)
    run = session.get(Run, row.run) if row.run is not None else None
    return _view(row, run.name if run else None, items.some(session, {row.item} if row.item else ()))


def _view(row: Task, run: str | None, known: dict[str, ItemView]) -> TaskView:
    return TaskView(
        id=row.id or 0,
        kind=Kind(row.kind),
        site=row.site,
        item=row.item,
        run=row.run,
        run_name=run,
        about=row.about,
        made_at=row.made_at,
        done_at=row.done_at,
        done_by=row.done_by,
        now=known.get(row.item or ""),
    )
