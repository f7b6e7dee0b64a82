"""Titles as MARC21 records in UTF-8 that any catalogue reads and that come back without a change.

What MARC21 has no place for (themes, region, popularity, source) stands in the local field 996.
"""

import re
from datetime import date

from pymarc import Field, Indicators, Record, Subfield
from pymarc.leader import Leader

from hub.directory.isbn import isbn13
from hub.directory.marc21 import OWN
from hub.models import Title

_LEADER = "00000nam a2200000uc 4500"
"""A book, UTF-8, without ISBD punctuation."""
_AUDIENCES = {"children": "j", "young": "d", "adult": "e", "all": "g"}


def record(title: Title, today: date) -> bytes:
    """One title as an ISO 2709 record; `today` is when it was entered there (008)."""
    made = Record(force_utf8=True)
    made.leader = Leader(_LEADER)
    made.fields = [
        Field("001", data=title.title_id),
        Field("003", data=OWN),
        Field("008", data=_fixed(title, today)),
    ]
    right = bool(title.isbn) and isbn13(title.isbn) == title.isbn
    for tag, indicators, parts in (
        ("020", "  ", [("a", title.isbn if right else "")]),
        ("041", "  ", [("a", "" if title.language == "und" else title.language)]),
        ("082", "04", [("a", title.dewey)]),
        ("084", "  ", [("a", title.clc), ("2", "clc" if title.clc else "")]),
        ("100", "1 ", [("a", title.author)]),
        ("245", "10" if title.author else "00", [("a", title.title)]),
        ("264", " 1", [("c", "" if title.year is None else str(title.year))]),
        *(("653", "  ", [("a", subject)]) for subject in title.subjects.split("|")),
        ("996", "  ", _local(title)),
    ):
        subfields = [Subfield(code, value) for code, value in parts if value]
        if subfields:
            made.fields.append(Field(tag, Indicators(*indicators), subfields))
    return made.as_marc()


def _fixed(title: Title, today: date) -> str:
    """Field 008 of a book: 40 places."""
    year = f"{title.year}" if title.year is not None and 1000 <= title.year <= 2199 else "    "
    language = title.language if re.fullmatch("[a-z]{3}", title.language) else "und"
    audience = _AUDIENCES.get(title.audience, " ")
    return f"{today:%y%m%d}{'s' if year.strip() else 'n'}{year}    xx     {audience}            {language} d"


def _local(title: Title) -> list[tuple[str, str]]:
    return [
        ("i", title.isbn),
        *(("t", theme) for theme in title.themes.split("|")),
        ("r", title.region),
        ("p", "" if title.popularity is None else str(title.popularity)),
        ("s", title.source),
    ]
