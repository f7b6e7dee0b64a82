"""One door of a room. One table: (how the door is, input) -> handler. Pure.

Whoever taps goes in: an entry is written down before the door unlocks, and is over when the door is shut again. One
card is one person, so that a second card at the open door is an entry of its own; more people than cards, a door
held open or opened twice, and the entries say that they were shared.

The way out asks no program: the exit button cuts the lock's current by itself. Its contact, where there is one, only
tells a door opened from inside from one that was forced. Where there is none nobody can tell, and then nobody is
accused: the door was opened from inside, as it is many times a day.
"""

from dataclasses import replace

from edge.access import Admitted, Refused
from edge.screen import View, ViewKind
from edge.stations import entry, hall
from edge.stations.effects import Effect, Forget, Record, Relock, Remind, Show, Unlock
from edge.stations.entry import At
from edge.stations.hall import Plan, Way
from edge.stations.inputs import DoorMoved, Tapped, TimedOut, Timer
from edge.stations.table import Step, Table, row
from protocol.events import (
    CardRefused,
    DoorClosed,
    DoorForced,
    DoorHeld,
    DoorOpened,
    Fact,
    RefusalReason,
    RoomLeft,
    VisitEnded,
)
from protocol.names import DeviceName

EXIT_S = 5.0
"""A door that opens so soon after its exit button was pressed was opened by it."""


# --- cards -------------------------------------------------------------------------------------------------------


def _tapped(at: At, given: Tapped, plan: Plan) -> Step[At]:
    """At a door that is shut: whoever may come in is let in."""
    admitted = entry.admitted(at, given, plan)
    if isinstance(admitted, Refused):
        return _refused(at, admitted.reason, plan)
    return _invited(at, given, admitted, plan, ())


def _tapped_in_invited(at: At, given: Tapped, plan: Plan) -> Step[At]:
    """The same card again has the lock released once more; another one is another entry."""
    if given.card is not None and any(e.visit.card == given.card for e in at.entries):
        return Step(at, (Unlock(at.door), Remind(Timer.UNLOCK, plan.unlock_s, at.door)))
    return _tapped(at, given, plan)


def _tapped_while_closing(at: At, given: Tapped, plan: Plan) -> Step[At]:
    """The entry before is over; whoever comes now has one of their own."""
    admitted = entry.admitted(at, given, plan)
    if isinstance(admitted, Refused):
        return _refused(at, admitted.reason, plan)
    after, ended = entry.over(at, plan)
    step = _invited(after, given, admitted, plan, ended)
    return Step(step.state, (Forget(Timer.QUIET, at.door), *step.effects))


def _tapped_while_open(at: At, given: Tapped, plan: Plan) -> Step[At]:
    """One card, one person: everybody taps, though the door stands open."""
    if given.card is not None and any(e.visit.card == given.card for e in at.entries):
        return Step(at)
    admitted = entry.admitted(at, given, plan)
    if isinstance(admitted, Refused):
        return _refused(at, admitted.reason, plan)
    new, opened = entry.made(at, given, admitted, plan, opened=True)
    at = at.entering(*at.entries, new)
    shown = hall.at(at.door, View(ViewKind.OPEN, admitted.kind))
    return Step(at, (Record((opened,), aside=given.aside, promise=True), *shown))


def _tapped_at_opened(at: At, given: Tapped, plan: Plan) -> Step[At]:
    """The door was opened by others, and stands open: who goes in by it nobody can tell any more."""
    step = _tapped_while_open(at, given, plan)
    if not step.state.entries:
        return step
    after = step.state.shared()
    after = (entry.left(after) if at.phase is Way.LEFT else after).put(way=Way.OPEN, passed=0)
    timers = (Forget(Timer.ALARM, at.door), Remind(Timer.HELD, plan.held_warn_s, at.door))
    return Step(after, (*step.effects, *timers))


def _tapped_blind(at: At, given: Tapped, plan: Plan) -> Step[At]:
    reason = given.decision.reason if isinstance(given.decision, Refused) else RefusalReason.OUT_OF_ORDER
    return _refused(at, reason, plan)


def _refused(at: At, reason: RefusalReason, plan: Plan) -> Step[At]:
    said = View(ViewKind.REFUSED, reason=reason, seconds=plan.refusal_s)
    if reason is RefusalReason.CLOSED:
        said = replace(said, hours=plan.entrance(at.door).hours, remarks=hall.unsure(at.room))
    if reason is RefusalReason.FULL:
        said = replace(said, values=hall.taken(at.room, plan))
    fact = CardRefused(station=plan.station, reason=reason)
    screen = Remind(Timer.SCREEN, plan.refusal_s, at.door)
    return Step(at, (Record((fact,)), *hall.at(at.door, said), screen))


