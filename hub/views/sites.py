"""Sites: whether they are online, what stands on their shelves, and what is wrong with them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import ConfigDict, ValidationError
from sqlalchemy import select
from sqlmodel import Session, col

from hub.models import Site, SiteState, Task
from hub.projections.sites import online
from hub.projections.states import HoldingState
from hub.restocking.tasks import OF_SITES, Kind
from hub.settings import Settings
from hub.views.items import states_at
from hub.views.view import View
from protocol.names import ClockTrust
from protocol.status import DeviceState, DeviceStatus, StationStatus, Status

QUEUE_LONG = 100
"""Events waiting at a site, from which on people should know: two full batches."""
DISK_LOW_MB = 300
DIRECTORY_OLD = timedelta(hours=24)

_EXAMPLE: dict[str, Any] = {
    "site": "harbour-bank",
    "name_zh": "海港银行",
    "name_en": "Harbour Bank",
    "partner": "Harbour Bank",
    "address": "海港路 1 号",
    "online": True,
    "heard_at": "2026-11-23T02:03:05Z",
    "capacity": 120,
    "latitude": 31.2397,
    "longitude": 121.4998,
    "headroom": 6,
    "present": 48,
    "undecided": 0,
    "on_loan": 7,
    "missing": 0,
    "stations": [
        {
            "station": "cabinet-1",
            "kind": "cabinet",
            "phase": "idle",
            "door": "shut",
            "shelves": [{"shelf": "A", "present": 24, "undecided": 0, "foreign": 0, "capacity": 60}],
            "last_visit_at": "2026-11-23T02:01:00Z",
            "out_of_order": None,
        }
    ],
    "devices": [{"device": "reader", "driver": "feig-obid", "state": "ok", "detail": ""}],
    "status_at": "2026-11-23T02:03:05Z",
    "queue": 0,
    "clock": "synced",
    "directory_version": 312,
    "directory_age_s": 40,
    "free_mb": 21000,
    "last_visit": "9f8e7d6c5b4a39281706f5e4d3c2b1a0",
    "last_visit_at": "2026-11-23T02:01:00Z",
    "problems": [],
}


class ProblemKind(StrEnum):
    """What can be wrong with a site, as far as it told."""

    OFFLINE = "offline"
    NEVER_HEARD = "never-heard"
    OUT_OF_ORDER = "out-of-order"
    """A station turns patrons away; `detail` lists the devices that failed."""
    DEVICE_FAILED = "device-failed"
    DOOR_HELD = "door-held"
    DOOR_FORCED = "door-forced"
    """The door stands open without a visit."""
    QUEUE = "queue"
    """`count` events wait at the site."""
    CLOCK = "clock"
    """Nobody has told its clock the time since it started."""
    DISK = "disk"
    """`count` megabytes are free."""
    DIRECTORY = "directory"
    """Its copy of cards and items is `count` hours old, or it has none (null)."""
    UNDECIDED = "undecided"
    """`count` items can't be told to be there or not."""
    MISSING = "missing"
    """`count` items were last known here and are gone without a visit."""
    SECURITY = "security"
    """`count` tags say of their loan what isn't so. A task says more; so with the kinds after it."""
    ALARM = "alarm"
    """`count` items went through a gate without a loan."""
    STUCK = "stuck"
    """`count` compartments of a station can't be used, those in `detail`."""
    UNWELL = "unwell"
    """A station's self-test found something wrong with the parts in `detail`."""
    INCOMPLETE = "incomplete"
    """`count` sets came without all their parts."""
    UNCOLLECTED = "uncollected"
    """`count` items lie in compartments of a locker for nobody, those in `detail`."""


class Problem(View):
    """One thing that is wrong."""

    kind: ProblemKind
    station: str | None = None
    device: str | None = None
    detail: str = ""
    count: int | None = None

    @property
    def is_task(self) -> bool:
        """Tasks say more of it."""
        return self.kind.value in OF_SITES

    @property
    def grave(self) -> bool:
        """Patrons feel it now."""
        return self.kind in (
            ProblemKind.OFFLINE,
            ProblemKind.OUT_OF_ORDER,
            ProblemKind.DEVICE_FAILED,
            ProblemKind.DOOR_HELD,
            ProblemKind.DOOR_FORCED,
        )


