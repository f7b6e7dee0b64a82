"""The cabinet: doors, shelves behind them, a card reader beside them. One table: (phase, input) -> handler. Pure.

Two rules stand above the table. A visit is written down before the door unlocks and stays open until what the shelf
shows has been written down, whatever happens in between. And what can't be laid to exactly one visit is laid to
nobody. An input that the table doesn't have changes nothing; the agent counts it.
"""

from collections.abc import Mapping
from dataclasses import replace

from edge.access import Admitted, Refused
from edge.screen import View, ViewKind
from edge.shelf import Shelf
from edge.stations import count, doors, selftest, table
from edge.stations.effects import Effect, Forget, Record, Remind, Show
from edge.stations.inputs import (
    DoorMoved,
    Identified,
    Input,
    MemoryDoubted,
    Part,
    PartDown,
    PartUp,
    RecountAsked,
    RoundDone,
    RoundFailed,
    SelfTestAsked,
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
    Phase,
    Plan,
    at_rest,
    counted,
    moved,
    resting_view,
)
from edge.stations.table import Step, Table, row
from edge.stations.visit import OpenVisit
from protocol.events import (
    CardRefused,
    RefusalReason,
    VisitOpened,
)
from protocol.names import DeviceName

BUSY_S = 3.0
"""How long a second card is told to wait."""


def boot(plan: Plan, memory: Memory | None, visit: OpenVisit | None) -> Cabinet:
    """The cabinet as the journal left it, before its devices have been tried.

    Shelves follow the plan: one that is new to the plan has never been counted, one that left it is forgotten.
    """
    known = {s.name: s for s in memory.shelves} if memory else {}
    shelves = tuple(known.get(name) or Shelf(name=name) for name in plan.shelves)
    base = memory or Memory()
    memory = base.model_copy(update={"shelves": shelves})
    return Cabinet(Phase.STARTING, memory, visit, recovered=visit is not None, unseen=frozenset(plan.doors))


def step(state: Cabinet, given: Input, plan: Plan) -> Step[Cabinet]:
    """What the cabinet becomes and wants done."""
    return table.step(TABLE, state, given, plan)


# --- beginning ---------------------------------------------------------------------------------------------------


def _started(state: Cabinet, given: Started, plan: Plan) -> Step[Cabinet]:
    contacts = given.contacts or {plan.doors[0]: given.door_open}
    told = {door: is_open for door in plan.doors if (is_open := contacts.get(door)) is not None}
    state = _seen(replace(state, down=given.down), told)
    if given.down:
        return count.unsettled(state, plan) if state.visit is not None else at_rest(state, plan)
    return doors.ready(state, plan, found_open=True)


def _seen(state: Cabinet, contacts: Mapping[DeviceName, bool]) -> Cabinet:
    for door, is_open in contacts.items():
        state = moved(state, door, is_open)
    return state


# --- the card ----------------------------------------------------------------------------------------------------


def _tapped(state: Cabinet, given: Tapped, plan: Plan) -> Step[Cabinet]:
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


def _invited(state: Cabinet, given: Tapped, admitted: Admitted, plan: Plan) -> Step[Cabinet]:
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
    state = replace(state, phase=Phase.INVITED, visit=visit, recovered=False, count=None, kept=given.kept)
    state, unlocked = doors.unlock(state, plan)
    wait_s = plan.unlock_s + plan.lock_gap_s * (len(plan.doors) - 1)
    return Step(
        state,
        (
            Forget(Timer.SCREEN),
            Forget(Timer.RECOUNT),
            Forget(Timer.RETRY),
            Record((opened,), aside=given.aside, promise=True),
            *unlocked,
            Show(replace(resting_view(state, plan), seconds=wait_s)),
            Remind(Timer.UNLOCK, wait_s),
        ),
    )


def _tapped_in_visit(state: Cabinet, given: Tapped, plan: Plan) -> Step[Cabinet]:
    """One visit at a time: any other card than the visit's own is asked to wait, and noted while a door is open.

    The visit's own card again says nothing new, but for a cabinet's other doors, whose locks it releases once more.
    """
    visit, is_open = state.visit, state.phase in (Phase.OPEN, Phase.HELD)
    if visit is None:
        return Step(state)
    if given.card is not None and given.card == visit.card:
        return Step(*doors.unlock(state, plan)) if is_open and len(plan.doors) > 1 else Step(state)
    if is_open and given.card is not None:
        state = replace(state, visit=visit.model_copy(update={"shared": True}))
    busy = CardRefused(station=plan.station, reason=RefusalReason.BUSY, visit=visit.visit)
    return Step(state, (Record((busy,)), Show(View(ViewKind.BUSY, seconds=BUSY_S)), Remind(Timer.SCREEN, BUSY_S)))


def _tapped_while_open(state: Cabinet, given: Tapped, plan: Plan) -> Step[Cabinet]:
    """Somebody left the door open: shut it first."""
    return Step(state, (Show(resting_view(state, plan)),))


def _tapped_in_count(state: Cabinet, given: Tapped, plan: Plan) -> Step[Cabinet]:
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


