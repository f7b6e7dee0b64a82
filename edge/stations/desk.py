"""The desk: a pad to lay items on, a card reader, a screen to press. One table: (phase, input) -> handler. Pure.

Three rules stand above the table. A loan or a return is written down before the tag's security is set, and a tag that
can't be set is a task for somebody, never the end of the loan. What lies there is lent to nobody without a card and
renewed for nobody who didn't ask. And each item has its own outcome: one that can't be lent holds up no other.

Items alone: what is on loan is returned after a moment in which anybody can say no. With a card: what isn't on loan is
borrowed as soon as it has lain still, what is on loan is returned when the patron says so.
"""

from dataclasses import replace

from edge.access import Admitted, Refused
from edge.screen import View, ViewKind
from edge.stations import alone, deeds, renewal, security, table
from edge.stations.deeds import NOTHING, Frame
from edge.stations.effects import Forget, ListLoans, Record, Remind, Show
from edge.stations.inputs import (
    CodeUnknown,
    Input,
    LoansKnown,
    PadChanged,
    Part,
    PartDown,
    PartUp,
    Pressed,
    SecurityTried,
    Started,
    Tapped,
    TimedOut,
    Timer,
)
from edge.stations.state import the
from edge.stations.table import Step, Table, row
from edge.stations.tabletop import (
    NEEDED,
    PATRONS,
    Desk,
    DeskView,
    Memory,
    Phase,
    Plan,
    fresh,
    idle,
    receipt,
    rest,
    returnable,
    serving,
    tags,
)
from edge.stations.visit import OpenVisit
from protocol.events import (
    CardRefused,
    RefusalReason,
    Renewed,
    VisitKind,
    VisitOpened,
    VisitOutcome,
)
from protocol.names import ItemId

BUSY_S = 3.0
"""How long a second card is told to wait."""


def boot(plan: Plan, memory: Memory | None, visit: OpenVisit | None) -> Desk:
    """The desk as the journal left it, before its devices have been tried."""
    return Desk(Phase.STARTING, memory or Memory(), visit, recovered=visit is not None)


def step(state: Desk, given: Input, plan: Plan) -> Step[Desk]:
    """What the desk becomes and wants done."""
    return table.step(TABLE, state, given, plan)


def _started(state: Desk, given: Started, plan: Plan) -> Step[Desk]:
    """A visit found open is over: what it did is written down, and what lies there is looked at afresh."""
    state = replace(state, down=given.down)
    if state.visit is None:
        return rest(state, plan)
    over = state.visit.ended(plan.station, VisitOutcome.SETTLED, recovered=True)
    return rest(replace(state, visit=None), plan, Record((over,)))


# --- the card ----------------------------------------------------------------------------------------------------


def _tapped(state: Desk, given: Tapped, plan: Plan) -> Step[Desk]:
    match given.decision:
        case Refused(reason):
            return _refused(state, reason, plan)
        case Admitted() as admitted:
            return _admitted(state, given, admitted, plan)


def _tapped_out(state: Desk, given: Tapped, plan: Plan) -> Step[Desk]:
    """Not even a service card has anything to do here while the pad is out of order."""
    reason = given.decision.reason if isinstance(given.decision, Refused) else RefusalReason.OUT_OF_ORDER
    return _refused(state, reason, plan)


def _refused(state: Desk, reason: RefusalReason, plan: Plan) -> Step[Desk]:
    """Whoever shows a card doesn't want what lies there returned behind a refusal: the wait begins anew after it."""
    said = View(ViewKind.REFUSED, reason=reason, seconds=plan.refusal_s)
    refused = CardRefused(station=plan.station, reason=reason)
    return Step(state, (Forget(Timer.SETTLE), Record((refused,)), Show(said), Remind(Timer.SCREEN, plan.refusal_s)))


