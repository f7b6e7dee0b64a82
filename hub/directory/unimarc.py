"""What a UNIMARC or CNMARC record says of a title, as the cells of a row."""

import re

from hub.directory.iso2709 import Field, Record
from hub.directory.marc21 import chinese_first, isbn_of, joined, year_in
from hub.directory.rows import Audience

_AUDIENCES = {
    **dict.fromkeys("abcd", Audience.CHILDREN),
    "e": Audience.YOUNG,
    **dict.fromkeys("km", Audience.ADULT),
}  # 100 $a, places 17 to 19
_ROLE = re.compile(r"\s*[\[（(]?(等)?(编著|主编|编写|改编|著|编|撰|译|绘)[\])）]?$")
_SUBJECTS = ("600", "601", "602", "604", "605", "606", "607", "608")


def cells_of(record: Record) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Columns of a title but its id, and notes (field, what was put right). Raises Broken."""
    notes: list[tuple[str, str]] = []
    general = next((field.first("a") for field in record.fields("100")), "").ljust(36)
    titles = chinese_first(record.fields("200"))
    cells = {
        "title": _title(titles[0]) if titles else "",
        "author": _author(record, titles),
        "isbn": isbn_of([part for field in record.fields("010") for part in field.all("a")], "010", notes),
        "language": next((field.first("a") for field in record.fields("101")), "")[:3],
        "year": _year(record, general),
        "subjects": _subjects(record),
        "clc": next((number for field in record.fields("690") if (number := field.first("a"))), "") or _other(record),
        "dewey": next((number for field in record.fields("676") if (number := field.first("a"))), ""),
        "audience": _audience(general[17:20]),
    }
    return cells, notes


def _title(field: Field) -> str:
    title = "; ".join(field.all("a")[:3])
    if rest := field.first("e"):
        title = f"{title}: {rest}"
    return ". ".join(filter(None, [title, *field.all("hi")]))


def _author(record: Record, titles: list[Field]) -> str:
    main = record.fields("700", "710", "720") + record.fields("701", "711") or record.fields("702", "712")
    names = [", ".join(filter(None, [field.first("a"), field.first("b")])) for field in chinese_first(main)[:3]]
    if any(names):
        return "; ".join(dict.fromkeys(filter(None, names)))
    return _ROLE.sub("", titles[0].first("f")) if titles else ""


def _year(record: Record, general: str) -> str:
    if general[8:9] in "abcdefghijk" and re.fullmatch(r"1\d{3}|2[01]\d\d", general[9:13]):
        return general[9:13]
    return next((year for field in record.fields("210", "214") if (year := year_in(field.first("d")))), "")


def _subjects(record: Record) -> str:
    parts = []
    for field in record.fields(*_SUBJECTS):
        heading = ", ".join(filter(None, field.all("abt")))
        parts.append("--".join(filter(None, [heading, *field.all("jxyz")])))
    parts += [part for field in record.fields("610") for part in field.all("a")]
    return joined(parts)


def _other(record: Record) -> str:
    """A class number in 686 that says it is of the Chinese classification."""
    said = [field for field in record.fields("686") if field.first("2").lower() in ("clc", "cc", "中图法")]
    return said[0].first("a") if said else ""


def _audience(codes: str) -> str:
    found = list(dict.fromkeys(_AUDIENCES[code] for code in codes if code in _AUDIENCES))
    if Audience.ADULT in found and len(found) > 1:
        return Audience.ALL
    return found[0] if found else ""
