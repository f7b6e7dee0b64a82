"""The book drop: a slot that anybody puts items through, a bin behind it. One table: (phase, input) -> handler. Pure.

Nobody needs a card, and nothing is turned away: what is ours is returned, whoever had borrowed it, and what isn't is
taken in, said to be so and sent home with the next run. What lies in the bin counts once, however often it is seen,
until a courier has taken it out. A set comes back when all of it is there; until then its loan stands.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from edge.access import Refused
from edge.screen import Change, View, ViewItem, ViewKind
from edge.stations import table
from edge.stations.effects import CountBin, Effect, Forget, Record, Remind, Show, Unlock
from edge.stations.goods import Goods, gathered
from edge.stations.inputs import (
    BinCounted,
    DoorMoved,
    Input,
    PadChanged,
    Part,
    PartDown,
    PartUp,
    Pressed,
    Started,
    SwitchMoved,
    Tapped,
    TimedOut,
    Timer,
)
from edge.stations.state import the
from edge.stations.table import Step, Table, row
from edge.stations.visit import OpenVisit
from protocol.events import (
    CardRefused,
    DoorClosed,
    DoorForced,
    DoorHeld,
    DoorOpened,
    Evidence,
    Fact,
    ForeignFound,
    ForeignGone,
    ForeignKind,
    ItemRefused,
    ItemTrouble,
    Missing,
    RefusalReason,
    Returned,
    Unloaded,
    VisitKind,
    VisitOpened,
    VisitOutcome,
)
from protocol.names import Frozen, Isil, ItemId, ShelfName, StationName, TagUid, VisitId

QUIET_S = 4.0
"""From the end of emptying to the look at what is left: rounds enough to miss what is gone."""
UNSEEN = Evidence(seen_after=0, rounds_after=0)


class Phase(StrEnum):
    """What the drop is at."""

    STARTING = "starting"
    IDLE = "idle"
    EMPTYING = "emptying"
    """A courier's visit, or a bin that somebody opened by force."""
    OUT = "out-of-order"
    """Nothing can be read, or written down; the slot is open all the same."""


class DropView(StrEnum):
    """What only a drop shows."""

    FLAP = "flap"
    FULL = "full"
    EMPTYING = "emptying"
    LATER = "later"
    """What is put in now is booked later."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A drop's fixed facts."""

    station: StationName
    shelf: ShelfName
    capacity: int
    has_door: bool
    """The bin is behind a lock that couriers open."""
    settle_s: float
    """For which the other parts of a set may follow."""
    held_alarm_s: float
    session_s: float
    receipt_s: float
    refusal_s: float


class Lies(Frozen):
    """One tag in the bin."""

    tag: TagUid
    item: ItemId | None = None
    owner: Isil | None = None
    foreign: ForeignKind | None = None
    held: bool = False
    """Part of a set whose other parts haven't come: not returned yet."""


class Memory(Frozen):
    """What a drop knows across restarts; kept in the journal with every fact."""

    bin: tuple[Lies, ...] = ()


@dataclass(frozen=True, slots=True)
class Drop:
    """A drop's state."""

    phase: Phase
    memory: Memory = field(default_factory=Memory)
    visit: OpenVisit | None = None
    recovered: bool = False
    down: frozenset[Part] = frozenset()
    writable: bool = True
    seen: tuple[Goods, ...] = ()
    """What lies there as the reader sees it, item by item."""
    waiting: frozenset[TagUid] = frozenset()
    """Parts of sets whose others may still follow."""
    door_open: bool = False
    flap: bool = False


def known(state: Drop) -> frozenset[TagUid]:
    """Tags that have had their outcome."""
    return frozenset(lies.tag for lies in state.memory.bin)


def boot(plan: Plan, memory: Memory | None, visit: OpenVisit | None) -> Drop:
    """The drop as the journal left it."""
    return Drop(Phase.STARTING, memory or Memory(), visit, recovered=visit is not None)


def step(state: Drop, given: Input, plan: Plan) -> Step[Drop]:
    """What the drop becomes and wants done."""
    return table.step(TABLE, state, given, plan)


def idle(state: Drop, plan: Plan) -> View:
    """What the screen shows while nothing else has to be said."""
    if state.phase is Phase.EMPTYING:
        choices = () if plan.has_door or state.visit is None else ("done",)
        return View(DropView.EMPTYING, values=(("n", str(len(state.memory.bin))),), choices=choices)
    if state.phase is Phase.OUT:
        return View(DropView.LATER)
    if len(state.memory.bin) >= plan.capacity:
        return View(DropView.FULL)
    return View(DropView.FLAP) if state.flap else View(ViewKind.IDLE)


