"""UHFReader18 frames: readers of EPC Gen2 tags on a serial line (UHFReader18 manual 2.0, UR series manual 1.14).

    command   LEN ADR CMD DATA … CRC low, CRC high             LEN counts what follows it
    answer    LEN ADR CMD STATUS DATA … CRC low, CRC high

There is no start sign: any byte of noise looks like a length, so a candidate is believed by its CRC only. Readers of
the UHFReader288 kind speak the same, but their inventories take more settings and tell how strongly a tag was heard.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from edge.frames.checksums import FEIG
from edge.frames.stream import Stream

ANY_ADDRESS = 255
"""A command to it is taken by every reader; the answer carries the reader's own."""
MAX_FRAME = 256
MAX_WORDS = 120
"""Most words in one read."""
MAX_EPC_WORDS = 15
"""Longest EPC by which a tag can be meant."""
SCAN_UNIT_S = 0.1
"""Unit of the scan time."""


class FrameError(ValueError):
    """Bytes that are no frame, or a frame that is not what was asked for."""


class Command(IntEnum):
    """What a reader can be asked."""

    NONE = 0x00
    """In an answer: to a command that the reader doesn't know, or that came garbled."""
    INVENTORY = 0x01
    READ = 0x02
    WRITE = 0x03
    SINGLE_INVENTORY = 0x0F
    READER_INFO = 0x21
    SET_REGION = 0x22
    SET_ADDRESS = 0x24
    SET_SCAN_TIME = 0x25
    SET_POWER = 0x2F
    SET_WORK_MODE = 0x35
    WORK_MODE = 0x36
    SCAN = 0xEE
    """In an answer that nobody asked for: what a reader in scan mode sees."""


class Status(IntEnum):
    """What an answer says of its command; others exist."""

    OK = 0x00
    FINISHED = 0x01
    TIME_OVER = 0x02
    MORE = 0x03
    FULL = 0x04
    PASSWORD = 0x05
    UNSUPPORTED = 0x0B
    ZERO_PASSWORD = 0x0C
    NOT_SAVED = 0x13
    """It is set, until the power goes."""
    CANT_ADJUST = 0x14
    STATISTICS = 0x26
    """Behind the answers to an inventory of the 288 kind: antenna, tags a second, tags in all."""
    ANTENNA = 0xF8
    FAILED = 0xF9
    POOR = 0xFA
    NO_TAG = 0xFB
    TAG_ERROR = 0xFC
    LENGTH = 0xFD
    COMMAND = 0xFE
    PARAMETER = 0xFF


@dataclass(frozen=True, slots=True)
class Request:
    """What the host asks."""

    command: int
    data: bytes = b""
    address: int = 0

    def __bytes__(self) -> bytes:
        return _sealed(bytes((self.address, self.command)) + self.data)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Request":
        """The request that `raw` is, whole; raises FrameError."""
        body = _opened(raw, 2)
        return cls(body[1], body[2:], body[0])


@dataclass(frozen=True, slots=True)
class Answer:
    """What the reader says, to it or unasked."""

    command: int
    status: int
    data: bytes = b""
    address: int = 0

    def __bytes__(self) -> bytes:
        return _sealed(bytes((self.address, self.command, self.status)) + self.data)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Answer":
        """The answer that `raw` is, whole; raises FrameError."""
        body = _opened(raw, 3)
        return cls(body[1], body[2], body[3:], body[0])


class Decoder(Stream[Answer]):
    """Bytes as they come in, answers as they are complete. Never holds more than MAX_FRAME bytes between calls."""

    def __init__(self) -> None:
        super().__init__(Answer.from_bytes, lambda head: head[0] + 1 if head[0] >= 5 else None)


def _sealed(body: bytes) -> bytes:
    if len(body) + 2 > 255:
        raise FrameError(f"{len(body)} bytes don't fit a frame")
    frame = bytes((len(body) + 2,)) + body
    return frame + FEIG(frame).to_bytes(2, "little")


def _opened(raw: bytes, least: int) -> bytes:
    """What is between length and CRC, at least `least` bytes."""
    if not raw or raw[0] != len(raw) - 1 or len(raw) < least + 3:
        raise FrameError(f"{len(raw)} bytes are not one frame")
    if FEIG(raw[:-2]) != int.from_bytes(raw[-2:], "little"):
        raise FrameError("checksum is wrong")
    return raw[1:-2]


# --- what is asked ---


def inventory(tid_words: int = 0) -> Request:
    """Which tags are in the field: their EPCs, or the first words of their TIDs."""
    return Request(Command.INVENTORY, _tid(tid_words))


def inventory_288(q: int, session: int, target: int, antenna: int, scan_time: int, tid_words: int = 0) -> Request:
    """The same of the 288 kind: `q` 0..15, `session` 0..3, `target` 0 (A) or 1 (B), `antenna` from 1, time in 0.1 s."""
    end = bytes((target, 0x7F + antenna, scan_time))
    return Request(Command.INVENTORY, bytes((q, session)) + _tid(tid_words) + end)


def read(epc: bytes, bank: int, first: int, count: int, password: bytes = bytes(4)) -> Request:
    """`count` words of the tag with this EPC, from word `first` of a memory bank on."""
    return Request(Command.READ, _epc(epc) + bytes((bank, first, count)) + password)


