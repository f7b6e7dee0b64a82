"""Runs: coming, open and past; one to be followed, picked, printed and carried out."""

from collections.abc import Callable
from datetime import timedelta
from itertools import zip_longest
from typing import Annotated, Any, cast
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query
from sqlmodel import Session
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hub.auth import member_of
from hub.papers import labels, picking
from hub.papers.fonts import FontMissing
from hub.papers.labels import Format
from hub.papers.words import Language, Name
from hub.restocking import runs as doing
from hub.restocking import scans
from hub.restocking.errors import Refused, Unknown
from hub.restocking.runs import Dropped, Happened, State
from hub.views import plans, runs, sites, tasks, tours
from hub.views.runs import StopView, TransferView
from hub.views.view import Cut, reading
from hub.web import reasons, saying
from hub.web.page import Page, Paper
from hub.web.plans import USUAL_CYCLE

router = APIRouter(prefix="/restock/runs", default_response_class=HTMLResponse)

Reading = Annotated[Session, Depends(reading)]
Text = Annotated[str, Form(max_length=1000)]
Asked = Annotated[str, Query(max_length=200)]
OPEN, PAST = 100, 20
"""Runs listed."""
SOON = timedelta(days=28)
"""Days of tours listed."""
TAKEN_BACK = {"leave": "unleave", "close": "reopen", "abandon": "reopen", "skip": "unskip", "drop": "restore"}
"""What was done -> what undoes it."""


@router.get("")
def list_runs(paper: Paper, session: Reading, offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0) -> HTMLResponse:
    """Open runs, coming days of tours, past runs."""
    known = tours.tours(session, paper.today)
    made = {(run.tour, run.day) for run in runs.listed(session, Cut(OPEN), since=paper.today).rows}
    coming = [
        (trip, tour, (after.day - trip.day).days if after else USUAL_CYCLE)
        for tour in known
        for trip, after in zip_longest(tour.coming, tour.coming[1:])
        if trip.day <= paper.today + SOON and (tour.id, trip.day) not in made
    ]
    return paper.show(
        "runs.html",
        open=runs.listed(session, Cut(OPEN), open_only=True),
        past=runs.listed(session, Cut(PAST, offset), open_only=False),
        coming=sorted(coming, key=lambda one: (one[0].day, one[1].name)),
        planned={(plan.tour, plan.day): plan.id for plan in plans.plans(session, Cut(OPEN), only_open=True).rows},
        offset=offset,
        rows=PAST,
        names=sites.names(session),
    )


@router.get("/{number}")
def one_run(paper: Paper, session: Reading, number: int, done: Asked = "", of: Asked = "") -> HTMLResponse:
    """The run; its changing part alone where htmx asks. After something was `done`, with a way back."""
    return _show(paper, session, number, done=done, of=of)


def _show(paper: Page, session: Session, number: int, *, done: str = "", of: str = "", wrong: str = "") -> HTMLResponse:
    found = runs.run(session, number)
    moved = runs.transfers(session, number)
    template = "part/run.html" if paper.wants_part else "run.html"
    return paper.show(
        template,
        409 if wrong else 200,
        run=found,
        stops=runs.stops(session, number, paper.hub.settings.zone),
        comes=_by(moved, lambda one: one.target),
        leaves=_by(moved, lambda one: one.origin),
        home=[one for one in moved if one.target is None],
        tasks=tasks.tasks(session, Cut(OPEN), done=False, run=number).rows,
        done=done if done in TAKEN_BACK or done in TAKEN_BACK.values() else "",
        of=of,
        undo=TAKEN_BACK.get(done, ""),
        wrong=wrong,
        names=sites.names(session),
        reasons=reasons,
        saying=saying,
        zone=paper.hub.settings.zone,
        open=found.state in (State.PICKING, State.UNDERWAY),
    )


def _by(moved: list[TransferView], place: Callable[[TransferView], str | None]) -> dict[str, list[TransferView]]:
    found: dict[str, list[TransferView]] = {}
    for one in moved:
        key = place(one)
        if key is not None:
            found.setdefault(key, []).append(one)
    return found


# ------------------------------------------------------------------------------------------------------------- changes


@router.post("/{number}/leave", response_model=None)
def leave(paper: Paper, number: int, without: Text = "") -> Response:
    """It leaves the library, without what isn't picked or with it still wanted."""
    return _change(paper, number, "leave", lambda s: doing.leave(s, number, now=paper.now, without=without != "no"))


@router.post("/{number}/unleave", response_model=None)
def unleave(paper: Paper, number: int) -> Response:
    """It hasn't left after all."""
    return _change(paper, number, "unleave", lambda s: doing.unleave(s, number))


