"""FEIG OBID frames: ISO 15693 readers on a serial line (FEIG manuals H20800, H60301, H40801).

    standard   LEN              ADR CMD [STATUS] DATA … CRC low, CRC high     LEN counts all of it
    advanced   02 LEN-hi LEN-lo ADR CMD [STATUS] DATA … CRC low, CRC high     LEN counts all of it, too

Only answers have STATUS. A standard frame is never 2 bytes long, so the first byte tells the two apart. Decoding is
made hard by there being no start sign: any byte of noise looks like a length. So a candidate is believed by its CRC
only, and when the line falls quiet in the middle of one, what follows its first byte is looked through.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from edge.frames.checksums import FEIG
from edge.frames.stream import Stream
from protocol.names import TagUid

ANY_ADDRESS = 255
"""A request to it is taken by every reader; the answer carries the reader's own."""
MAX_FRAME = 4096
"""Longest frame believed in, bytes; readers' transmit buffers are shorter."""
MAX_BLOCK_BYTES = 128
"""Most data bytes in one read or write (H20800, read multiple blocks)."""
UID_BYTES = 8


class FrameError(ValueError):
    """Bytes that are no frame, or a frame that is not what was asked for."""


class Command(IntEnum):
    """First byte after the address."""

    CPU_RESET = 0x63
    SOFTWARE_VERSION = 0x65
    READER_INFO = 0x66
    RF_RESET = 0x69
    TAG = 0xB0


class TagCommand(IntEnum):
    """First data byte of a TAG request."""

    INVENTORY = 0x01
    READ_BLOCKS = 0x23
    WRITE_BLOCKS = 0x24
    SELECT = 0x25
    WRITE_AFI = 0x27
    WRITE_DSFID = 0x29
    SYSTEM_INFO = 0x2B


class Status(IntEnum):
    """What an answer says of its request (H20800, annex of status bytes); others exist."""

    OK = 0x00
    NO_TAG = 0x01
    DATA_FALSE = 0x02
    WRITE_ERROR = 0x03
    ADDRESS_ERROR = 0x04
    WRONG_TYPE = 0x05
    GENERAL_ERROR = 0x0E
    EEPROM_FAILURE = 0x10
    OUT_OF_RANGE = 0x11
    UNKNOWN_COMMAND = 0x80
    LENGTH_ERROR = 0x81
    NOT_AVAILABLE = 0x82
    RF_ERROR = 0x83
    TOO_MANY = 0x93
    MORE = 0x94
    ISO15693 = 0x95
    HARDWARE_WARNING = 0xF1


class IsoError(IntEnum):
    """What a tag says was wrong, after status ISO15693 (ISO/IEC 15693-3)."""

    NOT_SUPPORTED = 0x01
    NOT_RECOGNISED = 0x02
    NO_OPTION = 0x03
    UNKNOWN = 0x0F
    NO_BLOCK = 0x10
    ALREADY_LOCKED = 0x11
    LOCKED = 0x12
    NOT_PROGRAMMED = 0x13
    NOT_LOCKED = 0x14


ADVANCED = 0x02
_ADDRESSED = 0x01
_FETCH_MORE = 0x80
_TAG_ISO15693, _TAG_ISO14443A = 0x03, 0x04
_SEEN_BYTES = 10


