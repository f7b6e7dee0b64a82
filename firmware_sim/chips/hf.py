"""A FEIG OBID reader of ISO 15693 tags: bytes in, exchanges out (manuals H20800 and H40801).

Standard frames are LEN ADR CMD data CRC, advanced ones 02 length(2) ADR CMD data CRC; an answer has a status byte
after CMD. A frame whose check, length or address is wrong is not answered, nor one with a pause of over 12 ms inside.
UIDs go most significant byte first, the bytes of a memory block last one first.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from firmware_sim import crc
from firmware_sim.faults import Faults
from firmware_sim.transponders import TagRefused, TagState, Transponder
from firmware_sim.wires import Exchange

PAUSE_S = 0.012
"""The longest silence inside a frame."""
OK, NO_TAG, WRITE_ERROR, RANGE, EEPROM = 0x00, 0x01, 0x03, 0x11, 0x10
UNKNOWN, LENGTH, UNAVAILABLE, COLLISION, TOO_MANY, MORE, TAG_ERROR, HARDWARE = (
    0x80, 0x81, 0x82, 0x83, 0x93, 0x94, 0x95, 0xF1,
)  # fmt: skip
_BROADCAST = 0xFF
_LONGEST_READ = 128
_REBOOT_S = 1.0


@dataclass(frozen=True, slots=True)
class Model:
    """What kinds of OBID readers differ in."""

    name: str
    type: int
    """SW-TYPE."""
    holds: int = 0
    """Tags it can tell apart at once (status 93 above it); 0: any number, handed out in parts."""
    advanced: bool = True
    """Understands requests in advanced form."""
    only_new: bool = True
    """Reports each tag once until it leaves or the field is reset (CFG5, bit ONT)."""
    minus_one: bool = False
    """System information tells the number of blocks less one."""


MR101 = Model("ID ISC.MR101-A", 76)
CPR02 = Model("ID CPR.02", 81, holds=4, advanced=False)
LESS_ONE = Model("ID ISC.MR101-A", 76, minus_one=True)


@dataclass(slots=True)
class _Request:
    address: int
    command: int
    data: bytes
    advanced: bool
    took_s: float = 0.005
    """How long it takes, as it turns out."""


class _Status(Exception):
    """The answer is this status and these bytes."""

    def __init__(self, code: int, data: bytes = b"") -> None:
        super().__init__(f"status {code:02X}")
        self.code, self.data = code, data


@dataclass(slots=True)
class FeigReader:
    """One reader. `tags` gives what lies in its field at this moment, in the order its anticollision finds them."""

    tags: Callable[[], Sequence[Transponder]]
    faults: Faults
    device: str = "reader"
    model: Model = MR101
    address: int = 0
    baud: int = 38400
    seed: int = 0
    speed: float = 1.0
    on_block: Callable[[Transponder], None] = lambda tag: None
    """Called after each block that is written: time for a hand to lift the tag before the next."""
    bits_per_byte: int = field(default=11, init=False)
    _buffer: bytearray = field(default_factory=bytearray, init=False)
    _last: float = field(default=0.0, init=False)
    _dead_until: float = field(default=0.0, init=False)
    _field_on: bool = field(default=True, init=False)
    _waiting: list[Transponder] = field(default_factory=list, init=False)
    _config: dict[int, bytes] = field(default_factory=dict, init=False)
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
        while self._buffer and (size := self._size()) is not None and len(self._buffer) >= size:
            frame = bytes(self._buffer[:size])
            del self._buffer[:size]
            exchanges.append(self._frame(frame, at))
            if exchanges[-1].answer and self.faults.strikes("unasked", self.device):
                exchanges.append(self._notification())
        return exchanges

    def power(self) -> None:
        """Supply off and on: nothing is remembered."""
        self._buffer.clear()
        self._waiting, self._field_on, self._dead_until = [], True, 0.0
        self._config.clear()
        self._refresh()

    def _size(self) -> int | None:
        """The size of the frame in front as far as it can be told."""
        first = self._buffer[0]
        if first != 0x02 or not self.model.advanced:
            return first if first >= 5 else len(self._buffer)
        if len(self._buffer) < 3:
            return None
        size = int.from_bytes(self._buffer[1:3])
        return size if size >= 7 else len(self._buffer)

    def _frame(self, frame: bytes, at: float) -> Exchange:
        start = 3 if frame[0] == 0x02 else 1
        unknown = start == 3 and not self.model.advanced
        if unknown or len(frame) < start + 4 or crc.obid(frame[:-2]) != frame[-2:]:
            return Exchange(frame, "wrong check or length: silence")
        request = _Request(frame[start], frame[start + 1], frame[start + 2 : -2], start == 3)
        if request.address not in (self.address, _BROADCAST):
            return Exchange(frame, f"for address {request.address}: silence")
        if self.faults.strikes("brown-out", self.device):
            self.power()
            self._dead_until = at + _REBOOT_S / self.speed
        if at < self._dead_until:
            return Exchange(frame, "restarting: silence")
        status, data = self._obey(request)
        if request.command in (0x63, 0x64) and status == OK:
            self._dead_until = at + _REBOOT_S / self.speed
        return Exchange(frame, "ok", self._answer(request, status, data), request.took_s)

    def _notification(self) -> Exchange:
        """What a reader in notification mode sends by itself: one tag of those in its field, or that there is none."""
        told = [bytes((0x01, 0x03, tag.dsfid)) + bytes.fromhex(tag.uid) for tag in self.tags()[:1]]
        asked = _Request(self.address, 0xB0, b"", advanced=False)
        return Exchange(b"", "unasked", self._answer(asked, OK if told else NO_TAG, b"".join(told)), asked.took_s)

    def _answer(self, request: _Request, status: int, data: bytes) -> bytes:
        body = bytes((self.address, request.command, status)) + data
        if request.advanced or len(body) + 3 > 255:
            frame = b"\x02" + (len(body) + 5).to_bytes(2) + body
        else:
            frame = bytes((len(body) + 3,)) + body
        return frame + crc.obid(frame)

    def _obey(self, request: _Request) -> tuple[int, bytes]:
        try:
            if self.faults.strikes("hardware", self.device):
                raise _Status(HARDWARE)
            if request.command == 0xB0:
                if self.faults.stands("scan-mode", self.device):
                    raise _Status(UNAVAILABLE)
                return OK, self._tag_command(request)
            return OK, self._reader_command(request)
        except _Status as status:
            return status.code, status.data

    # --- the reader's own commands ---

    def _reader_command(self, request: _Request) -> bytes:
        version = bytes((0x02, 0x0A, 0x00, 0x80, self.model.type, 0x00, 0x08))
        match request.command:
            case 0x52 | 0x66:
                self._expect(request, 1)
                return b"" if request.command == 0x52 else version + b"\x01\x00\x01\x00"
            case 0x65:
                return version
            case 0x63 | 0x64:
                self._expect(request, 0)
                self.power()
            case 0x69:
                self._expect(request, 0)
                request.took_s = 0.015
                self._refresh()
            case 0x6A:
                self._expect(request, 1)
                self._field_on = request.data[0] != 0
                self._refresh()
            case 0x71 | 0x72:
                pass
            case 0x74:
                return b"\x00"
            case 0x80:
                self._expect(request, 1)
                return self._config.get(request.data[0] & 0x3F, bytes(14))
            case 0x81:
                self._expect(request, 15)
                self._config[request.data[0] & 0x3F] = request.data[1:]
            case 0x82 | 0x83:
                self._expect(request, 1)
                if request.command == 0x83:
                    self._config.pop(request.data[0] & 0x3F, None)
            case _:
                raise _Status(UNKNOWN)
        return b""

    @staticmethod
    def _expect(request: _Request, size: int) -> None:
        if len(request.data) != size:
            raise _Status(LENGTH)

    def _refresh(self) -> None:
        """The field was off for a moment: every tag starts afresh."""
        self._waiting = []
        for tag in self.tags():
            tag.wake()

    # --- tags ---

    def _tag_command(self, request: _Request) -> bytes:
        if len(request.data) < 2:
            raise _Status(LENGTH)
        sub, mode, rest = request.data[0], request.data[1], request.data[2:]
        if sub == 0x01:
            return self._inventory(request, mode)
        if sub not in _TAG_COMMANDS:
            raise _Status(UNKNOWN)
        uid = b""
        if mode & 7 == 1:
            uid, rest = rest[:8], rest[8:]
            if len(uid) < 8:
                raise _Status(LENGTH)
        tag = self._one(mode & 7, uid.hex().upper())
        try:
            return _TAG_COMMANDS[sub](self, request, tag, mode, rest)
        except TagRefused as refused:
            raise _Status(TAG_ERROR, bytes((refused.code,))) from None

    def _reached(self) -> list[Transponder]:
        """The tags that a command reaches this time."""
        if not self._field_on:
            return []
        strikes = self.faults.strikes
        return [
            tag
            for tag in self.tags()
            if (tag.chance >= 1 or self._chance.random() < tag.chance)
            and not strikes("shadowed", self.device)
            and not (strikes("edge-of-field", self.device) and self._chance.random() < 0.5)
        ]

    def _one(self, mode: int, uid: str) -> Transponder:
        """The tag that a command means: by address, the selected one, or the only one that answers."""
        if mode == 1:
            meant = [tag for tag in self.tags() if tag.uid == uid and self._field_on]
            if meant and meant[0].chance < 1 and self._chance.random() >= meant[0].chance:
                raise _Status(self._chance.choice((NO_TAG, 0x02, COLLISION)))
        elif mode == 2:
            meant = [tag for tag in self._reached() if tag.state is TagState.SELECTED]
        else:
            meant = [tag for tag in self._reached() if tag.state is not TagState.QUIET]
            if len(meant) > 1:
                raise _Status(COLLISION)
        if not meant:
            raise _Status(NO_TAG)
        return meant[0]

    def _inventory(self, request: _Request, mode: int) -> bytes:
        if not mode & 0x80:
            self._waiting = [tag for tag in self._reached() if tag.state is TagState.READY]
            request.took_s = 0.010 + 0.006 * len(self._waiting)
            if self.faults.strikes("collision", self.device):
                self._waiting = []
                raise _Status(COLLISION)
        if not self._waiting:
            raise _Status(NO_TAG)
        if self.model.holds and len(self._waiting) > self.model.holds:
            self._waiting = []
            raise _Status(TOO_MANY)
        most = 64 if request.advanced else 24
        told, self._waiting = self._waiting[:most], self._waiting[most:]
        if self.model.only_new:
            for tag in told:
                tag.state = TagState.QUIET
        sets = b"".join(bytes((0x03, tag.dsfid)) + bytes.fromhex(tag.uid) for tag in told)
        data = bytes((len(told),)) + sets
        if self._waiting:
            raise _Status(MORE, data)
        return data

    def _quiet(self, request: _Request, tag: Transponder, mode: int, rest: bytes) -> bytes:
        tag.state = TagState.QUIET
        return b""

    def _select(self, request: _Request, tag: Transponder, mode: int, rest: bytes) -> bytes:
        for other in self.tags():
            if other.state is TagState.SELECTED:
                other.state = TagState.READY
        tag.state = TagState.SELECTED
        return b""

    def _ready(self, request: _Request, tag: Transponder, mode: int, rest: bytes) -> bytes:
        tag.wake()
        return b""

    def _read(self, request: _Request, tag: Transponder, mode: int, rest: bytes) -> bytes:
        first, count = _span(rest, 2)
        size = tag.kind.block_size
        if count * size > _LONGEST_READ:
            raise _Status(RANGE)
        blocks = tag.read(first, count)
        request.took_s = 0.005 + 0.001 * count
        told = bytes((count, size))
        for number, block in enumerate(blocks, first):
            told += bytes((bool(mode & 8) and number in tag.locked,)) + block[::-1]
        return told

    def _write(self, request: _Request, tag: Transponder, mode: int, rest: bytes) -> bytes:
        first, count = _span(rest[:2], 2)
        data, size = rest[3:], tag.kind.block_size
        if len(rest) < 3 or len(data) != count * rest[2]:
            raise _Status(LENGTH)
        if rest[2] != size:
            raise _Status(RANGE)
        request.took_s = 0.005 + 0.006 * count
        stops = int(self._chance.random() * count) if self.faults.strikes("half-write", self.device) else count
        for number in range(count):
            if number == stops:
                raise _Status(WRITE_ERROR, bytes((first + number,)))
            if tag not in self.tags():
                raise _Status(NO_TAG)
            _at_block(tag.write, first + number, data[number * size : (number + 1) * size][::-1])
            self.on_block(tag)
        return b""

    def _lock(self, request: _Request, tag: Transponder, mode: int, rest: bytes) -> bytes:
        first, count = _span(rest, 2)
        for number in range(first, first + count):
            _at_block(tag.lock, number)
        return b""

    def _afi(self, request: _Request, tag: Transponder, mode: int, rest: bytes) -> bytes:
        request.took_s = 0.010
        tag.set_afi(_span(rest, 1)[0])
        return b""

    def _lock_afi(self, request: _Request, tag: Transponder, mode: int, rest: bytes) -> bytes:
        if tag.afi_locked:
            raise TagRefused(0x11)
        tag.afi_locked = True
        return b""

    def _dsfid(self, request: _Request, tag: Transponder, mode: int, rest: bytes) -> bytes:
        tag.set_dsfid(_span(rest, 1)[0])
        return b""

    def _lock_dsfid(self, request: _Request, tag: Transponder, mode: int, rest: bytes) -> bytes:
        if tag.dsfid_locked:
            raise TagRefused(0x11)
        tag.dsfid_locked = True
        return b""

    def _information(self, request: _Request, tag: Transponder, mode: int, rest: bytes) -> bytes:
        blocks = tag.kind.blocks - self.model.minus_one
        tail = bytes((tag.afi or 0, tag.kind.block_size, blocks, tag.kind.reference))
        return bytes((tag.dsfid,)) + bytes.fromhex(tag.uid) + tail

    def _security(self, request: _Request, tag: Transponder, mode: int, rest: bytes) -> bytes:
        first, count = _span(rest, 2)
        if first + count > tag.kind.blocks:
            raise TagRefused(0x10)
        return bytes((count, *(number in tag.locked for number in range(first, first + count))))


def _span(data: bytes, size: int) -> tuple[int, int]:
    """The first byte and the last of a request's `size` bytes."""
    if len(data) != size:
        raise _Status(LENGTH)
    return data[0], data[-1]


def _at_block(do: Callable[..., None], block: int, *more: bytes) -> None:
    """Errors of commands that change blocks name the block."""
    try:
        do(block, *more)
    except TagRefused as refused:
        raise _Status(TAG_ERROR, bytes((refused.code, block))) from None


_TAG_COMMANDS: dict[int, Callable[[FeigReader, _Request, Transponder, int, bytes], bytes]] = {
    0x02: FeigReader._quiet,
    0x22: FeigReader._lock,
    0x23: FeigReader._read,
    0x24: FeigReader._write,
    0x25: FeigReader._select,
    0x26: FeigReader._ready,
    0x27: FeigReader._afi,
    0x28: FeigReader._lock_afi,
    0x29: FeigReader._dsfid,
    0x2A: FeigReader._lock_dsfid,
    0x2B: FeigReader._information,
    0x2C: FeigReader._security,
}
