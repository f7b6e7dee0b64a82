"""The locker: compartments that open one by one, for the courier who loads them and the patrons who collect. Pure.

One table: (phase, input) -> handler. Above it stands one rule: a compartment is opened by one order, written down
before it is given, and never by a second one because the first wasn't answered. What became of it is told by its door:
open since the order, and shut again, is done; never open is not done; and what nobody saw, since power or the board
were gone, is said to be unclear.
"""

from dataclasses import replace
from datetime import timedelta

from edge.access import Admitted, Refused
from edge.screen import Change, View, ViewKind
from edge.stations import table
from edge.stations.effects import Effect, Forget, Record, Release, Remind, Show
from edge.stations.inputs import (
    CompartmentMoved,
    Input,
    ItemShown,
    LockTried,
    Part,
    PartDown,
    PartUp,
    Pressed,
    Started,
    Surroundings,
    Tapped,
    TimedOut,
    Timer,
    WrongCode,
)
from edge.stations.lockers import (
    NEEDED,
    TRIES,
    Box,
    Deed,
    Job,
    Locker,
    LockerView,
    Memory,
    Phase,
    Plan,
    for_card,
    free,
    idle,
    line,
    loading,
    to_fetch,
    working,
)
from edge.stations.state import the
from edge.stations.table import Step, Table, row
from edge.stations.visit import OpenVisit
from protocol.envelope import Aside
from protocol.events import (
    Borrowed,
    BorrowFlag,
    CardRefused,
    CompartmentStuck,
    CompartmentWorks,
    Evidence,
    Fact,
    Loaded,
    RefusalReason,
    Stuck,
    Undecided,
    Unloaded,
    VisitKind,
    VisitOpened,
    VisitOutcome,
)
from protocol.names import ShelfName

BUSY_S = 3.0
"""How long a second card is told to wait."""
UNSEEN = Evidence(seen_after=0, rounds_after=0)
"""No reader looks into a compartment: its door is all the evidence there is."""


def boot(plan: Plan, memory: Memory | None, visit: OpenVisit | None) -> Locker:
    """The locker as the journal left it, before its devices have been tried."""
    return Locker(Phase.STARTING, memory or Memory(), visit, recovered=visit is not None)


def step(state: Locker, given: Input, plan: Plan) -> Step[Locker]:
    """What the locker becomes and wants done."""
    return table.step(TABLE, state, given, plan)


def _started(state: Locker, given: Started, plan: Plan) -> Step[Locker]:
    state = replace(state, down=given.down, doors=given.compartments)
    locked = (Remind(Timer.RETRY, plan.locked_s),) if state.memory.wrong >= TRIES else ()
    if state.down & NEEDED:
        return _with(_out(state), *locked)
    return _with(_resumed(state, plan), *locked)


def _with(after: Step[Locker], *first: Effect) -> Step[Locker]:
    return Step(after.state, (*first, *after.effects), after.known)


def _out(state: Locker) -> Step[Locker]:
    state = replace(state, phase=Phase.OUT)
    return Step(state, (Show(View(ViewKind.OUT_OF_ORDER)),))


def _rest(state: Locker, *first: Effect) -> Step[Locker]:
    """Nobody is there."""
    over = replace(
        state,
        phase=Phase.OUT if state.down & NEEDED else Phase.IDLE,
        recovered=False,
        queue=(),
        loading=None,
        done=(),
        taken=0,
        opened=False,
        unclear=False,
    )
    shown = () if any(isinstance(e, Show) for e in first) else (Show(idle(over)),)
    return Step(over, (Forget(Timer.SESSION), *first, *shown))


def _resumed(state: Locker, plan: Plan) -> Step[Locker]:
    """Its doors can be seen (again): what was under way is gone on with by what they say, or is said to be unclear."""
    alone = tuple(
        fact for shelf, is_open in state.doors.items() if (fact := _alone(state, shelf, is_open, plan)) is not None
    )
    state = state.remember(stuck={**state.memory.stuck, **{fact.shelf: fact.why for fact in alone}})
    job, first = state.memory.job, (Record(alone),) if alone else ()
    if job is None:
        if state.visit is None:
            return _rest(state, *first)
        return _with(_over(state, plan), *first)
    if state.doors.get(job.shelf):
        return _with(_opened(state, plan), *first)
    if job.opened:
        return _with(_shut(state, plan), *first)
    return _with(_unclear(state, plan), *first)


