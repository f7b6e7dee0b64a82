"""A cabinet with several doors: one visit has them all."""

import pytest

from edge.access import Admitted, Refused
from edge.screen import Change, ViewKind
from edge.stations.effects import Relock, Remind, Unlock
from edge.stations.inputs import DoorMoved, KeptItem, Part, PartDown, PartUp, TimedOut, Timer
from edge.stations.state import Phase
from protocol.directory import Lending
from protocol.events import (
    Borrowed,
    BorrowFlag,
    CardRefused,
    DoorClosed,
    DoorForced,
    DoorHeld,
    DoorOpened,
    RefusalReason,
    Returned,
    VisitEnded,
    VisitKind,
    VisitOutcome,
)
from protocol.names import DeviceName
from tests.edge.stations.stage import ADA, BO, PLAN, A, B, Stage, item, tag

LEFT, RIGHT = DeviceName("left"), DeviceName("right")
LOCK, QUIET = TimedOut(Timer.LOCK), TimedOut(Timer.QUIET)


def opened(door: DeviceName) -> DoorMoved:
    return DoorMoved(True, door)


def shut(door: DeviceName) -> DoorMoved:
    return DoorMoved(False, door)


def of(stage: Stage, kind: type) -> list:
    return [e for e in stage.effects if isinstance(e, kind)]


@pytest.fixture
def stage() -> Stage:
    ready = Stage(doors=(LEFT, RIGHT))
    ready.fresh()
    return ready


def test_the_locks_are_released_one_after_another(stage: Stage) -> None:
    stage.tap()
    assert [e.door for e in of(stage, Unlock)] == [LEFT]
    assert Remind(Timer.LOCK, PLAN.lock_gap_s) in stage.effects
    stage.give(LOCK)
    assert [e.door for e in of(stage, Unlock)] == [LEFT, RIGHT]
    stage.give(LOCK)
    assert len(of(stage, Unlock)) == 2


def test_a_door_opened_before_the_others_lock_is_released_stops_nothing(stage: Stage) -> None:
    stage.tap()
    stage.give(opened(LEFT), LOCK)
    assert [e.door for e in of(stage, Unlock)] == [LEFT, RIGHT]
    assert [e.door for e in of(stage, Relock)] == [LEFT]


def test_no_lock_is_released_once_nobody_came(stage: Stage) -> None:
    stage.tap()
    stage.give(TimedOut(Timer.UNLOCK), LOCK)
    assert [e.door for e in of(stage, Unlock)] == [LEFT]
    assert [e.door for e in of(stage, Relock)] == [None]


def test_the_visit_settles_when_every_door_is_shut(stage: Stage) -> None:
    visit = stage.tap()
    stage.give(LOCK, opened(LEFT), opened(RIGHT))
    stage.hands({tag(1), tag(3)})
    stage.give(shut(LEFT))
    assert stage.state.phase is Phase.OPEN
    assert not stage.said(VisitEnded)
    stage.give(shut(RIGHT), QUIET)
    assert {f.item for f in stage.said(Borrowed)} == {item(1), item(3)}
    assert {f.visit for f in stage.said(Borrowed, DoorOpened, DoorClosed, VisitEnded)} == {visit}


def test_facts_name_the_door_they_are_about(stage: Stage) -> None:
    stage.tap()
    stage.give(opened(RIGHT), opened(LEFT), shut(RIGHT), shut(LEFT), QUIET)
    assert [f.door for f in stage.said(DoorOpened)] == [RIGHT, LEFT]
    assert [f.door for f in stage.said(DoorClosed)] == [RIGHT, LEFT]


def test_a_cabinet_with_one_door_names_none() -> None:
    stage = Stage()
    stage.fresh()
    stage.visit()
    assert {f.door for f in stage.said(DoorOpened, DoorClosed)} == {None}


def test_a_door_left_ajar_is_named_by_its_number_and_the_visit_waits(stage: Stage) -> None:
    stage.tap()
    stage.give(opened(LEFT), opened(RIGHT), shut(LEFT))
    assert stage.views[-1].remarks == ("remark-ajar",)
    assert dict(stage.views[-1].values)["doors"] == "2"
    stage.give(TimedOut(Timer.HELD))
    assert (stage.views[-1].kind, stage.views[-1].remarks) == (ViewKind.HELD, ("remark-ajar",))
    stage.give(TimedOut(Timer.ALARM))
    (held,) = stage.said(DoorHeld)
    assert (held.door, held.open_s) == (RIGHT, 120)
    stage.give(shut(RIGHT), QUIET)
    (ended,) = stage.said(VisitEnded)
    assert (ended.outcome, ended.shared) == (VisitOutcome.SETTLED, True)


