"""The calendar of restocking: a month, a week or each site's month; and as a feed for calendar programs."""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query
from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hub.auth import Member, door_of, member_of
from hub.restock import ical
from hub.restocking.campaigns import DAYS, Phase
from hub.views import calendar, sites
from hub.views.calendar import Entry, Kind
from hub.views.view import reading
from hub.web import words
from hub.web.page import Page, Paper
from hub.web.say import Say
from hub.web.texts import LANGUAGES

router = APIRouter(default_response_class=HTMLResponse)

Reading = Annotated[Session, Depends(reading)]
BEFORE, AHEAD = timedelta(days=92), timedelta(days=366)
"""What the feed tells of."""
WEEK = 7
SURE = {Phase.DRAFT: ical.State.PLANNED, Phase.CANCELLED: ical.State.CANCELLED, calendar.PLANNED: ical.State.PLANNED}


class Shape(StrEnum):
    """How the calendar is shown."""

    MONTH = "month"
    WEEK = "week"
    SITES = "sites"


@dataclass(frozen=True, slots=True)
class Cell:
    """One day without an entry, or the days of one."""

    day: date
    span: int
    entry: Entry | None = None
    begins: bool = True
    """Its first day is shown."""
    ends: bool = True
    """Its last day is shown."""


@dataclass(frozen=True, slots=True)
class Line:
    """Entries that follow each other, day by day."""

    head: Entry
    sites: tuple[str, ...]
    """Of all its entries."""
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Lines under one heading."""

    site: str | None
    """None: of all sites together."""
    entries: tuple[Entry, ...]
    lines: tuple[Line, ...]


@router.get("/restock/calendar")
def show(
    paper: Paper,
    session: Reading,
    view: Shape = Shape.MONTH,
    day: Annotated[date | None, Query(ge=DAYS[0], le=DAYS[1])] = None,
) -> HTMLResponse:
    """The month or week with `day` in it, or today."""
    return _calendar(paper, session, view, day or paper.today, None)


@router.get("/restock/calendar.ics", response_class=Response)
def own_feed(paper: Paper, session: Reading) -> Response:
    """The feed for who is logged in."""
    return _feed(paper, session, paper.say)


@router.get("/calendar/{secret}.ics", response_class=Response)
def secret_feed(paper: Paper, session: Reading, secret: str) -> Response:
    """The feed at an address that nobody can guess, for programs that can't log in."""
    holder = door_of(paper.request).feed_holder(secret)
    if holder is None:
        raise HTTPException(404)
    return _feed(paper, session, Say(paper.printer.texts, _language(paper, holder)))


@router.post("/restock/calendar/feed")
def make_feed(paper: Paper, session: Reading) -> HTMLResponse:
    """A new address for calendar programs, told once; the one before ends."""
    secret = door_of(paper.request).begin_feed(member_of(paper.request))
    address = f"{str(paper.request.base_url).rstrip('/')}/calendar/{quote(secret)}.ics"
    return _calendar(paper, session, Shape.MONTH, paper.today, address)


@router.post("/restock/calendar/feed/end")
def end_feed(paper: Paper) -> RedirectResponse:
    """The address is worth nothing any more."""
    door_of(paper.request).end_feed(member_of(paper.request))
    return RedirectResponse("/restock/calendar#feed", 303)


def _calendar(paper: Page, session: Session, view: Shape, day: date, address: str | None) -> HTMLResponse:
    first, last = _period(view, day)
    found = calendar.entries(session, first, last, paper.today)
    names = sites.names(session)
    if view is Shape.SITES:
        blocks = [_block(key, [one for one in found if one.at(key)], first, last) for key in sorted(names)]
    else:
        blocks = [_block(None, found, first, last)]
    before, after = first - timedelta(days=1), last + timedelta(days=1)
    return paper.show(
        "calendar.html",
        view=view,
        views=list(Shape),
        shown=day,
        first=first,
        last=last,
        days=[first + timedelta(days=number) for number in range((last - first).days + 1)],
        today=paper.today,
        blocks=[block for block in blocks if block.entries],
        shut={one for entry in found if entry.kind is Kind.CLOSURE and not entry.sites for one in _days_of(entry)},
        before=before if before >= DAYS[0] else None,
        after=after if after <= DAYS[1] else None,
        names=names,
        feed_since=door_of(paper.request).feed_since(member_of(paper.request)),
        address=address,
    )


def _period(view: Shape, day: date) -> tuple[date, date]:
    if view is Shape.WEEK:
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=WEEK - 1)
    return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])


def _block(site: str | None, entries: list[Entry], first: date, last: date) -> Block:
    """Entries of one line stand in it as long as they follow each other; what doesn't goes to a further one."""
    lines: dict[str, list[list[Entry]]] = {}
    for entry in sorted(entries, key=lambda one: one.first):
        rows = lines.setdefault(entry.line, [])
        free = next((row for row in rows if row[-1].last < entry.first), None)
        if free is None:
            rows.append([entry])
        else:
            free.append(entry)
    # In the order of kinds as they came, campaigns before runs before closures.
    order = {entry.line: number for number, entry in reversed(list(enumerate(entries)))}
    rows = [row for key in sorted(lines, key=lambda key: order[key]) for row in lines[key]]
    return Block(site, tuple(entries), tuple(_line(row, first, last) for row in rows))


def _line(row: list[Entry], first: date, last: date) -> Line:
    called = dict.fromkeys(site for entry in row for site in entry.sites)
    return Line(row[0], tuple(called), tuple(_cells(row, first, last)))


def _cells(row: list[Entry], first: date, last: date) -> Iterable[Cell]:
    day = first
    for entry in row:
        begin, end = max(entry.first, first), min(entry.last, last)
        while day < begin:
            yield Cell(day, 1)
            day += timedelta(days=1)
        yield Cell(day, (end - begin).days + 1, entry, entry.first >= first, entry.last <= last)
        day = end + timedelta(days=1)
    while day <= last:
        yield Cell(day, 1)
        day += timedelta(days=1)


def _days_of(entry: Entry) -> Iterable[date]:
    return (entry.first + timedelta(days=number) for number in range((entry.last - entry.first).days + 1))


def _language(paper: Page, holder: Member) -> str:
    known = [language for language in paper.hub.settings.languages if language in LANGUAGES]
    return holder.language if holder.language in known else known[0]


def _feed(paper: Page, session: Session, say: Say) -> Response:
    found = calendar.entries(session, paper.today - BEFORE, paper.today + AHEAD, paper.today, cancelled=True)
    names = sites.names(session)
    base = str(paper.request.base_url).rstrip("/")
    host = paper.request.base_url.hostname or "microlib"
    events = [
        ical.Event(
            uid=f"{entry.key}@{host}",
            title=words.feed_title(say, entry, names),
            first=entry.first,
            last=entry.last,
            place=words.sites(say, entry.sites, names, most=len(entry.sites)),
            text=words.feed_text(say, entry),
            url=f"{base}/restock/campaigns/{entry.number}" if entry.kind is Kind.CAMPAIGN else "",
            state=SURE.get(entry.state, ical.State.FIXED),
        )
        for entry in found
    ]
    body = ical.feed(say("calendar.feed-name"), events, paper.now)
    return Response(body, media_type="text/calendar; charset=utf-8", headers={"Cache-Control": "private, no-cache"})