def _alone(state: Locker, shelf: ShelfName, is_open: bool, plan: Plan) -> CompartmentStuck | None:
    """A compartment that stands open and that nobody asked for."""
    job = state.memory.job
    if not is_open or shelf in state.memory.stuck or shelf not in plan.compartments:
        return None
    if job is not None and job.shelf == shelf:
        return None
    return CompartmentStuck(station=plan.station, shelf=shelf, why=Stuck.OPENED_ALONE)


# --- cards and codes ---------------------------------------------------------------------------------------------


def _surrounded(state: Locker, given: Surroundings, plan: Plan) -> Step[Locker]:
    return Step(replace(state, waiting=given.waiting, today=given.today))


def _tapped(state: Locker, given: Tapped, plan: Plan) -> Step[Locker]:
    if isinstance(given.decision, Refused):
        return _refused(state, given.decision.reason, plan)
    admitted = given.decision
    match admitted.kind:
        case VisitKind.BORROW:
            boxes = for_card(state, given.card)
            if not boxes:
                return _refused(state, RefusalReason.NOTHING_HERE, plan)
            state = replace(state, queue=tuple((shelf, Deed.COLLECT) for shelf in boxes))
            return _admitted(state, given, admitted, VisitKind.COLLECT, plan)
        case VisitKind.RESTOCK | VisitKind.SERVICE:
            return _admitted(state, given, admitted, VisitKind.RESTOCK, plan)
        case _:
            return _refused(state, admitted.because or RefusalReason.BLOCKED, plan)


def _refused(state: Locker, reason: RefusalReason, plan: Plan) -> Step[Locker]:
    said = View(ViewKind.REFUSED, reason=reason, seconds=plan.refusal_s)
    refused = CardRefused(station=plan.station, reason=reason)
    return Step(state, (Record((refused,)), Show(said), Remind(Timer.SCREEN, plan.refusal_s)))


def _admitted(state: Locker, given: Tapped, admitted: Admitted, kind: VisitKind, plan: Plan) -> Step[Locker]:
    visit = OpenVisit(
        visit=given.visit,
        kind=kind,
        card=given.card,
        loan_days=admitted.loan_days,
        limit=admitted.limit,
        loans=admitted.loans,
    )
    opened = VisitOpened(
        station=plan.station,
        visit=visit.visit,
        kind=kind,
        who=given.who,
        directory_version=given.directory_version,
        directory_age_s=given.directory_age_s,
    )
    state = replace(state, visit=visit).remember(wrong=0)
    if kind is VisitKind.COLLECT:
        return _with(_next(state, plan, (opened,), given.aside), Forget(Timer.SCREEN))
    state = replace(state, phase=Phase.LOADING)
    begun: tuple[Effect, ...] = (Forget(Timer.SCREEN), Record((opened,), given.aside, promise=True))
    return Step(state, (*begun, Show(loading(state, plan)), Remind(Timer.SESSION, plan.session_s)))


def _tapped_in_visit(state: Locker, given: Tapped, plan: Plan) -> Step[Locker]:
    """Any other card waits; a courier's own card ends the visit between compartments."""
    visit = the(state.visit)
    if given.card is not None and given.card == visit.card:
        return _over(state, plan) if state.phase is Phase.LOADING else Step(state, known=False)
    busy = CardRefused(station=plan.station, reason=RefusalReason.BUSY, visit=visit.visit)
    return Step(state, (Record((busy,)), Show(View(ViewKind.BUSY, seconds=BUSY_S)), Remind(Timer.SCREEN, BUSY_S)))


def _wrong_code(state: Locker, given: WrongCode, plan: Plan) -> Step[Locker]:
    """After too many, none is taken for a while; cards still are."""
    wrong = state.memory.wrong + 1
    state = state.remember(wrong=wrong)
    reason = RefusalReason.TOO_OFTEN if wrong >= TRIES else RefusalReason.NOTHING_HERE
    refused = CardRefused(station=plan.station, reason=reason)
    if wrong >= TRIES:
        said = View(ViewKind.REFUSED, reason=reason, seconds=plan.refusal_s)
    else:
        said = View(LockerView.WRONG_CODE, seconds=plan.refusal_s, keypad=True, values=(("n", str(TRIES - wrong)),))
    until = (Remind(Timer.RETRY, plan.locked_s),) if wrong >= TRIES else ()
    return Step(state, (Record((refused,)), Show(said), Remind(Timer.SCREEN, plan.refusal_s), *until))


# --- one compartment ---------------------------------------------------------------------------------------------


