"""The cabinet: one door, shelves behind it, a card reader beside it. One table: (phase, input) -> handler. Pure.

Two rules stand above the table. A visit is written down before the door unlocks and stays open until what the shelf
shows has been written down, whatever happens in between. And what can't be laid to exactly one visit is laid to
nobody. An input that the table doesn't have changes nothing; the agent counts it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from edge import circulation, shelf
from edge.access import Admitted, Refused
from edge.circulation import Cause, LastVisit
from edge.screen import Change, View, ViewItem, ViewKind
from edge.shelf import Limits, Shelf, Sighting, Tally, Verdict
from edge.stations.effects import (
    Doubt,
    Effect,
    Forget,
    Identify,
    ReadRound,
    Record,
    Relock,
    Remind,
    Show,
    Trust,
    Unlock,
)
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
from protocol.events import (
    Borrowed,
    BorrowReversed,
    CardRefused,
    DoorClosed,
    DoorForced,
    DoorHeld,
    DoorOpened,
    Fact,
    ForeignFound,
    ItemFact,
    RefusalReason,
    Returned,
    ShelfCounted,
    Undecided,
    VisitEnded,
    VisitKind,
    VisitOpened,
    VisitOutcome,
)
from protocol.names import CardTag, Frozen, ShelfName, StationName, TagUid, VisitId

_Value = TypeVar("_Value")

BUSY_S = 3.0
"""How long a second card is told to wait."""
RETRY_S = 10.0
"""Between attempts to count a shelf whose count can't be trusted."""


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


@dataclass(frozen=True, slots=True)
class Step:
    """What an input led to."""

    state: Cabinet
    effects: tuple[Effect, ...] = ()
    known: bool = True
    """The table had a row for it."""


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
            audit = state.count is not None and state.count.aim is Aim.AUDIT and _counted(state)
            return View(ViewKind.IDLE) if audit else View(ViewKind.COUNTING, kind)
        case Phase.OUT:
            return View(ViewKind.OUT_OF_ORDER)


# --- beginning ---------------------------------------------------------------------------------------------------


def _started(state: Cabinet, given: Started, plan: Plan) -> Step:
    state = replace(state, door_open=given.door_open, down=given.down)
    if given.down:
        return _unsettled(state, plan) if state.visit is not None else _rest(state, plan)
    return _ready(state, plan, found_open=True)


def _ready(state: Cabinet, plan: Plan, found_open: bool) -> Step:
    """Everything works: go on where the door and the journal say."""
    if state.door_open:
        if state.visit is not None:
            return _opened(state, plan)
        return _intruded(state, plan, found_open)
    return _begin_count(state, plan)


def _rest(state: Cabinet, plan: Plan, *first: Effect) -> Step:
    """Nobody is there: idle, or out of order while something is down."""
    state = replace(state, phase=Phase.OUT if state.down else Phase.IDLE, count=None)
    last: Effect = Remind(Timer.RECOUNT, plan.recount_s)
    if state.down:
        last = Remind(Timer.RETRY, plan.recount_s if state.down == {Part.CARD} else RETRY_S)
    shown = () if any(isinstance(e, Show) for e in first) else (Show(resting_view(state)),)
    return Step(state, (*first, *shown, last))


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
    routine = state.count is not None and state.count.aim is Aim.AUDIT and _counted(state)
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
    ended = _ended(state, plan, VisitOutcome.NO_ENTRY)
    said = View(ViewKind.GOODBYE, seconds=plan.refusal_s)
    state = replace(state, visit=None, recovered=False)
    return _rest(state, plan, Relock(), Record((ended,)), Show(said), Remind(Timer.SCREEN, plan.refusal_s))


def _door_in_invited(state: Cabinet, given: DoorMoved, plan: Plan) -> Step:
    return _opened(replace(state, door_open=True), plan) if given.open else Step(state)


def _opened(state: Cabinet, plan: Plan) -> Step:
    """The door stands open in a visit, which from now on is the last that opened it."""
    visit = _the(state.visit)
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


# --- counting ----------------------------------------------------------------------------------------------------


def _begin_count(state: Cabinet, plan: Plan) -> Step:
    """Count every shelf; at once unsettled where a reader is known to be down."""
    aim = Aim.VISIT if state.visit else Aim.LATE if state.memory.pending else Aim.AUDIT
    number = state.counts + 1
    count = Count(number, aim, {name: Tally() for name in plan.shelves})
    state = replace(state, phase=Phase.COUNTING, counts=number, count=count)
    if Part.READER in state.down:
        return _unsettled(state, plan)
    rounds = tuple(ReadRound(name, number) for name in plan.shelves)
    quietly = () if aim is Aim.AUDIT and _counted(state) else (Show(resting_view(state)),)
    return Step(state, (Forget(Timer.QUIET), Forget(Timer.RECOUNT), Forget(Timer.RETRY), *quietly, *rounds))


