"""What a door reader says on two wires: Wiegand, 26 or 34 bits (CN56 reader manual).

A pulse on D0 is a 0, one on D1 a 1; a card is over when both have been silent for a while. The first bit makes the
number of ones in the first half even, the last one that in the second half odd. That is a weak check, and it is the
only one: two wrong bits in one half pass. Wires that are swapped turn every bit round; as each half, its parity bit
included, is 13 or 17 bits long, both parities are then wrong, always.
"""

from collections.abc import Sequence
from dataclasses import dataclass

LENGTHS = {26: 24, 34: 32}
"""Bits on the wires, and of them the card's."""
MOST_BITS = 128
"""Of one card's are kept; what is longer is noise."""


class FrameError(ValueError):
    """Bits that are no card; the message says what is wrong with them."""


class Swapped(FrameError):
    """Bits that are a card once each is turned round."""


@dataclass(frozen=True, slots=True)
class Number:
    """What the reader says of a card."""

    value: int
    bits: int
    """24 or 32."""

    @property
    def facility(self) -> int:
        """The first number printed on many cards: the bits before the last sixteen."""
        return self.value >> 16

    @property
    def card(self) -> int:
        """The second: the last sixteen."""
        return self.value & 0xFFFF


def encode(number: Number) -> tuple[int, ...]:
    """The bits as they come, parities included."""
    half = number.bits // 2
    data = [number.value >> place & 1 for place in reversed(range(number.bits))]
    return (sum(data[:half]) % 2, *data, 1 - sum(data[half:]) % 2)


def decode(bits: Sequence[int]) -> Number:
    """The number in the bits of one card, each 0 or 1, in the order they came; raises FrameError, or Swapped."""
    size = LENGTHS.get(len(bits))
    if size is None:
        known = " or ".join(map(str, LENGTHS))
        raise FrameError(f"{len(bits)} bits instead of {known}: some were lost, or noise came in")
    half = len(bits) // 2
    first, second = sum(bits[:half]) % 2 == 0, sum(bits[half:]) % 2 == 1
    if not first and not second:
        raise Swapped("both parities are wrong: D0 and D1 are swapped")
    if not first or not second:
        raise FrameError("a parity is wrong")
    return Number(int("".join(map(str, bits[1:-1])), 2), size)


class Gatherer:
    """Pulses as they come, cards' bits as they are over. `gap_s` is the silence that ends one, seconds."""

    def __init__(self, gap_s: float = 0.025) -> None:
        self._gap_s = gap_s
        self._bits: list[int] = []
        self._last = 0.0
        self._over: list[tuple[int, ...]] = []

    def pulse(self, bit: int, at: float) -> None:
        """One bit that came at `at` (monotonic seconds)."""
        self._end(at)
        self._last = at
        if len(self._bits) < MOST_BITS:
            self._bits.append(bit)

    def over(self, now: float) -> tuple[tuple[int, ...], ...]:
        """The bits of each card that is over by `now`, since the last call."""
        self._end(now)
        over, self._over = tuple(self._over), []
        return over

    def _end(self, now: float) -> None:
        if self._bits and now - self._last >= self._gap_s:
            self._over.append(tuple(self._bits))
            self._bits = []