def _next(state: Locker, plan: Plan, facts: tuple[Fact, ...] = (), aside: Aside | None = None) -> Step[Locker]:
    """Opens the next compartment; written down before its lock is told. The visit ends after the last one."""
    while state.queue:
        (shelf, deed), rest = state.queue[0], state.queue[1:]
        state = replace(state, queue=rest)
        if Part.STORAGE not in state.down and (deed is Deed.FETCH or not _at_limit(state)):
            return _open(state, shelf, deed, state.box(shelf), plan, facts, aside)
    if the(state.visit).kind is VisitKind.COLLECT:
        return _over(state, plan, facts, aside)
    state = replace(state, phase=Phase.LOADING)
    record = (Record(facts, aside),) if facts else ()
    return Step(state, (*record, Show(loading(state, plan)), Remind(Timer.SESSION, plan.session_s)))


def _at_limit(state: Locker) -> bool:
    visit = the(state.visit)
    return visit.limit is not None and visit.loans + state.taken >= visit.limit + _GRACE


_GRACE = 1
"""Items over the limit that were ordered all the same: one, flagged; what was fetched for somebody isn't sent back."""


def _open(
    state: Locker,
    shelf: ShelfName,
    deed: Deed,
    box: Box | None,
    plan: Plan,
    facts: tuple[Fact, ...],
    aside: Aside | None = None,
) -> Step[Locker]:
    job = Job(shelf=shelf, deed=deed, order=state.memory.orders + 1, box=box)
    state = replace(state, phase=Phase.OPENING).remember(job=job, orders=job.order)
    return Step(
        state,
        (
            Record(facts, aside, promise=True),
            Release(shelf, job.order),
            Show(working(job, Phase.OPENING)),
            Forget(Timer.SESSION),
            Remind(Timer.UNLOCK, plan.unlock_s),
        ),
    )


def _tried(state: Locker, given: LockTried, plan: Plan) -> Step[Locker]:
    """What the board says. Only its refusal settles anything: else the door tells."""
    job = the(state.memory.job)
    if given.order != job.order:
        return Step(state, known=False)
    if given.sure is False:
        return _stuck(state, Stuck.DID_NOT_OPEN, plan)
    if given.sure is None:
        return Step(state.remember(job=job.model_copy(update={"unsure": True})))
    return Step(state)


def _moved(state: Locker, given: CompartmentMoved, plan: Plan) -> Step[Locker]:
    """The door of the compartment that is waited for, or any other's."""
    state = replace(state, doors={**state.doors, given.shelf: given.open})
    job = state.memory.job
    if job is None or given.shelf != job.shelf or state.phase is Phase.OUT:
        return _other(state, given, plan)
    if given.open:
        return _opened(state, plan)
    return _shut(state, plan) if job.opened else Step(state)


def _other(state: Locker, given: CompartmentMoved, plan: Plan) -> Step[Locker]:
    if given.open:
        fact = _alone(state, given.shelf, True, plan)
        if fact is None:
            return Step(state)
        return Step(state.remember(stuck={**state.memory.stuck, given.shelf: fact.why}), (Record((fact,)),))
    works = _works(state, given.shelf, plan)
    if works is None:
        return Step(state)
    return Step(_freed(state, given.shelf), (Record((works,)),))


def _works(state: Locker, shelf: ShelfName, plan: Plan) -> CompartmentWorks | None:
    """It has opened and is shut; what may still lie in one that opened alone must be looked at first."""
    why = state.memory.stuck.get(shelf)
    alone = why in (Stuck.OPENED_ALONE, Stuck.UNSURE) and state.box(shelf) is not None
    return None if why is None or alone else CompartmentWorks(station=plan.station, shelf=shelf)


def _freed(state: Locker, shelf: ShelfName) -> Locker:
    return state.remember(stuck={s: why for s, why in state.memory.stuck.items() if s != shelf})


def _opened(state: Locker, plan: Plan) -> Step[Locker]:
    """Its door is open: that is written down, since a power cut may come before it is shut."""
    job = the(state.memory.job).model_copy(update={"opened": True})
    state = replace(state, phase=Phase.OPEN, opened=True).remember(job=job)
    held = Remind(Timer.HELD, plan.held_warn_s)
    return Step(state, (Forget(Timer.UNLOCK), Record(()), Show(working(job, Phase.OPEN)), held))


