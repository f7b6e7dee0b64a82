"""What can go wrong at the hub, named by what the caller does next.

HubError
├── SettingsWrong        tell a person: the hub doesn't start
├── DatabaseNotReady     tell a person: migrate first, or the database can't be reached
├── PromiseBroken        tell a person: this ledger is older than what sites were promised (rule H9)
├── BackupUnfit          tell a person: this copy isn't whole, or isn't one of this ledger
├── ShardsTaken          tell a person: another process takes these sites' messages in already
├── ImportRefused        tell a person: rows of a file are bad, and nothing was imported
└── ExportRefused        tell a person: such a file can't or mustn't be written
"""

from collections.abc import Sequence
from dataclasses import dataclass


class HubError(Exception):
    """Base of everything the hub raises on purpose."""


class SettingsWrong(HubError):
    """A setting is missing, unknown or impossible; the message says which and where."""


class DatabaseNotReady(HubError):
    """The database can't be reached, or its tables are not of this version."""


class PromiseBroken(HubError):
    """The ledger holds less than sites were told is safe in a backup."""


class BackupUnfit(HubError):
    """A backup can't be made, isn't whole, or isn't one of this ledger; the message says what is wrong with it."""


class ShardsTaken(HubError):
    """Another process on the same ledger takes in shards that this one should."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row of an imported file that can't be taken: its line (1 is the heading), column and the reason."""

    line: int
    """In a spreadsheet the row, in a file of records the record's number."""
    column: str
    why: str
    place: str = ""
    """Where that is, in words, when the file has no lines."""

    def __str__(self) -> str:
        return f"{self.place or f'line {self.line}'}, {self.column}: {self.why}"


class ImportRefused(HubError):
    """Nothing was imported; `rows` lists every bad row of the file."""

    def __init__(self, file: str, rows: Sequence[BadRow]) -> None:
        super().__init__(f"{file}: {len(rows)} problem{'s' if len(rows) != 1 else ''}; nothing was imported")
        self.file = file
        self.rows = tuple(rows)


class ExportRefused(HubError):
    """The file can't be of that kind, or would replace another."""
