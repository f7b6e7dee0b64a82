"""What only this chip and its package can get wrong (what any card reader must do: tests/conformance)."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from edge.devices import registry
from edge.devices.kinds import Look
from edge.devices.mfrc522 import HEALTH_S, POLLS, Mfrc522Reader
from edge.errors import DeviceFault
from firmware_sim.cabinet import RESET_PIN, Cabinet
from firmware_sim.transponders import Card


@pytest.fixture
def reader(cabinet: Cabinet) -> Iterator[Mfrc522Reader]:
    made: Mfrc522Reader = registry.build("card", {"driver": "mfrc522", "reset_pin": RESET_PIN})
    made.connect()
    yield made
    made.close()


@pytest.fixture
def transfers(cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Every transfer over SPI from now on."""
    import spidev

    seen: list[list[int]] = []
    transfer = spidev.SpiDev.xfer2

    def counted(self: Any, values: list[int], *more: Any) -> Any:
        seen.append(list(values))
        return transfer(self, values, *more)

    monkeypatch.setattr(spidev.SpiDev, "xfer2", counted)
    return seen


def test_it_says_which_chip_it_is(cabinet: Cabinet, reader: Mfrc522Reader) -> None:
    assert reader.connect() == "MFRC522 v2.0"


def test_an_empty_field_never_busies_the_bus(transfers: list[list[int]], reader: Mfrc522Reader) -> None:
    transfers.clear()
    assert reader.look() == Look()
    assert len(transfers) <= POLLS + 10


def test_at_the_chips_own_pace_an_empty_field_takes_its_timers_15_ms(
    monkeypatch: pytest.MonkeyPatch, cabinet: Cabinet, transfers: list[list[int]]
) -> None:
    with TemporaryDirectory(prefix="ml-") as folder:
        real = Cabinet("real", Path(folder), speed=1)
        monkeypatch.setenv("MICROLIB_BOARD", str(real.paths.board))
        real.start()
        slow = registry.build("card", {"driver": "mfrc522"})
        try:
            slow.connect()
            transfers.clear()
            began = time.monotonic()
            assert slow.look() == Look()
            assert 0.012 < time.monotonic() - began < 0.2
            assert len(transfers) < 40
            real.tap(Card("04A1B2C3D4E5F6"), None)
            assert slow.look() == Look("04A1B2C3D4E5F6")
        finally:
            slow.close()
            real.stop()


def test_opened_again_and_again_it_doesnt_multiply_the_packages_log(reader: Mfrc522Reader) -> None:
    before = list(logging.getLogger("mfrc522Logger").handlers)
    for _ in range(10):
        reader.close()
        reader.connect()
    assert logging.getLogger("mfrc522Logger").handlers == before


def test_a_card_is_put_to_sleep_after_it_was_read(
    transfers: list[list[int]], cabinet: Cabinet, reader: Mfrc522Reader
) -> None:
    cabinet.tap(Card("DEADBEEF"), None)
    transfers.clear()
    reader.look()
    sent = bytes(value for address, value in transfers if address == 0x12)
    assert sent.endswith(bytes.fromhex("500057CD"))
    assert bytes.fromhex("9370DEADBEEF22B99C") in sent


def test_a_chip_reset_behind_our_back_is_set_up_again_at_the_next_check(
    cabinet: Cabinet, reader: Mfrc522Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    cabinet.tap(Card("DEADBEEF"), None)
    later = time.monotonic() + HEALTH_S + 1
    cabinet.computer.readers["card"].power()
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert reader.look() == Look("DEADBEEF")


@pytest.mark.parametrize("fault", ["unplugged", "silent"])
def test_wires_that_carry_one_level_only_are_a_fault(cabinet: Cabinet, reader: Mfrc522Reader, fault: str) -> None:
    cabinet.faults.set(fault, "card")
    with pytest.raises(DeviceFault, match="the chip is missing, or its wires are wrong"):
        reader.connect()
