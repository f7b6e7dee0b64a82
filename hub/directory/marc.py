"""Files of MARC21, UNIMARC and CNMARC records as rows of titles, or of the items they tell of."""

import hashlib
from collections.abc import Sequence

from hub.directory import marc21, unimarc
from hub.directory.iso2709 import END_OF_FIELD, END_OF_RECORD, Broken, Chunk, Record, cut, encoding_of
from hub.directory.plan import EVERY, Manner, Plan, Progress
from hub.directory.rows import Kind
from hub.settings import Marc

SUFFIXES = (".mrc", ".marc", ".iso", ".iso2709", ".dat")
ID_LENGTH = 64


def is_marc(file: str, content: bytes) -> bool:
    """Whether a file holds ISO 2709 records, by its name or its beginning."""
    begins = content[:200_000]
    return file.lower().endswith(SUFFIXES) or (
        begins.lstrip(b"\xef\xbb\xbf\r\n ")[:5].isdigit() and END_OF_FIELD in begins and END_OF_RECORD in content
    )


def take(content: bytes, plan: Plan, manner: Manner, settings: Marc, progress: Progress) -> None:
    """Adds the rows of every record to `plan`, or what is wrong with it."""
    if plan.kind not in (Kind.TITLES, Kind.ITEMS):
        plan.complain(1, "file", f"holds MARC records; {plan.kind} come as CSV or a spreadsheet")
        return
    plan.of_records = True
    chunks = list(cut(content))
    offsets = {chunk.number: chunk.offset for chunk in chunks}
    plan.place = lambda line, column: f"record {line} (byte {offsets.get(line, 0)})"
    if not chunks:
        plan.complain(1, "file", "holds no record")
    common = manner.encoding or encoding_of(chunks)
    for chunk in chunks:
        if chunk.number % EVERY == 0:
            progress(chunk.number, len(chunks))
        try:
            record = Record(chunk, common, manner.encoding)
            _take(plan, chunk, record, settings)
        except Broken as wrong:
            plan.complain(chunk.number, wrong.where, wrong.why)


def _take(plan: Plan, chunk: Chunk, record: Record, settings: Marc) -> None:
    cells, notes = (marc21 if record.is_marc21 else unimarc).cells_of(record)
    cells["title_id"] = title_id(record, cells, settings.id_prefix)
    if plan.kind is Kind.TITLES:
        for field, note in notes:
            plan.note(chunk.number, field, note)
        plan.take(chunk.number, cells)
        return
    for copy in _copies(record, settings.marc_items if record.is_marc21 else settings.unimarc_items):
        plan.take(chunk.number, {**copy, "title_id": cells["title_id"]})


def title_id(record: Record, cells: dict[str, str], prefix: str) -> str:
    """The record's number with the prefix, else its ISBN, else a digest of title, author and year; always the same."""
    number, source = record.control("001").strip(), record.control("003").strip()
    if source == marc21.OWN and number:
        return number
    if number:
        before = (f"{source}:" if source else "") if prefix == "003" else prefix
        number = before + number
    found = number or cells["isbn"]
    if 0 < len(found) <= ID_LENGTH:
        return found
    what = found or "\n".join(cells[name] for name in ("title", "author", "year"))
    return "marc-" + hashlib.sha256(what.encode()).hexdigest()[:24]


def _copies(record: Record, specs: Sequence[str]) -> list[dict[str, str]]:
    """Cells of the copies in the first field of `specs` ("852 p hi") that tells of any."""
    for spec in specs:
        tag, barcode, *marks = spec.split()
        found = []
        for field in record.fields(tag):
            mark = " ".join(filter(None, field.all(marks[0]))) if marks else ""
            found += [{"item": code} | ({"shelf_mark": mark} if mark else {}) for code in field.all(barcode) if code]
        if found:
            return found
    return []
