"""A desk's state: what lies there, whose visit it is, what it has come to, and what it shows at rest. Pure."""

from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from edge.screen import Change, View, ViewItem, ViewKind
from edge.stations import renewal
from edge.stations.effects import Effect, Forget, Remind, Show
from edge.stations.goods import Goods
from edge.stations.inputs import LoansKnown, Part, Timer
from edge.stations.state import the
from edge.stations.table import Step
from edge.stations.visit import OpenVisit
from protocol.events import RefusalReason, VisitKind
from protocol.names import Frozen, ItemId, ShelfName, StationName, TagUid

NEEDED = frozenset({Part.PAD, Part.STORAGE})
"""Without these a desk does nothing; without its card reader it still takes books back."""


PATRONS = (VisitKind.BORROW, VisitKind.RETURN_ONLY)
"""Visits in which items are lent and returned."""


class Phase(StrEnum):
    """Where the desk is in a visit."""

    STARTING = "starting"
    IDLE = "idle"
    LYING = "lying"
    """Items lie there, and nobody has shown a card."""
    SERVING = "serving"
    """A card's visit."""
    OUT = "out-of-order"


class DeskView(StrEnum):
    """What only a desk shows."""

    RETURNS = "returns"
    """At rest while the card reader is out of order."""
    LYING = "lying"
    LYING_RETURN = "lying-return"
    LYING_LENT = "lying-lent"
    SERVING = "serving"
    SERVING_TAKING = "serving-taking"
    SERVING_BRINGING = "serving-bringing"
    WRITING = "writing"
    UNKNOWN_CODE = "unknown-code"


@dataclass(frozen=True, slots=True)
class Plan:
    """A desk's fixed facts."""

    station: StationName
    shelf: ShelfName
    set_aside: bool
    settle_s: float
    """From the last change of what lies there until it is returned without a card."""
    session_s: float
    """From the last thing done until a visit ends."""
    lately_s: float
    """For so long, what was lent or renewed here isn't returned by merely lying there again."""
    receipt_s: float
    refusal_s: float


class Memory(Frozen):
    """What a desk knows across restarts: nothing but its open visit, which is kept beside this."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A desk's state."""

    phase: Phase
    memory: Memory = field(default_factory=Memory)
    visit: OpenVisit | None = None
    recovered: bool = False
    """The visit was found open at the start."""
    down: frozenset[Part] = frozenset()
    writable: bool = True
    goods: tuple[Goods, ...] = ()
    """What lies there, item by item."""
    today: date | None = None
    handled: frozenset[TagUid] = frozenset()
    """Tags that have had their outcome while they lie there."""
    lately: frozenset[ItemId] = frozenset()
    """Items that were lent or renewed here a moment ago."""
    kept: bool = False
    """Somebody said that what lies there is not to be returned."""
    writing: frozenset[TagUid] = frozenset()
    """Tags whose security is being set: they must not be lifted yet."""
    receipt: View | None = None
    """What is to be shown once nothing is being written any more."""
    # What follows is the visit's, and over with it.
    done: tuple[ViewItem, ...] = ()
    """What it has come to, newest last."""
    loans: LoansKnown | None = None
    taken: int = 0
    """Items lent less items returned."""
    met: frozenset[TagUid] = frozenset()
    """Tags that have lain there."""
    taking: bool | None = None
    """A courier takes items off the shelves, or brings them; None: as each item stood before."""
    dealt: frozenset[ItemId] = frozenset()
    """Items a courier has brought or taken."""


def dealt_with(state: Desk, item: Goods) -> bool:
    """It has had its outcome, and still lies there."""
    return all(tag in state.handled for tag in item.tags)


def fresh(state: Desk) -> tuple[Goods, ...]:
    """What lies there without an outcome."""
    return tuple(item for item in state.goods if not dealt_with(state, item))


def returnable(state: Desk) -> tuple[Goods, ...]:
    """What can be taken back as it lies there: ours, whole, on loan, not dealt with yet."""
    return tuple(item for item in fresh(state) if item.item is not None and item.trouble is None and item.lent)


def returning(state: Desk) -> tuple[Goods, ...]:
    """What is returned though nobody says so: not what was lent here a moment ago and put down again."""
    return () if state.kept else tuple(item for item in returnable(state) if item.item not in state.lately)


def tags(items: tuple[Goods, ...]) -> frozenset[TagUid]:
    """All their tags."""
    return frozenset(tag for item in items for tag in item.tags)


