"""Locker boards on one line, by KERONG, WKLY and the makers of the 8A kind (their protocol texts and open drivers).

A line holds any number of boards, each with its locks. Whatever is not a whole, right order for a board that is there
is met with silence. A lock is a coil and a contact at its compartment's door, which springs open when the coil pulls.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from firmware_sim.faults import Faults
from firmware_sim.wires import Exchange

PAUSE_S = 0.5
"""The longest silence inside an order."""
PULSE_S = 0.3
"""For how long a coil pulls."""
RESTART_S = 0.6
"""How long a board takes to start again when its supply dips."""
LATE_S = 1.0
"""When the slow variant of the 8A kind answers."""


@dataclass(slots=True)
class Latch:
    """One compartment's door and lock."""

    is_open: bool = False
    jammed: bool = False
    """The bolt doesn't move, whatever the coil does."""
    ajar: bool = False
    """Something in the way: it can't be shut."""
    contact_stuck: bool | None = None
    """What the contact says whatever the door does: True shut, False open; None: it works."""
    pulls: int = 0
    """How often the coil has pulled."""
    pulls_until: float = 0.0

    def release(self, at: float) -> None:
        """The coil pulls."""
        self.pulls += 1
        self.pulls_until = at + PULSE_S
        if not self.jammed:
            self.is_open = True

    def shut(self) -> bool:
        """Somebody pushes the door; whether it is shut then."""
        self.is_open = self.ajar
        return not self.is_open

    def says_shut(self) -> bool:
        """What the contact says."""
        return (not self.is_open) if self.contact_stuck is None else self.contact_stuck


@dataclass(slots=True)
class BoardLine:
    """Some boards on one line; each kind below says what they understand."""

    SPEED: ClassVar[int] = 9600

    boards: Sequence[Sequence[Latch]]
    """Each board's locks, by the order of their addresses."""
    faults: Faults
    device: str = "locks"
    speed: float = 1.0
    baud: int = field(init=False)
    bits_per_byte: int = field(default=10, init=False)
    first: int = field(default=0, init=False)
    """Address of the first board."""
    _buffer: bytearray = field(default_factory=bytearray, init=False)
    _last: float = field(default=0.0, init=False)
    _dead_until: float = field(default=0.0, init=False)
    _seen: list[bool] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.baud = self.SPEED

    def feed(self, data: bytes, at: float) -> list[Exchange]:
        """Bytes that came at `at` (monotonic seconds); what they completed."""
        exchanges = []
        if self._buffer and at - self._last > PAUSE_S:
            exchanges.append(Exchange(bytes(self._buffer), "ended by a pause"))
            self._buffer.clear()
        self._last = at
        self._buffer += data
        while self._buffer:
            size = self._size(bytes(self._buffer))
            if size is None:
                exchanges.append(Exchange(bytes(self._buffer[:1]), "no order"))
                del self._buffer[:1]
            elif size == 0 or size > len(self._buffer):
                break
            else:
                exchanges.append(self._take(bytes(self._buffer[:size]), at))
                del self._buffer[:size]
        return exchanges

    def power(self) -> None:
        """Supply off and on: doors stay as they are."""
        self._buffer.clear()
        self._dead_until = 0.0
        self._seen = None

    def tick(self, at: float) -> list[Exchange]:
        """What happens by itself: a compartment that nobody asked for; a board that tells of changes unasked."""
        if self.faults.strikes("alone", self.device):
            shut = [latch for board in self.boards for latch in board if not latch.is_open]
            if shut:
                shut[0].is_open = True
        return []

    def _take(self, frame: bytes, at: float) -> Exchange:
        if at < self._dead_until:
            return Exchange(frame, "restarting: silence")
        verdict, answer, think_s = self._obey(frame, at)
        if answer and self.faults.strikes("unasked", self.device):
            answer = self._unasked() + answer
        if self.faults.stands("echo", self.device):
            answer = frame + answer
        return Exchange(frame, verdict, answer, think_s)

    def _board(self, address: int) -> Sequence[Latch] | None:
        at = address - self.first
        return self.boards[at] if 0 <= at < len(self.boards) else None

    def _release(self, address: int, lock: int, at: float) -> Latch | None:
        """Pulls a coil; None where there is none, or the board dies of it."""
        board = self._board(address)
        if board is None or not 1 <= lock <= len(board):
            return None
        if not self.faults.strikes("jammed", self.device):
            board[lock - 1].release(at)
        if self.faults.strikes("brown-out", self.device):
            self._dead_until = at + RESTART_S / self.speed
            return None
        return board[lock - 1]

    def _shut(self, address: int) -> list[bool] | None:
        """What each contact of a board says; None where there is no such board."""
        board = self._board(address)
        return None if board is None else [latch.says_shut() for latch in board]

    def _size(self, held: bytes) -> int | None:
        raise NotImplementedError  # each kind below has its own

    def _obey(self, frame: bytes, at: float) -> tuple[str, bytes, float]:
        """Verdict, answer, seconds until it."""
        raise NotImplementedError

    def _unasked(self) -> bytes:
        """What it says in between, where it ever does."""
        return b""


