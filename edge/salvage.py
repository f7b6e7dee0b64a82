"""Rule E6: finding the journal in its folder, and saving what can be saved of a damaged one.

A damaged file is renamed `journal-damaged-<n>.db` and kept, with its -wal. Rows are carried over one by one where
their digest vouches for them; the kept state only whole, since half of it would put a visit on the wrong patron.

The file that takes its place is written and synced under another name first, so that a power cut at any point leaves
either the old file or the finished new one to be found.
"""

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from edge.generation import (
    Damaged,
    Head,
    Row,
    audit,
    connect,
    is_damage,
    is_its_own,
    reach,
    read_head,
    read_kept,
    sync_folder,
)
from protocol.envelope import ZERO, Aside, chain
from protocol.names import EpochId, EventId

log = logging.getLogger(__name__)

NAME = "journal.db"
_BUILDING = "journal-new.db"
_FINISHED = "journal-next.db"
_COPY = "journal-salvage.db"
_COMPANIONS = ("-shm", "-wal", "-journal")
_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Remains:
    """What a damaged journal still vouches for."""

    epoch: EpochId | None = None
    last: int | None = None
    """The newest place anything in the file speaks of."""
    rows: tuple[Row, ...] = ()
    """Rows above `archived`, in their old places."""
    kept: dict[str, str] = field(default_factory=dict)


def examine(folder: Path) -> Remains | None:
    """None when the folder's journal is whole; else what remains of it, the file itself left untouched.

    Raises FileNotFoundError when there is none, and sqlite3.Error or OSError when the disk, not the file, is at fault.
    """
    path = folder / NAME
    if not path.exists():
        raise FileNotFoundError(path)
    try:
        # Read-only, since closing a writable connection would fold the -wal into the evidence.
        with closing(reach(f"{path.as_uri()}?mode=ro")) as db:
            audit(db)
    except Damaged as damage:
        why = str(damage)
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
        why = str(error)
    else:
        return None
    remains = _salvage(folder)
    log.error("%s is damaged (%s); %d events could be carried over", path, why, len(remains.rows))
    return remains


def tidy(folder: Path) -> None:
    """Finishes or forgets a change of files that a power cut interrupted."""
    for name in (_BUILDING, _COPY):
        _remove(folder / name)
    if (folder / _FINISHED).exists():
        _swap(folder)


def replace(folder: Path, write: Callable[[sqlite3.Connection], None]) -> None:
    """Puts a new file, filled by `write` in one transaction, in the place of the folder's journal, which is kept."""
    path = folder / _BUILDING
    with closing(connect(path)) as db:
        db.execute("BEGIN IMMEDIATE")
        write(db)
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    path.rename(folder / _FINISHED)
    sync_folder(folder)
    _swap(folder)


def _swap(folder: Path) -> None:
    number = 1
    while (folder / f"journal-damaged-{number}.db").exists():
        number += 1
    # The main file goes last: until then the next start finds the same number and goes on.
    for end in (*_COMPANIONS, ""):
        with suppress(FileNotFoundError):
            (folder / f"{NAME}{end}").rename(folder / f"journal-damaged-{number}.db{end}")
    sync_folder(folder)
    (folder / _FINISHED).rename(folder / NAME)
    sync_folder(folder)


def _remove(path: Path) -> None:
    for end in ("", *_COMPANIONS):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _salvage(folder: Path) -> Remains:
    copy = folder / _COPY
    for end in ("", "-wal"):
        _copy(folder / f"{NAME}{end}", folder / f"{_COPY}{end}")
    try:
        with closing(reach(copy.as_uri())) as db:
            return _read(db)
    finally:
        _remove(copy)


def _copy(source: Path, target: Path) -> None:
    """Block by block: what can't be read is zero in the copy."""
    if not source.exists():
        return
    with source.open("rb", buffering=0) as old, target.open("wb") as new:
        os.fchmod(new.fileno(), 0o600)
        for offset in range(0, os.fstat(old.fileno()).st_size, _BLOCK):
            try:
                block = os.pread(old.fileno(), _BLOCK, offset)
            except OSError:
                block = bytes(_BLOCK)
            new.write(block)


def _read(db: sqlite3.Connection) -> Remains:
    head, kept = None, {}
    try:
        head = read_head(db)
        kept = read_kept(db, head)
    except (Damaged, sqlite3.Error) as damage:
        log.warning("of the damaged journal's state: %s", damage)
    rows = tuple(_vouched(db, head))
    last = max([row.seq for row in rows] + ([head.last] if head else []), default=None)
    above = head.archived if head else 0
    return Remains(head.epoch if head else None, last, tuple(row for row in rows if row.seq > above), kept)


def _vouched(db: sqlite3.Connection, head: Head | None) -> Iterator[Row]:
    """Every row whose digest is its bytes' after the digest of the place before; each event once."""
    seq, digest = (head.floor, bytes.fromhex(head.floor_digest)) if head else (0, ZERO)
    seen: set[EventId] = set()
    for row in _readable(db, head.last if head else 0):
        before = digest if row.seq == seq + 1 else ZERO if row.seq == 1 else None
        if before is not None and chain(before, row.body) == row.digest and is_its_own(row) and row.id not in seen:
            seen.add(row.id)
            yield row
        seq, digest = row.seq, row.digest


def _readable(db: sqlite3.Connection, last: int) -> Iterator[Row]:
    """Every row that SQLite can still reach, stepping over pages it can't."""
    at = 0
    while True:
        try:
            for raw in db.execute(
                "SELECT seq, id, body, digest, aside, at FROM event WHERE seq > ? ORDER BY seq", (at,)
            ):
                at = max(at, raw[0])
                if isinstance(raw[1], str) and isinstance(raw[2], bytes) and isinstance(raw[3], bytes):
                    yield Row(raw[0], EventId(raw[1]), raw[2], raw[3], _aside(raw[4]), _whole(raw[5]))
            return
        except sqlite3.Error:
            if at >= last:
                return
            at += 1


def _aside(text: object) -> Aside | None:
    try:
        return Aside.model_validate_json(text) if isinstance(text, str) else None
    except ValidationError:
        return None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None
