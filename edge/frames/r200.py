"""R200 frames: small modules that read EPC Gen2 tags, on a serial line (R200 user protocol 2.3.3; M100, YRM100).

    HEAD TYPE CMD LEN-hi LEN-lo DATA … SUM TAIL      SUM is the low byte of all from TYPE to the last of DATA

Head and tail, BB and 7E, may stand inside the data too, so a frame is taken by its length, and believed by sum and
tail. A sum is a weak check: what a tag is said to be has the tag's own CRC besides. Other firmware has AA and DD for
head and tail.
"""

from dataclasses import dataclass
from enum import IntEnum

from edge.frames.checksums import GEN2
from edge.frames.stream import Stream

ENDS = {"bb7e": b"\xbb\x7e", "aadd": b"\xaa\xdd"}
"""Head and tail, by firmware."""
MAX_DATA = 256
"""Most bytes of data believed in."""
MAX_FRAME = MAX_DATA + 7
MAX_WORDS = 32
"""Most words asked for in one read; what modules give at once is not documented."""
LONG_POLL = 10_000
"""Rounds of a poll that is to go on until it is stopped."""
EPC_AT = 0x20
"""Where the EPC stands in its bank, in bits."""
_AROUND = 7
_EPC_BANK = 1


class FrameError(ValueError):
    """Bytes that are no frame, or a frame that is not what was asked for."""


class Type(IntEnum):
    """Who says it, and why."""

    COMMAND = 0x00
    ANSWER = 0x01
    NOTIFICATION = 0x02


class Command(IntEnum):
    """What a module can be asked."""

    VERSION = 0x03
    REGION = 0x07
    SELECT = 0x0C
    SELECT_MODE = 0x12
    POLL = 0x22
    MULTI_POLL = 0x27
    STOP = 0x28
    READ = 0x39
    WRITE = 0x49
    POWER = 0xB6
    ERROR = 0xFF
    """In an answer: something went wrong."""


class Error(IntEnum):
    """First data byte of an ERROR answer; others exist."""

    READ_FAILED = 0x09
    WRITE_FAILED = 0x10
    NO_TAG = 0x15
    PASSWORD = 0x16
    COMMAND = 0x17
    HOP_FAILED = 0x20
    TAG_READ = 0xA0
    """To AF: the tag's own error in the low four bits."""
    TAG_WRITE = 0xB0


@dataclass(frozen=True, slots=True)
class Frame:
    """One message, either way."""

    type: int
    command: int
    data: bytes = b""
    ends: bytes = ENDS["bb7e"]

    def __bytes__(self) -> bytes:
        body = bytes((self.type, self.command)) + len(self.data).to_bytes(2, "big") + self.data
        return self.ends[:1] + body + bytes((sum(body) & 0xFF,)) + self.ends[1:]

    @classmethod
    def from_bytes(cls, raw: bytes, ends: bytes = ENDS["bb7e"]) -> "Frame":
        """The frame that `raw` is, whole; raises FrameError."""
        if _length(raw, ends) != len(raw) or raw[-1:] != ends[1:]:
            raise FrameError(f"{len(raw)} bytes are not one frame")
        if sum(raw[1:-2]) & 0xFF != raw[-2]:
            raise FrameError("sum is wrong")
        return cls(raw[1], raw[2], raw[5:-2], ends)


def _length(head: bytes, ends: bytes) -> int | None:
    """Length of the frame that begins with `head`; 0 when more must be seen, None when none begins so."""
    if head[:1] != ends[:1]:
        return None if head else 0
    if len(head) < 5:
        return 0
    size = int.from_bytes(head[3:5], "big")
    return size + _AROUND if size <= MAX_DATA else None


class Decoder(Stream[Frame]):
    """Bytes as they come in, frames as they are complete. Never holds more than MAX_FRAME bytes between calls."""

    def __init__(self, ends: bytes = ENDS["bb7e"]) -> None:
        super().__init__(lambda raw: Frame.from_bytes(raw, ends), lambda head: _length(head, ends))


# --- what is asked ---


def version() -> Frame:
    """What the module is."""
    return _ask(Command.VERSION, b"\x00")


def poll() -> Frame:
    """One inventory."""
    return _ask(Command.POLL)


def multi_poll(rounds: int = LONG_POLL) -> Frame:
    """So many inventories, one after the other, until it is stopped."""
    return _ask(Command.MULTI_POLL, bytes((Command.POLL,)) + rounds.to_bytes(2, "big"))


def stop() -> Frame:
    """Ends them."""
    return _ask(Command.STOP)


