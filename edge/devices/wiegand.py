"""A door reader on two pins: Wiegand, 26 or 34 bits.

The library calls back for each pulse, and the silence between pulses, by the clock of this process, is what tells
cards apart. On a computer that is held up for longer than that silence a card falls in two; both parts are dropped,
and the patron taps again. Where that happens, `gap_ms` can be longer: readers leave a fifth of a second between cards.

The reader can't be asked anything. Of its wires it is known that they rest high: one that stays low is reported, and
so are wires that are swapped, once a card says so. A reader that is off, or a cut wire, looks like nobody coming.
"""

import queue
import time
from functools import partial
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge.devices.board import Pins
from edge.devices.door import Pin
from edge.devices.kinds import Look
from edge.devices.presence import Heard
from edge.errors import DeviceFault, DeviceGone
from edge.frames.wiegand import FrameError, Gatherer, Number, Swapped, decode
from protocol.cards import em_uid

MANY = 4000
"""Pulses waiting to be looked at, at most: a line that picks up noise all the time fills no memory."""
LOWS = 3
"""Looks in a row that find a wire low until it is taken for stuck: a single one may fall into a pulse."""
SWAPS = 2
"""Cards in a row that say that the wires are swapped until they are believed: two wrong bits say the same."""
VERDICT_S = 60.0
"""For so long the reader is out of service then; another try after it costs no more than two taps."""
CASCADE_TAG = 0x88
"""First byte of a longer UID's first part (ISO/IEC 14443-3): what follows is no whole UID."""


class WiegandOptions(BaseModel):
    """[device.…] with driver = "wiegand"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    d0_pin: Pin
    d1_pin: Pin
    cards: Literal["em", "mifare"] = "em"
    """What the reader reads: 125 kHz, named by five bytes, or 13.56 MHz, by the four of their UID (34 bits only)."""
    bits: Literal[32, 24] = 32
    """Of a 125 kHz card: how much of its number is kept; what the weakest of the library's readers tells."""
    byte_order: Literal["as-sent", "reversed"] = "as-sent"
    """Of a 13.56 MHz card: whether the first byte on the wires is the UID's first."""
    gap_ms: Annotated[int, Field(ge=5, le=150)] = 25
    """Silence that ends a card."""
    hold_s: Annotated[float, Field(ge=0.1, le=10)] = 0.3
    """How long a card lies there after it was sent; most readers send it once."""

    @model_validator(mode="after")
    def _apart(self) -> "WiegandOptions":
        if self.d0_pin == self.d1_pin:
            raise ValueError(f"d0_pin and d1_pin are both {self.d0_pin}")
        return self


class WiegandReader:
    """A card reader that only speaks, a bit at a time."""

    Options: ClassVar[type[BaseModel]] = WiegandOptions

    def __init__(self, options: WiegandOptions) -> None:
        self._options = options
        self._name = f"wiegand GPIO{options.d0_pin}/GPIO{options.d1_pin}"
        self._pins: Pins | None = None
        self._pulses: queue.SimpleQueue[tuple[int, float]] = queue.SimpleQueue()
        self._start()
        self._swaps = 0
        self._wrong: tuple[str, float] | None = None
        """What is wrong with the wiring, and until when that stands."""

    def connect(self) -> str:
        """Takes both pins."""
        self._refuse()
        pins = Pins(self._name)
        self._pins = pins
        self._start()
        for pin, bit in self._wires():
            pins.edges(pin, partial(self._pulse, bit))
        return f"D0 on GPIO{self._options.d0_pin}, D1 on GPIO{self._options.d1_pin}; the reader can't be asked"

    def close(self) -> None:
        """Lets go of both pins."""
        pins, self._pins = self._pins, None
        if pins is not None:
            for pin, _ in self._wires():
                pins.release(pin)

    def look(self) -> Look:
        """What the reader has said since the last look, or just before it."""
        if self._pins is None:
            raise DeviceGone(self._name, "it is not connected")
        self._refuse()
        self._look_at_wires(self._pins)
        while not self._pulses.empty():
            self._gatherer.pulse(*self._pulses.get())
        for bits in self._gatherer.over(time.monotonic()):
            self._hear(bits)
        return self._heard.look(time.monotonic())

    def _start(self) -> None:
        self._gatherer = Gatherer(self._options.gap_ms / 1000)
        self._heard = Heard(self._options.hold_s)
        self._lows = 0
        while not self._pulses.empty():
            self._pulses.get()

    def _wires(self) -> tuple[tuple[int, int], tuple[int, int]]:
        return (self._options.d0_pin, 0), (self._options.d1_pin, 1)

    def _pulse(self, bit: int) -> None:
        """On the library's thread."""
        if self._pulses.qsize() < MANY:
            self._pulses.put((bit, time.monotonic()))

    def _look_at_wires(self, pins: Pins) -> None:
        low = [f"D{bit} (GPIO{pin})" for pin, bit in self._wires() if not pins.is_high(pin)]
        self._lows = self._lows + 1 if low else 0
        if self._lows >= LOWS:
            raise DeviceFault(self._name, f"{' and '.join(low)} stays low: a short, or a reader without power")

    def _hear(self, bits: tuple[int, ...]) -> None:
        try:
            uid = self._uid(decode(bits))
        except Swapped:
            self._swaps += 1
            if self._swaps >= SWAPS:
                self._blame("D0 and D1 are swapped: change the wires, or d0_pin and d1_pin")
            return
        except FrameError:
            return
        self._swaps = 0
        if uid is not None:
            self._heard.hear(uid, time.monotonic())

    def _uid(self, number: Number) -> str | None:
        options = self._options
        if options.cards == "em":
            return em_uid(number.value, options.bits)
        if number.bits < 32:
            self._blame("it sends 26 bits, which hold no whole UID of a 13.56 MHz card: set the reader to 34")
        uid = number.value.to_bytes(4, "big" if options.byte_order == "as-sent" else "little")
        return None if uid[0] == CASCADE_TAG else uid.hex().upper()

    def _blame(self, why: str) -> None:
        self._swaps = 0
        self._wrong = (why, time.monotonic() + VERDICT_S)
        self._refuse()

    def _refuse(self) -> None:
        """Raises DeviceFault while something is known to be wrong with the wiring."""
        if self._wrong is None:
            return
        why, until = self._wrong
        if time.monotonic() < until:
            raise DeviceFault(self._name, why)
        self._wrong = None
