"""A drop's table in any order of items, couriers, doors, devices, time and power cuts."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge.access import Admitted, Decision, Refused
from edge.stations import drop
from edge.stations.drop import Memory, Phase, Plan
from edge.stations.effects import CountBin, Effect, Forget, Record, Remind, Unlock
from edge.stations.inputs import (
    BinCounted,
    DoorMoved,
    Input,
    Lying,
    PadChanged,
    Part,
    PartDown,
    PartUp,
    Started,
    Tapped,
    TimedOut,
    Timer,
)
from edge.stations.visit import OpenVisit
from protocol.events import (
    Fact,
    ForeignFound,
    ForeignGone,
    ForeignKind,
    Missing,
    RefusalReason,
    Returned,
    Unloaded,
    VisitEnded,
    VisitKind,
    VisitOpened,
)
from protocol.names import CardTag, ItemId, ShelfName, StationName, TagUid, VisitId

PLAN = Plan(StationName("drop-1"), ShelfName("bin"), 3, True, 6, 120, 30, 20, 8)
NUMBERS = range(1, 7)
FOREIGN, PARTS = 5, (3, 4)
"""One of another library, and two parts of one set."""


def tag(n: int) -> TagUid:
    return TagUid(f"E00401000001{n:04X}")


class AnyOrder(RuleBasedStateMachine):
    """What is returned and taken out follow each other for each item; the memory is what the facts say."""

    @initialize()
    def begin(self) -> None:
        self.memory: Memory | None = None
        self.visit: OpenVisit | None = None
        self.facts: list[Fact] = []
        self.inside: set[int] = set()
        self.door = False
        self.visits = 0
        self.storage = True
        self.boot()

    def boot(self) -> None:
        self.timers: set[Timer] = set()
        self.reader = self.storage = True
        self.state = drop.boot(PLAN, self.memory, self.visit)
        self.take(Started(self.door))
        self.look()

    def take(self, given: Input) -> None:
        row = drop.TABLE.get((self.state.phase, type(given)))
        after = drop.step(self.state, given, PLAN)
        if after.known:
            assert row is not None
            assert after.state.phase in row.to, f"{self.state.phase} may not lead to {after.state.phase} by {given}"
        self.state = after.state
        for effect in after.effects:
            self.perform(effect)

    def perform(self, effect: Effect) -> None:
        match effect:
            case Record(facts):
                self.facts += facts
                self.memory = Memory.model_validate_json(self.state.memory.model_dump_json())
                self.visit = self.state.visit
            case Unlock():
                assert self.visit is not None, "unlocked before the visit was written down"
            case Remind(timer):
                self.timers.add(timer)
            case Forget(timer):
                self.timers.discard(timer)
            case CountBin():
                self.take(BinCounted(frozenset(map(tag, self.inside)) if self.reader else None))

    def name(self) -> VisitId:
        self.visits += 1
        return VisitId(f"{self.visits:032x}")

    def look(self) -> None:
        if not self.reader:
            return
        lying = tuple(
            Lying(
                tag(n),
                item=ItemId("set" if n in PARTS else f"item{n}"),
                foreign=ForeignKind.OTHER_LIBRARY if n == FOREIGN else None,
                parts=2 if n in PARTS else 1,
                part=PARTS.index(n) + 1 if n in PARTS else None if n == FOREIGN else 1,
                seen=3,
                rounds=3,
                visit=self.name(),
            )
            for n in sorted(self.inside)
        )
        self.take(PadChanged(lying, None))

    @rule(n=st.sampled_from(NUMBERS))
    def put(self, n: int) -> None:
        self.inside.add(n)
        self.look()

    @rule(card=st.sampled_from(["courier", "patron"]))
    def tap(self, card: str) -> None:
        courier = card == "courier"
        decision: Decision = Admitted(VisitKind.RESTOCK) if courier else Refused(RefusalReason.UNKNOWN_CARD)
        self.take(Tapped(decision, self.name(), card=CardTag(("cc" if courier else "aa") * 16)))

    @rule(out=st.sets(st.sampled_from(NUMBERS)))
    def empty(self, out: set[int]) -> None:
        self.door = True
        self.take(DoorMoved(True))
        self.inside -= out
        self.look()
        self.door = False
        self.take(DoorMoved(False))

    @precondition(lambda self: self.timers)
    @rule(data=st.data())
    def time(self, data: Any) -> None:
        timer = data.draw(st.sampled_from(sorted(self.timers)))
        self.timers.discard(timer)
        self.take(TimedOut(timer))

    @rule(works=st.booleans())
    def the_reader(self, works: bool) -> None:
        if works != self.reader:
            self.reader = works
            self.take(PartUp(Part.READER) if works else PartDown(Part.READER))
            self.look()

    @rule(works=st.booleans())
    def the_storage(self, works: bool) -> None:
        if works != self.storage:
            self.storage = works
            self.take(PartUp(Part.STORAGE) if works else PartDown(Part.STORAGE))
            self.look()

    @rule()
    def power_cut(self) -> None:
        self.boot()

    @invariant()
    def each_item_comes_and_goes_in_turn(self) -> None:
        if not hasattr(self, "facts"):
            return
        there: set[str] = set()
        for fact in self.facts:
            match fact:
                case Returned(item=what):
                    assert what not in there, f"{what} returned twice"
                    there.add(str(what))
                case ForeignFound(tag=which):
                    assert which not in there
                    there.add(which)
                case ForeignGone(tag=which):
                    there.remove(which)
                case Unloaded(item=what) | Missing(item=what):
                    there.discard(str(what))
        kept = {lies.tag if lies.foreign else str(lies.item) for lies in self.state.memory.bin if not lies.held}
        assert kept <= there | {"set"}
        assert there - {"set"} <= kept | {"set"}

    @invariant()
    def visits_follow_each_other(self) -> None:
        now: VisitId | None = None
        for fact in getattr(self, "facts", []):
            if isinstance(fact, VisitOpened):
                assert now is None
                now = fact.visit
            elif isinstance(fact, VisitEnded):
                assert fact.visit == now
                now = None

    def teardown(self) -> None:
        """Everything works, the door is shut, time passes: all that lies there has come back."""
        if not hasattr(self, "facts"):
            return
        self.the_reader(True)
        self.the_storage(True)
        self.take(DoorMoved(False))
        for _ in range(8):
            for timer in sorted(self.timers):
                self.timers.discard(timer)
                self.take(TimedOut(timer))
            self.look()
        assert self.state.phase is Phase.IDLE
        assert self.state.visit is None
        lying = {lies.tag for lies in self.state.memory.bin}
        assert {tag(n) for n in self.inside} <= lying


AnyOrder.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestAnyOrder = AnyOrder.TestCase