class SiteView(View):
    """A place at a partner: counts come from the ledger, stations and devices from its last heartbeat."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    site: str
    name_zh: str
    name_en: str
    partner: str
    address: str
    online: bool | None
    """Heard within the expected time; null when it was never heard."""
    heard_at: datetime | None
    """Last word from it, by the hub's clock."""
    capacity: int
    """Items its shelves have room for."""
    latitude: float | None
    """WGS84; null where nobody told."""
    longitude: float | None
    headroom: int
    """Places that a restock keeps free."""
    present: int
    """Items on its shelves."""
    undecided: int
    on_loan: int
    """Open loans that began here."""
    missing: int
    stations: list[StationStatus]
    """As told in the last heartbeat."""
    devices: list[DeviceStatus]
    status_at: datetime | None
    """When that heartbeat came."""
    queue: int | None
    """Events that waited at the site to be confirmed."""
    clock: ClockTrust | None
    directory_version: int | None
    directory_age_s: int | None
    free_mb: int | None
    last_visit: str | None
    last_visit_at: datetime | None
    problems: list[Problem]
    """What is wrong, the gravest first."""

    def name(self, language: str) -> str:
        """Its name in `language`."""
        return self.name_zh if language.startswith("zh") else self.name_en


def sites(session: Session, settings: Settings, now: datetime) -> list[SiteView]:
    """Every site there is or that was ever heard, by id."""
    known = {row.site: row for row in session.scalars(select(Site))}
    heard = {row.site: row for row in session.scalars(select(SiteState))}
    counts = states_at(session)
    tasks = _tasks(session)
    return [
        _view(key, known.get(key), heard.get(key), counts.get(key, {}), tasks.get(key, []), settings, now)
        for key in sorted(known.keys() | heard.keys())
    ]


def site(session: Session, settings: Settings, now: datetime, key: str) -> SiteView | None:
    """One site."""
    known, heard = session.get(Site, key), session.get(SiteState, key)
    if known is None and heard is None:
        return None
    counts, tasks = states_at(session, key), _tasks(session, key)
    return _view(key, known, heard, counts.get(key, {}), tasks.get(key, []), settings, now)


def names(session: Session) -> dict[str, tuple[str, str]]:
    """Site -> its name in Chinese and in English."""
    rows = session.execute(select(col(Site.site), col(Site.name_zh), col(Site.name_en)))
    return {key: (zh, en) for key, zh, en in rows}


def presence(session: Session, settings: Settings, now: datetime) -> dict[str, bool]:
    """Site -> online right now."""
    factor = settings.ingest.offline_factor
    return {
        row.site: online(row.heard_at, row.gone, row.every_s, now, factor) for row in session.scalars(select(SiteState))
    }


def _view(
    key: str,
    known: Site | None,
    heard: SiteState | None,
    counts: dict[HoldingState, int],
    tasks: list[Task],
    settings: Settings,
    now: datetime,
) -> SiteView:
    known = known or Site(site=key, name_zh=key, name_en=key)
    heard = heard or SiteState(site=key)
    status = _status(heard.status)
    stations = list(status.stations) if status else []
    is_online = None
    if heard.heard_at is not None:
        is_online = online(heard.heard_at, heard.gone, heard.every_s, now, settings.ingest.offline_factor)
    told = sum(shelf.capacity for station in stations for shelf in station.shelves)
    return SiteView(
        site=key,
        name_zh=known.name_zh,
        name_en=known.name_en,
        partner=known.partner,
        address=known.address,
        online=is_online,
        heard_at=heard.heard_at,
        capacity=known.capacity or told,
        latitude=known.latitude,
        longitude=known.longitude,
        headroom=known.headroom,
        present=counts.get(HoldingState.SHELF, 0),
        undecided=counts.get(HoldingState.UNDECIDED, 0),
        on_loan=counts.get(HoldingState.LOAN, 0),
        missing=counts.get(HoldingState.MISSING, 0),
        stations=stations,
        devices=list(status.devices) if status else [],
        status_at=heard.status_at,
        queue=status.queue if status else None,
        clock=status.clock if status else None,
        directory_version=status.directory_version if status else None,
        directory_age_s=status.directory_age_s if status else None,
        free_mb=status.free_mb if status else None,
        last_visit=heard.last_visit,
        last_visit_at=heard.last_visit_at,
        problems=_problems(is_online, status, counts, tasks),
    )