def _sum(body: bytes) -> bytes:
    return body + bytes((sum(body) & 0xFF,))


def _xor(body: bytes) -> bytes:
    value = 0
    for byte in body:
        value ^= byte
    return body + bytes((value,))


def _bits(flags: Sequence[bool], size: int) -> bytes:
    """The first flag is the lowest bit of the first byte."""
    value = sum(1 << n for n, flag in enumerate(flags) if flag)
    return value.to_bytes(size, "little")


_SILENT = ("nothing that it can do: silence", b"", 0.0)


class Cu16(BoardLine):
    """KERONG CU16: five bytes, no answer to an order to release."""

    SPEED = 19200

    def _size(self, held: bytes) -> int | None:
        return 5 if held[0] == 0x02 else None

    def _obey(self, frame: bytes, at: float) -> tuple[str, bytes, float]:
        if _sum(frame[:-1]) != frame or frame[3] != 0x03:
            return "wrong sum: silence", b"", 0.0
        address, lock, command = frame[1] >> 4, (frame[1] & 15) + 1, frame[2]
        if command == 0x31:
            return ("ok", b"", 0.0) if self._release(address, lock, at) else _SILENT
        if command == 0x32 and address == 15:
            return "ok", b"".join(self._states(self.first + n, 0x36, at) for n in range(len(self.boards))), 0.02
        if command == 0x30 and self._board(address) is not None:
            return "ok", self._states(address, 0x35, at), 0.02
        return _SILENT

    def _states(self, address: int, command: int, at: float) -> bytes:
        """While a coil pulls, its contact says open."""
        shut = [
            s and at >= latch.pulls_until
            for s, latch in zip(self._shut(address) or (), self._board(address) or (), strict=True)
        ]
        return _sum(bytes((0x02, address << 4, command)) + _bits(shut, 2) + b"\0\0\x03")


class Cu48(BoardLine):
    """KERONG CU48: six bytes, an answer to everything."""

    SPEED = 19200

    def _size(self, held: bytes) -> int | None:
        return 6 if held[0] == 0x02 else None

    def _obey(self, frame: bytes, at: float) -> tuple[str, bytes, float]:
        if _sum(frame[:-1]) != frame or frame[4] != 0x03:
            return "wrong sum: silence", b"", 0.0
        address, lock, command = frame[1], frame[2] + 1, frame[3]
        shut = self._shut(address)
        if shut is None:
            return _SILENT
        if command == 0x60:
            return "ok", _sum(bytes((0x02, address, 0, 0x75, 6)) + _bits(shut, 6)), 0.02
        if command != 0x61:
            return _SILENT
        if not 1 <= lock <= len(shut):
            return "no such lock", _sum(bytes((0x02, address, frame[2], 0x00, 0))), 0.02
        done = self._release(address, lock, at)
        return ("ok", _sum(bytes((0x02, address, frame[2], 0x75, 0))), 0.02) if done else _SILENT


