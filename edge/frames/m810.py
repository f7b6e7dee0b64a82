"""Frames of the 3M 210 and 810 pad readers (3M RFID Reader Protocol Specification 1.0.0, 2009; dpavlin/Biblio-RFID).

    asked     D6 LEN LEN command data CRC CRC
    answered  D6 LEN LEN command error [UID data] CRC CRC

LEN, high byte first, counts what follows it; the CRC, high byte first, covers what follows D6. UIDs go most significant
byte first, blocks of four bytes in memory order. An answer with an error has nothing behind it.
"""

from dataclasses import dataclass
from enum import IntEnum

from edge.frames.checksums import GEN2
from edge.frames.stream import Stream
from protocol.names import TagUid

START = 0xD6
BLOCK = 4
"""Bytes in a block, of every tag it can read."""
MAX_FRAME = 3 + 6 + 255 * 9 + 2
"""An inventory of 255 tags with their DSFIDs."""
UIDS = 0x05
"""Inventory option: tell the UIDs."""


class FrameError(ValueError):
    """Bytes that are no frame, or not what was asked for."""


class Command(IntEnum):
    """What can be asked."""

    READ = 0x02
    WRITE = 0x04
    WRITE_AFI = 0x09
    AFI = 0x0A
    WRITE_DSFID = 0x0B
    DSFID = 0x0F
    VERSION = 0x11
    INVENTORY = 0xFE


class Error(IntEnum):
    """What is answered instead; 0 is none."""

    NOT_IMPLEMENTED = 0x02
    NO_TAG = 0x06
    UNKNOWN = 0x0F
    NO_BLOCK = 0x11
    LOCKED = 0x12
    NOT_READ = 0x15
    NOT_WRITTEN = 0x16
    NOT_SUPPORTED = 0x30
    OPTION = 0x31
    PARAMETER = 0x32
    CANCELLED = 0xFD
    MEMORY = 0xFE


@dataclass(frozen=True, slots=True)
class Frame:
    """One message, either way."""

    command: int
    data: bytes = b""

    def __bytes__(self) -> bytes:
        body = (len(self.data) + 3).to_bytes(2, "big") + bytes((self.command,)) + self.data
        return bytes((START,)) + body + GEN2(body).to_bytes(2, "big")

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Frame":
        """The frame that `raw` is, whole; raises FrameError."""
        if _length(raw) != len(raw) or len(raw) < 6:
            raise FrameError(f"{len(raw)} bytes are not one frame")
        if GEN2(raw[1:-2]).to_bytes(2, "big") != raw[-2:]:
            raise FrameError("checksum is wrong")
        return cls(raw[3], raw[4:-2])


def _length(head: bytes) -> int | None:
    if head[:1] != bytes((START,)):
        return None if head else 0
    if len(head) < 3:
        return 0
    length = 3 + int.from_bytes(head[1:3], "big")
    return length if 6 <= length <= MAX_FRAME else None


class Decoder(Stream[Frame]):
    """Bytes as they come in, frames as they are complete. Never holds more than MAX_FRAME bytes between calls."""

    def __init__(self) -> None:
        super().__init__(Frame.from_bytes, _length)


def version() -> Frame:
    """What are you?"""
    return Frame(Command.VERSION)


def inventory() -> Frame:
    """Which tags lie there, whatever their AFI?"""
    return Frame(Command.INVENTORY, bytes((0, UIDS)))


def about(command: Command, tag: TagUid, *more: int) -> Frame:
    """A question or an order about one tag."""
    return Frame(command, bytes.fromhex(tag) + bytes(more))


def error(answer: Frame) -> int:
    """What went wrong; 0: nothing. Raises FrameError."""
    if not answer.data:
        raise FrameError("an answer without a word about errors")
    return answer.data[0]


def parse_version(answer: Frame) -> str:
    """The firmware; raises FrameError."""
    if len(answer.data) != 5 or error(answer):
        raise FrameError("no version")
    return ".".join(f"{part}" for part in answer.data[2:])


def parse_inventory(answer: Frame) -> frozenset[TagUid]:
    """The tags, each once though it may be told twice; raises FrameError."""
    data = answer.data
    if error(answer) == Error.NO_TAG:
        return frozenset()
    if len(data) < 4 or data[0] or len(data) != 4 + 8 * data[3]:
        raise FrameError("no list of tags")
    return frozenset(TagUid(data[at : at + 8].hex().upper()) for at in range(4, len(data), 8))


def parse_about(answer: Frame, tag: TagUid) -> bytes:
    """What is said of that tag; raises FrameError where it is another."""
    if error(answer) or answer.data[1:9] != bytes.fromhex(tag):
        raise FrameError("an answer about another tag")
    return answer.data[9:]


def parse_blocks(answer: Frame, tag: TagUid, first: int) -> bytes:
    """The blocks from `first` on, as many as could be read; raises FrameError."""
    said = parse_about(answer, tag)
    if not said or len(said) != 1 + said[0] * (2 + BLOCK):
        raise FrameError("no blocks")
    data = b""
    for number, at in enumerate(range(1, len(said), 2 + BLOCK), first):
        if said[at] != number & 0xFF:
            raise FrameError("other blocks than were asked for")
        if said[at + 1] > 3:
            break
        data += said[at + 2 : at + 2 + BLOCK]
    return data
