"""Frames out of a stream of bytes that may be cut, doubled or full of noise.

A candidate is believed by its own check only. What is none costs one byte, and the search goes on behind it; when the
line falls quiet in the middle of one, what follows its first byte is looked through.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

HEAD = 6
"""Bytes that tell a frame's length, at most."""

_F = TypeVar("_F")


class Stream(Generic[_F]):
    """Bytes as they come in, frames as they are complete.

    `parse` reads one whole frame and raises ValueError where there is none. `length` tells from a candidate's first
    bytes, HEAD at most, how long it is: 0 when more must be seen, None when none begins so; it is what bounds how much
    is held between calls. `rubbish` counts bytes thrown away.
    """

    def __init__(self, parse: Callable[[bytes], _F], length: Callable[[bytes], int | None]) -> None:
        self._parse, self._length = parse, length
        self._held = bytearray()
        self.rubbish = 0

    def __len__(self) -> int:
        return len(self._held)

    def clear(self) -> None:
        """Forgets a frame begun."""
        self.rubbish += len(self._held)
        self._held.clear()

    def feed(self, data: bytes) -> tuple[_F, ...]:
        """The frames that `data` completes."""
        self._held += data
        found: list[_F] = []
        at = 0
        while at < len(self._held):
            length = self._size(at)
            if length == 0 or (length is not None and at + length > len(self._held)):
                break
            frame = self._frame(at, length)
            if frame is None:
                at += 1
                self.rubbish += 1
            else:
                found.append(frame)
                at += length or 0
        del self._held[:at]
        return tuple(found)

    def quiet(self) -> tuple[_F, ...]:
        """To be called when nothing came for longer than a frame may pause: frames hidden behind noise.

        A frame only begun is kept, since a loaded host may see a pause that the line didn't have.
        """
        for at in range(1, len(self._held)):
            if self._frame(at, self._size(at)) is not None:
                self.rubbish += at
                del self._held[:at]
                return self.feed(b"")
        return ()

    def _size(self, at: int) -> int | None:
        return self._length(bytes(self._held[at : at + HEAD]))

    def _frame(self, at: int, length: int | None) -> _F | None:
        if not length or at + length > len(self._held):
            return None
        try:
            return self._parse(bytes(self._held[at : at + length]))
        except ValueError:
            return None
