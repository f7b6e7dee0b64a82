"""A desk without a card: what lies there on loan is returned after a moment in which anybody can say no. Pure."""

from dataclasses import replace

from edge.screen import View, ViewKind
from edge.stations import deeds
from edge.stations.deeds import Frame
from edge.stations.effects import Forget, Show
from edge.stations.goods import Goods, gathered
from edge.stations.inputs import PadChanged, Pressed, TimedOut, Timer
from edge.stations.state import the
from edge.stations.table import Step
from edge.stations.tabletop import (
    Desk,
    DeskView,
    Phase,
    Plan,
    fresh,
    line,
    look,
    receipt,
    rest,
    returnable,
    returning,
    tags,
)
from edge.stations.visit import OpenVisit
from protocol.events import VisitKind, VisitOpened, VisitOutcome


def changed(state: Desk, given: PadChanged) -> Desk:
    """The pad as it now is; what was lifted may be dealt with again when it comes back."""
    goods = gathered(given.lying)
    here = tags(goods)
    kept = state.kept and here <= tags(state.goods)
    return replace(
        state, goods=goods, handled=state.handled & here, today=given.today, writable=given.writable, kept=kept
    )


def pad(state: Desk, given: PadChanged, plan: Plan) -> Step[Desk]:
    """Something came or went: who waits for a return waits from now on, unless it isn't about that."""
    after = changed(state, given)
    if state.phase is Phase.IDLE and not fresh(after):
        return Step(after)  # whoever takes their books away may still read what was done
    same = state.writable == after.writable and tags(returning(after)) == tags(returning(state))
    if state.phase is not Phase.LYING or not fresh(after) or not same:
        return rest(after, plan)
    lines = tuple(line(item) for item in fresh(after))
    if lines == tuple(line(item) for item in fresh(state)):
        return Step(after)
    if not returning(after):
        return rest(after, plan)
    said = View(DeskView.LYING_RETURN, items=lines, choices=("return", "keep"))
    return Step(after, (Show(said),))


def timed(state: Desk, given: TimedOut, plan: Plan) -> Step[Desk]:
    """The moment is over, or what was shown has been shown for long enough."""
    match given.timer:
        case Timer.SETTLE:
            return _take_back(state, returning(state), plan)
        case Timer.SCREEN:
            return Step(replace(state, receipt=None), look(state, plan))
        case _:
            return Step(state, known=False)


def pressed(state: Desk, given: Pressed, plan: Plan) -> Step[Desk]:
    """Return them now, or not at all."""
    match given.what:
        case "return" if not returnable(state):
            return Step(state)
        case "return":
            return _take_back(state, returnable(state), plan)
        case "keep":
            state = replace(state, kept=True)
            return Step(state, (Forget(Timer.SETTLE), *look(state, plan)))
        case _:
            return Step(state, known=False)


def _take_back(state: Desk, items: tuple[Goods, ...], plan: Plan) -> Step[Desk]:
    """Whoever brought it: a visit that nobody's card began, and that is over at once."""
    items = tuple(item for item in items if item.sure)
    if not items or not state.writable:
        return rest(state, plan)
    visit = OpenVisit(visit=the(items[0].visit), kind=VisitKind.DROP)
    opened = VisitOpened(station=plan.station, visit=visit.visit, kind=visit.kind)
    over = visit.ended(plan.station, VisitOutcome.SETTLED)
    others = tuple(line(item) for item in fresh(state) if item not in items)
    after = deeds.done(state, deeds.returned(items, visit, plan), plan, Frame((opened,), (over,)))
    said = View(ViewKind.RECEIPT, VisitKind.DROP, items=(*after.state.done, *others), seconds=plan.receipt_s)
    state, shown = receipt(after.state, said, plan)
    return rest(state, plan, *after.effects, *shown)
