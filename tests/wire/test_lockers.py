"""The manuals' bytes referee over locker boards: our frames first, then the emulated boards against the same bytes."""

import pytest

from edge.frames.kerong import Cu12, Cu16, Cu48
from edge.frames.lockboard import Lockboard
from edge.frames.lockers import Answer, FrameError, Tongue
from edge.frames.wkly import Wkly
from firmware_sim.chips.lockers import Latch
from firmware_sim.faults import Faults
from firmware_sim.makes import MAKES, Around
from tests.wire.golden import frame, frames

PLAIN = Lockboard(24, "last-first", 1)
WIDE = Lockboard(32, "last-first", 1)
FAMILIES = {"kerong-cu16": 13, "kerong-cu48": 6, "kerong-cu12-v2": 3, "lockboard-8a": 18, "lockboard-wkly": 19}


@pytest.mark.parametrize("family", FAMILIES)
def test_there_are_golden_bytes_of_every_family(family: str) -> None:
    assert len(frames(family)) == FAMILIES[family]


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (Cu16().ask(0), "kerong-cu16-001"),
        (Cu16().unlock(0, 1), "kerong-cu16-002"),
        (Cu16().unlock(0, 16), "kerong-cu16-003"),
        (Cu16().unlock(1, 1), "kerong-cu16-004"),
        (Cu16().ask(1), "kerong-cu16-005"),
        (Cu48().ask(0), "kerong-cu48-001"),
        (Cu48().unlock(0, 1), "kerong-cu48-002"),
        (Cu48().unlock(0, 48), "kerong-cu48-003"),
        (Cu12().ask(0), "kerong-cu12-v2-001"),
        (Cu12().unlock(0, 1), "kerong-cu12-v2-002"),
        (PLAIN.unlock(1, 1), "lockboard-8a-001"),
        (PLAIN.ask(1), "lockboard-8a-008"),
        (PLAIN.unlock(2, 10), "lockboard-8a-015"),
        (PLAIN.unlock(3, 12), "lockboard-8a-017"),
        (Wkly().unlock(0, 1), "lockboard-wkly-005"),
        (Wkly().unlock(10, 1), "lockboard-wkly-007"),
        (Wkly().unlock(1, 1), "lockboard-wkly-008"),
        (Wkly().ask(0), "lockboard-wkly-011"),
    ],
)
def test_what_we_ask_is_what_the_manual_says(made: bytes, name: str) -> None:
    assert made == frame(name).raw


def heard(tongue: Tongue, name: str) -> Answer:
    """The one answer in those bytes, cut into single bytes."""
    stream = tongue.stream()
    (answer,) = [answer for byte in frame(name).raw for answer in stream.feed(bytes((byte,)))]
    assert bytes(answer) == frame(name).raw
    return answer


@pytest.mark.parametrize(
    ("tongue", "name", "locks", "open_"),
    [
        (Cu16(), "kerong-cu16-007", 16, set(range(1, 17))),
        (Cu16(), "kerong-cu16-009", 16, set()),
        (Cu16(), "kerong-cu16-010", 16, {1}),
        (Cu16(), "kerong-cu16-011", 16, {16}),
        (Cu16(), "kerong-cu16-012", 16, set()),
        (Cu48(), "kerong-cu48-004", 48, set()),
        (Cu48(), "kerong-cu48-005", 48, {1}),
        (Cu12(), "kerong-cu12-v2-003", 12, set()),
        (Wkly(), "lockboard-wkly-012", 4, {1, 4}),
        (Wkly(), "lockboard-wkly-013", 24, set(range(1, 25))),
        (Wkly(), "lockboard-wkly-022", 12, set()),
    ],
)
def test_doors_are_read_as_the_manual_means_them(tongue: Tongue, name: str, locks: int, open_: set[int]) -> None:
    said = heard(tongue, name).open
    assert said is not None
    assert len(said) == locks
    assert {number for number, is_open in enumerate(said, 1) if is_open} == open_


