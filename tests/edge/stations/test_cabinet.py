"""Every case of a visit to a cabinet, in the words of the field."""

from dataclasses import replace
from datetime import date
from typing import ClassVar

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge.access import Admitted, Refused
from edge.circulation import Identity
from edge.screen import Change, ViewKind
from edge.stations import cabinet
from edge.stations.effects import Record, Relock, Remind, Unlock
from edge.stations.inputs import DoorMoved, Part, PartDown, PartUp, SelfTestAsked, Tapped, TimedOut, Timer
from edge.stations.state import Memory, Phase
from protocol.events import (
    Borrowed,
    BorrowFlag,
    BorrowReversed,
    CardRefused,
    DoorForced,
    DoorHeld,
    ForeignFound,
    ForeignGone,
    ForeignKind,
    Found,
    Loaded,
    Missing,
    Moved,
    RefusalReason,
    Returned,
    Undecided,
    UndecidedSettled,
    Unloaded,
    VisitEnded,
    VisitKind,
    VisitOpened,
    VisitOutcome,
)
from protocol.names import DeviceName, VisitId
from tests.edge.stations.stage import ADA, BO, PLAN, A, B, Stage, item, tag


def ready() -> Stage:
    stage = Stage()
    stage.fresh()
    return stage


def test_an_item_taken_in_a_visit_is_borrowed_by_it() -> None:
    stage = ready()
    visit = stage.visit(take={tag(1)})
    (loan,) = stage.said(Borrowed)
    assert isinstance(loan, Borrowed)
    assert (loan.visit, loan.item, loan.shelf, loan.due) == (visit, item(1), A, date(2026, 12, 21))
    assert loan.evidence.seen_before > 0
    assert loan.evidence.seen_after == 0


def test_an_item_put_on_a_shelf_is_returned_whoever_had_it() -> None:
    stage = ready()
    visit = stage.visit(put={tag(9): B})
    (back,) = stage.said(Returned)
    assert isinstance(back, Returned)
    assert (back.visit, back.item, back.shelf) == (visit, item(9), B)


def test_the_visit_is_written_down_before_the_door_unlocks() -> None:
    stage = ready()
    stage.tap()
    kinds = [type(e) for e in stage.effects if isinstance(e, Record | Unlock)]
    assert kinds == [Record, Unlock]
    assert stage.kept[1] is not None


def test_take_and_put_back_is_no_loan() -> None:
    stage = ready()
    stage.tap()
    stage.give(DoorMoved(True))
    stage.hands({tag(1)})
    stage.hands(set(), {tag(1): A})
    stage.give(DoorMoved(False), TimedOut(Timer.QUIET))
    assert not stage.said(Borrowed, Returned)
    assert stage.views[-1].kind is ViewKind.RECEIPT


def test_an_item_put_on_the_other_shelf_has_moved_and_nothing_else() -> None:
    stage = ready()
    stage.visit(take={tag(1)}, put={tag(1): B})
    (moved,) = stage.said(Moved)
    assert isinstance(moved, Moved)
    assert (moved.from_shelf, moved.shelf) == (A, B)
    assert not stage.said(Borrowed, Returned, Missing, Found)


def test_nobody_opens_the_door_and_the_visit_ends() -> None:
    stage = ready()
    stage.tap()
    effects = stage.give(TimedOut(Timer.UNLOCK))
    assert any(isinstance(e, Relock) for e in effects)
    (ended,) = stage.said(VisitEnded)
    assert isinstance(ended, VisitEnded)
    assert ended.outcome is VisitOutcome.NO_ENTRY
    assert stage.state.phase is Phase.IDLE


def test_a_door_left_open_is_asked_for_then_reported_and_still_waited_for() -> None:
    stage = ready()
    stage.tap()
    stage.give(DoorMoved(True), TimedOut(Timer.HELD))
    assert stage.views[-1].kind is ViewKind.HELD
    assert not stage.said(DoorHeld)
    stage.give(TimedOut(Timer.ALARM))
    assert stage.said(DoorHeld)
    stage.hands({tag(1)})
    stage.give(DoorMoved(False), TimedOut(Timer.QUIET))
    assert stage.said(Borrowed)


def test_a_second_card_is_asked_to_wait_and_opens_nothing() -> None:
    stage = ready()
    stage.tap(ADA)
    stage.fresh()
    stage.tap(BO)
    (refused,) = stage.said(CardRefused)
    assert isinstance(refused, CardRefused)
    assert refused.reason is RefusalReason.BUSY
    assert not [e for e in stage.effects if isinstance(e, Unlock)]
    assert stage.state.visit is not None
    assert stage.state.visit.card == ADA


