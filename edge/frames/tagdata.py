"""What is written on the tag in an item: ISO 28560-3 (one block with a CRC) and ISO 28560-2 (a stream of elements).

    28560-3   0  version 1 and type of usage, a nibble each     19  CRC, low byte first
              1  parts of the item                              21  owner's country, two letters
              2  which part this is                             23  rest of the owner's ISIL, 11 bytes (9 on a
              3  item number, 16 bytes, zero-filled                 tag of 32 bytes)

The CRC covers bytes 0-18 and 21-33. Programs disagree about the order of the nibbles of byte 0 and of bytes 1 and 2,
and some reverse each block once too often; each is told apart here by what can't be otherwise. A content that no
rule vouches for is Damaged: nothing is ever guessed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from pydantic import TypeAdapter, ValidationError

from edge.frames.checksums import ISO28560
from protocol.names import Isil, ItemId

DSFID_ISO28560_2 = 0x06
DSFID_ISO28560_3 = 0x3E
LEAST, WHOLE = 32, 34
"""Bytes of the 28560-3 block on a small tag and on any other."""
FILLINGS = (0x00, 0x20, 0xFF)
"""What a tag that nobody wrote is full of, depending on its maker."""

_ITEM: TypeAdapter[ItemId] = TypeAdapter(ItemId)
_ISIL: TypeAdapter[Isil] = TypeAdapter(Isil)
_VERSION = 1
_NUMBER = slice(3, 19)
_CRC = slice(19, 21)
_COUNTRY = slice(21, 23)
_REST = slice(23, 34)


class Usage(IntEnum):
    """What the thing with the tag is for (ISO 28560-1, type of usage, main category)."""

    ACQUISITION = 0
    CIRCULATING = 1
    NOT_FOR_LOAN = 2
    DISCARDED = 7
    PATRON_CARD = 8
    EQUIPMENT = 9
    OTHER = 15
    """Any the standard has no name for, or none was said."""


@dataclass(frozen=True, slots=True)
class ItemContent:
    """An item, and whose it is."""

    item: ItemId
    owner: Isil | None
    """None when the tag names none, or nothing that is an ISIL."""
    usage: Usage = Usage.CIRCULATING
    parts: int = 1
    part: int = 1


@dataclass(frozen=True, slots=True)
class PatronCard:
    """A patron's card of this kind, left among the items."""

    number: str
    owner: Isil | None


@dataclass(frozen=True, slots=True)
class Blank:
    """Nothing was ever written."""


@dataclass(frozen=True, slots=True)
class Damaged:
    """Something is written that no decoder vouches for."""

    why: str


Content = ItemContent | PatronCard | Blank | Damaged


def decode(dsfid: int, memory: bytes, block_size: int, blocks: bool = True, streams: bool = True) -> Content:
    """What a tag with this DSFID and memory, from block 0, says. Never raises.

    `memory` is 34 bytes or more, best whole blocks; less only when the tag has less. A wrong or unset DSFID is
    borne where the CRC vouches for the content. `blocks` and `streams` say which of the two forms are read at all.
    """
    if memory and memory == memory[:1] * len(memory) and memory[0] in FILLINGS:
        return Blank()
    block = _block(memory, block_size)
    if block is not None and blocks:
        return _content_of_block(block)
    if dsfid == DSFID_ISO28560_2 and block is None and streams:
        return _content_of_stream(memory)
    return Damaged("the checksum is wrong" if len(memory) >= LEAST else f"only {len(memory)} bytes could be read")


def encode(content: ItemContent | PatronCard, size: int = WHOLE) -> bytes:
    """The 28560-3 block that says `content`, `size` bytes (32 or 34); raises ValueError when it doesn't fit."""
    if size not in (LEAST, WHOLE):
        raise ValueError(f"a block has {LEAST} or {WHOLE} bytes, not {size}")
    number, usage, parts, part = "", Usage.PATRON_CARD, 1, 1
    if isinstance(content, ItemContent):
        number, usage, parts, part = content.item, content.usage, content.parts, content.part
    else:
        number = content.number
    country, _, rest = (content.owner or "").partition("-")
    _fits("number", number, 16)
    _fits("owner", rest, size - _REST.start)
    if content.owner and len(country) != 2:
        raise ValueError(f"owner {content.owner}: the block has room for a country of two letters only")
    if not 1 <= part <= parts <= 255:
        raise ValueError(f"part {part} of {parts}")
    block = bytearray(WHOLE)
    block[:3] = bytes((usage << 4 | _VERSION, parts, part))
    block[_NUMBER] = number.encode("ascii").ljust(16, b"\0")
    block[_COUNTRY] = country.encode("ascii").ljust(2, b"\0")
    block[_REST] = rest.encode("ascii").ljust(11, b"\0")
    block[_CRC] = _crc(block).to_bytes(2, "little")
    return bytes(block[:size])


