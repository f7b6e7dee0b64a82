"""What a site's stations say of themselves, in words: what goes on, doors, seats, compartments."""

from collections.abc import Iterator

from hub.views.sites import SiteView
from hub.web.say import Say
from protocol.status import DoorState, StationStatus

DOORED = frozenset({"cabinet", "room"})
"""Kinds of station of which one door stands for the whole."""
LOCKER, DROP = "locker", "drop"
BIN = "bin"
"""What a returns drop calls its only shelf."""


def doors(say: Say, known: SiteView) -> str:
    """Every door of the site that isn't shut, or that all are; nobody knows while it is silent. Empty: it has none."""
    if not known.online:
        return say.word("door", DoorState.UNKNOWN)
    states = [station.door for station in known.stations if _has_door(station)]
    for state in (DoorState.OPEN, DoorState.UNKNOWN):
        if state in states:
            return say.word("door", state)
    if states:
        return say.word("door", DoorState.SHUT)
    return "" if known.stations else say.word("door", DoorState.UNKNOWN)


def phase(say: Say, known: SiteView, station: StationStatus) -> str:
    """What goes on at the station; nobody knows while its site is silent."""
    if not known.online:
        return say("phase.silent")
    key = f"phase.{station.phase}"
    return say(key if say.texts.has(key) else "phase.unknown")


def facts(say: Say, known: SiteView, station: StationStatus) -> str:
    """What kind of station it is, and how it stands, in one line; only the former while its site is silent."""
    return " · ".join(_facts(say, known, station))


def kind(say: Say, station: StationStatus) -> str:
    """What kind of station it is."""
    key = f"station.{station.kind}"
    return say(key if say.texts.has(key) else "station.other")


def shelf(say: Say, name: str) -> str:
    """The name of a shelf, the bin of a returns drop, or (empty) the compartments of a locker."""
    if not name:
        return say("site.compartments")
    return say("site.bin") if name == BIN else say("site.shelf", shelf=name)


def _facts(say: Say, known: SiteView, station: StationStatus) -> Iterator[str]:
    yield kind(say, station)
    yield station.station
    if _has_door(station):
        yield say("site.door", state=say.word("door", station.door if known.online else DoorState.UNKNOWN))
    if not known.online:
        return
    if station.people is not None and station.seats:
        yield say("site.seats", n=station.people, of=station.seats)
    elif station.people is not None:
        yield say("site.people", n=station.people)
    elif station.seats:
        yield say("site.seats-all", n=station.seats)
    if station.kind == LOCKER and station.shelves:
        occupied = sum(bool(one.present or one.undecided or one.foreign) for one in station.shelves)
        yield say("site.occupied", n=occupied, free=len(station.shelves) - occupied)
    if station.kind == DROP:
        for one in station.shelves:
            yield say("site.filled", n=one.present + one.foreign, of=one.capacity)


def _has_door(station: StationStatus) -> bool:
    return station.kind in DOORED or station.door is not DoorState.UNKNOWN