def test_the_same_card_tapped_twice_is_one_visit() -> None:
    stage = ready()
    stage.tap(ADA)
    stage.fresh()
    stage.tap(ADA)
    assert not stage.facts
    assert not stage.effects


def test_a_refused_card_leaves_the_door_shut_and_says_why() -> None:
    stage = ready()
    stage.tap(decision=Refused(RefusalReason.EXPIRED))
    assert not [e for e in stage.effects if isinstance(e, Unlock)]
    assert stage.views[-1].reason is RefusalReason.EXPIRED
    assert stage.state.phase is Phase.IDLE


def test_a_power_cut_before_the_door_opened_leaves_an_empty_visit() -> None:
    stage = ready()
    visit = stage.tap()
    stage.start()
    (ended,) = stage.said(VisitEnded)
    assert isinstance(ended, VisitEnded)
    assert (ended.visit, ended.recovered, ended.outcome) == (visit, True, VisitOutcome.SETTLED)


def test_a_power_cut_in_the_middle_is_settled_for_the_stored_visit_when_the_door_is_shut() -> None:
    stage = ready()
    visit = stage.tap()
    stage.give(DoorMoved(True))
    stage.hands({tag(1)})
    stage.start(door_open=False)
    (loan,) = stage.said(Borrowed)
    assert isinstance(loan, Borrowed)
    assert loan.visit == visit


def test_a_power_cut_in_the_middle_goes_on_when_the_door_still_stands_open() -> None:
    stage = ready()
    visit = stage.tap()
    stage.give(DoorMoved(True))
    stage.start(door_open=True)
    assert stage.state.phase is Phase.OPEN
    stage.hands({tag(2)})
    stage.give(DoorMoved(False), TimedOut(Timer.QUIET))
    (loan,) = stage.said(Borrowed)
    assert isinstance(loan, Borrowed)
    assert loan.visit == visit
    assert not stage.said(DoorForced)


def test_a_power_cut_while_counting_counts_again() -> None:
    stage = ready()
    visit = stage.tap()
    stage.give(DoorMoved(True))
    stage.hands({tag(1)})
    stage.give(DoorMoved(False))
    stage.start()
    assert [f.visit for f in stage.said(Borrowed) if isinstance(f, Borrowed)] == [visit]
    stage.start()
    assert len(stage.said(Borrowed)) == 1


def test_a_reader_that_dies_during_a_visit_leaves_it_unsettled_and_guesses_nothing() -> None:
    stage = ready()
    stage.dead = True
    stage.visit(take={tag(1)})
    (ended,) = stage.said(VisitEnded)
    assert isinstance(ended, VisitEnded)
    assert ended.outcome is VisitOutcome.UNSETTLED
    assert not stage.said(Borrowed, Missing)
    assert stage.state.phase is Phase.OUT
    assert ViewKind.UNSETTLED in [v.kind for v in stage.views]


def test_a_reader_that_comes_back_settles_the_visit_if_nobody_came_between() -> None:
    stage = ready()
    stage.dead = True
    visit = stage.visit(take={tag(1)}, put={tag(9): B})
    stage.dead = False
    stage.give(TimedOut(Timer.RETRY))
    (loan,), (back,) = stage.said(Borrowed), stage.said(Returned)
    assert isinstance(loan, Borrowed)
    assert isinstance(back, Returned)
    assert (loan.visit, loan.late, back.visit, back.late) == (visit, True, visit, True)
    assert stage.state.phase is Phase.IDLE


def test_a_reader_that_comes_back_blames_nobody_when_somebody_came_between() -> None:
    stage = ready()
    stage.dead = True
    stage.visit(take={tag(1)})
    service = Admitted(VisitKind.SERVICE)
    stage.visit(card=BO, decision=service)
    stage.dead = False
    stage.give(TimedOut(Timer.RETRY))
    (gone,) = stage.said(Missing)
    assert isinstance(gone, Missing)
    assert gone.item == item(1)
    assert not stage.said(Borrowed)


def test_a_reader_known_to_be_down_leaves_the_visit_unsettled_at_once() -> None:
    stage = ready()
    stage.tap()
    stage.give(DoorMoved(True), PartDown(Part.READER))
    stage.hands({tag(1)})
    stage.give(DoorMoved(False), TimedOut(Timer.QUIET))
    assert not stage.said(Borrowed)
    stage.give(PartUp(Part.READER))
    assert len(stage.said(Borrowed)) == 1


