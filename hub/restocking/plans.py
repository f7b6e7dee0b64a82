"""Plans: asked for, made by the planner, changed by a librarian, approved or let go of."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, delete, select

from hub.models import Plan, PlanEdit, PlanLine, Site, Title, Tour, TourSite
from hub.restock import planner
from hub.restock.planner import Stage
from hub.restock.planner.reasons import reasons
from hub.restocking import apart, stock
from hub.restocking.errors import Refused, Unknown
from hub.restocking.findings import Findings
from hub.restocking.outlook import outlook
from hub.restocking.world import Ground, Terms

USUAL = Terms()
LONGEST_CYCLE = 92
"""Days from one run to the next, at most."""


class State(StrEnum):
    """How a plan stands."""

    MAKING = "making"
    READY = "ready"
    """To be looked at, changed, approved."""
    FAILED = "failed"
    """None could be made; it says why."""
    APPROVED = "approved"
    """A run carries it out."""
    DISCARDED = "discarded"


OPEN = (State.MAKING, State.READY, State.FAILED)


def ask(
    session: Session,
    *,
    day: date,
    cycle: int,
    sites: Sequence[str],
    by: str,
    now: datetime,
    tour: int | None = None,
    terms: Terms = USUAL,
) -> int:
    """A new plan, to be made; its number. Raises Refused, Unknown."""
    known = set(session.exec(select(Site.site)))
    for site in sites:
        if site not in known:
            raise Unknown("site", site)
    if not sites:
        raise Refused("no-sites", "a plan needs a site to call at")
    if not 1 <= cycle <= LONGEST_CYCLE:
        raise Refused("cycle", f"from one run to the next are 1 to {LONGEST_CYCLE} days, not {cycle}", n=LONGEST_CYCLE)
    if tour is not None and session.get(Tour, tour) is None:
        raise Unknown("tour", tour)
    row = Plan(
        tour=tour,
        day=day,
        cycle=cycle,
        state=State.MAKING,
        sites=list(dict.fromkeys(sites)),
        settings=terms.packed(),
        made_at=now,
        made_by=by,
    )
    session.add(row)
    session.flush()
    assert row.id is not None
    return row.id


def sites_of(session: Session, tour: int) -> list[str]:
    """Where a tour calls."""
    return list(session.exec(select(TourSite.site).where(TourSite.tour == tour).order_by(TourSite.site)))


def terms_of(tour: Tour | None) -> Terms:
    """What a tour's van and crew can do, and the usual for the rest."""
    return USUAL if tour is None else Terms(capacity=tour.capacity, moves=tour.moves)


def get(session: Session, plan: int) -> Plan:
    """The plan; raises Unknown."""
    row = session.get(Plan, plan)
    if row is None:
        raise Unknown("plan", plan)
    return row


# --------------------------------------------------------------------------------------------------------------- making


def compute(
    ground: Ground,
    after: planner.Plan | None,
    progress: Callable[[Stage], None],
    cancelled: Callable[[], bool],
) -> planner.Plan:
    """The planner's answer. Raises planner.Infeasible, planner.Cancelled."""
    return apart.plan(ground.world, after, progress, cancelled)


def keep(session: Session, plan: int, ground: Ground, made: planner.Plan) -> None:
    """Writes what was made, unless nobody waits for it any more."""
    row = session.get(Plan, plan, with_for_update=True)
    if row is None or row.state != State.MAKING:
        return
    session.execute(delete(PlanLine).where(col(PlanLine.plan) == plan))
    findings = Findings(ground)
    session.add_all(
        PlanLine(
            plan=plan,
            number=number,
            title_id=line.group,
            origin=line.origin,
            target=line.target,
            count=line.count,
            loans=line.loans,
            forgone=line.forgone,
            pinned=line.pinned,
            whys=[_packed(why) for why in reasons(line, findings.of(line))] if line.origin != line.target else [],
        )
        for number, line in enumerate(made.lines)
    )
    row.outlook = outlook(ground, made, row.outlook.get("free") if _edited(session, plan) else None)
    row.state, row.stage, row.why = State.READY, "", ""


def fail(session: Session, plan: int, why: str) -> None:
    """None could be made; lines of an earlier one are let go of."""
    row = session.get(Plan, plan, with_for_update=True)
    if row is not None and row.state == State.MAKING:
        session.execute(delete(PlanLine).where(col(PlanLine.plan) == plan))
        row.state, row.stage, row.why, row.outlook = State.FAILED, "", why, {}


def _packed(why: Any) -> dict[str, Any]:
    return {name: value for name, value in asdict(why).items() if value not in (0, 0.0, None)}


# -------------------------------------------------------------------------------------------------------------- changes


