"""A cabinet's state: where it is in a visit, what it remembers and counts, and what it shows at rest. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from edge.circulation import LastVisit
from edge.screen import Change, View, ViewItem, ViewKind
from edge.shelf import Limits, Shelf, Sighting, Tally
from edge.stations.effects import Effect, Remind, Show
from edge.stations.inputs import KeptItem, Part, Timer
from edge.stations.table import Step
from edge.stations.visit import OpenVisit
from protocol.directory import Lending
from protocol.events import Tested, VisitEnded, VisitKind, VisitOutcome
from protocol.names import DeviceName, Frozen, ShelfName, StationName, TagUid

_Value = TypeVar("_Value")

RETRY_S, RETRY_MAX_S = 10.0, 300.0
"""Between attempts to count a shelf whose count can't be trusted; doubled each time up to the second."""


class Phase(StrEnum):
    """Where the cabinet is in a visit."""

    STARTING = "starting"
    IDLE = "idle"
    INVITED = "invited"
    """Unlocked; nobody has opened yet."""
    OPEN = "open"
    HELD = "held"
    """Open for too long."""
    INTRUDED = "intruded"
    """Open without a visit."""
    QUIET = "quiet"
    """Shut a moment ago; hands are out, the lock comes to rest."""
    COUNTING = "counting"
    OUT = "out-of-order"


class Aim(StrEnum):
    """What a count is for."""

    VISIT = "visit"
    """To settle the open visit."""
    LATE = "late"
    """To settle a visit that ended unsettled."""
    AUDIT = "audit"
    """To see what is there."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A cabinet's fixed facts."""

    station: StationName
    doors: tuple[DeviceName, ...]
    """Numbered from 1 on the screen, in this order."""
    shelves: Mapping[ShelfName, TagUid | None]
    """Each shelf and its reference tag."""
    limits: Limits
    unlock_s: float
    held_warn_s: float
    held_alarm_s: float
    quiet_s: float
    receipt_s: float
    refusal_s: float
    recount_s: float
    second_look_s: float
    lock_gap_s: float
    """From releasing one lock to releasing the next: never two coils at once."""
    tags_percent: int
    """A shelf's reader that sees less of the tags it last knew fails its self-test."""

    def named(self, door: DeviceName) -> DeviceName | None:
        """How facts name a door: not at all where there is only one."""
        return door if len(self.doors) > 1 else None


class Memory(Frozen):
    """What a cabinet knows across restarts; kept in the journal with every fact."""

    shelves: tuple[Shelf, ...] = ()
    last: LastVisit | None = None
    """The newest visit that opened the door, unless somebody opened it without one since."""
    pending: OpenVisit | None = None
    """A visit that ended unsettled and that nobody followed."""
    doubted: bool = False
    """All this may be older than what the hub knows: the next audit counts as if nothing were known."""


@dataclass(frozen=True, slots=True)
class Count:
    """A count under way."""

    number: int
    aim: Aim
    tallies: Mapping[ShelfName, Tally]
    found: Mapping[ShelfName, tuple[Sighting, ...]] | None = None
    """Set when every shelf has settled and identities are being looked up."""
    tried: tuple[Tested, ...] | None = None
    """What a self-test has tried before this count, which is part of it; None: it is no self-test."""


@dataclass(frozen=True, slots=True)
class Cabinet:
    """A cabinet's state."""

    phase: Phase
    memory: Memory
    visit: OpenVisit | None = None
    recovered: bool = False
    """The visit was found open at the start."""
    ajar: tuple[DeviceName, ...] = ()
    """The doors that stand open, as their contacts last said; who opened first comes first."""
    unseen: frozenset[DeviceName] = frozenset()
    """Doors whose contacts haven't said anything yet."""
    locked: tuple[DeviceName, ...] = ()
    """Doors whose locks are to be released yet, one after another."""
    kept: tuple[KeptItem, ...] = ()
    """What the visit that is open should leave on the shelves."""
    down: frozenset[Part] = frozenset()
    count: Count | None = None
    counts: int = 0
    """Counts begun, so that a round asked for by an earlier one is told apart."""
    unsettled: int = 0
    """Counts in a row that couldn't be trusted."""

    @property
    def door_open(self) -> bool | None:
        """Whether any door stands open; None while not every contact has spoken."""
        return True if self.ajar else None if self.unseen else False


