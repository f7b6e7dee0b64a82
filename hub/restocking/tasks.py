"""Things that somebody has to look after: made once, done by a person or by later evidence, opened again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from hub.models import Task
from hub.restocking.errors import Refused, Unknown

EVIDENCE = ""
"""Who did a task that later evidence resolved."""


class Kind(StrEnum):
    """What has to be looked after."""

    NOT_FOUND = "not-found"
    """It should stand at the library, and nobody found it there."""
    SHORT = "short"
    """Meant for a site; the courier was there, and nobody knows where the item is."""
    STAYED = "stayed"
    """Meant to leave a site; it stands there still."""
    OUT = "out"
    """Meant to leave a site; nobody knows where it is."""
    SURPLUS = "surplus"
    """It stands at a site, and was meant for another one (`about.meant_for`)."""
    STRAY = "stray"
    """It stands at a site where a courier put it, and was no part of the run."""
    NOT_BACK = "not-back"
    """It left with a run that is over, and was neither delivered nor scanned in."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What a task is about."""

    kind: Kind
    item: str
    site: str | None = None
    about: Mapping[str, Any] = field(default_factory=dict)

    def key(self, run: int) -> str:
        """The same for the same exception of the same run."""
        return f"{run}:{self.kind}:{self.site or ''}:{self.item}"


def get(session: Session, task: int) -> Task:
    """The task; raises Unknown."""
    row = session.get(Task, task)
    if row is None:
        raise Unknown("task", task)
    return row


def done(session: Session, task: int, by: str, now: datetime) -> Task:
    """Somebody looked after it. Raises Refused, Unknown."""
    row = get(session, task)
    if row.done_at is not None:
        raise Refused("task-done", "it is done already")
    row.done_at, row.done_by = now, by
    return row


def reopen(session: Session, task: int) -> Task:
    """It isn't done after all. Raises Unknown."""
    row = get(session, task)
    row.done_at, row.done_by = None, None
    return row


def settle(session: Session, run: int, matters: list[Matter], now: datetime) -> bool:
    """Makes the run's tasks say `matters`: new ones are opened, those that no longer hold are done by evidence.

    What a person called done stays done. Answers whether anything changed.
    """
    wanted = {matter.key(run): matter for matter in matters}
    known = {row.key: row for row in session.exec(select(Task).where(Task.run == run))}
    changed = False
    for key, matter in wanted.items():
        row = known.get(key)
        if row is None:
            session.add(
                Task(
                    key=key, kind=matter.kind, site=matter.site, item=matter.item, run=run, about=dict(matter.about),
                    made_at=now,
                )
            )  # fmt: skip
        elif row.done_at is not None and row.done_by == EVIDENCE:
            row.done_at, row.done_by = None, None
        else:
            continue
        changed = True
    for key, row in known.items():
        if key not in wanted and row.done_at is None:
            row.done_at, row.done_by = now, EVIDENCE
            changed = True
    return changed


def of_run(session: Session, run: int) -> list[Task]:
    """Every task of a run, the oldest first."""
    return list(session.exec(select(Task).where(Task.run == run).order_by(col(Task.id))))
