"""A locker's table in any order of cards, items, boards, doors, time and power cuts."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge.access import Admitted, Decision
from edge.stations import locker
from edge.stations.effects import Effect, Forget, Record, Release, Remind
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
    Waiting,
    WrongCode,
)
from edge.stations.lockers import Locker, Memory, Phase, Plan
from edge.stations.visit import OpenVisit
from protocol.events import (
    Borrowed,
    CompartmentStuck,
    CompartmentWorks,
    Fact,
    Loaded,
    Undecided,
    Unloaded,
    VisitEnded,
    VisitKind,
    VisitOpened,
)
from protocol.names import CardTag, HoldId, ItemId, ShelfName, StationName, TagUid, TitleId, VisitId

SHELVES = tuple(ShelfName(str(n)) for n in range(1, 4))
PATRONS = tuple(CardTag(f"{n:02x}" * 16) for n in range(1, 4))
COURIER = CardTag("cc" * 16)
WAITING = tuple(Waiting(HoldId(str(n)), TitleId(f"t{n}"), (card,)) for n, card in enumerate(PATRONS, 1))
PLAN = Plan(
    station=StationName("locker-1"),
    compartments=SHELVES,
    unlock_s=10,
    held_warn_s=60,
    held_alarm_s=120,
    session_s=30,
    receipt_s=20,
    refusal_s=8,
    locked_s=600,
)


class Wall:
    """What the keeper does around the table: it writes down, releases, reminds; doors are physical."""

    def __init__(self) -> None:
        self.doors = dict.fromkeys(SHELVES, False)
        self.memory: Memory | None = None
        self.visit: OpenVisit | None = None
        self.facts: list[Fact] = []
        self.timers: set[Timer] = set()
        self.orders: list[tuple[ShelfName, int]] = []
        self.unanswered: list[tuple[ShelfName, int]] = []
        self.visits = 0
        self.state = locker.boot(PLAN, None, None)
        self.seen_by_board = True

    def begin(self) -> None:
        self.state = locker.boot(PLAN, self.memory, self.visit)
        self.timers, self.unanswered, self.seen_by_board = set(), [], True
        self.take(Surroundings(WAITING, date(2026, 11, 23)))
        self.take(Started(None, compartments=dict(self.doors)))

    def take(self, given: Input) -> None:
        row = locker.TABLE.get((self.state.phase, type(given)))
        after = locker.step(self.state, given, PLAN)
        if after.known:
            assert row is not None
            assert after.state.phase in row.to, f"{self.state.phase} may not lead to {after.state.phase} by {given}"
        self.state = after.state
        for effect in after.effects:
            self.perform(effect, given)

    def perform(self, effect: Effect, given: Input) -> None:
        match effect:
            case Record(facts):
                self.facts += facts
                self.memory = Memory.model_validate_json(self.state.memory.model_dump_json())
                self.visit = self.state.visit
            case Release(shelf, order):
                assert self.memory is not None
                assert self.memory.job is not None, "an order nobody wrote down"
                assert (self.memory.job.shelf, self.memory.job.order) == (shelf, order)
                assert self.visit is not None, "an order without a visit that is written down"
                assert order not in [known for _, known in self.orders], "an order given twice"
                assert not isinstance(given, LockTried) or given.sure is False, "repeated since nobody knew"
                self.orders.append((shelf, order))
                self.unanswered.append((shelf, order))
            case Remind(timer):
                self.timers.add(timer)
            case Forget(timer):
                self.timers.discard(timer)

    def tap(self, card: CardTag) -> None:
        self.visits += 1
        kind = VisitKind.RESTOCK if card == COURIER else VisitKind.BORROW
        decision: Decision = Admitted(kind, loan_days=28, limit=5)
        self.take(Tapped(decision, VisitId(f"{self.visits:032x}"), card=card, who="0" * 64))

    def move(self, shelf: ShelfName, is_open: bool) -> None:
        if self.doors[shelf] != is_open:
            self.doors[shelf] = is_open
            if self.seen_by_board:
                self.take(CompartmentMoved(shelf, is_open))

    def count(self, *kinds: type[Any]) -> int:
        return sum(isinstance(fact, kinds) for fact in self.facts)


class AnyOrder(RuleBasedStateMachine):
    """Nothing is lent twice, nothing is lost, no lock is released twice by one intention, whatever comes."""

    @initialize()
    def begin(self) -> None:
        self.wall = Wall()
        self.wall.begin()

    @rule(card=st.sampled_from([*PATRONS, COURIER]))
    def tap(self, card: CardTag) -> None:
        self.wall.tap(card)

    @rule(number=st.integers(1, 4))
    def show(self, number: int) -> None:
        known = ItemId(f"item{number}") if number < 4 else None
        self.wall.take(ItemShown(TagUid(f"E00401000001{number:04X}"), known, title_id=TitleId(f"t{number}")))

    @precondition(lambda self: self.wall.unanswered)
    @rule(sure=st.sampled_from([True, None, False]), moves=st.booleans())
    def answer(self, sure: bool | None, moves: bool) -> None:
        shelf, order = self.wall.unanswered.pop(0)
        if moves and sure is not False:
            self.wall.move(shelf, True)
        self.wall.take(LockTried(shelf, order, sure))

    @rule(shelf=st.sampled_from(SHELVES), is_open=st.booleans())
    def move(self, shelf: ShelfName, is_open: bool) -> None:
        self.wall.move(shelf, is_open)

    @rule(what=st.sampled_from(["done", "fetch", "leave", "not-put"]))
    def press(self, what: str) -> None:
        self.wall.take(Pressed(what))

    @rule()
    def wrong(self) -> None:
        self.wall.take(WrongCode())

    @precondition(lambda self: self.wall.timers)
    @rule(data=st.data())
    def time(self, data: Any) -> None:
        timer = data.draw(st.sampled_from(sorted(self.wall.timers)))
        self.wall.timers.discard(timer)
        self.wall.take(TimedOut(timer))

    @rule(part=st.sampled_from([Part.CARD, Part.SCANNER, Part.STORAGE]), down=st.booleans())
    def part(self, part: Part, down: bool) -> None:
        self.wall.take(PartDown(part) if down else PartUp(part))

    @rule()
    def board_goes(self) -> None:
        if self.wall.seen_by_board:
            self.wall.seen_by_board, self.wall.unanswered = False, []
            self.wall.take(PartDown(Part.BOARD))

    @rule()
    def board_comes(self) -> None:
        if not self.wall.seen_by_board:
            self.wall.seen_by_board = True
            self.wall.take(PartUp(Part.BOARD, compartments=dict(self.wall.doors)))

    @rule()
    def power_cut(self) -> None:
        self.wall.begin()

    @invariant()
    def what_went_in_and_not_out_is_there(self) -> None:
        if hasattr(self, "wall"):
            wall = self.wall
            inside = wall.count(Loaded) - wall.count(Borrowed, Unloaded)
            assert inside == len(wall.state.memory.boxes)
            assert len({box.shelf for box in wall.state.memory.boxes}) == inside
            assert len({box.item for box in wall.state.memory.boxes}) == inside

    @invariant()
    def a_stuck_compartment_is_told_and_so_is_its_end(self) -> None:
        if hasattr(self, "wall"):
            told: set[ShelfName] = set()
            for fact in self.wall.facts:
                if isinstance(fact, CompartmentStuck):
                    told.add(fact.shelf)
                elif isinstance(fact, CompartmentWorks):
                    told.discard(fact.shelf)
            assert told == set(self.wall.state.memory.stuck)

    @invariant()
    def visits_follow_each_other(self) -> None:
        if hasattr(self, "wall"):
            now: VisitId | None = None
            for fact in self.wall.facts:
                if isinstance(fact, VisitOpened):
                    assert now is None
                    now = fact.visit
                elif isinstance(fact, VisitEnded):
                    assert fact.visit == now
                    now = None
                elif isinstance(fact, Loaded | Borrowed | Unloaded | Undecided):
                    assert fact.visit == now
            assert now == (self.wall.state.visit.visit if self.wall.state.visit else None)

    def teardown(self) -> None:
        """Everything works again, every door is shut, time passes: nobody's visit is open, and the next is served."""
        if not hasattr(self, "wall"):
            return
        wall = self.wall
        self.board_comes()
        for part in (Part.STORAGE, Part.CARD, Part.SCANNER):
            wall.take(PartUp(part))
        for _ in range(20):
            for shelf in SHELVES:
                wall.move(shelf, False)
            for timer in sorted(wall.timers):
                wall.timers.discard(timer)
                wall.take(TimedOut(timer))
            while wall.unanswered:
                shelf, order = wall.unanswered.pop(0)
                wall.take(LockTried(shelf, order, sure=True))
                wall.move(shelf, True)
        assert wall.state.phase is Phase.IDLE
        assert wall.state.visit is None
        assert wall.state.memory.job is None


AnyOrder.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestAnyOrder = AnyOrder.TestCase


@pytest.mark.parametrize("sure", [True, None])
def test_only_the_door_says_that_something_was_taken(sure: bool | None) -> None:
    wall = Wall()
    wall.begin()
    wall.tap(COURIER)
    wall.take(ItemShown(TagUid("E004010000010001"), ItemId("item1"), title_id=TitleId("t1")))
    wall.move(SHELVES[0], True)
    wall.move(SHELVES[0], False)
    wall.take(Pressed("done"))
    wall.tap(PATRONS[0])
    shelf, order = wall.unanswered[-1]
    wall.take(LockTried(shelf, order, sure))
    assert wall.count(Borrowed) == 0
    wall.take(TimedOut(Timer.UNLOCK))
    assert wall.count(Borrowed) == 0
    assert wall.count(CompartmentStuck) == 1


def test_an_answer_to_an_older_order_settles_nothing() -> None:
    wall = Wall()
    wall.begin()
    wall.tap(COURIER)
    wall.take(ItemShown(TagUid("E004010000010001"), ItemId("item1"), title_id=TitleId("t1")))
    before: Locker = wall.state
    wall.take(LockTried(SHELVES[0], 99, sure=False))
    assert wall.state == replace(before)