def _rest(state: Drop, plan: Plan, *first: Effect) -> Step[Drop]:
    out = Part.READER in state.down or Part.STORAGE in state.down or not state.writable
    state = replace(state, phase=Phase.OUT if out else Phase.IDLE, visit=None, recovered=False)
    shown = () if any(isinstance(e, Show) for e in first) else (Show(idle(state, plan)),)
    return Step(state, (*first, *shown))


def _started(state: Drop, given: Started, plan: Plan) -> Step[Drop]:
    """Emptying goes on; a bin found open was opened by nobody."""
    state = replace(state, down=given.down, door_open=bool(given.door_open))
    if state.visit is not None:
        return _emptying(state, plan)
    if state.door_open:
        return _forced(state, plan, found=True)
    return _rest(state, plan)


# --- what is put in ----------------------------------------------------------------------------------------------


def _seen(state: Drop, given: PadChanged, plan: Plan) -> Step[Drop]:
    return _take(replace(state, seen=gathered(given.lying), writable=given.writable), plan)


def _noted(state: Drop, given: PadChanged, plan: Plan) -> Step[Drop]:
    """While the bin is emptied nothing is returned: it is looked at afterwards."""
    return Step(replace(state, seen=gathered(given.lying), writable=given.writable))


def _take(state: Drop, plan: Plan, first: tuple[Fact, ...] = (), *, late: bool = False) -> Step[Drop]:
    """Everything that has no outcome yet, after the facts that come first; `late`: the other parts of sets have had
    their time."""
    settled = {lies.tag for lies in state.memory.bin if not lies.held}
    held = {lies.tag for lies in state.memory.bin if lies.held}
    fresh = [g for g in state.seen if g.sure and not settled.issuperset(g.tags)]
    short = [g for g in fresh if g.trouble is ItemTrouble.INCOMPLETE]
    due = [g for g in fresh if g not in short] + ([g for g in short if not held.issuperset(g.tags)] if late else [])
    waiting = frozenset(tag for g in short if not late for tag in g.tags if tag not in held)
    began = (Remind(Timer.SETTLE, plan.settle_s),) if waiting - state.waiting else ()
    state = replace(state, waiting=waiting)
    unwritable = Part.STORAGE in state.down or not state.writable
    if unwritable or not due:
        alone = (Record(first),) if first else ()
        quiet = not first and not unwritable and state.phase is not Phase.OUT
        return Step(state, began) if quiet else _rest(state, plan, *began, *alone)
    visit = OpenVisit(visit=next((g.visit for g in due if g.visit), None) or _unnamed(), kind=VisitKind.DROP)
    opened = VisitOpened(station=plan.station, visit=visit.visit, kind=visit.kind)
    facts, lines = [fact for g in due for fact in _facts(g, visit, plan)], tuple(_line(g) for g in due)
    now = {lies.tag: lies for g in due for lies in _lies(g)}
    bin_ = (*(lies for lies in state.memory.bin if lies.tag not in now), *now.values())
    state = replace(state, memory=Memory(bin=bin_))
    over = visit.ended(plan.station, VisitOutcome.SETTLED, items=len(bin_))
    said = View(ViewKind.RECEIPT, VisitKind.DROP, items=lines, seconds=plan.receipt_s)
    record = Record((*first, opened, *facts, over), promise=not first)
    return _rest(state, plan, *began, record, Show(said), Remind(Timer.SCREEN, plan.receipt_s))


def _unnamed() -> VisitId:
    raise AssertionError("the keeper names the visit of whatever lies there")


def _facts(item: Goods, visit: OpenVisit, plan: Plan) -> tuple[Fact, ...]:
    about = {"station": plan.station, "shelf": plan.shelf, "item": item.item, "owner": item.owner}
    of = {**about, "visit": visit.visit, "evidence": Evidence(seen_after=item.seen, rounds_after=item.rounds)}
    if item.foreign is not None:
        return tuple(ForeignFound(**of, tag=tag, kind=item.foreign) for tag in item.tags)
    if item.trouble is not None:
        why = item.trouble
        return (ItemRefused(station=plan.station, visit=visit.visit, tag=item.tags[0], item=item.item, why=why),)
    return (Returned(**of, tag=item.tags[0]),)


def _line(item: Goods) -> ViewItem:
    if item.foreign is not None and item.trouble is not ItemTrouble.UNREADABLE:
        return ViewItem(Change.FOREIGN, item.tags[0], item.item)
    if item.trouble is not None:
        return ViewItem(Change.REFUSED, item.tags[0], item.item, why=item.trouble)
    return ViewItem(Change.RETURNED, item.tags[0], item.item)


