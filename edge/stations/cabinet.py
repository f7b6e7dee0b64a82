"""The cabinet: one door, shelves behind it, a card reader beside it. One table: (phase, input) -> handler. Pure.

Two rules stand above the table. A visit is written down before the door unlocks and stays open until what the shelf
shows has been written down, whatever happens in between. And what can't be laid to exactly one visit is laid to
nobody. An input that the table doesn't have changes nothing; the agent counts it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from edge.access import Admitted, Refused
from edge.circulation import LastVisit
from edge.screen import View, ViewKind
from edge.shelf import Shelf
from edge.stations import count
from edge.stations.effects import Forget, Record, Relock, Remind, Show, Unlock
from edge.stations.inputs import (
    DoorMoved,
    Identified,
    Input,
    Part,
    PartDown,
    PartUp,
    RecountAsked,
    RoundDone,
    RoundFailed,
    Started,
    Tapped,
    TimedOut,
    Timer,
)
from edge.stations.state import (
    RETRY_S,
    Aim,
    Cabinet,
    Memory,
    OpenVisit,
    Phase,
    Plan,
    Step,
    at_rest,
    counted,
    ended,
    resting_view,
    the,
)
from protocol.events import (
    CardRefused,
    DoorClosed,
    DoorForced,
    DoorHeld,
    DoorOpened,
    RefusalReason,
    VisitOpened,
    VisitOutcome,
)

BUSY_S = 3.0
"""How long a second card is told to wait."""


def boot(plan: Plan, memory: Memory | None, visit: OpenVisit | None) -> Cabinet:
    """The cabinet as the journal left it, before its devices have been tried.

    Shelves follow the plan: one that is new to the plan has never been counted, one that left it is forgotten.
    """
    known = {s.name: s for s in memory.shelves} if memory else {}
    shelves = tuple(known.get(name) or Shelf(name=name) for name in plan.shelves)
    base = memory or Memory()
    return Cabinet(Phase.STARTING, base.model_copy(update={"shelves": shelves}), visit, recovered=visit is not None)


def step(state: Cabinet, given: Input, plan: Plan) -> Step:
    """What the cabinet becomes and wants done."""
    row = TABLE.get((state.phase, type(given)))
    if row is None:
        return Step(state, known=False)
    return row.handler(state, given, plan)


# --- beginning ---------------------------------------------------------------------------------------------------


def _started(state: Cabinet, given: Started, plan: Plan) -> Step:
    state = replace(state, door_open=given.door_open, down=given.down)
    if given.down:
        return count.unsettled(state, plan) if state.visit is not None else at_rest(state, plan)
    return _ready(state, plan, found_open=True)


def _ready(state: Cabinet, plan: Plan, found_open: bool) -> Step:
    """Everything works: go on where the door and the journal say."""
    if state.door_open:
        if state.visit is not None:
            return _opened(state, plan)
        return _intruded(state, plan, found_open)
    return count.begin(state, plan)


# --- the card ----------------------------------------------------------------------------------------------------


def _tapped(state: Cabinet, given: Tapped, plan: Plan) -> Step:
    match given.decision:
        case Refused(reason):
            said = View(ViewKind.REFUSED, reason=reason, seconds=plan.refusal_s)
            return Step(
                state,
                (
                    Record((CardRefused(station=plan.station, reason=reason),)),
                    Show(said),
                    Remind(Timer.SCREEN, plan.refusal_s),
                ),
            )
        case Admitted() as admitted:
            return _invited(state, given, admitted, plan)


def _invited(state: Cabinet, given: Tapped, admitted: Admitted, plan: Plan) -> Step:
    visit = OpenVisit(
        visit=given.visit,
        kind=admitted.kind,
        card=given.card,
        loan_days=admitted.loan_days,
        limit=admitted.limit,
        loans=admitted.loans,
    )
    opened = VisitOpened(
        station=plan.station,
        visit=given.visit,
        kind=admitted.kind,
        who=given.who,
        directory_version=given.directory_version,
        directory_age_s=given.directory_age_s,
    )
    state = replace(state, phase=Phase.INVITED, visit=visit, recovered=False, count=None)
    return Step(
        state,
        (
            Forget(Timer.SCREEN),
            Forget(Timer.RECOUNT),
            Forget(Timer.RETRY),
            Record((opened,), aside=given.aside, promise=True),
            Unlock(),
            Show(View(ViewKind.WELCOME, visit.kind, seconds=plan.unlock_s)),
            Remind(Timer.UNLOCK, plan.unlock_s),
        ),
    )


def _tapped_in_visit(state: Cabinet, given: Tapped, plan: Plan) -> Step:
    """One visit at a time: the visit's own card again says nothing new, any other is asked to wait."""
    if state.visit is None or (given.card is not None and given.card == state.visit.card):
        return Step(state)
    busy = CardRefused(station=plan.station, reason=RefusalReason.BUSY, visit=state.visit.visit)
    return Step(state, (Record((busy,)), Show(View(ViewKind.BUSY, seconds=BUSY_S)), Remind(Timer.SCREEN, BUSY_S)))


