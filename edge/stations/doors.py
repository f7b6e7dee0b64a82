"""A cabinet's doors and locks: which stand open, in whose visit, and since when nobody shut them. Pure.

All of a cabinet's doors belong to the one visit that is open: it goes on while any of them is open, and settles when
all are shut. A door whose contact fails counts as it was last seen, until the contact speaks again.
"""

from dataclasses import replace

from edge.circulation import LastVisit
from edge.screen import View, ViewKind
from edge.stations import count
from edge.stations.effects import Effect, Forget, Record, Relock, Remind, Show, Unlock
from edge.stations.inputs import DoorMoved, Part, Timer
from edge.stations.state import Cabinet, Phase, Plan, ajar_view, at_rest, ended, moved, resting_view, the
from edge.stations.table import Step
from protocol.events import DoorClosed, DoorForced, DoorHeld, DoorOpened, VisitOutcome
from protocol.names import DeviceName


def ready(state: Cabinet, plan: Plan, found_open: bool) -> Step[Cabinet]:
    """Everything works: go on where the doors and the journal say."""
    if state.door_open:
        if state.visit is not None:
            return _opened(state, plan)
        return _intruded(state, plan, state.ajar, found_open)
    return count.begin(state, plan)


# --- locks ---


def unlock(state: Cabinet, plan: Plan) -> tuple[Cabinet, tuple[Effect, ...]]:
    """Releases the lock of every door that is shut: the first now, the others one after another."""
    shut = tuple(door for door in plan.doors if door not in state.ajar)
    return _release(replace(state, locked=shut), plan)


def next_lock(state: Cabinet, plan: Plan) -> Step[Cabinet]:
    """Time for the next lock; a door that was opened meanwhile needs none."""
    return Step(*_release(state, plan))


def _release(state: Cabinet, plan: Plan) -> tuple[Cabinet, tuple[Effect, ...]]:
    waiting = [door for door in state.locked if door not in state.ajar]
    if not waiting:
        return replace(state, locked=()), ()
    more = (Remind(Timer.LOCK, plan.lock_gap_s),) if waiting[1:] else ()
    return replace(state, locked=tuple(waiting[1:])), (Unlock(waiting[0]), *more)


# --- contacts ---


def nobody_opened(state: Cabinet, plan: Plan) -> Step[Cabinet]:
    """The time to open is over. Where a contact has failed meanwhile, somebody may have: then nothing is guessed."""
    if Part.DOOR in state.down:
        after = count.unsettled(state, plan)
        return Step(after.state, (Relock(), *after.effects))
    over = ended(state, plan, VisitOutcome.NO_ENTRY)
    said = View(ViewKind.GOODBYE, seconds=plan.refusal_s)
    state = replace(state, visit=None, recovered=False)
    return at_rest(state, plan, Relock(), Record((over,)), Show(said), Remind(Timer.SCREEN, plan.refusal_s))


def in_invited(state: Cabinet, given: DoorMoved, plan: Plan) -> Step[Cabinet]:
    """The patron opens."""
    return _opened(moved(state, _which(given, plan), True), plan) if given.open else Step(state)


def at_rest_moved(state: Cabinet, given: DoorMoved, plan: Plan) -> Step[Cabinet]:
    """A door moves that nobody was let in by."""
    state = moved(state, _which(given, plan), given.open)
    if not given.open:
        return Step(state)
    return _opened(state, plan) if state.visit is not None else _intruded(state, plan, state.ajar)


def while_open(state: Cabinet, given: DoorMoved, plan: Plan) -> Step[Cabinet]:
    """One more opens, one shuts, or the last."""
    door = _which(given, plan)
    before, state = state.ajar, moved(state, door, given.open)
    if given.open:
        return Step(state) if door in before else _another(state, door, plan)
    if door not in before:
        return Step(state)
    visit = state.visit.visit if state.visit else None
    closed = Record((DoorClosed(station=plan.station, visit=visit, door=plan.named(door)),))
    if state.ajar:
        return Step(state, (Relock(door), closed, Show(_still_open(state, plan)), *_held_anew(state, plan)))
    state = replace(state, phase=Phase.QUIET, locked=())
    return Step(
        state,
        (
            Forget(Timer.HELD),
            Forget(Timer.ALARM),
            *((Forget(Timer.LOCK),) if len(plan.doors) > 1 else ()),
            Relock(),
            closed,
            Show(resting_view(state, plan)),
            Remind(Timer.QUIET, plan.quiet_s),
        ),
    )