def move(
    session: Session,
    plan: int,
    *,
    title: str,
    origin: str | None,
    target: str | None,
    count: int,
    by: str,
    now: datetime,
) -> int:
    """`count` copies of a title go from `origin` to `target`, or stay where both are the same; the edit's number.

    The plan is to be made again around it. Raises Refused, Unknown.
    """
    row = _changeable(session, plan)
    if session.get(Title, title) is None:
        raise Unknown("title", title)
    for place in (origin, target):
        if place is not None and place not in row.sites:
            raise Refused("not-in-plan", f"{place} isn't part of this plan", place=place)
    if origin is None and target is None:
        raise Refused("nowhere", "from the library to the library is no move")
    have = sum(line.count for line in _lines(session, plan) if line.title_id == title and line.origin == origin)
    have = max(have, stock.copies_at(session, row, title, origin))
    bound = sum(
        edit.count
        for edit in edits(session, plan)
        if not edit.undone and not edit.barred and (edit.title_id, edit.origin) == (title, origin)
    )
    if not 1 <= count <= have - bound:
        raise Refused("copies", f"{count} copies can't be moved from there: {have - bound} are free", n=have - bound)
    return _edited_by(
        session, row, PlanEdit(plan=plan, title_id=title, origin=origin, target=target, count=count, at=now, by=by)
    )


def bar(session: Session, plan: int, *, title: str, site: str, by: str, now: datetime) -> int:
    """The title is not to be at the site; the edit's number. Raises Refused, Unknown."""
    row = _changeable(session, plan)
    if session.get(Title, title) is None:
        raise Unknown("title", title)
    if site not in row.sites:
        raise Refused("not-in-plan", f"{site} isn't part of this plan", place=site)
    return _edited_by(session, row, PlanEdit(plan=plan, title_id=title, origin=site, barred=True, at=now, by=by))


def undo(session: Session, edit: int) -> int:
    """Takes an edit back; the number of its plan, which is to be made again. Raises Refused, Unknown."""
    number = plan_of(session, edit)
    plan = _changeable(session, number)
    session.get_one(PlanEdit, edit).undone = True
    plan.state = State.MAKING
    return number


def plan_of(session: Session, edit: int) -> int:
    """The plan that a change was made to; raises Unknown."""
    row = session.get(PlanEdit, edit)
    if row is None:
        raise Unknown("change", edit)
    return row.plan


def again(session: Session, plan: int) -> None:
    """It is to be made again, from what is known now; also one whose run is still being picked. Raises Refused."""
    row = get(session, plan)
    if row.state not in (State.READY, State.FAILED, State.APPROVED):
        raise Refused("plan-state", f"a plan that is {row.state} can't be made again", state=row.state)
    row.state, row.why = State.MAKING, ""


def discard(session: Session, plan: int) -> None:
    """Nobody wants it; `restore` brings it back. Raises Refused."""
    row = get(session, plan)
    if row.state not in OPEN:
        raise Refused("plan-state", f"a plan that is {row.state} can't be let go of", state=row.state)
    row.state = State.DISCARDED


def restore(session: Session, plan: int) -> None:
    """Somebody wants it after all. Raises Refused."""
    row = get(session, plan)
    if row.state != State.DISCARDED:
        raise Refused("plan-state", f"a plan that is {row.state} needn't be brought back", state=row.state)
    row.state = State.READY if _lines(session, plan) else State.MAKING


def edits(session: Session, plan: int) -> list[PlanEdit]:
    """Every change, newest last, those taken back too."""
    return list(session.exec(select(PlanEdit).where(PlanEdit.plan == plan).order_by(col(PlanEdit.id))))


def _edited(session: Session, plan: int) -> bool:
    return any(not edit.undone for edit in edits(session, plan))


def _edited_by(session: Session, row: Plan, edit: PlanEdit) -> int:
    session.add(edit)
    row.state = State.MAKING
    session.flush()
    assert edit.id is not None
    return edit.id


def _changeable(session: Session, plan: int) -> Plan:
    row = get(session, plan)
    if row.state not in (State.READY, State.FAILED, State.MAKING):
        raise Refused("plan-state", f"a plan that is {row.state} can't be changed", state=row.state)
    return row


def _lines(session: Session, plan: int) -> Sequence[PlanLine]:
    return session.exec(select(PlanLine).where(PlanLine.plan == plan).order_by(col(PlanLine.number))).all()


# -------------------------------------------------------------------------------------------------------------- approve


def chosen(session: Session, plan: Plan) -> list[tuple[PlanLine, str]]:
    """For each line that moves something, which items: in the best condition first, then those longest in place.

    A copy that a patron took since the plan was made is left out.
    """
    order = {"new": 0, "good": 1, "worn": 2}
    at: dict[tuple[str, str | None], list[stock.Copy]] = defaultdict(list)
    picked = {transfer.item for transfer in stock.picked(session, plan)}
    for copy in stock.usable(session, plan.id):
        place = stock.place_of(copy, picked)
        if place is not stock.NOWHERE:
            at[copy.title, place].append(copy)
    for copies in at.values():
        copies.sort(key=lambda c: (c.item not in picked, order.get(c.condition, 3), c.since or plan.made_at, c.item))
    found = []
    assert plan.id is not None
    for line in _lines(session, plan.id):
        if line.origin != line.target:
            here = at[line.title_id, line.origin]
            found += [(line, here.pop(0).item) for _ in range(min(line.count, len(here)))]
    return found