def _shut(state: Locker, plan: Plan) -> Step[Locker]:
    """Done: what the compartment was opened for has happened, unless somebody said that it hasn't."""
    job = the(state.memory.job)
    state, facts = _settled(state, job, plan)
    works = CompartmentWorks(station=plan.station, shelf=job.shelf) if job.shelf in state.memory.stuck else None
    state = _freed(state, job.shelf).remember(job=None)
    told = (*facts, works) if works else facts
    timers = (Forget(Timer.HELD), Forget(Timer.ALARM))
    return _with(_after(replace(state, loading=None), told, plan), *timers)


def _settled(state: Locker, job: Job, plan: Plan) -> tuple[Locker, tuple[Fact, ...]]:
    visit, box = the(state.visit), job.box
    if box is None or job.left:
        return state, ()
    about = {"station": plan.station, "shelf": job.shelf, "tag": box.tag, "item": box.item, "owner": box.owner}
    of = {**about, "visit": visit.visit, "evidence": UNSEEN}
    match job.deed:
        case Deed.COLLECT:
            over = visit.limit is not None and visit.loans + state.taken >= visit.limit
            due = state.today + timedelta(days=visit.loan_days) if state.today else None
            flags = (BorrowFlag.OVER_LIMIT,) if over else ()
            lent = Borrowed(**of, loan_days=visit.loan_days, due=due, flags=flags)
            shown = replace(line(Change.BORROWED, box), due=due, flags=flags)
            state = replace(state.without(job.shelf), taken=state.taken + 1, done=(*state.done, shown))
            return state, (lent,)
        case Deed.FETCH:
            state = replace(state.without(job.shelf), done=(*state.done, line(Change.UNLOADED, box)))
            return state, (Unloaded(**of),)
        case Deed.LOAD:
            state = state.remember(boxes=(*state.memory.boxes, box))
            return replace(state, done=(*state.done, line(Change.LOADED, box))), (Loaded(**of, hold=box.hold),)


def _after(state: Locker, facts: tuple[Fact, ...], plan: Plan) -> Step[Locker]:
    """A compartment is done with: the same item into another one, the next one, or the end."""
    if state.loading is not None:
        return _load(state, state.loading, plan, facts)
    return _next(state, plan, facts)


def _stuck(state: Locker, why: Stuck, plan: Plan) -> Step[Locker]:
    """It didn't open, or doesn't shut: another is used for what was to be put in; what lies in it waits."""
    job = the(state.memory.job)
    fact = CompartmentStuck(station=plan.station, shelf=job.shelf, why=why, visit=the(state.visit).visit)
    state = state.remember(stuck={**state.memory.stuck, job.shelf: why}, job=None)
    state = replace(state, loading=job.box if job.deed is Deed.LOAD and not job.left else None)
    facts: tuple[Fact, ...] = (fact,)
    if why is Stuck.LEFT_OPEN and job.deed is not Deed.LOAD:
        state, settled = _settled(state, job, plan)  # it opened for whoever it was to open for
        facts = (*settled, fact)
    if why is Stuck.UNSURE:
        state = replace(state, unclear=True)
    timers = (Forget(Timer.UNLOCK), Forget(Timer.HELD), Forget(Timer.ALARM))
    if job.deed is Deed.COLLECT and not state.queue:
        said = View(LockerView.STUCK, items=state.done, values=(("box", str(job.shelf)),), seconds=plan.receipt_s)
        return _with(_over(state, plan, facts, said=said if why is not Stuck.LEFT_OPEN else None), *timers)
    return _with(_after(state, facts, plan), *timers)


def _unclear(state: Locker, plan: Plan) -> Step[Locker]:
    """Told to open, shut now, and nobody looked in between. What lies in it may be gone, or not."""
    job = the(state.memory.job)
    box = state.box(job.shelf)
    facts: tuple[Fact, ...] = ()
    if job.deed is not Deed.LOAD and box is not None:
        visit = the(state.visit).visit
        doubt = Undecided(
            station=plan.station,
            shelf=job.shelf,
            tag=box.tag,
            item=box.item,
            owner=box.owner,
            visit=visit,
            evidence=UNSEEN,
            was_present=True,
        )
        stuck = CompartmentStuck(station=plan.station, shelf=job.shelf, why=Stuck.UNSURE, visit=visit)
        facts = (doubt, stuck)
        state = state.remember(stuck={**state.memory.stuck, job.shelf: Stuck.UNSURE})
    return _over(replace(state, unclear=True).remember(job=None), plan, facts)


