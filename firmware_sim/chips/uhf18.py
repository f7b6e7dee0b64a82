"""A reader of the UHFReader18 family: bytes in, exchanges out (UHFReader18 manual 2.0; UR series manual 1.14).

A frame is LEN ADR CMD data CRC, and LEN counts what follows it; an answer has a status byte after CMD. A wrong address
or a frame that isn't whole is not answered; a wrong check is, as a command that nobody knows. What is set stays set
without power. In scan mode the reader says by itself what it sees, and hears settings only.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from firmware_sim import crc
from firmware_sim.faults import Faults
from firmware_sim.gen2 import Field, Gen2Refused, Gen2Tag, Unreached, WrongPassword
from firmware_sim.wires import Exchange

PAUSE_S = 0.015
"""The longest silence inside a frame."""
OK, FINISHED, TIME_OVER, MORE, FULL, PASSWORD, UNSUPPORTED, STATISTICS = 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x0B, 0x26
ANTENNA, FAILED, POOR, NO_TAG, TAG_ERROR, LENGTH, COMMAND, PARAMETER = 0xF8, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF
_BROADCAST = 0xFF
_REBOOT_S = 1.0
_PUSH_S = 0.1
_START_S, _TAG_S = 0.02, 0.005
"""How long an inventory takes at least, and for each tag."""
_ROOM = 250
"""Bytes of data in one answer, at most."""
_MOST_WORDS = 120


@dataclass(frozen=True, slots=True)
class Model:
    """What kinds of these readers differ in."""

    name: str
    type: int
    speaks_288: bool = False
    """Its inventories take session and antenna and tell how strongly a tag was heard."""
    antennas: int = 1
    holds: int = 200
    """Tags that fit its memory in one inventory."""


READER18 = Model("UHFReader18", 0x09)
READER288 = Model("UHFReader288", 0x20, speaks_288=True)


@dataclass(slots=True)
class _Settings:
    """What it keeps without power."""

    address: int = 0
    region: bytes = b"\x13\x40"
    power: int = 30
    scan_time: int = 10
    mode: bytes = bytes(6)


class _Status(Exception):
    """The answer is this status and these bytes."""

    def __init__(self, code: int, data: bytes = b"") -> None:
        super().__init__(f"status {code:02X}")
        self.code, self.data = code, data


@dataclass(slots=True)
class Uhf18Reader:
    """One reader. `tags` gives what lies in its field at this moment."""

    tags: Callable[[], Sequence[Gen2Tag]]
    faults: Faults
    device: str = "reader"
    model: Model = READER18
    baud: int = 57600
    seed: int = 0
    speed: float = 1.0
    on_word: Callable[[Gen2Tag], None] = lambda tag: None
    """Called after each word that is written."""
    bits_per_byte: int = field(default=10, init=False)
    kept: _Settings = field(default_factory=_Settings, init=False)
    air: Field = field(init=False)
    _buffer: bytearray = field(default_factory=bytearray, init=False)
    _last: float = field(default=0.0, init=False)
    _dead_until: float = field(default=0.0, init=False)
    _push_at: float = field(default=0.0, init=False)
    _took_s: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.air = Field(self.tags, self.faults, self.device, random.Random(self.seed))

    # --- the line ---

    def feed(self, data: bytes, at: float) -> list[Exchange]:
        """Bytes that came at `at` (monotonic seconds); what they completed."""
        exchanges: list[Exchange] = []
        if self._buffer and at - self._last > PAUSE_S:
            exchanges.append(Exchange(bytes(self._buffer), "ended by a pause"))
            self._buffer.clear()
        self._last = at
        self._buffer += data
        while self._buffer:
            size = self._buffer[0] + 1 if self._buffer[0] >= 4 else len(self._buffer)
            if len(self._buffer) < size:
                break
            frame = bytes(self._buffer[:size])
            del self._buffer[:size]
            exchanges += self._frame(frame, at)
        return exchanges

    def tick(self, at: float) -> list[Exchange]:
        """What a reader in scan mode says by itself: the bare EPC of each tag it sees."""
        if not self._scans or at < max(self._push_at, self._dead_until):
            return []
        self._push_at = at + _PUSH_S / self.speed
        return [Exchange(b"", "unasked", self._answer(0xEE, OK, tag.epc)) for tag, _ in self.air.heard()]

    def power(self) -> None:
        """Supply off and on: what is set stays, everything else is forgotten."""
        self._buffer.clear()
        self._dead_until = 0.0
        for tag in self.tags():
            tag.wake()

    @property
    def _scans(self) -> bool:
        return bool(self.kept.mode[0] & 3) or self.faults.stands("scan-mode", self.device)

    def _frame(self, frame: bytes, at: float) -> list[Exchange]:
        if len(frame) < 5 or frame[1] not in (self.kept.address, _BROADCAST):
            return [Exchange(frame, "wrong length or address: silence")]
        if self.faults.strikes("brown-out", self.device):
            self.power()
            self._dead_until = at + _REBOOT_S / self.speed
        if at < self._dead_until:
            return [Exchange(frame, "restarting: silence")]
        if crc.obid(frame[:-2]) != frame[-2:]:
            return [Exchange(frame, "wrong check", self._answer(0, COMMAND))]
        command, data = frame[2], frame[3:-2]
        if self._scans and command < 0x20:
            return [Exchange(frame, "in scan mode: not executed")]
        self._took_s = 0.005
        told = self._obey(command, data)
        exchanges = [
            Exchange(b"" if number else frame, "ok", answer, 0.0 if number else self._took_s)
            for number, answer in enumerate(told)
        ]
        if self.faults.strikes("unasked", self.device):
            exchanges += [Exchange(b"", "unasked", self._answer(0xEE, OK, tag.epc)) for tag in self.tags()[:1]]
        return exchanges

    def _answer(self, command: int, status: int, data: bytes = b"") -> bytes:
        body = bytes((len(data) + 5, self.kept.address, command, status)) + data
        return body + crc.obid(body)

    def _obey(self, command: int, data: bytes) -> list[bytes]:
        try:
            if command == 0x01:
                return [self._answer(command, status, part) for status, part in self._inventory(data)]
            if command not in _COMMANDS:
                return [self._answer(0, COMMAND)]
            return [self._answer(command, *_COMMANDS[command](self, data))]
        except _Status as status:
            return [self._answer(command, status.code, status.data)]

    # --- its own settings ---

    def _information(self, data: bytes) -> tuple[int, bytes]:
        _expect(data, 0)
        kept = self.kept
        return OK, bytes((3, 8, self.model.type, 0x03)) + kept.region + bytes((kept.power, kept.scan_time))

    def _set_region(self, data: bytes) -> tuple[int, bytes]:
        _expect(data, 2)
        self.kept.region = data
        return OK, b""

    def _set_address(self, data: bytes) -> tuple[int, bytes]:
        _expect(data, 1)
        self.kept.address = data[0] if data[0] != _BROADCAST else 0
        return OK, b""

    def _set_scan_time(self, data: bytes) -> tuple[int, bytes]:
        _expect(data, 1)
        self.kept.scan_time = data[0] if data[0] >= 3 else 10
        return OK, b""

    def _set_power(self, data: bytes) -> tuple[int, bytes]:
        _expect(data, 1)
        if data[0] > 30:
            raise _Status(PARAMETER)
        self.kept.power = data[0]
        return OK, b""

    def _set_mode(self, data: bytes) -> tuple[int, bytes]:
        _expect(data, 6)
        self.kept.mode = data
        return OK, b""

    def _mode(self, data: bytes) -> tuple[int, bytes]:
        _expect(data, 0)
        return OK, bytes((0, 30, 10, 15)) + self.kept.mode + bytes((8, 0))

    # --- tags ---

    def _inventory(self, data: bytes) -> list[tuple[int, bytes]]:
        """The answers to one inventory: status and data of each."""
        if self.faults.strikes("hardware", self.device):
            raise _Status(FAILED)
        wanted, session, target, scan_time, words, statistics = self._asked(data)
        self.air.power = float(self.kept.power)
        heard = [(tag, rssi) for tag, rssi in self.air.heard() if not session or (session in tag.turned) == target]
        if words:
            heard = [(tag, rssi) for tag, rssi in heard if 2 * words <= len(tag.tid)]
        status, most = FINISHED, max(1, round((scan_time / 10 - _START_S) / _TAG_S))
        if len(heard) > most:
            status, heard = TIME_OVER, self.air.chance.sample(heard, most)
        if len(heard) > self.model.holds:
            status, heard = FULL, heard[: self.model.holds]
        self._took_s = _START_S + _TAG_S * len(heard)
        for tag, _ in heard:
            (tag.turned.discard if target else tag.turned.add)(session)
        if not heard:
            raise _Status(NO_TAG)
        told = self._parts(status, wanted, [(t.tid[: 2 * words] if words else t.epc, rssi) for t, rssi in heard])
        if statistics:
            rate = round(len(heard) / self._took_s)
            told.append((STATISTICS, wanted + rate.to_bytes(2) + len(heard).to_bytes(4)))
        return told

    def _asked(self, data: bytes) -> tuple[bytes, int, bool, int, int, bool]:
        """Antenna bit as it is told (or nothing), session, whether the counted are meant, scan time, TID words,
        whether statistics are."""
        if not self.model.speaks_288 or len(data) in (0, 2):
            if len(data) not in (0, 2) or (data and data[1] > 15):
                raise _Status(PARAMETER if len(data) == 2 else LENGTH)
            return b"", 0, False, self.kept.scan_time, data[1] if data else 0, False
        if len(data) not in (5, 7):
            raise _Status(LENGTH)
        target, antenna, scan_time = data[-3:]
        if antenna - 0x80 not in range(self.model.antennas):
            raise _Status(ANTENNA)
        if data[1] > 3 or target > 1 or data[0] & 0x1F > 15:
            raise _Status(PARAMETER)
        words = data[3] if len(data) == 7 else 0
        return bytes((1 << antenna - 0x80,)), data[1], bool(target), scan_time, words, bool(data[0] & 0x80)

    @staticmethod
    def _parts(status: int, antenna: bytes, seen: list[tuple[bytes, int]]) -> list[tuple[int, bytes]]:
        parts: list[list[bytes]] = [[]]
        for identity, rssi in seen:
            told = bytes((len(identity),)) + identity + (bytes((rssi & 0xFF,)) if antenna else b"")
            if sum(map(len, parts[-1])) + len(told) > _ROOM - 2:
                parts.append([])
            parts[-1].append(told)
        ends = [MORE] * (len(parts) - 1) + [status]
        return [(e, antenna + bytes((len(part),)) + b"".join(part)) for e, part in zip(ends, parts, strict=True)]

    def _single(self, data: bytes) -> tuple[int, bytes]:
        _expect(data, 0)
        heard = self.air.heard()
        if not heard:
            raise _Status(NO_TAG)
        tag, _ = self.air.chance.choice(heard)
        return FINISHED, bytes((1, len(tag.epc))) + tag.epc

    def _meant(self, epc: bytes) -> Gen2Tag:
        self.air.power = float(self.kept.power)
        return self.air.one(lambda tag: not epc or tag.epc == epc)

    def _read(self, data: bytes) -> tuple[int, bytes]:
        epc, rest = _with_epc(data)
        _expect(rest, 7)
        bank, first, count = rest[:3]
        if not 1 <= count <= _MOST_WORDS or bank > 3:
            raise _Status(PARAMETER)
        self._took_s = 0.01 + 0.0005 * count
        return OK, self._try(lambda: self._meant(epc).read(bank, first, count, rest[3:]))

    def _write(self, data: bytes) -> tuple[int, bytes]:
        if not data:
            raise _Status(LENGTH)
        count = data[0]
        epc, rest = _with_epc(data[1:])
        _expect(rest, 2 + 2 * count + 4)
        if not count or rest[0] > 3:
            raise _Status(PARAMETER)
        self._took_s = 0.01 + 0.006 * count
        self._try(lambda: self._put(self._meant(epc), rest[0], rest[1], rest[2:-4], rest[-4:]))
        return OK, b""

    def _write_epc(self, data: bytes) -> tuple[int, bytes]:
        """To any tag there is, whichever it is."""
        if len(data) < 5 or len(data) != 5 + 2 * data[0] or not data[0]:
            raise _Status(LENGTH)
        epc = data[5:]

        def put() -> bytes:
            tag = self._meant(b"")
            pc = data[0] << 11 | tag.pc & 0x07FF
            return self._put(tag, 1, 1, pc.to_bytes(2) + epc, data[1:5])

        self._try(put)
        return OK, b""

    def _lock(self, data: bytes) -> tuple[int, bytes]:
        epc, rest = _with_epc(data)
        _expect(rest, 6)
        if rest[0] > 4 or rest[1] > 3:
            raise _Status(PARAMETER)

        def lock() -> bytes:
            self._meant(epc).lock(rest[0], rest[1], rest[2:])
            return b""

        self._try(lock)
        return OK, b""

    def _alarm(self, data: bytes) -> tuple[int, bytes]:
        raise _Status(UNSUPPORTED)

    def _put(self, tag: Gen2Tag, bank: int, first: int, words: bytes, password: bytes) -> bytes:
        """Word after word; where it stops half way, what is written stays."""
        stop = self.air.half_done(len(words) // 2)
        for number in range(len(words) // 2):
            if number == stop:
                raise _Status(POOR)
            tag.write(bank, first + number, words[2 * number : 2 * number + 2], password)
            self.on_word(tag)
        if stop is not None:
            raise _Status(POOR)
        return b""

    @staticmethod
    def _try(do: Callable[[], bytes]) -> bytes:
        try:
            return do()
        except Unreached as unreached:
            raise _Status(POOR if unreached.there else NO_TAG) from None
        except WrongPassword:
            raise _Status(PASSWORD) from None
        except Gen2Refused as refused:
            raise _Status(TAG_ERROR, bytes((refused.code,))) from None


def _expect(data: bytes, size: int) -> None:
    if len(data) != size:
        raise _Status(LENGTH)


def _with_epc(data: bytes) -> tuple[bytes, bytes]:
    """The EPC that stands in front, behind its number of words, and what follows."""
    if not data or len(data) < 1 + 2 * data[0]:
        raise _Status(LENGTH)
    if data[0] > 15:
        raise _Status(PARAMETER)
    return data[1 : 1 + 2 * data[0]], data[1 + 2 * data[0] :]


_COMMANDS: dict[int, Callable[[Uhf18Reader, bytes], tuple[int, bytes]]] = {
    0x02: Uhf18Reader._read,
    0x03: Uhf18Reader._write,
    0x04: Uhf18Reader._write_epc,
    0x06: Uhf18Reader._lock,
    0x0C: Uhf18Reader._alarm,
    0x0D: Uhf18Reader._alarm,
    0x0F: Uhf18Reader._single,
    0x21: Uhf18Reader._information,
    0x22: Uhf18Reader._set_region,
    0x24: Uhf18Reader._set_address,
    0x25: Uhf18Reader._set_scan_time,
    0x2F: Uhf18Reader._set_power,
    0x35: Uhf18Reader._set_mode,
    0x36: Uhf18Reader._mode,
}
