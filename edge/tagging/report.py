"""The report: a row for each tag that was written and read back, on the disk before the next item is asked for.

The hub imports it as items; an interrupted batch goes on where its report ends.
"""

import csv
import fcntl
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from edge.errors import ListWrong, StorageFailed
from edge.generation import sync_folder
from edge.tagging import lists
from protocol.formulas import guard
from protocol.names import ItemId, TagUid

COLUMNS = ("item", "tag", "written_at")


class Report:
    """An open report; nobody else can have it open."""

    def __init__(self, path: Path, handle: int) -> None:
        self._path, self._handle = path, handle
        self.written: dict[ItemId, TagUid] = {}
        """What it holds, by item."""

    def add(self, item: ItemId, tag: TagUid, at: datetime) -> None:
        """Appends a row and waits until the disk has it; raises StorageFailed."""
        moment = at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        self._append(_line(guard(item), tag, moment))
        self.written[item] = tag

    def _append(self, data: bytes) -> None:
        try:
            if os.write(self._handle, data) != len(data):
                raise OSError("the disk is full")
            os.fsync(self._handle)
        except OSError as failed:
            raise StorageFailed(f"{self._path}: can't be written: {failed}") from failed

    def _load(self) -> None:
        """What it holds; a row that a power cut tore is cut off, a new file gets its heading."""
        heading, content = _line(*COLUMNS), self._path.read_bytes()
        if len(content) < len(heading) and heading.startswith(content):
            os.ftruncate(self._handle, 0)
            self._append(heading)
            return
        if not content.endswith(b"\n"):
            if not content.startswith(heading):
                raise ListWrong(self._path, ["is no report of this program; its last line has no end"])
            os.ftruncate(self._handle, content.rfind(b"\n") + 1)
        bad: list[str] = []
        for line, cells in lists.rows(self._path, COLUMNS, bad):
            try:
                self.written[lists.item_id(cells["item"])] = lists.tag_uid(cells["tag"])
            except ValueError as wrong:
                bad.append(f"line {line}: {wrong}")
        if bad:
            raise ListWrong(self._path, bad)


@contextmanager
def opened(path: Path) -> Iterator[Report]:
    """The report at `path`, made where there is none; raises ListWrong when it is something else, StorageFailed."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError as failed:
        raise StorageFailed(f"{path}: can't be opened: {failed.strerror}") from failed
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StorageFailed(f"{path}: another program writes this report just now") from None
        report = Report(path, handle)
        report._load()
        sync_folder(path.absolute().parent)
        yield report
    finally:
        os.close(handle)


def _line(*cells: str) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode()