def _over(
    state: Locker, plan: Plan, facts: tuple[Fact, ...] = (), aside: Aside | None = None, said: View | None = None
) -> Step[Locker]:
    """The visit ends."""
    visit = the(state.visit)
    outcome = VisitOutcome.UNSETTLED if state.unclear else VisitOutcome.SETTLED
    if outcome is VisitOutcome.SETTLED and visit.kind is VisitKind.COLLECT and not state.opened and not state.recovered:
        outcome = VisitOutcome.NO_ENTRY
    ended = visit.ended(plan.station, outcome, recovered=state.recovered, items=len(state.memory.boxes))
    shown = said or View(ViewKind.RECEIPT, visit.kind, items=state.done, seconds=plan.receipt_s)
    if said is None and not state.done:
        shown = View(ViewKind.GOODBYE, visit.kind, seconds=plan.refusal_s)
    record = Record((*facts, ended), aside)
    return _rest(replace(state, visit=None), record, Show(shown), Remind(Timer.SCREEN, the(shown.seconds)))


# --- the courier -------------------------------------------------------------------------------------------------


def _item(state: Locker, given: ItemShown, plan: Plan) -> Step[Locker]:
    """An item was scanned, or laid on the pad: the next free compartment is for it, and for who has waited longest."""
    lasts = Remind(Timer.SESSION, plan.session_s)
    if given.item is None or given.tag is None:
        return Step(state, (Show(loading(state, plan, LockerView.UNKNOWN_CODE)), lasts))
    kept = {box.hold for box in state.memory.boxes}
    hold = next((one.hold for one in state.waiting if one.title_id == given.title_id and one.hold not in kept), None)
    if hold is None or any(box.item == given.item for box in state.memory.boxes):
        return Step(state, (Show(loading(state, plan, LockerView.LOADING_NOBODY)), lasts))
    box = Box(shelf=plan.compartments[0], tag=given.tag, item=given.item, owner=given.owner, hold=hold)
    return _load(state, box, plan)


def _load(state: Locker, box: Box, plan: Plan, facts: tuple[Fact, ...] = ()) -> Step[Locker]:
    shelf = free(state, plan)
    state = replace(state, loading=None)
    if shelf is None:
        state = replace(state, phase=Phase.LOADING)
        record = (Record(facts),) if facts else ()
        shown = Show(loading(state, plan, LockerView.LOADING_FULL))
        return Step(state, (*record, shown, Remind(Timer.SESSION, plan.session_s)))
    return _open(state, shelf, Deed.LOAD, box.model_copy(update={"shelf": shelf}), plan, facts)


def _pressed_loading(state: Locker, given: Pressed, plan: Plan) -> Step[Locker]:
    if given.what == "done":
        return _over(state, plan)
    if given.what == "fetch" and Part.STORAGE not in state.down:
        queue = tuple((shelf, Deed.FETCH) for shelf in to_fetch(state, plan))
        return _next(replace(state, queue=queue), plan)
    return Step(state, known=False)


def _pressed_open(state: Locker, given: Pressed, plan: Plan) -> Step[Locker]:
    """Whoever stands there says that the item stays, or isn't put in: then shutting the door changes nothing."""
    job = the(state.memory.job)
    says = {"leave": Deed.COLLECT, "not-put": Deed.LOAD}
    if says.get(given.what) is not job.deed:
        return Step(state, known=False)
    job = job.model_copy(update={"left": True})
    state = state.remember(job=job)
    return Step(state, (Record(()), Show(working(job, Phase.OPEN))))


# --- time, devices -----------------------------------------------------------------------------------------------


def _timed(state: Locker, given: TimedOut, plan: Plan) -> Step[Locker]:
    match given.timer:
        case Timer.RETRY:
            return Step(state.remember(wrong=0), (Record(()),))
        case Timer.SCREEN:
            return Step(state, (Show(_shown(state, plan)),))
        case Timer.SESSION if state.phase is Phase.LOADING:
            return _over(state, plan)
        case Timer.UNLOCK if state.phase is Phase.OPENING:
            unsure = the(state.memory.job).unsure
            return _stuck(state, Stuck.UNSURE if unsure else Stuck.DID_NOT_OPEN, plan)
        case Timer.HELD if state.phase is Phase.OPEN:
            job = the(state.memory.job).model_copy(update={"held": True})
            state = state.remember(job=job)
            return Step(state, (Show(working(job, Phase.OPEN)), Remind(Timer.ALARM, plan.held_alarm_s)))
        case Timer.ALARM if state.phase is Phase.OPEN:
            return _stuck(state, Stuck.LEFT_OPEN, plan)
        case _:
            return Step(state, known=False)