def _status(told: dict[str, Any] | None) -> Status | None:
    if told is None:
        return None
    try:
        return Status.model_validate(told)
    except ValidationError:  # a newer site's heartbeat: shown as if none had come
        return None


def _tasks(session: Session, site: str | None = None) -> dict[str, list[Task]]:
    """What sites said themselves and nobody has looked after yet, by site."""
    query = select(Task).where(col(Task.done_at).is_(None), col(Task.run).is_(None), col(Task.kind).in_(OF_SITES))
    if site is not None:
        query = query.where(col(Task.site) == site)
    found: dict[str, list[Task]] = {}
    for task in session.scalars(query.order_by(col(Task.id))):
        found.setdefault(task.site or "", []).append(task)
    return found


def _problems(
    is_online: bool | None, status: Status | None, counts: dict[HoldingState, int], tasks: list[Task]
) -> list[Problem]:
    found: list[Problem] = []
    if is_online is None:
        found.append(Problem(kind=ProblemKind.NEVER_HEARD))
    elif not is_online:
        found.append(Problem(kind=ProblemKind.OFFLINE))
    if status is not None:
        found += _told(status)
    for kind, state in (
        (ProblemKind.UNDECIDED, HoldingState.UNDECIDED),
        (ProblemKind.MISSING, HoldingState.MISSING),
    ):
        if counts.get(state):
            found.append(Problem(kind=kind, count=counts[state]))
    found += _said(tasks)
    return sorted(found, key=lambda problem: not problem.grave)


def _said(tasks: list[Task]) -> Iterator[Problem]:
    """Tasks of one kind as one problem, those of compartments and self-tests by station."""
    groups: dict[tuple[str, str | None], list[Task]] = {}
    for task in tasks:
        whole = task.kind in (Kind.STUCK, Kind.UNWELL, Kind.UNCOLLECTED)
        groups.setdefault((task.kind, task.about.get("station") if whole else None), []).append(task)
    for (kind, station), those in groups.items():
        parts = [str(part) for task in those for part in task.about.get("parts", ())]
        shelves = [str(task.about["shelf"]) for task in those if "shelf" in task.about]
        yield Problem(
            kind=ProblemKind(kind), station=station, detail=", ".join(sorted(shelves) or parts), count=len(those)
        )


def _told(status: Status) -> list[Problem]:
    found = []
    for station in status.stations:
        if station.out_of_order is not None:
            found.append(Problem(kind=ProblemKind.OUT_OF_ORDER, station=station.station, detail=station.out_of_order))
        if station.phase == "held":
            found.append(Problem(kind=ProblemKind.DOOR_HELD, station=station.station))
        if station.phase == "intruded":
            found.append(Problem(kind=ProblemKind.DOOR_FORCED, station=station.station))
    for device in status.devices:
        if device.state is DeviceState.FAILED:
            found.append(Problem(kind=ProblemKind.DEVICE_FAILED, device=device.device, detail=device.detail))
    if status.queue >= QUEUE_LONG:
        found.append(Problem(kind=ProblemKind.QUEUE, count=status.queue))
    if status.clock is ClockTrust.UNSYNCED:
        found.append(Problem(kind=ProblemKind.CLOCK))
    if status.free_mb < DISK_LOW_MB:
        found.append(Problem(kind=ProblemKind.DISK, count=status.free_mb))
    if status.directory_age_s is None:
        found.append(Problem(kind=ProblemKind.DIRECTORY))
    elif status.directory_age_s >= DIRECTORY_OLD.total_seconds():
        found.append(Problem(kind=ProblemKind.DIRECTORY, count=status.directory_age_s // 3600))
    return found
