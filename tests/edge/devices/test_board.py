"""The pins are reached for when they are needed, and nobody else's are let go of."""

import sys
import time

import pytest

from edge.devices import board, registry
from edge.devices.board import Pins
from edge.errors import DeviceGone
from firmware_sim.cabinet import LOCK_PIN, RESET_PIN, Cabinet


def test_a_computer_without_the_library_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "RPi", None)
    with pytest.raises(DeviceGone, match=r"install microlib\[pi\]"):
        Pins("door")


def test_the_drivers_are_loaded_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "RPi", None)
    for name, section in {"gpio-door": {"lock_pin": 1, "contact_pin": 2}, "mfrc522": {}}.items():
        device = registry.build("thing", {"driver": name, **section})
        with pytest.raises(DeviceGone, match="install"):
            device.connect()
        device.close()


def test_a_pin_is_at_its_level_from_the_first_moment(cabinet: Cabinet) -> None:
    Pins("door").drive(LOCK_PIN, high=True)
    assert cabinet.door.pulses == 0


def test_letting_go_of_one_pin_leaves_the_others(cabinet: Cabinet) -> None:
    pins = Pins("door")
    pins.drive(LOCK_PIN, high=True)
    pins.watch(4)
    pins.put(LOCK_PIN, high=False)
    pins.release(4)
    assert cabinet.strike_energised
    pins.put(LOCK_PIN, high=True)
    pins.release(LOCK_PIN)


def test_falling_edges_are_called_back_until_the_pin_is_let_go_of(cabinet: Cabinet) -> None:
    fell: list[float] = []
    pins = Pins("reader")
    cabinet.computer.pins.pulsed.add(20)
    pins.edges(20, lambda: fell.append(time.monotonic()))
    cabinet.computer.pins.pulse([(20, 1.0), (20, 1.1)])
    end = time.monotonic() + 5
    while len(fell) < 2 and time.monotonic() < end:
        time.sleep(0.005)
    pins.release(20)
    cabinet.computer.pins.pulse([(20, 2.0)])
    time.sleep(0.05)
    assert len(fell) == 2


def test_a_pin_that_is_watched_already_is_refused(cabinet: Cabinet) -> None:
    pins = Pins("reader")
    pins.edges(20, lambda: None)
    with pytest.raises(DeviceGone, match=r"GPIO20: Conflicting edge detection.*rpi-lgpio"):
        pins.edges(20, lambda: None)
    pins.release(20)


def test_pins_counted_by_header_position_are_refused(cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch) -> None:
    from RPi import GPIO

    monkeypatch.setattr(GPIO, "_mode", GPIO.BOARD)
    with pytest.raises(DeviceGone, match="not BCM"):
        Pins("door")


def test_a_bus_that_isnt_there_is_gone(cabinet: Cabinet) -> None:
    with pytest.raises(DeviceGone, match="pins or SPI"):
        board.card_chip("card", 3, 0, 1_000_000, RESET_PIN)
