"""A door reader with two open-collector wires: pulses on D0 for 0, on D1 for 1 (CN56 reader manual).

A card is sent once when it comes. Between its bits are 2 ms; between cards it pauses. The pulses' own length and
distance are the moments that go with them: they leave here all at once (`firmware_sim.board`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from firmware_sim.faults import Faults
from firmware_sim.transponders import Card
from firmware_sim.wires import FrameLog

BIT_S = 0.002
PAUSE_S = 0.25
"""From the end of a card to the beginning of the next, at least."""


@dataclass(frozen=True, slots=True)
class Model:
    """What door readers differ in."""

    name: str
    bits: int = 34
    mifare: bool = False
    """Reads cards of 13.56 MHz, four bytes of their UID, not those of 125 kHz."""
    reversed: bool = False
    """Sends the last byte first."""
    swapped: bool = False
    """Somebody has connected D0 to D1's pin."""


MODELS = {
    model.name: model
    for model in (
        Model("wiegand"),
        Model("wiegand26", bits=26),
        Model("wiegand-swapped", swapped=True),
        Model("wiegand-mifare", mifare=True),
        Model("wiegand-mifare-reversed", mifare=True, reversed=True),
        Model("wiegand26-mifare", bits=26, mifare=True),
    )
}


def sent(number: bytes) -> str:
    """The bits on the wires for three or four bytes: parity even over the first half, odd over the second."""
    data = "".join(f"{byte:08b}" for byte in number)
    half = len(data) // 2
    even, odd = data[:half].count("1") % 2, 1 - data[half:].count("1") % 2
    return f"{even}{data}{odd}"


@dataclass(slots=True)
class WiegandReader:
    """One reader. `cards` gives what is held to it now, `pulse` puts pulses on its wires, each a wire and a moment."""

    cards: Callable[[], Sequence[Card]]
    pulse: Callable[[Sequence[tuple[int, float]]], None]
    faults: Faults
    log: FrameLog
    device: str = "card"
    model: Model = MODELS["wiegand"]
    _held: tuple[Card, ...] = field(default=(), init=False)
    _told: bool = field(default=False, init=False)
    _ready: float = field(default=0.0, init=False)

    def power(self) -> None:
        """Supply off and on."""
        self._held, self._told, self._ready = (), False, 0.0

    def tick(self, at: float) -> None:
        """Sends the card that has come, once."""
        held = tuple(card for card in self.cards() if card.is_em != self.model.mifare)
        if held != self._held:
            self._held, self._told = held, False
        if len(held) != 1 or self._told or at < self._ready or self._misses():
            return
        self._told = True
        bits, verdict = self._spoil(sent(self._number(held[0])))
        self._ready = at + len(bits) * BIT_S + PAUSE_S
        data = int(bits, 2).to_bytes((len(bits) + 7) // 8) if bits else b""
        self.log.add(self.device, True, data, verdict if verdict != "ok" else f"ok: {len(bits)} bits")
        turn = 1 if self.model.swapped else 0
        self.pulse([(int(bit) ^ turn, at + n * BIT_S) for n, bit in enumerate(bits)])

    def _number(self, card: Card) -> bytes:
        uid = bytes.fromhex(card.uid)
        if self.model.mifare and len(uid) > 4:
            uid = b"\x88" + uid[:3]  # what the first step of anticollision gives
        number = uid[-4:] if not self.model.mifare else uid
        number = number[::-1] if self.model.reversed else number
        return number if self.model.bits == 34 else number[-3:]

    def _misses(self) -> bool:
        strikes = self.faults.strikes
        if strikes("silent", self.device) or strikes("brown-out", self.device):
            self._told = True
            return True
        return strikes("edge-of-field", self.device)

    def _spoil(self, bits: str) -> tuple[str, str]:
        strikes, number = self.faults.strikes, self.faults.number
        if strikes("cut", self.device):
            at = int(number("cut", self.device, 0, len(bits) - 0.001))
            return bits[:at] + bits[at + 1 :], "a bit lost"
        if strikes("weak", self.device):
            at = int(number("weak", self.device, 0, len(bits)))
            return f"{bits[:at]}1{bits[at:]}", "a bit of noise"
        for fault in ("flip", "bcc"):
            if strikes(fault, self.device):
                at = int(number(fault, self.device, 0, len(bits) - 0.001)) if fault == "flip" else 0
                return f"{bits[:at]}{1 - int(bits[at])}{bits[at + 1 :]}", "a bit wrong"
        return bits, "ok"