def _admitted(state: Desk, given: Tapped, admitted: Admitted, plan: Plan) -> Step[Desk]:
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
        visit=visit.visit,
        kind=visit.kind,
        who=given.who,
        directory_version=given.directory_version,
        directory_age_s=given.directory_age_s,
    )
    state = replace(state, phase=Phase.SERVING, visit=visit, recovered=False, kept=False, receipt=None)
    after = _serve(state, plan, Frame((opened,), aside=given.aside))
    listed = (ListLoans(),) if visit.kind in PATRONS else ()
    began = (Forget(Timer.SETTLE), Forget(Timer.SCREEN))
    return Step(after.state, (*began, *after.effects, Remind(Timer.SESSION, plan.session_s), *listed))


def _tapped_in_visit(state: Desk, given: Tapped, plan: Plan) -> Step[Desk]:
    """The visit's own card again ends it; any other waits."""
    visit = the(state.visit)
    if given.card is not None and given.card == visit.card:
        return _over(state, plan, said_so=True)
    busy = CardRefused(station=plan.station, reason=RefusalReason.BUSY, visit=visit.visit)
    return Step(state, (Record((busy,)), Show(View(ViewKind.BUSY, seconds=BUSY_S)), Remind(Timer.SCREEN, BUSY_S)))


# --- in a visit --------------------------------------------------------------------------------------------------


def _pad(state: Desk, given: PadChanged, plan: Plan) -> Step[Desk]:
    return _serve(alone.changed(state, given), plan)


def _serve(state: Desk, plan: Plan, frame: Frame = NOTHING) -> Step[Desk]:
    """Does with each fresh item what its patron, or the courier, is entitled to; then shows how it stands.

    The visit lasts as long as something new is laid down, not as long as an old tag comes and goes.
    """
    deal = _DEALS.get(the(state.visit).kind)
    stopped = deal is None or Part.STORAGE in state.down or not state.writable
    after = deeds.done(state, () if deal is None or stopped else deal(state, plan), plan, frame)
    met = tags(state.goods)
    longer = (Remind(Timer.SESSION, plan.session_s),) if met - state.met else ()
    now = replace(after.state, met=state.met | met)
    return Step(now, (*after.effects, Show(serving(now)), *longer))


_DEALS = {VisitKind.BORROW: deeds.lent, VisitKind.RETURN_ONLY: deeds.lent, VisitKind.RESTOCK: deeds.stocked}
"""What is done with what lies there, by the kind of visit; in others, nothing."""


def _loans(state: Desk, given: LoansKnown, plan: Plan) -> Step[Desk]:
    state = replace(state, loans=given)
    return Step(state, (Show(serving(state)),))


def _pressed(state: Desk, given: Pressed, plan: Plan) -> Step[Desk]:
    """Every press makes the visit last, but ends no other screen than its own."""
    visit = the(state.visit)
    what, _, which = given.what.partition(":")
    match what:
        case "done":
            return _over(state, plan, said_so=True)
        case "taking" | "bringing" if visit.kind is VisitKind.RESTOCK:
            after = _serve(replace(state, taking=what == "taking", dealt=frozenset()), plan)
        case "return" if visit.kind in PATRONS and state.writable:
            after = deeds.exchanged(state, plan)
            after = Step(after.state, (*after.effects, Show(serving(after.state))))
        case "renew-all" | "renew" if state.loans is not None and state.writable:
            after = _renewed(state, None if what == "renew-all" else ItemId(which), plan)
        case _:
            return Step(state, known=False)
    return Step(after.state, (*after.effects, Remind(Timer.SESSION, plan.session_s)))


