"""Rule E6: finding the journal in its folder, and saving what can be saved of a damaged one.

A card may have been in another site's machine. That site's journal is put aside as `journal-of-<site>.db` and nothing
of it is said in this one's name. When a site finds its own put aside, its events go on in a new epoch. The state that
was kept with them doesn't: other visits may have come between, and nobody must answer for what they changed.

A damaged file is renamed `journal-damaged-<n>.db` and kept, with its -wal. Rows are carried over one by one where
their digest vouches for them; the kept state only whole, since half of it would put a visit on the wrong patron, and
only with every event that led to it, since nobody would ever tell the hub what the lost ones changed: the shelves are
counted anew instead.

The file that takes its place is written and synced under another name first, so that a power cut at any point leaves
either the old file or the finished new one to be found.
"""

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
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
KEPT = 5
"""Damaged files that are kept, the newest: all they vouched for was carried on."""
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


def owner(folder: Path) -> str:
    """The site whose journal the folder's is; "" when there is none or it doesn't say (it may be damaged)."""
    path = folder / NAME
    if not path.exists():
        return ""
    try:
        with closing(reach(f"{path.as_uri()}?mode=ro")) as db:
            return read_head(db).site
    except (Damaged, sqlite3.Error):
        return ""


def put_aside(folder: Path, site: str) -> None:
    """Renames the folder's journal, which is `site`'s. The -wal is folded in first, so that one rename does it."""
    with closing(connect(folder / NAME)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    for end in _COMPANIONS:
        (folder / f"{NAME}{end}").unlink(missing_ok=True)
    aside = _aside_of(folder, site)
    if aside.exists():
        retire(folder, site)  # a later generation went on from it
    (folder / NAME).rename(aside)
    sync_folder(folder)


def taken_up(folder: Path, site: str) -> Remains | None:
    """What this site's own journal, put aside here once, still vouches for; None when there is none."""
    path = _aside_of(folder, site)
    if not path.exists():
        return None
    with closing(reach(f"{path.as_uri()}?mode=ro")) as db:
        remains = _read(db)
    return replace(remains, kept={})


def retire(folder: Path, site: str) -> None:
    """A journal put aside whose events went on elsewhere becomes one of the copies of earlier generations."""
    path = _aside_of(folder, site)
    if not path.exists():
        return
    try:
        with closing(reach(f"{path.as_uri()}?mode=ro")) as db:
            name = str(read_head(db).epoch)
    except (Damaged, sqlite3.Error):
        name = "0" * 32
    path.rename(folder / f"journal-{name}.db")
    sync_folder(folder)


def visited(folder: Path) -> bool:
    """The card has been in another site's machine."""
    return any(folder.glob("journal-of-*.db"))


def _aside_of(folder: Path, site: str) -> Path:
    return folder / f"journal-of-{site}.db"


def tidy(folder: Path) -> None:
    """Finishes or forgets a change of files that a power cut interrupted."""
    for name in (_BUILDING, _COPY):
        _remove(folder / name)
    if (folder / _FINISHED).exists():
        _swap(folder)


def begin(folder: Path, write: Callable[[sqlite3.Connection], None]) -> None:
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
    number = max(_numbers(folder), default=0) + 1
    # The main file goes last: until then the next start finds the same number and goes on.
    for end in (*_COMPANIONS, ""):
        with suppress(FileNotFoundError):
            (folder / f"{NAME}{end}").rename(folder / f"journal-damaged-{number}.db{end}")
    sync_folder(folder)
    (folder / _FINISHED).rename(folder / NAME)
    for old in sorted(_numbers(folder))[:-KEPT]:
        _remove(folder / f"journal-damaged-{old}.db")
    sync_folder(folder)


def _numbers(folder: Path) -> list[int]:
    """Of the damaged files that are kept."""
    names = (path.stem.removeprefix("journal-damaged-") for path in folder.glob("journal-damaged-*.db"))
    return [int(name) for name in names if name.isdecimal()]


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
    left = tuple(row for row in rows if row.seq > above)
    if head and len(left) < head.last - max(above, head.floor):
        kept = {}
    return Remains(head.epoch if head else None, last, left, kept)


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
