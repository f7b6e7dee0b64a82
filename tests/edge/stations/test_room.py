"""Every case at the doors of a reading room, in the words of the field."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge import screen
from edge.access import Admitted, Refused
from edge.screen import View, ViewKind
from edge.stations import entrance, room
from edge.stations.effects import Record, Relock, Unlock
from edge.stations.entry import At
from edge.stations.hall import INSIDE, Memory, Phase, Plan, Sight, Way
from edge.stations.inputs import DoorMoved, Part, PartDown, PartUp, SwitchMoved, Tapped, TimedOut, Timer
from protocol.events import (
    CardRefused,
    DoorClosed,
    DoorForced,
    DoorHeld,
    DoorOpened,
    FireReleased,
    RefusalReason,
    RoomLeft,
    VisitEnded,
    VisitKind,
    VisitOpened,
    VisitOutcome,
)
from protocol.names import DeviceName, VisitId
from tests.edge.stations.hall import ADA, BARRIER, BO, CY, EAST, EXIT, FIRE, NOON, PLAN, WEST, Hall


def with_barrier(seats: int | None = None) -> Plan:
    east, west = PLAN.entrances
    return replace(PLAN, entrances=(replace(east, barrier=BARRIER), west), seats=seats)


@pytest.fixture
def hall() -> Hall:
    """Noon of a Monday; the east door has an exit button and hours, the west door neither."""
    made = Hall()
    made.fresh()
    return made


# --- coming in ---


def test_a_card_opens_its_door_and_the_entry_is_over_when_the_door_is_shut(hall: Hall) -> None:
    visit = hall.enter(ADA)
    assert [type(f) for f in hall.facts] == [VisitOpened, DoorOpened, DoorClosed, VisitEnded]
    assert {f.visit for f in hall.facts} == {visit}
    assert hall.facts[0].kind is VisitKind.ENTER
    ended = hall.facts[-1]
    assert (ended.outcome, ended.people, ended.shared, ended.recovered) == (VisitOutcome.SETTLED, None, None, False)
    assert hall.way() is Way.SHUT
    assert hall.state.people == 1


def test_the_entry_is_written_down_before_the_lock_gives(hall: Hall) -> None:
    hall.tap()
    kinds = [type(e) for e in hall.effects if isinstance(e, Record | Unlock)]
    assert kinds == [Record, Unlock]
    assert hall.kept is not None
    assert [e.visit.card for e in hall.kept.entries] == [ADA]


def test_nothing_unlocks_while_nothing_can_be_written(hall: Hall) -> None:
    hall.storage = False
    hall.tap()
    assert not hall.did(Unlock)
    assert hall.way() is Way.SHUT


def test_whoever_does_not_open_has_not_come_in(hall: Hall) -> None:
    hall.tap()
    hall.rings(Timer.UNLOCK)
    assert [f.outcome for f in hall.said(VisitEnded)] == [VisitOutcome.NO_ENTRY]
    assert hall.did(Relock)
    assert hall.state.people == 0


def test_several_doors_work_at_the_same_time(hall: Hall) -> None:
    first, second = hall.tap(ADA, EAST), hall.tap(BO, WEST)
    hall.opens(WEST)
    hall.opens(EAST)
    hall.shuts(EAST)
    hall.rings(Timer.QUIET, EAST)
    assert [f.visit for f in hall.said(VisitEnded)] == [first]
    assert hall.way(WEST) is Way.OPEN
    hall.shuts(WEST)
    hall.rings(Timer.QUIET, WEST)
    assert [f.visit for f in hall.said(VisitEnded)] == [first, second]
    assert [(f.visit, f.door) for f in hall.said(DoorOpened)] == [(second, WEST), (first, EAST)]


@pytest.mark.parametrize("kind", [VisitKind.RESTOCK, VisitKind.SERVICE, VisitKind.RETURN_ONLY, VisitKind.BORROW])
def test_every_card_that_is_admitted_only_enters(hall: Hall, kind: VisitKind) -> None:
    hall.tap(decision=Admitted(kind))
    assert [f.kind for f in hall.said(VisitOpened)] == [VisitKind.ENTER]


def test_whoever_may_only_return_is_let_in_and_told(hall: Hall) -> None:
    hall.tap(decision=Admitted(VisitKind.RETURN_ONLY, because=RefusalReason.BLOCKED))
    assert (hall.pages[EAST].kind, hall.pages[EAST].visit_kind) == (ViewKind.WELCOME, VisitKind.RETURN_ONLY)
    drawn = screen.render(hall.pages[EAST], lambda item: None, ("zh-CN", "en"), "room")
    assert "只能还书" in drawn.said[0].lines[0]


def test_a_card_that_access_refuses_opens_nothing_and_hears_why(hall: Hall) -> None:
    hall.tap(decision=Refused(RefusalReason.EXPIRED))
    assert not hall.did(Unlock)
    assert [f.reason for f in hall.said(CardRefused)] == [RefusalReason.EXPIRED]
    assert hall.pages[EAST].reason is RefusalReason.EXPIRED
    hall.rings(Timer.SCREEN)
    assert hall.pages[EAST].kind is ViewKind.IDLE


def test_the_same_card_again_has_the_lock_released_once_more_and_is_one_entry(hall: Hall) -> None:
    hall.tap(ADA)
    hall.tap(ADA)
    assert len(hall.did(Unlock)) == 2
    assert len(hall.said(VisitOpened)) == 1


# --- one card, one person ---


def test_a_second_card_at_the_open_door_is_an_entry_of_its_own(hall: Hall) -> None:
    first = hall.tap(ADA)
    hall.opens()
    second = hall.tap(BO)
    assert len(hall.did(Unlock)) == 1
    hall.tap(BO)
    hall.shuts()
    hall.rings(Timer.QUIET)
    assert [(f.visit, f.outcome) for f in hall.said(VisitEnded)] == [
        (first, VisitOutcome.SETTLED),
        (second, VisitOutcome.SETTLED),
    ]
    assert hall.state.people == 2


def test_a_second_card_before_the_door_was_opened_is_one_too(hall: Hall) -> None:
    hall.tap(ADA)
    hall.tap(BO)
    hall.opens()
    hall.shuts()
    hall.rings(Timer.QUIET)
    assert len(hall.said(VisitEnded)) == 2
    assert {f.shared for f in hall.said(VisitEnded)} == {None}


def test_a_card_shown_just_after_the_door_shut_ends_the_entry_before_and_begins_its_own(hall: Hall) -> None:
    first = hall.tap(ADA)
    hall.opens()
    hall.shuts()
    second = hall.tap(BO)
    assert [f.visit for f in hall.said(VisitEnded)] == [first]
    assert (hall.way(), len(hall.did(Unlock))) == (Way.INVITED, 2)
    hall.opens()
    hall.shuts()
    hall.rings(Timer.QUIET)
    assert [f.visit for f in hall.said(VisitEnded)] == [first, second]


@pytest.mark.parametrize(
    ("passed", "people", "shared"), [(1, [1], [None]), (3, [3], [True]), (0, [0], [None])], ids=["one", "three", "none"]
)
def test_a_barrier_counts_who_passes(passed: int, people: list[int], shared: list[bool | None]) -> None:
    hall = Hall(with_barrier())
    hall.enter(ADA, people=passed)
    ended = hall.said(VisitEnded)
    assert ([f.people for f in ended], [f.shared for f in ended]) == (people, shared)
    assert hall.state.people == passed


def test_three_people_on_two_cards_share_them_and_are_counted_once() -> None:
    hall = Hall(with_barrier())
    hall.tap(ADA)
    hall.opens()
    hall.tap(BO)
    for _ in range(3):
        hall.passes()
    hall.shuts()
    hall.rings(Timer.QUIET)
    assert [(f.people, f.shared) for f in hall.said(VisitEnded)] == [(2, True), (1, True)]


def test_two_cards_of_which_one_person_went_in() -> None:
    hall = Hall(with_barrier())
    hall.tap(ADA)
    hall.tap(BO)
    hall.opens()
    hall.passes()
    hall.shuts()
    hall.rings(Timer.QUIET)
    assert [(f.people, f.shared) for f in hall.said(VisitEnded)] == [(1, None), (0, None)]


def test_who_passes_inside_while_the_door_is_shut_is_not_counted() -> None:
    hall = Hall(with_barrier())
    hall.passes()
    hall.enter(ADA, people=1)
    hall.passes()
    assert hall.state.people == 1


def test_a_barrier_that_has_failed_counts_nobody_and_each_card_is_one() -> None:
    hall = Hall(with_barrier())
    hall.give(PartDown(Part.SWITCH, BARRIER))
    hall.enter(ADA)
    assert [f.people for f in hall.said(VisitEnded)] == [None]
    assert hall.state.people == 1


def test_two_openings_after_one_unlocking_are_shared(hall: Hall) -> None:
    hall.tap()
    hall.opens()
    hall.shuts()
    hall.opens()
    hall.shuts()
    hall.rings(Timer.QUIET)
    (ended,) = hall.said(VisitEnded)
    assert ended.shared
    assert not hall.said(DoorForced)


def test_a_door_held_open_is_asked_for_then_reported_and_its_entry_shared(hall: Hall) -> None:
    visit = hall.tap()
    hall.opens()
    hall.rings(Timer.HELD)
    assert {hall.pages[page].kind for page in (EAST, INSIDE)} == {ViewKind.HELD}
    assert not hall.said(DoorHeld)
    hall.rings(Timer.ALARM)
    assert [(f.visit, f.door, f.open_s) for f in hall.said(DoorHeld)] == [(visit, EAST, 120)]
    hall.shuts()
    hall.rings(Timer.QUIET)
    (ended,) = hall.said(VisitEnded)
    assert (ended.outcome, ended.shared) == (VisitOutcome.SETTLED, True)
    assert hall.pages[INSIDE].kind is Sight.INSIDE


# --- going out ---


def test_a_door_opened_by_the_exit_button_was_left_by(hall: Hall) -> None:
    hall.enter(ADA)
    hall.fresh()
    hall.leave()
    assert [type(f) for f in hall.facts] == [RoomLeft, DoorClosed]
    assert hall.state.people == 0


def test_an_exit_button_that_was_pressed_long_ago_opened_nothing(hall: Hall) -> None:
    hall.presses()
    hall.rings(Timer.EXIT)
    hall.opens()
    assert hall.said(DoorForced)
    assert not hall.said(RoomLeft)


def test_a_door_opened_without_card_or_button_was_forced(hall: Hall) -> None:
    hall.opens(EAST)
    assert [f.door for f in hall.said(DoorForced)] == [EAST]
    assert hall.pages[EAST].kind is ViewKind.INTRUDED
    hall.shuts(EAST)
    assert hall.way(EAST) is Way.SHUT


def test_where_no_button_tells_nobody_is_accused(hall: Hall) -> None:
    hall.opens(WEST)
    assert [f.door for f in hall.said(RoomLeft)] == [WEST]
    assert not hall.said(DoorForced)


def test_a_button_that_has_failed_tells_nothing_either(hall: Hall) -> None:
    hall.give(PartDown(Part.SWITCH, EXIT))
    hall.opens(EAST)
    assert hall.said(RoomLeft)
    assert not hall.said(DoorForced)


def test_a_button_still_held_while_the_door_opens_counts(hall: Hall) -> None:
    hall.give(SwitchMoved(EXIT, True))
    hall.rings(Timer.EXIT)
    hall.opens(EAST)
    assert hall.said(RoomLeft)


def test_whoever_leaves_by_the_door_that_a_card_has_just_unlocked_leaves_doubt_who_went_in(hall: Hall) -> None:
    hall.tap()
    hall.presses()
    hall.opens()
    assert hall.said(RoomLeft)
    hall.shuts()
    hall.rings(Timer.QUIET)
    assert [f.shared for f in hall.said(VisitEnded)] == [True]


def test_a_card_at_a_door_that_somebody_leaves_by_is_an_entry_and_shared(hall: Hall) -> None:
    hall.presses()
    hall.opens()
    visit = hall.tap(ADA)
    assert not hall.did(Unlock)
    hall.shuts()
    hall.rings(Timer.QUIET)
    (ended,) = hall.said(VisitEnded)
    assert (ended.visit, ended.outcome, ended.shared) == (visit, VisitOutcome.SETTLED, True)


def test_a_refused_card_at_a_door_that_somebody_leaves_by_changes_nothing(hall: Hall) -> None:
    hall.presses()
    hall.opens()
    hall.tap(decision=Refused(RefusalReason.BLOCKED))
    assert hall.way() is Way.LEFT
    hall.shuts()
    assert not hall.said(VisitEnded)


def test_a_door_left_open_by_who_went_out_is_held_by_nobody(hall: Hall) -> None:
    hall.presses()
    hall.opens()
    hall.rings(Timer.HELD)
    assert hall.pages[EAST].kind is ViewKind.HELD
    hall.rings(Timer.ALARM)
    assert [f.visit for f in hall.said(DoorHeld)] == [None]
    hall.shuts()
    assert hall.pages[EAST].kind is ViewKind.IDLE


def test_a_barrier_counts_who_goes_out_also_when_it_stands_before_the_door() -> None:
    hall = Hall(with_barrier())
    hall.enter(ADA, people=1)
    hall.enter(BO, people=1)
    hall.enter(CY, people=1)
    hall.give(SwitchMoved(EXIT, True))
    hall.passes()
    hall.passes()
    hall.opens()
    hall.give(SwitchMoved(EXIT, False))
    hall.shuts()
    assert hall.state.people == 1


# --- seats ---


def test_when_every_seat_is_taken_a_card_is_politely_refused() -> None:
    hall = Hall(replace(PLAN, seats=2))
    hall.enter(ADA)
    hall.tap(BO)
    hall.tap(CY, WEST)
    assert [f.reason for f in hall.said(CardRefused)] == [RefusalReason.FULL]
    assert dict(hall.pages[WEST].values) == {"taken": "2", "seats": "2"}
    drawn = screen.render(hall.pages[WEST], lambda item: None, ("en",), "room")
    assert "2 people, 2 seats" in drawn.said[0].lines[0]


def test_a_seat_is_free_again_when_somebody_left() -> None:
    hall = Hall(replace(PLAN, seats=1))
    hall.enter(ADA)
    assert hall.pages[WEST].kind is Sight.FULL
    hall.leave()
    assert hall.pages[WEST].kind is ViewKind.IDLE
    hall.tap(BO, WEST)
    assert not hall.said(CardRefused)


def test_staff_take_no_seat_and_are_let_in_though_it_is_full() -> None:
    hall = Hall(replace(PLAN, seats=1))
    hall.enter(ADA)
    hall.tap(BO, decision=Admitted(VisitKind.SERVICE))
    hall.opens()
    hall.shuts()
    hall.rings(Timer.QUIET)
    assert not hall.said(CardRefused)
    assert hall.state.people == 1


def test_whoever_came_in_counts_as_gone_after_their_time_though_nothing_saw_them_leave(hall: Hall) -> None:
    hall.enter(ADA, WEST)
    hall.pass_by(3 * 3600)
    assert hall.state.people == 1
    hall.pass_by(3600)
    assert hall.state.people == 0
    assert hall.kept is not None
    assert not hall.kept.inside


def test_who_is_inside_survives_a_restart_and_a_night_without_power_by_a_clock_that_is_right(hall: Hall) -> None:
    hall.enter(ADA)
    hall.start()
    assert hall.state.people == 1
    hall.now += timedelta(hours=5)
    hall.start()
    assert hall.state.people == 0


def test_a_wrong_clock_neither_empties_nor_fills_the_room(hall: Hall) -> None:
    hall.enter(ADA)
    hall.now += timedelta(days=4000)
    hall.tell(passed_s=1.0, trusted=False)
    assert hall.state.people == 1
    hall.now -= timedelta(days=8000)
    hall.tell(passed_s=4 * 3600, trusted=False)
    assert hall.state.people == 0


def test_the_journal_is_told_now_and_then_how_long_they_have_been_inside(hall: Hall) -> None:
    hall.enter(ADA)
    hall.pass_by(899)
    assert hall.kept is not None
    before = hall.kept.inside[0].left_s
    hall.pass_by(2)
    assert hall.kept.inside[0].left_s < before


# --- hours ---


def test_outside_its_hours_a_door_refuses_and_shows_them(hall: Hall) -> None:
    hall.now = NOON.replace(hour=22)
    hall.tell()
    assert hall.pages[EAST].kind is Sight.CLOSED
    hall.tap(ADA, EAST)
    assert [f.reason for f in hall.said(CardRefused)] == [RefusalReason.CLOSED]
    drawn = screen.render(hall.pages[EAST], lambda item: None, ("zh-CN",), "room")
    assert drawn.said[0].lines[0] == "开放时间：周一至周五 08:00–22:00"
    assert not hall.did(Unlock)


def test_a_door_without_hours_opens_at_any_time_and_by_any_clock(hall: Hall) -> None:
    hall.now = NOON.replace(year=1970, hour=3)
    hall.tell(trusted=False)
    hall.tap(ADA, WEST)
    assert hall.did(Unlock)


@pytest.mark.parametrize(("hour", "opens"), [(12, True), (3, False)])
def test_a_clock_that_nobody_vouches_for_is_taken_at_its_word(hall: Hall, hour: int, opens: bool) -> None:
    hall.now = NOON.replace(hour=hour)
    hall.tell(trusted=False)
    hall.tap(ADA, EAST)
    assert bool(hall.did(Unlock)) is opens
    assert ("remark-clock" in hall.pages[EAST].remarks) is not opens


@pytest.mark.parametrize("kind", [VisitKind.RESTOCK, VisitKind.SERVICE])
def test_couriers_and_cleaners_come_in_at_any_time(hall: Hall, kind: VisitKind) -> None:
    hall.now = NOON.replace(hour=4)
    hall.tell()
    hall.tap(ADA, EAST, Admitted(kind))
    assert hall.did(Unlock)


def test_the_way_out_is_open_after_closing_and_nobody_is_accused(hall: Hall) -> None:
    hall.enter(ADA)
    hall.now = NOON.replace(hour=23)
    hall.tell()
    hall.fresh()
    hall.leave()
    assert [type(f) for f in hall.facts] == [RoomLeft, DoorClosed]


def test_closing_is_announced_outside_and_inside_with_its_time() -> None:
    east, west = PLAN.entrances
    hall = Hall(replace(PLAN, entrances=(east, replace(west, hours=east.hours))))
    hall.now = NOON.replace(hour=21, minute=49)
    hall.tell()
    assert hall.pages[INSIDE].kind is Sight.INSIDE
    hall.pass_by(60)
    assert (hall.pages[INSIDE].kind, dict(hall.pages[INSIDE].values)) == (Sight.CLOSING_SOON, {"at": "22:00"})
    assert hall.pages[EAST].remarks == ("remark-closing",)
    hall.tap(ADA, EAST)
    assert hall.did(Unlock)
    hall.rings(Timer.UNLOCK)
    hall.pass_by(600)
    assert hall.pages[INSIDE].kind is Sight.CLOSED_INSIDE
    assert hall.pages[WEST].kind is Sight.CLOSED


def test_inside_nothing_is_announced_while_another_door_stays_open_all_night(hall: Hall) -> None:
    hall.now = NOON.replace(hour=21, minute=55)
    hall.tell()
    assert hall.pages[EAST].remarks == ("remark-closing",)
    assert hall.pages[INSIDE].kind is Sight.INSIDE


# --- fire ---


def test_a_fire_alarm_frees_every_door_and_nothing_is_forced_or_held(hall: Hall) -> None:
    hall.give(SwitchMoved(FIRE, True))
    assert [f.released for f in hall.said(FireReleased)] == [True]
    assert {hall.pages[page].kind for page in (EAST, WEST, INSIDE, "")} == {Sight.FREE}
    hall.fresh()
    hall.opens(EAST)
    hall.tap(ADA, WEST)
    hall.shuts(EAST)
    hall.opens(EAST)
    assert not hall.facts
    assert not [e for e in hall.effects if isinstance(e, Unlock | Relock)]
    assert not hall.timers


def test_entries_end_when_the_alarm_begins(hall: Hall) -> None:
    inside, outside = hall.tap(ADA, EAST), hall.tap(BO, WEST)
    hall.opens(EAST)
    hall.give(SwitchMoved(FIRE, True))
    ended = {f.visit: f.outcome for f in hall.said(VisitEnded)}
    assert ended == {inside: VisitOutcome.SETTLED, outside: VisitOutcome.NO_ENTRY}
    assert not hall.did(Relock)[1:]


def test_after_the_alarm_everybody_has_left_and_an_open_door_is_no_news(hall: Hall) -> None:
    hall.enter(ADA)
    hall.give(SwitchMoved(FIRE, True), DoorMoved(True, EAST), SwitchMoved(FIRE, False))
    assert [f.released for f in hall.said(FireReleased)] == [True, False]
    assert hall.state.people == 0
    assert not hall.said(DoorForced)
    assert hall.way(EAST) is Way.LEFT
    hall.shuts(EAST)
    hall.tap(BO, EAST)
    assert hall.way(EAST) is Way.INVITED


def test_an_alarm_that_lasts_through_a_power_cut_is_told_once(hall: Hall) -> None:
    hall.give(SwitchMoved(FIRE, True))
    hall.start(EAST, on=(FIRE,))
    assert len(hall.said(FireReleased)) == 1
    assert not hall.said(DoorForced)
    assert hall.state.phase is Phase.FREE


def test_an_alarm_that_ended_while_the_power_was_away_is_over(hall: Hall) -> None:
    hall.give(SwitchMoved(FIRE, True))
    hall.start(EAST)
    assert [f.released for f in hall.said(FireReleased)] == [True, False]
    assert not hall.said(DoorForced)
    assert hall.way(EAST) is Way.LEFT


def test_an_alarm_found_at_the_start_is_told(hall: Hall) -> None:
    visit = hall.tap()
    hall.start(EAST, on=(FIRE,))
    assert [f.released for f in hall.said(FireReleased)] == [True]
    assert [(f.visit, f.recovered) for f in hall.said(VisitEnded)] == [(visit, True)]


# --- power ---


def test_a_power_cut_after_the_lock_gave_leaves_open_whether_somebody_came_in(hall: Hall) -> None:
    visit = hall.tap()
    hall.start()
    (ended,) = hall.said(VisitEnded)
    assert (ended.visit, ended.outcome, ended.recovered) == (visit, VisitOutcome.UNSETTLED, True)
    assert hall.state.people == 0


def test_a_power_cut_after_the_door_opened_ends_an_entry(hall: Hall) -> None:
    visit = hall.tap()
    hall.opens()
    hall.start()
    (ended,) = hall.said(VisitEnded)
    assert (ended.visit, ended.outcome, ended.recovered) == (visit, VisitOutcome.SETTLED, True)
    assert hall.state.people == 1


def test_a_power_cut_with_the_door_open_goes_on(hall: Hall) -> None:
    visit = hall.tap()
    hall.opens()
    hall.start(EAST)
    assert hall.way() is Way.OPEN
    assert not hall.said(VisitEnded)
    hall.shuts()
    hall.rings(Timer.QUIET)
    assert [(f.visit, f.recovered) for f in hall.said(VisitEnded)] == [(visit, True)]
    assert not hall.said(DoorForced)


def test_a_power_cut_with_entries_at_two_doors_ends_both(hall: Hall) -> None:
    first, second = hall.tap(ADA, EAST), hall.tap(BO, WEST)
    hall.opens(WEST)
    hall.start()
    assert {f.visit: f.outcome for f in hall.said(VisitEnded)} == {
        first: VisitOutcome.UNSETTLED,
        second: VisitOutcome.SETTLED,
    }


def test_an_entry_by_a_door_that_the_settings_have_lost_is_ended(hall: Hall) -> None:
    visit = hall.tap(ADA, WEST)
    hall.plan = replace(PLAN, entrances=PLAN.entrances[:1])
    hall.start()
    assert [f.visit for f in hall.said(VisitEnded)] == [visit]
    assert hall.kept == Memory()


def test_a_door_found_open_at_the_start_belongs_to_nobody(hall: Hall) -> None:
    hall.start(WEST)
    assert [(f.door, f.found_open) for f in hall.said(DoorForced)] == [(WEST, True)]


# --- devices ---


def test_a_door_whose_reader_has_failed_says_so_and_the_other_one_serves(hall: Hall) -> None:
    hall.give(PartDown(Part.CARD, PLAN.entrances[0].card_reader))
    assert hall.pages[EAST].kind is ViewKind.OUT_OF_ORDER
    assert hall.state.phase is Phase.IDLE
    hall.tap(ADA, WEST)
    assert hall.did(Unlock)
    hall.give(PartDown(Part.CARD, PLAN.entrances[1].card_reader))
    assert hall.state.phase is Phase.OUT
    hall.give(PartUp(Part.CARD, None, PLAN.entrances[0].card_reader))
    assert (hall.state.phase, hall.pages[EAST].kind) == (Phase.IDLE, ViewKind.IDLE)


def test_a_contact_that_fails_ends_who_is_on_the_way_in(hall: Hall) -> None:
    first = hall.tap(ADA)
    hall.give(PartDown(Part.DOOR, EAST))
    assert [(f.visit, f.outcome) for f in hall.said(VisitEnded)] == [(first, VisitOutcome.UNSETTLED)]
    hall.tap(BO)
    assert [f.reason for f in hall.said(CardRefused)] == [RefusalReason.OUT_OF_ORDER]
    hall.give(PartUp(Part.DOOR, False, EAST))
    assert hall.way() is Way.SHUT


def test_a_contact_that_comes_back_and_says_open_is_nobodys(hall: Hall) -> None:
    hall.give(PartDown(Part.DOOR, EAST), PartUp(Part.DOOR, True, EAST))
    assert [(f.door, f.found_open) for f in hall.said(DoorForced)] == [(EAST, True)]


def test_a_contact_that_failed_during_an_alarm_and_comes_back_is_no_news(hall: Hall) -> None:
    hall.give(SwitchMoved(FIRE, True), PartDown(Part.DOOR, EAST), PartUp(Part.DOOR, True, EAST))
    assert not hall.said(DoorForced)


def test_an_entry_that_cannot_be_ended_for_want_of_room_is_ended_when_there_is_some(hall: Hall) -> None:
    visit = hall.tap()
    hall.opens()
    hall.shuts()
    hall.storage = False
    hall.rings(Timer.QUIET)
    hall.give(PartDown(Part.STORAGE))
    assert not hall.said(VisitEnded)
    hall.storage = True
    hall.give(PartUp(Part.STORAGE))
    hall.rings(Timer.QUIET)
    assert [f.visit for f in hall.said(VisitEnded)] == [visit]


def test_every_page_has_words_for_whatever_it_shows(hall: Hall) -> None:
    kinds = [
        *Sight,
        *(k for k in ViewKind if k not in (ViewKind.REFUSED, ViewKind.RECEIPT, ViewKind.COUNTING, ViewKind.UNSETTLED)),
    ]
    values = (("taken", "3"), ("seats", "4"), ("at", "22:00"))
    views = [View(kind, values=values, hours=PLAN.entrances[0].hours) for kind in kinds]
    views += [View(ViewKind.REFUSED, reason=r, values=values, hours=PLAN.entrances[0].hours) for r in RefusalReason]
    views += [View(kind, visit) for kind in (ViewKind.WELCOME, ViewKind.OPEN) for visit in VisitKind]
    for view in views:
        drawn = screen.render(view, lambda item: None, ("zh-CN", "en"), "room")
        assert all("{" not in line and "柜" not in line for said in drawn.said for line in (said.title, *said.lines))


class AnyOrder(RuleBasedStateMachine):
    """Any inputs in any order: the table keeps its promises."""

    def __init__(self) -> None:
        super().__init__()
        self.hall = Hall(with_barrier(seats=3))
        self.hall.fresh()
        self.number = 100

    doors = st.sampled_from([EAST, WEST])
    flags = st.booleans()

    @rule(card=st.sampled_from([ADA, BO, CY]), door=doors, kind=st.sampled_from([VisitKind.BORROW, VisitKind.SERVICE]))
    def tap(self, card: object, door: DeviceName, kind: VisitKind) -> None:
        self.number += 1
        reader = self.hall.plan.entrance(door).card_reader
        visit = VisitId(f"{self.number:032x}")
        self._give(Tapped(Admitted(kind), visit, card, who="0" * 64, device=reader))  # type: ignore[arg-type]

    @rule(door=doors, is_open=st.booleans())
    def door(self, door: DeviceName, is_open: bool) -> None:
        self._give(DoorMoved(is_open, door))

    @rule(door=doors, timer=st.sampled_from(list(Timer)))
    def timer(self, door: DeviceName, timer: Timer) -> None:
        self._give(TimedOut(timer, door))

    @rule(switch=st.sampled_from([EXIT, BARRIER, FIRE]), on=st.booleans())
    def switch(self, switch: DeviceName, on: bool) -> None:
        self._give(SwitchMoved(switch, on))

    @rule(n=st.integers(0, 2), part=st.sampled_from([Part.DOOR, Part.CARD, Part.SWITCH]), up=flags, on=flags)
    def device(self, n: int, part: Part, up: bool, on: bool) -> None:
        east, west = self.hall.plan.entrances
        devices = {
            Part.DOOR: (EAST, WEST),
            Part.CARD: (east.card_reader, west.card_reader),
            Part.SWITCH: (EXIT, BARRIER, FIRE),
        }
        device = devices[part][n % len(devices[part])]
        self._give(PartUp(part, on, device) if up else PartDown(part, device))

    @rule(fails=st.booleans())
    def disk(self, fails: bool) -> None:
        self.hall.storage = not fails
        self._give(PartDown(Part.STORAGE) if fails else PartUp(Part.STORAGE))

    @rule(seconds=st.sampled_from([1, 60, 4000, 40_000]), trusted=st.booleans())
    def time(self, seconds: int, trusted: bool) -> None:
        self.hall.pass_by(seconds, trusted)

    @precondition(lambda self: self.hall.storage)
    @rule(east=st.booleans(), west=st.booleans(), fire=st.booleans())
    def power_cut(self, east: bool, west: bool, fire: bool) -> None:
        ajar = [door for door, is_open in ((EAST, east), (WEST, west)) if is_open]
        self.hall.start(*ajar, on=(FIRE,) if fire else ())

    def _give(self, given: object) -> None:
        start = self.hall.state
        after = room.step(start, given, self.hall.plan)  # type: ignore[arg-type]
        if after.known:
            assert after.state.phase in room.TABLE[start.phase, type(given)].to
            self._ways(start, given)
        self.hall.give(given)  # type: ignore[arg-type]

    def _ways(self, start: object, given: object) -> None:
        door = getattr(given, "door", None)
        at = At(start, door) if isinstance(given, DoorMoved | TimedOut) else None  # type: ignore[arg-type]
        if at is not None and (at.phase, type(given)) in entrance.TABLE and at.room.phase is not Phase.FREE:
            at = at.put(is_open=given.open) if isinstance(given, DoorMoved) else at
            row = entrance.TABLE[at.phase, type(given)]
            assert row.handler(at, given, self.hall.plan).state.phase in row.to

    @invariant()
    def every_unlock_has_its_entry_on_record_first(self) -> None:
        opened: set[str] = set()
        for effect in self.hall.effects:
            if isinstance(effect, Record):
                opened |= {f.visit for f in effect.facts if isinstance(f, VisitOpened)}
                opened -= {f.visit for f in effect.facts if isinstance(f, VisitEnded)}
            if isinstance(effect, Unlock):
                assert opened

    @invariant()
    def every_entry_is_ended_once(self) -> None:
        opened: set[str] = set()
        for fact in self.hall.facts:
            if isinstance(fact, VisitOpened):
                opened.add(fact.visit)
            if isinstance(fact, VisitEnded):
                assert fact.visit in opened
                opened.remove(fact.visit)
        if self.hall.storage:
            assert opened == {e.visit.visit for e in self.hall.state.memory.entries}

    @invariant()
    def a_door_on_the_way_in_has_somebody_on_the_way_in(self) -> None:
        for door, doorway in self.hall.state.doorways.items():
            coming = doorway.way in (Way.INVITED, Way.OPEN, Way.HELD, Way.CLOSING)
            assert coming == bool(self.hall.state.entries(door))

    @invariant()
    def nobody_is_counted_below_nothing(self) -> None:
        assert self.hall.state.people >= 0

    def teardown(self) -> None:
        """Whatever went before, in the end everything works and is shut: then nobody is on the way in any more."""
        self.hall.storage = True
        self._give(PartUp(Part.STORAGE))
        for switch in (EXIT, BARRIER, FIRE):
            self._give(PartUp(Part.SWITCH, False, switch))
            self._give(SwitchMoved(switch, False))
        for entrance_ in self.hall.plan.entrances:
            self._give(PartUp(Part.CARD, None, entrance_.card_reader))
            self._give(PartUp(Part.DOOR, False, entrance_.door))
            self._give(DoorMoved(False, entrance_.door))
            for timer in (Timer.UNLOCK, Timer.QUIET):
                self._give(TimedOut(timer, entrance_.door))
        assert self.hall.state.phase is Phase.IDLE
        assert {doorway.way for doorway in self.hall.state.doorways.values()} == {Way.SHUT}
        assert not self.hall.state.memory.entries
        self.every_entry_is_ended_once()


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = hypothesis_settings(max_examples=200, stateful_step_count=40, deadline=None)
