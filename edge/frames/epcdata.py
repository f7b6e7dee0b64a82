"""What the EPC of a UHF tag says: the national form (GB/T 35660.3, ISO 28560-4) and the universities' (facts and
vectors from DigitalPlatform/dp2; Journal of Academic Libraries 2014/5).

    national     [owner "."] item in URN Code 40: three signs in two bytes, escapes for long numbers, other signs
    university   0  loan bit, sorting class     2  which further elements user memory has
                 1  coding, version             4  item

The control word's bit 8 tells them apart: it is set in the national form. Owner and set may stand in user memory, as a
DSFID and elements of ISO 28560-2. What can't be read is Damaged; nothing is guessed.
"""

from dataclasses import replace

from edge.frames.tagdata import (
    DSFID_ISO28560_2,
    Blank,
    Content,
    Damaged,
    Element,
    ItemContent,
    Usage,
    described,
    element_text,
    elements,
    owner_of,
    set_of,
    usage_of,
)

ISO = 0x0100
"""Bit of the control word: the id follows ISO."""
_SIGNS = "\0ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789"
_NUMBER, _ASCII, _TWO, _THREE = 0xFB, 0xFC, 0xFD, 0xFE
_SHORT, _LONGEST_PACKED = 8, 14
"""Characters from which a university's 96-bit id is packed, and its longest."""


class EpcError(ValueError):
    """An EPC that isn't of the form; the message says why."""


def national(epc: bytes, user: bytes = b"") -> Content:
    """What an EPC of the national form says, and user memory beside it. Never raises."""
    if not epc.strip(b"\0"):
        return Blank()
    try:
        text = urn40(epc)
    except EpcError as wrong:
        return Damaged(str(wrong))
    owner, dot, item = text.partition(".")
    if not dot or owner_of(owner) is None:
        owner, item = "", text
    return _with_user(described(item, owner_of(owner), Usage.CIRCULATING, 1, 1), user)


def university(epc: bytes, user: bytes = b"") -> Content:
    """What an EPC of the universities' form says, and user memory beside it. Never raises."""
    if not epc.strip(b"\0"):
        return Blank()
    try:
        item = _university_item(epc)
    except EpcError as wrong:
        return Damaged(str(wrong))
    return _with_user(described(item, None, Usage.CIRCULATING, 1, 1), user)


def urn40(data: bytes) -> str:
    """The text in URN Code 40, without the zeros that fill it up; raises EpcError."""
    text, at = "", 0
    while at < len(data):
        lead = data[at]
        if lead >= _NUMBER:
            piece, size = _escaped(data, at)
        else:
            if at + 2 > len(data):
                raise EpcError("the id ends in the middle of three signs")
            value, size = int.from_bytes(data[at : at + 2]), 2
            piece = _three(value - 1) if value else ""
        text, at = text + piece, at + size
    return text.rstrip("\0")


def _three(value: int) -> str:
    first, rest = divmod(value, 1600)
    second, third = divmod(rest, 40)
    if first >= len(_SIGNS):
        raise EpcError("three signs that are none")
    return _SIGNS[first] + _SIGNS[second] + _SIGNS[third]


def _escaped(data: bytes, at: int) -> tuple[str, int]:
    """A long number, or one sign of another alphabet; and its bytes."""
    if data[at] == _NUMBER:
        form = data[at + 1] if at + 1 < len(data) else 0
        digits, size = (form >> 4) + 9, (form & 15) + 4
        if at + 2 + size > len(data):
            raise EpcError("the id ends in the middle of a number")
        number = str(int.from_bytes(data[at + 2 : at + 2 + size]))
        if len(number) > digits:
            raise EpcError("a number has more digits than it says")
        return number.zfill(digits), 2 + size
    size = {_ASCII: 1, _TWO: 2, _THREE: 3}.get(data[at], 0)
    raw = data[at + 1 : at + 1 + size]
    if not size or len(raw) < size:
        raise EpcError("the id ends in the middle of a sign")
    try:
        return raw.decode("utf-8"), 1 + size
    except UnicodeDecodeError:
        raise EpcError("a sign that is none") from None


def _university_item(epc: bytes) -> str:
    if len(epc) < 6:
        raise EpcError(f"an EPC of {len(epc)} bytes has no room for an id")
    coding, data = epc[1] >> 6, epc[4:]
    if coding == 2:
        return _plain(data.split(b"\0")[0], "utf-8")
    if coding == 3:
        raise EpcError("an id coding that nobody has described")
    count = data[0] & 15 if coding == 0 else data[0]
    if count < _SHORT or coding == 1:
        if count == 0 or count > 11 or 1 + count > len(data):
            raise EpcError(f"an id of {count} characters, which can't be read")
        return _plain(data[1 : 1 + count], "ascii")
    if count > _LONGEST_PACKED or len(data) < 8:
        raise EpcError(f"a packed id of {count} characters in {len(data)} bytes")
    return _packed(int.from_bytes(data[:4], "little"), int.from_bytes(data[4:8], "little"), count)


def _packed(low: int, high: int, count: int) -> str:
    """Three characters of six bits, a digit over both words, a number, a last character of eight bits."""
    first = "".join(chr((low >> shift & 63) + 0x30) for shift in (24, 18, 12))
    fourth, number = (high & 3) << 2 | low >> 30, str(high >> 2)
    middle = count - 5
    if fourth > 9 or len(number) > middle:
        raise EpcError("digits that are none")
    return first + str(fourth) + number.zfill(middle) + chr(low >> 4 & 255)


def _plain(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        raise EpcError("an id of other signs than it says") from None


def _with_user(content: Content, user: bytes) -> Content:
    """Adds what user memory says of owner, set and use, where it says it in elements."""
    if not isinstance(content, ItemContent) or user[:1] != bytes((DSFID_ISO28560_2,)):
        return content
    found = {element: (coding, raw) for element, coding, raw in elements(user[1:])}
    parts, part = set_of(found.get(Element.SET))
    owner = content.owner
    if owner is None and Element.OWNER in found:
        try:
            owner = owner_of(element_text(*found[Element.OWNER]).strip(" "))
        except ValueError:
            return Damaged("the owner in user memory can't be read")
    usage = usage_of(found) if Element.USAGE in found else content.usage
    return replace(content, owner=owner, parts=parts, part=part, usage=usage)