def _renewed(state: Desk, wanted: ItemId | None, plan: Plan) -> Step[Desk]:
    loans = the(state.loans)
    came = renewal.renew(plan.station, the(state.visit).visit, loans, wanted)
    if not came.facts:
        return Step(state, (Show(serving(state)),))
    kept = {fact.item for fact in came.facts if isinstance(fact, Renewed)}
    on_pad = tuple(item for item in state.goods if item.item in kept)
    state = replace(
        state,
        loans=came.loans,
        done=(*state.done, *came.lines),
        lately=state.lately | kept,
        handled=state.handled | tags(on_pad),
    )
    lately = (Remind(Timer.LATELY, plan.lately_s),) if kept else ()
    return Step(state, (Record(came.facts, promise=True), Show(serving(state)), *lately))


def _over(state: Desk, plan: Plan, *, said_so: bool) -> Step[Desk]:
    """The visit ends; what lies there undone is told as well.

    Who says so leaves nothing to be returned; who just went away and left items on loan has brought them back.
    """
    visit = the(state.visit)
    refused, undone = deeds.short(state, visit, plan)
    over = visit.ended(plan.station, VisitOutcome.SETTLED, recovered=state.recovered)
    said = View(ViewKind.RECEIPT, visit.kind, items=(*state.done, *undone), seconds=plan.receipt_s)
    told = fresh(state) if said_so else tuple(item for item in fresh(state) if item not in returnable(state))
    state, shown = receipt(replace(state, visit=None, handled=state.handled | tags(told)), said, plan)
    return rest(state, plan, Record((*refused, over), promise=True), *shown)


def _timed_in_visit(state: Desk, given: TimedOut, plan: Plan) -> Step[Desk]:
    match given.timer:
        case Timer.SESSION:
            return _over(state, plan, said_so=False)
        case Timer.SCREEN:
            return Step(state, (Show(serving(state)),))
        case _:
            return _timed(state, given, plan)


def _timed_alone(state: Desk, given: TimedOut, plan: Plan) -> Step[Desk]:
    return _timed(state, given, plan) if given.timer is Timer.LATELY else alone.timed(state, given, plan)


def _timed(state: Desk, given: TimedOut, plan: Plan) -> Step[Desk]:
    match given.timer:
        case Timer.LATELY:
            return Step(replace(state, lately=frozenset()))
        case Timer.SCREEN:
            state = replace(state, receipt=None)
            return Step(state, (Show(View(ViewKind.OUT_OF_ORDER) if state.phase is Phase.OUT else idle(state)),))
        case _:
            return Step(state, known=False)


def _unknown_code(state: Desk, given: CodeUnknown, plan: Plan) -> Step[Desk]:
    said = View(DeskView.UNKNOWN_CODE, seconds=plan.refusal_s)
    return Step(state, (Forget(Timer.SETTLE), Show(said), Remind(Timer.SCREEN, plan.refusal_s)))


# --- security, devices -------------------------------------------------------------------------------------------


def _secured(state: Desk, given: SecurityTried, plan: Plan) -> Step[Desk]:
    """The loan stands either way; a tag that couldn't be set is somebody's task until it is."""
    over = state.writing == {given.tag}
    state = replace(state, writing=state.writing - {given.tag})
    after = _written(state, plan) if over else Step(state)
    return Step(after.state, (*security.told(given, plan.station), *after.effects))


def _written(state: Desk, plan: Plan) -> Step[Desk]:
    """Nothing is being written any more: what was done may be said to be done."""
    if state.visit is not None:
        return Step(state, (Show(serving(state)),))
    if state.receipt is None:
        return Step(state)
    state, shown = receipt(state, state.receipt, plan)
    return Step(state, shown)


def _pad_out(state: Desk, given: PadChanged, plan: Plan) -> Step[Desk]:
    return Step(alone.changed(state, given))


def _down(state: Desk, given: PartDown, plan: Plan) -> Step[Desk]:
    """What was done stands; with the pad gone or the journal nothing more is, and nothing is guessed."""
    state = replace(state, down=state.down | {given.part})
    if given.part is Part.PAD:
        state = replace(state, goods=(), handled=frozenset(), writing=frozenset(), receipt=None)
    if state.visit is not None:
        return _down_in_visit(state, given, plan)
    return rest(state, plan) if given.part in NEEDED or state.phase is Phase.IDLE else Step(state)


