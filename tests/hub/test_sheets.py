"""Spreadsheets: read as the text their cells stand for, and every fault named by sheet, cell and reason."""

import io
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from hub.database import Database
from hub.directory import sources
from hub.directory.plan import Manner, Plan
from hub.directory.rows import Kind
from hub.models import Title
from tests.hub.cast import settings_in
from tests.hub.running import Hub

MIDNIGHT = datetime(2031, 1, 2)  # noqa: DTZ001 (a spreadsheet's have no zone)


def book(**sheets: list[list[Any]]) -> bytes:
    """A workbook; each sheet's rows."""
    made = Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def read(content: bytes, kind: Kind = Kind.TITLES, sheet: str | None = None) -> Plan:
    return sources.parse(kind, "file.xlsx", content, Manner(sheet=sheet))


def told(content: bytes, kind: Kind = Kind.TITLES, sheet: str | None = None) -> list[str]:
    return [str(bad) for bad in read(content, kind, sheet).bad]


def test_numbers_dates_and_texts_are_read_as_what_they_show() -> None:
    rows = [["item", "title_id", "lending"], [30000000012345, 7, None], ["0042", 8.0, "held"]]
    plan = read(book(Items=rows), Kind.ITEMS)
    assert plan.bad == []
    assert [(row.item, row.title_id, row.lending) for _, row in plan.rows] == [  # type: ignore[attr-defined]
        ("30000000012345", "7", "normal"),
        ("0042", "8", "held"),
    ]
    patrons = read(book(P=[["patron", "until"], ["p1", date(2030, 12, 31)], ["p2", MIDNIGHT]]), Kind.PATRONS)
    assert [str(row.until) for _, row in patrons.rows] == ["2030-12-31", "2031-01-02"]  # type: ignore[attr-defined]
    titles = read(book(T=[["title_id", "title", "year", "dewey"], [1, 1984, 1949, 823.912]]))
    assert [(row.title, row.year, row.dewey) for _, row in titles.rows] == [("1984", 1949, "823.912")]  # type: ignore[attr-defined]


def test_empty_rows_and_cells_at_the_edges_are_passed_over() -> None:
    rows = [["title_id", "title", "author", None], ["t1", "One"], [], [None, " "], ["t2", "Two", "Wei", " "]]
    plan = read(book(T=rows))
    assert (plan.bad, [line for line, _ in plan.rows]) == ([], [2, 5])


def test_every_fault_is_told_with_sheet_cell_and_reason() -> None:
    rows = [
        ["title_id", "title", "year"],
        ["t1", "", 1949],
        ["t2", "Two", "MCM"],
        ["t3", "=A1", 1950],
        ["t4", "#N/A", 1950],
        [1234567890123456789, "Five", 1950],
        ["t6", "Six", 1950, "more"],
        ["t7", "Seven", 1950.5],
    ]
    assert told(book(Books=rows)) == [
        "sheet Books, cell B2, title: is empty",
        "sheet Books, cell C3, year: 'MCM' isn't a whole number",
        "sheet Books, row 4, column B: holds a formula; paste its value in its place",
        "sheet Books, row 5, column B: holds the error #N/A",
        "sheet Books, row 6, column A: is a number of more than 15 digits, whose last ones a spreadsheet loses; "
        "make the column text",
        "sheet Books, row 7, row: has 4 cells, the heading has 3",
        "sheet Books, cell C8, year: '1950.5' isn't a whole number",
    ]


def test_a_heading_with_a_fault_is_told_by_its_cell() -> None:
    assert told(book(T=[["title_id", "titel"]])) == [
        "sheet T, cell B1, titel: is no column of titles; those are title_id, title, author, isbn, language, year, "
        "themes, region, subjects, popularity, source, clc, dewey, audience",
        "sheet T, row 1, title: this column is missing",
    ]
    assert told(book(T=[])) == ["sheet T, row 1, file: is empty; the first line names the columns"]


def test_of_several_sheets_the_one_of_the_kind_or_the_one_named_is_read() -> None:
    one, two = [["title_id", "title"], ["t1", "One"]], [["title_id", "title"], ["t2", "Two"]]
    assert told(book(A=one, B=two)) == ["line 1, file: has several sheets: A, B. Say which one with --sheet"]
    assert [line for line, _ in read(book(A=[["x"]], titles=one)).rows] == [2]
    assert [row.title_id for _, row in read(book(A=one, B=two), sheet="B").rows] == ["t2"]  # type: ignore[attr-defined]
    assert told(book(A=one), sheet="C") == ["line 1, file: has no sheet 'C'; its sheets are A"]


def test_what_is_no_spreadsheet_is_said_in_plain_words() -> None:
    good = book(T=[["title_id", "title"], ["t1", "One"]])
    unreadable = ["line 1, file: can't be read as a spreadsheet; save it as .xlsx once more, or as CSV UTF-8"]
    assert told(good[: len(good) // 2]) == unreadable
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as packed:
        packed.writestr("readme.txt", "no spreadsheet")
    assert told(other.getvalue()) == unreadable
    (sentence,) = told(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    assert "old kind (.xls)" in sentence


def test_a_sheet_that_unpacks_to_far_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.directory.sheets.UNPACKED", 100)
    assert len(told(book(T=[["title_id", "title"]]))) == 1


@given(st.data())
def test_no_damage_makes_the_reader_fail(data: st.DataObject) -> None:
    content = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    read(bytes(content))


GOOD = book(T=[["title_id", "title"], ["t1", "One"]])


def test_a_spreadsheet_is_imported_all_or_nothing(database: Database, tmp_path: Path) -> None:
    hub = Hub(settings_in(tmp_path, database.url), database)
    path = tmp_path / "titles.xlsx"
    for rows, count in (([["t1", "One"], ["t2", None]], 0), ([["t1", "红楼梦"], ["t2", "Two"]], 2)):
        path.write_bytes(book(titles=[["title_id", "title"], *rows]))
        with database.read() as session:
            plan = sources.read(Kind.TITLES, path, session, hub.settings)
        if plan.bad:
            with pytest.raises(sources.ImportRefused):
                sources.apply(plan, database, hub.settings, hub.now, lambda done, of: None)
        else:
            sources.apply(plan, database, hub.settings, hub.now, lambda done, of: None)
        assert len(hub.rows(Title)) == count
