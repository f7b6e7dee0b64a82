"""The emulated RDM6300 says what the manual's reader says, and fails as real ones do."""

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.chips.rdm import REPEAT_S, RdmReader
from firmware_sim.faults import Faults
from firmware_sim.transponders import Card
from tests.wire.golden import frame

EM, OTHER = "010063E9AE", "4500B8D4F0"
WHOLE = frame("rdm6300-001").raw


class Held:
    """A reader, the cards held to it, and its time."""

    def __init__(self, once: bool = False, seed: int = 0) -> None:
        self.cards: list[Card] = []
        self.faults = Faults()
        self.chip = RdmReader(lambda: self.cards, self.faults, once=once, seed=seed)
        self.now = 0.0

    def hold(self, *uids: str) -> None:
        self.cards = [Card(uid) for uid in uids]

    def said(self, seconds: float) -> list[bytes]:
        """What it says in that time."""
        return [frame for frame, _ in self.timed(seconds)]

    def timed(self, seconds: float) -> Iterable[tuple[bytes, float]]:
        found, end = [], self.now + seconds
        while self.now < end:
            found += [(exchange.answer, self.now) for exchange in self.chip.tick(self.now)]
            self.now += 0.01
        return found


def right(frames: list[bytes]) -> list[bytes]:
    """Those whose check is right, by the manual."""
    return [f for f in frames if len(f) == 14 and _check(f[1:11]) == f[11:13]]


def _check(digits: bytes) -> bytes:
    total = 0
    for byte in bytes.fromhex(digits.decode("ascii")):
        total ^= byte
    return f"{total:02X}".encode()


def test_a_card_held_is_said_some_fifteen_times_a_second() -> None:
    held = Held()
    held.hold(EM)
    times = [at for said, at in held.timed(2.0) if said == WHOLE]
    assert 25 <= len(times) <= 32
    assert all(later - earlier >= REPEAT_S - 0.011 for earlier, later in itertools.pairwise(times))


def test_a_clone_says_it_once_and_again_when_it_comes_again() -> None:
    held = Held(once=True)
    for _ in range(2):
        held.hold(EM)
        assert held.said(1.0) == [WHOLE]
        held.hold()
        held.said(0.2)


def test_the_first_frame_is_damaged_now_and_then_and_the_last_one_cut() -> None:
    first: list[bytes] = []
    last: list[bytes] = []
    held = Held()
    for _ in range(60):
        held.hold(EM)
        first += held.said(0.2)[:1]
        held.hold()
        last += held.said(0.1)
    damaged = [f for f in first if f != WHOLE]
    assert 3 <= len(damaged) <= 30
    assert right(damaged) == []
    assert 5 <= len(last) <= 40
    assert all(WHOLE.startswith(cut) and cut != WHOLE for cut in last)


def test_of_two_cards_only_garbage_is_said() -> None:
    held = Held()
    held.hold(EM, OTHER)
    said = held.said(5)
    assert len(said) > 50
    assert right(said) == []


def test_a_card_of_another_frequency_is_not_there() -> None:
    held = Held()
    held.hold("DEADBEEF", "04A1B2C3D4E5F6")
    assert held.said(1) == []


def test_after_a_dip_of_its_supply_it_is_silent_until_it_is_switched_off_and_on() -> None:
    held = Held()
    held.faults.set("brown-out", "card", count=1)
    held.hold(EM)
    assert held.said(5) == []
    held.chip.power()
    assert WHOLE in held.said(1)


@pytest.mark.parametrize("fault", ["weak", "bcc"])
def test_a_bad_card_never_has_a_right_check(fault: str) -> None:
    held = Held()
    held.faults.set(fault, "card")
    held.hold(EM)
    assert right(held.said(3)) == []


@given(st.binary(max_size=50))
def test_it_listens_to_nobody(data: bytes) -> None:
    assert all(not exchange.answer for exchange in Held().chip.feed(data, 1.0))
