"""The emulated door reader sends the manual's bits, once for each card that comes."""

import itertools
from collections.abc import Sequence

import pytest

from firmware_sim.chips.wiegand import MODELS, PAUSE_S, WiegandReader
from firmware_sim.faults import Faults
from firmware_sim.transponders import Card
from firmware_sim.wires import FrameLog
from tests.wire.golden import frame

EM, OTHER = "010063E9AE", "4500B8D4F0"


class Held:
    """A reader, the cards held to it, and what comes out of its wires."""

    def __init__(self, model: str = "wiegand") -> None:
        self.cards: list[Card] = []
        self.faults = Faults()
        self.pulses: list[tuple[int, float]] = []
        self.chip = WiegandReader(lambda: self.cards, self._pulse, self.faults, FrameLog(), model=MODELS[model])
        self.now = 10.0

    def _pulse(self, train: Sequence[tuple[int, float]]) -> None:
        self.pulses += train

    def hold(self, *uids: str) -> "Held":
        self.cards = [Card(uid) for uid in uids]
        return self

    def sent(self, seconds: float = 1.0) -> str:
        """The bits that it sends in that time."""
        self.pulses, end = [], self.now + seconds
        while self.now < end:
            self.chip.tick(self.now)
            self.now += 0.05
        return "".join(str(wire) for wire, _ in self.pulses)


def test_a_card_is_sent_once_while_it_is_held_and_again_when_it_comes_again() -> None:
    held = Held("wiegand26").hold(EM)
    bits = frame("wiegand26-002").more["bits"]
    assert held.sent(5) == bits
    held.hold().sent(0.1)
    assert held.hold(EM).sent() == bits


def test_bits_are_two_milliseconds_apart_and_cards_pause() -> None:
    held = Held().hold(EM)
    held.sent(0.05)
    times = [at for _, at in held.pulses]
    assert [round(b - a, 6) for a, b in itertools.pairwise(times)] == [0.002] * 33
    held.hold(OTHER)
    held.sent(1)
    assert held.pulses[0][1] - times[-1] >= PAUSE_S


def test_two_cards_are_not_sent_and_the_one_left_is() -> None:
    held = Held().hold(EM, OTHER)
    assert held.sent() == ""
    assert len(held.hold(OTHER).sent()) == 34


def test_wires_that_are_swapped_turn_each_bit_round() -> None:
    right, swapped = Held().hold(EM).sent(), Held("wiegand-swapped").hold(EM).sent()
    assert [1 - int(bit) for bit in right] == [int(bit) for bit in swapped]


@pytest.mark.parametrize(
    ("model", "uid", "number"),
    [
        ("wiegand-mifare", "89D41B81", "89D41B81"),
        ("wiegand-mifare-reversed", "811BD489", "89D41B81"),
        ("wiegand-mifare", "04A1B2C3D4E5F6", "8804A1B2"),
        ("wiegand26-mifare", "89D41B81", "D41B81"),
    ],
)
def test_of_a_13_56_mhz_card_it_sends_what_fits(model: str, uid: str, number: str) -> None:
    bits = Held(model).hold(uid).sent()
    assert f"{int(bits[1:-1], 2):0{len(number)}X}" == number
    assert Held(model).hold(EM).sent() == ""


@pytest.mark.parametrize(("fault", "count"), [("cut", 33), ("weak", 35), ("flip", 34), ("bcc", 34)])
def test_what_goes_wrong_on_the_wires(fault: str, count: int) -> None:
    held = Held().hold(EM)
    right = held.sent()
    held.hold().sent(0.1)
    held.faults.set(fault, "card")
    wrong = held.hold(EM).sent()
    assert len(wrong) == count
    assert wrong != right


@pytest.mark.parametrize("fault", ["silent", "brown-out"])
def test_a_reader_that_is_silent_tells_nothing_of_the_card_later_either(fault: str) -> None:
    held = Held().hold(EM)
    held.faults.set(fault, "card", count=1)
    assert held.sent(2) == ""