def encode_stream(content: ItemContent) -> bytes:
    """The 28560-2 elements that say `content`, without the 00 that ends them where memory goes on.

    Item and owner come first. Raises ValueError when it is longer than the 34 bytes that `decode` can count on.
    """
    stream = _text_element(Element.ITEM, content.item)
    if content.owner:
        stream += _text_element(Element.OWNER, content.owner)
    if content.parts > 1:
        stream += _text_element(Element.SET, f"{content.parts}{content.part:0{len(str(content.parts))}}")
    if content.usage is not Usage.CIRCULATING:
        stream += bytes((Element.USAGE, 1, content.usage << 4))
    if len(stream) > WHOLE:
        raise ValueError(f"item {content.item} takes {len(stream)} bytes, and only {WHOLE} are read")
    return stream


def _fits(what: str, text: str, room: int) -> None:
    if not text.isascii() or len(text) > room:
        raise ValueError(f"{what} {text!r} doesn't fit {room} bytes")


# --- ISO 28560-3 ---


def _crc(block: bytes | bytearray) -> int:
    return ISO28560(bytes(block[:19]) + bytes(block[21:WHOLE]))


def _block(memory: bytes, block_size: int) -> bytes | None:
    """The 34 bytes whose CRC is right, of those that `memory` can be meant to hold."""
    turned = b"".join(memory[at : at + block_size][::-1] for at in range(0, len(memory), max(block_size, 1)))
    for candidate in (memory, turned):
        for length in (WHOLE, LEAST):
            block = candidate[:length].ljust(WHOLE, b"\0")
            if len(candidate) >= LEAST and _crc(block) == int.from_bytes(block[_CRC], "little"):
                return block
    return None


def _content_of_block(block: bytes) -> Content:
    usage = _usage_of(block[0])
    if usage is None:
        return Damaged(f"version and usage {block[0]:02X} are of no known version")
    parts, part = max(block[1:3]), min(block[1:3])
    owner = owner_of(_text(block[_COUNTRY]).upper() + "-" + _text(block[_REST]))
    return described(_text(block[_NUMBER]), owner, usage, parts, part)


def _usage_of(byte: int) -> Usage | None:
    """The version is always 1, which tells in which nibble it is."""
    high, low = byte >> 4, byte & 0x0F
    if low == _VERSION:
        return _named(high)
    return _named(low) if high == _VERSION else None


def _named(value: int) -> Usage:
    try:
        return Usage(value)
    except ValueError:
        return Usage.OTHER


def _text(raw: bytes) -> str:
    """A field's text without filling; what isn't ASCII stays visible as U+FFFD and fits no identifier."""
    return raw.rstrip(b"\0").decode("ascii", errors="replace").strip(" ")


def owner_of(text: str) -> Isil | None:
    """The institution, or None where that is no ISIL."""
    try:
        return _ISIL.validate_python(text)
    except ValidationError:
        return None


def described(number: str, owner: Isil | None, usage: Usage, parts: int, part: int) -> Content:
    """An item's or a card's content; Damaged where the number can't be one."""
    try:
        item = _ITEM.validate_python(number)
    except ValidationError:
        return Damaged("it holds no item number" if not number else "its item number has blanks or odd characters")
    if usage is Usage.PATRON_CARD:
        return PatronCard(number, owner)
    return ItemContent(item, owner, usage, max(parts, 1), max(part, 1))


# --- ISO 28560-2 ---


class Element(IntEnum):
    """Elements of the stream that say whose and what the item is (ISO 28560-1)."""

    ITEM = 1
    OWNER = 3
    SET = 4
    USAGE = 5


class _Coding(IntEnum):
    APPLICATION = 0
    INTEGER = 1
    NUMERIC = 2
    FIVE_BIT = 3
    SIX_BIT = 4
    SEVEN_BIT = 5
    BYTES = 6
    UTF8 = 7


_OFFSET = 0x80
_FURTHER = 15


