"""A room's state: its doors one by one, who is on the way in and who inside, and what its pages show. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from edge.hours import Hours
from edge.screen import View, ViewKind
from edge.stations import seats
from edge.stations.effects import Effect, Show
from edge.stations.inputs import ClockRead, Part
from edge.stations.visit import OpenVisit
from protocol.names import DeviceName, Frozen, StationName

INSIDE = "inside"
"""The page for the screen inside; the one with a door's name is for the screen outside that door."""


class Phase(StrEnum):
    """How the room as a whole is."""

    STARTING = "starting"
    IDLE = "idle"
    FREE = "fire-released"
    """The fire alarm holds every door open."""
    OUT = "out-of-order"
    """By no door can anybody be let in."""


class Way(StrEnum):
    """How one of its doors is."""

    SHUT = "shut"
    INVITED = "invited"
    """Unlocked; nobody has opened yet."""
    OPEN = "open"
    """Somebody goes in."""
    HELD = "held"
    """Open for too long."""
    CLOSING = "closing"
    """Shut a moment ago; it may spring open again."""
    LEFT = "left"
    """Opened from inside."""
    FORCED = "forced"
    """Opened, and nobody knows by whom."""
    BLIND = "blind"
    """Its lock or contact doesn't answer."""


AT_REST = (Way.SHUT, Way.BLIND)
"""Nobody is at the door."""


class Sight(StrEnum):
    """What only a room shows."""

    CLOSED = "closed"
    FULL = "full"
    FREE = "free"
    INSIDE = "inside"
    CLOSING_SOON = "closing-soon"
    CLOSED_INSIDE = "closed-inside"


@dataclass(frozen=True, slots=True)
class Entrance:
    """One door's fixed facts."""

    door: DeviceName
    card_reader: DeviceName
    exit_button: DeviceName | None = None
    barrier: DeviceName | None = None
    hours: Hours = field(default_factory=Hours)


@dataclass(frozen=True, slots=True)
class Plan:
    """A room's fixed facts."""

    station: StationName
    entrances: tuple[Entrance, ...]
    fire_release: DeviceName | None
    seats: int | None
    announce_s: float
    stay_s: float
    unlock_s: float
    held_warn_s: float
    held_alarm_s: float
    quiet_s: float
    refusal_s: float

    def entrance(self, door: DeviceName) -> Entrance:
        """That door's facts."""
        return next(e for e in self.entrances if e.door == door)

    def named(self, door: DeviceName) -> DeviceName | None:
        """How facts about visits name a door: not at all where there is only one."""
        return door if len(self.entrances) > 1 else None


class Entry(Frozen):
    """One card's way in that isn't over yet."""

    door: DeviceName
    visit: OpenVisit
    staff: bool = False
    """A courier's or a service card's: takes no seat."""
    opened: bool = False
    recovered: bool = False


class Memory(Frozen):
    """What a room knows across restarts; kept in the journal with every fact."""

    entries: tuple[Entry, ...] = ()
    inside: seats.Inside = ()
    released: bool = False
    """The hub was told that the fire alarm holds the doors."""


@dataclass(frozen=True, slots=True)
class Doorway:
    """One door as it is just now."""

    way: Way = Way.SHUT
    is_open: bool | None = None
    """What its contact said last."""
    button: bool = False
    """The exit button is pressed."""
    pressed: bool = False
    """It was, a moment ago."""
    passed: int = 0
    """How often somebody passed the barrier since the door opened."""


@dataclass(frozen=True, slots=True)
class Room:
    """A room's state."""

    phase: Phase
    memory: Memory
    doorways: Mapping[DeviceName, Doorway]
    out: frozenset[DeviceName] = frozenset()
    """Devices that don't answer."""
    unwritable: bool = False
    clock: ClockRead | None = None
    unsaved_s: float = 0.0
    """Since when the journal hasn't been told how long people have been inside."""
    visit: OpenVisit | None = field(default=None, init=False)
    """Never one: a room's visits are its memory's entries, one or more a door."""

    @property
    def down(self) -> frozenset[Part]:
        """What keeps the room as a whole from serving."""
        return frozenset({Part.STORAGE}) if self.unwritable else frozenset()

    @property
    def people(self) -> int:
        """How many are inside, as far as anybody knows."""
        return seats.count(self.memory.inside)

    def entries(self, door: DeviceName) -> tuple[Entry, ...]:
        """Who is on the way in by that door."""
        return tuple(e for e in self.memory.entries if e.door == door)

    def remember(self, **changed: object) -> "Room":
        """With that changed in its memory."""
        return replace(self, memory=self.memory.model_copy(update=changed))

    def put(self, door: DeviceName, **changed: object) -> "Room":
        """With that changed at one door."""
        doorway = replace(self.doorways[door], **changed)  # type: ignore[arg-type]  # fields of Doorway, by name
        return replace(self, doorways={**self.doorways, door: doorway})

    def serves(self, entrance: Entrance) -> bool:
        """Whether anybody can be let in by that door."""
        return not {entrance.door, entrance.card_reader} & self.out


