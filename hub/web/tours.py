"""Tours and closures: when runs go out, where they call, and when they don't."""

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hub.restock import calendar
from hub.restock.calendar import BadRhythm, Daily, Monthly, Rhythm, Weekly
from hub.restocking import tours as keeping
from hub.restocking.errors import Refused, Unknown
from hub.restocking.tours import TourDraft
from hub.views import sites, tours
from hub.views.tours import TourView
from hub.views.view import reading
from hub.web import reasons, words
from hub.web.page import Page, Paper
from hub.web.say import Say

router = APIRouter(default_response_class=HTMLResponse)

Reading = Annotated[Session, Depends(reading)]
Text = Annotated[str, Form(max_length=2000)]
Many = Annotated[list[str], Form()]
COMING = 4
"""Days shown of a tour."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form of a tour."""

    name: str = ""
    kind: str = "weekly"
    every: str = "1"
    weekdays: tuple[str, ...] = ()
    nth: str = "1"
    weekday: str = "0"
    rule: str = ""
    begins: str = ""
    departs: str = "09:00"
    capacity: str = ""
    tote: str = "30"
    moves: str = ""
    sites: tuple[str, ...] = field(default=())


def filled(
    name: Text = "",
    kind: Text = "weekly",
    every: Text = "1",
    weekdays: Many = [],  # noqa: B006 (FastAPI copies it)
    nth: Text = "1",
    weekday: Text = "0",
    rule: Text = "",
    begins: Text = "",
    departs: Text = "",
    capacity: Text = "",
    tote: Text = "",
    moves: Text = "",
    site: Many = [],  # noqa: B006
) -> Typed:
    """The form as it was sent; a FastAPI dependency."""
    return Typed(
        name, kind, every, tuple(weekdays), nth, weekday, rule, begins, departs, capacity, tote, moves, tuple(site)
    )


Filled = Annotated[Typed, Depends(filled)]


@router.get("/restock/tours")
def list_tours(paper: Paper, session: Reading, done: str = "", of: str = "") -> HTMLResponse:
    """Every tour with its next days, and closures."""
    return _list(paper, session, done=done, of=of)


@router.get("/restock/tours/new")
def new_tour(paper: Paper, session: Reading) -> HTMLResponse:
    """An empty form."""
    return _show(paper, session, None, Typed(begins=paper.today.isoformat()))


@router.get("/restock/tours/{tour}")
def one_tour(paper: Paper, session: Reading, tour: int) -> HTMLResponse:
    """The tour to be changed."""
    known = tours.tour(session, tour, paper.today)
    return _show(paper, session, known, _typed(known))


@router.post("/restock/tours/new", response_model=None)
def make_tour(paper: Paper, typed: Filled) -> Response:
    """The new tour, or the form again with what was wrong."""
    return _save(paper, None, typed)


@router.post("/restock/tours/{tour}", response_model=None)
def change_tour(paper: Paper, tour: int, typed: Filled) -> Response:
    """The changed tour, or the form again with what was wrong."""
    return _save(paper, tour, typed)


@router.post("/restock/tours/{tour}/retire")
def retire(paper: Paper, tour: int) -> RedirectResponse:
    """No more days come of it."""
    with paper.hub.database.write() as session:
        keeping.retire(session, tour)
    return RedirectResponse(f"/restock/tours?done=retired&of={tour}", 303)


@router.post("/restock/tours/{tour}/resume")
def resume(paper: Paper, tour: int) -> RedirectResponse:
    """It goes again."""
    with paper.hub.database.write() as session:
        keeping.retire(session, tour, retired=False)
    return RedirectResponse("/restock/tours", 303)


@router.post("/restock/closures", response_model=None)
def close(paper: Paper, site: Text = "", first: Text = "", last: Text = "", why: Text = "") -> Response:
    """Nobody calls at the site, or at any."""
    try:
        days = [date.fromisoformat(text) for text in (first, last or first)]
    except ValueError:
        with paper.hub.database.read() as session:
            return _list(paper, session, wrong=paper.say("refused.date"))
    try:
        with paper.hub.database.write() as session:
            keeping.close(session, site=site or None, first=days[0], last=days[1], why=why)
    except (Refused, Unknown) as wrong:
        with paper.hub.database.read() as session:
            return _list(paper, session, wrong=reasons.refused(paper.say, wrong))
    return RedirectResponse("/restock/tours", 303)


@router.post("/restock/closures/{closure}/remove", response_model=None)
def open_again(paper: Paper, closure: int) -> Response:
    """Tours call there again; the page can close it again as it was."""
    with paper.hub.database.write() as session:
        gone = tours.closure(keeping.open_again(session, closure))
    with paper.hub.database.read() as session:
        return _list(paper, session, gone=gone)