def _round_done(state: Cabinet, given: RoundDone, plan: Plan) -> Step:
    count = state.count
    if count is None or given.count != count.number or count.found is not None:
        return Step(state)
    tally = shelf.add(count.tallies[given.shelf], given.tags, given.complete, plan.shelves[given.shelf])
    return _tallied(state, given.shelf, tally, plan, "the reference tag was not seen")


def _round_failed(state: Cabinet, given: RoundFailed, plan: Plan) -> Step:
    count = state.count
    if count is None or given.count != count.number or count.found is not None:
        return Step(state)
    return _tallied(state, given.shelf, shelf.failed(count.tallies[given.shelf]), plan, given.why)


def _tallied(state: Cabinet, name: ShelfName, tally: Tally, plan: Plan, why: str) -> Step:
    count = replace(_the(state.count), tallies={**_the(state.count).tallies, name: tally})
    state = replace(state, count=count)
    match _verdict(state, name, plan):
        case Verdict.FAILED:
            return _unsettled(state, plan, Doubt(name, why))
        case Verdict.MORE:
            return Step(state, (ReadRound(name, count.number),))
        case Verdict.SETTLED:
            if any(_verdict(state, other, plan) is not Verdict.SETTLED for other in plan.shelves):
                return Step(state)
            return _settled(state, plan)


def _verdict(state: Cabinet, name: ShelfName, plan: Plan) -> Verdict:
    return shelf.judge(_the(state.count).tallies[name], _shelf(state, name), plan.shelves[name], plan.limits)


def _settled(state: Cabinet, plan: Plan) -> Step:
    """Every shelf is clear: ask whose the changed tags are, or conclude at once."""
    count = _the(state.count)
    found = {name: shelf.sightings(tally, _shelf(state, name), plan.limits) for name, tally in count.tallies.items()}
    if _attributed(state) is None or _the(_attributed(state)).kind is not VisitKind.RESTOCK:
        found = {name: shelf.doubt_mass_loss(seen, _shelf(state, name)) for name, seen in found.items()}
    count = replace(count, found=found)
    state = replace(state, count=count)
    tags = circulation.changed(state.memory.shelves, found)
    if tags:
        return Step(state, (Identify(tags, count.number),))
    return _conclude(state, Identified(count.number, {}, None), plan)


def _identified(state: Cabinet, given: Identified, plan: Plan) -> Step:
    if state.count is None or given.count != state.count.number or state.count.found is None:
        return Step(state)
    return _conclude(state, given, plan)


def _conclude(state: Cabinet, given: Identified, plan: Plan) -> Step:
    """Explain the difference, write it down, tell the patron."""
    count = _the(state.count)
    explained = circulation.explain(
        plan.station,
        state.memory.shelves,
        _the(count.found),
        given.identities,
        _cause(state, given),
    )
    trusted = Part.SHELF in state.down
    first = not _counted(state)
    memory = Memory(shelves=explained.shelves, last=_last(state, explained.facts), pending=None)
    facts: tuple[Fact, ...] = explained.facts
    if count.aim is Aim.VISIT:
        items = sum(len(s.present) for s in explained.shelves)
        facts = (*facts, _ended(state, plan, VisitOutcome.SETTLED, items))
    elif facts or first:
        facts = (*facts, *_counts(count, explained.shelves, plan))
    visit = state.visit
    state = replace(state, memory=memory, visit=None, recovered=False, count=None, down=state.down - {Part.SHELF})
    record: tuple[Effect, ...] = (Record(facts, promise=True),)
    if trusted:
        record = (*record, Trust())
    if visit is None:
        return _second_look(_rest(state, plan, *record), explained.facts, plan)
    receipt = _receipt(visit, explained.facts, plan)
    rest = _rest(state, plan, *record, Show(receipt), Remind(Timer.SCREEN, plan.receipt_s))
    return _second_look(rest, explained.facts, plan)


def _second_look(after: Step, facts: tuple[ItemFact, ...], plan: Plan) -> Step:
    """Look again soon where a hidden tag could have been taken for a taken item."""
    if after.state.phase is Phase.IDLE and any(isinstance(f, Borrowed | Undecided) for f in facts):
        return Step(after.state, (*after.effects, Remind(Timer.RECOUNT, plan.second_look_s)))
    return after


def _unsettled(state: Cabinet, plan: Plan, *doubt: Effect) -> Step:
    """The count can't be trusted: guess nothing, keep the visit in mind, count again later."""
    readers_known = Part.READER in state.down or not doubt
    down = state.down if readers_known else state.down | {Part.SHELF}
    ended = () if state.visit is None else (_ended(state, plan, VisitOutcome.UNSETTLED),)
    visit = state.visit
    memory = state.memory if visit is None else state.memory.model_copy(update={"pending": visit})
    state = replace(state, memory=memory, visit=None, recovered=False, count=None, down=down)
    if visit is None:
        return _rest(state, plan, *doubt)
    said = View(ViewKind.UNSETTLED, visit.kind, seconds=plan.receipt_s)
    return _rest(state, plan, *doubt, Record(ended, promise=True), Show(said), Remind(Timer.SCREEN, plan.receipt_s))