def test_the_time_of_a_door_that_opened_later_begins_when_the_earlier_one_shuts(stage: Stage) -> None:
    stage.tap()
    stage.give(opened(LEFT), TimedOut(Timer.HELD), opened(RIGHT))
    stage.effects.clear()
    stage.give(shut(LEFT))
    assert Remind(Timer.ALARM, PLAN.held_alarm_s - PLAN.held_warn_s) in stage.effects


def test_the_patrons_card_releases_the_other_doors_once_more(stage: Stage) -> None:
    stage.tap(ADA)
    stage.give(LOCK, opened(LEFT))
    stage.fresh()
    stage.tap(ADA)
    assert [e.door for e in of(stage, Unlock)] == [RIGHT]
    assert not stage.facts


def test_a_door_forced_beside_a_forced_door_is_told_of_too(stage: Stage) -> None:
    stage.give(opened(RIGHT), opened(LEFT))
    assert [f.door for f in stage.said(DoorForced)] == [RIGHT, LEFT]
    stage.hands({tag(1)})
    stage.give(shut(LEFT))
    assert stage.state.phase is Phase.INTRUDED
    stage.give(shut(RIGHT), QUIET)
    assert not stage.said(Borrowed)
    assert stage.state.phase is Phase.IDLE


def test_a_power_cut_with_one_of_the_doors_open_goes_on(stage: Stage) -> None:
    visit = stage.tap()
    stage.give(opened(LEFT), opened(RIGHT))
    stage.hands({tag(2)})
    stage.start(ajar=(RIGHT,))
    assert stage.state.phase is Phase.OPEN
    stage.give(shut(RIGHT), QUIET)
    assert [f.visit for f in stage.said(Borrowed)] == [visit]
    (ended,) = stage.said(VisitEnded)
    assert ended.recovered
    assert not stage.said(DoorForced)


def test_a_door_found_open_at_the_start_is_named(stage: Stage) -> None:
    stage.start(ajar=(RIGHT,))
    assert [(f.door, f.found_open) for f in stage.said(DoorForced)] == [(RIGHT, True)]


def test_a_contact_that_fails_in_a_visit_leaves_the_other_door_to_the_patron(stage: Stage) -> None:
    stage.tap()
    stage.give(PartDown(Part.DOOR, RIGHT), opened(LEFT))
    stage.hands({tag(1)})
    stage.give(shut(LEFT), QUIET)
    assert len(stage.said(Borrowed)) == 1
    assert stage.state.phase is Phase.OUT
    stage.give(PartUp(Part.DOOR, False, RIGHT, {LEFT: False, RIGHT: False}))
    assert stage.state.phase is Phase.IDLE


def test_where_a_contact_failed_and_nobody_seems_to_have_opened_nothing_is_guessed(stage: Stage) -> None:
    stage.tap()
    stage.give(PartDown(Part.DOOR, RIGHT))
    stage.hands({tag(1)})  # by the door that nobody sees
    stage.give(TimedOut(Timer.UNLOCK))
    assert [f.outcome for f in stage.said(VisitEnded)] == [VisitOutcome.UNSETTLED]
    stage.give(PartUp(Part.DOOR, False, RIGHT, {LEFT: False, RIGHT: False}))
    assert [f.late for f in stage.said(Borrowed)] == [True]


def test_a_contact_that_fails_while_its_door_is_open_is_waited_for(stage: Stage) -> None:
    stage.tap()
    stage.give(opened(LEFT), opened(RIGHT), PartDown(Part.DOOR, RIGHT), shut(LEFT))
    assert stage.state.phase is Phase.OPEN
    stage.give(PartUp(Part.DOOR, False, RIGHT, {LEFT: False, RIGHT: False}), QUIET)
    assert [f.outcome for f in stage.said(VisitEnded)] == [VisitOutcome.SETTLED]


# --- what goes for any number of doors ---


def test_another_card_shown_while_the_door_is_open_marks_the_visit_shared_even_through_a_power_cut() -> None:
    stage = Stage()
    stage.tap(ADA)
    stage.give(DoorMoved(True))
    stage.tap(BO)
    assert [f.reason for f in stage.said(CardRefused)] == [RefusalReason.BUSY]
    stage.start(door_open=False)
    (ended,) = stage.said(VisitEnded)
    assert (ended.shared, ended.recovered) == (True, True)


