"""Files of ISO 2709 records (MARC21, UNIMARC, CNMARC): cut into records, each checked, its text decoded when asked for.

A file is cut by the lengths that records tell and by their end marks, so that one broken record costs only itself.
"""

import re
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pymarc import Record as Parsed
from pymarc.exceptions import BadSubfieldCodeWarning, PymarcException
from pymarc.marc8 import MARC8ToUnicode

from hub.directory.encodings import BOM, Encoding, is_utf8, looks_chinese, mostly_utf8

END_OF_FIELD, END_OF_RECORD = 0x1E, 0x1D
_BETWEEN = re.compile(rb"[\s\x00\x1a]*")
_ENTRY = re.compile(rb"[0-9A-Z]{3}\d{9}")
_UNSEEN = re.compile("[\u0080-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Marks of direction and of what sorting leaves out."""
_REFERENCE = re.compile("&#x([0-9A-Fa-f]{4,5});")
"""What MARC-8 has no code for."""
_EAST_ASIAN = re.compile(rb"\x1b\$,?1([^\x1b]*)")


class Broken(Exception):
    """A record can't be read; `where` is the field, or "record"."""

    def __init__(self, why: str, where: str = "record") -> None:
        super().__init__(why)
        self.why, self.where = why, where


@dataclass(frozen=True, slots=True)
class Chunk:
    """One record's bytes in the file."""

    number: int
    """1, 2, 3 …"""
    offset: int
    """Of its first byte."""
    raw: bytes
    why: str = ""
    """What is wrong with it as a whole; empty: nothing so far."""


def cut(content: bytes) -> Iterator[Chunk]:
    """Every record of a file, whole or not; what stands between them is passed over."""
    at = len(BOM) if content.startswith(BOM) else 0
    number = 0
    while True:
        gap = _BETWEEN.match(content, at)
        at = gap.end() if gap else at
        if at >= len(content):
            return
        number += 1
        mark = content.find(END_OF_RECORD, at)
        end = mark + 1 if mark >= 0 else len(content)
        yield Chunk(number, at, content[at:end], _why_not(content[at:end], mark >= 0))
        at = end


def _why_not(raw: bytes, ended: bool) -> str:
    if not raw[:5].isdigit():
        return "doesn't begin with its length"
    if not ended:
        return f"breaks off: it says it has {int(raw[:5])} bytes, the file ends after {len(raw)}"
    if int(raw[:5]) != len(raw):
        return f"says it has {int(raw[:5])} bytes, but its end mark stands after {len(raw)}"
    return ""


# ------------------------------------------------------------------------------------------------------------ encoding


def encoding_of(chunks: Sequence[Chunk]) -> Encoding:
    """What the records of a file are in that say nothing themselves: what most of those beyond ASCII fit."""
    beyond = [chunk.raw for chunk in chunks if not chunk.raw.isascii()]
    if any(b"\x1b" in chunk.raw for chunk in chunks) and not beyond:
        return Encoding.MARC_8
    good = sum(map(is_utf8, beyond))
    if 2 * good >= len(beyond):
        return Encoding.UTF_8
    rest = [raw for raw in beyond if not is_utf8(raw)]
    if 2 * sum(map(mostly_utf8, rest)) >= len(rest):
        return Encoding.UTF_8
    return Encoding.GB18030 if 2 * sum(map(looks_chinese, rest)) >= len(rest) else Encoding.MARC_8


def _encoding(chunk: Chunk, common: Encoding, marc21: bool) -> Encoding:
    """Of one record: what its leader says (MARC21), unless its bytes say otherwise."""
    if b"\x1b" in chunk.raw:
        return Encoding.MARC_8
    if is_utf8(chunk.raw):
        return Encoding.UTF_8 if common is not Encoding.GB18030 or chunk.raw[9:10] == b"a" else common
    if marc21 and common is not Encoding.GB18030:
        return Encoding.UTF_8 if chunk.raw[9:10] == b"a" else Encoding.MARC_8
    return common


class _Strict(MARC8ToUnicode):
    """Raises where the other would put a blank in place of a character it doesn't know."""

    @property
    def quiet(self) -> bool:
        raise ValueError

    @quiet.setter
    def quiet(self, value: bool) -> None:
        pass


def _marc8(raw: bytes) -> str:
    if any(len(found) % 3 for found in _EAST_ASIAN.findall(raw)):
        raise ValueError
    text = str(_Strict().translate(raw))  # type: ignore[no-untyped-call]
    return _REFERENCE.sub(lambda found: chr(int(found[1], 16)), text)


# ------------------------------------------------------------------------------------------------------------- records


@dataclass(frozen=True, slots=True)
class Field:
    """One data field."""

    tag: str
    indicators: str
    parts: tuple[tuple[str, str], ...]
    """(code, text) of the subfields."""

    def first(self, *codes: str) -> str:
        """The first subfield of the first of `codes` that holds anything; else empty."""
        return next((text for code in codes for text in self.all(code) if text), "")

    def all(self, codes: str) -> list[str]:
        """Subfields whose code is one of the letters of `codes`, in the record's order."""
        return [text for code, text in self.parts if code in codes]


class Record:
    """One whole record. Text is decoded when it is asked for, so that a bad byte matters only where it is read."""

    def __init__(self, chunk: Chunk, common: Encoding, said: Encoding | None = None) -> None:
        """`common`: of the file; `said`: by the caller, and final. Raises Broken."""
        if chunk.why:
            raise Broken(chunk.why)
        self.number, self.offset = chunk.number, chunk.offset
        _check(chunk.raw)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", BadSubfieldCodeWarning)
                parsed = Parsed(chunk.raw, to_unicode=False)
        except BadSubfieldCodeWarning:
            raise Broken("a subfield has no code") from None
        except (PymarcException, ValueError, IndexError):
            raise Broken("its fields can't be told apart") from None
        self.leader = str(parsed.leader)
        self._raw: list[Any] = list(parsed.fields)  # to_unicode=False: their data are bytes
        self.is_marc21 = self.has("245") or not self.has("200")
        self.encoding = said or _encoding(chunk, common, self.is_marc21)

    def has(self, tag: str) -> bool:
        """Whether there is such a field."""
        return tag in self._tags

    def control(self, tag: str) -> str:
        """A control field's text; empty without one. Positions in it count."""
        for field in self._raw:
            if field.tag == tag:
                return self._text(field.data, tag)
        return ""

    def fields(self, *tags: str) -> list[Field]:
        """Data fields with one of `tags`, in their order."""
        return [self._decoded(field) for tag in tags for field in self._raw if field.tag == tag and field.subfields]

    @cached_property
    def _tags(self) -> frozenset[str]:
        return frozenset(field.tag for field in self._raw)

    def _decoded(self, field: Any) -> Field:
        parts = tuple((part.code, self._text(part.value, field.tag).strip()) for part in field.subfields)
        return Field(field.tag, "".join(field.indicators or "  "), parts)

    def _text(self, raw: bytes, tag: str) -> str:
        try:
            text = _marc8(raw) if self.encoding is Encoding.MARC_8 else raw.decode(self.encoding)
        except (ValueError, TypeError, IndexError):
            raise Broken(f"holds bytes that aren't {self.encoding.upper()}", tag) from None
        return unicodedata.normalize("NFC", _UNSEEN.sub("", text))


def _check(raw: bytes) -> None:
    """Leader and directory, every field's end included. Raises Broken."""
    if not raw[:24].isascii() or not raw[12:17].isdigit():
        raise Broken("its leader doesn't say where the data begin")
    base = int(raw[12:17])
    if not 24 < base < len(raw) or raw[base - 1] != END_OF_FIELD or (base - 25) % 12:
        raise Broken("its directory doesn't end where the leader says")
    for number, at in enumerate(range(24, base - 1, 12), start=1):
        entry = raw[at : at + 12]
        if not _ENTRY.fullmatch(entry):
            raise Broken(f"entry {number} of its directory isn't a tag and two numbers")
        end = base + int(entry[7:12]) + int(entry[3:7])
        if end >= len(raw) or raw[end - 1] != END_OF_FIELD:
            raise Broken("doesn't end where the directory says", entry[:3].decode())
