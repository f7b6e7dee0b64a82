"""A locker wall's physics: who can reach what, and what its readers can see."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_sim.board import IN, OUT, PULL_UP
from firmware_sim.furniture import Unreachable
from firmware_sim.lockerwall import BIN, FLAP_PIN, LOCK_PIN, LockerWall
from firmware_sim.transponders import Card, item_tag

OWNER = "CN-110105001"
BOOK, OTHER = item_tag("30000000000001", OWNER), item_tag("30000000000002", OWNER)


@pytest.fixture
def wall(tmp_path: Path) -> Iterator[LockerWall]:
    made = LockerWall("east-station", tmp_path, speed=50)
    made.start()
    yield made
    made.stop()


def test_compartments_are_called_by_numbers_of_one_length(wall: LockerWall) -> None:
    assert list(wall.latches)[:2] == ["01", "02"]
    assert list(wall.latches)[-1] == "16"


def test_only_an_open_compartment_takes_and_gives(wall: LockerWall) -> None:
    with pytest.raises(Unreachable):
        wall.put(BOOK, "03")
    wall.latches["03"].release(0.0)
    assert wall.standing() == ["03"]
    wall.put(BOOK, "03")
    with pytest.raises(Unreachable):
        wall.put(OTHER, "03")
    assert wall.shut("03")
    with pytest.raises(Unreachable):
        wall.take(BOOK.uid)
    wall.pry("03")
    assert wall.take(BOOK.uid) is BOOK
    with pytest.raises(Unreachable):
        wall.shut("17")


def test_anybody_puts_through_the_slot_and_the_flap_tells_its_pin(wall: LockerWall) -> None:
    wall.computer.pins.setup(FLAP_PIN, IN, PULL_UP, 2)
    assert wall.computer.pins.level(FLAP_PIN) == 1
    wall.put(BOOK, BIN)
    assert wall.computer.pins.level(FLAP_PIN) == 0
    assert wall.in_bin() == [BOOK]
    time.sleep(0.7)
    assert wall.computer.pins.level(FLAP_PIN) == 1


def test_the_bin_gives_only_when_its_lock_does(wall: LockerWall) -> None:
    wall.put(BOOK, BIN)
    assert not wall.open_door(0.05)
    with pytest.raises(Unreachable):
        wall.take(BOOK.uid)
    wall.computer.pins.setup(LOCK_PIN, OUT, PULL_UP, 0)
    assert wall.strike_energised
    assert wall.open_door(1.0)
    assert wall.door_is_open
    assert wall.take(BOOK.uid) is BOOK
    wall.close_door()
    assert not wall.door_is_open


def test_two_card_readers_see_each_their_own_card(wall: LockerWall) -> None:
    ada, courier = Card("DEADBEEF"), Card("01020304")
    wall.tap(ada, None)
    wall.tap(courier, None, at="bin")
    assert {place: spot.cards() for place, spot in wall.spots.items()} == {"wall": [ada], "bin": [courier]}
    wall.lift(courier)
    assert wall.snapshot()["cards"] == {"wall": ["DEADBEEF"], "bin": []}


def test_what_is_shown_to_the_scanner_is_there_for_a_moment(wall: LockerWall) -> None:
    wall.show("ML1.X", 0.2)
    assert wall.window.codes() == [b"ML1.X"]
    time.sleep(0.3)
    assert wall.window.codes() == []


def test_a_door_that_is_kept_ajar_does_not_shut(wall: LockerWall) -> None:
    wall.latches["01"].ajar = True
    wall.pry("01")
    assert not wall.shut("01")
    assert wall.snapshot()["standing"] == ["01"]
