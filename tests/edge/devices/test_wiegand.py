"""What only door readers on two wires can do to us (what any card reader must bear: tests/conformance)."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from edge.devices import registry
from edge.devices.kinds import Look
from edge.devices.wiegand import MANY, VERDICT_S, WiegandReader
from edge.errors import DeviceFault, SettingsWrong
from firmware_sim.cabinet import D0_PIN, D1_PIN, Cabinet
from firmware_sim.transponders import Card
from tests.conformance.cabinet import cabinet_of

EM = "4500B8D4F0"


@contextmanager
def working(monkeypatch: pytest.MonkeyPatch, model: str, **options: Any) -> Iterator[tuple[WiegandReader, Cabinet]]:
    """The driver, connected to a reader of this model."""
    with cabinet_of(monkeypatch, card=model) as cabinet:
        section = {"driver": "wiegand", "d0_pin": D0_PIN, "d1_pin": D1_PIN, "gap_ms": 100, **options}
        reader = registry.build("card", section)
        try:
            reader.connect()
            yield reader, cabinet
        finally:
            reader.close()


def tapped(reader: WiegandReader, cabinet: Cabinet, uid: str) -> str | None:
    """The UID that is read of a card held to the reader for a while; raises what the looks do."""
    card = Card(uid)
    cabinet.tap(card, None)
    end, seen = time.monotonic() + 1.0, None
    try:
        while seen is None and time.monotonic() < end:
            seen = reader.look().uid
            time.sleep(0.02)
        return seen
    finally:
        cabinet.lift(card)
        time.sleep(0.15)


@pytest.mark.parametrize(
    ("model", "options", "uid", "name"),
    [
        ("wiegand", {}, EM, "0000B8D4F0"),
        ("wiegand", {"bits": 24}, "45AAB8D4F0", "0000B8D4F0"),
        ("wiegand26", {"bits": 24}, "45AAB8D4F0", "0000B8D4F0"),
        ("wiegand26", {}, "45AAB8D4F0", "0000B8D4F0"),
        ("wiegand-mifare", {"cards": "mifare"}, "89D41B81", "89D41B81"),
        ("wiegand-mifare-reversed", {"cards": "mifare", "byte_order": "reversed"}, "89D41B81", "89D41B81"),
        ("wiegand-mifare", {"cards": "mifare"}, "04A1B2C3D4E5F6", None),
    ],
)
def test_a_card_has_the_name_that_it_has_at_other_readers(
    monkeypatch: pytest.MonkeyPatch, model: str, options: dict[str, Any], uid: str, name: str | None
) -> None:
    with working(monkeypatch, model, **options) as (reader, cabinet):
        assert tapped(reader, cabinet, uid) == name


def test_swapped_wires_are_reported_with_what_to_do_once_two_cards_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with working(monkeypatch, "wiegand-swapped") as (reader, cabinet):
        assert tapped(reader, cabinet, EM) is None
        with pytest.raises(DeviceFault, match="D0 and D1 are swapped: change the wires, or d0_pin and d1_pin"):
            tapped(reader, cabinet, EM)


def test_a_reader_with_swapped_wires_stays_out_of_service_for_a_while_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with working(monkeypatch, "wiegand-swapped") as (reader, cabinet):
        tapped(reader, cabinet, EM)
        with pytest.raises(DeviceFault):
            tapped(reader, cabinet, EM)
        reader.close()
        with pytest.raises(DeviceFault, match="swapped"):
            reader.connect()
        later = time.monotonic() + VERDICT_S
        monkeypatch.setattr("edge.devices.wiegand.time.monotonic", lambda: later)
        reader.connect()
        assert reader.look() == Look()


def test_a_good_card_between_two_that_look_swapped_means_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    with working(monkeypatch, "wiegand") as (reader, cabinet):
        for _ in range(3):
            cabinet.computer.pins.pulse([(pin, time.monotonic()) for pin in (D1_PIN, *[D0_PIN] * 33)])
            time.sleep(0.15)
            reader.look()
            assert tapped(reader, cabinet, EM) == "0000B8D4F0"
            time.sleep(0.4)


def test_a_reader_set_to_26_bits_cant_name_a_13_56_mhz_card(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        working(monkeypatch, "wiegand26-mifare", cards="mifare") as (reader, cabinet),
        pytest.raises(DeviceFault, match="set the reader to 34"),
    ):
        tapped(reader, cabinet, "89D41B81")


@pytest.mark.parametrize("low", [(D0_PIN, "D0"), (D1_PIN, "D1")], ids=["D0", "D1"])
def test_a_wire_that_stays_low_is_a_fault_by_name(monkeypatch: pytest.MonkeyPatch, low: tuple[int, str]) -> None:
    pin, name = low
    with working(monkeypatch, "wiegand") as (reader, cabinet):
        cabinet.computer.pins.outside[pin] = lambda: 0
        assert [reader.look() for _ in range(2)] == [Look()] * 2
        with pytest.raises(DeviceFault, match=rf"{name} \(GPIO{pin}\) stays low"):
            reader.look()


def test_noise_without_end_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    with working(monkeypatch, "wiegand") as (reader, cabinet):
        for _ in range(MANY + 100):
            reader._pulse(1)
        assert reader._pulses.qsize() == MANY
        time.sleep(0.12)
        assert reader.look() == Look()
        assert tapped(reader, cabinet, EM) == "0000B8D4F0"


def test_a_card_that_came_while_it_was_closed_is_not_told_of_later(monkeypatch: pytest.MonkeyPatch) -> None:
    with working(monkeypatch, "wiegand") as (reader, cabinet):
        cabinet.tap(Card(EM), 0.3)
        time.sleep(0.3)
        reader.close()
        reader.connect()
        assert reader.look() == Look()


@pytest.mark.parametrize("spoil", [lambda s: s | {"d1_pin": D0_PIN}, lambda s: s | {"bits": 40}])
def test_impossible_options_are_refused(spoil: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    with pytest.raises(SettingsWrong):
        registry.build("card", spoil({"driver": "wiegand", "d0_pin": D0_PIN, "d1_pin": D1_PIN}))