def write(epc: bytes, bank: int, first: int, words: bytes, password: bytes = bytes(4)) -> Request:
    """Writes whole words to the tag with this EPC, from word `first` of a memory bank on."""
    if not words or len(words) % 2:
        raise FrameError(f"{len(words)} bytes are not whole words")
    return Request(Command.WRITE, bytes((len(words) // 2,)) + _epc(epc) + bytes((bank, first)) + words + password)


def reader_info() -> Request:
    """What the reader is, and how it is set."""
    return Request(Command.READER_INFO)


def set_region(highest: int, lowest: int) -> Request:
    """The channels it may use: the highest and the lowest, as `Info.region`."""
    return Request(Command.SET_REGION, bytes((highest, lowest)))


def set_scan_time(time: int) -> Request:
    """The longest that an inventory may take, in tenths of a second, 3..255."""
    return Request(Command.SET_SCAN_TIME, bytes((time,)))


def set_power(dbm: int) -> Request:
    """How strongly it sends."""
    return Request(Command.SET_POWER, bytes((dbm,)))


def work_mode() -> Request:
    """Whether it waits for commands or scans by itself."""
    return Request(Command.WORK_MODE)


def set_work_mode(parameters: bytes) -> Request:
    """Sets the six bytes of `WorkMode`."""
    return Request(Command.SET_WORK_MODE, parameters)


def _tid(words: int) -> bytes:
    return bytes((0, words)) if words else b""


def _epc(epc: bytes) -> bytes:
    if len(epc) % 2 or not 1 <= len(epc) // 2 <= MAX_EPC_WORDS:
        raise FrameError(f"a tag can't be meant by an EPC of {len(epc)} bytes")
    return bytes((len(epc) // 2,)) + epc


# --- what is answered ---


@dataclass(frozen=True, slots=True)
class Info:
    """What a reader is, and how it is set."""

    version: tuple[int, int]
    type: int
    protocols: int
    region: tuple[int, int]
    """Highest and lowest channel: number in bits 5-0, the band in bits 7 and 6 of both."""
    power: int
    """dBm."""
    scan_time: int
    """Tenths of a second."""

    @property
    def reads_gen2(self) -> bool:
        """Whether it reads the tags that are in items."""
        return bool(self.protocols & 0x02)

    def __str__(self) -> str:
        model = MODELS.get(self.type, f"UHF reader type {self.type:02X}")
        return f"{model}, software {self.version[0]}.{self.version[1]}"


MODELS = {0x09: "UHFReader18"}


@dataclass(frozen=True, slots=True)
class Seen:
    """One tag of an inventory."""

    identity: bytes
    """Its EPC, or the words of its TID where those were asked for."""
    rssi: int | None = None
    """dBm, where the kind of reader tells it."""


@dataclass(frozen=True, slots=True)
class WorkMode:
    """How a reader works by itself."""

    parameters: bytes
    """Six bytes; the lowest two bits of the first are 0 when it waits for commands."""

    @property
    def waits(self) -> bool:
        """Whether it waits for commands."""
        return not self.parameters[0] & 0x03

    def waiting(self) -> bytes:
        """The same, but that it waits for commands."""
        return bytes((self.parameters[0] & 0xFC,)) + self.parameters[1:]


def parse_info(answer: Answer) -> Info:
    """The answer to reader_info; raises FrameError."""
    data = answer.data
    if answer.status != Status.OK or len(data) < 8:
        raise FrameError("no reader's information")
    return Info((data[0], data[1]), data[2], data[3], (data[4], data[5]), data[6], data[7])


def parse_work_mode(answer: Answer) -> WorkMode:
    """The answer, status OK, to work_mode; raises FrameError."""
    if len(answer.data) < 10:
        raise FrameError("no work mode")
    return WorkMode(answer.data[4:10])


def parse_inventory(answer: Answer) -> tuple[Seen, ...]:
    """One answer to inventory, whatever its status; raises FrameError when its data don't add up."""
    return tuple(Seen(identity) for identity, _ in _seen(answer.data, 0))


def parse_inventory_288(answer: Answer) -> tuple[Seen, ...]:
    """The same of the 288 kind."""
    return tuple(Seen(identity, int.from_bytes(rssi, signed=True)) for identity, rssi in _seen(answer.data[1:], 1))


def parse_words(answer: Answer, count: int) -> bytes:
    """The answer, status OK, to a read of `count` words; raises FrameError."""
    if len(answer.data) != 2 * count:
        raise FrameError(f"no {count} words")
    return answer.data


def _seen(data: bytes, after: int) -> Iterator[tuple[bytes, bytes]]:
    """Each tag's EPC or TID, and the `after` bytes behind it."""
    if not data:
        return
    at = 1
    for _ in range(data[0]):
        end = at + 1 + data[at] if at < len(data) else at + 1
        if end + after > len(data):
            raise FrameError(f"{data[0]} tags announced in {len(data)} bytes")
        yield data[at + 1 : end], data[end : end + after]
        at = end + after
    if at != len(data):
        raise FrameError(f"{data[0]} tags announced in {len(data)} bytes")