@router.post("/{number}/close", response_model=None)
def close(paper: Paper, number: int) -> Response:
    """The courier is back."""
    zone = paper.hub.settings.zone
    return _change(paper, number, "close", lambda s: doing.close(s, number, zone, paper.now))


@router.post("/{number}/abandon", response_model=None)
def abandon(paper: Paper, number: int, why: Text = "") -> Response:
    """It is given up."""
    zone = paper.hub.settings.zone
    return _change(paper, number, "abandon", lambda s: doing.abandon(s, number, why, zone, paper.now))


@router.post("/{number}/reopen", response_model=None)
def reopen(paper: Paper, number: int) -> Response:
    """It isn't over after all."""
    zone = paper.hub.settings.zone
    return _change(paper, number, "reopen", lambda s: doing.reopen(s, number, zone, paper.now))


@router.post("/{number}/courier", response_model=None)
def name_courier(paper: Paper, number: int, courier: Text = "") -> Response:
    """Who drives."""
    return _change(paper, number, "", lambda s: doing.name_courier(s, number, courier))


@router.post("/{number}/skip", response_model=None)
def skip(paper: Paper, number: int, site: Text = "", why: Text = "", back: Text = "") -> Response:
    """The courier doesn't call there; from the courier's own page (`back`) or the librarian's."""
    return _change(paper, number, "skip", lambda s: doing.skip(s, number, site, why), of=site, back=back)


@router.post("/{number}/unskip", response_model=None)
def unskip(paper: Paper, number: int, of: Text = "", back: Text = "") -> Response:
    """The courier calls there all the same."""
    return _change(paper, number, "unskip", lambda s: doing.unskip(s, number, of), of=of, back=back)


@router.post("/{number}/drop", response_model=None)
def drop(paper: Paper, number: int, transfer: Annotated[int, Form()], why: Text = "", back: Text = "") -> Response:
    """A transfer isn't done: by hand, or as nobody finds the item."""
    reason = Dropped.NOT_FOUND if why == Dropped.NOT_FOUND else Dropped.BY_HAND
    zone = paper.hub.settings.zone
    return _change(
        paper, number, "drop", lambda s: doing.drop(s, transfer, reason, zone, paper.now), of=str(transfer), back=back
    )


@router.post("/{number}/restore", response_model=None)
def restore(paper: Paper, number: int, of: Annotated[int, Form()], back: Text = "") -> Response:
    """A transfer is done after all."""
    zone = paper.hub.settings.zone
    return _change(paper, number, "restore", lambda s: doing.restore(s, of, zone, paper.now), of=str(of), back=back)


def _change(
    paper: Page, number: int, name: str, change: Callable[[Session], object], *, of: str = "", back: str = ""
) -> Response:
    """Does it and shows the page it was asked from: the librarian's, the courier's or the picker's."""
    hub, wrong = paper.hub, ""
    try:
        with hub.database.write() as session:
            change(session)
    except (Refused, Unknown) as error:
        wrong = reasons.refused(paper.say, error)
    hub.notices.publish(scans.notice(number))
    if wrong:
        with hub.database.read() as session:
            if back == "courier":
                return _courier(paper, session, number, wrong)
            if back == "pick":
                return _pick(paper, session, number, wrong=wrong)
            return _show(paper, session, number, wrong=wrong)
    page = f"/{back}" if back in ("courier", "pick") else ""
    return RedirectResponse(f"/restock/runs/{number}{page}?done={name}&of={of}", 303)


# ------------------------------------------------------------------------------------------------------------- picking


@router.get("/{number}/pick")
def picking_page(
    paper: Paper,
    session: Reading,
    number: int,
    code: Asked = "",
    taken: Asked = "",
    back: Asked = "",
    done: Asked = "",
    of: Asked = "",
) -> HTMLResponse:
    """What to take next, and what came of the newest scan: of `code`, which `taken` was, or which was put `back`."""
    return _pick(paper, session, number, code=code, taken=taken == "yes", back=back, done=done, of=of)


@router.post("/{number}/pick", response_model=None)
def pick(paper: Paper, number: int, code: Text = "") -> Response:
    """A barcode was scanned."""
    by = member_of(paper.request).name
    code = code.strip()[:64]
    if not code:
        return RedirectResponse(f"/restock/runs/{number}/pick", 303)
    try:
        with paper.hub.database.write() as session:
            came = doing.pick(session, paper.hub.settings, number, code, by=by, now=paper.now)
    except Refused as wrong:
        with paper.hub.database.read() as session:
            return _pick(paper, session, number, wrong=reasons.refused(paper.say, wrong))
    for notice in came.notices:
        paper.hub.notices.publish(notice)
    taken = "&taken=yes" if came.happened is Happened.TAKEN else ""
    return RedirectResponse(f"/restock/runs/{number}/pick?code={_quoted(came.code)}{taken}", 303)