def test_a_card_that_waits_before_the_door_was_opened_shares_nothing() -> None:
    stage = Stage()
    stage.tap(ADA)
    stage.tap(BO)
    stage.give(DoorMoved(True), DoorMoved(False), QUIET)
    (ended,) = stage.said(VisitEnded)
    assert ended.shared is None


def test_a_patron_who_has_borrowed_all_they_may_is_told_before_they_open() -> None:
    stage = Stage()
    stage.tap(decision=Admitted(VisitKind.BORROW, 28, limit=5, loans=5))
    assert stage.views[-1].remarks == ("remark-at-limit",)
    stage.give(TimedOut(Timer.UNLOCK))
    stage.tap(decision=Admitted(VisitKind.BORROW, 28, limit=5, loans=4))
    assert stage.views[-1].remarks == ()


KEPT = (KeptItem(tag(1), item(1), Lending.HELD), KeptItem(tag(3), item(3), Lending.REFERENCE))


def test_what_is_kept_for_others_is_listed_while_the_door_is_open() -> None:
    stage = Stage()
    stage.tap(kept=KEPT)
    stage.give(DoorMoved(True))
    view = stage.views[-1]
    assert [(line.change, line.item) for line in view.items] == [
        (Change.RESERVED, item(1)),
        (Change.REFERENCE, item(3)),
    ]
    assert (view.remarks, dict(view.values)) == (("remark-kept",), {"n": "2"})


def test_a_courier_is_not_told_what_patrons_should_leave() -> None:
    stage = Stage()
    stage.tap(kept=KEPT, decision=Admitted(VisitKind.RESTOCK))
    stage.give(DoorMoved(True))
    assert stage.views[-1].items == ()


@pytest.mark.parametrize(("lending", "remarks"), [(Lending.HELD, ("remark-put-back",)), (Lending.NORMAL, ())])
def test_whoever_took_a_kept_item_is_asked_at_once_to_put_it_back(lending: Lending, remarks: tuple[str, ...]) -> None:
    stage = Stage()
    stage.lending[tag(1)] = lending
    stage.visit(take={tag(1)})
    assert stage.views[-1].kind is ViewKind.RECEIPT
    assert stage.views[-1].remarks == remarks
    (loan,) = stage.said(Borrowed)
    assert (BorrowFlag.HELD in loan.flags) == bool(remarks)


def test_an_item_brought_and_taken_again_in_one_visit_is_neither_return_nor_renewal() -> None:
    stage = Stage()
    stage.visit(take={tag(1)})
    stage.fresh()
    stage.tap()
    stage.give(DoorMoved(True))
    stage.hands(set(), {tag(1): B})
    stage.hands({tag(1)})
    stage.give(DoorMoved(False), QUIET)
    assert not stage.said(Borrowed, Returned)
    assert stage.views[-1].items == ()


def test_moves_come_first_then_what_was_brought_then_what_was_taken() -> None:
    stage = Stage()
    stage.fresh()
    stage.visit(take={tag(2), tag(1)}, put={tag(1): B, tag(9): A})
    kinds = [f.type for f in stage.facts if getattr(f, "tag", None)]
    assert kinds == ["moved", "returned", "borrowed"]


def test_a_return_only_visit_is_told_so_from_the_first_screen_to_the_receipt() -> None:
    stage = Stage()
    stage.fresh()
    blocked = Admitted(VisitKind.RETURN_ONLY, 28, because=RefusalReason.BLOCKED)
    stage.visit(take={tag(1)}, put={tag(9): B}, decision=blocked)
    kinds = [(v.kind, v.visit_kind) for v in stage.views]
    for kind in (ViewKind.WELCOME, ViewKind.OPEN, ViewKind.RECEIPT):
        assert (kind, VisitKind.RETURN_ONLY) in kinds
    flags = {line.item: line.flags for line in stage.views[-1].items}
    assert flags == {item(9): (), item(1): (BorrowFlag.RETURN_ONLY,)}


def test_where_policy_refuses_return_only_the_door_stays_shut() -> None:
    stage = Stage(doors=(LEFT, RIGHT))
    stage.fresh()
    stage.tap(decision=Refused(RefusalReason.BLOCKED))
    stage.give(LOCK)
    assert not of(stage, Unlock)
