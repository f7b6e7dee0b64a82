"""Which encoding a file of text is in, by its bytes alone: UTF-8, GB18030 (and so GBK and GB2312), or neither."""

import re
from enum import StrEnum

BOM = b"\xef\xbb\xbf"
_HIGH = re.compile(rb"[\x80-\xff]")
_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_TWO = re.compile(rb"[\x81-\xfe]([\x30-\x39][\x81-\xfe][\x30-\x39]|[\x40-\xfe])")


class Encoding(StrEnum):
    """What a file may be in, or be said to be in."""

    UTF_8 = "utf-8"
    GB18030 = "gb18030"
    """GBK and GB2312 are parts of it."""
    MARC_8 = "marc-8"
    """MARC records only."""
    UTF_16 = "utf-16"
    """Tables only, by their byte order mark."""


def is_utf8(raw: bytes) -> bool:
    """Every byte fits."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def mostly_utf8(raw: bytes) -> bool:
    """It was UTF-8 before something damaged it: four of five bytes beyond ASCII belong to whole characters."""
    high = len(_HIGH.findall(raw))
    return 5 * sum(len(found) for found in _UTF8.findall(raw)) >= 4 * high


def looks_chinese(raw: bytes) -> bool:
    """It can be GB18030, and at least half of its characters are those of GB2312.

    A Latin letter with an accent stands before a plain letter, and together they would be one of the rare characters
    that GB2312 lacks: that is what tells the two apart.
    """
    try:
        raw.decode("gb18030")
    except UnicodeDecodeError:
        return False
    trails = [found[-1] for found in _TWO.findall(raw)]
    return bool(trails) and 2 * sum(trail >= 0xA1 for trail in trails) >= len(trails)


def of_text(raw: bytes) -> Encoding | None:
    """The encoding of a table; None when it is none that is known, or damaged UTF-8."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Encoding.UTF_16
    if is_utf8(raw):
        return Encoding.UTF_8
    return Encoding.GB18030 if not mostly_utf8(raw) and looks_chinese(raw) else None
