"""Runs: picked at the library, carried out, judged by what the sites' shelf readers say."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from hub.api.paging import Page, Reading, Wanted, page
from hub.api.writing import Hub, Number, Who
from hub.restocking import runs as doing
from hub.restocking import scans
from hub.restocking.errors import Unknown
from hub.restocking.runs import Dropped, Happened, State
from hub.views import runs
from hub.views.runs import RunView, StopView, TransferView

router = APIRouter(prefix="/runs", tags=["runs"])

SiteKey = Annotated[str, Field(max_length=64)]
Day = Annotated[date | None, Query(examples=["2026-11-24"])]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class WantedItem(_Body):
    """One item that a run is to move."""

    item: Annotated[str, Field(max_length=64)]
    title_id: Annotated[str, Field(max_length=64)]
    origin: SiteKey | None = None
    """A site; null: the library."""
    target: SiteKey | None = None
    """A site; null: home to the library."""


class WantedStop(_Body):
    """A site to call at."""

    site: SiteKey
    minutes: Annotated[int, Field(ge=0, le=2880)] | None = None
    """After leaving the library, as estimated."""


class WantedRun(_Body):
    """A run that comes of no plan."""

    day: date
    name: Annotated[str, Field(min_length=1, max_length=100)]
    stops: Annotated[list[WantedStop], Field(min_length=1, max_length=2000)]
    """In their order."""
    transfers: Annotated[list[WantedItem], Field(max_length=100_000)] = []
    tote: Annotated[int, Field(ge=1, le=1000)] = 30
    """Items that go into one tote."""
    courier: Annotated[str, Field(max_length=200)] = ""


class Standing(_Body):
    """How the run is to stand."""

    state: State
    """underway: it leaves, or isn't over after all; picking: it hasn't left after all; closed; abandoned."""
    without: bool = True
    """When it leaves: what isn't picked is dropped; else it stays wanted."""
    why: Annotated[str, Field(max_length=200)] = ""
    """When it is abandoned."""


class Scanned(_Body):
    """What a barcode reader read."""

    code: Annotated[str, Field(min_length=1, max_length=64)]


class Skipped(_Body):
    """Whether a stop is left out."""

    why: Annotated[str, Field(min_length=1, max_length=doing.LONGEST_WHY)] | None
    """Null: the courier calls there after all."""


class Left(_Body):
    """Whether a transfer is left out."""

    why: Dropped | None
    """not-found or by-hand; null: it is done after all."""


class PickedView(BaseModel):
    """What came of a scan while picking."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    happened: Happened
    code: str
    item: str | None
    title: str
    scan: int | None
    """To be taken back with."""
    transfer: int | None
    place: str | None
    """taken, again: the site it goes to; at-site: where it is taken."""
    other: str
    """other-copy: the barcode that is wanted; other-run: its run."""
    run: RunView
    """How the run stands after it."""


@router.get("", summary="Runs, the latest days first")
def list_runs(
    request: Request,
    session: Reading,
    wanted: Wanted,
    state: State | None = None,
    since: Day = None,
    upto: Day = None,
) -> Page[RunView]:
    """Runs with how far they are; their stops and transfers have addresses of their own."""
    return page(request, wanted, runs.listed(session, wanted, state=state, since=since, upto=upto))


@router.post("", summary="A run without a plan", status_code=201)
def make(hub: Hub, wanted: WantedRun) -> RunView:
    """It can be picked at once; runs of plans are made when these are approved."""
    with hub.database.write() as session:
        made = doing.make(
            session,
            day=wanted.day,
            name=wanted.name,
            stops=[(stop.site, stop.minutes) for stop in wanted.stops],
            transfers=[doing.Wanted(one.item, one.title_id, one.origin, one.target) for one in wanted.transfers],
            tote=wanted.tote,
            courier=wanted.courier,
        )
    return _told(hub, made)


@router.get("/{run}", summary="One run")
def one_run(session: Reading, run: Number) -> RunView:
    """How far it is."""
    return runs.run(session, run)


@router.put("/{run}/state", summary="A run leaves, is over, or isn't after all")
def stand(hub: Hub, run: Number, wanted: Standing) -> RunView:
    """What its state doesn't allow is a 409."""
    now, zone = hub.clock.utc(), hub.settings.zone
    with hub.database.write() as session:
        before = doing.get(session, run).state
        match wanted.state:
            case State.UNDERWAY if before == State.PICKING:
                doing.leave(session, run, now=now, without=wanted.without)
            case State.PICKING if before == State.UNDERWAY:
                doing.unleave(session, run)
            case State.CLOSED:
                doing.close(session, run, zone, now)
            case State.ABANDONED:
                doing.abandon(session, run, wanted.why, zone, now)
            case _:
                doing.reopen(session, run, zone, now)
    return _told(hub, run)


