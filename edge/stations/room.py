"""The reading room: doors that open to a card, and what they share. One table: (phase, input) -> handler. Pure.

Each door is a small table of its own (`edge.stations.entrance`), so that several serve at the same time. Here is what
they share: who is inside, what time it is, what works, and the fire alarm. That one releases the doors by its own wire;
this program only hears of it, says so, and keeps out of the way: nothing is unlocked, relocked or called forced while
it lasts.
"""

from collections.abc import Iterable
from dataclasses import replace

from edge.stations import entrance, entry, hall, seats, table
from edge.stations.effects import Effect, Forget, Record, Remind, Show
from edge.stations.entrance import EXIT_S
from edge.stations.entry import At
from edge.stations.hall import Doorway, Memory, Phase, Plan, Room, Way
from edge.stations.inputs import (
    ClockRead,
    DoorMoved,
    Input,
    Part,
    PartDown,
    PartUp,
    Started,
    SwitchMoved,
    Tapped,
    TimedOut,
    Timer,
)
from edge.stations.table import Step, Table, row
from protocol.events import DoorForced, Fact, FireReleased, VisitEnded, VisitOutcome
from protocol.names import DeviceName

SAVE_S = 900.0
"""So often the journal is told how long people have been inside."""
_DOOR_TIMERS = (Timer.UNLOCK, Timer.HELD, Timer.ALARM, Timer.QUIET, Timer.EXIT, Timer.SCREEN)
_PASSING = (Way.OPEN, Way.HELD, Way.CLOSING, Way.LEFT)


def boot(plan: Plan, memory: Memory | None) -> Room:
    """The room as the journal left it, before its devices have been tried."""
    known = memory or Memory()
    entries = tuple(e.model_copy(update={"recovered": True}) for e in known.entries)
    doorways = {e.door: Doorway() for e in plan.entrances}
    return Room(Phase.STARTING, known.model_copy(update={"entries": entries}), doorways)


def step(state: Room, given: Input, plan: Plan) -> Step[Room]:
    """What the room becomes and wants done; pages on which something else is to be seen are drawn with each step."""
    after = table.step(TABLE, state, given, plan)
    if not after.known or after.state.phase is Phase.STARTING:
        return after
    said = {effect.page for effect in after.effects if isinstance(effect, Show)}
    return replace(after, effects=(*after.effects, *hall.anew(state, after.state, plan, said)))


def phase_of(room: Room, plan: Plan) -> Phase:
    """How the room as a whole is, by what works."""
    if room.memory.released:
        return Phase.FREE
    return Phase.OUT if room.unwritable or not any(map(room.serves, plan.entrances)) else Phase.IDLE


# --- beginning ---------------------------------------------------------------------------------------------------


def _started(state: Room, given: Started, plan: Plan) -> Step[Room]:
    """Whoever was on the way in when the power went is in, or it will never be known."""
    state = replace(state, out=given.out)
    doors = [e.door for e in plan.entrances]
    gone = tuple(e for e in state.memory.entries if e.door not in doors)  # the plan has lost their doors
    facts: list[Fact] = [e.visit.ended(plan.station, VisitOutcome.UNSETTLED, recovered=True) for e in gone]
    state = state.remember(entries=tuple(e for e in state.memory.entries if e.door in doors))
    effects: list[Effect] = []
    released = plan.fire_release is not None and bool(given.contacts.get(plan.fire_release))
    for way in plan.entrances:
        pressed = way.exit_button is not None and bool(given.contacts.get(way.exit_button))
        is_open = None if way.door in given.out else given.contacts.get(way.door)
        state = state.put(way.door, is_open=is_open, button=pressed)
        if not released and not state.memory.released:
            state, more, reminders = _found(state, way.door, plan)
            facts, effects = [*facts, *more], [*effects, *reminders]
    if released or state.memory.released:
        state, more = _fire(state, released, plan)
        facts, effects = [*facts, *more], [] if released else [*_standing_open(state, plan)]
    state = replace(state, phase=phase_of(state, plan))
    record = (Record(tuple(facts)),) if facts else ()
    return Step(state, (*record, *effects, *hall.everywhere(state, plan)))


def _found(room: Room, door: DeviceName, plan: Plan) -> tuple[Room, tuple[Fact, ...], tuple[Effect, ...]]:
    """How a door is whose contact speaks for the first time, or again: nobody saw it move."""
    is_open = room.doorways[door].is_open
    if not is_open:
        after, ended = entry.over(At(room, door), plan, VisitOutcome.UNSETTLED)
        return after.room.put(door, way=Way.BLIND if is_open is None else Way.SHUT), ended, ()
    held = (Remind(Timer.HELD, plan.held_warn_s, door),)
    if room.entries(door):
        opened = (e.model_copy(update={"opened": True}) for e in room.entries(door))
        return At(room, door).entering(*opened).put(way=Way.OPEN).room, (), held
    forced = DoorForced(station=plan.station, found_open=True, door=plan.named(door))
    return room.put(door, way=Way.FORCED), (forced,), held