def _tapped_while_open(state: Cabinet, given: Tapped, plan: Plan) -> Step:
    """Somebody left the door open: shut it first."""
    return Step(state, (Show(resting_view(state)),))


def _tapped_in_count(state: Cabinet, given: Tapped, plan: Plan) -> Step:
    """A routine count makes way for a patron; one that something hangs on doesn't."""
    routine = state.count is not None and state.count.aim is Aim.AUDIT and counted(state)
    if routine and Part.SHELF not in state.down:
        after = _tapped(replace(state, phase=Phase.IDLE, count=None), given, plan)
        if after.state.phase is Phase.IDLE:
            return Step(after.state, (*after.effects, Remind(Timer.RECOUNT, plan.second_look_s)))
        return after
    if state.visit is not None:
        return _tapped_in_visit(state, given, plan)
    return Step(state, (Show(View(ViewKind.BUSY, seconds=BUSY_S)), Remind(Timer.SCREEN, BUSY_S)))


# --- the door ----------------------------------------------------------------------------------------------------


def _nobody_opened(state: Cabinet, plan: Plan) -> Step:
    over = ended(state, plan, VisitOutcome.NO_ENTRY)
    said = View(ViewKind.GOODBYE, seconds=plan.refusal_s)
    state = replace(state, visit=None, recovered=False)
    return at_rest(state, plan, Relock(), Record((over,)), Show(said), Remind(Timer.SCREEN, plan.refusal_s))


def _door_in_invited(state: Cabinet, given: DoorMoved, plan: Plan) -> Step:
    return _opened(replace(state, door_open=True), plan) if given.open else Step(state)


def _opened(state: Cabinet, plan: Plan) -> Step:
    """The door stands open in a visit, which from now on is the last that opened it."""
    visit = the(state.visit)
    last = LastVisit(visit=visit.visit, kind=visit.kind, loan_days=visit.loan_days)
    state = replace(
        state,
        phase=Phase.OPEN,
        count=None,
        memory=state.memory.model_copy(update={"last": last, "pending": None}),
    )
    return Step(
        state,
        (
            Forget(Timer.UNLOCK),
            Forget(Timer.QUIET),
            Relock(),  # the coil has done its work, and a door that falls shut is locked
            Record((DoorOpened(station=plan.station, visit=visit.visit),)),
            Show(resting_view(state)),
            Remind(Timer.HELD, plan.held_warn_s),
        ),
    )


def _intruded(state: Cabinet, plan: Plan, found_open: bool = False) -> Step:
    """The door is open and no visit is: whatever happened belongs to nobody."""
    state = replace(
        state,
        phase=Phase.INTRUDED,
        door_open=True,
        count=None,
        memory=state.memory.model_copy(update={"last": None, "pending": None}),
    )
    return Step(
        state,
        (
            Forget(Timer.RECOUNT),
            Forget(Timer.RETRY),
            Record((DoorForced(station=plan.station, found_open=found_open),)),
            Show(resting_view(state)),
            Remind(Timer.HELD, plan.held_warn_s),
        ),
    )


def _door_at_rest(state: Cabinet, given: DoorMoved, plan: Plan) -> Step:
    state = replace(state, door_open=given.open)
    if not given.open:
        return Step(state)
    return _opened(state, plan) if state.visit is not None else _intruded(state, plan)


def _door_while_open(state: Cabinet, given: DoorMoved, plan: Plan) -> Step:
    if given.open:
        return Step(replace(state, door_open=True))
    state = replace(state, phase=Phase.QUIET, door_open=False)
    visit = state.visit.visit if state.visit else None
    return Step(
        state,
        (
            Forget(Timer.HELD),
            Forget(Timer.ALARM),
            Relock(),
            Record((DoorClosed(station=plan.station, visit=visit),)),
            Show(resting_view(state)),
            Remind(Timer.QUIET, plan.quiet_s),
        ),
    )