def test_a_forced_door_is_reported_and_what_is_gone_belongs_to_nobody() -> None:
    stage = ready()
    stage.give(DoorMoved(True))
    assert stage.said(DoorForced)
    stage.hands({tag(1)}, {tag(9): A})
    stage.give(DoorMoved(False), TimedOut(Timer.QUIET))
    assert len(stage.said(Missing)) == 1
    assert len(stage.said(Found)) == 1
    assert not stage.said(Borrowed, Returned)


def test_a_door_found_open_at_the_start_belongs_to_nobody() -> None:
    stage = ready()
    stage.start(door_open=True)
    (forced,) = stage.said(DoorForced)
    assert isinstance(forced, DoorForced)
    assert forced.found_open


def test_a_shadowed_tag_with_no_visit_is_missing_then_found_and_never_a_loan() -> None:
    stage = ready()
    stage.hidden = {tag(3)}
    stage.give(TimedOut(Timer.RECOUNT))
    assert len(stage.said(Missing)) == 1
    stage.hidden = set()
    stage.give(TimedOut(Timer.RECOUNT))
    assert len(stage.said(Found)) == 1
    assert not stage.said(Borrowed, Returned)


def test_a_taken_item_seen_again_with_no_visit_between_was_never_taken() -> None:
    stage = ready()
    stage.hidden = {tag(1)}
    visit = stage.visit()
    assert len(stage.said(Borrowed)) == 1
    stage.hidden = set()
    stage.give(TimedOut(Timer.RECOUNT))
    (reversal,) = stage.said(BorrowReversed)
    assert isinstance(reversal, BorrowReversed)
    assert (reversal.visit, reversal.item) == (visit, item(1))


def test_a_taken_item_seen_again_after_a_forced_door_is_only_found() -> None:
    stage = ready()
    stage.visit(take={tag(1)})
    stage.give(DoorMoved(True))
    stage.hands(set(), {tag(1): A})
    stage.give(DoorMoved(False), TimedOut(Timer.QUIET))
    assert not stage.said(BorrowReversed)
    assert len(stage.said(Found)) == 1


def test_the_shelf_is_looked_at_again_soon_after_something_was_taken() -> None:
    stage = ready()
    stage.visit(take={tag(1)})
    reminders = [e.seconds for e in stage.effects if isinstance(e, Remind) and e.timer is Timer.RECOUNT]
    assert reminders[-1] == PLAN.second_look_s


def test_another_librarys_item_is_accepted_and_reported_and_no_return() -> None:
    stage = ready()
    stage.foreign[tag(0x50)] = Identity(item(1), None, ForeignKind.OTHER_LIBRARY)
    stage.visit(put={tag(0x50): B})
    assert len(stage.said(ForeignFound)) == 1
    assert not stage.said(Returned)
    assert stage.views[-1].items[0].change is Change.FOREIGN
    stage.visit(take={tag(0x50)})
    assert len(stage.said(ForeignGone)) == 1
    assert not stage.said(Borrowed)


def test_more_items_than_the_limit_are_loans_all_the_same_and_flagged() -> None:
    stage = ready()
    stage.visit(take={tag(1), tag(2), tag(3)}, decision=Admitted(VisitKind.BORROW, 28, limit=3, loans=1))
    flags = [f.flags for f in stage.said(Borrowed) if isinstance(f, Borrowed)]
    assert sorted(flags) == [(), (), (BorrowFlag.OVER_LIMIT,)]


def test_what_a_patron_brings_counts_before_what_they_take() -> None:
    stage = ready()
    stage.visit(take={tag(1)}, put={tag(9): B}, decision=Admitted(VisitKind.BORROW, 28, limit=2, loans=2))
    (loan,) = stage.said(Borrowed)
    assert isinstance(loan, Borrowed)
    assert loan.flags == ()


def test_a_return_only_visit_counts_returns_and_flags_what_was_taken() -> None:
    stage = ready()
    blocked = Admitted(VisitKind.RETURN_ONLY, 28, because=RefusalReason.BLOCKED)
    stage.visit(take={tag(1)}, put={tag(9): B}, decision=blocked)
    (loan,) = stage.said(Borrowed)
    assert isinstance(loan, Borrowed)
    assert BorrowFlag.RETURN_ONLY in loan.flags
    assert len(stage.said(Returned)) == 1