def before_settled(state: Cabinet, given: DoorMoved, plan: Plan) -> Step[Cabinet]:
    """It sprang open again, or was pulled: the visit that is open goes on, and without one it is an intrusion."""
    if given.open:
        return at_rest_moved(state, given, plan)
    return Step(moved(state, _which(given, plan), False))


def held(state: Cabinet, plan: Plan) -> Step[Cabinet]:
    """Open for too long: the hub is told, and that more may have gone on than one card can be held to."""
    visit = state.visit
    name = visit.visit if visit else None
    door = plan.named(state.ajar[0]) if state.ajar else None
    if visit is not None:
        state = replace(state, visit=visit.model_copy(update={"shared": True}))
    fact = DoorHeld(station=plan.station, visit=name, open_s=round(plan.held_alarm_s), door=door)
    return Step(state, (Record((fact,)),))


def _which(given: DoorMoved, plan: Plan) -> DeviceName:
    return given.door or plan.doors[0]


def _opened(state: Cabinet, plan: Plan) -> Step[Cabinet]:
    """A door stands open in a visit, which from now on is the last that opened one."""
    visit = the(state.visit)
    last = LastVisit(visit=visit.visit, kind=visit.kind, loan_days=visit.loan_days)
    state = replace(
        state,
        phase=Phase.OPEN,
        count=None,
        memory=state.memory.model_copy(update={"last": last, "pending": None}),
    )
    facts = tuple(DoorOpened(station=plan.station, visit=visit.visit, door=plan.named(d)) for d in state.ajar)
    return Step(
        state,
        (
            Forget(Timer.UNLOCK),
            Forget(Timer.QUIET),
            *(Relock(door) for door in state.ajar),  # the coil has done its work: a door that falls shut is locked
            Record(facts),
            Show(resting_view(state, plan)),
            Remind(Timer.HELD, plan.held_warn_s),
        ),
    )


def _another(state: Cabinet, door: DeviceName, plan: Plan) -> Step[Cabinet]:
    """A further door opens while one stands open."""
    if state.visit is None:
        fact = DoorForced(station=plan.station, door=plan.named(door))
        return Step(state, (Record((fact,)), Show(resting_view(state, plan))))
    opened = DoorOpened(station=plan.station, visit=state.visit.visit, door=plan.named(door))
    shown = (Show(resting_view(state, plan)),) if state.phase is Phase.HELD else ()
    return Step(state, (Relock(door), Record((opened,)), *shown))


def _intruded(state: Cabinet, plan: Plan, doors: tuple[DeviceName, ...], found_open: bool = False) -> Step[Cabinet]:
    """Doors are open and no visit is: whatever happened belongs to nobody."""
    state = replace(
        state,
        phase=Phase.INTRUDED,
        count=None,
        memory=state.memory.model_copy(update={"last": None, "pending": None}),
    )
    facts = tuple(DoorForced(station=plan.station, found_open=found_open, door=plan.named(d)) for d in doors)
    return Step(
        state,
        (
            Forget(Timer.RECOUNT),
            Forget(Timer.RETRY),
            Record(facts),
            Show(resting_view(state, plan)),
            Remind(Timer.HELD, plan.held_warn_s),
        ),
    )


def _still_open(state: Cabinet, plan: Plan) -> View:
    """One was shut, others weren't: which."""
    view = resting_view(state, plan)
    return view if "remark-ajar" in view.remarks else ajar_view(view, state, plan)


def _held_anew(state: Cabinet, plan: Plan) -> tuple[Effect, ...]:
    """The door that stood open longest is shut: the time of those that are open still begins anew."""
    if state.phase is Phase.HELD:
        return (Remind(Timer.ALARM, max(0.1, plan.held_alarm_s - plan.held_warn_s)),)
    return (Forget(Timer.ALARM), Remind(Timer.HELD, plan.held_warn_s))
