"""Plans: what a run is to do, why, and what is expected of it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from pydantic import ConfigDict
from sqlalchemy import ColumnElement, Select, select
from sqlmodel import Session, col

from hub.models import Plan, PlanEdit, PlanLine, Run, Title, Tour
from hub.restocking.plans import OPEN, State
from hub.views.view import Cut, Found, View, cut_from

_WHY: dict[str, Any] = {"because": "taken", "count": 6, "days": 60, "left": 0, "site": "harbour-bank"}
_LINE: dict[str, Any] = {
    "number": 12,
    "title_id": "gb00004",
    "title": "To Kill a Mockingbird",
    "author": "Harper Lee",
    "origin": "garden-school",
    "target": "harbour-bank",
    "count": 1,
    "loans": 0.62,
    "forgone": 0.08,
    "pinned": False,
    "whys": [_WHY],
}
_SITE: dict[str, Any] = {
    "site": "harbour-bank",
    "room": 110,
    "copies_before": 96,
    "copies_after": 108,
    "loans_before": 21.4,
    "loans_after": 27.9,
    "low": 21,
    "high": 35,
}
_EXAMPLE: dict[str, Any] = {
    "id": 7,
    "tour": 1,
    "tour_name": "Tuesday round",
    "day": "2026-11-24",
    "cycle": 7,
    "state": "ready",
    "stage": "",
    "why": "",
    "sites": ["harbour-bank", "garden-school"],
    "made_at": "2026-11-23T02:03:04Z",
    "made_by": "lin",
    "approved_at": None,
    "approved_by": None,
    "run": None,
    "moves": 41,
    "expected": 48.2,
    "low": 39,
    "high": 58,
    "before": 40.1,
    "cost": 0.0,
    "places": [_SITE],
    "scarce": [{"limit": "capacity", "brings": 0.4, "used": 110, "allowed": 110, "site": "harbour-bank"}],
    "missed": [],
}


class WhyView(View):
    """One reason, with the numbers it speaks of; the others are 0 or null."""

    because: str
    """hub.restock.planner.reasons.Because."""
    count: int = 0
    days: int = 0
    left: int = 0
    loans: float = 0.0
    forgone: float = 0.0
    site: str | None = None
    theme: str | None = None


class LineView(View):
    """Copies of one title that do the same."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LINE]})

    number: int
    title_id: str
    title: str
    author: str
    origin: str | None
    """A site; null: the library."""
    target: str | None
    """The same as `origin` for those that stay; null: home to the library."""
    count: int
    loans: float
    """Expected at the target until the next run."""
    forgone: float
    """That they would have been lent where they were."""
    pinned: bool
    """Decided by hand."""
    whys: list[WhyView]
    """Strongest first; empty for those that stay."""


class PlanSiteView(View):
    """What a plan means for one site."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SITE]})

    site: str
    room: int
    """Places for items that can be counted on, headroom left out."""
    copies_before: int
    copies_after: int
    loans_before: float
    """Expected until the next run if nothing were moved."""
    loans_after: float
    low: int
    """With four chances in five there are at least so many loans …"""
    high: int
    """… and at most so many."""


class ScarceView(View):
    """A limit that binds, and what one more place, transfer or copy less would bring, in loans."""

    limit: str
    brings: float
    used: int
    allowed: int
    site: str | None = None
    theme: str | None = None


class MissedView(View):
    """A wish that the plan doesn't meet."""

    wish: str
    """short, over or reservation."""
    site: str
    wanted: int
    there: int
    lacking: int
    """Copies that aren't to be had for it."""
    cost: float
    """About how many loans elsewhere the rest would cost."""
    theme: str | None = None
    group: str | None = None
    """RESERVATION: the title."""


class PlanView(View):
    """A plan, without its lines."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: int
    tour: int | None
    tour_name: str | None
    day: date
    """Of the run."""
    cycle: int
    """Days until the next run."""
    state: State
    stage: str
    """While it is being made: checking, pricing, placing, writing; empty before it begins."""
    why: str
    """Why none could be made, one English sentence a line."""
    sites: list[str]
    made_at: datetime
    made_by: str
    approved_at: datetime | None
    approved_by: str | None
    run: int | None
    """The run that carries it out."""
    moves: int
    expected: float
    """Loans until the next run, at the plan's sites."""
    low: int
    high: int
    """With four chances in five the loans lie between these."""
    before: float
    """Loans expected if nothing were moved."""
    cost: float
    """Expected loans that the librarian's changes give up, handling weighed."""
    places: list[PlanSiteView]
    scarce: list[ScarceView]
    missed: list[MissedView]

    @property
    def open(self) -> bool:
        """Still to be decided."""
        return self.state in OPEN


