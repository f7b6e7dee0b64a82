"""An RDM6300 reader of EM4100 cards: it hears nothing and says what lies before it (RDM6300 data sheet).

02, five bytes in ten hex digits, their exclusive or in two, 03; every 65 ms while one card lies there. The first frame
may be damaged and the last one cut, as hands come and go; two cards together are garbage. After a dip of its supply it
is silent until it is switched off and on.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from firmware_sim.faults import Faults
from firmware_sim.transponders import Card
from firmware_sim.wires import Exchange

REPEAT_S = 0.065
_DIGITS = b"0123456789ABCDEF"
_DAMAGED, _CUT = 0.2, 0.3
"""How often the first frame is damaged, and the last one cut."""


def frame(uid: str) -> bytes:
    """What is said of a card: ten hex digits, most significant byte first."""
    check = 0
    for byte in bytes.fromhex(uid):
        check ^= byte
    return b"\x02" + uid.upper().encode("ascii") + f"{check:02X}".encode("ascii") + b"\x03"


@dataclass(slots=True)
class RdmReader:
    """One reader. `cards` gives what is held to it now; it hears those of 125 kHz."""

    cards: Callable[[], Sequence[Card]]
    faults: Faults
    device: str = "card"
    once: bool = False
    """A clone that says each card once, when it comes."""
    baud: int = 9600
    seed: int = 0
    speed: float = 1.0
    bits_per_byte: int = field(default=10, init=False)
    _chance: random.Random = field(init=False)
    _held: tuple[Card, ...] = field(default=(), init=False)
    _next: float = field(default=0.0, init=False)
    _dead: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def feed(self, data: bytes, at: float) -> list[Exchange]:
        """Nothing is connected to its input."""
        return [Exchange(data, "it doesn't listen")]

    def power(self) -> None:
        """Supply off and on."""
        self._held, self._next, self._dead = (), 0.0, False

    def tick(self, at: float) -> list[Exchange]:
        """What it says of the cards before it."""
        held = tuple(card for card in self.cards() if card.is_em)
        if self._dead:
            return []
        if held and self.faults.strikes("brown-out", self.device):
            self._dead = True
            return []
        before, self._held = self._held, held
        if held != before:
            return self._changed(before, held, at)
        if not held or at < self._next or self.once:
            return []
        self._next = at + REPEAT_S / self.speed
        return self._say(held)

    def _changed(self, before: tuple[Card, ...], held: tuple[Card, ...], at: float) -> list[Exchange]:
        self._next = at + REPEAT_S / self.speed
        if not held:
            cut = frame(before[0].uid)[: self._chance.randint(1, 13)]
            return [Exchange(b"", "cut at removal", cut)] if self._chance.random() < _CUT else []
        if not before and not self.once and self._chance.random() < _DAMAGED:
            return [Exchange(b"", "the first one, damaged", self._garbage())]
        return self._say(held)

    def _say(self, held: tuple[Card, ...]) -> list[Exchange]:
        strikes = self.faults.strikes
        if len(held) > 1 or strikes("weak", self.device):
            return [Exchange(b"", "unreadable", self._garbage())]
        missed = held[0].chance < 1 and self._chance.random() >= held[0].chance
        if missed or (strikes("edge-of-field", self.device) and self._chance.random() < 0.5):
            return []
        said = frame(held[0].uid)
        if strikes("bcc", self.device):
            said = said[:12] + bytes((_DIGITS[(_DIGITS.index(said[12]) + 1) % 16],)) + said[13:]
        return [Exchange(b"", "ok", said)]

    def _garbage(self) -> bytes:
        """A frame whose check is wrong, whole or not."""
        digits = bytearray(self._chance.choice(_DIGITS) for _ in range(10))
        check = frame(digits.decode("ascii"))[11:13]
        wrong = f"{int(check, 16) ^ self._chance.randint(1, 255):02X}".encode("ascii")
        return (b"\x02" + bytes(digits) + wrong + b"\x03")[: self._chance.choice((9, 14, 14))]
