"""A locker wall's state: what lies in which compartment and for whom, what is being opened, and what it shows. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from edge.screen import Change, View, ViewItem, ViewKind
from edge.stations.inputs import Part, Waiting
from edge.stations.visit import OpenVisit
from protocol.events import Stuck
from protocol.names import CardTag, Count, Frozen, HoldId, Isil, ItemId, ShelfName, StationName, TagUid

NEEDED = frozenset({Part.BOARD, Part.STORAGE})
"""Without these a locker opens nothing; without its card reader there are codes, without its keypad cards."""
TRIES = 5
"""Wrong codes in a row after which none is taken for a while."""


class Phase(StrEnum):
    """Where the locker is in a visit."""

    STARTING = "starting"
    IDLE = "idle"
    LOADING = "loading"
    """A courier's visit, between compartments."""
    OPENING = "opening"
    """A compartment was told to open."""
    OPEN = "open"
    """It stands open."""
    OUT = "out-of-order"


class LockerView(StrEnum):
    """What only a locker shows."""

    LOADING = "loading"
    LOADING_NOBODY = "loading-nobody"
    LOADING_FULL = "loading-full"
    UNKNOWN_CODE = "unknown-code"
    OPENING = "opening"
    TAKE = "take"
    TAKE_LEFT = "take-left"
    """The patron has said that the item stays."""
    PUT = "put"
    FETCH = "fetch"
    SHUT = "shut"
    STUCK = "stuck"
    WRONG_CODE = "wrong-code"


class Deed(StrEnum):
    """What a compartment is opened for."""

    COLLECT = "collect"
    LOAD = "load"
    FETCH = "fetch"
    """A courier takes out what nobody collected, or what lies behind a door that stuck; or tries an empty one."""


class Box(Frozen):
    """What lies in a compartment."""

    shelf: ShelfName
    tag: TagUid
    item: ItemId
    owner: Isil | None = None
    hold: HoldId | None = None
    """Whom it is kept for; None: it is to be taken back."""


class Job(Frozen):
    """A compartment that is being opened; kept in the journal from before its lock is released."""

    shelf: ShelfName
    deed: Deed
    order: Count
    """The only order there will ever be to release it for this."""
    box: Box | None = None
    """What lies there, or is to; None: nothing."""
    opened: bool = False
    """Its door was seen open since."""
    unsure: bool = False
    """The board didn't say whether it released the lock."""
    left: bool = False
    """The patron said that the item stays there, or a courier that it isn't put in."""
    held: bool = False
    """It has stood open for too long; that was told."""


class Memory(Frozen):
    """What a locker knows across restarts; kept in the journal with every fact."""

    boxes: tuple[Box, ...] = ()
    stuck: Mapping[ShelfName, Stuck] = {}
    job: Job | None = None
    orders: Count = 0
    """Orders given so far, so that an answer to an old one is told apart."""
    wrong: Count = 0
    """Wrong codes in a row."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A locker's fixed facts."""

    station: StationName
    compartments: tuple[ShelfName, ...]
    """Those in use, in their order."""
    unlock_s: float
    """From an order to release a lock until its door must have opened."""
    held_warn_s: float
    held_alarm_s: float
    session_s: float
    """From the last thing done until a courier's visit ends."""
    receipt_s: float
    refusal_s: float
    locked_s: float
    """For which no code is taken after too many wrong ones."""


