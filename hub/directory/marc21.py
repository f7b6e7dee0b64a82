"""What a MARC21 record says of a title, as the cells of a row; linked original scripts go before romanisations."""

import re
from collections.abc import Callable

from hub.directory.isbn import isbn13
from hub.directory.iso2709 import Field, Record
from hub.directory.rows import Audience

OWN = "microlib"
"""In 003: a record this hub exported; 996 then holds what MARC21 has no place for."""

Trim = Callable[[str], str]

_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_TAIL = re.compile(r"[\s/:;,=／：；，]+$")
_STOP = re.compile(r"(?<=\w{3})\.$|(?<=[)\]\s])\.$|(?<=[^\W\d_\u0000-\u024f])\.$|．$")
"""A full stop that ends a field; not one behind one or two Latin letters, which belongs to an abbreviation."""
_AUDIENCES = {
    **dict.fromkeys("abcj", Audience.CHILDREN),
    "d": Audience.YOUNG,
    "e": Audience.ADULT,
    "g": Audience.ALL,
}  # 008/22 of books, computer files, music and visual materials
_CLC = re.compile(r"(T[A-Z]|[A-KN-VXZ])\d")
_SUBJECTS = ("600", "610", "611", "630", "650", "651", "655")


def cells_of(record: Record) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Columns of a title but its id, and notes (field, what was put right). Raises Broken."""
    notes: list[tuple[str, str]] = []
    trim = _plain if record.leader[18:19] in "cn" else _trimmed
    fixed = record.control("008").ljust(40)
    cells = {
        "title": _title(record, trim),
        "author": _author(record, trim),
        "isbn": isbn_of([part for field in record.fields("020") for part in field.all("a")], "020", notes),
        "language": _language(record, fixed),
        "year": _year(record, fixed),
        "subjects": _subjects(record, trim),
        "clc": _clc(record, fixed),
        "dewey": next((part for field in record.fields("082") for part in field.all("a") if part), ""),
        "audience": _audience(record.leader, fixed),
    }
    if record.control("003").strip() == OWN:
        cells.update(_own(record))
    return cells, notes


def isbn_of(parts: list[str], tag: str, notes: list[tuple[str, str]]) -> str:
    """The first right one of `parts`; wrong ones are noted when there is no right one."""
    found = next((isbn for part in parts if (isbn := isbn13(part))), "")
    if not found:
        notes.extend((tag, f"{part!r} is no ISBN and was left out") for part in parts if any(map(str.isdigit, part)))
    return found


def chinese_first(fields: list[Field]) -> list[Field]:
    """Those whose first subfield $a holds Chinese characters, then the others."""
    return sorted(fields, key=lambda field: not _HAN.search(field.first("a")))


def joined(parts: list[str]) -> str:
    """Subjects as one cell, cut where it would get too long."""
    kept: list[str] = []
    for part in dict.fromkeys(part.replace("|", "/").strip() for part in parts):
        if part and len("|".join([*kept, part])) <= 1000:
            kept.append(part)
    return "|".join(kept)


def _original(record: Record, *tags: str) -> list[Field]:
    """The fields, each replaced by the linked one in its original script (880)."""
    linked = [(field.first("6"), field) for field in chinese_first(record.fields("880"))]
    found = []
    for field in record.fields(*tags):
        place = field.first("6")[4:6]
        scripts = [other for link, other in linked if link[:6] == f"{field.tag}-{place}"] if place else []
        found.append(scripts[0] if scripts else field)
    unlinked = [other for link, other in linked if link[:3] in tags and link[4:6] == "00"]
    return unlinked + found


def _plain(text: str) -> str:
    return text.strip()


def _trimmed(text: str) -> str:
    """Without the punctuation that leads to the next subfield (ISBD)."""
    return _TAIL.sub("", _STOP.sub("", _TAIL.sub("", text.strip()))).replace(" : ", ": ")


def _title(record: Record, trim: Trim) -> str:
    for field in _original(record, "245"):
        title = trim(field.first("a"))
        if rest := trim(field.first("b")):
            title = f"{title}: {rest}" if title else rest
        return ". ".join(filter(None, [title, *map(trim, field.all("np"))]))
    return ""


def _author(record: Record, trim: Trim) -> str:
    main = _original(record, "100", "110", "111") or _original(record, "700", "710")[:3]
    names = [" ".join(filter(None, map(trim, field.all("ab")))) for field in main]
    return "; ".join(dict.fromkeys(filter(None, names)))[:1000]


def _language(record: Record, fixed: str) -> str:
    if re.fullmatch("[a-z]{3}", fixed[35:38]) and fixed[35:38] != "und":
        return fixed[35:38]
    told = next((field.first("a") for field in record.fields("041")), "")
    return told if len(told) <= 16 else told[:3]


def _year(record: Record, fixed: str) -> str:
    if re.fullmatch(r"1\d{3}|20\d\d|21\d\d", fixed[7:11]):
        return fixed[7:11]
    return next((year for field in record.fields("264", "260") if (year := year_in(field.first("c")))), "")


def year_in(text: str) -> str:
    """The year a date of publication tells, as digits; empty when it tells none."""
    if re.fullmatch(r"-?\d{1,4}", text):
        return str(int(text))
    found = re.search(r"(?<!\d)1\d{3}(?!\d)|(?<!\d)2[01]\d\d(?!\d)", text)
    return found.group() if found else ""


def _subjects(record: Record, trim: Trim) -> str:
    parts = []
    for field in _original(record, *_SUBJECTS):
        if field.indicators[1:] != "6":  # the same in French
            heading = " ".join(filter(None, field.all("abcdnpqt")))
            parts.append("--".join(filter(None, map(trim, [heading, *field.all("vxyz")]))))
    parts += [trim(part) for field in _original(record, "653") for part in field.all("a")]
    return joined(parts)


def _clc(record: Record, fixed: str) -> str:
    said = [field for field in record.fields("084") if field.first("2").lower() in ("clc", "cc")]
    bare = [field for field in record.fields("084") if not field.first("2")]
    if fixed[35:38] == "chi":
        bare += record.fields("090", "093")
    return next(
        (field.first("a") for field in [*said, *bare] if field in said or _CLC.match(field.first("a"))),
        "",
    )


def _audience(leader: str, fixed: str) -> str:
    serial = leader[6:7] in "at" and leader[7:8] in "bis"
    return "" if serial or leader[6:7] in "efcdp" else _AUDIENCES.get(fixed[22:23], "")


def _own(record: Record) -> dict[str, str]:
    """What `hub.directory.marcout` put into 996."""
    field = next(iter(record.fields("996")), Field("996", "  ", ()))
    return {
        "isbn": field.first("i"),
        "region": field.first("r"),
        "popularity": field.first("p"),
        "source": field.first("s"),
        "themes": "|".join(field.all("t")),
    }