def _shown(state: Locker, plan: Plan) -> View:
    match state.phase:
        case Phase.OPENING | Phase.OPEN:
            return working(the(state.memory.job), state.phase)
        case Phase.LOADING:
            return loading(state, plan)
        case _:
            return idle(state)


def _down(state: Locker, given: PartDown, plan: Plan) -> Step[Locker]:
    """Without the board nobody sees the doors: what is under way waits until they can be seen again."""
    state = replace(state, down=state.down | {given.part})
    if given.part is Part.BOARD:
        timers = tuple(Forget(t) for t in (Timer.UNLOCK, Timer.HELD, Timer.ALARM, Timer.SESSION))
        return _with(_out(replace(state, doors={}, recovered=state.visit is not None)), *timers)
    if given.part is Part.STORAGE and state.visit is None:
        return _out(state)
    return Step(state)


def _up(state: Locker, given: PartUp, plan: Plan) -> Step[Locker]:
    state = replace(state, down=state.down - {given.part})
    if given.part is Part.BOARD:
        state = replace(state, doors=given.compartments)
    if state.down & NEEDED or state.phase is not Phase.OUT:
        return Step(state)
    return _resumed(state, plan)


_STARTING, _IDLE, _LOADING = Phase.STARTING, Phase.IDLE, Phase.LOADING
_OPENING, _OPEN, _OUT = Phase.OPENING, Phase.OPEN, Phase.OUT
_ANY = (_IDLE, _LOADING, _OPENING, _OPEN, _OUT)

TABLE: Table = {
    (_STARTING, Started): row(_started, *_ANY),
    (_STARTING, Surroundings): row(_surrounded, _STARTING),
    **{(phase, Surroundings): row(_surrounded, phase) for phase in _ANY},
    (_IDLE, Tapped): row(_tapped, _IDLE, _LOADING, _OPENING),
    (_IDLE, WrongCode): row(_wrong_code, _IDLE),
    (_IDLE, CompartmentMoved): row(_moved, _IDLE),
    (_IDLE, TimedOut): row(_timed, _IDLE),
    (_IDLE, PartDown): row(_down, _IDLE, _OUT),
    (_IDLE, PartUp): row(_up, _IDLE),
    (_LOADING, Tapped): row(_tapped_in_visit, _LOADING, _IDLE, _OUT),
    (_LOADING, ItemShown): row(_item, _LOADING, _OPENING),
    (_LOADING, Pressed): row(_pressed_loading, _LOADING, _OPENING, _IDLE, _OUT),
    (_LOADING, CompartmentMoved): row(_moved, _LOADING),
    (_LOADING, TimedOut): row(_timed, _LOADING, _IDLE, _OUT),
    (_LOADING, PartDown): row(_down, _LOADING, _OUT),
    (_LOADING, PartUp): row(_up, _LOADING),
    (_OPENING, Tapped): row(_tapped_in_visit, _OPENING),
    (_OPENING, LockTried): row(_tried, _OPENING, _LOADING, _IDLE, _OUT),
    (_OPENING, CompartmentMoved): row(_moved, _OPENING, _OPEN),
    (_OPENING, TimedOut): row(_timed, _OPENING, _LOADING, _IDLE, _OUT),
    (_OPENING, PartDown): row(_down, _OPENING, _OUT),
    (_OPENING, PartUp): row(_up, _OPENING),
    (_OPEN, Tapped): row(_tapped_in_visit, _OPEN),
    (_OPEN, Pressed): row(_pressed_open, _OPEN),
    (_OPEN, CompartmentMoved): row(_moved, _OPEN, _OPENING, _LOADING, _IDLE, _OUT),
    (_OPEN, TimedOut): row(_timed, _OPEN, _OPENING, _LOADING, _IDLE, _OUT),
    (_OPEN, PartDown): row(_down, _OPEN, _OUT),
    (_OPEN, PartUp): row(_up, _OPEN),
    (_OUT, Tapped): row(lambda state, given, plan: _refused(state, RefusalReason.OUT_OF_ORDER, plan), _OUT),
    (_OUT, CompartmentMoved): row(_moved, _OUT),
    (_OUT, TimedOut): row(_timed, _OUT),
    (_OUT, PartDown): row(_down, _OUT),
    (_OUT, PartUp): row(_up, *_ANY),
}
"""Every case a locker knows. What isn't here changes nothing."""
