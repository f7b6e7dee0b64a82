"""Frames of the GM65 kind of scanners: barcodes and QR codes, on a serial line (GM65, GM861, EM1365 user manuals).

    asked     7E 00 TYPE LEN ADDR-hi ADDR-lo DATA … CRC high, CRC low     LEN counts DATA; CRC from TYPE on
    answered  02 00 TYPE LEN DATA … CRC high, CRC low                     TYPE 00 = done
    decoded   the bare text, CR, LF or nothing behind it

Settings are bytes at addresses, called zones. AB CD in the place of a CRC skips the check. A text has no check of its
own and may have an answer in its middle. So an answer is believed by its CRC, wherever it stands, and a text that has
control characters in it, which are what is left of a broken answer, is thrown away whole.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from edge.frames.checksums import GM65

READ, WRITE, SAVE = 0x07, 0x08, 0x09
DONE = 0x00
MODE, TRIGGER, READ_TIME, BAUD, FORM, FACTORY = 0x0000, 0x0002, 0x0006, 0x002A, 0x0060, 0x00D9
"""Zones: reading mode (low two bits), one reading (1 start, 0 stop), how long one may take (x 100 ms), speed, what is
put around a text (bit 0 an end, bits 5-6 which: 0 CR, 1 CR LF, 2 TAB, 3 none; bits 1-4 suffix, code id, prefix, a text
when nothing was read), factory settings (55)."""
MODES = {"button": 0, "command": 1, "continuous": 2, "motion": 3}
MAX_TEXT = 300
"""Longest text taken, bytes: what people hold before a scanner may be a web page's address of 2 KB."""
MAX_ANSWER = 32
"""Most data in an answer believed in."""
_ASK, _ANSWER = b"\x7e\x00", b"\x02\x00"
_UNCHECKED = b"\xab\xcd"
_GROUP_SEPARATOR = 0x1D
"""The one control character that codes have inside (GS1)."""


class FrameError(ValueError):
    """Bytes that are no frame."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the host asks."""

    type: int
    zone: int
    data: bytes
    """What is to be written, or one byte: how many are to be read."""

    def __bytes__(self) -> bytes:
        body = bytes((self.type, len(self.data))) + self.zone.to_bytes(2, "big") + self.data
        return _ASK + body + GM65(body).to_bytes(2, "big")

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Request":
        """The request that `raw` is, whole; raises FrameError."""
        if raw[:2] != _ASK or len(raw) < 8 or len(raw) != raw[3] + 8:
            raise FrameError(f"{len(raw)} bytes are not one request")
        _check(raw)
        return cls(raw[2], int.from_bytes(raw[4:6], "big"), raw[6:-2])


@dataclass(frozen=True, slots=True)
class Answer:
    """What the scanner says to it."""

    type: int
    data: bytes

    def __bytes__(self) -> bytes:
        body = bytes((self.type, len(self.data))) + self.data
        return _ANSWER + body + GM65(body).to_bytes(2, "big")

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Answer":
        """The answer that `raw` is, whole; raises FrameError."""
        if raw[:2] != _ANSWER or len(raw) < 7 or len(raw) != raw[3] + 6:  # the CRC can't tell a zero less in front
            raise FrameError(f"{len(raw)} bytes are not one answer")
        _check(raw)
        return cls(raw[2], raw[4:-2])


def _check(raw: bytes) -> None:
    if raw[-2:] not in (_UNCHECKED, GM65(raw[2:-2]).to_bytes(2, "big")):
        raise FrameError("checksum is wrong")


def read(zone: int, count: int) -> Request:
    """What do `count` zones from `zone` on hold?"""
    return Request(READ, zone, bytes((count,)))


def write(zone: int, *values: int) -> Request:
    """Sets zones from `zone` on, until the power goes."""
    return Request(WRITE, zone, bytes(values))


def save() -> Request:
    """Keeps all settings without power. Flash wears: not for every start."""
    return Request(SAVE, 0, b"\x00")


@dataclass(frozen=True, slots=True)
class Text:
    """What was read from a code."""

    text: str


class Decoder:
    """Bytes as they come in, answers and texts as they are complete.

    `dropped` counts texts thrown away: too long, broken, or of no known encoding. Never holds more than MAX_TEXT and
    MAX_ANSWER + 6 bytes between calls.
    """

    def __init__(self) -> None:
        self._held = bytearray()
        self._text = bytearray()
        self._bad = False
        """The text that is coming is to be thrown away."""
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._held) + len(self._text)

    def feed(self, data: bytes) -> tuple[Answer | Text, ...]:
        """What `data` completes."""
        self._held += data
        found: list[Answer | Text] = []
        at = 0
        while at < len(self._held):
            size = self._candidate(at)
            if size is None:
                found += self._take(self._held[at])
                at += 1
                continue
            if size == 0 or at + size > len(self._held):
                break
            try:
                found.append(Answer.from_bytes(bytes(self._held[at : at + size])))
                at += size
            except FrameError:
                found += self._take(self._held[at])
                at += 1
        del self._held[:at]
        return tuple(found)

    def quiet(self) -> tuple[Answer | Text, ...]:
        """To be called when nothing came for longer than a text may pause: that ends it, suffix or not."""
        found: list[Answer | Text] = []
        while self._held:  # an answer that never came to its end, and what it hides
            found += self._take(self._held.pop(0))
            found += self.feed(b"")
        return (*found, *self._end())

    def _candidate(self, at: int) -> int | None:
        """Length of the answer that may begin at `at`; 0 when more must be seen, None when none begins there."""
        head = self._held[at : at + 4]
        if not _ANSWER.startswith(bytes(head[:2])):
            return None
        if len(head) < 4:
            return 0
        return head[3] + 6 if 0 < head[3] <= MAX_ANSWER else None

    def _take(self, byte: int) -> Iterable[Text]:
        """One byte of a text, or its end."""
        if byte in b"\r\n":
            return self._end()
        if (byte < 0x20 and byte != _GROUP_SEPARATOR) or len(self._text) >= MAX_TEXT:
            self._bad = True
        else:
            self._text.append(byte)
        return ()

    def _end(self) -> tuple[Text, ...]:
        raw, bad = bytes(self._text), self._bad
        self._text.clear()
        self._bad = False
        text = None if bad else _decoded(raw)
        if text is None:
            self.dropped += 1
        return (Text(text),) if text else ()


def _decoded(raw: bytes) -> str | None:
    """The text in UTF-8 or, as older codes have it, in GBK; None in neither."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding).strip()
        except UnicodeDecodeError:
            continue
    return None