class EditView(View):
    """A librarian's change to a plan."""

    id: int
    title_id: str
    title: str
    origin: str | None
    target: str | None
    count: int
    barred: bool
    """The title is not to be at `origin`."""
    at: datetime
    by: str
    undone: bool


def plans(session: Session, cut: Cut, *, state: State | None = None, only_open: bool = False) -> Found[PlanView]:
    """Plans, those of the latest days first."""
    query = _query().order_by(col(Plan.day).desc(), col(Plan.id).desc())
    if state is not None:
        query = query.where(col(Plan.state) == state)
    if only_open:
        query = query.where(col(Plan.state).in_(OPEN))
    return cut_from(session, query, cut, _view)


def plan(session: Session, number: int) -> PlanView | None:
    """One plan."""
    row = session.execute(_query().where(col(Plan.id) == number)).first()
    return _view(*row) if row else None


def lines(
    session: Session,
    number: int,
    cut: Cut,
    *,
    origin: str | None = None,
    target: str | None = None,
    stays: bool | None = None,
) -> Found[LineView]:
    """Lines of a plan in its order; `stays`: only those that stay, or only those that move."""
    query: Any = select(PlanLine, Title).outerjoin(Title, col(Title.title_id) == PlanLine.title_id)
    query = query.where(col(PlanLine.plan) == number)
    if origin is not None:
        query = query.where(col(PlanLine.origin) == origin)
    if target is not None:
        query = query.where(col(PlanLine.target) == target)
    if stays is not None:
        query = query.where(_stays() if stays else ~_stays())
    return cut_from(session, query.order_by(col(PlanLine.number)), cut, _line)


def edits(session: Session, number: int) -> Sequence[EditView]:
    """Every change, newest first; those taken back too."""
    query = select(PlanEdit, col(Title.title)).outerjoin(Title, col(Title.title_id) == PlanEdit.title_id)
    query = query.where(col(PlanEdit.plan) == number).order_by(col(PlanEdit.id).desc())
    return [
        EditView(
            id=edit.id or 0,
            title_id=edit.title_id,
            title=title or edit.title_id,
            origin=edit.origin,
            target=edit.target,
            count=edit.count,
            barred=edit.barred,
            at=edit.at,
            by=edit.by,
            undone=edit.undone,
        )
        for edit, title in session.execute(query)
    ]


def _stays() -> ColumnElement[bool]:
    return col(PlanLine.origin).is_not_distinct_from(col(PlanLine.target))


def _query() -> Select[Any]:
    run = select(col(Run.id)).where(col(Run.plan) == Plan.id).order_by(col(Run.id).desc()).limit(1).correlate(Plan)
    return select(Plan, col(Tour.name), run.scalar_subquery()).outerjoin(Tour, col(Tour.id) == Plan.tour)


def _view(row: Plan, tour_name: str | None, run: int | None) -> PlanView:
    told = row.outlook
    return PlanView(
        id=row.id or 0,
        tour=row.tour,
        tour_name=tour_name,
        day=row.day,
        cycle=row.cycle,
        state=State(row.state),
        stage=row.stage,
        why=row.why,
        sites=row.sites,
        made_at=row.made_at,
        made_by=row.made_by,
        approved_at=row.approved_at,
        approved_by=row.approved_by,
        run=run,
        moves=told.get("moves", 0),
        expected=told.get("expected", 0.0),
        low=told.get("low", 0),
        high=told.get("high", 0),
        before=told.get("before", 0.0),
        cost=max(told.get("free", 0.0) - told.get("worth", 0.0), 0.0),
        places=[PlanSiteView(site=site, **values) for site, values in told.get("sites", {}).items()],
        scarce=[ScarceView.model_validate(one) for one in told.get("scarce", [])],
        missed=[MissedView.model_validate(one) for one in told.get("missed", [])],
    )


def _line(row: PlanLine, title: Title | None) -> LineView:
    return LineView(
        number=row.number,
        title_id=row.title_id,
        title=title.title if title else row.title_id,
        author=title.author if title else "",
        origin=row.origin,
        target=row.target,
        count=row.count,
        loans=row.loans,
        forgone=row.forgone,
        pinned=row.pinned,
        whys=[WhyView.model_validate(why) for why in row.whys],
    )