def is_open(entrance: Entrance, room: Room) -> bool:
    """Whether it is that door's time.

    A clock that nobody vouches for is taken at its word: shut by mistake, the door costs a patron a way, and one that
    never opened while the network is away would cost all of them; open by mistake at night, it leads into dark rooms
    and sets off the partner's alarm. A door without hours asks no clock. The way out asks none, ever.
    """
    return not entrance.hours.spans or (room.clock is not None and entrance.hours.open_at(room.clock.local))


def closes(entrance: Entrance, room: Room) -> timedelta | None:
    """How long it will still be that door's time; None: it isn't, or always is."""
    return entrance.hours.closes_in(room.clock.local) if room.clock is not None else None


def is_full(room: Room, plan: Plan) -> bool:
    """Whether every seat is taken, or about to be."""
    coming = sum(not e.staff for e in room.memory.entries)
    return plan.seats is not None and room.people + coming >= plan.seats


# --- views -------------------------------------------------------------------------------------------------------


def outside(room: Room, entrance: Entrance, plan: Plan) -> View:
    """What the page outside a door shows while nothing else has to be said."""
    kinds = {Way.INVITED: ViewKind.WELCOME, Way.OPEN: ViewKind.OPEN, Way.HELD: ViewKind.HELD}
    kinds |= {Way.CLOSING: ViewKind.CLOSING, Way.FORCED: ViewKind.INTRUDED}
    way = room.doorways[entrance.door].way
    if room.phase is Phase.STARTING:
        return View(ViewKind.STARTING)
    if room.phase is Phase.FREE:
        return View(Sight.FREE)
    if way in kinds:
        return View(kinds[way])
    if room.unwritable or not room.serves(entrance):
        return View(ViewKind.OUT_OF_ORDER)
    if not is_open(entrance, room):
        return View(Sight.CLOSED, hours=entrance.hours, remarks=unsure(room))
    if is_full(room, plan):
        return View(Sight.FULL, values=taken(room, plan))
    left = closes(entrance, room)
    if left is not None and left <= timedelta(seconds=plan.announce_s):
        return View(ViewKind.IDLE, values=(("at", _clock(room, left)),), remarks=("remark-closing",))
    remarks = () if plan.seats is None else ("remark-seats",)
    return View(ViewKind.IDLE, values=taken(room, plan), remarks=remarks)


def inside(room: Room, plan: Plan) -> View:
    """What the page inside shows."""
    if room.phase is Phase.STARTING:
        return View(ViewKind.STARTING)
    if room.phase is Phase.FREE:
        return View(Sight.FREE)
    if any(d.way is Way.HELD for d in room.doorways.values()):
        return View(ViewKind.HELD)
    opened = [e for e in plan.entrances if is_open(e, room)]
    if not opened:
        return View(Sight.CLOSED_INSIDE)
    left = [closes(e, room) for e in opened]
    last = max((s for s in left if s is not None), default=None) if None not in left else None
    if last is not None and last <= timedelta(seconds=plan.announce_s):
        return View(Sight.CLOSING_SOON, values=(("at", _clock(room, last)),))
    return View(Sight.INSIDE)


def unsure(room: Room) -> tuple[str, ...]:
    """A word on a clock that nobody vouches for."""
    return ("remark-clock",) if room.clock is None or not room.clock.trusted else ()


def taken(room: Room, plan: Plan) -> tuple[tuple[str, str], ...]:
    """For the texts: how many seats are taken, of how many."""
    total = plan.seats or 0
    coming = sum(not e.staff for e in room.memory.entries)
    return (("taken", str(min(total, room.people + coming))), ("seats", str(total)))


def at(door: DeviceName, view: View) -> tuple[Effect, ...]:
    """Shows it outside that door, and on the page that all see."""
    return (Show(view, door), Show(view))


def everywhere(room: Room, plan: Plan) -> tuple[Effect, ...]:
    """Every page as it is while nothing else has to be said; the first door's stands on the page that all see."""
    doors = tuple(effect for e in reversed(plan.entrances) for effect in at(e.door, outside(room, e, plan)))
    return (*doors, Show(inside(room, plan), INSIDE))


def anew(before: Room, after: Room, plan: Plan, said: Collection[str]) -> tuple[Effect, ...]:
    """The pages that have something else to say by now, and about which nothing was said yet."""
    rest = [e for e in plan.entrances if after.doorways[e.door].way in AT_REST]
    told = [e for e in rest if e.door not in said and outside(before, e, plan) != outside(after, e, plan)]
    shown = tuple(Show(outside(after, e, plan), e.door) for e in told)
    all_at_rest = told and "" not in said and len(rest) == len(plan.entrances)
    common = (Show(outside(after, told[0], plan)),) if all_at_rest else ()
    changed = INSIDE not in said and inside(before, plan) != inside(after, plan)
    return (*shown, *common, *((Show(inside(after, plan), INSIDE),) if changed else ()))


def _clock(room: Room, left: timedelta) -> str:
    """The time at which that is over."""
    now: datetime | None = room.clock.local if room.clock else None
    return "" if now is None else f"{now + left + timedelta(seconds=30):%H:%M}"  # to the nearest minute
