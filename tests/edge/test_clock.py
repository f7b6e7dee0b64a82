"""Wall time may do anything; what the site makes of it stays in order."""

from datetime import UTC, datetime

import pytest

from edge.clock import Clock, kernel_synced
from protocol.events import ClockJumped, ClockSynced
from protocol.names import ClockTrust

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Hands:
    """A wall clock and a monotonic one, moved by the test."""

    def __init__(self) -> None:
        self.wall = NOON.timestamp()
        self.monotonic = 5000.0
        self.synced = False
        self.clock = Clock(lambda: self.wall, lambda: self.monotonic, lambda: self.synced)

    def pass_time(self, seconds: float, *, wall: float | None = None) -> None:
        self.monotonic += seconds
        self.wall += seconds if wall is None else wall


@pytest.fixture
def hands() -> Hands:
    return Hands()


def test_a_stamp_counts_from_the_start_and_says_utc(hands: Hands) -> None:
    hands.pass_time(1.5)
    stamp = hands.clock.stamp()
    assert stamp.up_ms == 1500
    assert stamp.at == NOON.replace(second=1, microsecond=500_000)
    assert stamp.at.utcoffset() == NOON.utcoffset()


def test_trust_is_held_after_the_source_is_lost_but_never_before_it_was_there(hands: Hands) -> None:
    assert hands.clock.stamp().clock is ClockTrust.UNSYNCED
    hands.synced = True
    assert hands.clock.stamp().clock is ClockTrust.SYNCED
    hands.synced = False
    assert hands.clock.stamp().clock is ClockTrust.HELD


def test_the_first_sync_of_a_boot_is_said_once_with_its_step(hands: Hands) -> None:
    assert hands.clock.watch() is None
    hands.synced = True
    hands.pass_time(1, wall=3601)
    assert hands.clock.watch() == ClockSynced(stepped_ms=3_600_000)
    hands.synced = False
    hands.pass_time(1)
    assert hands.clock.watch() is None
    hands.synced = True
    assert hands.clock.watch() is None


def test_a_sync_seen_by_a_stamp_is_still_told_by_the_watch(hands: Hands) -> None:
    hands.synced = True
    hands.clock.stamp()
    assert hands.clock.watch() == ClockSynced(stepped_ms=0)


@pytest.mark.parametrize("step", [-86_400.0, -2.5, 2.5, 1e9])
def test_a_step_of_the_wall_clock_is_a_jump_from_where_it_would_have_been(hands: Hands, step: float) -> None:
    hands.pass_time(10, wall=10 + step)
    jumped = hands.clock.watch()
    assert isinstance(jumped, ClockJumped)
    assert jumped.before == NOON.replace(second=10)
    assert (jumped.after - jumped.before).total_seconds() == pytest.approx(step)
    hands.pass_time(1)
    assert hands.clock.watch() is None


def test_slewing_is_no_jump(hands: Hands) -> None:
    for _ in range(10_000):
        hands.pass_time(1, wall=1.0005)
        assert hands.clock.watch() is None


@pytest.mark.parametrize("wall", [-1e12, -1.0, 1e18])
def test_a_clock_beyond_all_calendars_still_makes_a_stamp(hands: Hands, wall: float) -> None:
    hands.wall = wall
    hands.pass_time(2)
    assert hands.clock.stamp().up_ms == 2000
    assert isinstance(hands.clock.watch(), ClockJumped)


def test_the_kernel_answers_one_way_or_the_other() -> None:
    assert kernel_synced() in (True, False)


def test_the_host_is_believed_when_settings_say_so() -> None:
    assert Clock.system("host").stamp().clock is ClockTrust.SYNCED
