"""Frames of the 8A/80/90 locker boards, by Shuoming and many others (protocol texts of 2021 and 2024; open drivers).

    release   8A BOARD LOCK 11 XOR      answered 8A BOARD LOCK door XOR, by some with 80 in front and a second late
    doors     80 BOARD 00 33 XOR        answered 80 BOARD state … 33 XOR, three bytes of states or more
    unasked   82 BOARD LOCK door XOR

Doors are bits; which byte is locks 1 to 8, and whether a bit means shut or open, differs by make and by the contacts'
wiring. An answer to `release` may be the very bytes of the order. Five bytes that are right by themselves may begin
all doors' answer, so it must be known which answer is waited for.
"""

from typing import Literal

from edge.frames.lockers import Answer, FrameError, doors, xor
from edge.frames.stream import Stream

RELEASE, STATE = 0x8A, 0x80
FEWEST = 3
"""Bytes of states that even the smallest board sends."""


class Lockboard:
    """Boards 1 to 32 on a line, 8 to 50 locks each."""

    answers, covered = True, True

    def __init__(self, locks: int, order: Literal["last-first", "first-first"], shut: Literal[0, 1]) -> None:
        """`order`: whether the last byte of the states is locks 1 to 8, or the first. `shut`: what a bit says then."""
        self._locks, self._order, self._shut = locks, order, shut
        self._states = max(FEWEST, (locks + 7) // 8)
        self._all = True
        """All doors are what was asked for last."""

    def stream(self) -> Stream[Answer]:
        """Answers out of a line's bytes."""
        return Stream(self.parse, self._length)

    def ask(self, board: int) -> bytes:
        """How are your doors?"""
        self._all = True
        return _checked(STATE, board, 0, 0x33)

    def unlock(self, board: int, lock: int) -> bytes:
        """Release this one."""
        self._all = False
        return _checked(RELEASE, board, lock, 0x11)

    def parse(self, raw: bytes) -> Answer:
        """One whole answer to what was asked last; raises FrameError."""
        if len(raw) < 5 or self._length(raw) != len(raw):
            raise FrameError("not what was asked for")
        if xor(raw[:-1]) != raw[-1]:
            raise FrameError("checksum is wrong")
        if not self._all:
            return Answer(raw, raw[1], lock=raw[2], released=raw[3] in (0x00, 0x11))
        if raw[-2] != 0x33:
            raise FrameError("no doors")
        states = raw[2:-2] if self._order == "first-first" else raw[-3:1:-1]
        return Answer(raw, raw[1], doors(states, self._locks, self._shut))

    def _length(self, head: bytes) -> int | None:
        if self._all:
            return self._states + 4 if head[0] == STATE else None
        return 5 if head[0] in (RELEASE, STATE) else None


def _checked(*body: int) -> bytes:
    return bytes((*body, xor(bytes(body))))