@router.post("/{number}/unpick", response_model=None)
def unpick(paper: Paper, number: int, scan: Annotated[int, Form()]) -> Response:
    """The newest scan, or another, was wrong."""
    try:
        with paper.hub.database.write() as session:
            told = doing.unpick(session, paper.hub.settings, number, scan, paper.now)
    except Refused as wrong:
        with paper.hub.database.read() as session:
            return _pick(paper, session, number, wrong=reasons.refused(paper.say, wrong))
    for notice in told.notices:
        paper.hub.notices.publish(notice)
    return RedirectResponse(f"/restock/runs/{number}/pick?back={_quoted(told.item)}", 303)


def _quoted(code: str) -> str:
    return quote(code, safe="")


def _pick(
    paper: Page,
    session: Session,
    number: int,
    *,
    code: str = "",
    taken: bool = False,
    back: str = "",
    done: str = "",
    of: str = "",
    wrong: str = "",
) -> HTMLResponse:
    found = runs.run(session, number)
    moved = runs.transfers(session, number)
    here = [one for one in moved if one.origin is None]
    came = doing.look(session, number, code) if code else None
    happened = Happened.TAKEN if came and taken and came.happened is Happened.AGAIN else came.happened if came else None
    open_ones = [one for one in here if one.dropped is None and one.scan is None]
    return paper.show(
        "pick.html",
        409 if wrong else 200,
        run=found,
        walk=here,
        came=came,
        happened=happened,
        mine=next((one for one in moved if came and one.id == came.transfer), None),
        following=open_ones[0] if open_ones else None,
        put_back=next((one for one in moved if back and one.item == back), None),
        lost=next((one for one in moved if done == "drop" and str(one.id) == of), None),
        wrong=wrong,
        names=sites.names(session),
        reasons=reasons,
        saying=saying,
    )


# -------------------------------------------------------------------------------------------------------------- papers


@router.get("/{number}/papers.pdf")
def papers(paper: Paper, session: Reading, number: int) -> Response:
    """The pick list."""
    run = _printed(session, number)
    language = cast(Language, paper.say.language)
    return _pdf(
        paper,
        lambda: picking.pick_list(run, runs.picks(session, number), _names(session), language, _font(paper)),
        f"run-{number}.pdf",
    )


@router.get("/{number}/labels.pdf")
def tote_labels(paper: Paper, session: Reading, number: int, form: Format = Format.A6) -> Response:
    """A label for each tote, one to a page or eight to a sheet."""
    run, totes = _printed(session, number), runs.picks(session, number).totes
    if not totes:
        raise Refused("no-totes", "the run moves nothing, so there are no totes")
    return _pdf(
        paper, lambda: labels.tote_labels(run, totes, _names(session), form, _font(paper)), f"run-{number}-totes.pdf"
    )


def _printed(session: Session, number: int) -> picking.Run:
    found = runs.run(session, number)
    return picking.Run(str(number), found.day, tuple(found.sites))


def _names(session: Session) -> dict[str, Name]:
    return {site: Name(chinese, english) for site, (chinese, english) in sites.names(session).items()}


def _font(paper: Page) -> Any:
    return paper.hub.settings.runs.font


def _pdf(paper: Page, made: Callable[[], bytes], name: str) -> Response:
    try:
        content = made()
    except FontMissing as wrong:
        raise Refused("font", str(wrong), why=str(wrong)) from None
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(content, media_type="application/pdf", headers=headers)


# ------------------------------------------------------------------------------------------------------------- courier


@router.get("/{number}/courier")
def courier(paper: Paper, session: Reading, number: int) -> HTMLResponse:
    """What to do at each stop, and what the cabinets have confirmed; the changing part alone where htmx asks."""
    return _courier(paper, session, number)


def _courier(paper: Page, session: Session, number: int, wrong: str = "") -> HTMLResponse:
    found = runs.run(session, number)
    moved = [one for one in runs.transfers(session, number) if one.dropped is None]
    stops = runs.stops(session, number, paper.hub.settings.zone)
    template = "part/courier.html" if paper.wants_part else "courier.html"
    return paper.show(
        template,
        409 if wrong else 200,
        run=found,
        stops=stops,
        next_stop=_next(stops),
        comes=_by(moved, lambda one: one.target),
        leaves=_by(moved, lambda one: one.origin),
        places={stop.site: sites.site(session, paper.hub.settings, paper.now, stop.site) for stop in stops},
        wrong=wrong,
        names=sites.names(session),
        reasons=reasons,
        saying=saying,
        zone=paper.hub.settings.zone,
    )


def _next(stops: list[StopView]) -> str | None:
    return next((stop.site for stop in stops if stop.skipped is None and not stop.visited), None)