def test_a_couriers_differences_are_loaded_and_unloaded() -> None:
    stage = ready()
    stage.visit(take={tag(1)}, put={tag(9): B}, decision=Admitted(VisitKind.RESTOCK))
    assert len(stage.said(Loaded)) == 1
    assert len(stage.said(Unloaded)) == 1
    assert not stage.said(Borrowed, Returned)


def test_a_cleaners_differences_belong_to_nobody() -> None:
    stage = ready()
    stage.visit(take={tag(1)}, put={tag(9): B}, decision=Admitted(VisitKind.SERVICE))
    assert len(stage.said(Missing)) == 1
    assert len(stage.said(Found)) == 1


def test_an_item_the_reader_half_sees_is_undecided_said_so_and_settled_later() -> None:
    stage = ready()
    weak = stage.state.memory.shelves[0].standings[0].model_copy(update={"seen": 3, "rounds": 16})
    shelves = stage.state.memory.shelves
    first = shelves[0].model_copy(update={"standings": (weak, *shelves[0].standings[1:])})
    stage.kept = stage.state.memory.model_copy(update={"shelves": (first, shelves[1])}), None
    stage.state = replace(stage.state, memory=stage.kept[0])
    stage.hidden = {tag(1)}
    stage.visit()
    assert len(stage.said(Undecided)) == 1
    assert not stage.said(Borrowed)
    assert stage.views[-1].items[0].change is Change.UNDECIDED
    stage.hidden = set()
    stage.give(TimedOut(Timer.RECOUNT))
    (settled,) = stage.said(UndecidedSettled)
    assert isinstance(settled, UndecidedSettled)
    assert settled.present


def test_the_first_count_of_a_cabinet_finds_what_is_there() -> None:
    stage = Stage()
    stage.kept = Memory(), None
    stage.fresh()
    stage.start()
    found = [f for f in stage.said(Found) if isinstance(f, Found)]
    assert {f.item for f in found} == {item(1), item(2), item(3)}
    assert all(f.first_count for f in found)


def test_a_door_that_springs_open_again_before_the_count_is_still_the_same_visit() -> None:
    stage = ready()
    visit = stage.tap()
    stage.give(DoorMoved(True), DoorMoved(False), DoorMoved(True))
    assert stage.state.phase is Phase.OPEN
    stage.hands({tag(1)})
    stage.give(DoorMoved(False), TimedOut(Timer.QUIET))
    assert [f.visit for f in stage.said(Borrowed) if isinstance(f, Borrowed)] == [visit]
    assert not stage.said(DoorForced)


def test_a_routine_count_makes_way_for_a_patron() -> None:
    stage = ready()
    counting = cabinet.step(stage.state, TimedOut(Timer.RECOUNT), PLAN).state
    assert counting.phase is Phase.COUNTING
    after = cabinet.step(counting, Tapped(Admitted(VisitKind.BORROW), VisitId("1" * 32), ADA), PLAN)
    assert after.state.phase is Phase.INVITED


def test_out_of_order_while_a_device_is_gone_and_back_by_itself() -> None:
    stage = ready()
    stage.give(PartDown(Part.READER))
    assert stage.state.phase is Phase.OUT
    assert stage.views[-1].kind is ViewKind.OUT_OF_ORDER
    stage.give(PartUp(Part.READER))
    assert stage.state.phase is Phase.IDLE


def test_an_input_the_table_does_not_have_changes_nothing() -> None:
    stage = ready()
    after = cabinet.step(stage.state, TimedOut(Timer.ALARM), PLAN)
    assert (after.known, after.state) == (False, stage.state)


