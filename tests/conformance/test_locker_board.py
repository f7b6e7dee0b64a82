"""Every registered locker board, as different makes of it, two boards on one line of an emulated computer."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge.devices import registry
from edge.errors import DeviceFault
from firmware_sim.computer import Computer
from tests.conformance.locker_board import LockerBoardConformance, Locking

Place = tuple[str, str, int, dict[str, Any]]
SECTIONS: dict[str, list[tuple[str, int, dict[str, Any]]]] = {
    "kerong-cu16": [("kerong-cu16", 16, {"boards": [0, 1]})],
    "kerong-cu48": [("kerong-cu48", 48, {"boards": [0, 1]})],
    "kerong-cu12-v2": [("kerong-cu12-v2", 12, {"boards": [0, 1]})],
    "lockboard-wkly": [("lockboard-wkly", 24, {"boards": [0, 1], "locks": 24})],
    "lockboard-8a": [
        ("lockboard-8a", 24, {"boards": [1, 2]}),
        ("lockboard-8a-late", 32, {"boards": [1, 2], "locks": 32, "state_order": "first-first", "closed_value": 0}),
    ],
}
"""Of each driver, the makes of boards, their locks, and what site.toml says of them besides the port."""
PLACES: list[Place] = [(name, *place) for name in registry.of_kind("locker board") for place in SECTIONS[name]]


@contextmanager
def line(make: str, locks: int) -> Iterator[tuple[Computer, Any, Path]]:
    with tempfile.TemporaryDirectory(prefix="ml-") as folder:
        computer = Computer("wall", Path(folder), speed=10)
        boards, port = computer.lockers("locks", make, [locks, locks])
        computer.start()
        yield computer, boards, port
        computer.stop()


@contextmanager
def locking(place: Place, **more: Any) -> Iterator[Locking]:
    name, make, locks, options = place
    with line(make, locks) as (computer, boards, port):
        section = {"driver": name, "port": str(port), "answer_s": 0.2, "pause_s": 0.01, **options, **more}
        driver = registry.build("tried", section)
        try:
            yield Locking(driver, computer, boards, driver.connect())
        finally:
            driver.close()


@pytest.fixture(name="rig", params=PLACES, ids=lambda place: place[1])
def connected(request: pytest.FixtureRequest) -> Iterator[Locking]:
    with locking(request.param) as rig:
        yield rig


class TestLockerBoard(LockerBoardConformance):
    pass


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place[1])
def test_an_adapter_that_hears_itself_is_told_from_an_answer(place: Place) -> None:
    """An answer may be the order's very bytes: the setting says whether they are an echo."""
    with line(place[1], place[2]) as (computer, boards, port):
        computer.faults.set("echo", "locks")
        section = {"driver": place[0], "port": str(port), "answer_s": 0.2, "pause_s": 0.01, "echo": True, **place[3]}
        driver = registry.build("tried", section)
        driver.connect()
        driver.unlock(2)
        assert {lock for lock, is_open in driver.doors().items() if is_open} == {2}
        assert boards[0][1].pulls == 1
        driver.close()


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place[1])
def test_a_board_whose_address_is_wrong_is_a_fault_at_the_start(place: Place) -> None:
    name, make, locks, options = place
    with line(make, locks) as (_, _, port):
        section = {"driver": name, "port": str(port), "answer_s": 0.1, "pause_s": 0.01, **options, "boards": [5]}
        driver = registry.build("tried", section)
        with pytest.raises(DeviceFault, match="board 5 doesn't answer"):
            driver.connect()
        driver.close()


def test_a_board_with_fewer_locks_than_the_settings_say_is_a_fault() -> None:
    with line("lockboard-wkly", 8) as (_, _, port):
        driver = registry.build("tried", {"driver": "lockboard-wkly", "port": str(port), "locks": 16})
        with pytest.raises(DeviceFault, match="has 8 locks, not 16"):
            driver.connect()
        driver.close()


def test_8a_boards_wired_the_other_way_are_seen_so_only_with_the_right_settings() -> None:
    wrong: Place = ("lockboard-8a", "lockboard-8a-late", 32, {"boards": [1, 2], "locks": 32})
    with locking(wrong) as rig:
        rig.latches[0].is_open = True
        assert rig.seen() != {1}