@pytest.mark.parametrize(
    ("tongue", "name", "set_"),
    [
        (PLAIN, "lockboard-8a-009", set()),
        (PLAIN, "lockboard-8a-010", {2}),
        (PLAIN, "lockboard-8a-011", {6}),
        (WIDE, "lockboard-8a-012", set(range(1, 33))),
    ],
)
def test_states_of_the_8a_kind_have_the_last_byte_first(tongue: Lockboard, name: str, set_: set[int]) -> None:
    """A set bit is a shut door, as it is wired in these."""
    tongue.ask(1)
    said = heard(tongue, name).open
    assert said is not None
    assert {number for number, is_open in enumerate(said, 1) if not is_open} == set_


@pytest.mark.parametrize(
    ("tongue", "name", "about", "released"),
    [
        (Cu48(), "kerong-cu48-006", (0, 1), True),
        (Wkly(), "lockboard-wkly-006", (0, 1), True),
        (Wkly(), "lockboard-wkly-019", (0, 1), False),
    ],
)
def test_what_came_of_an_order_is_understood(tongue: Tongue, name: str, about: tuple[int, int], released: bool) -> None:
    answer = heard(tongue, name)
    assert (answer.board, answer.lock, answer.released, answer.open) == (*about, released, None)


@pytest.mark.parametrize(("name", "about"), [("lockboard-8a-002", (1, 1)), ("lockboard-8a-016", (2, 10))])
def test_what_came_of_an_order_to_the_8a_kind_is_understood(name: str, about: tuple[int, int]) -> None:
    PLAIN.unlock(*about)
    answer = heard(PLAIN, name)
    assert (answer.board, answer.lock, answer.released) == (*about, True)


def test_a_wrong_sum_is_no_answer() -> None:
    for tongue, name in ((Cu16(), "kerong-cu16-009"), (Cu48(), "kerong-cu48-004"), (Wkly(), "lockboard-wkly-012")):
        raw = bytearray(frame(name).raw)
        raw[-1] ^= 1
        with pytest.raises(FrameError):
            tongue.parse(bytes(raw))
        assert tongue.stream().feed(bytes(raw)) == ()


def test_an_answer_is_found_behind_noise_that_begins_like_one() -> None:
    stream = Wkly().stream()
    raw = frame("lockboard-wkly-012").raw
    found = [*stream.feed(b"W" + b"WKL" + raw), *stream.quiet()]
    assert [bytes(answer) for answer in found] == [raw]


# --- the emulated boards ---


@pytest.mark.parametrize(
    ("make", "asked", "answered", "locks"),
    [
        ("kerong-cu16", "kerong-cu16-001", "kerong-cu16-009", 16),
        ("kerong-cu48", "kerong-cu48-001", "kerong-cu48-004", 48),
        ("kerong-cu48", "kerong-cu48-002", "kerong-cu48-006", 48),
        ("kerong-cu12-v2", "kerong-cu12-v2-001", "kerong-cu12-v2-003", 12),
        ("lockboard-8a", "lockboard-8a-001", "lockboard-8a-002", 24),
        ("lockboard-wkly", "lockboard-wkly-005", "lockboard-wkly-006", 12),
        ("lockboard-wkly", "lockboard-wkly-011", "lockboard-wkly-022", 12),
    ],
)
def test_an_emulated_board_answers_as_the_manual_says(make: str, asked: str, answered: str, locks: int) -> None:
    wall = [[Latch() for _ in range(locks)]]
    chip = MAKES[make].build(Around(Faults(), "locks", locks=wall))
    (exchange,) = chip.feed(frame(asked).raw, 1.0)
    assert exchange.answer == frame(answered).raw


def test_an_emulated_cu16_answers_nothing_to_an_order_and_opens() -> None:
    wall = [[Latch() for _ in range(16)]]
    chip = MAKES["kerong-cu16"].build(Around(Faults(), "locks", locks=wall))
    (exchange,) = chip.feed(frame("kerong-cu16-002").raw, 1.0)
    assert exchange.answer == b""
    assert [latch.is_open for latch in wall[0]] == [True] + [False] * 15
    (exchange,) = chip.feed(frame("kerong-cu16-001").raw, 2.0)
    assert exchange.answer == frame("kerong-cu16-010").raw