def _lies(item: Goods) -> tuple[Lies, ...]:
    held = item.trouble is ItemTrouble.INCOMPLETE
    about = {"item": item.item, "owner": item.owner, "foreign": item.foreign, "held": held}
    return tuple(Lies(tag=tag, **about) for tag in item.tags)


def _flap(state: Drop, given: SwitchMoved, plan: Plan) -> Step[Drop]:
    state = replace(state, flap=given.on)
    return Step(state, (Show(idle(state, plan)),)) if given.on else Step(state, (Remind(Timer.SCREEN, plan.refusal_s),))


# --- emptying ----------------------------------------------------------------------------------------------------


def _tapped(state: Drop, given: Tapped, plan: Plan) -> Step[Drop]:
    """Couriers empty the bin; patrons need no card."""
    admitted = given.decision
    reason = admitted.reason if isinstance(admitted, Refused) else None
    if isinstance(admitted, Refused) or admitted.kind not in (VisitKind.RESTOCK, VisitKind.SERVICE):
        reason = reason or RefusalReason.NOTHING_HERE
        said = View(ViewKind.REFUSED, reason=reason, seconds=plan.refusal_s)
        refused = CardRefused(station=plan.station, reason=reason)
        return Step(state, (Record((refused,)), Show(said), Remind(Timer.SCREEN, plan.refusal_s)))
    state = replace(state, visit=OpenVisit(visit=given.visit, kind=VisitKind.RESTOCK, card=given.card))
    opened = VisitOpened(
        station=plan.station,
        visit=given.visit,
        kind=VisitKind.RESTOCK,
        who=given.who,
        directory_version=given.directory_version,
        directory_age_s=given.directory_age_s,
    )
    after = _emptying(state, plan)
    unlock = (Unlock(),) if plan.has_door else ()
    return Step(after.state, (Record((opened,), given.aside, promise=True), *unlock, *after.effects))


def _emptying(state: Drop, plan: Plan) -> Step[Drop]:
    state = replace(state, phase=Phase.EMPTYING)
    return Step(state, (Forget(Timer.SCREEN), Show(idle(state, plan)), Remind(Timer.SESSION, plan.session_s)))


def _door(state: Drop, given: DoorMoved, plan: Plan) -> Step[Drop]:
    """The bin's door in a visit, or after one that nobody began."""
    state = replace(state, door_open=given.open)
    visit = state.visit.visit if state.visit else None
    if given.open:
        facts = (DoorOpened(station=plan.station, visit=visit),) if visit else ()
        return Step(state, (Record(facts), Forget(Timer.SESSION), Remind(Timer.ALARM, plan.held_alarm_s)))
    closed = DoorClosed(station=plan.station, visit=visit)
    return Step(state, (Record((closed,)), Forget(Timer.ALARM), Remind(Timer.QUIET, QUIET_S)))


def _forced(state: Drop, plan: Plan, *, found: bool = False) -> Step[Drop]:
    state = replace(state, phase=Phase.EMPTYING, door_open=True)
    forced = DoorForced(station=plan.station, found_open=found)
    return Step(state, (Record((forced,)), Show(idle(state, plan)), Remind(Timer.ALARM, plan.held_alarm_s)))


def _opened_alone(state: Drop, given: DoorMoved, plan: Plan) -> Step[Drop]:
    return _forced(state, plan) if given.open else Step(replace(state, door_open=False))


def _pressed(state: Drop, given: Pressed, plan: Plan) -> Step[Drop]:
    if given.what != "done" or state.visit is None or state.door_open:
        return Step(state, known=False)
    return Step(state, (Forget(Timer.SESSION), Remind(Timer.QUIET, QUIET_S)))


def _timed_emptying(state: Drop, given: TimedOut, plan: Plan) -> Step[Drop]:
    match given.timer:
        case Timer.QUIET | Timer.SESSION if not state.door_open:
            return Step(state, (Forget(Timer.SESSION), CountBin()))
        case Timer.ALARM:
            visit = state.visit.visit if state.visit else None
            held = DoorHeld(station=plan.station, visit=visit, open_s=round(plan.held_alarm_s))
            return Step(state, (Record((held,)),))
        case Timer.SETTLE:
            return Step(replace(state, waiting=frozenset()))  # they wait anew once the bin is shut
        case _:
            return Step(state, known=False)


def _counted(state: Drop, given: BinCounted, plan: Plan) -> Step[Drop]:
    """What is no longer seen has been taken out: by the courier, or by nobody knows whom."""
    if given.tags is None:
        return _over(state, (), VisitOutcome.UNSETTLED, plan)
    gone = tuple(lies for lies in state.memory.bin if lies.tag not in given.tags)
    facts = tuple(_gone(lies, state.visit.visit if state.visit else None, plan) for lies in gone)
    left = tuple(lies for lies in state.memory.bin if lies not in gone)
    return _over(replace(state, memory=Memory(bin=left)), facts, VisitOutcome.SETTLED, plan)