def _down_in_visit(state: Desk, given: PartDown, plan: Plan) -> Step[Desk]:
    visit = the(state.visit)
    if given.part is Part.STORAGE:
        return Step(state, (Show(serving(state)),))
    if given.part is not Part.PAD:
        return Step(state)
    over = visit.ended(plan.station, VisitOutcome.UNSETTLED, recovered=state.recovered)
    said = View(ViewKind.RECEIPT, visit.kind, items=state.done, seconds=plan.receipt_s)
    shown = (Show(said), Remind(Timer.SCREEN, plan.receipt_s)) if state.done else ()
    return rest(replace(state, visit=None), plan, Record((over,)), *shown)


def _up(state: Desk, given: PartUp, plan: Plan) -> Step[Desk]:
    state = replace(state, down=state.down - {given.part})
    if state.visit is not None:
        after = _serve(state, plan)
        return Step(after.state, (*after.effects, Remind(Timer.SESSION, plan.session_s)))
    return rest(state, plan) if given.part in NEEDED or state.phase is Phase.IDLE else Step(state)


_STARTING, _IDLE, _LYING, _SERVING, _OUT = Phase.STARTING, Phase.IDLE, Phase.LYING, Phase.SERVING, Phase.OUT

TABLE: Table = {
    (_STARTING, Started): row(_started, _IDLE, _OUT),
    (_IDLE, PadChanged): row(alone.pad, _IDLE, _LYING),
    (_IDLE, Tapped): row(_tapped, _IDLE, _SERVING),
    (_IDLE, CodeUnknown): row(_unknown_code, _IDLE),
    (_IDLE, TimedOut): row(_timed, _IDLE),
    (_IDLE, SecurityTried): row(_secured, _IDLE),
    (_IDLE, PartDown): row(_down, _IDLE, _OUT),
    (_IDLE, PartUp): row(_up, _IDLE),
    (_LYING, PadChanged): row(alone.pad, _IDLE, _LYING),
    (_LYING, Tapped): row(_tapped, _LYING, _SERVING),
    (_LYING, Pressed): row(alone.pressed, _IDLE, _LYING),
    (_LYING, CodeUnknown): row(_unknown_code, _LYING),
    (_LYING, TimedOut): row(_timed_alone, _IDLE, _LYING),
    (_LYING, SecurityTried): row(_secured, _LYING),
    (_LYING, PartDown): row(_down, _LYING, _OUT),
    (_LYING, PartUp): row(_up, _LYING),
    (_SERVING, PadChanged): row(_pad, _SERVING),
    (_SERVING, Tapped): row(_tapped_in_visit, _SERVING, _IDLE, _LYING, _OUT),
    (_SERVING, LoansKnown): row(_loans, _SERVING),
    (_SERVING, Pressed): row(_pressed, _SERVING, _IDLE, _LYING, _OUT),
    (_SERVING, CodeUnknown): row(_unknown_code, _SERVING),
    (_SERVING, TimedOut): row(_timed_in_visit, _SERVING, _IDLE, _LYING, _OUT),
    (_SERVING, SecurityTried): row(_secured, _SERVING),
    (_SERVING, PartDown): row(_down, _SERVING, _OUT),
    (_SERVING, PartUp): row(_up, _SERVING),
    (_OUT, PadChanged): row(_pad_out, _OUT),
    (_OUT, Tapped): row(_tapped_out, _OUT),
    (_OUT, TimedOut): row(_timed, _OUT),
    (_OUT, SecurityTried): row(_secured, _OUT),
    (_OUT, PartDown): row(_down, _OUT),
    (_OUT, PartUp): row(_up, _IDLE, _LYING, _OUT),
}
"""Every case a desk knows. What isn't here changes nothing."""
