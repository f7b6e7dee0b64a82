"""Sites at a glance, and one site live."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from hub.projections.states import HoldingState
from hub.views import events, incidents, items, shelves, sites, visits
from hub.views.items import ItemView
from hub.views.sites import SiteView
from hub.views.view import Cut, reading
from hub.web.page import Page, Paper
from hub.web.stations import LOCKER

router = APIRouter(default_response_class=HTMLResponse)

Reading = Annotated[Session, Depends(reading)]
ON_SHELVES = 1000
"""Items of one site that its page lists."""
RECENT = 12


@dataclass(frozen=True, slots=True)
class ShelfList:
    """What stands on one shelf, or in all compartments of a locker."""

    station: str
    shelf: str
    """Empty: a locker's compartments together."""
    items: tuple[ItemView, ...]
    undecided: int
    capacity: int | None
    """As the site told; None when it didn't."""


@router.get("/")
def board(paper: Paper, session: Reading) -> HTMLResponse:
    """Every site at a glance; for htmx only the list of them."""
    known = sites.sites(session, paper.hub.settings, paper.now)
    template = "part/board.html" if paper.wants_part else "board.html"
    return paper.show(template, sites=known, broker_up=paper.hub.broker_up())


@router.get("/sites/{site}")
def one_site(paper: Paper, session: Reading, site: str) -> HTMLResponse:
    """One site, live."""
    found = _found(paper, session, site)
    drawn = shelves.shelves(session, site, paper.now, paper.hub.settings.zone)
    return paper.show("site.html", site=found, map=drawn, **_record(paper, session, found))


@router.get("/sites/{site}/card")
def card(paper: Paper, session: Reading, site: str) -> HTMLResponse:
    """The site's card on the board."""
    return paper.show("part/card.html", site=_found(paper, session, site))


@router.get("/sites/{site}/now")
def now(paper: Paper, session: Reading, site: str) -> HTMLResponse:
    """How the site is right now."""
    return paper.show("part/now.html", site=_found(paper, session, site))


@router.get("/sites/{site}/record", response_model=None)
def record(paper: Paper, session: Reading, site: str, after: int = -1) -> Response:
    """Shelves, visits, charts and events of the site; nothing when no event came after row `after`."""
    found = _found(paper, session, site)
    if events.newest(session, site) == after:
        return Response(status_code=204)
    return paper.show("part/record.html", site=found, **_record(paper, session, found))


def _found(paper: Page, session: Session, key: str) -> SiteView:
    found = sites.site(session, paper.hub.settings, paper.now, key)
    if found is None:
        raise HTTPException(404)
    return found


def _record(paper: Page, session: Session, site: SiteView) -> dict[str, Any]:
    return {
        "shelves": _shelves(session, site),
        "visits": visits.visits(session, site.site, RECENT, paper.today),
        "activity": visits.activity(session, site.site, paper.now, paper.hub.settings.zone),
        "fill": visits.fill(session, site.site),
        "newest": events.newest(session, site.site),
        "events": events.events(session, Cut(RECENT), site=site.site).rows,
        "incidents": incidents.at_site(session, site.site, 5),
    }


def _shelves(session: Session, site: SiteView) -> list[ShelfList]:
    told: dict[tuple[str, str], int] = {}
    lockers = {str(station.station) for station in site.stations if station.kind == LOCKER}
    for station in site.stations:
        for shelf in station.shelves:
            place = (str(station.station), "" if station.station in lockers else str(shelf.shelf))
            told[place] = told.get(place, 0) + shelf.capacity
    standing: dict[tuple[str, str], list[ItemView]] = {place: [] for place in told}
    for state in (HoldingState.SHELF, HoldingState.UNDECIDED):
        for item in items.items(session, Cut(ON_SHELVES), site=site.site, state=state).rows:
            at = item.holding.station or ""
            standing.setdefault((at, "" if at in lockers else item.holding.shelf or ""), []).append(item)
    return [
        ShelfList(
            station=name,
            shelf=shelf_name,
            items=tuple(sorted(there, key=_by_compartment if name in lockers else _by_title)),
            undecided=sum(item.holding.state is HoldingState.UNDECIDED for item in there),
            capacity=told.get((name, shelf_name)),
        )
        for (name, shelf_name), there in sorted(standing.items())
    ]


def _by_title(item: ItemView) -> tuple[str, str]:
    return item.title.casefold(), item.item


def _by_compartment(item: ItemView) -> tuple[str, str]:
    return item.holding.shelf or "", item.item
