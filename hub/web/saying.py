"""Sentences about runs and tasks: what a scan brought, what became of an item, what is to be done."""

from datetime import datetime, time, timedelta, tzinfo

from hub.restocking.runs import Happened, Picked
from hub.restocking.tasks import Kind
from hub.views.runs import OutcomeLine, RunView, StopView, TransferView
from hub.views.tasks import TaskView
from hub.web.reasons import place
from hub.web.say import Say
from hub.web.words import Names, where


def name(say: Say, run: RunView) -> str:
    """What a run is called."""
    return run.name or say("run.unnamed", n=run.id)


def arrival(run: RunView, stop: StopView, zone: tzinfo) -> str:
    """About when it comes to a stop, by the clock; empty where nobody knows."""
    if stop.minutes is None:
        return ""
    left = run.left_at
    if left is None and run.departs is not None:
        left = datetime.combine(run.day, time.min, zone) + timedelta(minutes=run.departs)
    return f"{(left + timedelta(minutes=stop.minutes)).astimezone(zone):%H:%M}" if left is not None else ""


def picked(say: Say, came: Picked, happened: Happened, mine: TransferView | None, names: Names) -> str:
    """What came of a scan, as loud as it is short."""
    return say(
        f"run.picked.{happened}",
        code=came.code,
        place=place(say, came.place, names),
        tote=mine.tote if mine else "",
        other=came.other,
    )


def outcome(say: Say, line: OutcomeLine, names: Names) -> str:
    """What became of an item at a stop."""
    return say(f"run.outcome.{line.outcome}", place=place(say, line.meant_for, names))


def confirmed(say: Say, stop: StopView) -> str:
    """What the cabinet said of a stop."""
    if stop.skipped is not None:
        return say("run.skipped-why", why=stop.skipped)
    return say("run.confirmed", n=stop.done, of=stop.load + stop.unload) if stop.visited else say("run.unheard")


def task(say: Say, one: TaskView, names: Names) -> str:
    """What is the matter."""
    return say(f"task.matter.{one.kind}", **_values(say, one, names))


def remedy(say: Say, one: TaskView, names: Names) -> str:
    """What is to be done about it."""
    return say(f"task.remedy.{one.kind}", **_values(say, one, names))


def _values(say: Say, one: TaskView, names: Names) -> dict[str, str]:
    about = one.about
    return {
        "place": place(say, one.site, names),
        "other": place(say, about.get("meant_for"), names),
        "station": str(about.get("station", "")),
        "tag": str(about.get("tag", "")),
        "shelf": str(about.get("shelf", "")),
        "number": str(about.get("reservation", "")),
        "parts": say("list.comma").join(str(part) for part in about.get("parts", ())),
        "why": say.word("stuck", str(about.get("why", ""))) if one.kind is Kind.STUCK else "",
        "should": say("task.on-loan" if about.get("on_loan") else "task.in-stock"),
    }


def whereabouts(say: Say, one: TaskView, names: Names) -> str:
    """Where its item is now."""
    return where(say, one.now, names) if one.now is not None else ""