# --- devices and timers ------------------------------------------------------------------------------------------


def _down(state: Cabinet, given: PartDown, plan: Plan) -> Step:
    """While somebody is at the door a failure waits; at rest it closes the cabinet."""
    return Step(replace(state, down=state.down | {given.part}))


def _down_at_rest(state: Cabinet, given: PartDown, plan: Plan) -> Step:
    state = replace(state, down=state.down | {given.part})
    return _rest(state, plan, Forget(Timer.RECOUNT))


def _down_in_invited(state: Cabinet, given: PartDown, plan: Plan) -> Step:
    """A blind door may have been opened: the visit stays unsettled until a count shows what happened."""
    state = replace(state, down=state.down | {given.part})
    if given.part is not Part.DOOR:
        return Step(state)
    after = _unsettled(state, plan)
    return Step(after.state, (Forget(Timer.UNLOCK), *after.effects))


def _down_in_count(state: Cabinet, given: PartDown, plan: Plan) -> Step:
    state = replace(state, down=state.down | {given.part})
    if given.part is Part.READER:
        return _unsettled(state, plan)
    if given.part is Part.STORAGE:
        return _rest(state, plan)
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
            return _begin_count(state, plan)
        case (Phase.OUT, Timer.RETRY):
            return _again(state, plan)
        case _:
            return Step(state, known=False)


def _recount(state: Cabinet, given: RecountAsked, plan: Plan) -> Step:
    return _begin_count(state, plan)


def _recount_out(state: Cabinet, given: RecountAsked, plan: Plan) -> Step:
    return _again(state, plan)


# --- small words -------------------------------------------------------------------------------------------------


def _the(value: _Value | None) -> _Value:
    """What the phase guarantees to be there."""
    if value is None:
        raise AssertionError("the table let a phase in without what it needs")
    return value


def _shelf(state: Cabinet, name: ShelfName) -> Shelf:
    return next(s for s in state.memory.shelves if s.name == name)


def _counted(state: Cabinet) -> bool:
    return all(s.counted for s in state.memory.shelves)


def _attributed(state: Cabinet) -> OpenVisit | None:
    """The visit that the count's differences are laid to."""
    return state.visit or state.memory.pending


def _cause(state: Cabinet, given: Identified) -> Cause:
    visit = _attributed(state)
    if visit is None:
        return Cause(today=given.today, last=state.memory.last)
    return Cause(
        kind=visit.kind,
        visit=visit.visit,
        late=state.visit is None,
        loan_days=visit.loan_days,
        limit=visit.limit,
        loans=visit.loans,
        today=given.today,
    )


def _last(state: Cabinet, facts: tuple[ItemFact, ...]) -> LastVisit | None:
    """The last visit, with what it is now recorded to have taken."""
    last = state.memory.last
    if last is None:
        return None
    taken = set(last.taken)
    for fact in facts:
        if isinstance(fact, Borrowed) and fact.visit == last.visit:
            taken.add(fact.tag)
        if isinstance(fact, BorrowReversed | Returned):
            taken.discard(fact.tag)
    return last.model_copy(update={"taken": tuple(sorted(taken))})


def _ended(state: Cabinet, plan: Plan, outcome: VisitOutcome, items: int | None = None) -> VisitEnded:
    return VisitEnded(
        station=plan.station,
        visit=_the(state.visit).visit,
        outcome=outcome,
        recovered=state.recovered,
        items=items,
    )


def _counts(count: Count, shelves: tuple[Shelf, ...], plan: Plan) -> tuple[ShelfCounted, ...]:
    return tuple(
        ShelfCounted(
            station=plan.station,
            shelf=s.name,
            rounds=count.tallies[s.name].rounds,
            present=len(s.present),
            undecided=len(s.standings) - len(s.present),
        )
        for s in shelves
    )


def _receipt(visit: OpenVisit, facts: tuple[ItemFact, ...], plan: Plan) -> View:
    lines = []
    for fact in facts:
        match fact:
            case Borrowed():
                lines.append(ViewItem(Change.BORROWED, fact.tag, fact.item, fact.due, fact.flags))
            case Returned():
                lines.append(ViewItem(Change.RETURNED, fact.tag, fact.item))
            case Undecided():
                lines.append(ViewItem(Change.UNDECIDED, fact.tag, fact.item))
            case ForeignFound():
                lines.append(ViewItem(Change.FOREIGN, fact.tag, fact.item))
            case _:
                continue
    return View(ViewKind.RECEIPT, visit.kind, items=tuple(lines), seconds=plan.receipt_s)


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
    (_COUNTING, RoundDone): _row(_round_done, _COUNTING, _IDLE, _OUT),
    (_COUNTING, RoundFailed): _row(_round_failed, _COUNTING, _IDLE, _OUT),
    (_COUNTING, Identified): _row(_identified, _COUNTING, _IDLE, _OUT),
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