def line(item: Goods) -> ViewItem:
    """How it lies there."""
    if item.trouble is not None:
        return ViewItem(Change.REFUSED, item.tags[0], item.item, why=item.trouble)
    return ViewItem(Change.OUT if item.lent else Change.LYING, item.tags[0], item.item)


def rest(state: Desk, plan: Plan, *first: Effect) -> Step[Desk]:
    """No visit: idle, or out of order, or a look at what lies there. What `first` shows stays until its time is up."""
    state = replace(
        state,
        visit=None,
        recovered=False,
        done=(),
        loans=None,
        taken=0,
        met=frozenset(),
        taking=None,
        dealt=frozenset(),
    )
    shown = any(isinstance(effect, Show) for effect in first)
    state = state if shown else replace(state, receipt=None)
    first = (*first, Forget(Timer.SESSION), Forget(Timer.SETTLE))
    if state.down & NEEDED:
        state = replace(state, phase=Phase.OUT)
        return Step(state, first if shown else (*first, Show(View(ViewKind.OUT_OF_ORDER))))
    if fresh(state):
        state = replace(state, phase=Phase.LYING)
        return Step(state, first) if shown else Step(state, (*first, *look(state, plan)))
    state = replace(state, phase=Phase.IDLE, kept=False)
    return Step(state, first if shown else (*first, Show(idle(state))))


def receipt(state: Desk, said: View, plan: Plan) -> tuple[Desk, tuple[Effect, ...]]:
    """Shows it; while tags are being written that they are, and it afterwards: only then may books be lifted."""
    shown = View(DeskView.WRITING, said.visit_kind) if state.writing else said
    return replace(state, receipt=said if state.writing else None), (Show(shown), Remind(Timer.SCREEN, plan.receipt_s))


def idle(state: Desk) -> View:
    """What the screen shows while nobody is there."""
    return View(DeskView.RETURNS if Part.CARD in state.down else ViewKind.IDLE)


def look(state: Desk, plan: Plan) -> tuple[Effect, ...]:
    """Items lie there without a card: say what will become of them, and begin to wait where they are returned."""
    from_now = (Forget(Timer.SCREEN), Forget(Timer.SETTLE))
    if not state.writable:
        return (*from_now, Show(View(ViewKind.REFUSED, reason=RefusalReason.NO_STORAGE)))
    lines = tuple(line(item) for item in fresh(state))
    if returning(state):
        said = View(DeskView.LYING_RETURN, items=lines, seconds=plan.settle_s, choices=("return", "keep"))
        return (Forget(Timer.SCREEN), Show(said), Remind(Timer.SETTLE, plan.settle_s))
    if returnable(state):
        return (*from_now, Show(View(DeskView.LYING_LENT, items=lines, choices=("return",))))
    return (*from_now, Show(View(DeskView.LYING, items=lines)))


def serving(state: Desk) -> View:
    """How the visit stands: what was done, what lies there undone, else what the patron has out."""
    kind, loans = the(state.visit).kind, state.loans
    if Part.STORAGE in state.down or not state.writable:
        return View(ViewKind.REFUSED, reason=RefusalReason.NO_STORAGE)
    if state.writing:
        return View(DeskView.WRITING, kind)
    lines = (*state.done, *(_undone(state, line(item)) for item in fresh(state) if not said_of(state, item)))
    choices = ["done"]
    if kind is VisitKind.RESTOCK:
        choices = [way for way in ("bringing", "taking") if (way == "taking") is not state.taking] + choices
    if loans is not None and renewal.possible(loans):
        choices.insert(0, "renew-all")
    if kind in PATRONS and returnable(state):
        choices.insert(0, "return")
    if not lines and loans is not None:
        lines = renewal.listed(loans)
    return View(_kind(state), kind, items=lines, choices=tuple(choices))


def said_of(state: Desk, item: Goods) -> bool:
    """A line of this visit's says already what became of it, though it was lifted and put down again."""
    return item.item is not None and any(one.item == item.item for one in state.done)


def _undone(state: Desk, item: ViewItem) -> ViewItem:
    """A loan of the patron's that lies there can be renewed by pressing its line."""
    if state.loans is None or item.change is not Change.OUT:
        return item
    return next((replace(item, press=one.press) for one in renewal.listed(state.loans) if one.item == item.item), item)


def _kind(state: Desk) -> DeskView:
    if state.taking is None:
        return DeskView.SERVING
    return DeskView.SERVING_TAKING if state.taking else DeskView.SERVING_BRINGING
