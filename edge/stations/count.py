"""A cabinet's count, from the first round to the facts on record and the patron's receipt. Pure."""

from dataclasses import replace

from edge import circulation, shelf
from edge.circulation import Cause, LastVisit
from edge.screen import Change, View, ViewItem, ViewKind
from edge.shelf import Shelf, Tally, Verdict
from edge.stations import selftest
from edge.stations.effects import Doubt, Effect, Forget, Identify, ReadRound, Record, Remind, Show, Trust
from edge.stations.inputs import Identified, Part, RoundDone, RoundFailed, Timer
from edge.stations.state import (
    Aim,
    Cabinet,
    Count,
    Memory,
    Phase,
    Plan,
    at_rest,
    counted,
    ended,
    resting_view,
    the,
)
from edge.stations.table import Step
from edge.stations.visit import OpenVisit
from protocol.events import (
    Borrowed,
    BorrowFlag,
    BorrowReversed,
    CountedAnew,
    Fact,
    ForeignFound,
    ItemFact,
    Returned,
    ShelfCounted,
    Tested,
    Undecided,
    VisitKind,
    VisitOutcome,
)
from protocol.names import ShelfName


def begin(state: Cabinet, plan: Plan, tried: tuple[Tested, ...] | None = None) -> Step[Cabinet]:
    """Count every shelf; at once unsettled where a reader is known to be down.

    `tried` is what a self-test, which this count then belongs to, has tried before.
    """
    aim = Aim.VISIT if state.visit else Aim.LATE if state.memory.pending else Aim.AUDIT
    if aim is Aim.AUDIT and state.memory.doubted:
        unknown = Memory(shelves=tuple(Shelf(name=name) for name in plan.shelves), doubted=True)
        state = replace(state, memory=unknown)
    number = state.counts + 1
    count = Count(number, aim, {name: Tally() for name in plan.shelves}, tried=tried)
    state = replace(state, phase=Phase.COUNTING, counts=number, count=count)
    if Part.READER in state.down:
        return unsettled(state, plan)
    rounds = tuple(ReadRound(name, number) for name in plan.shelves)
    quietly = () if aim is Aim.AUDIT and counted(state) else (Show(resting_view(state, plan)),)
    return Step(state, (Forget(Timer.QUIET), Forget(Timer.RECOUNT), Forget(Timer.RETRY), *quietly, *rounds))


def round_done(state: Cabinet, given: RoundDone, plan: Plan) -> Step[Cabinet]:
    count = state.count
    if count is None or given.count != count.number or count.found is not None:
        return Step(state)
    tally = shelf.add(count.tallies[given.shelf], given.tags, given.complete, plan.shelves[given.shelf])
    return _tallied(state, given.shelf, tally, plan, "the reference tag was not seen")


def round_failed(state: Cabinet, given: RoundFailed, plan: Plan) -> Step[Cabinet]:
    count = state.count
    if count is None or given.count != count.number or count.found is not None:
        return Step(state)
    return _tallied(state, given.shelf, shelf.failed(count.tallies[given.shelf]), plan, given.why)


def _tallied(state: Cabinet, name: ShelfName, tally: Tally, plan: Plan, why: str) -> Step[Cabinet]:
    count = replace(the(state.count), tallies={**the(state.count).tallies, name: tally})
    state = replace(state, count=count)
    match _verdict(state, name, plan):
        case Verdict.FAILED:
            return unsettled(state, plan, Doubt(name, why))
        case Verdict.MORE:
            return Step(state, (ReadRound(name, count.number),))
        case Verdict.SETTLED:
            if any(_verdict(state, other, plan) is not Verdict.SETTLED for other in plan.shelves):
                return Step(state)
            return _settled(state, plan)


def _verdict(state: Cabinet, name: ShelfName, plan: Plan) -> Verdict:
    return shelf.judge(the(state.count).tallies[name], _shelf(state, name), plan.shelves[name], plan.limits)


def _settled(state: Cabinet, plan: Plan) -> Step[Cabinet]:
    """Every shelf is clear: ask whose the changed tags are, or conclude at once."""
    count = the(state.count)
    found = {name: shelf.sightings(tally, _shelf(state, name), plan.limits) for name, tally in count.tallies.items()}
    if _attributed(state) is None or the(_attributed(state)).kind is not VisitKind.RESTOCK:
        found = {name: shelf.doubt_mass_loss(seen, _shelf(state, name)) for name, seen in found.items()}
    count = replace(count, found=found)
    state = replace(state, count=count)
    tags = circulation.changed(state.memory.shelves, found)
    if tags:
        return Step(state, (Identify(tags, count.number),))
    return _conclude(state, Identified(count.number, {}, None), plan)


