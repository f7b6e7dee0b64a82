"""The manual's bytes referee over 3M pad readers: our frames first, then the emulated reader against the same bytes."""

import pytest

from edge.frames import m810
from edge.frames.m810 import Command, Error, Frame
from firmware_sim.faults import Faults
from firmware_sim.makes import MAKES, Around
from firmware_sim.transponders import Transponder
from protocol.names import TagUid
from tests.wire.golden import Golden, frame, frames

TAG = TagUid("E007000001234567")
WHOLE = [golden for golden in frames("3m-810") if golden.raw[0] == m810.START]


def test_there_are_golden_bytes() -> None:
    assert len(WHOLE) == 18


@pytest.mark.parametrize("golden", WHOLE, ids=str)
def test_a_frame_is_read_and_written_byte_for_byte(golden: Golden) -> None:
    made = Frame.from_bytes(golden.raw)
    assert bytes(made) == golden.raw
    assert m810.Decoder().feed(golden.raw) == (made,)


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (m810.version(), "3m-810-006"),
        (m810.inventory(), "3m-810-008"),
        (m810.about(Command.READ, TAG, 0, 2), "3m-810-011"),
        (m810.about(Command.AFI, TAG), "3m-810-016"),
        (m810.about(Command.WRITE_AFI, TAG, 0xD7), "3m-810-018"),
    ],
)
def test_what_we_ask_is_what_the_manual_says(made: Frame, name: str) -> None:
    assert bytes(made) == frame(name).raw


def said(name: str) -> Frame:
    return Frame.from_bytes(frame(name).raw)


def test_what_is_answered_is_understood() -> None:
    assert m810.parse_version(said("3m-810-007")) == "3.2.6"
    assert m810.parse_inventory(said("3m-810-009")) == frozenset()
    assert m810.parse_inventory(said("3m-810-010")) == {"00000000" + "00AD6302", "E007000000" + "6000AE"}
    assert m810.parse_blocks(said("3m-810-012"), TAG, 0) == bytes.fromhex("11010131 31323233")
    assert m810.parse_about(said("3m-810-017"), TAG) == b"\xda"
    assert m810.parse_about(said("3m-810-019"), TAG) == b""
    assert m810.error(said("3m-810-013")) == m810.error(said("3m-810-020")) == Error.NO_TAG


def test_an_answer_about_another_tag_is_none() -> None:
    with pytest.raises(m810.FrameError):
        m810.parse_about(said("3m-810-017"), TagUid("E007000000000000"))


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("3m-810-002", "3m-810-003"),
        ("3m-810-004", "3m-810-005"),
        ("3m-810-006", "3m-810-007"),
        ("3m-810-011", "3m-810-012"),
        ("3m-810-016", "3m-810-017"),
        ("3m-810-018", "3m-810-019"),
        ("3m-810-014", "3m-810-015"),
    ],
)
def test_the_emulated_reader_answers_as_the_manual_says(asked: str, answered: str) -> None:
    tag = Transponder(TAG, afi=0xDA, memory=bytearray(bytes.fromhex("11010131 31323233")))
    chip = MAKES["3m-810"].build(Around(Faults(), "reader-A", tags=lambda: [tag]))
    (exchange,) = chip.feed(frame(asked).raw, 1.0)
    assert exchange.answer == frame(answered).raw


def test_the_emulated_reader_says_that_nothing_lies_there() -> None:
    chip = MAKES["3m-810"].build(Around(Faults(), "reader-A"))
    for asked, answered in (("3m-810-008", "3m-810-009"), ("3m-810-011", "3m-810-013"), ("3m-810-018", "3m-810-020")):
        (exchange,) = chip.feed(frame(asked).raw, 1.0)
        assert exchange.answer == frame(answered).raw