@router.get("/{run}/stops", summary="A run's stops, and what became of each item there")
def list_stops(session: Reading, hub: Hub, run: Number) -> list[StopView]:
    """In their order; outcomes say more when a site that was offline tells what its reader saw."""
    return runs.stops(session, run, hub.settings.zone)


@router.put("/{run}/stops/{site}", summary="Leave a stop out, or not after all")
def skip(hub: Hub, run: Number, site: str, wanted: Skipped) -> list[StopView]:
    """What was for it is expected back at the library."""
    with hub.database.write() as session:
        if wanted.why is None:
            doing.unskip(session, run, site)
        else:
            doing.skip(session, run, site, wanted.why)
    _told(hub, run)
    with hub.database.read() as session:
        return runs.stops(session, run, hub.settings.zone)


@router.get("/{run}/transfers", summary="What a run moves, in the order of its pick list")
def list_transfers(session: Reading, run: Number) -> list[TransferView]:
    """The library's shelves first, then sites in the run's order; those dropped too."""
    return runs.transfers(session, run)


@router.put("/{run}/transfers/{transfer}", summary="Leave a transfer out, or not after all")
def drop(hub: Hub, run: Number, transfer: Number, wanted: Left) -> TransferView:
    """Not found at the library makes a task."""
    now, zone = hub.clock.utc(), hub.settings.zone
    with hub.database.write() as session:
        if all(one.id != transfer for one in doing.transfers_of(session, run)):
            raise Unknown("transfer", transfer)
        if wanted.why is None:
            doing.restore(session, transfer, zone, now)
        else:
            doing.drop(session, transfer, wanted.why, zone, now)
    _told(hub, run)
    with hub.database.read() as session:
        return next(one for one in runs.transfers(session, run) if one.id == transfer)


@router.post("/{run}/scans", summary="An item is taken off the library's shelf for a run")
def pick(hub: Hub, who: Who, run: Number, wanted: Scanned) -> PickedView:
    """What isn't to be taken changes nothing; `happened` says why."""
    with hub.database.write() as session:
        came = doing.pick(session, hub.settings, run, wanted.code, by=who.name, now=hub.clock.utc())
    for notice in came.notices:
        hub.notices.publish(notice)
    with hub.database.read() as session:
        return PickedView(
            happened=came.happened, code=came.code, item=came.item, title=came.title, scan=came.scan,
            transfer=came.transfer, place=came.place, other=came.other, run=runs.run(session, run),
        )  # fmt: skip


@router.delete("/{run}/scans/{scan}", summary="Take a pick back")
def unpick(hub: Hub, run: Number, scan: Number) -> RunView:
    """The item stands at the library again."""
    with hub.database.write() as session:
        told = doing.unpick(session, hub.settings, run, scan, hub.clock.utc())
    for notice in told.notices:
        hub.notices.publish(notice)
    return _told(hub, run)


def _told(hub: Hub, run: int) -> RunView:
    hub.notices.publish(scans.notice(run))
    with hub.database.read() as session:
        return runs.run(session, run)
