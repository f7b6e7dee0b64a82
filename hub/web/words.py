"""Sentences about what is known: where an item is, what happened to it, what is wrong with a site."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import ValidationError

from hub.projections.states import HoldingState
from hub.restock.query import DEEPEST, END, LONGEST, LONGEST_VALUE, Field, QueryWrong
from hub.restock.shelves import Pace
from hub.restocking.errors import Refused
from hub.views.calendar import Entry, Kind
from hub.views.campaigns import CampaignView, OverlapView
from hub.views.events import EventView
from hub.views.items import HoldingView, ItemView
from hub.views.shelves import CellView
from hub.views.sites import Problem, ProblemKind, SiteView
from hub.views.visits import Activity, Fill
from hub.web import times
from hub.web.say import Say
from protocol.status import DeviceState, DeviceStatus

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
    reason = _why(say, told)
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


def _why(say: Say, told: EventView) -> str:
    """The reason that an event gives, in words."""
    fact = told.fact
    match told.type:
        case "card_refused":
            return say.word("refusal", fact.get("reason"))
        case "item_refused":
            return say.word("item-trouble", fact.get("why"))
        case "compartment_stuck":
            return say.word("stuck", fact.get("why"))
        case "self_tested":
            parts = [str(part.get("part", "")) for part in fact.get("parts") or () if not part.get("ok")]
            return say("tested.well") if fact.get("ok") else say("tested.ill", parts=", ".join(parts))
        case _:
            return ""


def history(say: Say, told: EventView, names: Names) -> str:
    """One event of an item's history, as a sentence."""
    fact = told.fact
    key = f"history.{told.type}"
    if told.type == "undecided_settled" and not fact.get("present"):
        key = "history.undecided_settled-absent"
    if told.type == "found" and fact.get("first_count"):
        key = "history.found-first"
    if told.type == "loaded" and fact.get("hold"):
        key = "history.loaded-kept"
    if told.type in ("borrowed", "renewed") and not fact.get("due"):
        key = f"history.{told.type}-undated"
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


# ----------------------------------------------------------------------------------------------------------- restocking


def refusal(say: Say, wrong: Refused) -> str:
    """What can't be done, or what a field can't be."""
    return say(f"refused.{wrong.code}", **wrong.values)


def query_wrong(say: Say, wrong: QueryWrong) -> str:
    """What is wrong with a theme's query."""
    found = say("query.end") if wrong.found == END else wrong.found
    limits = {"longest": LONGEST, "deepest": DEEPEST, "longest_value": LONGEST_VALUE}
    return say(f"query.{wrong.wrong.name}", found=found, at=wrong.at, fields=say("list.comma").join(Field), **limits)


def faults(say: Say, wrong: ValidationError) -> dict[str, str]:
    """Field of a form -> what is wrong with it; of several faults the first."""
    found: dict[str, str] = {}
    for error in wrong.errors(include_url=False):
        found.setdefault(str(error["loc"][0]) if error["loc"] else "", _fault(say, dict(error)))
    return found


def _fault(say: Say, error: dict[str, Any]) -> str:
    limits = error.get("ctx", {})
    why = limits.get("error")
    if isinstance(why, Refused):
        return refusal(say, why)
    if isinstance(why, QueryWrong):
        return query_wrong(say, why)
    kind: str = error["type"]
    if kind in ("missing", "string_too_short", "too_short") or error.get("input") in ("", None):
        return say("refused.empty")
    if kind == "string_too_long":
        return say("refused.long", n=limits["max_length"])
    if kind.startswith(("date", "int", "float")):
        return say("refused.date" if kind.startswith("date") else "refused.number")
    return say("refused.unfit")


def days(say: Say, first: date, last: date) -> str:
    """A period; a single day is said once."""
    if first == last:
        return times.day(say, first)
    return say("calendar.days", first=times.day(say, first), last=times.day(say, last))


def measure(say: Say, known: CampaignView | Entry) -> str:
    """How much of a site's shelf a campaign asks for."""
    if known.items is not None:
        return say("campaign.items", n=known.items)
    return say("campaign.share", percent=percent(known.share or 0.0))


def percent(share: float) -> str:
    """A share as people write it, without needless zeros."""
    return f"{round(share * 100, 2):g}"


def sites(say: Say, keys: Sequence[str], names: Names, most: int = 3) -> str:
    """Sites by name; of many the first, and how many there are."""
    shown = say("list.comma").join(site(say, key, names) for key in keys[:most])
    return shown if len(keys) <= most else say("campaign.and-more", sites=shown, n=len(keys))


def overlap(say: Say, found: OverlapView, names: Names) -> str:
    """What is in the way at a site; the other campaigns are named beside."""
    key = f"campaign.{found.kind}{'' if found.others else '-alone'}"
    return say(
        key,
        site=site(say, found.site, names),
        wanted=found.wanted,
        room=found.capacity,
        day=times.day(say, found.first),
    )


def entry(say: Say, known: Entry) -> str:
    """What stands in the calendar, by name."""
    if known.kind is Kind.CLOSURE:
        return known.name or say("calendar.closed")
    return known.name


def standing(say: Say, known: Entry) -> str:
    """How it stands."""
    return say.word("phase-of" if known.kind is Kind.CAMPAIGN else "run-state", known.state) if known.state else ""


def feed_title(say: Say, known: Entry, names: Names) -> str:
    """What stands in a calendar program; a closure with its site, as nothing else shows it there."""
    if known.kind is not Kind.CLOSURE:
        return entry(say, known)
    at = sites(say, known.sites, names) if known.sites else say("calendar.everywhere")
    return say("calendar.closed-at", site=at, why=known.name) if known.name else say("calendar.closed-there", site=at)


def feed_text(say: Say, known: Entry) -> str:
    """More about it for a calendar program: a campaign's theme and measure, how a run stands."""
    if known.kind is not Kind.CAMPAIGN:
        return standing(say, known)
    return say("list.joint").join((known.theme, measure(say, known), standing(say, known)))


def cells(say: Say, shown: Sequence[CellView]) -> str:
    """What a group of a site's map shows."""
    counts = {pace: sum(cell.pace is pace for cell in shown) for pace in Pace}
    told = (say("map.so-many", what=say(f"map.pace-{pace}"), n=count) for pace, count in counts.items() if count)
    return say("list.joint").join(told)
