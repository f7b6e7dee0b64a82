"""What the frames of every locker board have in common, whatever its maker: questions and answers about locks."""

from dataclasses import dataclass
from typing import Protocol

from edge.frames.stream import Stream


class FrameError(ValueError):
    """Bytes that are no frame."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a board said."""

    raw: bytes
    board: int
    open: tuple[bool, ...] | None = None
    """Of each lock from 1 on whether its door is open; None: this is about one lock."""
    lock: int = 0
    released: bool = False
    """The lock was released; of no meaning with doors."""

    def __bytes__(self) -> bytes:
        return self.raw


class Tongue(Protocol):
    """What one kind of board understands. Locks are counted from 1."""

    @property
    def answers(self) -> bool:
        """It answers to an order to release a lock."""
        ...

    @property
    def covered(self) -> bool:
        """Its checksum covers the doors; where not, an answer is believed when the next one is the same."""
        ...

    def stream(self) -> Stream[Answer]:
        """Answers out of a line's bytes."""
        ...

    def ask(self, board: int) -> bytes:
        """How are your doors?"""
        ...

    def unlock(self, board: int, lock: int) -> bytes:
        """Release this one."""
        ...


def doors(data: bytes, locks: int, shut: int = 1) -> tuple[bool, ...]:
    """Which are open; the lowest bit of the first byte is lock 1, and `shut` is what a shut one says."""
    return tuple(data[n // 8] >> n % 8 & 1 != shut for n in range(min(locks, len(data) * 8)))


def xor(data: bytes) -> int:
    """All bytes by exclusive or."""
    value = 0
    for byte in data:
        value ^= byte
    return value
