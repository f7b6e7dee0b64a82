"""The emulated scanner answers the manual's requests with the manual's bytes, and reads what is held before it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim import crc
from firmware_sim.chips.gm65 import EM1365, GM65, Gm65, Model
from firmware_sim.faults import Faults
from tests.wire.golden import frame

DONE = frame("gm65-003").raw
CODE = b"P100023"
START, STOP = frame("gm65-001").raw, frame("gm65-009").raw


def request(kind: int, zone: int, *data: int) -> bytes:
    body = bytes((kind, len(data))) + zone.to_bytes(2) + bytes(data)
    return b"\x7e\x00" + body + crc.xmodem(body)


class Before:
    """A scanner, the codes before it, and its time."""

    def __init__(self, model: Model = GM65) -> None:
        self.codes: list[bytes] = []
        self.faults = Faults()
        self.chip = Gm65(lambda: self.codes, self.faults, model=model)
        self.now = 100.0

    def ask(self, data: bytes) -> bytes:
        return b"".join(exchange.answer for exchange in self.chip.feed(data, self.now))

    def mode(self, mode: int) -> "Before":
        assert self.ask(request(8, 0, 0xD4 | mode)) == DONE
        return self

    def said(self, seconds: float) -> list[bytes]:
        found, end = [], self.now + seconds
        while self.now < end:
            found += [exchange.answer for exchange in self.chip.tick(self.now)]
            self.now += 0.01
        return found


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("gm65-001", "gm65-003"),
        ("gm65-004", "gm65-003"),
        ("gm65-005", "gm65-003"),
        ("gm65-006", "gm65-010"),
        ("gm65-007", "gm65-003"),
        ("gm65-008", "gm65-003"),
        ("gm65-009", "gm65-003"),
    ],
)
def test_it_answers_the_manuals_request_with_the_manuals_bytes(asked: str, answered: str) -> None:
    assert Before().ask(frame(asked).raw) == frame(answered).raw


@pytest.mark.parametrize(("model", "golden"), [(GM65, "gm65-011"), (EM1365, "gm65-012")])
def test_a_text_has_the_suffix_that_its_make_has_from_the_factory(model: Model, golden: str) -> None:
    before = Before(model).mode(2)
    before.codes = [frame(golden).raw.strip()]
    assert before.said(0.2) == [frame(golden).raw]


def test_in_command_mode_it_reads_when_told_to_and_once() -> None:
    before = Before().mode(1)
    before.codes = [CODE]
    assert before.said(1) == []
    assert before.ask(START) == DONE
    assert before.said(3) == [CODE + b"\r"]


def test_a_reading_that_finds_nothing_ends_by_itself_or_when_told_to() -> None:
    before = Before().mode(1)
    before.ask(request(8, 6, 10))
    before.ask(START)
    before.said(1.1)
    before.codes = [CODE]
    assert before.said(1) == []
    before.codes = []
    before.said(0.1)
    before.ask(START)
    before.ask(STOP)
    before.codes = [CODE]
    assert before.said(1) == []


def test_in_continuous_mode_it_reads_the_same_code_again_and_again() -> None:
    before = Before().mode(2)
    before.codes = [CODE]
    assert 3 <= len(before.said(1.2)) <= 5


def test_moved_before_it_a_code_is_read_once_each_time() -> None:
    before = Before().mode(3)
    for _ in range(2):
        before.codes = [CODE]
        assert before.said(2) == [CODE + b"\r"]
        before.codes = []
        before.said(0.1)


def test_as_it_comes_from_the_factory_it_waits_for_a_button() -> None:
    before = Before()
    before.codes = [CODE]
    assert before.said(2) == []


def test_settings_go_with_the_supply_unless_they_are_saved() -> None:
    before = Before().mode(2)
    before.chip.power()
    assert before.ask(request(7, 0, 1))[4] & 3 == 0
    before.mode(2)
    before.ask(frame("gm65-004").raw)
    before.chip.power()
    assert before.ask(request(7, 0, 1))[4] & 3 == 2
    before.ask(frame("gm65-008").raw)
    assert before.ask(request(7, 0, 1))[4] & 3 == 0


def test_a_wrong_check_is_not_answered_and_any_check_may_be_skipped() -> None:
    before = Before()
    assert before.ask(START[:-1] + b"\x00") == b""
    assert before.ask(START[:-2] + b"\xab\xcd") == DONE


def test_its_speed_is_what_it_is_set_to() -> None:
    before = Before()
    before.ask(request(8, 0x2A, 0x1A, 0x00))
    assert before.chip.baud == 115200
    before.chip.power()
    assert before.chip.baud == 9600


def test_an_answer_may_come_in_the_middle_of_a_text() -> None:
    before = Before().mode(1)
    before.codes = [CODE]
    before.faults.set("between", "scanner", count=1)
    assert before.ask(START) == CODE[:3] + DONE + CODE[3:] + b"\r"
    assert before.said(1) == []


def test_a_suffix_may_be_missing() -> None:
    before = Before().mode(2)
    before.faults.set("no-suffix", "scanner")
    before.codes = [CODE]
    assert before.said(0.2) == [CODE]


def test_after_a_dip_of_its_supply_it_restarts_as_it_was_saved() -> None:
    before = Before().mode(2)
    before.faults.set("brown-out", "scanner", count=1)
    assert before.ask(START) == b""
    before.now += 1
    assert before.ask(request(7, 0, 1))[4] & 3 == 0


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_no_bytes_bring_it_down(pieces: list[bytes]) -> None:
    before = Before()
    for piece in pieces:
        before.ask(piece)
        before.now += 0.03
    before.now += 1
    assert before.ask(frame("gm65-006").raw)[-8:-4] == frame("gm65-010").raw[:4]
