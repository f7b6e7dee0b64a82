"""Things that somebody has to look after: made once, done by a person or by later evidence, opened again."""

from collections.abc import Iterable, Mapping
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
    SECURITY = "security"
    """A tag's security couldn't be set as its loan has it: `about.tag`, `about.on_loan`, what it should say."""
    ALARM = "alarm"
    """It went through a gate without a loan: `about.tag`."""
    STUCK = "stuck"
    """A locker's compartment can't be used: `about.shelf`, `about.why` (protocol.events.Stuck)."""
    UNWELL = "unwell"
    """A station's self-test found something: `about.parts`."""
    INCOMPLETE = "incomplete"
    """A set came to a desk without all its parts."""
    UNCOLLECTED = "uncollected"
    """It lies in a locker, `about.shelf`, for `about.reservation`, and nobody waits for it there any more."""


OF_SITES = frozenset({Kind.SECURITY, Kind.ALARM, Kind.STUCK, Kind.UNWELL, Kind.INCOMPLETE, Kind.UNCOLLECTED})
"""What a site said itself; `about.station` names the station. The others are of runs."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What a task is about."""

    kind: Kind
    item: str | None
    site: str | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    event: str = ""
    """What a site's own matter began with."""
    when: datetime | None = None
    """When a site last said so."""

    def key(self, run: int | None) -> str:
        """The same for the same exception of the same run, or (None) of the same site."""
        if run is None:
            return f"{self.site}:{self.kind}:{self.event}"
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
    return _settle(session, run, matters, session.exec(select(Task).where(Task.run == run)), now)


def settle_site(session: Session, site: str, matters: list[Matter], now: datetime) -> bool:
    """The same for what a site said itself. What it says again after a person called it done is opened again."""
    of_site = select(Task).where(Task.site == site, col(Task.run).is_(None), col(Task.kind).in_(OF_SITES))
    return _settle(session, None, matters, session.exec(of_site), now)


def of_site(session: Session, site: str) -> list[Task]:
    """What a site said itself and still has to be looked after, the oldest first."""
    query = select(Task).where(
        Task.site == site, col(Task.run).is_(None), col(Task.done_at).is_(None), col(Task.kind).in_(OF_SITES)
    )
    return list(session.exec(query.order_by(col(Task.id))))


def _settle(session: Session, run: int | None, matters: list[Matter], tasks: Iterable[Task], now: datetime) -> bool:
    wanted = {matter.key(run): matter for matter in matters}
    known = {row.key: row for row in tasks}
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
        elif row.done_at is not None and (row.done_by == EVIDENCE or (matter.when or row.done_at) > row.done_at):
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
