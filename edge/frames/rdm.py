"""What an RDM6300 says: readers of EM4100 cards, 125 kHz, on a serial line that goes one way (RDM6300 data sheet).

    02  ten hex digits: version, number (four bytes)  two hex digits: exclusive or of the five bytes  03

A frame comes every 65 ms or so while a card lies there; where it is lifted, or two lie there, it is cut or garbled.
"""

import re
from dataclasses import dataclass
from functools import reduce
from operator import xor

from edge.frames.stream import Stream

START, END = 0x02, 0x03
FRAME_BYTES = 14
NUMBER_BYTES = 5
_DIGITS = re.compile(rb"[0-9A-Fa-f]*")
_WHOLE = re.compile(rb"\x02([0-9A-Fa-f]{10})([0-9A-Fa-f]{2})\x03")


class FrameError(ValueError):
    """Bytes that are no frame."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One card, read once."""

    number: bytes
    """Five bytes: version or customer, then the number, most significant byte first."""

    def __bytes__(self) -> bytes:
        digits = self.number + bytes((reduce(xor, self.number),))
        return bytes((START,)) + digits.hex().upper().encode("ascii") + bytes((END,))

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Reading":
        """The reading that `raw` is, whole; raises FrameError."""
        found = _WHOLE.fullmatch(raw)
        if found is None:
            raise FrameError(f"{len(raw)} bytes are not one frame")
        number, check = (bytes.fromhex(part.decode("ascii")) for part in found.groups())
        if reduce(xor, number) != check[0]:
            raise FrameError("checksum is wrong")
        return cls(number)


def _length(head: bytes) -> int | None:
    """Length of the frame that begins with `head`; 0 when more must be seen, None when none begins so."""
    if not head:
        return 0
    return FRAME_BYTES if head[0] == START and _DIGITS.fullmatch(head[1:]) else None


class Decoder(Stream[Reading]):
    """Bytes as they come in, readings as they are complete. Never holds a whole frame between calls."""

    def __init__(self) -> None:
        super().__init__(Reading.from_bytes, _length)