def _door_before_settled(state: Cabinet, given: DoorMoved, plan: Plan) -> Step:
    """It sprang open again, or was pulled: the visit that is open goes on, and without one it is an intrusion."""
    return _door_at_rest(state, given, plan) if given.open else Step(replace(state, door_open=False))


# --- devices and timers ------------------------------------------------------------------------------------------


def _down(state: Cabinet, given: PartDown, plan: Plan) -> Step:
    """While somebody is at the door a failure waits; at rest it closes the cabinet."""
    return Step(replace(state, down=state.down | {given.part}))


def _down_at_rest(state: Cabinet, given: PartDown, plan: Plan) -> Step:
    state = replace(state, down=state.down | {given.part})
    return at_rest(state, plan, Forget(Timer.RECOUNT))


def _down_in_invited(state: Cabinet, given: PartDown, plan: Plan) -> Step:
    """A blind door may have been opened: the visit stays unsettled until a count shows what happened."""
    state = replace(state, down=state.down | {given.part})
    if given.part is not Part.DOOR:
        return Step(state)
    after = count.unsettled(state, plan)
    return Step(after.state, (Forget(Timer.UNLOCK), *after.effects))


def _down_in_count(state: Cabinet, given: PartDown, plan: Plan) -> Step:
    state = replace(state, down=state.down | {given.part})
    if given.part is Part.READER:
        return count.unsettled(state, plan)
    if given.part is Part.STORAGE:
        return at_rest(state, plan)
    return Step(state)


def _up(state: Cabinet, given: PartUp, plan: Plan) -> Step:
    state = replace(state, down=state.down - {given.part})
    if given.part is Part.DOOR and given.door_open is not None and given.door_open != state.door_open:
        after = step(state, DoorMoved(given.door_open), plan)
        return Step(after.state, after.effects)
    return Step(state)


def _up_at_rest(state: Cabinet, given: PartUp, plan: Plan) -> Step:
    door = given.door_open if given.part is Part.DOOR else state.door_open
    state = replace(state, down=state.down - {given.part}, door_open=door)
    return _again(state, plan)


def _again(state: Cabinet, plan: Plan) -> Step:
    """Out of order no longer, or only for want of a trusted count: look."""
    if state.down - {Part.SHELF, Part.CARD}:
        return Step(state, (Remind(Timer.RETRY, RETRY_S),))
    return _ready(state, plan, found_open=True)


def _timed_out(state: Cabinet, given: TimedOut, plan: Plan) -> Step:
    match (state.phase, given.timer):
        case (_, Timer.SCREEN):
            return Step(state, (Show(resting_view(state)),))
        case (Phase.INVITED, Timer.UNLOCK):
            return _nobody_opened(state, plan)
        case (Phase.OPEN, Timer.HELD):
            held = replace(state, phase=Phase.HELD)
            left = max(0.1, plan.held_alarm_s - plan.held_warn_s)
            return Step(held, (Show(resting_view(held)), Remind(Timer.ALARM, left)))
        case (Phase.INTRUDED, Timer.HELD):
            return Step(state, (Remind(Timer.ALARM, max(0.1, plan.held_alarm_s - plan.held_warn_s)),))
        case (Phase.HELD | Phase.INTRUDED, Timer.ALARM):
            visit = state.visit.visit if state.visit else None
            held_for = round(plan.held_alarm_s)
            return Step(state, (Record((DoorHeld(station=plan.station, visit=visit, open_s=held_for),)),))
        case (Phase.QUIET, Timer.QUIET) | (Phase.IDLE, Timer.RECOUNT):
            return count.begin(state, plan)
        case (Phase.OUT, Timer.RETRY):
            return _again(state, plan)
        case _:
            return Step(state, known=False)


def _recount(state: Cabinet, given: RecountAsked, plan: Plan) -> Step:
    return count.begin(state, plan)


def _recount_out(state: Cabinet, given: RecountAsked, plan: Plan) -> Step:
    return _again(state, plan)


# --- the table ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One case: who handles it, and the phases it may lead to."""

    handler: Callable[[Cabinet, Any, Plan], Step]
    to: frozenset[Phase]


def _row(handler: Callable[[Cabinet, Any, Plan], Step], *to: Phase) -> Row:
    return Row(handler, frozenset(to))


_STARTING, _IDLE, _INVITED, _OPEN, _HELD = Phase.STARTING, Phase.IDLE, Phase.INVITED, Phase.OPEN, Phase.HELD
_INTRUDED, _QUIET, _COUNTING, _OUT = Phase.INTRUDED, Phase.QUIET, Phase.COUNTING, Phase.OUT