def identified(state: Cabinet, given: Identified, plan: Plan) -> Step[Cabinet]:
    if state.count is None or given.count != state.count.number or state.count.found is None:
        return Step(state)
    return _conclude(state, given, plan)


def _conclude(state: Cabinet, given: Identified, plan: Plan) -> Step[Cabinet]:
    """Explain the difference, write it down, tell the patron."""
    count = the(state.count)
    explained = circulation.explain(
        plan.station,
        state.memory.shelves,
        the(count.found),
        given.identities,
        _cause(state, given),
    )
    trusted = Part.SHELF in state.down
    first, anew = not counted(state), not any(s.counted for s in state.memory.shelves)
    doubted = state.memory.doubted and count.aim is not Aim.AUDIT
    memory = Memory(shelves=explained.shelves, last=_last(state, explained.facts), pending=None, doubted=doubted)
    facts: tuple[Fact, ...] = explained.facts
    if count.aim is Aim.VISIT:
        items = sum(len(s.present) for s in explained.shelves)
        facts = (*facts, ended(state, plan, VisitOutcome.SETTLED, items))
    elif facts or first:
        facts = (*facts, *_counts(count, explained.shelves, plan))
    if count.tried is not None:
        facts = (*facts, selftest.counted(state, count, plan))
    if anew:
        ours = sum(s.foreign is None for shelf in explained.shelves for s in shelf.present)
        facts = (*facts, CountedAnew(station=plan.station, items=ours))
    visit = state.visit
    down = state.down - {Part.SHELF}
    state = replace(state, memory=memory, visit=None, recovered=False, count=None, down=down, unsettled=0)
    record: tuple[Effect, ...] = (Record(facts, promise=True),)
    if trusted:
        record = (*record, Trust())
    if visit is None:
        return _second_look(at_rest(state, plan, *record), explained.facts, plan)
    receipt = _receipt(visit, explained.facts, plan)
    rest = at_rest(state, plan, *record, Show(receipt), Remind(Timer.SCREEN, plan.receipt_s))
    return _second_look(rest, explained.facts, plan)


def _second_look(after: Step[Cabinet], facts: tuple[ItemFact, ...], plan: Plan) -> Step[Cabinet]:
    """Look again soon where a hidden tag could have been taken for a taken item."""
    if after.state.phase is Phase.IDLE and any(isinstance(f, Borrowed | Undecided) for f in facts):
        return Step(after.state, (*after.effects, Remind(Timer.RECOUNT, plan.second_look_s)))
    return after


def unsettled(state: Cabinet, plan: Plan, *doubt: Effect) -> Step[Cabinet]:
    """The count can't be trusted: guess nothing, keep the visit in mind, count again later."""
    readers_known = Part.READER in state.down or not doubt
    down = state.down if readers_known else state.down | {Part.SHELF}
    over: tuple[Fact, ...] = () if state.visit is None else (ended(state, plan, VisitOutcome.UNSETTLED),)
    if state.count is not None and state.count.tried is not None:
        over = (*over, selftest.counted(state, state.count, plan))
    visit = state.visit
    memory = state.memory if visit is None else state.memory.model_copy(update={"pending": visit})
    state = replace(
        state, memory=memory, visit=None, recovered=False, count=None, down=down, unsettled=state.unsettled + 1
    )
    if visit is None:
        return at_rest(state, plan, *doubt, *((Record(over),) if over else ()))
    said = View(ViewKind.UNSETTLED, visit.kind, seconds=plan.receipt_s)
    return at_rest(state, plan, *doubt, Record(over, promise=True), Show(said), Remind(Timer.SCREEN, plan.receipt_s))


def _shelf(state: Cabinet, name: ShelfName) -> Shelf:
    return next(s for s in state.memory.shelves if s.name == name)


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
        late=state.visit is None or state.recovered,
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
    wrong = {BorrowFlag.HELD, BorrowFlag.NOT_FOR_LOAN}
    remarks = ("remark-put-back",) if any(wrong.intersection(line.flags) for line in lines) else ()
    return View(ViewKind.RECEIPT, visit.kind, items=tuple(lines), seconds=plan.receipt_s, remarks=remarks)
