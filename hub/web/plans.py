"""Plans: asked for, looked at, changed, approved."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query
from sqlmodel import Session, col, select
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hub.auth import member_of
from hub.models import Tour
from hub.restocking import approval
from hub.restocking import plans as doing
from hub.restocking.errors import Refused, Unknown
from hub.restocking.plans import State
from hub.views import plans, sites, titles
from hub.views.plans import PlanView
from hub.views.view import Cut, reading
from hub.web import reasons
from hub.web.page import Page, Paper

router = APIRouter(prefix="/restock/plans", default_response_class=HTMLResponse)

Reading = Annotated[Session, Depends(reading)]
Place = Annotated[str, Form(max_length=64)]
"""A site; empty: the library."""
ROWS = 30
MOVES = 2000
"""Lines shown of one plan; those of sites that come after these are on the API."""
STAYS = 500
STAGES = ("checking", "pricing", "placing", "writing")
USUAL_CYCLE = 7


@router.get("")
def list_plans(paper: Paper, session: Reading, offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0) -> HTMLResponse:
    """Every plan, and what a new one needs."""
    return _list(paper, session, offset)


@router.post("", response_model=None)
def ask(
    paper: Paper,
    day: Annotated[str, Form(max_length=10)] = "",
    cycle: Annotated[str, Form(max_length=4)] = "",
    tour: Annotated[str, Form(max_length=20)] = "",
    site: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Asks for a plan; its page shows how far it is."""
    hub = paper.hub
    try:
        with hub.database.write() as session:
            number = int(tour) if tour.isdecimal() else None
            row = session.get(Tour, number) if number is not None else None
            wanted = site or (doing.sites_of(session, number) if number is not None else [])
            made = doing.ask(
                session,
                day=_day(day),
                cycle=int(cycle) if cycle.isdecimal() else 0,
                sites=wanted,
                by=member_of(paper.request).name,
                now=paper.now,
                tour=number,
                terms=doing.terms_of(row),
            )
    except (Refused, Unknown) as wrong:
        with hub.database.read() as session:
            return _list(paper, session, 0, reasons.refused(paper.say, wrong), 409)
    hub.desk.make(made)
    return RedirectResponse(f"/restock/plans/{made}", 303)


@router.get("/{number}")
def one_plan(paper: Paper, session: Reading, number: int) -> HTMLResponse:
    """The plan; its changing part alone where htmx asks."""
    return _show(paper, session, number)


@router.get("/{number}/stays")
def stays(paper: Paper, session: Reading, number: int, site: Annotated[str, Query(max_length=64)]) -> HTMLResponse:
    """What stays at a site."""
    found = plans.lines(session, number, Cut(STAYS), origin=site, target=site)
    return paper.show(
        "part/stays.html", lines=found, site=site, plan=_found(session, number), names=sites.names(session),
        reasons=reasons,
    )  # fmt: skip


@router.post("/{number}/move", response_model=None)
def move(
    paper: Paper,
    number: int,
    title: Annotated[str, Form(max_length=64)],
    origin: Place = "",
    target: Place = "",
    count: Annotated[str, Form(max_length=6)] = "1",
) -> Response:
    """Copies go where the librarian says."""
    many = int(count) if count.isdecimal() else 0
    return _change(
        paper,
        number,
        lambda session: doing.move(
            session, number, title=title, origin=origin or None, target=target or None, count=many,
            by=member_of(paper.request).name, now=paper.now,
        ),
    )  # fmt: skip


@router.post("/{number}/bar", response_model=None)
def bar(
    paper: Paper, number: int, title: Annotated[str, Form(max_length=64)], site: Annotated[str, Form(max_length=64)]
) -> Response:
    """A title is not to be at a site."""
    by = member_of(paper.request).name
    return _change(
        paper, number, lambda session: doing.bar(session, number, title=title, site=site, by=by, now=paper.now)
    )


@router.post("/{number}/undo", response_model=None)
def undo(paper: Paper, number: int, change: Annotated[int, Form()]) -> Response:
    """A change is taken back."""
    return _change(paper, number, lambda session: doing.undo(session, change))


@router.post("/{number}/approve", response_model=None)
def approve(paper: Paper, number: int) -> Response:
    """The plan becomes a run."""
    hub, by = paper.hub, member_of(paper.request).name
    try:
        with hub.database.write() as session:
            run = approval.approve(session, number, hub.settings.runs, by=by, now=paper.now)
    except (Refused, Unknown) as wrong:
        with hub.database.read() as session:
            return _show(paper, session, number, reasons.refused(paper.say, wrong))
    address = f"/restock/runs/{run}"
    if paper.wants_part:
        return Response(headers={"HX-Redirect": address})
    return RedirectResponse(address, 303)


@router.post("/{number}/again", response_model=None)
def again(paper: Paper, number: int) -> Response:
    """The plan is made anew from what is known now; what was decided by hand stays."""
    return _change(paper, number, lambda session: doing.again(session, number))


@router.post("/{number}/discard", response_model=None)
def discard(paper: Paper, number: int) -> Response:
    """Nobody wants the plan; while it is being made, that ends."""
    return _change(paper, number, lambda session: doing.discard(session, number))


@router.post("/{number}/restore", response_model=None)
def restore(paper: Paper, number: int) -> Response:
    """Somebody wants it after all."""
    return _change(paper, number, lambda session: doing.restore(session, number))


def _change(paper: Page, number: int, change: Callable[[Session], object]) -> Response:
    hub, wrong = paper.hub, ""
    try:
        with hub.database.write() as session:
            change(session)
    except (Refused, Unknown) as error:
        wrong = reasons.refused(paper.say, error)
    hub.desk.make(number)
    if not paper.wants_part and not wrong:
        return RedirectResponse(f"/restock/plans/{number}", 303)
    with hub.database.read() as session:
        return _show(paper, session, number, wrong)


def _show(paper: Page, session: Session, number: int, wrong: str = "") -> HTMLResponse:
    found = _found(session, number)
    moves = plans.lines(session, number, Cut(MOVES), stays=False)
    comes: dict[str | None, list[plans.LineView]] = {}
    leaves: dict[str | None, list[plans.LineView]] = {}
    for line in moves.rows:
        comes.setdefault(line.target, []).append(line)
        leaves.setdefault(line.origin, []).append(line)
    waited = {one.group: titles.title(session, one.group) for one in found.missed if one.group}
    template = "part/plan.html" if paper.wants_part else "plan.html"
    return paper.show(
        template,
        409 if wrong else 200,
        plan=found,
        moves=moves,
        comes=comes,
        leaves=leaves,
        edits=plans.edits(session, number),
        names=sites.names(session),
        stages=STAGES,
        wrong=wrong,
        reasons=reasons,
        waited={key: title.title for key, title in waited.items() if title},
    )


def _found(session: Session, number: int) -> PlanView:
    found = plans.plan(session, number)
    if found is None:
        raise HTTPException(404)
    return found


def _list(paper: Page, session: Session, offset: int, wrong: str = "", status: int = 200) -> HTMLResponse:
    tours = session.exec(select(Tour).where(col(Tour.retired).is_(False)).order_by(Tour.name)).all()
    shown: dict[str, Any] = {
        "found": plans.plans(session, Cut(ROWS, offset)),
        "offset": offset,
        "rows": ROWS,
        "tours": tours,
        "names": sites.names(session),
        "tomorrow": paper.today + timedelta(days=1),
        "cycle": USUAL_CYCLE,
        "wrong": wrong,
        "State": State,
    }
    return paper.show("plans.html", status, **shown)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("day", f"{text!r} is no day like 2026-11-24", found=text) from None