TABLE: Mapping[tuple[Phase, type[Input]], Row] = {
    (_STARTING, Started): _row(_started, _COUNTING, _OPEN, _INTRUDED, _OUT),
    (_IDLE, Tapped): _row(_tapped, _IDLE, _INVITED),
    (_IDLE, DoorMoved): _row(_door_at_rest, _IDLE, _INTRUDED),
    (_IDLE, TimedOut): _row(_timed_out, _IDLE, _COUNTING),
    (_IDLE, RecountAsked): _row(_recount, _COUNTING),
    (_IDLE, PartDown): _row(_down_at_rest, _OUT),
    (_INVITED, Tapped): _row(_tapped_in_visit, _INVITED),
    (_INVITED, DoorMoved): _row(_door_in_invited, _INVITED, _OPEN),
    (_INVITED, TimedOut): _row(_timed_out, _INVITED, _IDLE, _OUT),
    (_INVITED, PartDown): _row(_down_in_invited, _INVITED, _OUT),
    (_INVITED, PartUp): _row(_up, _INVITED, _OPEN),
    (_OPEN, Tapped): _row(_tapped_in_visit, _OPEN),
    (_OPEN, DoorMoved): _row(_door_while_open, _OPEN, _QUIET),
    (_OPEN, TimedOut): _row(_timed_out, _OPEN, _HELD),
    (_OPEN, PartDown): _row(_down, _OPEN),
    (_OPEN, PartUp): _row(_up, _OPEN, _QUIET),
    (_HELD, Tapped): _row(_tapped_in_visit, _HELD),
    (_HELD, DoorMoved): _row(_door_while_open, _HELD, _QUIET),
    (_HELD, TimedOut): _row(_timed_out, _HELD),
    (_HELD, PartDown): _row(_down, _HELD),
    (_HELD, PartUp): _row(_up, _HELD, _QUIET),
    (_INTRUDED, Tapped): _row(_tapped_while_open, _INTRUDED),
    (_INTRUDED, DoorMoved): _row(_door_while_open, _INTRUDED, _QUIET),
    (_INTRUDED, TimedOut): _row(_timed_out, _INTRUDED),
    (_INTRUDED, PartDown): _row(_down, _INTRUDED),
    (_INTRUDED, PartUp): _row(_up, _INTRUDED, _QUIET),
    (_QUIET, Tapped): _row(_tapped_in_visit, _QUIET),
    (_QUIET, DoorMoved): _row(_door_before_settled, _QUIET, _OPEN, _INTRUDED),
    (_QUIET, TimedOut): _row(_timed_out, _QUIET, _COUNTING, _OUT),
    (_QUIET, PartDown): _row(_down, _QUIET),
    (_QUIET, PartUp): _row(_up, _QUIET, _OPEN, _INTRUDED),
    (_COUNTING, Tapped): _row(_tapped_in_count, _COUNTING, _INVITED, _IDLE),
    (_COUNTING, DoorMoved): _row(_door_before_settled, _COUNTING, _OPEN, _INTRUDED),
    (_COUNTING, RoundDone): _row(count.round_done, _COUNTING, _IDLE, _OUT),
    (_COUNTING, RoundFailed): _row(count.round_failed, _COUNTING, _IDLE, _OUT),
    (_COUNTING, Identified): _row(count.identified, _COUNTING, _IDLE, _OUT),
    (_COUNTING, TimedOut): _row(_timed_out, _COUNTING),
    (_COUNTING, PartDown): _row(_down_in_count, _COUNTING, _OUT),
    (_COUNTING, PartUp): _row(_up, _COUNTING, _OPEN, _INTRUDED),
    (_OUT, Tapped): _row(_tapped, _OUT, _INVITED),
    (_OUT, DoorMoved): _row(_door_at_rest, _OUT, _OPEN, _INTRUDED),
    (_OUT, TimedOut): _row(_timed_out, _OUT, _COUNTING, _OPEN, _INTRUDED),
    (_OUT, PartDown): _row(_down_at_rest, _OUT),
    (_OUT, PartUp): _row(_up_at_rest, _OUT, _COUNTING, _OPEN, _INTRUDED),
    (_OUT, RecountAsked): _row(_recount_out, _OUT, _COUNTING, _OPEN, _INTRUDED),
}
"""Every case a cabinet knows. What isn't here changes nothing."""
