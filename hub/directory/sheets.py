"""Spreadsheets (.xlsx) as lines of cells: one sheet of the workbook, its cells as the text they stand for."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from hub.directory.plan import Lines, Plan

ZIP, OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
"""What .xlsx and .xls files begin with."""
UNPACKED = 1 << 30
"""Bytes a file may grow to; more is no catalogue but a trap."""
DIGITS = 15
"""A spreadsheet's numbers are exact up to as many."""

_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError, AttributeError, IndexError, EOFError, OSError,
    ParseError, InvalidFileException, NotImplementedError,
)  # fmt: skip


@contextmanager
def lines(content: bytes, plan: Plan, sheet: str | None) -> Iterator[tuple[Lines, int]]:
    """The rows of a sheet, and about how many; what can't be read is complained about in `plan`."""
    try:
        book = _open(content)
    except _UNREADABLE:
        plan.complain(1, "file", "can't be read as a spreadsheet; save it as .xlsx once more, or as CSV UTF-8")
        yield iter(()), 0
        return
    try:
        chosen = _choose(book, plan, sheet)
        if chosen is None:
            yield iter(()), 0
            return
        letters: dict[str, str] = {}
        plan.place = lambda line, column: _place(chosen.title, line, letters.get(column))
        yield _rows(chosen, plan, letters), chosen.max_row or 0
    finally:
        book.close()


def _open(content: bytes) -> Any:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        if sum(part.file_size for part in packed.infolist()) > UNPACKED:
            raise zipfile.BadZipFile
    return load_workbook(io.BytesIO(content), read_only=True)


def _choose(book: Any, plan: Plan, sheet: str | None) -> Any:
    sheets = {each.title: each for each in book.worksheets}
    shown = ", ".join(sheets)
    if sheet is not None:
        if sheet not in sheets:
            plan.complain(1, "file", f"has no sheet {sheet!r}; its sheets are {shown}")
        return sheets.get(sheet)
    if len(sheets) == 1:
        return next(iter(sheets.values()))
    if plan.kind.value not in sheets:
        plan.complain(1, "file", f"has several sheets: {shown}. Say which one with --sheet")
    return sheets.get(plan.kind.value)


def _place(sheet: str, line: int, letter: str | None) -> str:
    return f"sheet {sheet}, {f'cell {letter}{line}' if letter else f'row {line}'}"


def _rows(sheet: Any, plan: Plan, letters: dict[str, str]) -> Lines:
    """The heading first, which fills `letters`; rows as long as the heading, unless more cells hold something."""
    width = 0
    try:
        for number, row in enumerate(sheet.iter_rows(), start=1):
            before = len(plan.bad)
            cells = [_text(plan, number, place, cell) for place, cell in enumerate(row, start=1)]
            if len(plan.bad) > before:
                continue
            while cells and not cells[-1].strip():
                cells.pop()
            if not width:
                width = len(cells)
                letters.update({name.strip(): get_column_letter(n) for n, name in enumerate(cells, start=1)})
                if not width:
                    return
            yield number, cells + [""] * (width - len(cells))
    except _UNREADABLE:
        plan.complain(1, "file", "is damaged: the sheet can't be read to its end")


def _text(plan: Plan, number: int, place: int, cell: Any) -> str:
    """What stands in a cell; complains about what has no one text."""
    value, column = cell.value, f"column {get_column_letter(place)}"
    if value is None:
        return ""
    if cell.data_type == "f":
        plan.complain(number, column, "holds a formula; paste its value in its place")
        return ""
    if cell.data_type == "e":
        plan.complain(number, column, f"holds the error {value}")
        return ""
    match value:
        case bool():
            return str(value).lower()
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime() | date() | time():
            return value.isoformat()
        case int() | float():
            return _digits(plan, number, column, value)
    return str(value)


def _digits(plan: Plan, number: int, column: str, value: float) -> str:
    whole = int(value) if isinstance(value, int) or value.is_integer() else None
    if whole is None:
        return repr(value)
    if len(str(abs(whole))) > DIGITS:
        why = f"is a number of more than {DIGITS} digits, whose last ones a spreadsheet loses; make the column text"
        plan.complain(number, column, why)
    return str(whole)
