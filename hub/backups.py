"""Backups: made while the hub runs, restored somewhere else and checked, and only then counted (rule H9).

A SQLite ledger is copied by SQLite, a PostgreSQL one by its own pg_dump. What a backup holds raises `archived` only
once `record` has written it into the live ledger, which must continue it.
"""

import hashlib
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from hub import audit, ledger, refold
from hub.database import Database
from hub.errors import BackupUnfit
from hub.models import Backup, BackupCursor, Cursor

SUFFIX = ".sqlite3"
SHOWN = 5
"""Things wrong with a backup that its refusal names."""
_CHUNK = 2**20


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


def make(database: Database, folder: Path, now: datetime) -> Made:
    """Writes a consistent copy into `folder`, synced; the hub goes on meanwhile. Raises BackupUnfit, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"hub-{now:%Y%m%dT%H%M%S%f}Z{SUFFIX}"
    if not database.is_sqlite:
        raise BackupUnfit("PostgreSQL backups aren't made here")
    with closing(sqlite3.connect(_file_of(database))) as live:
        live.execute("VACUUM INTO ?", (str(file),))
    os.utime(file, (now.timestamp(), now.timestamp()))
    _sync(file)
    return Made(file, now)


def verify(file: Path, workspace: Path, zone: ZoneInfo, now: datetime) -> Verified:
    """Restores `file` under `workspace` and checks it there; raises BackupUnfit with what is wrong, OSError."""
    workspace.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="restored-", dir=workspace) as scratch:
        copy = Path(scratch) / f"hub{SUFFIX}"
        shutil.copy(file, copy)
        try:
            with closing(sqlite3.connect(copy)) as raw:
                said = raw.execute("PRAGMA integrity_check(1)").fetchone()[0]
        except sqlite3.DatabaseError as wrong:
            raise BackupUnfit(f"{file}: {wrong}") from None
        if said != "ok":
            raise BackupUnfit(f"{file}: {said}")
        database = Database(f"sqlite:///{copy}")
        try:
            with database.read() as session:
                held = _check(session, file, zone)
        finally:
            database.close()
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


def _check(session: Session, file: Path, zone: ZoneInfo) -> dict[tuple[str, str], tuple[int, bytes]]:
    wrong = audit.audit(session) + refold.differences(session, zone)
    if wrong:
        more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise BackupUnfit(f"{file}: " + "; ".join(wrong[:SHOWN]) + more)
    ledger.ledger_id(session)
    return {(at.site, at.epoch): (at.stored, at.digest) for at in session.exec(select(Cursor))}


def _file_of(database: Database) -> Path:
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