# --- devices and timers ------------------------------------------------------------------------------------------


def _down(state: Cabinet, given: PartDown, plan: Plan) -> Step[Cabinet]:
    """While somebody is at the door a failure waits; at rest it closes the cabinet."""
    return Step(replace(state, down=state.down | {given.part}))


def _down_at_rest(state: Cabinet, given: PartDown, plan: Plan) -> Step[Cabinet]:
    state = replace(state, down=state.down | {given.part})
    return at_rest(state, plan, Forget(Timer.RECOUNT))


def _down_in_invited(state: Cabinet, given: PartDown, plan: Plan) -> Step[Cabinet]:
    """A blind door may have been opened: the visit stays unsettled until a count shows what happened.

    Where there are other doors, the patron may still open one of those; else the time to open decides.
    """
    state = replace(state, down=state.down | {given.part})
    if given.part is not Part.DOOR or len(plan.doors) > 1:
        return Step(state)
    after = count.unsettled(state, plan)
    return Step(after.state, (Forget(Timer.UNLOCK), *after.effects))


def _down_in_count(state: Cabinet, given: PartDown, plan: Plan) -> Step[Cabinet]:
    state = replace(state, down=state.down | {given.part})
    if given.part is Part.READER:
        return count.unsettled(state, plan)
    if given.part is Part.STORAGE:
        return at_rest(state, plan)
    return Step(state)


def _up(state: Cabinet, given: PartUp, plan: Plan) -> Step[Cabinet]:
    """What the contacts say that spoke again is played as if it happened now."""
    state = replace(state, down=state.down - {given.part})
    effects: list[Effect] = []
    for door, is_open in _told(given, plan).items():
        if door in state.unseen or is_open != (door in state.ajar):
            after = step(state, DoorMoved(is_open, door), plan)
            state, effects = after.state, [*effects, *after.effects]
    return Step(state, tuple(effects))


def _up_at_rest(state: Cabinet, given: PartUp, plan: Plan) -> Step[Cabinet]:
    return _again(_seen(replace(state, down=state.down - {given.part}), _told(given, plan)), plan)


def _told(given: PartUp, plan: Plan) -> Mapping[DeviceName, bool]:
    """What a part that works again says of the doors."""
    if given.part is not Part.DOOR:
        return {}
    if given.doors or given.door_open is None:
        return given.doors
    return {given.device or plan.doors[0]: given.door_open}


def _again(state: Cabinet, plan: Plan) -> Step[Cabinet]:
    """Out of order no longer, or only for want of a trusted count: look."""
    if state.down - {Part.SHELF, Part.CARD}:
        return Step(state, (Remind(Timer.RETRY, RETRY_S),))
    return doors.ready(state, plan, found_open=True)


def _timed_out(state: Cabinet, given: TimedOut, plan: Plan) -> Step[Cabinet]:
    match (state.phase, given.timer):
        case (_, Timer.SCREEN):
            return Step(state, (Show(resting_view(state, plan)),))
        case (Phase.INVITED, Timer.UNLOCK):
            return doors.nobody_opened(state, plan)
        case (Phase.OPEN, Timer.HELD):
            held = replace(state, phase=Phase.HELD)
            left = max(0.1, plan.held_alarm_s - plan.held_warn_s)
            return Step(held, (Show(resting_view(held, plan)), Remind(Timer.ALARM, left)))
        case (Phase.INTRUDED, Timer.HELD):
            return Step(state, (Remind(Timer.ALARM, max(0.1, plan.held_alarm_s - plan.held_warn_s)),))
        case (Phase.HELD | Phase.INTRUDED, Timer.ALARM):
            return doors.held(state, plan)
        case (Phase.INVITED | Phase.OPEN | Phase.HELD, Timer.LOCK) if state.locked:
            return doors.next_lock(state, plan)
        case (Phase.QUIET, Timer.QUIET) | (Phase.IDLE, Timer.RECOUNT):
            return count.begin(state, plan)
        case (Phase.OUT, Timer.RETRY):
            return _again(state, plan)
        case _:
            return Step(state, known=False)


def _recount(state: Cabinet, given: RecountAsked, plan: Plan) -> Step[Cabinet]:
    return count.begin(state, plan)


def _self_test(state: Cabinet, given: SelfTestAsked, plan: Plan) -> Step[Cabinet]:
    """What needs no counting has been tried: count every shelf."""
    return count.begin(state, plan, given.parts)


def _self_test_out(state: Cabinet, given: SelfTestAsked, plan: Plan) -> Step[Cabinet]:
    """Out of order, a station still says what works and what doesn't."""
    return Step(state, (Record((selftest.uncounted(given.parts, plan),)),))


def _doubted(state: Cabinet, given: MemoryDoubted, plan: Plan) -> Step[Cabinet]:
    """All shelves are counted anew as soon as nobody is there; that it must be is kept over a power cut."""
    state = replace(state, memory=state.memory.model_copy(update={"doubted": True}))
    after = count.begin(state, plan) if state.phase is Phase.IDLE else Step(state)
    return Step(after.state, (Record(()), *after.effects))