# --- at one of the doors -----------------------------------------------------------------------------------------


def _tapped(state: Room, given: Tapped, plan: Plan) -> Step[Room]:
    doors = [e.door for e in plan.entrances if e.card_reader == given.device]
    return _at(state, (doors or [plan.entrances[0].door])[0], given, plan)


def _moved(state: Room, given: DoorMoved, plan: Plan) -> Step[Room]:
    door = given.door or plan.entrances[0].door
    after = _at(state.put(door, is_open=given.open), door, given, plan)
    return after if after.known else Step(state, known=False)


def _timed_out(state: Room, given: TimedOut, plan: Plan) -> Step[Room]:
    if given.door is None or given.door not in state.doorways:
        return Step(state, known=False)
    return _at(state, given.door, given, plan)


def _at(state: Room, door: DeviceName, given: Input, plan: Plan) -> Step[Room]:
    after = table.step(entrance.TABLE, At(state, door), given, plan)
    return Step(after.state.room, after.effects, after.known)


def _switched(state: Room, given: SwitchMoved, plan: Plan) -> Step[Room]:
    """The fire alarm, an exit button, a barrier."""
    if given.switch == plan.fire_release:
        return _alarmed(state, given.on, plan)
    effects: list[Effect] = []
    for way in plan.entrances:
        doorway = state.doorways[way.door]
        if given.switch == way.exit_button:
            fresh = 0 if given.on and doorway.way is Way.SHUT else doorway.passed
            state = state.put(way.door, button=given.on, pressed=True, passed=fresh)
            effects.append(Remind(Timer.EXIT, EXIT_S, way.door))
        leaving = doorway.way is Way.SHUT and (doorway.button or doorway.pressed)
        if given.switch == way.barrier and given.on and (doorway.way in _PASSING or leaving):
            state = state.put(way.door, passed=doorway.passed + 1)
    return Step(state, tuple(effects))


# --- fire --------------------------------------------------------------------------------------------------------


def _alarmed(state: Room, on: bool, plan: Plan) -> Step[Room]:
    if on == state.memory.released:
        return Step(state)
    state, facts = _fire(state, on, plan)
    state = replace(state, phase=phase_of(state, plan))
    timers = tuple(Forget(timer, door) for door in state.doorways for timer in _DOOR_TIMERS)
    held = () if on else _standing_open(state, plan)
    return Step(state, (*timers, Record(facts), *held, *hall.everywhere(state, plan)))


def _standing_open(state: Room, plan: Plan) -> tuple[Effect, ...]:
    open_ = [door for door, doorway in state.doorways.items() if doorway.is_open]
    return tuple(Remind(Timer.HELD, plan.held_warn_s, door) for door in open_)


def _fire(state: Room, on: bool, plan: Plan) -> tuple[Room, tuple[Fact, ...]]:
    """Released: whoever was on the way in no longer is. Over: everybody has left, and a door still open is no news."""
    facts: list[Fact] = [FireReleased(station=plan.station, released=on)] if on != state.memory.released else []
    for door in state.doorways:
        if on:
            after, ended = entry.over(At(state, door).shared(), plan)
            facts, state = [*facts, *ended], after.room.put(door, way=Way.SHUT, pressed=False, passed=0)
        else:
            is_open = state.doorways[door].is_open
            state = state.put(door, way=Way.BLIND if is_open is None else Way.LEFT if is_open else Way.SHUT)
    inside = state.memory.inside if on else ()
    return state.remember(released=on, inside=inside), tuple(facts)


def _tapped_in_fire(state: Room, given: Tapped, plan: Plan) -> Step[Room]:
    return Step(state, hall.everywhere(state, plan))


def _moved_in_fire(state: Room, given: DoorMoved, plan: Plan) -> Step[Room]:
    return Step(state.put(given.door or plan.entrances[0].door, is_open=given.open))


# --- devices -----------------------------------------------------------------------------------------------------


def _down(state: Room, given: PartDown, plan: Plan) -> Step[Room]:
    """One door's device closes that door only; nobody waits for a contact that is gone."""
    facts: tuple[Fact, ...] = ()
    effects: tuple[Effect, ...] = ()
    if given.part is Part.STORAGE:
        state = replace(state, unwritable=True)
    elif given.device is not None:
        state = replace(state, out=state.out | {given.device})
        state, facts, effects = _lost(state, given.device, plan)
    state = replace(state, phase=phase_of(state, plan))
    record = (Record(facts),) if facts else ()
    return Step(state, (*effects, *record))


