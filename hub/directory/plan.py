"""What a file holds and what is wrong with it, as far as it was read; nothing of it is written yet."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import ValidationError

from hub.directory.complaints import sentence
from hub.directory.encodings import Encoding
from hub.directory.rows import NEEDED, PASSED_OVER, ROWS, Kind, Row
from hub.errors import BadRow
from protocol.formulas import unguard

Progress = Callable[[int, int], None]
"""(done, of): called now and then during what takes long."""
EVERY = 1000
"""Rows between two calls of it."""

_R = TypeVar("_R", bound=Row)
Lines = Iterator[tuple[int, list[str]]]
"""Number of the line and its cells; the heading comes first."""


@dataclass(frozen=True, slots=True)
class Manner:
    """What the caller knows better than the file tells."""

    encoding: Encoding | None = None
    """None: found out."""
    sheet: str | None = None
    """Of a spreadsheet; None: the one named as the kind, or the only one."""
    skip_broken: bool = False
    """Records that can't be taken are left out, instead of the whole file being refused. MARC only."""


@dataclass(slots=True)
class Plan:
    """What a file holds and what is wrong with it."""

    kind: Kind
    file: str
    rows: list[tuple[int, Row]] = field(default_factory=list)
    """Line in the file and row; line 1 is the heading."""
    bad: list[BadRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was put right silently otherwise."""
    skipped: list[BadRow] = field(default_factory=list)
    """What was wrong with rows that were left out on request."""
    of_records: bool = False
    """It comes from MARC records, of which broken ones may be left out; tables come in whole or not at all."""
    place: Callable[[int, str], str] = lambda line, column: f"line {line}"
    """How a line, or a column of it, is told to people."""

    def of(self, row: type[_R]) -> Iterator[tuple[int, _R]]:
        """Its rows, as `row`."""
        return ((line, each) for line, each in self.rows if isinstance(each, row))

    def complain(self, line: int, column: str, why: str) -> None:
        """Adds a bad row."""
        self.bad.append(BadRow(line, column, why, self.place(line, column)))

    def note(self, line: int, column: str, what: str) -> None:
        """Adds something that was put right."""
        self.notes.append(f"{self.place(line, column)}, {column}: {what}")

    def take(self, line: int, cells: dict[str, str]) -> None:
        """Adds a row, or what is wrong with it; of the columns there are, as `cells` has them."""
        if "item" in cells:
            bare = "".join(cells["item"].split())
            if bare != cells["item"]:
                self.note(line, "item", f"blanks were taken out of the barcode {cells['item']!r}")
                cells["item"] = bare
        try:
            self.rows.append((line, ROWS[self.kind].model_validate(cells)))
        except ValidationError as wrong:
            for error in wrong.errors():
                column = str(error["loc"][0]) if error["loc"] else "row"
                self.complain(line, column, sentence(error, column, cells.get(column, "")))

    def take_table(self, lines: Lines, of: int, progress: Progress) -> None:
        """Adds the rows of a table whose first line is the heading; it has about `of` lines."""
        heading = next(lines, None)
        if heading is None:
            if not self.bad:
                self.complain(1, "file", "is empty; the first line names the columns")
            return
        names = [name.strip() for name in heading[1]]
        if not self._fits(names):
            return
        for line, cells in lines:
            if line % EVERY == 0:
                progress(min(line, of), of)
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(names):
                self.complain(line, "row", f"has {len(cells)} cells, the heading has {len(names)}")
                continue
            said = zip(names, cells, strict=True)
            self.take(line, {name: unguard(cell) for name, cell in said if name not in self._passed_over})

    def skip_broken(self) -> None:
        """Leaves out every record that something is wrong with; rows of a table stay."""
        if not self.of_records:
            return
        broken = {bad.line for bad in self.bad}
        self.skipped, self.bad = [*self.skipped, *self.bad], []
        self.rows = [(line, row) for line, row in self.rows if line not in broken]

    @property
    def _passed_over(self) -> frozenset[str]:
        return PASSED_OVER.get(self.kind, frozenset())

    def _fits(self, names: Sequence[str]) -> bool:
        known = ROWS[self.kind].model_fields
        for name in names:
            if name not in known and name not in self._passed_over:
                self.complain(1, name or "(no name)", f"is no column of {self.kind}; those are {', '.join(known)}")
        for name in NEEDED[self.kind]:
            if name not in names:
                self.complain(1, name, "this column is missing")
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.complain(1, name, "this column is there twice")
        return not self.bad