@dataclass(frozen=True, slots=True)
class Locker:
    """A locker's state."""

    phase: Phase
    memory: Memory = field(default_factory=Memory)
    visit: OpenVisit | None = None
    recovered: bool = False
    """The visit was found open at the start, or the board was gone in the middle of it."""
    down: frozenset[Part] = frozenset()
    doors: Mapping[ShelfName, bool] = field(default_factory=dict)
    """Each compartment and whether it is open, as its contact last said."""
    waiting: tuple[Waiting, ...] = ()
    """Who waits for what here; whoever has waited longest comes first."""
    today: date | None = None
    # What follows is the visit's, and over with it.
    queue: tuple[tuple[ShelfName, Deed], ...] = ()
    """Compartments that are still to be opened."""
    loading: Box | None = None
    """What a courier has shown, whose compartment wouldn't open or shut."""
    done: tuple[ViewItem, ...] = ()
    taken: int = 0
    """Items collected."""
    opened: bool = False
    """Some compartment was."""
    unclear: bool = False
    """Of some nobody knows whether it was."""

    def box(self, shelf: ShelfName) -> Box | None:
        """What lies in a compartment."""
        return next((box for box in self.memory.boxes if box.shelf == shelf), None)

    def remember(self, **changed: object) -> "Locker":
        """The state with that changed in its memory."""
        return replace(self, memory=self.memory.model_copy(update=changed))

    def without(self, shelf: ShelfName) -> "Locker":
        """The state with nothing in that compartment."""
        return self.remember(boxes=tuple(box for box in self.memory.boxes if box.shelf != shelf))


def for_card(state: Locker, card: CardTag | None) -> tuple[ShelfName, ...]:
    """The compartments with something for that card's patron that can be opened."""
    theirs = {one.hold for one in state.waiting if card in one.cards}
    return tuple(b.shelf for b in state.memory.boxes if b.hold in theirs and b.shelf not in state.memory.stuck)


def to_fetch(state: Locker, plan: Plan) -> tuple[ShelfName, ...]:
    """What a courier is to take out: items nobody waits for any more; and compartments that stuck, to try them."""
    wanted = {one.hold for one in state.waiting}
    unwanted = {box.shelf for box in state.memory.boxes if box.hold not in wanted}
    return tuple(shelf for shelf in plan.compartments if shelf in unwanted | state.memory.stuck.keys())


def free(state: Locker, plan: Plan) -> ShelfName | None:
    """A compartment that is empty, shut and works."""
    taken = {box.shelf for box in state.memory.boxes} | state.memory.stuck.keys()
    return next((s for s in plan.compartments if s not in taken and state.doors.get(s) is False), None)


def line(change: Change, box: Box) -> ViewItem:
    """An item's line on the screen."""
    return ViewItem(change, box.tag, box.item)


def idle(state: Locker) -> View:
    """What stands on the screen while nobody is there."""
    if state.phase is Phase.OUT:
        return View(ViewKind.OUT_OF_ORDER)
    return View(ViewKind.IDLE, keypad=True)


def loading(state: Locker, plan: Plan, kind: LockerView = LockerView.LOADING) -> View:
    """What a courier sees between compartments."""
    waiting = to_fetch(state, plan)
    boxes = [box for shelf in waiting if (box := state.box(shelf))]
    choices = ("fetch", "done") if waiting else ("done",)
    return View(
        kind,
        items=(*(line(Change.LYING, box) for box in boxes), *state.done),
        values=(("n", str(len(waiting))), ("free", str(_empty(state, plan)))),
        remarks=("remark-fetch",) if waiting else (),
        choices=choices,
    )


def _empty(state: Locker, plan: Plan) -> int:
    taken = {box.shelf for box in state.memory.boxes} | state.memory.stuck.keys()
    return sum(shelf not in taken for shelf in plan.compartments)


def working(job: Job, phase: Phase) -> View:
    """What whoever stands before the compartment sees."""
    values = (("box", str(job.shelf)),)
    if phase is Phase.OPENING:
        return View(LockerView.OPENING, values=values)
    if job.held:
        return View(LockerView.SHUT, values=values)
    items = (line(Change.LYING, job.box),) if job.box else ()
    match job.deed:
        case Deed.COLLECT if job.left:
            return View(LockerView.TAKE_LEFT, items=items, values=values)
        case Deed.COLLECT:
            return View(LockerView.TAKE, items=items, values=values, choices=("leave",))
        case Deed.LOAD:
            return View(LockerView.PUT, items=items, values=values, choices=() if job.left else ("not-put",))
        case Deed.FETCH:
            return View(LockerView.FETCH, items=items, values=values)
