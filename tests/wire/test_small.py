"""The manuals' bytes referee over small devices: our frames first, then the emulated devices against the same bytes."""

import pytest

from edge.frames import gm65, rdm, wiegand
from edge.frames.gm65 import Answer, Request, Text
from firmware_sim.chips.gm65 import Gm65
from firmware_sim.chips.rdm import RdmReader
from firmware_sim.chips.wiegand import sent
from firmware_sim.faults import Faults
from firmware_sim.transponders import Card
from protocol.cards import em_uid
from tests.wire.golden import Golden, frame, frames

CARDS = frames("rdm6300")
TO_SCANNER = frames("gm65", "host->device")
FROM_SCANNER = [golden for golden in frames("gm65", "device->host") if golden.raw[:1] == b"\x02"]
TEXTS = [golden for golden in frames("gm65", "device->host") if golden.raw[:1] != b"\x02"]
DOORS = frames("wiegand26") + frames("wiegand34")


def test_there_are_golden_bytes_of_every_family() -> None:
    assert [len(golden) for golden in (CARDS, TO_SCANNER, FROM_SCANNER, TEXTS, DOORS)] == [3, 7, 2, 2, 3]


# --- our frames ---


@pytest.mark.parametrize("golden", CARDS, ids=str)
def test_a_125_khz_card_is_read_and_written_byte_for_byte(golden: Golden) -> None:
    reading = rdm.Reading.from_bytes(golden.raw)
    assert bytes(reading) == golden.raw
    assert rdm.Decoder().feed(golden.raw) == (reading,)
    uid = reading.number.hex().upper()
    assert f"card {uid}" in golden.meaning
    assert golden.meaning.endswith(f"printed {int(uid[2:], 16):010}")


@pytest.mark.parametrize("golden", TO_SCANNER, ids=str)
def test_a_request_is_read_and_written_byte_for_byte(golden: Golden) -> None:
    written = bytes(Request.from_bytes(golden.raw))
    assert written[:-2] == golden.raw[:-2]
    assert golden.raw[-2:] in (written[-2:], b"\xab\xcd")


@pytest.mark.parametrize("golden", FROM_SCANNER, ids=str)
def test_an_answer_is_read_and_written_byte_for_byte(golden: Golden) -> None:
    assert bytes(Answer.from_bytes(golden.raw)) == golden.raw
    assert gm65.Decoder().feed(golden.raw) == (Answer.from_bytes(golden.raw),)


@pytest.mark.parametrize(
    ("request_made", "name"),
    [
        (gm65.write(gm65.TRIGGER, 1), "gm65-001"),
        (gm65.save(), "gm65-004"),
        (gm65.write(gm65.BAUD, 0x39, 0x01), "gm65-005"),
        (gm65.read(gm65.BAUD, 2), "gm65-006"),
        (gm65.write(gm65.MODE, 0xF5), "gm65-007"),
        (gm65.write(gm65.FACTORY, 0x55), "gm65-008"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_we_ask_is_what_the_manual_prints(request_made: Request, name: str) -> None:
    assert bytes(request_made).hex(" ") == frame(name).raw.hex(" ")


def test_the_texts_of_both_factory_suffixes_are_read() -> None:
    found = [text for golden in TEXTS for text in gm65.Decoder().feed(golden.raw)]
    assert found == [Text("P100023"), Text("PATRON:2100045678")]


@pytest.mark.parametrize("golden", DOORS, ids=str)
def test_a_door_readers_bits_are_read_and_written_bit_for_bit(golden: Golden) -> None:
    bits = tuple(map(int, golden.more["bits"]))
    number = wiegand.decode(bits)
    assert number.value == int.from_bytes(golden.raw, "big")
    assert wiegand.encode(number) == bits
    if "facility" in golden.meaning:
        assert f"facility {number.facility}, number {number.card}" in golden.meaning


def test_one_card_has_one_name_at_either_kind_of_reader() -> None:
    serial = rdm.Reading.from_bytes(frame("rdm6300-001").raw)
    door = wiegand.decode(tuple(map(int, frame("wiegand26-002").more["bits"])))
    assert em_uid(int.from_bytes(serial.number, "big"), 24) == em_uid(door.value, 24) == "000063E9AE"


# --- the emulated devices, which know nothing of our frames ---


@pytest.mark.parametrize("golden", CARDS, ids=str)
def test_an_emulated_reader_says_the_manuals_bytes(golden: Golden) -> None:
    uid = golden.meaning.split()[1].rstrip(",")
    chip = RdmReader(lambda: [Card(uid)], Faults(), once=True)
    assert b"".join(exchange.answer for exchange in chip.tick(1.0)) == golden.raw


@pytest.mark.parametrize("golden", TO_SCANNER, ids=str)
def test_an_emulated_scanner_understands_the_manuals_requests(golden: Golden) -> None:
    answer = b"".join(exchange.answer for exchange in Gm65(list, Faults()).feed(golden.raw, 1.0))
    assert answer in [known.raw for known in FROM_SCANNER]


@pytest.mark.parametrize("golden", DOORS, ids=str)
def test_an_emulated_door_reader_sends_the_manuals_bits(golden: Golden) -> None:
    assert sent(golden.raw) == golden.more["bits"]