def _invited(at: At, given: Tapped, admitted: Admitted, plan: Plan, ended: tuple[VisitEnded, ...]) -> Step[At]:
    """An entry is on record, after those that end with it, and the lock gives."""
    new, opened = entry.made(at, given, admitted, plan, opened=False)
    at = at.entering(*at.entries, new).put(way=Way.INVITED)
    welcome = View(ViewKind.WELCOME, admitted.kind, seconds=plan.unlock_s)
    return Step(
        at,
        (
            Forget(Timer.SCREEN, at.door),
            Record((opened, *ended), aside=given.aside, promise=True),
            Unlock(at.door),
            *hall.at(at.door, welcome),
            Remind(Timer.UNLOCK, plan.unlock_s, at.door),
        ),
    )


# --- the door ----------------------------------------------------------------------------------------------------


def _opened_from_rest(at: At, given: DoorMoved, plan: Plan) -> Step[At]:
    """Nobody was let in: from inside, or by force."""
    if not given.open:
        return Step(at)
    button = plan.entrance(at.door).exit_button
    doorway = at.room.doorways[at.door]
    if button is None or button in at.room.out or doorway.button or doorway.pressed:
        fact: Fact = RoomLeft(station=plan.station, door=at.door)
        at = at.put(way=Way.LEFT, passed=doorway.passed if doorway.pressed or doorway.button else 0)
        shown: tuple[Effect, ...] = ()
    else:
        fact = DoorForced(station=plan.station, door=plan.named(at.door))
        at = at.put(way=Way.FORCED, passed=0)
        shown = hall.at(at.door, hall.outside(at.room, plan.entrance(at.door), plan))
    return Step(at, (Record((fact,)), *shown, Remind(Timer.HELD, plan.held_warn_s, at.door)))


def _entered(at: At, given: DoorMoved, plan: Plan) -> Step[At]:
    """Somebody who was let in opens; or whoever just then comes out, and then nobody can tell who went in."""
    if not given.open:
        return Step(at)
    doorway = at.room.doorways[at.door]
    leaving = doorway.button or doorway.pressed
    at = at.entering(*(e.model_copy(update={"opened": True}) for e in at.entries)).put(way=Way.OPEN, passed=0)
    first = at.entries[0].visit.visit
    facts: tuple[Fact, ...] = (DoorOpened(station=plan.station, visit=first, door=plan.named(at.door)),)
    if leaving:
        at, facts = at.shared(), (*facts, RoomLeft(station=plan.station, door=at.door))
    return Step(
        at,
        (
            Forget(Timer.UNLOCK, at.door),
            Relock(at.door),  # the coil has done its work, and a door that falls shut is locked
            Record(facts),
            *hall.at(at.door, hall.outside(at.room, plan.entrance(at.door), plan)),
            Remind(Timer.HELD, plan.held_warn_s, at.door),
        ),
    )


def _shut_behind(at: At, given: DoorMoved, plan: Plan) -> Step[At]:
    """The entries wait a moment, in case the door springs open or is caught."""
    if given.open:
        return Step(at)
    at = at.put(way=Way.CLOSING)
    first = at.entries[0].visit.visit
    closed = DoorClosed(station=plan.station, visit=first, door=plan.named(at.door))
    return Step(
        at,
        (
            *_no_longer_held(at.door),
            Relock(at.door),
            Record((closed,)),
            *hall.at(at.door, hall.outside(at.room, plan.entrance(at.door), plan)),
            Remind(Timer.QUIET, plan.quiet_s, at.door),
        ),
    )


def _opened_twice(at: At, given: DoorMoved, plan: Plan) -> Step[At]:
    """One unlocking, two openings: somebody caught the door, or leaves by it."""
    if not given.open:
        return Step(at)
    step = _entered(at.shared(), given, plan)
    return Step(step.state.put(passed=at.room.doorways[at.door].passed), (Forget(Timer.QUIET, at.door), *step.effects))


def _shut_after_leaving(at: At, given: DoorMoved, plan: Plan) -> Step[At]:
    """At least one has gone, or as many as the barrier saw."""
    if given.open:
        return Step(at)
    return _shut(entry.left(at), plan)


def _shut_after_force(at: At, given: DoorMoved, plan: Plan) -> Step[At]:
    return Step(at) if given.open else _shut(at, plan)


def _shut(at: At, plan: Plan) -> Step[At]:
    after = at.put(way=Way.SHUT, passed=0)
    closed = DoorClosed(station=plan.station, door=plan.named(at.door))
    shown = hall.at(at.door, hall.outside(after.room, plan.entrance(at.door), plan))
    return Step(after, (*_no_longer_held(at.door), Record((closed,)), *shown))


def _no_longer_held(door: DeviceName) -> tuple[Effect, ...]:
    return (Forget(Timer.HELD, door), Forget(Timer.ALARM, door))


# --- time --------------------------------------------------------------------------------------------------------


