"""Frames of WKLY locker boards (test vectors of an open Android driver; three other open drivers).

    57 4B 4C 59 LEN BOARD CMD data … XOR      LEN is the whole frame's

Asked: 82 channel = release, 84 = all doors. Answered: status (00 done, FF failed), then the channel and its door, or
how many doors and each. By itself a board says 85 channel door. A door is 00 open, 01 shut.
"""

from edge.frames.lockers import Answer, FrameError, xor
from edge.frames.stream import Stream

HEAD = b"WKLY"
SHORTEST, LONGEST = 8, 80
OPEN, ALL, MOVED = 0x82, 0x84, 0x85


def frame(board: int, command: int, data: bytes = b"") -> bytes:
    """One frame, either way."""
    body = HEAD + bytes((len(data) + SHORTEST, board, command)) + data
    return body + bytes((xor(body),))


class Wkly:
    """Boards 0 to 31 on a line, channels from 1."""

    answers, covered = True, True

    def stream(self) -> Stream[Answer]:
        """Answers out of a line's bytes."""
        return Stream(self.parse, _length)

    def ask(self, board: int) -> bytes:
        """How are your doors?"""
        return frame(board, ALL)

    def unlock(self, board: int, lock: int) -> bytes:
        """Release this one."""
        return frame(board, OPEN, bytes((lock,)))

    @staticmethod
    def parse(raw: bytes) -> Answer:
        """One whole answer; raises FrameError."""
        if len(raw) < SHORTEST or raw[:4] != HEAD or raw[4] != len(raw):
            raise FrameError("no frame of a WKLY board")
        if xor(raw[:-1]) != raw[-1]:
            raise FrameError("checksum is wrong")
        board, command, data = raw[5], raw[6], raw[7:-1]
        if command == ALL and len(data) >= 2 and len(data) == 2 + data[1] and data[0] == 0:
            return Answer(raw, board, tuple(door == 0 for door in data[2:]))
        if command == OPEN and len(data) == 3:
            return Answer(raw, board, lock=data[1], released=data[0] == 0)
        raise FrameError("nothing that was asked for")


def _length(head: bytes) -> int | None:
    if not HEAD.startswith(head[:4]):
        return None
    if len(head) < 5:
        return 0
    return head[4] if SHORTEST <= head[4] <= LONGEST else None
