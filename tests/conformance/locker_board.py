"""What every locker board must do. A class of tests over a `rig`; test_locker_board.py runs it for each make."""

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from edge.errors import DeviceError, DeviceFault, DeviceGone, UnlockUnsure
from firmware_sim.chips.lockers import Latch
from firmware_sim.computer import Computer


@dataclass(frozen=True, slots=True)
class Locking:
    """A connected driver, and two boards with their compartments at the other end of its line."""

    driver: Any
    computer: Computer
    boards: Sequence[Sequence[Latch]]
    says: str

    @property
    def latches(self) -> list[Latch]:
        """All, in the order in which they are counted."""
        return [latch for board in self.boards for latch in board]

    def open(self) -> set[int]:
        """The compartments that stand open, whatever any contact says."""
        return {number for number, latch in enumerate(self.latches, 1) if latch.is_open}

    def seen(self) -> set[int]:
        """Those that the driver says are open."""
        return {lock for lock, is_open in self.driver.doors().items() if is_open}

    def set(self, fault: str, *more: Any) -> None:
        """A fault of the boards from now on."""
        self.computer.faults.set(fault, "locks", *more)


class LockerBoardConformance:
    def test_it_says_what_it_is(self, rig: Locking) -> None:
        assert str(len(rig.latches)) in rig.says

    def test_doors_are_seen_as_they_are(self, rig: Locking) -> None:
        assert rig.seen() == set()
        for number in (1, 8, 9, len(rig.latches)):
            rig.latches[number - 1].is_open = True
            assert rig.seen() == rig.open()
        assert set(rig.driver.doors()) == set(range(1, len(rig.latches) + 1))

    def test_one_lock_opens_and_no_other_once(self, rig: Locking) -> None:
        rig.driver.unlock(3)
        assert rig.open() == {3}
        assert rig.seen() == {3}
        assert sum(latch.pulls for latch in rig.latches) == 1

    def test_two_boards_on_one_line_each_open_their_own(self, rig: Locking) -> None:
        first = len(rig.boards[0])
        for lock in (1, first, first + 1, len(rig.latches)):
            rig.driver.unlock(lock)
        assert rig.open() == {1, first, first + 1, len(rig.latches)}
        assert [sum(latch.pulls for latch in board) for board in rig.boards] == [2, 2]
        assert rig.seen() == rig.open()

    @pytest.mark.parametrize("lock", [0, -1, 1000])
    def test_a_lock_that_isnt_there_is_a_fault_and_opens_nothing(self, rig: Locking, lock: int) -> None:
        with pytest.raises(DeviceFault):
            rig.driver.unlock(lock)
        assert rig.open() == set()

    def test_a_shut_compartment_is_shut_again(self, rig: Locking) -> None:
        rig.driver.unlock(2)
        rig.latches[1].shut()
        assert rig.seen() == set()

    def test_answers_byte_by_byte_are_understood(self, rig: Locking) -> None:
        rig.set("bytewise")
        rig.driver.unlock(2)
        assert rig.seen() == {2}

    @pytest.mark.parametrize("fault", ["noise", "unasked"])
    def test_rubbish_and_what_nobody_asked_for_are_no_answers(self, rig: Locking, fault: str) -> None:
        rig.set(fault)
        rig.driver.unlock(2)
        assert rig.seen() == {2}

    @pytest.mark.parametrize("fault", ["cut", "flip", "silent", "stale", "late"])
    def test_a_bad_line_is_asked_again_about_doors(self, rig: Locking, fault: str) -> None:
        rig.latches[4].is_open = True
        rig.set(fault, 1.0, 1)
        with contextlib.suppress(DeviceFault):
            assert rig.seen() == {5}
        assert rig.seen() == {5}

    @pytest.mark.parametrize("fault", ["cut", "flip", "late", "stale", "noise"])
    def test_doors_are_never_told_wrong_over_a_bad_line(self, rig: Locking, fault: str) -> None:
        rig.latches[6].is_open = True
        rig.set(fault, 0.4)
        told = 0
        for _ in range(6):
            with contextlib.suppress(DeviceFault):
                assert rig.seen() == {7}
                told += 1
        rig.computer.faults.clear()
        time.sleep(1.0 if fault == "late" else 0.1)
        assert rig.seen() == {7}

    @pytest.mark.parametrize("fault", ["silent", "cut", "flip"])
    def test_a_lock_is_never_released_twice_by_one_order(self, rig: Locking, fault: str) -> None:
        """Whatever the line does with the answers: one order, one pull at most, and no word of success without one."""
        rig.set(fault, 0.5)
        for number, latch in enumerate(rig.latches[:8], 1):
            before = latch.pulls
            try:
                rig.driver.unlock(number)
            except UnlockUnsure:
                assert latch.pulls - before <= 1
            except DeviceFault:
                assert latch.pulls == before
            else:
                assert latch.pulls - before == 1
        rig.computer.faults.clear()

    def test_an_order_that_nobody_answers_is_unsure_and_not_repeated(self, rig: Locking) -> None:
        rig.set("brown-out", 1.0, 1)
        try:
            rig.driver.unlock(4)
        except UnlockUnsure:
            time.sleep(0.5)
        assert rig.latches[3].pulls == 1
        assert rig.seen() == {4}

    def test_an_order_whose_answer_is_lost_is_unsure_where_boards_answer(self, rig: Locking) -> None:
        rig.driver.doors()
        rig.set("cut")
        with pytest.raises(DeviceFault):
            rig.driver.unlock(4)
        assert rig.latches[3].pulls <= 1

    def test_a_board_that_is_silent_from_the_start_surely_released_nothing(self, rig: Locking) -> None:
        rig.set("silent")
        with pytest.raises(DeviceFault) as wrong:
            rig.driver.unlock(4)
        assert not isinstance(wrong.value, UnlockUnsure)
        assert rig.latches[3].pulls == 0

    def test_a_bolt_that_doesnt_move_is_seen_at_its_door(self, rig: Locking) -> None:
        """Boards that answer say done all the same; the others are unsure."""
        rig.latches[3].jammed = True
        with contextlib.suppress(UnlockUnsure):
            rig.driver.unlock(4)
        assert rig.seen() == set()
        assert rig.latches[3].pulls == 1

    def test_a_compartment_that_opens_by_itself_is_seen(self, rig: Locking) -> None:
        rig.set("alone", 1.0, 1)
        end = time.monotonic() + 2
        while not rig.open() and time.monotonic() < end:
            time.sleep(0.02)
        assert rig.seen() == rig.open() == {1}

    def test_a_pulled_plug_is_reported_and_it_works_again_when_it_is_back(self, rig: Locking) -> None:
        rig.computer.unplug("locks")
        with pytest.raises(DeviceGone):
            rig.driver.doors()
        rig.driver.close()
        with pytest.raises(DeviceGone):
            rig.driver.connect()
        rig.computer.unplug("locks", False)
        rig.driver.connect()
        rig.driver.unlock(1)
        assert rig.seen() == {1}

    def test_a_power_cut_changes_no_door(self, rig: Locking) -> None:
        rig.driver.unlock(5)
        rig.computer.power(False)
        rig.driver.close()
        rig.computer.power(True)
        rig.driver.connect()
        assert rig.seen() == {5}

    def test_closed_it_does_nothing_and_may_be_closed_again(self, rig: Locking) -> None:
        rig.driver.close()
        rig.driver.close()
        with pytest.raises(DeviceError):
            rig.driver.unlock(1)
        assert rig.open() == set()
