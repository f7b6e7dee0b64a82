"""Plans: what a run is to do, made by the planner, changed by librarians, approved."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session
from starlette.requests import Request

from hub.api.paging import Page, Reading, Wanted, page
from hub.api.writing import Hub, Number, Who
from hub.models import Tour
from hub.restocking import approval
from hub.restocking import plans as doing
from hub.restocking.errors import Unknown
from hub.restocking.plans import State
from hub.views import plans
from hub.views.plans import EditView, LineView, PlanView

router = APIRouter(prefix="/plans", tags=["plans"])

SiteKey = Annotated[str, Field(max_length=64)]


class Asked(BaseModel):
    """What a plan is asked for with."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={"examples": [{"day": "2026-12-01", "cycle": 7, "sites": ["harbour-bank", "east-station"]}]},
    )

    day: date
    """Of the run."""
    cycle: Annotated[int, Field(ge=1, le=doing.LONGEST_CYCLE)]
    """Days until the next run."""
    tour: Annotated[int, Field(ge=1, le=2**62)] | None = None
    """Whose van and limits hold."""
    sites: Annotated[list[SiteKey], Field(max_length=2000)] = []
    """Where to call; empty: where the tour does."""


class Change(BaseModel):
    """A decision that stays in the plan however often it is made again."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [{"title_id": "gb00004", "origin": "garden-school", "target": "harbour-bank", "count": 1}]
        },
    )

    title_id: Annotated[str, Field(max_length=64)]
    origin: SiteKey | None = None
    """A site; null: the library."""
    target: SiteKey | None = None
    """A site; null: home to the library; the same as `origin`: it stays."""
    count: Annotated[int, Field(ge=1, le=1000)] = 1
    barred: bool = False
    """The title is not to be at `origin` at all; `target` and `count` aren't looked at."""


@router.get("", summary="Plans, the latest days first")
def list_plans(request: Request, session: Reading, wanted: Wanted, state: State | None = None) -> Page[PlanView]:
    """Plans with what they expect; their lines are at /plans/{plan}/lines."""
    return page(request, wanted, plans.plans(session, wanted, state=state))


@router.post("", summary="Ask for a plan", status_code=202)
def ask(hub: Hub, who: Who, wanted: Asked) -> PlanView:
    """It is made in the background: look at its `state` until it isn't `making` any more."""
    with hub.database.write() as session:
        tour = session.get(Tour, wanted.tour) if wanted.tour is not None else None
        if wanted.tour is not None and tour is None:
            raise Unknown("tour", wanted.tour)
        made = doing.ask(
            session,
            day=wanted.day,
            cycle=wanted.cycle,
            sites=wanted.sites or (doing.sites_of(session, wanted.tour) if wanted.tour is not None else []),
            by=who.name,
            now=hub.clock.utc(),
            tour=wanted.tour,
            terms=doing.terms_of(tour),
        )
    hub.desk.make(made)
    with hub.database.read() as session:
        return _one(session, made)


@router.get("/{plan}", summary="One plan")
def one_plan(session: Reading, plan: Number) -> PlanView:
    """What it expects with an interval, what binds, and what is missed."""
    return _one(session, plan)


@router.get("/{plan}/lines", summary="What a plan moves and what stays, and why")
def lines(
    request: Request,
    session: Reading,
    wanted: Wanted,
    plan: Number,
    origin: Annotated[str | None, Query(max_length=64)] = None,
    target: Annotated[str | None, Query(max_length=64)] = None,
    stays: Annotated[bool | None, Query(description="Only what stays, or only what moves")] = None,
) -> Page[LineView]:
    """Lines in the plan's order."""
    _one(session, plan)
    found = plans.lines(session, plan, wanted, origin=origin, target=target, stays=stays)
    return page(request, wanted, found)


@router.get("/{plan}/changes", summary="What librarians decided")
def changes(session: Reading, plan: Number) -> list[EditView]:
    """Every change, newest first; those taken back too."""
    _one(session, plan)
    return list(plans.edits(session, plan))


@router.post("/{plan}/changes", summary="Decide something by hand", status_code=202)
def change(hub: Hub, who: Who, plan: Number, wanted: Change) -> PlanView:
    """The plan is made again around it; its `cost` then says what all changes give up."""
    now = hub.clock.utc()
    with hub.database.write() as session:
        if wanted.barred:
            doing.bar(session, plan, title=wanted.title_id, site=wanted.origin or "", by=who.name, now=now)
        else:
            doing.move(
                session, plan, title=wanted.title_id, origin=wanted.origin, target=wanted.target, count=wanted.count,
                by=who.name, now=now,
            )  # fmt: skip
    return _again(hub, plan)


@router.delete("/{plan}/changes/{change}", summary="Take a change back", status_code=202)
def undo(hub: Hub, plan: Number, change: Number) -> PlanView:
    """The plan is made again without it."""
    with hub.database.write() as session:
        if doing.plan_of(session, change) != plan:
            raise Unknown("change", change)
        doing.undo(session, change)
    return _again(hub, plan)


@router.post("/{plan}/again", summary="Make a plan again", status_code=202)
def again(hub: Hub, plan: Number) -> PlanView:
    """From what is known now; what was decided by hand stays, and what is already picked."""
    with hub.database.write() as session:
        doing.again(session, plan)
    return _again(hub, plan)


@router.post("/{plan}/discard", summary="Let a plan go")
def discard(hub: Hub, plan: Number) -> PlanView:
    """While it is being made, that ends."""
    with hub.database.write() as session:
        doing.discard(session, plan)
        return _one(session, plan)


@router.post("/{plan}/restore", summary="Bring a plan back that was let go", status_code=202)
def restore(hub: Hub, plan: Number) -> PlanView:
    """It is made again where that had not been done."""
    with hub.database.write() as session:
        doing.restore(session, plan)
    return _again(hub, plan)


@router.post("/{plan}/approve", summary="Approve a plan")
def approve(hub: Hub, who: Who, plan: Number) -> PlanView:
    """Its `run` then carries it out."""
    with hub.database.write() as session:
        approval.approve(session, plan, hub.settings.runs, by=who.name, now=hub.clock.utc())
        session.flush()
        return _one(session, plan)


def _again(hub: Hub, plan: int) -> PlanView:
    hub.desk.make(plan)
    with hub.database.read() as session:
        return _one(session, plan)


def _one(session: Session, plan: int) -> PlanView:
    found = plans.plan(session, plan)
    if found is None:
        raise Unknown("plan", plan)
    return found