class Cu12(BoardLine):
    """KERONG CU12, newer: eight bytes, data behind the sum."""

    SPEED = 19200

    def _size(self, held: bytes) -> int | None:
        return 8 if held[0] == 0x02 else None

    def _obey(self, frame: bytes, at: float) -> tuple[str, bytes, float]:
        if _sum(frame[:-1]) != frame or frame[6] != 0x03:
            return "wrong sum: silence", b"", 0.0
        address, lock, command = frame[1], frame[2] + 1, frame[3]
        shut = self._shut(address)
        if shut is None:
            return _SILENT
        if command == 0x80:
            return "ok", _sum(bytes((0x02, address, 0, 0x80, 0, 2, 0x03))) + _bits(shut, 2), 0.02
        if command != 0x81:
            return _SILENT
        if not 1 <= lock <= len(shut):
            return "no such lock", _sum(bytes((0x02, address, frame[2], 0x81, 1, 0, 0x03))), 0.02
        done = self._release(address, lock, at)
        return ("ok", _sum(bytes((0x02, address, frame[2], 0x81, 0, 0, 0x03))), 0.02) if done else _SILENT


class Wkly(BoardLine):
    """WKLY: a header of four letters; tells of changes by itself."""

    def _size(self, held: bytes) -> int | None:
        if not b"WKLY".startswith(held[:4]):
            return None
        if len(held) < 5:
            return 0
        return held[4] if held[4] >= 8 else None

    def _obey(self, frame: bytes, at: float) -> tuple[str, bytes, float]:
        if _xor(frame[:-1]) != frame:
            return "wrong checksum: silence", b"", 0.0
        address, command, data = frame[5], frame[6], frame[7:-1]
        shut = self._shut(address)
        if shut is None:
            return _SILENT
        if command == 0x84:
            return "ok", self._frame(address, command, bytes((0, len(shut), *shut))), 0.02
        if command in (0x82, 0x83) and len(data) == 1:
            if not 1 <= data[0] <= len(shut):
                return "no such channel", self._frame(address, command, bytes((0xFF, data[0], 1))), 0.02
            if command == 0x82 and self._release(address, data[0], at) is None:
                return _SILENT
            now = (self._shut(address) or shut)[data[0] - 1]
            return "ok", self._frame(address, command, bytes((0, data[0], now))), 0.02
        return _SILENT

    def _unasked(self) -> bytes:
        return self._frame(self.first, 0x85, b"\x01\x01")

    @staticmethod
    def _frame(address: int, command: int, data: bytes) -> bytes:
        return _xor(b"WKLY" + bytes((len(data) + 8, address, command)) + data)


@dataclass(frozen=True, slots=True)
class Variant:
    """What boards of the 8A kind differ in."""

    last_first: bool = True
    """The last byte of the states is locks 1 to 8."""
    shut: int = 1
    """What a shut door's bit says."""
    late: bool = False
    """Answers to releasing with 80 in front, a second late."""


PLAIN, LATE = Variant(), Variant(last_first=False, shut=0, late=True)


@dataclass(slots=True)
class Lockboard(BoardLine):
    """The 8A kind: five bytes, XOR."""

    variant: Variant = PLAIN

    def __post_init__(self) -> None:
        BoardLine.__post_init__(self)
        self.first = 1

    def _size(self, held: bytes) -> int | None:
        return 5 if held[0] in (0x8A, 0x80) else None

    def _obey(self, frame: bytes, at: float) -> tuple[str, bytes, float]:
        if _xor(frame[:-1]) != frame:
            return "wrong checksum: silence", b"", 0.0
        command, address, lock = frame[:3]
        board = self._board(address)
        if board is None:
            return _SILENT
        if command == 0x80 and frame[3] == 0x33 and lock == 0:
            bits = [shut == bool(self.variant.shut) for shut in self._shut(address) or ()]
            states = _bits(bits, max(3, (len(board) + 7) // 8))
            order = states[::-1] if self.variant.last_first else states
            return "ok", _xor(bytes((0x80, address)) + order + b"\x33"), 0.02
        if command == 0x80 and frame[3] == 0x33 and lock <= len(board):
            return "ok", _xor(bytes((0x80, address, lock, self._state(board[lock - 1])))), 0.02
        if command == 0x8A and frame[3] == 0x11:
            latch = self._release(address, lock, at)
            if latch is None:
                return _SILENT
            head = 0x80 if self.variant.late else 0x8A
            answer = _xor(bytes((head, address, lock, self._state(latch))))
            return "ok", answer, LATE_S * self.speed if self.variant.late else 0.02  # hosts wait by their own clock
        return _SILENT

    def _state(self, latch: Latch) -> int:
        return 0x11 if latch.says_shut() == bool(self.variant.shut) else 0x00

    def _unasked(self) -> bytes:
        return _xor(bytes((0x82, self.first, 1, 0)))
