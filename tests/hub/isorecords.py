"""ISO 2709 records written by hand, byte by byte, so that what reads them is not what wrote them."""

from collections.abc import Sequence

FIELD, RECORD, PART = b"\x1e", b"\x1d", b"\x1f"

Data = str | bytes
"""A control field's data, or a data field's "12$aText$bText" with its two indicators first; bytes stay as they are."""


def record(
    fields: Sequence[tuple[str, Data]], encoding: str = "utf-8", leader: str = "     nam a22     2a 4500"
) -> bytes:
    """One record; lengths in its leader and directory are counted here."""
    directory, data = b"", b""
    for tag, content in fields:
        raw = content if isinstance(content, bytes) else content.encode(encoding)
        if tag >= "010" and isinstance(content, str):
            raw = raw.replace(b"$", PART)
        directory += f"{tag}{len(raw) + 1:04}{len(data):05}".encode()
        data += raw + FIELD
    base = 24 + len(directory) + 1
    whole = base + len(data) + 1
    return f"{whole:05}{leader[5:12]}{base:05}{leader[17:]}".encode() + directory + FIELD + data + RECORD


def fixed(year: str = "1998", audience: str = " ", language: str = "eng") -> str:
    """MARC21's field 008 of a book."""
    return f"261123s{year}    cc     {audience}            {language} d"


CNMARC = "     nam0 22     3  450 "
"""A leader as CNMARC has it: nothing in it says how text is encoded."""


def cnmarc(number: str, title: str, *more: tuple[str, Data], encoding: str = "gbk", audience: str = "a  ") -> bytes:
    """A CNMARC record as Chinese libraries exchange them."""
    general = f"20050101d1998    {audience}y0chiy0110    ea"
    fields = [("001", number), ("100", f"  $a{general}"), ("101", "0 $achi"), ("200", f"1 $a{title}$Apin yin"), *more]
    return record(fields, encoding, CNMARC)
