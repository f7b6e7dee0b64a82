"""The emulated UHFReader18 and UHFReader288 (their answers byte for byte: tests/wire)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim import crc, gen2
from firmware_sim.chips.uhf18 import READER18, READER288, Model, Uhf18Reader
from firmware_sim.faults import Faults
from firmware_sim.gen2 import Gen2Tag, national_tag
from tests.wire.golden import frame

INVENTORY = frame("uhfreader18-001").raw
INFO = frame("uhfreader18-003").raw


def reader(*tags: Gen2Tag, model: Model = READER18, faults: Faults | None = None) -> Uhf18Reader:
    return Uhf18Reader(lambda: tags, faults or Faults(), "reader-A", model)


def answers(chip: Uhf18Reader, data: bytes, at: float = 100.0) -> list[bytes]:
    return [exchange.answer for exchange in chip.feed(data, at) if exchange.answer]


def command(hexed: str, address: str = "00") -> bytes:
    body = bytes.fromhex(address + hexed)
    head = bytes((len(body) + 2,)) + body
    return head + crc.obid(head)


def status(chip: Uhf18Reader, hexed: str) -> int:
    (answer,) = answers(chip, command(hexed))
    return answer[3]


def meant(tag: Gen2Tag) -> str:
    return bytes((len(tag.epc) // 2,)).hex() + tag.epc.hex()


# --- the line ---


def test_a_frame_may_come_byte_by_byte_and_a_pause_ends_it() -> None:
    chip = reader()
    told = [a for n, byte in enumerate(INFO) for a in answers(chip, bytes((byte,)), 100 + n * 0.014)]
    assert told == [frame("uhfreader18-009").raw]
    assert answers(chip, INFO[:3], 200.0) + answers(chip, INFO[3:], 200.016) == []
    assert answers(chip, INFO, 201.0) == told


def test_a_wrong_address_or_length_is_met_with_silence_and_a_wrong_check_is_not() -> None:
    chip = reader()
    assert answers(chip, command("21", address="03")) == []
    assert answers(chip, b"\x03\x00\x21", 101.0) == []
    assert answers(chip, INFO[:-1] + b"\0", 102.0) == [frame("uhfreader18-021").raw]
    assert answers(chip, command("77"), 103.0) == [frame("uhfreader18-021").raw]


@pytest.mark.parametrize("hexed", ["2100", "22", "250102", "35", "02", "0201AABB", "03", "04", "0102", "0F00", "06"])
def test_a_wrong_length_is_said_to_be_so(hexed: str) -> None:
    assert status(reader(national_tag("1")), hexed) in (0xFD, 0xFF)


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=8))
def test_no_bytes_whatever_upset_it(pieces: list[bytes]) -> None:
    chip = reader(national_tag("1"))
    for n, piece in enumerate(pieces):
        chip.feed(piece, 100 + n * 0.005)
    assert answers(chip, INFO, 200.0)


@given(st.sampled_from([1, 2, 3, 4, 6, 0x0C, 0x0F, 0x22, 0x24, 0x25, 0x2F, 0x35]), st.binary(max_size=60))
def test_no_command_whatever_upsets_it(code: int, data: bytes) -> None:
    for model in (READER18, READER288):
        assert answers(reader(national_tag("1"), model=model), command(bytes((code,)).hex() + data.hex()))


# --- settings ---


def test_what_is_set_stays_without_power() -> None:
    chip = reader()
    for hexed in ("223180", "2505", "2F14", "2403"):
        assert status(chip, hexed) == 0
    chip.power()
    (answer,) = answers(chip, command("21", address="03"))
    assert answer[8:12].hex() == "31801405"


def test_a_supply_that_dips_makes_it_silent_for_a_second() -> None:
    faults = Faults()
    chip = reader(faults=faults)
    faults.set("brown-out", "reader-A", count=1)
    assert answers(chip, INFO, 100.0) == answers(chip, INFO, 100.9) == []
    assert answers(chip, INFO, 101.1)


# --- scan mode ---


def test_in_scan_mode_it_speaks_by_itself_and_hears_settings_only() -> None:
    tag = national_tag("1")
    chip = reader(tag)
    assert chip.tick(99.0) == []
    assert status(chip, "35010000000000") == 0
    assert answers(chip, INVENTORY, 101.0) == []
    (pushed,) = chip.tick(102.0)
    assert pushed.answer[2:-2] == b"\xee\x00" + tag.epc
    assert chip.tick(102.05) == []
    assert answers(chip, command("36"), 103.0)[0][8] == 1
    chip.power()
    assert chip.tick(104.0)
    assert status(chip, "35000000000000") == 0
    assert chip.tick(105.0) == []
    assert answers(chip, INVENTORY, 106.0)


def test_left_in_scan_mode_by_a_fault_it_is_no_use_to_tell_it_otherwise() -> None:
    faults = Faults()
    chip = reader(national_tag("1"), faults=faults)
    faults.set("scan-mode", "reader-A")
    assert status(chip, "35000000000000") == 0
    assert chip.tick(101.0)


# --- tags ---


def test_many_tags_come_in_parts_and_each_once() -> None:
    tags = [national_tag(f"3000000{n:07}") for n in range(70)]
    told = answers(reader(*tags), INVENTORY)
    assert [answer[3] for answer in told] == [0x03] * (len(told) - 1) + [0x01]
    assert sum(answer[4] for answer in told) == 70
    assert all(len(answer) <= 256 for answer in told)
    assert all(sum(tag.epc in answer for answer in told) == 1 for tag in tags)


def test_a_short_scan_time_leaves_tags_out_and_a_small_memory_too() -> None:
    tags = [national_tag(f"3000000{n:07}") for n in range(70)]
    chip = reader(*tags)
    status(chip, "2503")
    told = answers(chip, INVENTORY)
    assert (told[-1][3], sum(answer[4] for answer in told)) == (0x02, 56)
    told = answers(reader(*tags, model=Model("small", 9, holds=20)), INVENTORY)
    assert (told[-1][3], sum(answer[4] for answer in told)) == (0x04, 20)


def test_tids_are_told_where_they_are_asked_for() -> None:
    tag = national_tag("1")
    (answer,) = answers(reader(tag), command("010006"))
    assert answer[4:-2] == b"\x01\x0c" + tag.tid
    assert status(reader(tag), "010010") == 0xFF
    assert status(reader(tag), "010007") == 0xFB


def test_in_sessions_that_last_a_counted_tag_keeps_quiet() -> None:
    chip = reader(national_tag("1"), model=READER288)
    assert [status(chip, f"010400{target}800A") for target in ("00", "00")] == [0x01, 0x01]
    assert [status(chip, f"010402{target}800A") for target in ("00", "00", "01", "01", "00")] == [1, 0xFB, 1, 0xFB, 1]
    chip.power()
    assert status(chip, "01040200800A") == 1
    assert status(chip, "010400008A0A") == 0xF8


def test_statistics_follow_where_they_are_asked_for() -> None:
    told = answers(reader(national_tag("1"), national_tag("2"), model=READER288), command("01840000800A"))
    assert [answer[3] for answer in told] == [0x01, 0x26]
    assert told[1][4:5] + told[1][7:11] == b"\x01\x00\x00\x00\x02"


def test_the_epc_of_any_single_tag_can_be_written() -> None:
    tag = national_tag("1")
    assert status(reader(tag), "0402 00000000 11223344") == 0
    assert (tag.epc.hex(), tag.pc & 0x07FF) == ("11223344", 0x0107)


def test_a_lock_is_set_and_kept() -> None:
    tag = national_tag("1")
    assert status(reader(tag), f"06{meant(tag)}02 03 00000000") == 0
    assert status(reader(tag), f"0301{meant(tag)}01 01 0000 00000000") == 0xFC
    assert tag.locks == {gen2.LOCK_EPC: gen2.NEVER}


def test_of_two_copies_any_one_answers() -> None:
    copies = [national_tag("1"), national_tag("1", copy=1)]
    chip = reader(*copies)
    said = {answers(chip, command(f"02{meant(copies[0])}02 00 06 00000000"))[0][4:-2] for _ in range(30)}
    assert said == {tag.tid for tag in copies}


def test_a_write_that_stops_leaves_what_was_written_before() -> None:
    faults = Faults(seed=1)
    faults.set("half-write", "reader-A")
    stops = set()
    tags = [national_tag(str(n), user=b"\0") for n in range(20)]
    chip = reader(*tags, faults=faults)
    for tag in tags:
        assert status(chip, f"0304{meant(tag)}03 00 1111222233334444 00000000") == 0xFA
        stops.add(bytes(tag.user[:8]).hex().rstrip("0"))
    assert stops <= {"", "1111", "11112222", "111122223333", "1111222233334444"}
    assert len(stops) > 2


@pytest.mark.parametrize("hexed", ["0C0100000000000001", "0D"])
def test_electronic_article_surveillance_is_for_other_chips(hexed: str) -> None:
    assert status(reader(national_tag("1")), hexed) == 0x0B
