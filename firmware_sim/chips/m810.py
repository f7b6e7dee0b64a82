"""A 3M 210 or 810 pad reader: bytes in, exchanges out (3M RFID Reader Protocol Specification 1.0.0).

A frame is D6 length(2) command data CRC(2), the length counting what follows it. What isn't whole and right is not
answered. It reads tags with blocks of four bytes, and often misses one that lies badly: it says that there is none.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from firmware_sim import crc
from firmware_sim.faults import Faults
from firmware_sim.transponders import TagRefused, Transponder
from firmware_sim.wires import Exchange

PAUSE_S = 0.2
NO_TAG, NO_BLOCK, LOCKED, NOT_READ, NOT_WRITTEN, UNKNOWN, NOT_IMPLEMENTED, MEMORY = (
    6,
    0x11,
    0x12,
    0x15,
    0x16,
    0x0F,
    2,
    0xFE,
)
_BOOT_S = 0.4


class _Refused(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(f"error {code:02X}")
        self.code = code


@dataclass(slots=True)
class M810:
    """One reader. `tags` gives what lies in its field at this moment."""

    tags: Callable[[], Sequence[Transponder]]
    faults: Faults
    device: str = "reader"
    seed: int = 0
    speed: float = 1.0
    on_block: Callable[[Transponder], None] = lambda tag: None
    """Called after each block that is written."""
    baud: int = field(default=19200, init=False)
    bits_per_byte: int = field(default=10, init=False)
    _buffer: bytearray = field(default_factory=bytearray, init=False)
    _last: float = field(default=0.0, init=False)
    _dead_until: float = field(default=0.0, init=False)
    _chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def feed(self, data: bytes, at: float) -> list[Exchange]:
        """Bytes that came at `at` (monotonic seconds); what they completed."""
        exchanges = []
        if self._buffer and at - self._last > PAUSE_S:
            exchanges.append(Exchange(bytes(self._buffer), "ended by a pause"))
            self._buffer.clear()
        self._last = at
        self._buffer += data
        while self._buffer:
            if self._buffer[0] not in (0xD5, 0xD6):
                exchanges.append(Exchange(bytes(self._buffer[:1]), "no frame"))
                del self._buffer[:1]
                continue
            if len(self._buffer) < 3 or len(self._buffer) < (size := 3 + int.from_bytes(self._buffer[1:3])):
                break
            frame = bytes(self._buffer[:size])
            del self._buffer[:size]
            exchanges.append(self._frame(frame, at))
        return exchanges

    def power(self) -> None:
        """Supply off and on."""
        self._buffer.clear()
        self._dead_until = 0.0

    def _frame(self, frame: bytes, at: float) -> Exchange:
        if len(frame) < 6 or crc.gen2(frame[1:-2]) != frame[-2:]:
            return Exchange(frame, "wrong check or length: silence")
        if self.faults.strikes("brown-out", self.device):
            self._dead_until = at + _BOOT_S / self.speed
        if at < self._dead_until:
            return Exchange(frame, "starting: silence")
        command, data = frame[3], frame[4:-2]
        if frame[0] == 0xD5:
            body = b"\0\x11\x0a\x05\x00\x02" if command == 0x04 else bytes((NOT_IMPLEMENTED,))
            return Exchange(frame, "ok", _sealed(0xD5, command, body), 0.005)
        took_s = 0.02
        try:
            if self.faults.strikes("hardware", self.device):
                raise _Refused(MEMORY)
            if command == 0xFE:
                told = self._inventory(data)
                took_s = 0.03 + 0.006 * told[3]
            else:
                told = self._obey(command, data)
        except _Refused as refused:
            told = bytes((refused.code,))
        return Exchange(frame, "ok", _sealed(0xD6, command, told), took_s)

    def _reached(self) -> list[Transponder]:
        strikes = self.faults.strikes
        return [
            tag
            for tag in self.tags()
            if tag.kind.block_size == 4
            and (tag.chance >= 1 or self._chance.random() < tag.chance)
            and not strikes("shadowed", self.device)
            and not (strikes("edge-of-field", self.device) and self._chance.random() < 0.5)
        ]

    def _inventory(self, data: bytes) -> bytes:
        if len(data) != 2:
            raise _Refused(NOT_IMPLEMENTED)
        wanted, options = data
        found = [tag for tag in self._reached() if wanted in (0, tag.afi)]
        if found and self.faults.strikes("collision", self.device):
            found.append(found[0])  # told twice
        told = b"".join((bytes((tag.dsfid,)) if options & 2 else b"") + bytes.fromhex(tag.uid) for tag in found[:255])
        return bytes((0, wanted, options, len(found[:255]))) + told

    def _obey(self, command: int, data: bytes) -> bytes:
        if command == 0x11:
            return b"\0\x0a\x03\x02\x06"
        if command == 0x13:
            return b"\0\x02\x01\x01\x03\x02\x02\x03\x00"
        if command not in (0x02, 0x04, 0x09, 0x0A, 0x0B, 0x0F) or len(data) < 8:
            raise _Refused(NOT_IMPLEMENTED)
        uid, rest = data[:8], data[8:]
        tag = next((tag for tag in self._reached() if bytes.fromhex(tag.uid) == uid), None)
        if tag is None or self.faults.strikes("misses", self.device):
            raise _Refused(NO_TAG)
        try:
            return b"\0" + uid + self._about(command, tag, rest)
        except TagRefused as refused:
            raise _Refused({0x10: NO_BLOCK, 0x12: LOCKED}.get(refused.code, UNKNOWN)) from None

    def _about(self, command: int, tag: Transponder, rest: bytes) -> bytes:
        if command in (0x0A, 0x0F):
            value = tag.afi if command == 0x0A else tag.dsfid
            if value is None:
                raise _Refused(UNKNOWN)
            return bytes((value,))
        if command in (0x09, 0x0B) and len(rest) == 1:
            (tag.set_afi if command == 0x09 else tag.set_dsfid)(rest[0])
            return b""
        if command == 0x02 and len(rest) == 2:
            first, count = rest
            told = bytes((count,))
            for number, block in enumerate(tag.read(first, count), first):
                told += bytes((number, number in tag.locked)) + block
            return told
        if command == 0x04 and len(rest) >= 3 and len(rest) == 3 + 4 * rest[1]:
            first, count = rest[0], rest[1]
            for number in range(count):
                if self.faults.strikes("half-write", self.device):
                    raise _Refused(NOT_WRITTEN)
                tag.write(first + number, rest[3 + 4 * number : 7 + 4 * number])
                self.on_block(tag)
            return bytes((first + count,))
        raise _Refused(NOT_IMPLEMENTED)


def _sealed(start: int, command: int, data: bytes) -> bytes:
    body = (len(data) + 3).to_bytes(2) + bytes((command,)) + data
    return bytes((start,)) + body + crc.gen2(body)
