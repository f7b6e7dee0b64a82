"""Backups: made while the hub runs, restored somewhere else and checked, and only then counted (rule H9).

A SQLite ledger is copied by SQLite, a PostgreSQL one by its own programs. What a backup holds raises `archived` only
once `record` has written it into the live ledger, which must continue it.
"""

import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from hub import audit, dumps, refold
from hub.database import Database
from hub.errors import BackupUnfit
from hub.models import Backup, BackupCursor, Cursor

SQLITE, POSTGRESQL = ".sqlite3", ".pgdump"
SHOWN = 5
"""Things wrong with a backup that its refusal names."""
TABLES = frozenset({"ledger", "cursor", "gap", "meta"})
"""Without these a file is none of ours."""
_CHUNK = 2**20
_MAGIC = {b"SQLite format 3\x00": SQLITE, b"PGDMP": POSTGRESQL}


@dataclass(frozen=True, slots=True)
class Made:
    """A copy that nobody has looked at yet."""

    file: Path
    at: datetime


@dataclass(frozen=True, slots=True)
class Verified:
    """A copy that was restored and found whole."""

    id: str
    """A sum over its bytes, 32 hex digits."""
    made_at: datetime
    verified_at: datetime
    held: dict[tuple[str, str], tuple[int, bytes]]
    """(site, epoch) -> how far it holds the epoch, and the digest there."""

    @property
    def events(self) -> int:
        """Places it holds, over all journals."""
        return sum(stored for stored, _ in self.held.values())


def make(database: Database, folder: Path, now: datetime) -> Made:
    """Writes a consistent copy into `folder`, synced; the hub goes on meanwhile. Raises BackupUnfit, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"hub-{now.astimezone(UTC):%Y%m%dT%H%M%S}.{now.microsecond:06d}Z{kind_of(database)}"
    try:
        if database.is_sqlite:
            with closing(sqlite3.connect(_path(database))) as live:
                live.execute("VACUUM INTO ?", (str(file),))
        else:
            dumps.dump(database, file)
    except (sqlite3.Error, BackupUnfit) as wrong:
        file.unlink(missing_ok=True)
        raise BackupUnfit(f"no backup was made: {wrong}") from None
    os.utime(file, (now.timestamp(), now.timestamp()))
    _sync(file)
    return Made(file, now)


def verify(file: Path, workspace: Path, zone: ZoneInfo, now: datetime, server: Database | None = None) -> Verified:
    """Restores `file` and checks it there; raises BackupUnfit with what is wrong, OSError.

    A SQLite copy is restored under `workspace`, a PostgreSQL one into a database of its own on `server`'s server.
    """
    with _restored(file, workspace, server) as database, database.read() as session:
        wrong = audit.audit(session) + refold.differences(session, zone)
        if wrong:
            more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
            raise BackupUnfit(f"{file.name}: " + "; ".join(wrong[:SHOWN]) + more)
        held = {(at.site, at.epoch): (at.stored, at.digest) for at in session.exec(select(Cursor))}
    made_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    return Verified(_sum(file), min(made_at, now), now, held)


def record(session: Session, verified: Verified) -> None:
    """Counts it in the live ledger; raises BackupUnfit unless the ledger continues everything the backup holds."""
    for (site, epoch), (stored, digest) in sorted(verified.held.items()):
        if audit.digest_at(session, site, epoch, stored) != digest:
            raise BackupUnfit(f"the backup holds events of {site} up to {stored} that this ledger doesn't continue")
    if session.get(Backup, verified.id) is not None:
        return
    session.add(Backup(id=verified.id, made_at=verified.made_at, verified_at=verified.verified_at))
    session.flush()
    for (site, epoch), (stored, _) in sorted(verified.held.items()):
        session.add(BackupCursor(backup=verified.id, site=site, epoch=epoch, stored=stored))


def kind_of(database: Database) -> str:
    """The ending of the names of its backups."""
    return SQLITE if database.is_sqlite else POSTGRESQL


def kind_of_file(file: Path) -> str:
    """What kind of ledger a file is a backup of; raises BackupUnfit when it is none, OSError."""
    with file.open("rb") as content:
        head = content.read(16)
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    raise BackupUnfit(f"{file} is no backup of a hub's ledger")


@contextmanager
def _restored(file: Path, workspace: Path, server: Database | None) -> Iterator[Database]:
    if kind_of_file(file) == POSTGRESQL:
        if server is None or server.is_sqlite:
            raise BackupUnfit(f"{file.name} is a PostgreSQL backup; it is checked by a hub that runs on PostgreSQL")
        with dumps.restored(server, file, f"microlib_check_{_sum(file)[:16]}") as database:
            yield database
        return
    workspace.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="restored-", dir=workspace) as scratch:
        copy = Path(scratch) / f"hub{SQLITE}"
        shutil.copy(file, copy)
        _inspect(copy, file.name)
        database = Database(f"sqlite:///{copy}")
        try:
            yield database
        finally:
            database.close()


def _inspect(copy: Path, name: str) -> None:
    """SQLite's own opinion of the file, and whether it has a hub's tables; raises BackupUnfit."""
    try:
        with closing(sqlite3.connect(copy)) as raw:
            said = raw.execute("PRAGMA integrity_check(1)").fetchone()[0]
            tables = {table for (table,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.DatabaseError as wrong:
        raise BackupUnfit(f"{name}: {wrong}") from None
    if said != "ok":
        raise BackupUnfit(f"{name}: {said}")
    if TABLES - tables:
        raise BackupUnfit(f"{name} is a SQLite file, but no hub's ledger")


def _path(database: Database) -> Path:
    return Path(str(database.engine.url.database))


def _sum(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while part := content.read(_CHUNK):
            digest.update(part)
    return digest.hexdigest()[:32]


def _sync(file: Path) -> None:
    for path, flags in ((file, os.O_RDONLY), (file.parent, os.O_RDONLY | os.O_DIRECTORY)):
        handle = os.open(path, flags)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
