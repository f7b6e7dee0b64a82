"""The emulated R200 module (its answers byte for byte: tests/wire)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim import gen2
from firmware_sim.chips.r200 import AADD, R200Module
from firmware_sim.faults import Faults
from firmware_sim.gen2 import Gen2Tag, national_tag
from tests.wire.golden import frame

VERSION = frame("uhf-r200-008").raw
ACCESS = "00000000"


def module(*tags: Gen2Tag, faults: Faults | None = None, ends: bytes = b"\xbb\x7e") -> R200Module:
    return R200Module(lambda: tags, faults or Faults(), "reader-A", ends)


def answers(chip: R200Module, data: bytes, at: float = 100.0) -> list[bytes]:
    return [exchange.answer for exchange in chip.feed(data, at) if exchange.answer]


def command(hexed: str, ends: bytes = b"\xbb\x7e") -> bytes:
    """A command with these parameters behind its first byte."""
    raw = bytes.fromhex(hexed)
    body = b"\0" + raw[:1] + (len(raw) - 1).to_bytes(2) + raw[1:]
    return ends[:1] + body + bytes((sum(body) & 0xFF,)) + ends[1:]


def said(chip: R200Module, hexed: str) -> tuple[int, bytes]:
    """Command and data of the one answer."""
    (answer,) = answers(chip, command(hexed))
    return answer[2], answer[5:-2]


def select(tag: Gen2Tag) -> str:
    return f"0C01 00000020 {len(tag.epc) * 8:02x} 00 {tag.epc.hex()}"


# --- the line ---


def test_what_isnt_a_whole_and_right_frame_is_not_answered() -> None:
    chip = module()
    spoilt = VERSION[:-2] + b"\x00\x7e"
    assert answers(chip, spoilt + VERSION[:-1] + b"\x7d" + b"\xff\x00") == []
    assert answers(chip, VERSION) == [frame("uhf-r200-009").raw]
    assert answers(chip, VERSION[:4], 200.0) == []
    assert answers(chip, VERSION, 201.0) == [frame("uhf-r200-009").raw]


def test_a_frame_may_come_byte_by_byte() -> None:
    chip = module()
    told = [a for n, byte in enumerate(VERSION) for a in answers(chip, bytes((byte,)), 100 + n * 0.01)]
    assert told == [frame("uhf-r200-009").raw]


def test_firmware_with_other_ends_hears_nothing_else() -> None:
    chip = module(ends=AADD)
    assert answers(chip, VERSION) == []
    (answer,) = answers(chip, command("0300", AADD), 101.0)
    assert (answer[0], answer[-1]) == (0xAA, 0xDD)


@given(st.lists(st.binary(min_size=1, max_size=300) | st.just(b"\xbb\x00\x39\x00\x09"), max_size=8))
def test_no_bytes_whatever_upset_it(pieces: list[bytes]) -> None:
    chip = module(national_tag("1"))
    for n, piece in enumerate(pieces):
        chip.feed(piece, 100 + n * 0.005)
    chip.feed(b"", 200.0)
    chip.feed(frame("uhf-r200-005").raw, 201.0)
    assert answers(chip, VERSION, 202.0)


@given(st.integers(0, 255), st.binary(max_size=40))
def test_no_command_whatever_upsets_it(code: int, data: bytes) -> None:
    chip = module(national_tag("1"))
    chip.feed(command(bytes((code,)).hex() + data.hex()), 100.0)
    chip.tick(100.5)
    chip.feed(b"\0", 101.0)  # wakes it, should it have been sent to sleep
    chip.feed(frame("uhf-r200-005").raw, 102.0)
    assert answers(chip, VERSION, 103.0)


# --- polls ---


def test_a_poll_of_many_rounds_goes_on_until_it_is_stopped_and_hears_nothing_else() -> None:
    chip = module(national_tag("1"), national_tag("2"))
    assert answers(chip, command("27220003")) == []
    assert answers(chip, VERSION, 100.1) == []
    assert [len(chip.tick(at)) for at in (101.0, 101.001, 102.0, 103.0, 104.0)] == [2, 0, 2, 2, 0]
    assert answers(chip, VERSION, 105.0)
    chip.feed(command("27222710"), 106.0)
    assert chip.tick(107.0)
    assert answers(chip, frame("uhf-r200-005").raw, 108.0) == [frame("uhf-r200-006").raw]
    assert chip.tick(109.0) == []


def test_an_empty_round_is_told() -> None:
    chip = module()
    chip.feed(command("27220001"), 100.0)
    assert [exchange.answer for exchange in chip.tick(101.0)] == [frame("uhf-r200-003").raw]


def test_a_module_that_polls_by_itself_cant_be_stopped() -> None:
    faults = Faults()
    chip = module(national_tag("1"), faults=faults)
    faults.set("scan-mode", "reader-A")
    assert answers(chip, frame("uhf-r200-005").raw) == [frame("uhf-r200-006").raw]
    assert chip.tick(101.0)
    assert answers(chip, VERSION, 102.0) == []


# --- what is gone without power ---


def test_region_and_selection_are_gone_without_power() -> None:
    tags = [national_tag(str(n)) for n in range(8)]
    chip = module(*tags)
    for hexed in ("0704", "1202", select(tags[3]), "B607D0"):
        assert said(chip, hexed)[1] == b"\0"
    assert said(chip, "08") == (0x08, b"\x04")
    assert said(chip, "B7") == (0xB7, b"\x07\xd0")
    assert said(chip, "0B")[1][-len(tags[3].epc) :] == tags[3].epc
    chip.power()
    assert said(chip, "08") == (0x08, b"\x02")
    assert said(chip, "B7") == (0xB7, b"\x0a\x28")
    assert said(chip, "0B")[1] == bytes(7)


def test_after_sleep_the_selection_is_gone_and_power_is_not() -> None:
    tag = national_tag("1")
    chip = module(tag)
    for hexed in ("B607D0", "1202", select(tag), "17"):
        assert said(chip, hexed)[1] == b"\0"
    assert answers(chip, VERSION) == []
    assert said(chip, "0B")[1] == bytes(7)
    assert said(chip, "B7")[1] == b"\x07\xd0"


def test_it_takes_a_while_to_start() -> None:
    faults = Faults()
    chip = module(faults=faults)
    faults.set("brown-out", "reader-A", count=1)
    assert answers(chip, VERSION, 100.0) == answers(chip, VERSION, 100.3) == []
    assert answers(chip, VERSION, 100.5)


# --- tags ---


def test_without_a_selection_any_tag_answers_with_one_only_those_meant() -> None:
    tags = [national_tag(str(n)) for n in range(4)]
    chip = module(*tags)
    read = f"39{ACCESS}02 0000 0006"
    assert {said(chip, read)[1][-12:] for _ in range(60)} == {tag.tid for tag in tags}
    for mode in ("1200", "1202"):
        said(chip, mode)
        said(chip, select(tags[2]))
        assert {said(chip, read)[1][-12:] for _ in range(10)} == {tags[2].tid}
        assert len(answers(chip, command("22"))) == (1 if mode == "1200" else 4)
    said(chip, f"0C02 00000000 60 00 {tags[1].tid.hex()}")
    assert said(chip, read)[1][-12:] == tags[1].tid
    said(chip, select(national_tag("99")))
    assert said(chip, read) == (0xFF, b"\x09")


@pytest.mark.parametrize(
    ("hexed", "code"),
    [
        (f"39{ACCESS}03 0000 0021", 0x17),
        (f"39{ACCESS}03 0010 0020", 0xA3),
        (f"49{ACCESS}02 0000 0001 1111", 0xB4),
        (f"49{ACCESS}03 0020 0001 1111", 0xB3),
        ("39 12345678 03 0000 0001", 0x16),
        (f"82{ACCESS} 000000", 0x00),
        ("82", 0x17),
        ("27", 0x17),
    ],
)
def test_what_cant_be_done_is_said_with_the_tags_name(hexed: str, code: int) -> None:
    tag = national_tag("1")
    answered, data = said(module(tag), hexed)
    if code:
        assert (answered, data[0]) == (0xFF, code)
    else:
        assert data[-1] == 0
    assert (tag.epc in data) == (code != 0x17)


def test_a_lock_is_set_by_mask_and_action() -> None:
    tag = national_tag("1")
    mask_and_action = (0b00_00_11_00_11 << 10 | 0b00_00_10_00_11).to_bytes(3).hex()
    assert said(module(tag), f"82{ACCESS}{mask_and_action}")[1][-1] == 0
    assert tag.locks == {gen2.LOCK_EPC: gen2.WITH_PASSWORD, gen2.LOCK_USER: gen2.NEVER}
    assert said(module(tag), f"49{ACCESS}03 0000 0001 1111")[1][0] == 0xB4


def test_a_write_that_stops_is_told_and_leaves_what_was_written_before() -> None:
    faults = Faults(seed=1)
    faults.set("half-write", "reader-A")
    stops = set()
    tags = [national_tag(str(n), user=b"\0") for n in range(20)]
    chip = module(*tags, faults=faults)
    said(chip, "1202")
    for tag in tags:
        said(chip, select(tag))
        assert said(chip, f"49{ACCESS}03 0000 0002 1111 2222") == (0xFF, b"\x10")
        stops.add(bytes(tag.user[:4]).hex())
    assert stops == {"00000000", "11110000", "11112222"}
