"""A cabinet's state: where it is in a visit, what it remembers and counts, and what it shows at rest. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from edge.circulation import LastVisit
from edge.screen import View, ViewKind
from edge.shelf import Limits, Shelf, Sighting, Tally
from edge.stations.effects import Effect, Remind, Show
from edge.stations.inputs import Part, Timer
from protocol.events import VisitEnded, VisitKind, VisitOutcome
from protocol.names import CardTag, Frozen, ShelfName, StationName, TagUid, VisitId

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


class OpenVisit(Frozen):
    """A visit that is not settled yet; kept in the journal from before the door unlocks."""

    visit: VisitId
    kind: VisitKind
    card: CardTag | None = None
    loan_days: int = 0
    limit: int | None = None
    loans: int = 0


class Memory(Frozen):
    """What a cabinet knows across restarts; kept in the journal with every fact."""

    shelves: tuple[Shelf, ...] = ()
    last: LastVisit | None = None
    """The newest visit that opened the door, unless somebody opened it without one since."""
    pending: OpenVisit | None = None
    """A visit that ended unsettled and that nobody followed."""


@dataclass(frozen=True, slots=True)
class Count:
    """A count under way."""

    number: int
    aim: Aim
    tallies: Mapping[ShelfName, Tally]
    found: Mapping[ShelfName, tuple[Sighting, ...]] | None = None
    """Set when every shelf has settled and identities are being looked up."""


@dataclass(frozen=True, slots=True)
class Cabinet:
    """A cabinet's state."""

    phase: Phase
    memory: Memory
    visit: OpenVisit | None = None
    recovered: bool = False
    """The visit was found open at the start."""
    door_open: bool | None = None
    down: frozenset[Part] = frozenset()
    count: Count | None = None
    counts: int = 0
    """Counts begun, so that a round asked for by an earlier one is told apart."""
    unsettled: int = 0
    """Counts in a row that couldn't be trusted."""


@dataclass(frozen=True, slots=True)
class Step:
    """What an input led to."""

    state: Cabinet
    effects: tuple[Effect, ...] = ()
    known: bool = True
    """The table had a row for it."""


def resting_view(state: Cabinet) -> View:
    """What the screen shows while nothing else has to be said."""
    kind = state.visit.kind if state.visit else None
    match state.phase:
        case Phase.STARTING:
            return View(ViewKind.STARTING)
        case Phase.IDLE:
            return View(ViewKind.IDLE)
        case Phase.INVITED:
            return View(ViewKind.WELCOME, kind)
        case Phase.OPEN:
            return View(ViewKind.OPEN, kind)
        case Phase.HELD:
            return View(ViewKind.HELD, kind)
        case Phase.INTRUDED:
            return View(ViewKind.INTRUDED)
        case Phase.QUIET:
            return View(ViewKind.CLOSING, kind)
        case Phase.COUNTING:
            audit = state.count is not None and state.count.aim is Aim.AUDIT and counted(state)
            return View(ViewKind.IDLE) if audit else View(ViewKind.COUNTING, kind)
        case Phase.OUT:
            return View(ViewKind.OUT_OF_ORDER)


def at_rest(state: Cabinet, plan: Plan, *first: Effect) -> Step:
    """Nobody is there: idle, or out of order while something is down."""
    state = replace(state, phase=Phase.OUT if state.down else Phase.IDLE, count=None)
    last: Effect = Remind(Timer.RECOUNT, plan.recount_s)
    if state.down:
        again = min(RETRY_S * 2 ** max(0, min(state.unsettled, 10) - 1), RETRY_MAX_S)
        last = Remind(Timer.RETRY, plan.recount_s if state.down == {Part.CARD} else again)
    shown = () if any(isinstance(e, Show) for e in first) else (Show(resting_view(state)),)
    return Step(state, (*first, *shown, last))


def the(value: _Value | None) -> _Value:
    """What the phase guarantees to be there."""
    if value is None:
        raise AssertionError("the table let a phase in without what it needs")
    return value


def counted(state: Cabinet) -> bool:
    return all(s.counted for s in state.memory.shelves)


def ended(state: Cabinet, plan: Plan, outcome: VisitOutcome, items: int | None = None) -> VisitEnded:
    return VisitEnded(
        station=plan.station,
        visit=the(state.visit).visit,
        outcome=outcome,
        recovered=state.recovered,
        items=items,
    )
