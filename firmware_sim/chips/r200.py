"""An R200 module that reads EPC Gen2 tags: bytes in, exchanges out (R200 user protocol 2.3.3).

A frame is BB type command length(2) data sum 7E; other firmware has AA and DD at its ends. What isn't a whole and right
frame is not answered. A poll of many rounds says by itself what it hears, round after round; until it is stopped the
module hears nothing but the stop and another poll. Region and selection are gone when the power was.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from firmware_sim import crc
from firmware_sim.faults import Faults
from firmware_sim.gen2 import Field, Gen2Refused, Gen2Tag, Unreached, WrongPassword
from firmware_sim.wires import Exchange

READ_FAILED, WRITE_FAILED, LOCK_FAILED, NO_TAG, PASSWORD, UNKNOWN, HOP = 0x09, 0x10, 0x13, 0x15, 0x16, 0x17, 0x20
BB7E, AADD = b"\xbb\x7e", b"\xaa\xdd"
_BOOT_S = 0.4
_START_S, _TAG_S = 0.01, 0.003
"""How long an inventory takes at least, and for each tag."""
_LONGEST = 512
_PAUSE_S = 0.1
"""A frame begun is given up after so long a silence."""
_MOST_WORDS = 32


@dataclass(slots=True)
class _Error(Exception):
    """The answer is this error, and the tag that it is about."""

    code: int
    tag: Gen2Tag | None = None


@dataclass(slots=True)
class R200Module:
    """One module. `tags` gives what lies in its field at this moment."""

    tags: Callable[[], Sequence[Gen2Tag]]
    faults: Faults
    device: str = "reader"
    ends: bytes = BB7E
    baud: int = 115200
    seed: int = 0
    speed: float = 1.0
    on_word: Callable[[Gen2Tag], None] = lambda tag: None
    """Called after each word that is written."""
    bits_per_byte: int = field(default=10, init=False)
    region: int = field(default=0x02, init=False)
    air: Field = field(init=False)
    rounds: int = field(default=0, init=False)
    """Rounds that a poll still has to go."""
    _mode: int = field(default=1, init=False)
    _mask: tuple[int, int, int, bytes] | None = field(default=None, init=False)
    """Bank, first bit, bits, what they must be."""
    _asleep: bool = field(default=False, init=False)
    _buffer: bytearray = field(default_factory=bytearray, init=False)
    _last: float = field(default=0.0, init=False)
    _dead_until: float = field(default=0.0, init=False)
    _round_at: float = field(default=0.0, init=False)
    _took_s: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.air = Field(self.tags, self.faults, self.device, random.Random(self.seed))

    # --- the line ---

    def feed(self, data: bytes, at: float) -> list[Exchange]:
        """Bytes that came at `at` (monotonic seconds); what they completed."""
        exchanges: list[Exchange] = []
        if self._asleep:
            self._asleep = False
            return [Exchange(data, "asleep: wakes")]
        if self._buffer and at - self._last > _PAUSE_S:
            exchanges.append(Exchange(bytes(self._buffer), "ended by a pause"))
            self._buffer.clear()
        self._last = at
        self._buffer += data
        while (size := self._size()) is not None and len(self._buffer) >= size:
            frame = bytes(self._buffer[:size])
            if size > 1 and frame[-1] == self.ends[1] and sum(frame[1:-2]) & 0xFF == frame[-2]:
                exchanges += self._frame(frame, at)
            else:
                size = 1
            del self._buffer[:size]
        return exchanges

    def tick(self, at: float) -> list[Exchange]:
        """What a poll of many rounds says by itself: one round, when it is due."""
        goes_on = self.rounds or self.faults.stands("scan-mode", self.device)
        if not goes_on or at < max(self._round_at, self._dead_until):
            return []
        self.rounds = max(0, self.rounds - 1)
        told = self._poll()
        self._round_at = at + self._took_s / self.speed
        return [Exchange(b"", "unasked", answer) for answer in told]

    def power(self) -> None:
        """Supply off and on: everything is at its defaults."""
        self._buffer.clear()
        self.rounds, self._mode, self._mask, self._asleep, self.region = 0, 1, None, False, 0x02
        self.air.power = 26.0
        self._dead_until = 0.0
        for tag in self.tags():
            tag.wake()

    def _size(self) -> int | None:
        """The size of the frame in front as far as it can be told; 1: none begins here."""
        if not self._buffer or self._buffer[0] == self.ends[0]:
            if len(self._buffer) < 5:
                return None
            size = int.from_bytes(self._buffer[3:5]) + 7
            return size if size <= _LONGEST else 1
        return 1

    def _frame(self, frame: bytes, at: float) -> list[Exchange]:
        kind, command, data = frame[1], frame[2], frame[5:-2]
        if kind != 0:
            return [Exchange(frame, "no command: silence")]
        if self.faults.strikes("brown-out", self.device):
            self.power()
            self._dead_until = at + _BOOT_S / self.speed
        if at < self._dead_until:
            return [Exchange(frame, "starting: silence")]
        if (self.rounds or self.faults.stands("scan-mode", self.device)) and command not in (0x27, 0x28):
            return [Exchange(frame, "polling: not heard")]
        self._took_s = 0.002
        told = self._obey(command, data)
        exchanges = [
            Exchange(b"" if number else frame, "ok", answer, 0.0 if number else self._took_s)
            for number, answer in enumerate(told or [b""])
        ]
        if told and self.faults.strikes("unasked", self.device):
            exchanges += [Exchange(b"", "unasked", self._notification(tag, tag.rssi)) for tag in self.tags()[:1]]
        return exchanges

    def _message(self, kind: int, command: int, data: bytes) -> bytes:
        body = bytes((kind, command)) + len(data).to_bytes(2) + data
        return self.ends[:1] + body + bytes((sum(body) & 0xFF,)) + self.ends[1:]

    def _notification(self, tag: Gen2Tag, rssi: int) -> bytes:
        told = tag.pc.to_bytes(2) + tag.epc
        return self._message(0x02, 0x22, bytes((rssi & 0xFF,)) + told + crc.gen2(told))

    def _obey(self, command: int, data: bytes) -> list[bytes]:
        """The answers to a command."""
        try:
            if command == 0x22:
                return self._poll()
            if command == 0x27:
                return self._start(data)
            if command not in _COMMANDS:
                raise _Error(UNKNOWN)
            return [self._message(0x01, command, _COMMANDS[command](self, data))]
        except _Error as error:
            return [self._message(0x01, 0xFF, bytes((error.code,)) + (_named(error.tag) if error.tag else b""))]

    # --- settings ---

    def _version(self, data: bytes) -> bytes:
        _expect(data, 1)
        texts = {0: b"M100 26dBm V1.0", 1: b"V2.3.5", 2: b"MagicRF"}
        return data + texts.get(data[0], b"")

    def _set_region(self, data: bytes) -> bytes:
        _expect(data, 1)
        self.region = data[0]
        return b"\0"

    def _get_region(self, data: bytes) -> bytes:
        _expect(data, 0)
        return bytes((self.region,))

    def _set_power(self, data: bytes) -> bytes:
        _expect(data, 2)
        self.air.power = int.from_bytes(data) / 100
        return b"\0"

    def _get_power(self, data: bytes) -> bytes:
        _expect(data, 0)
        return round(self.air.power * 100).to_bytes(2)

    def _select(self, data: bytes) -> bytes:
        if len(data) < 7 or len(data) != 7 + (data[5] + 7) // 8:
            raise _Error(UNKNOWN)
        self._mask = (data[0] & 3, int.from_bytes(data[1:5]), data[5], data[7:])
        return b"\0"

    def _selection(self, data: bytes) -> bytes:
        _expect(data, 0)
        bank, first, bits, mask = self._mask or (0, 0, 0, b"")
        return bytes((bank,)) + first.to_bytes(4) + bytes((bits, 0)) + mask

    def _set_mode(self, data: bytes) -> bytes:
        _expect(data, 1)
        self._mode = data[0]
        return b"\0"

    def _sleep(self, data: bytes) -> bytes:
        _expect(data, 0)
        self._asleep, self._mode, self._mask = True, 1, None
        return b"\0"

    def _idle(self, data: bytes) -> bytes:
        _expect(data, 1)
        return data

    def _stop(self, data: bytes) -> bytes:
        _expect(data, 0)
        self.rounds = 0
        return b"\0"

    # --- tags ---

    def _start(self, data: bytes) -> list[bytes]:
        if len(data) != 3 or data[0] != 0x22:
            raise _Error(UNKNOWN)
        self.rounds = int.from_bytes(data[1:])
        return []

    def _poll(self) -> list[bytes]:
        """What one inventory says."""
        if self.faults.strikes("hardware", self.device):
            return [self._message(0x01, 0xFF, bytes((HOP,)))]
        heard = [(tag, rssi) for tag, rssi in self.air.heard() if self._mode != 0 or self._fits(tag)]
        self._took_s = _START_S + _TAG_S * len(heard)
        told = [self._notification(tag, rssi) for tag, rssi in heard]
        return told or [self._message(0x01, 0xFF, bytes((NO_TAG,)))]

    def _fits(self, tag: Gen2Tag) -> bool:
        if self._mask is None:
            return True
        bank, first, bits, mask = self._mask
        held, wanted = int.from_bytes(tag.bank(bank)), int.from_bytes(mask)
        size = 8 * len(tag.bank(bank))
        if first + bits > size:
            return False
        return held >> size - first - bits & (1 << bits) - 1 == wanted >> (8 * len(mask) - bits)

    def _meant(self) -> Gen2Tag:
        return self.air.one(lambda tag: self._mode == 1 or self._fits(tag))

    def _read(self, data: bytes) -> bytes:
        _expect(data, 9)
        password, bank, first, count = data[:4], data[4], int.from_bytes(data[5:7]), int.from_bytes(data[7:9])
        if count > _MOST_WORDS:
            raise _Error(UNKNOWN)
        self._took_s = 0.008 + 0.0005 * count
        return self._try(READ_FAILED, 0xA0, lambda tag: tag.read(bank, first, count, password))

    def _write(self, data: bytes) -> bytes:
        if len(data) < 9 or len(data) != 9 + 2 * int.from_bytes(data[7:9]):
            raise _Error(UNKNOWN)
        self._took_s = 0.008 + 0.006 * int.from_bytes(data[7:9])
        return self._try(WRITE_FAILED, 0xB0, lambda tag: self._put(tag, data))

    def _put(self, tag: Gen2Tag, data: bytes) -> bytes:
        """Word after word; where it stops half way, what is written stays."""
        words, first = data[9:], int.from_bytes(data[5:7])
        stop = self.air.half_done(len(words) // 2)
        for number in range(len(words) // 2):
            if number == stop:
                raise _Error(WRITE_FAILED)
            tag.write(data[4], first + number, words[2 * number : 2 * number + 2], data[:4])
            self.on_word(tag)
        if stop is not None:
            raise _Error(WRITE_FAILED)
        return b"\0"

    def _lock(self, data: bytes) -> bytes:
        _expect(data, 7)
        mask, action = int.from_bytes(data[4:]) >> 10 & 0x3FF, int.from_bytes(data[4:]) & 0x3FF

        def lock(tag: Gen2Tag) -> bytes:
            for what in range(5):
                at = 8 - 2 * what
                if mask >> at & 3:
                    tag.lock(what, action >> at & 3, data[:4])
            return b"\0"

        return self._try(LOCK_FAILED, 0xC0, lock)

    def _try(self, failed: int, kind: int, do: Callable[[Gen2Tag], bytes]) -> bytes:
        """What the tag says, behind its name; `failed` where none answers; `kind` with its error where it refuses."""
        try:
            tag = self._meant()
        except Unreached:
            raise _Error(failed) from None
        name = _named(tag)
        try:
            return name + do(tag)
        except WrongPassword:
            raise _Error(PASSWORD, tag) from None
        except Gen2Refused as refused:
            raise _Error(kind | refused.code, tag) from None


def _expect(data: bytes, size: int) -> None:
    if len(data) != size:
        raise _Error(UNKNOWN)


def _named(tag: Gen2Tag) -> bytes:
    """Its control word and EPC, behind their length."""
    told = tag.pc.to_bytes(2) + tag.epc
    return bytes((len(told),)) + told


_COMMANDS: dict[int, Callable[[R200Module, bytes], bytes]] = {
    0x03: R200Module._version,
    0x07: R200Module._set_region,
    0x08: R200Module._get_region,
    0x0B: R200Module._selection,
    0x0C: R200Module._select,
    0x12: R200Module._set_mode,
    0x17: R200Module._sleep,
    0x1D: R200Module._idle,
    0x28: R200Module._stop,
    0x39: R200Module._read,
    0x49: R200Module._write,
    0x82: R200Module._lock,
    0xB6: R200Module._set_power,
    0xB7: R200Module._get_power,
}
