"""Sentences about what is known: where an item is, what happened to it, what is wrong with a site."""

from collections.abc import Mapping, Sequence

from hub.projections.states import HoldingState
from hub.views.events import EventView
from hub.views.items import HoldingView, ItemView
from hub.views.sites import Problem, ProblemKind, SiteView
from hub.views.visits import Activity, Fill
from hub.web.say import Say
from protocol.status import DeviceState, DeviceStatus, DoorState, StationStatus

Names = Mapping[str, tuple[str, str]]
"""Site -> its name in Chinese and in English."""

PLACED = frozenset({HoldingState.SHELF, HoldingState.UNDECIDED, HoldingState.MISSING})


def site(say: Say, key: str | None, names: Names) -> str:
    """The site's name in the page's language; its id when it has none."""
    zh, en = names.get(key or "", (key or "", key or ""))
    return zh if say.language.startswith("zh") else en


def other_name(language: str, known: SiteView) -> str:
    """The site's name in the other language."""
    return known.name_en if language.startswith("zh") else known.name_zh


def place(say: Say, held: HoldingView, names: Names) -> str:
    """Site, station and shelf of a holding."""
    return say("place.shelf", site=site(say, held.site, names), station=held.station, shelf=held.shelf)


def where(say: Say, item: ItemView, names: Names) -> str:
    """Where the item is, in one sentence."""
    held = item.holding
    if held.state is HoldingState.TRANSIT and held.site is None:
        return say("where.transit-library")
    return say(f"where.{held.state}", place=place(say, held, names), site=site(say, held.site, names))


def fill(say: Say, known: SiteView) -> str:
    """What the fill picture shows."""
    return say("fill.picture", present=known.present, undecided=known.undecided, capacity=known.capacity)


def doors(say: Say, known: SiteView) -> str:
    """Every door of the site that isn't shut, or that all are; nobody knows while it is silent."""
    if not known.online:
        return say.word("door", DoorState.UNKNOWN)
    states = [station.door for station in known.stations]
    for state in (DoorState.OPEN, DoorState.UNKNOWN):
        if state in states:
            return say.word("door", state)
    return say.word("door", DoorState.SHUT if states else DoorState.UNKNOWN)


def phase(say: Say, known: SiteView, station: StationStatus) -> str:
    """What goes on at the station; nobody knows while its site is silent."""
    return say.word("phase", station.phase) if known.online else say("phase.silent")


def door(say: Say, known: SiteView, station: StationStatus) -> str:
    """Whether the station's door is open; nobody knows while its site is silent."""
    return say.word("door", station.door if known.online else DoorState.UNKNOWN)


def device(say: Say, known: DeviceStatus) -> str:
    """A device and whether it does its work."""
    key = "device.failed-why" if known.state is DeviceState.FAILED and known.detail else f"device.{known.state}"
    return say(key, device=known.device, driver=known.driver, why=known.detail)


def health(say: Say, known: SiteView) -> str:
    """Queue, clock and directory of the site, in one line."""
    parts = [say("health.queue", n=known.queue or 0) if known.queue else say("health.no-queue")]
    if known.clock is not None:
        parts.append(say.word("clock", known.clock))
    if known.directory_version is not None:
        parts.append(say("health.directory", version=known.directory_version))
    return say("list.joint").join(parts)


def problem(say: Say, wrong: Problem) -> str:
    """One thing that is wrong, and where."""
    if wrong.kind is ProblemKind.DIRECTORY and wrong.count is None:
        return say("problem.directory-none")
    return say(
        f"problem.{wrong.kind}", n=wrong.count or 0, station=wrong.station, device=wrong.device, why=wrong.detail
    )


def summary(say: Say, known: Sequence[SiteView]) -> str:
    """All sites in one line."""
    return say("list.joint").join(
        (
            say("summary.online", n=sum(one.online is True for one in known), of=len(known)),
            say("summary.items", n=sum(one.present for one in known)),
            say("summary.loans", n=sum(one.on_loan for one in known)),
        )
    )


def event(say: Say, told: EventView) -> str:
    """One row of the ledger in a few words."""
    if not told.understood:
        return say("event.not-understood")
    fact = told.fact
    reason = say.word("refusal", fact.get("reason")) if told.type == "card_refused" else ""
    key = f"event.{told.type}"
    if not say.texts.has(key):
        return told.type or ""
    return say(
        key,
        item=told.item or told.tag or "",
        items=fact.get("items", ""),
        shelf=fact.get("shelf", ""),
        device=fact.get("device", ""),
        why=reason,
    )


def history(say: Say, told: EventView, names: Names) -> str:
    """One event of an item's history, as a sentence."""
    fact = told.fact
    key = f"history.{told.type}"
    if told.type == "undecided_settled" and not fact.get("present"):
        key = "history.undecided_settled-absent"
    if told.type == "found" and fact.get("first_count"):
        key = "history.found-first"
    if told.type == "borrowed" and not fact.get("due"):
        key = "history.borrowed-undated"
    return say(
        key,
        site=site(say, told.site, names),
        station=told.station,
        shelf=fact.get("shelf", ""),
        from_shelf=fact.get("from_shelf", ""),
        due=fact.get("due", ""),
    )


def notes(say: Say, told: EventView) -> list[str]:
    """What needs explaining about an event: its flags, that it was explained late, that a borrow was reversed."""
    fact = told.fact
    found = [say.word("flag-long", flag) for flag in fact.get("flags") or ()]
    if fact.get("late"):
        found.append(say("note.late"))
    for kind in ("borrow_reversed", "undecided", "missing"):
        if told.type == kind:
            found.append(say(f"note.{kind}"))
    return found


def busy(say: Say, activity: Activity) -> str:
    """What the picture of visits shows."""
    points = activity.points
    return say(
        "chart.busy-picture",
        visits=sum(point.visits for point in points),
        borrowed=sum(point.borrowed for point in points),
        returned=sum(point.returned for point in points),
    )


def bucket(say: Say, activity: Activity, number: int) -> str:
    """The name of one hour or day on the axis."""
    start = activity.points[number].start
    if activity.hourly:
        return say("time.short", month=say(f"month.{start.month}"), day=start.day, clock=f"{start:%H:%M}")
    return say("time.month-day", month=say(f"month.{start.month}"), day=start.day)


def course(say: Say, points: Sequence[Fill]) -> str:
    """What the picture of a shelf's fill shows."""
    counts = [point.items for point in points]
    return say("chart.fill-picture", low=min(counts), high=max(counts), now=counts[-1])