def _recount_out(state: Cabinet, given: RecountAsked, plan: Plan) -> Step[Cabinet]:
    return _again(state, plan)


# --- the table ---------------------------------------------------------------------------------------------------


_STARTING, _IDLE, _INVITED, _OPEN, _HELD = Phase.STARTING, Phase.IDLE, Phase.INVITED, Phase.OPEN, Phase.HELD
_INTRUDED, _QUIET, _COUNTING, _OUT = Phase.INTRUDED, Phase.QUIET, Phase.COUNTING, Phase.OUT

TABLE: Table = {
    (_STARTING, Started): row(_started, _COUNTING, _OPEN, _INTRUDED, _OUT),
    **{(phase, MemoryDoubted): row(_doubted, phase) for phase in Phase if phase not in (_STARTING, _IDLE)},
    (_IDLE, MemoryDoubted): row(_doubted, _COUNTING),
    (_IDLE, Tapped): row(_tapped, _IDLE, _INVITED),
    (_IDLE, DoorMoved): row(doors.at_rest_moved, _IDLE, _INTRUDED),
    (_IDLE, TimedOut): row(_timed_out, _IDLE, _COUNTING),
    (_IDLE, RecountAsked): row(_recount, _COUNTING),
    (_IDLE, SelfTestAsked): row(_self_test, _COUNTING),
    (_IDLE, PartDown): row(_down_at_rest, _OUT),
    (_INVITED, Tapped): row(_tapped_in_visit, _INVITED),
    (_INVITED, DoorMoved): row(doors.in_invited, _INVITED, _OPEN),
    (_INVITED, TimedOut): row(_timed_out, _INVITED, _IDLE, _OUT),
    (_INVITED, PartDown): row(_down_in_invited, _INVITED, _OUT),
    (_INVITED, PartUp): row(_up, _INVITED, _OPEN),
    (_OPEN, Tapped): row(_tapped_in_visit, _OPEN),
    (_OPEN, DoorMoved): row(doors.while_open, _OPEN, _QUIET),
    (_OPEN, TimedOut): row(_timed_out, _OPEN, _HELD),
    (_OPEN, PartDown): row(_down, _OPEN),
    (_OPEN, PartUp): row(_up, _OPEN, _QUIET),
    (_HELD, Tapped): row(_tapped_in_visit, _HELD),
    (_HELD, DoorMoved): row(doors.while_open, _HELD, _QUIET),
    (_HELD, TimedOut): row(_timed_out, _HELD),
    (_HELD, PartDown): row(_down, _HELD),
    (_HELD, PartUp): row(_up, _HELD, _QUIET),
    (_INTRUDED, Tapped): row(_tapped_while_open, _INTRUDED),
    (_INTRUDED, DoorMoved): row(doors.while_open, _INTRUDED, _QUIET),
    (_INTRUDED, TimedOut): row(_timed_out, _INTRUDED),
    (_INTRUDED, PartDown): row(_down, _INTRUDED),
    (_INTRUDED, PartUp): row(_up, _INTRUDED, _QUIET),
    (_QUIET, Tapped): row(_tapped_in_visit, _QUIET),
    (_QUIET, DoorMoved): row(doors.before_settled, _QUIET, _OPEN, _INTRUDED),
    (_QUIET, TimedOut): row(_timed_out, _QUIET, _COUNTING, _OUT),
    (_QUIET, PartDown): row(_down, _QUIET),
    (_QUIET, PartUp): row(_up, _QUIET, _OPEN, _INTRUDED),
    (_COUNTING, Tapped): row(_tapped_in_count, _COUNTING, _INVITED, _IDLE),
    (_COUNTING, DoorMoved): row(doors.before_settled, _COUNTING, _OPEN, _INTRUDED),
    (_COUNTING, RoundDone): row(count.round_done, _COUNTING, _IDLE, _OUT),
    (_COUNTING, RoundFailed): row(count.round_failed, _COUNTING, _IDLE, _OUT),
    (_COUNTING, Identified): row(count.identified, _COUNTING, _IDLE, _OUT),
    (_COUNTING, TimedOut): row(_timed_out, _COUNTING),
    (_COUNTING, PartDown): row(_down_in_count, _COUNTING, _OUT),
    (_COUNTING, PartUp): row(_up, _COUNTING, _OPEN, _INTRUDED),
    (_OUT, Tapped): row(_tapped, _OUT, _INVITED),
    (_OUT, DoorMoved): row(doors.at_rest_moved, _OUT, _OPEN, _INTRUDED),
    (_OUT, TimedOut): row(_timed_out, _OUT, _COUNTING, _OPEN, _INTRUDED),
    (_OUT, PartDown): row(_down_at_rest, _OUT),
    (_OUT, PartUp): row(_up_at_rest, _OUT, _COUNTING, _OPEN, _INTRUDED),
    (_OUT, SelfTestAsked): row(_self_test_out, _OUT),
    (_OUT, RecountAsked): row(_recount_out, _OUT, _COUNTING, _OPEN, _INTRUDED),
}
"""Every case a cabinet knows. What isn't here changes nothing."""
