"""Exports: titles, items, patrons or sites into a file that `hub.directory.sources` reads back without a change.

The columns are those of an import, so no card leaves the hub: of cards it holds hashes only. A file is whole or not
there at all, and readable by its owner alone.
"""

import csv
import io
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from sqlalchemy import func
from sqlmodel import Session, col, select

from hub.directory import marcout
from hub.directory.plan import EVERY, Progress
from hub.directory.records import TABLES
from hub.directory.rows import ROWS, WITHDRAWN, Kind
from hub.errors import ExportRefused
from protocol.formulas import guard

EXPORTED = (Kind.TITLES, Kind.ITEMS, Kind.PATRONS, Kind.SITES)
_OF_CARDS = {"card_uid", "card_class", "label"}


def export(session: Session, kind: Kind, path: Path, today: date, progress: Progress, *, replace: bool = False) -> int:
    """Writes every record of `kind` into `path`, by its suffix .csv, .xlsx or .mrc (titles only); answers how many.

    Raises ExportRefused for another suffix or, without `replace`, when there is such a file already; and OSError.
    """
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise ExportRefused(f"{path.name}: ends in none of {', '.join(WRITERS)}")
    if path.suffix.lower() == ".mrc" and kind is not Kind.TITLES:
        raise ExportRefused(f"{path.name}: MARC is for titles; {kind} go to .csv or .xlsx")
    if path.exists() and not replace:
        raise ExportRefused(f"{path}: there is such a file already; --replace writes over it")
    with _whole(path) as file, closing(_records(session, kind, progress)) as records:
        return writer(file, kind, records, today)


def columns(kind: Kind) -> list[str]:
    """The columns of an export."""
    return [name for name in ROWS[kind].model_fields if kind is not Kind.PATRONS or name not in _OF_CARDS]


def cells(kind: Kind, record: Any) -> list[str]:
    """A record as an import would read it, nothing guarded yet."""
    values = {name: getattr(record, name) for name in columns(kind)}
    if kind is Kind.ITEMS and record.withdrawn:
        values["lending"] = WITHDRAWN
    return ["" if value is None else str(value) for value in values.values()]


def _records(session: Session, kind: Kind, progress: Progress) -> Generator[Any]:
    table, name = TABLES[kind]
    of = session.exec(select(func.count()).select_from(table)).one()
    query = select(table).order_by(col(getattr(table, name))).execution_options(yield_per=EVERY)
    with closing(session.exec(query)) as found:
        for done, record in enumerate(found):
            if done % EVERY == 0:
                progress(done, of)
            yield record


@contextmanager
def _whole(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes its place only when the block ends well."""
    part = path.with_name(path.name + ".part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _csv(file: IO[bytes], kind: Kind, records: Iterable[Any], _today: date) -> int:
    """With a byte order mark, by which spreadsheets know UTF-8."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow(columns(kind))
    count = 0
    for record in records:
        count += 1
        writer.writerow([guard(cell) for cell in cells(kind, record)])
    text.flush()
    text.detach()
    return count


def _xlsx(file: IO[bytes], kind: Kind, records: Iterable[Any], _today: date) -> int:
    """Every cell is text, so that no barcode loses a digit."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(kind.value)
    sheet.freeze_panes = "A2"
    count = 0

    def row(values: Iterable[str]) -> None:
        made = [WriteOnlyCell(sheet, guard(value)) for value in values]
        for cell in made:
            cell.data_type, cell.number_format = "s", "@"
        sheet.append(made)

    row(columns(kind))
    for record in records:
        count += 1
        row(cells(kind, record))
    book.save(file)
    return count


def _mrc(file: IO[bytes], _kind: Kind, records: Iterable[Any], today: date) -> int:
    count = 0
    for record in records:
        count += 1
        file.write(marcout.record(record, today))
    return count


WRITERS: dict[str, Callable[[IO[bytes], Kind, Iterable[Any], date], int]] = {
    ".csv": _csv,
    ".xlsx": _xlsx,
    ".mrc": _mrc,
}
"""By suffix: what writes records of a kind as they are on a day, and answers how many."""