@dataclass(frozen=True, slots=True)
class Request:
    """What the host asks."""

    command: int
    data: bytes = b""
    address: int = ANY_ADDRESS
    advanced: bool = False

    def __bytes__(self) -> bytes:
        return _sealed(bytes((self.address, self.command)) + self.data, self.advanced)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Request":
        """The request that `raw` is, whole; raises FrameError."""
        body, advanced = _opened(raw, 2)
        return cls(body[1], body[2:], body[0], advanced)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the reader says to it."""

    command: int
    status: int
    data: bytes = b""
    address: int = 0
    advanced: bool = False

    def __bytes__(self) -> bytes:
        return _sealed(bytes((self.address, self.command, self.status)) + self.data, self.advanced)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Answer":
        """The answer that `raw` is, whole; raises FrameError."""
        body, advanced = _opened(raw, 3)
        return cls(body[1], body[2], body[3:], body[0], advanced)


def _sealed(body: bytes, advanced: bool) -> bytes:
    if advanced:
        frame = bytes((ADVANCED,)) + (len(body) + 5).to_bytes(2, "big") + body
    else:
        if len(body) + 3 > 255:
            raise FrameError(f"{len(body)} bytes don't fit a standard frame")
        frame = bytes((len(body) + 3,)) + body
    return frame + FEIG(frame).to_bytes(2, "little")


def _opened(raw: bytes, least: int) -> tuple[bytes, bool]:
    """What is between length and CRC, at least `least` bytes, and whether the frame is an advanced one."""
    length = _length(raw, least)
    if length is None or length == 0 or length != len(raw):
        raise FrameError(f"{len(raw)} bytes are not one frame")
    if FEIG(raw[:-2]) != int.from_bytes(raw[-2:], "little"):
        raise FrameError("checksum is wrong")
    advanced = raw[0] == ADVANCED
    return raw[3 if advanced else 1 : -2], advanced


def _length(head: Sequence[int], least: int) -> int | None:
    """Length of the frame that begins with `head`; 0 when more must be seen, None when none begins so."""
    if not head:
        return 0
    if head[0] != ADVANCED:
        return head[0] if head[0] >= least + 3 else None
    if len(head) < 3:
        return 0
    length = head[1] << 8 | head[2]
    return length if least + 5 <= length <= MAX_FRAME else None


class Decoder(Stream[Answer]):
    """Bytes as they come in, answers as they are complete."""

    def __init__(self) -> None:
        super().__init__(Answer.from_bytes, lambda head: _length(head, 3))


# --- what is asked ---


def software_version() -> Request:
    """What the reader is."""
    return Request(Command.SOFTWARE_VERSION)


def reader_info() -> Request:
    """What the reader is, and how much it can hold."""
    return Request(Command.READER_INFO, b"\x00")


def rf_reset() -> Request:
    """Field off for some 15 ms: every tag starts fresh, also one reported before."""
    return Request(Command.RF_RESET)


def inventory(more: bool = False) -> Request:
    """Which tags are in the field; `more` fetches what didn't fit the answer before."""
    return Request(Command.TAG, bytes((TagCommand.INVENTORY, _FETCH_MORE if more else 0)))


def read_blocks(tag: TagUid, first: int, count: int) -> Request:
    """`count` blocks of the tag's memory from block `first` on."""
    return _to_tag(TagCommand.READ_BLOCKS, tag, bytes((first, count)))


