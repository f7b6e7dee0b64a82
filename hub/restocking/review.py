"""Makes tasks of what went amiss with runs, and lets go of those that later evidence resolved."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, or_, select

from hub.models import Run, Stop, Task, Transfer
from hub.projections.states import HoldingState
from hub.restock.arrivals import Outcome as Became
from hub.restocking import outcomes, tasks
from hub.restocking.outcomes import Outcome
from hub.restocking.tasks import Kind, Matter

ENDED = ("closed", "abandoned")
"""States of a run that is over."""
LOOKED_BACK = timedelta(days=60)
"""Runs that ended longer ago are looked at again only for tasks that are open still."""
NOWHERE = frozenset({HoldingState.MISSING, HoldingState.UNDECIDED})
NOT_FOUND = "not-found"
"""Why a transfer is dropped that nobody found."""


def review(session: Session, run: int, zone: ZoneInfo, now: datetime) -> bool:
    """Makes the run's tasks say what is amiss now; answers whether any changed."""
    row = session.get_one(Run, run)
    session.flush()
    outcome = outcomes.read(session, row, zone)
    matters = list(_lost(session, run, outcome))
    if row.state in ENDED:
        matters += _amiss(outcome)
    return tasks.settle(session, run, matters, now)


def about(
    session: Session, *, items: Collection[str] = (), sites: Collection[str] = (), zone: ZoneInfo, now: datetime
) -> list[int]:
    """Reviews the runs that news of `items`, or of restock visits at `sites`, can bear on; those that changed."""
    concerned = {
        run
        for run in session.exec(select(Task.run).where(col(Task.done_at).is_(None), col(Task.item).in_(items)))
        if run is not None
    }
    recent = (
        select(Run.id)
        .join(Stop, col(Stop.run) == Run.id, isouter=True)
        .join(Transfer, col(Transfer.run) == Run.id, isouter=True)
        .where(
            col(Run.state).in_(ENDED),
            col(Run.ended_at) >= now - LOOKED_BACK,
            or_(col(Stop.site).in_(sites), col(Transfer.item).in_(items)),
        )
    )
    concerned |= {run for run in session.exec(recent.distinct()) if run is not None}
    return [run for run in sorted(concerned) if review(session, run, zone, now)]


def every(session: Session, zone: ZoneInfo, now: datetime) -> list[int]:
    """Reviews all runs that ended lately or have open tasks; those that changed."""
    ended = select(Run.id).where(col(Run.state).in_(ENDED), col(Run.ended_at) >= now - LOOKED_BACK)
    runs = set(session.exec(ended)) | set(session.exec(select(Task.run).where(col(Task.done_at).is_(None))))
    return [run for run in sorted(run for run in runs if run is not None) if review(session, run, zone, now)]


def _lost(session: Session, run: int, outcome: Outcome) -> Iterator[Matter]:
    """Items that nobody found at the library, and that weren't seen since."""
    made = {task.item: task.made_at for task in tasks.of_run(session, run) if task.kind == Kind.NOT_FOUND}
    for transfer in session.exec(select(Transfer).where(Transfer.run == run, Transfer.dropped == NOT_FOUND)):
        held = outcome.held.get(transfer.item)
        seen = held is not None and held.since is not None and held.since > made.get(transfer.item, held.since)
        if not seen and outcome.state(transfer.item) is not HoldingState.WITHDRAWN:
            yield Matter(Kind.NOT_FOUND, transfer.item)


def _amiss(outcome: Outcome) -> list[Matter]:
    found: dict[str, Matter] = {}
    for at in outcome.stops.values():
        for line in at.lines:
            matter = _matter(outcome, at.site, line.item, line.outcome, line.meant_for)
            if matter is not None:
                found[matter.key(0)] = matter
    told = {matter.item for matter in found.values()}
    back = [Matter(Kind.NOT_BACK, item) for item in sorted(outcome.aboard - told)]
    return [*found.values(), *back]


def _matter(outcome: Outcome, site: str, item: str, became: Became, meant_for: str | None) -> Matter | None:
    """What somebody has to do about one item at one stop; None for what is well, or has become so since."""
    state, held = outcome.state(item), outcome.held.get(item)
    stands = state is HoldingState.SHELF and held is not None and held.site == site
    match became:
        case Became.SHORT if item in outcome.aboard or state in NOWHERE:
            return Matter(Kind.SHORT, item, site)
        case Became.STAYED if stands:
            return Matter(Kind.STAYED, item, site)
        case Became.OUT if state in NOWHERE:
            return Matter(Kind.OUT, item, site)
        case Became.SURPLUS if stands:
            return Matter(Kind.SURPLUS, item, site, {"meant_for": meant_for})
        case Became.STRAY if stands:
            return Matter(Kind.STRAY, item, site)
    return None