class AnyOrder(RuleBasedStateMachine):
    """Any inputs in any order: the table keeps its promises."""

    doors: ClassVar[tuple[DeviceName, ...]] = (DeviceName("door"),)

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage(doors=self.doors)
        self.stage.fresh()
        self.number = 100

    @rule(card=st.sampled_from([ADA, BO]), kind=st.sampled_from(list(VisitKind)))
    def tap(self, card: object, kind: VisitKind) -> None:
        self.number += 1
        before = self.stage.state.phase
        self._give(Tapped(Admitted(kind), VisitId(f"{self.number:032x}"), card, who="0" * 64))  # type: ignore[arg-type]
        del before

    @rule(is_open=st.booleans(), n=st.integers(0, 5))
    def door(self, is_open: bool, n: int) -> None:
        self._give(DoorMoved(is_open, self.doors[n % len(self.doors)]))

    @rule(timer=st.sampled_from(list(Timer)))
    def timer(self, timer: Timer) -> None:
        self._give(TimedOut(timer))

    @rule(part=st.sampled_from([Part.DOOR, Part.CARD, Part.READER, Part.STORAGE]))
    def down(self, part: Part) -> None:
        self._give(PartDown(part))

    @rule(part=st.sampled_from([Part.DOOR, Part.CARD, Part.READER, Part.STORAGE]), moved=st.booleans())
    def up(self, part: Part, moved: bool) -> None:
        state = self.stage.state
        doors = {door: (door in state.ajar) is not moved for door in self.doors}
        self._give(PartUp(part, state.door_open, doors=doors))
        if part is Part.DOOR and (state.phase, PartUp) in cabinet.TABLE:
            assert set(self.stage.state.ajar) == {door for door, is_open in doors.items() if is_open}

    @rule()
    def self_test(self) -> None:
        self._give(SelfTestAsked(()))

    @rule(dead=st.booleans())
    def reader(self, dead: bool) -> None:
        self.stage.dead = dead

    @precondition(lambda self: self.stage.state.door_open)
    @rule(n=st.integers(1, 6), shelf=st.sampled_from([A, B]))
    def hand(self, n: int, shelf: object) -> None:
        here = any(tag(n) in tags for tags in self.stage.shelves.values())
        self.stage.hands({tag(n)} if here else set(), {} if here else {tag(n): shelf})  # type: ignore[dict-item]

    @rule(ajar=st.sets(st.integers(0, 5), max_size=2))
    def power_cut(self, ajar: set[int]) -> None:
        doors = sorted({self.doors[n % len(self.doors)] for n in ajar})
        self.stage.start(bool(doors), ajar=tuple(doors))

    def _give(self, given: object) -> None:
        start = self.stage.state
        after = cabinet.step(start, given, self.stage.plan)  # type: ignore[arg-type]
        if after.known:
            assert after.state.phase in cabinet.TABLE[start.phase, type(given)].to  # type: ignore[index]
        self.stage.give(given)  # type: ignore[arg-type]

    @invariant()
    def every_unlock_has_its_visit_on_record_first(self) -> None:
        written = False
        for effect in self.stage.effects:
            if isinstance(effect, Record):
                for fact in effect.facts:
                    written = isinstance(fact, VisitOpened) or (written and not isinstance(fact, VisitEnded))
            if isinstance(effect, Unlock):
                assert written

    @invariant()
    def every_visit_is_ended_once_and_before_the_next(self) -> None:
        opened: str | None = None
        for fact in self.stage.facts:
            if isinstance(fact, VisitOpened):
                assert opened is None
                opened = fact.visit
            if isinstance(fact, VisitEnded):
                assert fact.visit == opened
                opened = None

    @invariant()
    def nothing_is_borrowed_twice_without_coming_back(self) -> None:
        out: set[object] = set()
        for fact in self.stage.facts:
            if isinstance(fact, Borrowed):
                assert fact.item not in out
                out.add(fact.item)
            if isinstance(fact, Returned | Found | BorrowReversed | Loaded):
                out.discard(fact.item)

    @invariant()
    def a_visit_is_not_settled_while_a_door_stands_open(self) -> None:
        assert not (self.stage.state.ajar and self.stage.state.phase in (Phase.QUIET, Phase.COUNTING, Phase.IDLE))

    def teardown(self) -> None:
        """Whatever went before, in the end all is whole and shut: then no visit is open, and the cabinet serves."""
        self.stage.dead = False
        for door in self.doors:
            self._give(DoorMoved(False, door))
        for part in (Part.DOOR, Part.CARD, Part.READER, Part.STORAGE):
            self._give(PartUp(part, doors=dict.fromkeys(self.doors, False)))
        for timer in (Timer.UNLOCK, Timer.QUIET, Timer.RETRY):
            self._give(TimedOut(timer))
        assert (self.stage.state.phase, self.stage.state.visit) == (Phase.IDLE, None)


class AnyOrderOfDoors(AnyOrder):
    """The same with two doors."""

    doors: ClassVar[tuple[DeviceName, ...]] = (DeviceName("left"), DeviceName("right"))


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = hypothesis_settings(max_examples=150, stateful_step_count=40, deadline=None)

TestAnyOrderOfDoors = AnyOrderOfDoors.TestCase
TestAnyOrderOfDoors.settings = hypothesis_settings(max_examples=150, stateful_step_count=40, deadline=None)
