"""A scanner of the GM65 kind: settings in, texts out (GM65, GM861 and EM1365 user manuals).

Requests are 7E 00 type length zone(2) data CRC, answers 02 00 type length data CRC; AB CD stands for any CRC. A wrong
CRC is not answered. What is decoded is sent bare with an end behind it. Settings live until the supply goes, unless
they are saved.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from firmware_sim import crc
from firmware_sim.faults import Faults
from firmware_sim.wires import Exchange

PAUSE_S = 0.1
"""The longest silence inside a request."""
READ, WRITE, SAVE = 0x07, 0x08, 0x09
MODE, TRIGGER, READ_TIME, BAUD, FORM, FACTORY = 0x00, 0x02, 0x06, 0x2A, 0x60, 0xD9
COMMAND_MODE, CONTINUOUS, MOTION = 1, 2, 3
_ENDS = (b"\r", b"\r\n", b"\t", b"")
_SPEEDS = {9600: b"\x39\x01", 115200: b"\x1a\x00"}
_ZONES = 0x100
_DECODE_S, _AGAIN_S = 0.03, 0.3
"""From a code's coming to its text, and to the next text of a code that stays."""
_REBOOT_S = 0.5


@dataclass(frozen=True, slots=True)
class Model:
    """What these scanners differ in."""

    name: str
    form: int
    """What zone 60 holds from the factory."""


GM65 = Model("GM65", 0x01)
EM1365 = Model("EM1365", 0x21)


@dataclass(slots=True)
class Gm65:
    """One scanner. `codes` gives what is held before its window now, each the bytes that are printed in it."""

    codes: Callable[[], Sequence[bytes]]
    faults: Faults
    device: str = "scanner"
    model: Model = GM65
    baud: int = 9600
    seed: int = 0
    speed: float = 1.0
    bits_per_byte: int = field(default=10, init=False)
    _zones: bytearray = field(init=False)
    _saved: bytes = field(init=False)
    _buffer: bytearray = field(default_factory=bytearray, init=False)
    _last: float = field(default=0.0, init=False)
    _dead_until: float = field(default=0.0, init=False)
    _reads_until: float = field(default=0.0, init=False)
    _read: dict[bytes, float] = field(default_factory=dict, init=False)
    """The codes before it that were read, and when."""
    _came: dict[bytes, float] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._saved = self._factory()
        self._zones = bytearray(self._saved)

    def _factory(self) -> bytes:
        zones = bytearray(_ZONES)
        zones[MODE], zones[READ_TIME], zones[FORM] = 0xD4, 50, self.model.form
        zones[BAUD : BAUD + 2] = _SPEEDS[9600]
        return bytes(zones)

    # --- the line ---

    def feed(self, data: bytes, at: float) -> list[Exchange]:
        """Bytes that came at `at` (monotonic seconds); what they completed."""
        exchanges = []
        if self._buffer and at - self._last > PAUSE_S:
            exchanges.append(Exchange(bytes(self._buffer), "ended by a pause"))
            self._buffer.clear()
        self._last = at
        self._buffer += data
        while self._buffer:
            if not b"\x7e\x00".startswith(bytes(self._buffer[:2])):
                exchanges.append(Exchange(bytes(self._buffer[:1]), "no request"))
                del self._buffer[:1]
                continue
            if len(self._buffer) < 4 or len(self._buffer) < self._buffer[3] + 8:
                break
            size = self._buffer[3] + 8
            exchanges.append(self._frame(bytes(self._buffer[:size]), at))
            del self._buffer[:size]
        return exchanges

    def power(self) -> None:
        """Supply off and on: what was saved comes back."""
        self._buffer.clear()
        self._zones[:] = self._saved
        self._dead_until = self._reads_until = 0.0
        self._read.clear()
        self._take_speed()

    def _frame(self, frame: bytes, at: float) -> Exchange:
        if frame[-2:] not in (b"\xab\xcd", crc.xmodem(frame[2:-2])):
            return Exchange(frame, "wrong check: silence")
        if self.faults.strikes("brown-out", self.device):
            self.power()
            self._dead_until = at + _REBOOT_S / self.speed
        if at < self._dead_until:
            return Exchange(frame, "restarting: silence")
        done = self._obey(frame[2], int.from_bytes(frame[4:6]), frame[6:-2], at)
        if done is None:
            return Exchange(frame, "nothing that it can do: silence")
        body = b"\x00" + bytes((len(done),)) + done
        answer = b"\x02\x00" + body + crc.xmodem(body)
        told = next(iter(self.codes()), None)
        if told is not None and self._mode != 0 and self.faults.strikes("between", self.device):
            half = len(told) // 2
            self._read[told], self._reads_until = at, 0.0
            return Exchange(frame, "answered amid a text", told[:half] + answer + told[half:] + self._end, 0.01)
        return Exchange(frame, "ok", answer, 0.005)

    def _obey(self, kind: int, zone: int, data: bytes, at: float) -> bytes | None:
        """What is answered; None when nothing is."""
        if kind == SAVE:
            self._saved = bytes(self._zones)
            return b"\x00"
        if not data or zone + len(data) > _ZONES:
            return None
        if kind == READ:
            return bytes(self._zones[zone : zone + data[0]]) or None
        if kind != WRITE:
            return None
        if zone == FACTORY:
            self._zones[:] = self._factory()
        elif zone == TRIGGER:
            self._reads_until = at + self._zones[READ_TIME] / 10 if data[0] & 1 else 0.0
        else:
            self._zones[zone : zone + len(data)] = data
        self._take_speed()
        return b"\x00"

    def _take_speed(self) -> None:
        held = bytes(self._zones[BAUD : BAUD + 2])
        self.baud = next((baud for baud, said in _SPEEDS.items() if said == held), self.baud)

    # --- the window ---

    @property
    def _mode(self) -> int:
        return self._zones[MODE] & 3

    @property
    def _end(self) -> bytes:
        form = self._zones[FORM]
        return _ENDS[form >> 5 & 3] if form & 1 and not self.faults.stands("no-suffix", self.device) else b""

    def tick(self, at: float) -> list[Exchange]:
        """What it reads by itself, or was told to read: one code at a time."""
        held = list(self.codes())
        self._came = {code: self._came.get(code, at) for code in held}
        self._read = {code: self._read[code] for code in held if code in self._read}
        if at < self._dead_until:
            return []
        for code in held:
            if at - self._came[code] >= _DECODE_S / self.speed and self._may_read(code, at):
                self._read[code], self._reads_until = at, 0.0
                return [Exchange(b"", "read", code + self._end)]
        return []

    def _may_read(self, code: bytes, at: float) -> bool:
        before = self._read.get(code)
        if self._mode == COMMAND_MODE:
            return at < self._reads_until
        if self._mode == CONTINUOUS:
            return before is None or at - before >= _AGAIN_S  # hosts tell texts apart by pauses of their own clock
        return self._mode == MOTION and before is None