def moved(state: Cabinet, door: DeviceName, is_open: bool) -> Cabinet:
    """The state with what a door's contact says."""
    others = tuple(d for d in state.ajar if d != door)
    stays = door in state.ajar and is_open
    ajar = state.ajar if stays else (*others, door) if is_open else others
    return replace(state, ajar=ajar, unseen=state.unseen - {door})


def resting_view(state: Cabinet, plan: Plan) -> View:
    """What the screen shows while nothing else has to be said."""
    kind = state.visit.kind if state.visit else None
    match state.phase:
        case Phase.STARTING:
            return View(ViewKind.STARTING)
        case Phase.IDLE:
            return View(ViewKind.IDLE)
        case Phase.INVITED:
            return View(ViewKind.WELCOME, kind, remarks=_full(state))
        case Phase.OPEN:
            return View(ViewKind.OPEN, kind, **_kept(state))
        case Phase.HELD:
            return ajar_view(View(ViewKind.HELD, kind), state, plan)
        case Phase.INTRUDED:
            return ajar_view(View(ViewKind.INTRUDED), state, plan)
        case Phase.QUIET:
            return View(ViewKind.CLOSING, kind)
        case Phase.COUNTING:
            audit = state.count is not None and state.count.aim is Aim.AUDIT and counted(state)
            return View(ViewKind.IDLE) if audit else View(ViewKind.COUNTING, kind)
        case Phase.OUT:
            return View(ViewKind.OUT_OF_ORDER)


def ajar_view(view: View, state: Cabinet, plan: Plan) -> View:
    """The view with a line that says which of several doors still stand open."""
    if len(plan.doors) < 2:
        return view
    numbers = ", ".join(str(n) for n, door in enumerate(plan.doors, 1) if door in state.ajar)
    return replace(view, values=(*view.values, ("doors", numbers)), remarks=(*view.remarks, "remark-ajar"))


def _full(state: Cabinet) -> tuple[str, ...]:
    """A word to a patron who has borrowed all they may."""
    visit = state.visit
    full = visit is not None and visit.limit is not None and visit.loans >= visit.limit
    return ("remark-at-limit",) if full and visit is not None and visit.kind is VisitKind.BORROW else ()


def _kept(state: Cabinet) -> dict[str, Any]:
    """What a patron should leave where it stands, and how many that is."""
    if not state.kept or state.visit is None or state.visit.kind not in (VisitKind.BORROW, VisitKind.RETURN_ONLY):
        return {}
    change = {Lending.HELD: Change.RESERVED, Lending.REFERENCE: Change.REFERENCE}
    items = tuple(ViewItem(change[k.lending], k.tag, k.item) for k in state.kept if k.lending in change)
    return {"items": items, "values": (("n", str(len(items))),), "remarks": ("remark-kept",)}


def at_rest(state: Cabinet, plan: Plan, *first: Effect) -> Step[Cabinet]:
    """Nobody is there: idle, or out of order while something is down."""
    state = replace(state, phase=Phase.OUT if state.down else Phase.IDLE, count=None, locked=(), kept=())
    last: Effect = Remind(Timer.RECOUNT, plan.recount_s)
    if state.down:
        again = min(RETRY_S * 2 ** max(0, min(state.unsettled, 10) - 1), RETRY_MAX_S)
        last = Remind(Timer.RETRY, plan.recount_s if state.down == {Part.CARD} else again)
    shown = () if any(isinstance(e, Show) for e in first) else (Show(resting_view(state, plan)),)
    return Step(state, (*first, *shown, last))


def the(value: _Value | None) -> _Value:
    """What the phase guarantees to be there."""
    if value is None:
        raise AssertionError("the table let a phase in without what it needs")
    return value


def counted(state: Cabinet) -> bool:
    return all(s.counted for s in state.memory.shelves)


def ended(state: Cabinet, plan: Plan, outcome: VisitOutcome, items: int | None = None) -> VisitEnded:
    return the(state.visit).ended(plan.station, outcome, recovered=state.recovered, items=items)
