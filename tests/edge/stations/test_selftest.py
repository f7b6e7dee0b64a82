"""When a station tries itself, and what a cabinet's count says of its readers."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from edge.access import Admitted
from edge.stations import cabinet, selftest
from edge.stations.effects import Record, Unlock
from edge.stations.inputs import DoorMoved, Part, PartDown, SelfTestAsked, Tapped, TimedOut, Timer
from edge.stations.state import Phase
from protocol import events
from protocol.events import SelfTested, ShelfCounted, VisitKind
from protocol.names import VisitId
from tests.edge.stations.stage import ADA, A, Stage, tag

AT = time(3, 30)
HERE = ZoneInfo("Asia/Shanghai")
NIGHT = date(2026, 11, 23)
HOUR = 3600.0
LOCK = events.Tested(part="door", ok=True, says="answers; shut now")


def clock(hour: int, minute: int = 0, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=HERE)


@pytest.mark.parametrize(("now", "night"), [(clock(3, 29), 22), (clock(3, 30), 23), (clock(23, 59), 23)])
def test_a_night_begins_when_its_hour_strikes(now: datetime, night: int) -> None:
    assert selftest.night_of(now, AT) == date(2026, 11, night)


@pytest.mark.parametrize(
    ("now", "last", "due_s"),
    [
        (clock(3, 29), NIGHT - timedelta(days=1), 60.0),
        (clock(3, 30), NIGHT - timedelta(days=1), 0.0),
        (clock(3, 30), NIGHT, 24 * HOUR),
        (clock(9), NIGHT - timedelta(days=1), 0.0),  # it was off at half past three
        (clock(9), NIGHT - timedelta(days=9), 0.0),
        (clock(9), NIGHT, 18.5 * HOUR),
        (clock(9), None, 0.0),  # never yet
    ],
)
def test_it_is_due_once_a_night_and_caught_up(now: datetime, last: date | None, due_s: float) -> None:
    assert selftest.due_s(now, True, AT, last, None, 0.0) == due_s


def test_one_that_was_caught_up_by_day_puts_off_the_next_night() -> None:
    assert selftest.due_s(clock(3, 30), True, AT, NIGHT - timedelta(days=1), 8 * HOUR, 99 * HOUR) == 4 * HOUR
    assert selftest.due_s(clock(3, 30), True, AT, NIGHT - timedelta(days=1), 12 * HOUR, 99 * HOUR) == 0


def test_it_is_due_or_not_for_a_second_at_least() -> None:
    almost = 12 * HOUR - 1e-9
    assert selftest.due_s(clock(3, 30), True, AT, NIGHT, almost, 99 * HOUR) == 1
    just_before = clock(3, 30) - timedelta(milliseconds=1)
    assert selftest.due_s(just_before, True, AT, NIGHT - timedelta(days=1), None, 0.0) == 1


def test_a_clock_that_begins_in_the_past_catches_nothing_up_until_it_is_set() -> None:
    past = datetime(1970, 1, 1, 8, tzinfo=HERE)
    assert selftest.due_s(past, False, AT, NIGHT, None, 60.0) > 0
    assert selftest.due_s(clock(9, day=24), True, AT, NIGHT, None, 120.0) == 0


def test_a_night_that_a_wrong_clock_noted_ahead_stops_nothing_once_the_clock_is_right() -> None:
    ahead = NIGHT + timedelta(days=400)
    assert selftest.due_s(clock(9), False, AT, ahead, None, 60.0) > 0
    assert selftest.due_s(clock(9), True, AT, ahead, None, 60.0) == 0


def test_a_clock_that_never_gets_on_puts_it_off_for_a_day_at_most() -> None:
    past = datetime(1970, 1, 1, 8, tzinfo=HERE)
    assert selftest.due_s(past, False, AT, past.date(), None, 25 * HOUR) == 0


# --- at the cabinet ---


def tried(stage: Stage) -> SelfTested:
    stage.give(SelfTestAsked((LOCK,)))
    (fact,) = stage.said(SelfTested)
    assert isinstance(fact, SelfTested)
    return fact


@pytest.fixture
def stage() -> Stage:
    ready = Stage()
    ready.fresh()
    return ready


def test_a_cabinet_that_is_well_says_so_of_every_part_and_releases_no_lock(stage: Stage) -> None:
    fact = tried(stage)
    assert fact.ok
    assert [part.part for part in fact.parts] == ["door", "A", "B"]
    assert fact.parts[1].says == "2 of 2 known tags in 4 rounds, reference tag in 4"
    assert not [e for e in stage.effects if isinstance(e, Unlock)]
    assert stage.state.phase is Phase.IDLE
    assert not stage.said(ShelfCounted)


def test_a_part_that_failed_before_the_count_fails_the_whole(stage: Stage) -> None:
    stage.give(SelfTestAsked((LOCK.model_copy(update={"ok": False}),)))
    (fact,) = stage.said(SelfTested)
    assert isinstance(fact, SelfTested)
    assert not fact.ok


def test_a_reader_that_sees_too_few_of_the_tags_it_knew_fails(stage: Stage) -> None:
    stage.hidden = {tag(2)}
    fact = tried(stage)
    assert [(part.part, part.ok) for part in fact.parts] == [("door", True), ("A", False), ("B", True)]
    assert fact.parts[1].says.startswith("1 of 2 known tags")


def test_readers_that_answer_with_errors_fail(stage: Stage) -> None:
    stage.dead = True
    fact = tried(stage)
    assert [(part.part, part.ok, part.says) for part in fact.parts[1:]] == [
        ("A", False, "could not be counted"),
        ("B", False, "could not be counted"),
    ]


def test_a_reader_that_does_not_see_its_reference_tag_fails(stage: Stage) -> None:
    stage.masked.add(A)
    fact = tried(stage)
    assert (fact.parts[1].ok, fact.parts[1].says) == (False, "2 of 2 known tags in 16 rounds, reference tag not seen")


def test_out_of_order_it_still_says_what_works(stage: Stage) -> None:
    stage.give(PartDown(Part.READER))
    fact = tried(stage)
    assert [(part.part, part.ok) for part in fact.parts] == [("door", True), ("A", False), ("B", False)]
    assert stage.state.phase is Phase.OUT


def test_a_patron_goes_first_and_nothing_is_said_of_a_test_that_was_not_finished(stage: Stage) -> None:
    counting = cabinet.step(stage.state, SelfTestAsked((LOCK,)), stage.plan).state
    assert counting.phase is Phase.COUNTING
    after = cabinet.step(counting, Tapped(Admitted(VisitKind.BORROW), VisitId("1" * 32), ADA), stage.plan)
    assert after.state.phase is Phase.INVITED
    assert after.state.count is None
    facts = [fact for effect in after.effects if isinstance(effect, Record) for fact in effect.facts]
    assert not [fact for fact in facts if isinstance(fact, SelfTested)]
    stage.state = after.state
    stage.give(DoorMoved(True), DoorMoved(False), TimedOut(Timer.QUIET))
    assert not stage.said(SelfTested)


def test_a_door_that_is_forced_meanwhile_ends_it(stage: Stage) -> None:
    counting = cabinet.step(stage.state, SelfTestAsked((LOCK,)), stage.plan).state
    after = cabinet.step(counting, DoorMoved(True), stage.plan)
    assert after.state.phase is Phase.INTRUDED
    assert after.state.count is None