def write_blocks(tag: TagUid, first: int, size: int, data: bytes) -> Request:
    """Writes `data`, whole blocks of `size` bytes in the order of the tag's memory, from block `first` on."""
    if size < 1 or not data or len(data) % size:
        raise FrameError(f"{len(data)} bytes are not whole blocks of {size}")
    return _to_tag(TagCommand.WRITE_BLOCKS, tag, bytes((first, len(data) // size, size)) + _reversed(data, size))


def select(tag: TagUid) -> Request:
    """Makes the tag the one meant by unaddressed commands."""
    return _to_tag(TagCommand.SELECT, tag)


def system_info(tag: TagUid) -> Request:
    """The tag's DSFID, AFI and size."""
    return _to_tag(TagCommand.SYSTEM_INFO, tag)


def write_afi(tag: TagUid, afi: int) -> Request:
    """Writes the tag's application family identifier."""
    return _to_tag(TagCommand.WRITE_AFI, tag, bytes((afi,)))


def write_dsfid(tag: TagUid, dsfid: int) -> Request:
    """Writes the tag's data storage format identifier. Not among the recorded frames: built after write_afi."""
    return _to_tag(TagCommand.WRITE_DSFID, tag, bytes((dsfid,)))


def _to_tag(command: TagCommand, tag: TagUid, data: bytes = b"") -> Request:
    uid = bytes.fromhex(tag)
    if len(uid) != UID_BYTES:
        raise FrameError(f"an ISO 15693 tag has a UID of {UID_BYTES} bytes, not {len(uid)}")
    return Request(Command.TAG, bytes((command, _ADDRESSED)) + uid + data)


def _reversed(data: bytes, size: int) -> bytes:
    """Blocks as they are on the line: each block's last byte first (H20800, annex F)."""
    return b"".join(data[at : at + size][::-1] for at in range(0, len(data), size))


# --- what is answered ---


@dataclass(frozen=True, slots=True)
class Version:
    """What a reader is."""

    revision: tuple[int, int]
    hardware: int
    software: int
    """SW-TYPE: the model, see MODELS."""
    transponders: int
    """TR-TYPE: bit 3 of the low byte = ISO 15693, bit 4 = ISO 14443 A."""
    transmit_buffer: int | None = None
    """Bytes of the longest answer; None when it wasn't asked or said."""

    @property
    def reads_iso15693(self) -> bool:
        """Whether it reads the tags that are in items."""
        return bool(self.transponders & 0x08)

    def __str__(self) -> str:
        model = MODELS.get(self.software, f"type {self.software}")
        return f"FEIG {model}, software {self.revision[0]}.{self.revision[1]}"


MODELS = {
    41: "LR200",
    73: "MR100",
    74: "PR100",
    75: "MR200",
    76: "MR101-A/PR101-A",
    78: "MR101-U",
    80: "CPR.M02",
    81: "CPR.02",
    82: "CPR40",
    83: "CPR40",
    87: "CPR.04",
    88: "CPR.04",
}
"""SW-TYPE, decimal, to the name on the reader's label."""


@dataclass(frozen=True, slots=True)
class TagSeen:
    """One ISO 15693 tag of an inventory."""

    uid: TagUid
    dsfid: int


@dataclass(frozen=True, slots=True)
class Inventory:
    """One answer to an inventory."""

    tags: tuple[TagSeen, ...] = ()
    cards: tuple[str, ...] = ()
    """UIDs of ISO 14443 A cards that lay among them, first byte on air first."""
    others: int = 0
    """Transponders of other kinds."""
    more: bool = False
    """The reader holds more for the next request."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks of a tag's memory."""

    size: int
    data: bytes
    """In the order of the tag's memory."""
    locked: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class SystemInfo:
    """What a tag says of itself."""

    uid: TagUid
    dsfid: int
    afi: int
    block_size: int
    blocks: int
    """As the reader says; some say one less than there are."""
    chip: int


def parse_version(answer: Answer) -> Version:
    """The answer to software_version or reader_info; raises FrameError."""
    data = answer.data
    if answer.status != Status.OK or len(data) < 7:
        raise FrameError("no reader's version")
    transmit = int.from_bytes(data[9:11], "big") if answer.command == Command.READER_INFO and len(data) >= 11 else None
    return Version((data[0], data[1]), data[3], data[4], int.from_bytes(data[5:7], "big"), transmit)


def parse_inventory(answer: Answer) -> Inventory:
    """The answer to inventory, whatever its status; raises FrameError when its data don't add up."""
    data = answer.data
    if not data:
        return Inventory(more=answer.status == Status.MORE)
    if len(data) != 1 + data[0] * _SEEN_BYTES:
        raise FrameError(f"{data[0]} tags announced in {len(data)} bytes")
    tags: list[TagSeen] = []
    cards: list[str] = []
    others = 0
    for at in range(1, len(data), _SEEN_BYTES):
        kind, second, uid = data[at], data[at + 1], data[at + 2 : at + _SEEN_BYTES]
        if kind == _TAG_ISO15693:
            tags.append(TagSeen(_uid(uid), second))
        elif kind == _TAG_ISO14443A:
            cards.append(_card(uid[1:]))
        else:
            others += 1
    return Inventory(tuple(tags), tuple(cards), others, answer.status == Status.MORE)


def parse_blocks(answer: Answer, count: int) -> Blocks:
    """The answer, status OK, to a read of `count` blocks; raises FrameError."""
    data = answer.data
    if len(data) < 2 or data[0] != count or not data[1] or len(data) != 2 + count * (1 + data[1]):
        raise FrameError(f"no {count} blocks")
    size = data[1]
    starts = range(2, len(data), 1 + size)
    content = b"".join(data[at + 1 : at + 1 + size] for at in starts)
    return Blocks(size, _reversed(content, size), tuple(bool(data[at]) for at in starts))


def parse_system_info(answer: Answer) -> SystemInfo:
    """The answer, status OK, to system_info; raises FrameError."""
    data = answer.data
    if len(data) != 13 or not data[10] & 0x0F:
        raise FrameError("no system information")
    return SystemInfo(_uid(data[1:9]), data[0], data[9], data[10] & 0x0F, data[11], data[12])


def _uid(raw: bytes) -> TagUid:
    return TagUid(raw.hex().upper())


def _card(raw: bytes) -> str:
    """Seven bytes, last byte of the UID first, zero-filled in front."""
    uid = raw[::-1]
    return (uid[:4] if uid[4:] == bytes(3) else uid).hex().upper()