def _gone(lies: Lies, visit: VisitId | None, plan: Plan) -> Fact:
    of = {"station": plan.station, "shelf": plan.shelf, "tag": lies.tag, "item": lies.item, "owner": lies.owner}
    if lies.foreign is not None:
        return ForeignGone(**of, visit=visit, evidence=UNSEEN, kind=lies.foreign)
    if visit is None:
        return Missing(**of, evidence=UNSEEN)
    return Unloaded(**of, visit=visit, evidence=UNSEEN)


def _over(state: Drop, facts: tuple[Fact, ...], outcome: VisitOutcome, plan: Plan) -> Step[Drop]:
    over: tuple[Fact, ...] = ()
    if state.visit is not None:
        items = len(state.memory.bin)
        over = (state.visit.ended(plan.station, outcome, recovered=state.recovered, items=items),)
    state = replace(state, phase=Phase.OUT, visit=None, recovered=False)
    return _take(state, plan, (*facts, *over))


# --- time, devices -----------------------------------------------------------------------------------------------


def _timed(state: Drop, given: TimedOut, plan: Plan) -> Step[Drop]:
    match given.timer:
        case Timer.SCREEN:
            return Step(state, (Show(idle(state, plan)),))
        case Timer.SETTLE:
            return _take(state, plan, late=True)
        case _:
            return Step(state, known=False)


def _down(state: Drop, given: PartDown, plan: Plan) -> Step[Drop]:
    state = replace(state, down=state.down | {given.part})
    return Step(state) if state.phase is Phase.EMPTYING else _rest(state, plan)


def _up(state: Drop, given: PartUp, plan: Plan) -> Step[Drop]:
    state = replace(state, down=state.down - {given.part})
    if given.part is Part.DOOR and given.door_open is not None:
        was, state = state.door_open, replace(state, door_open=given.door_open)
        if state.phase is not Phase.EMPTYING and given.door_open:
            return _forced(state, plan, found=True)
        if state.phase is Phase.EMPTYING and was and not given.door_open:
            return Step(state, (Remind(Timer.QUIET, QUIET_S),))
    return Step(state) if state.phase is Phase.EMPTYING else _rest(state, plan)


def _tapped_again(state: Drop, given: Tapped, plan: Plan) -> Step[Drop]:
    """The courier's own card again: done, where no door says so."""
    visit = state.visit
    if visit is not None and given.card == visit.card and not state.door_open:
        return Step(state, (Forget(Timer.SESSION), Remind(Timer.QUIET, QUIET_S)))
    busy = CardRefused(station=plan.station, reason=RefusalReason.BUSY, visit=the(visit).visit if visit else None)
    return Step(state, (Record((busy,)),))


_STARTING, _IDLE, _EMPTYING, _OUT = Phase.STARTING, Phase.IDLE, Phase.EMPTYING, Phase.OUT

TABLE: Table = {
    (_STARTING, Started): row(_started, _IDLE, _EMPTYING, _OUT),
    **{
        (phase, kind): made
        for phase in (_IDLE, _OUT)
        for kind, made in {
            PadChanged: row(_seen, _IDLE, _OUT),
            Tapped: row(_tapped, phase, _EMPTYING),
            DoorMoved: row(_opened_alone, phase, _EMPTYING),
            SwitchMoved: row(_flap, phase),
            TimedOut: row(_timed, _IDLE, _OUT),
            PartDown: row(_down, _IDLE, _OUT),
            PartUp: row(_up, _IDLE, _OUT, _EMPTYING),
        }.items()
    },
    (_EMPTYING, PadChanged): row(_noted, _EMPTYING),
    (_EMPTYING, Tapped): row(_tapped_again, _EMPTYING),
    (_EMPTYING, DoorMoved): row(_door, _EMPTYING),
    (_EMPTYING, Pressed): row(_pressed, _EMPTYING),
    (_EMPTYING, SwitchMoved): row(lambda state, given, plan: Step(replace(state, flap=given.on)), _EMPTYING),
    (_EMPTYING, TimedOut): row(_timed_emptying, _EMPTYING),
    (_EMPTYING, BinCounted): row(_counted, _IDLE, _OUT),
    (_EMPTYING, PartDown): row(_down, _EMPTYING),
    (_EMPTYING, PartUp): row(_up, _EMPTYING),
}
"""Every case a drop knows. What isn't here changes nothing."""
