"""A door obeys physics, and only what goes through its wires."""

import threading

import pytest

from firmware_sim.chips.door import Door
from firmware_sim.faults import Faults


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def door(time: Time, faults: Faults) -> Door:
    return Door(faults, now=time)


def opened(door: Door) -> Door:
    door.drive(0)
    assert door.pull()
    door.drive(1)
    return door


def test_a_locked_door_stays_shut(door: Door) -> None:
    assert not door.pull()
    assert (door.is_open, door.contact()) == (False, 0)


def test_it_opens_only_while_the_strike_has_current(door: Door) -> None:
    door.drive(0)
    door.drive(1)
    assert not door.pull()
    opened(door)
    assert door.is_open


def test_shut_it_latches(door: Door) -> None:
    opened(door).shut()
    assert not door.pull()


def test_a_pin_that_lets_go_leaves_it_to_the_resistor(time: Time, faults: Faults) -> None:
    safe, wrong = Door(faults, now=time), Door(faults, pull=0, now=time)
    for door in (safe, wrong):
        door.drive(1)
        door.drive(None)
    assert (safe.energised, wrong.energised) == (False, True)


def test_the_other_polarity(time: Time, faults: Faults) -> None:
    door = Door(faults, active_low=False, pull=0, now=time)
    door.drive(1)
    assert door.energised


def test_the_contact_bounces_five_to_twenty_times_within_twenty_milliseconds(door: Door, time: Time) -> None:
    opened(door)
    levels = []
    for step in range(2001):
        time.now = step * 0.00001
        levels.append(door.contact())
    edges = sum(a != b for a, b in zip([0, *levels], levels, strict=False))
    assert 5 <= edges <= 20
    assert levels[-1] == 1
    time.now = 10
    assert door.contact() == 1


def test_a_worn_contact_bounces_far_longer(door: Door, time: Time, faults: Faults) -> None:
    faults.set("bounce", "door")
    opened(door)
    levels = set()
    for step in range(100, 280):
        time.now = step / 1000
        levels.add(door.contact())
    assert levels == {0, 1}
    time.now = 0.31
    assert door.contact() == 1


def test_a_coil_left_on_too_long_gets_too_hot_to_pull(door: Door, time: Time) -> None:
    door.drive(0)
    time.now = 6
    assert (door.pull(), door.energised, door.overheated) == (False, True, 1)
    door.drive(1)
    time.now = 40
    door.drive(0)
    assert door.pull()
    assert door.pulses == 2


def test_short_pulses_heat_it_little(door: Door, time: Time) -> None:
    for _ in range(20):
        door.drive(0)
        time.now += 0.5
        door.drive(1)
        time.now += 30
    assert (door.heat_s, door.pulses, door.overheated) == (0.0, 20, 0)


def test_a_jammed_bolt_holds_though_the_strike_clicks(door: Door, faults: Faults) -> None:
    faults.set("jammed", "door")
    door.drive(0)
    assert (door.energised, door.pull()) == (True, False)


def test_a_welded_relay_never_locks(door: Door, faults: Faults) -> None:
    faults.set("welded", "door")
    assert door.pull()
    door.shut()
    assert door.pull()


def test_force_opens_it_without_a_pulse(door: Door, time: Time) -> None:
    door.force()
    time.now = 1
    assert (door.contact(), door.pulses) == (1, 0)


def test_a_stuck_contact_stays_as_it_was(door: Door, time: Time, faults: Faults) -> None:
    faults.set("stuck", "door")
    opened(door)
    time.now = 1
    assert (door.is_open, door.contact()) == (True, 0)
    faults.clear()
    assert door.contact() == 1


def test_without_its_cable_there_is_neither_strike_nor_contact(door: Door, faults: Faults) -> None:
    faults.set("unplugged", "door")
    door.drive(0)
    assert (door.energised, door.pull(), door.contact()) == (False, False, None)


def test_a_door_may_spring_open_again(door: Door, time: Time, faults: Faults) -> None:
    opened(door)
    faults.set("spring", "door", count=1)
    door.shut()
    assert not door.is_open
    time.now = 0.6
    assert door.is_open
    door.shut()
    time.now = 2
    assert not door.is_open


def test_whoever_pulls_with_patience_gets_in_when_the_strike_fires() -> None:
    door = Door(Faults())
    fires = threading.Timer(0.05, door.drive, (0,))
    fires.start()
    assert door.pull(patience_s=10)
    fires.join()
    door.shut()
    door.drive(1)
    assert not door.pull(patience_s=0.01)