def _timed_out(at: At, given: TimedOut, plan: Plan) -> Step[At]:
    match (at.phase, given.timer):
        case (_, Timer.SCREEN):
            return Step(at, hall.at(at.door, hall.outside(at.room, plan.entrance(at.door), plan)))
        case (_, Timer.EXIT):
            still = at.room.doorways[at.door].passed if at.phase is not Way.SHUT else 0
            return Step(at.put(pressed=False, passed=still))
        case (Way.INVITED, Timer.UNLOCK):
            return _nobody_came(at, plan)
        case (Way.CLOSING, Timer.QUIET):
            after, ended = entry.over(at, plan)
            after = after.put(way=Way.SHUT, passed=0)
            shown = hall.at(at.door, hall.outside(after.room, plan.entrance(at.door), plan))
            return Step(after, (Record(ended, promise=True), *shown))
        case (Way.OPEN, Timer.HELD):
            after = at.put(way=Way.HELD)
            shown = hall.at(at.door, hall.outside(after.room, plan.entrance(at.door), plan))
            return Step(after, (*shown, _alarm(at.door, plan)))
        case (Way.LEFT | Way.FORCED, Timer.HELD):
            held = View(ViewKind.HELD)
            return Step(at, (*hall.at(at.door, held), Show(held, hall.INSIDE), _alarm(at.door, plan)))
        case (Way.HELD | Way.LEFT | Way.FORCED, Timer.ALARM):
            return _held(at, plan)
        case _:
            return Step(at, known=False)


def _alarm(door: DeviceName, plan: Plan) -> Effect:
    return Remind(Timer.ALARM, max(0.1, plan.held_alarm_s - plan.held_warn_s), door)


def _held(at: At, plan: Plan) -> Step[At]:
    at = at.shared()
    visit = at.entries[0].visit.visit if at.entries else None
    held = DoorHeld(station=plan.station, visit=visit, open_s=round(plan.held_alarm_s), door=plan.named(at.door))
    return Step(at, (Record((held,)),))


def _nobody_came(at: At, plan: Plan) -> Step[At]:
    after, ended = entry.over(at, plan)
    after = after.put(way=Way.SHUT)
    said = View(ViewKind.GOODBYE, seconds=plan.refusal_s)
    screen = Remind(Timer.SCREEN, plan.refusal_s, at.door)
    return Step(after, (Relock(at.door), Record(ended, promise=True), *hall.at(at.door, said), screen))


# --- the table ---------------------------------------------------------------------------------------------------


_SHUT, _INVITED, _OPEN, _HELD, _CLOSING = Way.SHUT, Way.INVITED, Way.OPEN, Way.HELD, Way.CLOSING
_LEFT, _FORCED, _BLIND = Way.LEFT, Way.FORCED, Way.BLIND

TABLE: Table = {
    (_SHUT, Tapped): row(_tapped, _SHUT, _INVITED),
    (_SHUT, DoorMoved): row(_opened_from_rest, _SHUT, _LEFT, _FORCED),
    (_SHUT, TimedOut): row(_timed_out, _SHUT),
    (_INVITED, Tapped): row(_tapped_in_invited, _INVITED),
    (_INVITED, DoorMoved): row(_entered, _INVITED, _OPEN),
    (_INVITED, TimedOut): row(_timed_out, _INVITED, _SHUT),
    (_OPEN, Tapped): row(_tapped_while_open, _OPEN),
    (_OPEN, DoorMoved): row(_shut_behind, _OPEN, _CLOSING),
    (_OPEN, TimedOut): row(_timed_out, _OPEN, _HELD),
    (_HELD, Tapped): row(_tapped_while_open, _HELD),
    (_HELD, DoorMoved): row(_shut_behind, _HELD, _CLOSING),
    (_HELD, TimedOut): row(_timed_out, _HELD),
    (_CLOSING, Tapped): row(_tapped_while_closing, _CLOSING, _INVITED),
    (_CLOSING, DoorMoved): row(_opened_twice, _CLOSING, _OPEN),
    (_CLOSING, TimedOut): row(_timed_out, _CLOSING, _SHUT),
    (_LEFT, Tapped): row(_tapped_at_opened, _LEFT, _OPEN),
    (_LEFT, DoorMoved): row(_shut_after_leaving, _LEFT, _SHUT),
    (_LEFT, TimedOut): row(_timed_out, _LEFT),
    (_FORCED, Tapped): row(_tapped_at_opened, _FORCED, _OPEN),
    (_FORCED, DoorMoved): row(_shut_after_force, _FORCED, _SHUT),
    (_FORCED, TimedOut): row(_timed_out, _FORCED),
    (_BLIND, Tapped): row(_tapped_blind, _BLIND),
    (_BLIND, TimedOut): row(_timed_out, _BLIND),
}
"""Every case a room's door knows. What isn't here changes nothing."""
