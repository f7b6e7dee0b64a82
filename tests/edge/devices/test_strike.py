"""The process that owns the lock's pin ends every pulse, whatever becomes of the others."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from edge.devices.board import Pins
from edge.devices.strike import LONGEST_MS, Guard, Strike
from edge.errors import DeviceFault, DeviceGone
from firmware_sim.cabinet import LOCK_PIN, Cabinet


def soon(true: Callable[[], bool], within_s: float = 5.0) -> bool:
    end = time.monotonic() + within_s
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


@pytest.fixture
def strike(cabinet: Cabinet) -> Iterator[Strike]:
    made = Strike("door", LOCK_PIN, active_low=True)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def guard(cabinet: Cabinet) -> Iterator[Guard]:
    pins = Pins("strike")
    made = Guard(pins, LOCK_PIN, active_low=True)
    yield made
    made.relock()
    pins.release(LOCK_PIN)


def test_a_pulse_lasts_as_long_as_it_was_asked_for(guard: Guard, cabinet: Cabinet) -> None:
    guard.unlock(3000, 100.0)
    assert (cabinet.strike_energised, guard.until) == (True, 103.0)
    guard.relock()
    assert (cabinet.strike_energised, guard.until) == (False, None)


def test_no_pulse_is_longer_than_the_coil_bears(guard: Guard) -> None:
    guard.unlock(60_000, 100.0)
    assert guard.until == 100.0 + LONGEST_MS / 1000


def test_asking_again_and_again_doesnt_make_it_longer(guard: Guard, cabinet: Cabinet) -> None:
    for now in (100.0, 102.0, 104.0, 104.9):
        guard.unlock(3000, now)
    assert guard.until == 105.0
    assert cabinet.door.pulses == 1


@pytest.mark.parametrize("line", [b"", b"unlock", b"unlock soon", b"open sesame", b"relock now"])
def test_an_order_nobody_knows_is_refused(guard: Guard, cabinet: Cabinet, line: bytes) -> None:
    with pytest.raises(ValueError):
        guard.obey(line, 0.0)
    assert cabinet.door.pulses == 0


def test_this_process_cleaning_up_all_its_pins_doesnt_reach_the_lock(strike: Strike, cabinet: Cabinet) -> None:
    from RPi import GPIO

    Pins("card").drive(4, high=True)
    strike.unlock(5000)
    GPIO.cleanup()
    assert cabinet.strike_energised
    strike.relock()
    assert not cabinet.strike_energised


def process_of(strike: Strike) -> int:
    return strike.check().pid


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_told_to_end_it_locks_first(strike: Strike, cabinet: Cabinet, end: signal.Signals) -> None:
    strike.unlock(5000)
    os.kill(process_of(strike), end)
    assert soon(lambda: not cabinet.strike_energised)


def test_without_the_process_nothing_is_unlocked_until_there_is_a_new_one(strike: Strike, cabinet: Cabinet) -> None:
    old = strike.check()
    old.kill()
    old.wait()
    with pytest.raises(DeviceFault, match="has ended"):
        strike.unlock(500)
    assert cabinet.door.pulses == 0
    strike.start()
    strike.unlock(500)
    assert cabinet.strike_energised


def test_a_process_that_hangs_is_ended_and_its_order_never_carried_out(strike: Strike, cabinet: Cabinet) -> None:
    os.kill(process_of(strike), signal.SIGSTOP)
    with pytest.raises(DeviceFault, match="doesn't answer"):
        strike.unlock(500)
    assert not cabinet.strike_energised
    with pytest.raises(DeviceFault, match="has ended"):
        strike.unlock(500)


def test_a_board_that_vanishes_ends_the_process_with_a_reason(strike: Strike, cabinet: Cabinet) -> None:
    cabinet.power(False)
    with pytest.raises(DeviceFault, match="pins or SPI"):
        strike.unlock(500)
    with pytest.raises(DeviceGone, match="pins or SPI"):
        strike.start()


def guarding(orders: bytes) -> subprocess.CompletedProcess[bytes]:
    """The process, given these orders and then the end of them."""
    words = [sys.executable, "-m", "edge.devices.strike", "--pin", str(LOCK_PIN), "--active-low"]
    return subprocess.run(words, input=orders, capture_output=True, timeout=30, check=False)


def test_at_the_end_of_its_orders_it_locks_and_ends_well(cabinet: Cabinet) -> None:
    done = guarding(b"unlock 5000\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"done\ndone\n", b"")
    assert (cabinet.door.pulses, cabinet.strike_energised) == (1, False)


@pytest.mark.parametrize("orders", [b"unlock 5000\nrubbish\n", b"unlock 5000\n" + b"x" * 200])
def test_rubbish_for_an_order_locks_and_ends_badly(cabinet: Cabinet, orders: bytes) -> None:
    done = guarding(orders)
    assert done.returncode == 1
    assert done.stdout.startswith(b"done\ndone\nfailed ")
    assert (cabinet.door.pulses, cabinet.strike_energised) == (1, False)