def _lost(state: Room, device: DeviceName, plan: Plan) -> tuple[Room, tuple[VisitEnded, ...], tuple[Effect, ...]]:
    """Without that device: a door that can't be seen ends its entries, a button or an alarm counts as let go."""
    for way in plan.entrances:
        if device == way.door:
            after, ended = entry.over(At(state, way.door), plan, VisitOutcome.UNSETTLED)
            timers = tuple(Forget(timer, way.door) for timer in _DOOR_TIMERS)
            return after.room.put(way.door, way=Way.BLIND, is_open=None, passed=0), ended, timers
        if device == way.exit_button:
            state = state.put(way.door, button=False, pressed=False)
    return state, (), ()


def _up(state: Room, given: PartUp, plan: Plan) -> Step[Room]:
    facts: tuple[Fact, ...] = ()
    effects: tuple[Effect, ...] = ()
    if given.part is Part.STORAGE:
        state = replace(state, unwritable=False)
        effects = tuple(_waiting(state, plan))
    elif given.device is not None:
        state = replace(state, out=state.out - {given.device})
        if given.device == plan.fire_release and given.door_open is not None:
            after = _alarmed(state, given.door_open, plan)
            return Step(replace(after.state, phase=phase_of(after.state, plan)), after.effects)
        if given.device in state.doorways:
            state = state.put(given.device, is_open=given.door_open)
            if not state.memory.released:
                state, facts, effects = _found(state, given.device, plan)
        for way in plan.entrances:
            if given.device == way.exit_button:
                state = state.put(way.door, button=bool(given.door_open))
    state = replace(state, phase=phase_of(state, plan))
    record = (Record(facts),) if facts else ()
    return Step(state, (*record, *effects))


def _waiting(state: Room, plan: Plan) -> Iterable[Effect]:
    """What couldn't be written down when its time had come is tried again."""
    waits = {Way.INVITED: (Timer.UNLOCK, plan.unlock_s), Way.CLOSING: (Timer.QUIET, plan.quiet_s)}
    for door, doorway in state.doorways.items():
        if doorway.way in waits:
            yield Remind(*waits[doorway.way], door)


# --- time --------------------------------------------------------------------------------------------------------


def _clock(state: Room, given: ClockRead, plan: Plan) -> Step[Room]:
    """Doors close and open by it, and people inside count as gone in time."""
    now = given.local if given.trusted else None
    inside = seats.wait(state.memory.inside, given.passed_s, now)
    after = replace(state.remember(inside=inside), clock=given, unsaved_s=state.unsaved_s + given.passed_s)
    gone = len(inside) != len(state.memory.inside)
    save = gone or (bool(inside) and after.unsaved_s >= SAVE_S)
    after = replace(after, unsaved_s=0.0) if save or not inside else after
    return Step(after, (Record(()),) if save else ())


# --- the table ---------------------------------------------------------------------------------------------------


_STARTING, _IDLE, _FREE, _OUT = Phase.STARTING, Phase.IDLE, Phase.FREE, Phase.OUT

TABLE: Table = {
    (_STARTING, Started): row(_started, _IDLE, _FREE, _OUT),
    (_STARTING, ClockRead): row(_clock, _STARTING),
    **{
        (phase, kind): made
        for phase in (_IDLE, _OUT)
        for kind, made in {
            Tapped: row(_tapped, phase),
            DoorMoved: row(_moved, phase),
            TimedOut: row(_timed_out, phase),
            ClockRead: row(_clock, phase),
        }.items()
    },
    (_IDLE, SwitchMoved): row(_switched, _IDLE, _FREE),
    (_OUT, SwitchMoved): row(_switched, _OUT, _FREE),
    (_IDLE, PartDown): row(_down, _IDLE, _OUT),
    (_OUT, PartDown): row(_down, _OUT),
    (_IDLE, PartUp): row(_up, _IDLE, _FREE),
    (_OUT, PartUp): row(_up, _OUT, _IDLE, _FREE),
    (_FREE, Tapped): row(_tapped_in_fire, _FREE),
    (_FREE, DoorMoved): row(_moved_in_fire, _FREE),
    (_FREE, SwitchMoved): row(_switched, _FREE, _IDLE, _OUT),
    (_FREE, PartDown): row(_down, _FREE),
    (_FREE, PartUp): row(_up, _FREE, _IDLE, _OUT),
    (_FREE, ClockRead): row(_clock, _FREE),
}
"""Every case a room knows. What isn't here changes nothing."""
