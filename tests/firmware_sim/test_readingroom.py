"""A reading room's physics: who can reach what, and what its readers can see."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_sim.board import IN, OUT, PULL_UP
from firmware_sim.furniture import Unreachable
from firmware_sim.readingroom import BARRIER_PIN, EXIT_PIN, FIRE_PIN, LOCK_PIN, SHELF, ReadingRoom
from firmware_sim.transponders import Card, item_tag

OWNER = "CN-110105001"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[ReadingRoom]:
    made = ReadingRoom("garden-room", tmp_path, speed=50)
    made.stock(SHELF, [item_tag(f"3000000000{n:04}", OWNER) for n in range(3)])
    made.start()
    yield made
    made.stop()


def enter(room: ReadingRoom) -> None:
    """As an agent would let somebody in."""
    room.computer.pins.setup(LOCK_PIN, OUT, PULL_UP, 0)
    assert room.open_door(1.0)
    room.walk_in()
    room.close_door()
    room.computer.pins.setup(LOCK_PIN, OUT, PULL_UP, 1)


def level(room: ReadingRoom, pin: int) -> int:
    room.computer.pins.setup(pin, IN, PULL_UP, 2)
    return room.computer.pins.level(pin)


def test_nobody_gets_in_without_the_lock_giving(room: ReadingRoom) -> None:
    assert not room.open_door(0.1)
    with pytest.raises(Unreachable):
        room.walk_in()
    enter(room)
    assert room.inside == 1


def test_only_who_is_inside_reaches_books_and_pad(room: ReadingRoom) -> None:
    (book, *_) = room.contents()[SHELF]
    with pytest.raises(Unreachable):
        room.take(book.uid)
    enter(room)
    room.lay(room.take(book.uid))
    assert room.on_pad() == [book]
    assert room.clear_pad(book) == [book]
    room.put(book, SHELF)
    assert book in room.contents()[SHELF]


def test_the_exit_button_opens_without_power_and_tells_its_pin(room: ReadingRoom) -> None:
    enter(room)
    assert level(room, EXIT_PIN) == 1
    room.press_exit()
    assert level(room, EXIT_PIN) == 0
    assert room.door_is_open
    room.close_door()
    room.power(False)
    room.press_exit()
    assert room.door_is_open


def test_who_goes_in_breaks_the_barrier_for_a_moment(room: ReadingRoom) -> None:
    room.force_door()
    room.walk_in()
    assert level(room, BARRIER_PIN) == 0
    time.sleep(0.6)
    assert level(room, BARRIER_PIN) == 1


def test_what_is_carried_out_passes_the_gate_and_is_gone(room: ReadingRoom) -> None:
    enter(room)
    book = room.take(room.contents()[SHELF][0].uid)
    with pytest.raises(Unreachable):
        room.walk_out([book])
    room.press_exit()
    room.walk_out([book])
    assert room.passing() == [book]
    assert room.inside == 0
    time.sleep(1.6)
    assert room.passing() == []


def test_the_fire_alarm_frees_the_door_by_wire(room: ReadingRoom) -> None:
    assert level(room, FIRE_PIN) == 1
    room.fire = True
    assert level(room, FIRE_PIN) == 0
    assert room.open_door()


def test_two_card_readers_see_each_their_own_card(room: ReadingRoom) -> None:
    ada, bo = Card("DEADBEEF"), Card("04A1B2C3D4E5F6")
    room.tap(ada, None)
    room.tap(bo, None, at="desk")
    assert [spot.cards() for spot in room.spots.values()] == [[ada], [bo]]
    room.lift(ada)
    assert [spot.cards() for spot in room.spots.values()] == [[], [bo]]