def elements(memory: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Number, coding (0-7) and bytes of each element; ends at the terminator, or where the memory was cut off."""
    at = 0
    while at < len(memory) and memory[at]:
        header = memory[at]
        at += 1
        number, coding, padding = header & 0x0F, header >> 4 & 0x07, 0
        if header & _OFFSET:
            padding, at = _byte(memory, at), at + 1
        if number == _FURTHER:
            number, at = number + _byte(memory, at), at + 1
        length, at = _byte(memory, at), at + 1
        if at + length > len(memory):
            return
        yield number, coding, memory[at : at + length]
        at += length + padding


def _byte(memory: bytes, at: int) -> int:
    return memory[at] if at < len(memory) else len(memory)


def _content_of_stream(memory: bytes) -> Content:
    found: dict[int, tuple[int, bytes]] = {}
    for element, coding, raw in elements(memory):
        if element in found:
            return Damaged(f"element {element} stands there twice")
        found[element] = coding, raw
    try:
        texts = {
            element: element_text(*found[element]) for element in (Element.ITEM, Element.OWNER) if element in found
        }
    except ValueError as wrong:
        return Damaged(f"an element can't be read: {wrong}")
    parts, part = set_of(found.get(Element.SET))
    number = texts.get(Element.ITEM, "").strip(" ")
    return described(number, owner_of(texts.get(Element.OWNER, "").strip(" ")), usage_of(found), parts, part)


def usage_of(found: dict[int, tuple[int, bytes]]) -> Usage:
    """Main category: the high nibble of the one byte; programs that write a bare number use the low one."""
    raw = found.get(Element.USAGE, (0, b""))[1]
    if len(raw) != 1:
        return Usage.CIRCULATING if not raw else Usage.OTHER
    return _named(raw[0] >> 4 or raw[0])


def set_of(element: tuple[int, bytes] | None) -> tuple[int, int]:
    """Parts and part: decimal digits, half of them for each, as text or number; 1, 1 when nothing sensible is said."""
    if element is None:
        return 1, 1
    coding, raw = element
    try:
        digits = element_text(_Coding.INTEGER if coding == _Coding.APPLICATION else coding, raw)
    except ValueError:
        return 1, 1
    digits = digits.zfill(len(digits) + len(digits) % 2)
    half = len(digits) // 2
    if not digits.isascii() or not digits.isdigit() or len(digits) > 6:
        return 1, 1
    first, second = int(digits[:half]), int(digits[half:])
    return max(first, second), min(first, second)


def _text_element(element: Element, text: str) -> bytes:
    coding, raw = _compact(text)
    return bytes((coding << 4 | element, len(raw))) + raw


def _compact(text: str) -> tuple[_Coding, bytes]:
    """The shortest coding of ASCII text, and its bytes; whole numbers of up to 19 digits fit eight bytes."""
    if text.isdecimal() and text[0] != "0" and len(text) <= 19:
        return _Coding.INTEGER, int(text).to_bytes((int(text).bit_length() + 7) // 8, "big")
    if text.isdecimal():
        return _Coding.NUMERIC, bytes.fromhex(text + "f" * (len(text) % 2))
    if all(" " <= sign <= "_" for sign in text):
        return _Coding.SIX_BIT, _packed([ord(sign) & 0x3F for sign in text], 6, "100000")
    return _Coding.SEVEN_BIT, _packed(list(text.encode("ascii")), 7, "1111111")


def _packed(codes: list[int], width: int, filling: str) -> bytes:
    """The codes one after another, first bit first, and as much filling as the last byte needs."""
    bits = "".join(f"{code:0{width}b}" for code in codes)
    bits += filling[: -len(bits) % 8]
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def element_text(coding: int, raw: bytes) -> str:
    """An element's text under its coding (ISO/IEC 15962, compaction schemes); raises ValueError."""
    match coding:
        case _Coding.INTEGER:
            return str(int.from_bytes(raw, "big"))
        case _Coding.NUMERIC:
            digits = raw.hex().rstrip("f")
            if not digits.isdecimal():
                raise ValueError("a digit is above 9")
            return digits
        case _Coding.FIVE_BIT:
            return "".join(chr(0x40 + code) for code in _codes(raw, 5)).rstrip("@")
        case _Coding.SIX_BIT:
            return "".join(chr(code | 0x40 if code < 0x20 else code) for code in _codes(raw, 6)).rstrip(" ")
        case _Coding.SEVEN_BIT:
            return "".join(chr(code) for code in _codes(raw, 7)).rstrip("\x7f")
        case _Coding.UTF8:
            return raw.decode("utf-8")
        case _:
            return raw.decode("iso-8859-1")


def _codes(raw: bytes, width: int) -> Iterator[int]:
    """Whole codes of `width` bits, first bit first; bits left over are filling."""
    bits, held = 0, 0
    for byte in raw:
        held, bits = held << 8 | byte, bits + 8
        while bits >= width:
            bits -= width
            yield held >> bits & (1 << width) - 1
        held &= (1 << bits) - 1
