"""Frames of KERONG's locker boards, three kinds (protocol examples for CU12 and CU16, jin0949/KR-CU16_locker; open
drivers for CU48 and the newer CU12, one each).

    CU16  asked     02 ADDR CMD 03 SUM                            ADDR: board in the high half, lock - 1 in the low one
          answered  02 ADDR 35 HOOK HOOK IR IR 03 SUM             IR: something lies in it
    CU48  asked     02 BOARD LOCK-1 CMD 03 SUM
          answered  02 BOARD LOCK-1 75 LEN data … SUM             00 in place of 75: failed
    CU12  asked     02 BOARD LOCK-1 CMD 00 00 03 SUM
          answered  02 BOARD LOCK-1 CMD ASK LEN 03 SUM data …     ASK 00 = done

SUM is the low byte of the sum of what stands before it, so in the CU12's answers it leaves the data out. A door's bit
is 1 while it is shut. A CU16 answers nothing to an order to release a lock.
"""

from edge.frames.lockers import Answer, FrameError, doors
from edge.frames.stream import Stream

STX, ETX = 0x02, 0x03


def _summed(*body: int) -> bytes:
    return bytes((*body, sum(body) & 0xFF))


def _check(covered: bytes, said: int) -> None:
    if sum(covered) & 0xFF != said:
        raise FrameError("sum is wrong")


class Cu16:
    """Boards with 16 locks, up to 15 on a line."""

    answers, covered = False, True

    def stream(self) -> Stream[Answer]:
        """Answers out of a line's bytes."""
        return Stream(self.parse, _cu16_length)

    def ask(self, board: int) -> bytes:
        """How are your doors?"""
        return _summed(STX, board << 4, 0x30, ETX)

    def unlock(self, board: int, lock: int) -> bytes:
        """Release this one."""
        return _summed(STX, board << 4 | lock - 1, 0x31, ETX)

    @staticmethod
    def parse(raw: bytes) -> Answer:
        """One whole answer; raises FrameError."""
        if len(raw) != 9 or raw[0] != STX or raw[2] not in (0x35, 0x36) or raw[7] != ETX:
            raise FrameError("no answer of a CU16")
        _check(raw[:-1], raw[-1])
        return Answer(raw, raw[1] >> 4, doors(raw[3:5], 16))


def _cu16_length(head: bytes) -> int | None:
    if head[0] != STX:
        return None
    if len(head) < 3:
        return 0
    return 9 if head[2] in (0x35, 0x36) else None


class Cu48:
    """Boards with up to 48 locks."""

    answers, covered = True, True

    def stream(self) -> Stream[Answer]:
        """Answers out of a line's bytes."""
        return Stream(self.parse, _cu48_length)

    def ask(self, board: int) -> bytes:
        """How are your doors?"""
        return _summed(STX, board, 0, 0x60, ETX)

    def unlock(self, board: int, lock: int) -> bytes:
        """Release this one."""
        return _summed(STX, board, lock - 1, 0x61, ETX)

    @staticmethod
    def parse(raw: bytes) -> Answer:
        """One whole answer; raises FrameError."""
        if len(raw) < 6 or _cu48_length(raw) != len(raw):
            raise FrameError("no answer of a CU48")
        _check(raw[:-1], raw[-1])
        if raw[4]:
            return Answer(raw, raw[1], doors(raw[5:-1], 48))
        return Answer(raw, raw[1], lock=raw[2] + 1, released=raw[3] == 0x75)


def _cu48_length(head: bytes) -> int | None:
    if head[0] != STX:
        return None
    if len(head) < 5:
        return 0
    return 6 + head[4] if head[3] in (0x75, 0x00) and head[4] in (0, 6) else None


class Cu12:
    """The newer boards with 12 locks, whose frames have eight bytes before the data."""

    answers, covered = True, False

    def stream(self) -> Stream[Answer]:
        """Answers out of a line's bytes."""
        return Stream(self.parse, _cu12_length)

    def ask(self, board: int) -> bytes:
        """How are your doors?"""
        return _summed(STX, board, 0, 0x80, 0, 0, ETX)

    def unlock(self, board: int, lock: int) -> bytes:
        """Release this one."""
        return _summed(STX, board, lock - 1, 0x81, 0, 0, ETX)

    @staticmethod
    def parse(raw: bytes) -> Answer:
        """One whole answer; raises FrameError."""
        if len(raw) < 8 or _cu12_length(raw) != len(raw) or raw[6] != ETX:
            raise FrameError("no answer of a CU12")
        _check(raw[:7], raw[7])
        if raw[3] == 0x80:
            return Answer(raw, raw[1], doors(raw[8:], 12))
        return Answer(raw, raw[1], lock=raw[2] + 1, released=raw[4] == 0)


def _cu12_length(head: bytes) -> int | None:
    """A question about doors has no data: only its answer has."""
    if head[0] != STX:
        return None
    if len(head) < 6:
        return 0
    return 8 + head[5] if (head[3], head[5]) in ((0x80, 2), (0x81, 0)) else None
