"""What a row makes of its record in the database: which one it meets, and what would differ."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, SQLModel, col, select

from hub.directory.plan import EVERY, Plan, Progress
from hub.directory.rows import WITHDRAWN, ItemRow, Kind, PatronRow, Row, TitleRow
from hub.ledger import chunks
from hub.models import Item, Patron, Rule, Site, Title
from protocol.directory import Lending

TABLES: dict[Kind, tuple[type[SQLModel], str]] = {
    Kind.TITLES: (Title, "title_id"),
    Kind.ITEMS: (Item, "item"),
    Kind.PATRONS: (Patron, "patron"),
    Kind.SITES: (Site, "site"),
    Kind.RULES: (Rule, "group"),
}
"""Table of each kind, and the column that names a record in the table and in the file."""
_OF_PATRON = {"patron", "name", "group", "until", "block"}


@dataclass(frozen=True, slots=True)
class Meeting:
    """A row and the record it is about."""

    line: int
    key: str
    known: Any
    """The record as it is; None: there is none yet."""
    values: dict[str, Any]
    """What the record would hold: all of it where it is new, else what differs."""


def meetings(session: Session, plan: Plan, owner: str, progress: Progress) -> Iterator[Meeting]:
    """Each row of the plan with its record; of rows with the same key the first. Rows without a key are passed over.

    What the file has no column for stays as it is. `owner` is whose an item is that names none.
    """
    table, name = TABLES[plan.kind]
    rows: dict[str, tuple[int, Row]] = {}
    for line, row in plan.rows:
        if key := getattr(row, name):
            rows.setdefault(key, (line, row))
    done = 0
    for keys in chunks(list(rows)):
        found = {
            getattr(each, name): each for each in session.exec(select(table).where(col(getattr(table, name)).in_(keys)))
        }
        for key in keys:
            if done % EVERY == 0 and done:
                progress(done, len(rows))
            done += 1
            line, row = rows[key]
            known = found.get(key)
            values = _values(row, owner, whole=known is None)
            if known is not None:
                values = {column: value for column, value in values.items() if getattr(known, column) != value}
            yield Meeting(line, key, known, values)


def _values(row: Row, owner: str, whole: bool) -> dict[str, Any]:
    """What a row says, by the table's columns; `whole`: with the defaults of columns it doesn't have."""
    values = row.model_dump(exclude_unset=not whole)
    if isinstance(row, PatronRow):
        return {column: value for column, value in values.items() if column in _OF_PATRON}
    if isinstance(row, TitleRow) and "audience" in values:
        values["audience"] = row.audience or ""
    if isinstance(row, ItemRow):
        if "owner" in values:
            values["owner"] = row.owner or owner
        if "lending" in values:
            values["withdrawn"] = row.lending == WITHDRAWN
            values["lending"] = Lending.NORMAL if values["withdrawn"] else row.lending
    return values