def _list(
    paper: Page, session: Session, *, done: str = "", of: str = "", wrong: str = "", gone: Any = None
) -> HTMLResponse:
    known = tours.tours(session, paper.today, retired=True)
    return paper.show(
        "tours.html",
        409 if wrong else 200,
        tours=[tour for tour in known if not tour.retired],
        retired=[tour for tour in known if tour.retired],
        closures=tours.closures(session, since=paper.today),
        just=next((tour for tour in known if done == "retired" and tour.retired and str(tour.id) == of), None),
        gone=gone,
        wrong=wrong,
        coming=COMING,
        names=sites.names(session),
        rhythm=lambda tour: rhythm(paper.say, tour),
        clock=clock,
    )


def _show(
    paper: Page, session: Session, tour: TourView | None, typed: Typed, faults: dict[str, str] | None = None
) -> HTMLResponse:
    return paper.show(
        "tour.html",
        409 if faults else 200,
        tour=tour,
        typed=typed,
        faults=faults or {},
        names=sites.names(session),
        nths=calendar.NTHS,
    )


def _save(paper: Page, tour: int | None, typed: Typed) -> Response:
    faults: dict[str, str] = {}
    try:
        draft = _draft(typed)
        with paper.hub.database.write() as session:
            if tour is None:
                keeping.create(session, draft)
            else:
                keeping.change(session, tour, draft)
    except ValidationError as wrong:
        faults = words.faults(paper.say, wrong)
    except BadRhythm:
        faults = {"rule": paper.say("refused.rhythm")}
    except (Refused, Unknown) as wrong:
        where = wrong.values.get("field", "") if isinstance(wrong, Refused) else ""
        faults = {where: reasons.refused(paper.say, wrong)}
    if not faults:
        return RedirectResponse("/restock/tours", 303)
    with paper.hub.database.read() as session:
        known = tours.tour(session, tour, paper.today) if tour is not None else None
        return _show(paper, session, known, typed, faults)


def _draft(typed: Typed) -> TourDraft:
    """Raises ValidationError, BadRhythm."""
    hours, _, minutes = typed.departs.partition(":")
    departs = int(hours) * 60 + int(minutes) if hours.isdecimal() and minutes.isdecimal() else typed.departs
    values: dict[str, Any] = {
        "name": typed.name,
        "rule": _rule(typed),
        "begins": typed.begins,
        "departs": departs,
        "tote": typed.tote,
        "sites": typed.sites,
    }
    values |= {name: getattr(typed, name) or None for name in ("capacity", "moves")}
    return TourDraft(**values)


def _rule(typed: Typed) -> str:
    """Raises BadRhythm."""

    def number(text: str) -> int:
        return int(text) if text.lstrip("-").isdecimal() else 0

    match typed.kind:
        case "weekly":
            days = tuple(number(day) for day in typed.weekdays if day.isdecimal() and int(day) < len(calendar.WEEKDAYS))
            return calendar.rule_of(Weekly(number(typed.every), days))
        case "daily":
            return calendar.rule_of(Daily(number(typed.every)))
        case "monthly":
            return calendar.rule_of(Monthly(number(typed.nth), number(typed.weekday) % 7))
    return typed.rule


def _typed(tour: TourView) -> Typed:
    chosen = calendar.choice_of(Rhythm(tour.rule, tour.begins))
    shown: dict[str, Any] = {"kind": "rule", "rule": tour.rule}
    match chosen:
        case (Weekly(every, weekdays), None):
            shown = {"kind": "weekly", "every": str(every), "weekdays": tuple(str(day) for day in weekdays)}
        case (Daily(every), None):
            shown = {"kind": "daily", "every": str(every)}
        case (Monthly(nth, weekday), None):
            shown = {"kind": "monthly", "nth": str(nth), "weekday": str(weekday)}
    return Typed(
        name=tour.name,
        begins=tour.begins.isoformat(),
        departs=clock(tour.departs),
        capacity=str(tour.capacity or ""),
        tote=str(tour.tote),
        moves=str(tour.moves or ""),
        sites=tuple(tour.sites),
        **shown,
    )


def clock(minutes: int) -> str:
    """Minutes after midnight as the clock shows them."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def rhythm(say: Say, tour: TourView) -> str:
    """When a tour goes, in words; its rule where there are no plain ones."""
    chosen = calendar.choice_of(Rhythm(tour.rule, tour.begins))
    match chosen:
        case (Weekly(every, weekdays), _):
            days = say("list.comma").join(say(f"weekday.{day}") for day in weekdays)
            return say("tour.weekly", n=every, days=days)
        case (Daily(every), _):
            return say("tour.daily", n=every)
        case (Monthly(nth, weekday), _):
            return say("tour.monthly", nth=say(f"tour.nth.{nth}"), day=say(f"weekday.{weekday}"))
    return tour.rule