def set_region(region: int) -> Frame:
    """The band it may use."""
    return _ask(Command.REGION, bytes((region,)))


def set_power(dbm: float) -> Frame:
    """How strongly it sends."""
    return _ask(Command.POWER, round(dbm * 100).to_bytes(2, "big"))


def set_select_mode(mode: int) -> Frame:
    """When the selection is used: 0 always, 1 never, 2 before everything but inventories."""
    return _ask(Command.SELECT_MODE, bytes((mode,)))


def select(epc: bytes) -> Frame:
    """Makes the tag with this EPC the one that reads and writes go to."""
    mask = epc[:31]  # its length is told in one byte, in bits
    return _ask(Command.SELECT, bytes((_EPC_BANK,)) + EPC_AT.to_bytes(4, "big") + bytes((len(mask) * 8, 0)) + mask)


def read(bank: int, first: int, count: int, password: bytes = bytes(4)) -> Frame:
    """`count` words of the selected tag, from word `first` of a memory bank on."""
    return _ask(Command.READ, _place(password, bank, first, count))


def write(bank: int, first: int, words: bytes, password: bytes = bytes(4)) -> Frame:
    """Writes whole words to the selected tag, from word `first` of a memory bank on."""
    if not words or len(words) % 2:
        raise FrameError(f"{len(words)} bytes are not whole words")
    return _ask(Command.WRITE, _place(password, bank, first, len(words) // 2) + words)


def _ask(command: Command, data: bytes = b"") -> Frame:
    return Frame(Type.COMMAND, command, data)


def _place(password: bytes, bank: int, first: int, count: int) -> bytes:
    return password + bytes((bank,)) + first.to_bytes(2, "big") + count.to_bytes(2, "big")


# --- what is answered ---


@dataclass(frozen=True, slots=True)
class Seen:
    """One tag of an inventory."""

    epc: bytes
    pc: int
    rssi: int
    """dBm."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a tag gave, or took."""

    epc: bytes
    """Of the tag that answered."""
    data: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """What went wrong."""

    code: int
    """One of Error, or within its ranges."""

    @property
    def tag_error(self) -> int | None:
        """The tag's own error: 3 no such memory, 4 locked, B too little power; None where it is not the tag's."""
        return self.code & 0x0F if self.code >= Error.TAG_READ else None


def parse_seen(frame: Frame) -> Seen:
    """A notification of POLL; raises FrameError, also when the tag's CRC doesn't fit."""
    data = frame.data
    if frame.type != Type.NOTIFICATION or frame.command != Command.POLL or len(data) < 5:
        raise FrameError("no notification of a tag")
    if GEN2(data[1:-2]) != int.from_bytes(data[-2:], "big"):
        raise FrameError("the tag's checksum is wrong")
    return Seen(_epc(data[1:-2]), int.from_bytes(data[1:3], "big"), int.from_bytes(data[:1], signed=True))


def parse_words(frame: Frame, count: int) -> Words:
    """The answer to a read of `count` words; raises FrameError."""
    words = _parse_tag(frame)
    if len(words.data) != 2 * count:
        raise FrameError(f"no {count} words")
    return words


def parse_written(frame: Frame) -> Words:
    """The answer to a write; raises FrameError."""
    words = _parse_tag(frame)
    if words.data != b"\x00":
        raise FrameError("no acknowledgement")
    return words


def parse_done(frame: Frame) -> bool:
    """The answer to a setting; raises FrameError."""
    if frame.data != b"\x00":
        raise FrameError("no acknowledgement")
    return True


def parse_version(frame: Frame) -> str:
    """The answer to version; raises FrameError."""
    if len(frame.data) < 2:
        raise FrameError("no version")
    return frame.data[1:].decode("ascii", "replace").strip("\0 ")


def parse_refusal(frame: Frame) -> Refusal:
    """An ERROR answer; raises FrameError."""
    if not frame.data:
        raise FrameError("an error without a code")
    return Refusal(frame.data[0])


def _parse_tag(frame: Frame) -> Words:
    """Length of PC and EPC, PC, EPC, data."""
    size = frame.data[0] if frame.data else 0
    if size < 2 or len(frame.data) < 1 + size:
        raise FrameError("no tag's answer")
    return Words(_epc(frame.data[1 : 1 + size]), frame.data[1 + size :])


def _epc(pc_epc: bytes) -> bytes:
    """The EPC behind a PC word, as long as that says; words between the two (XPC) are left out."""
    size = 2 * (pc_epc[0] >> 3)
    if len(pc_epc) < 2 + size:
        raise FrameError("an EPC shorter than its PC says")
    return pc_epc[len(pc_epc) - size :]
