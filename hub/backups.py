"""Backups: made while the hub runs, restored somewhere else and checked, and only then counted (rule H9).

A SQLite ledger is copied by SQLite, a PostgreSQL one by its own programs. What a backup holds raises `archived` only
once `record` has written it into the live ledger, which must continue it.
"""

import fcntl
import hashlib
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from hub import agreement, audit, dumps, migrations
from hub.audit import Progress
from hub.database import Database
from hub.errors import BackupUnfit, DatabaseNotReady
from hub.models import Backup, BackupCursor, Cursor, Meta

SQLITE, POSTGRESQL = ".sqlite3", ".pgdump"
PARTIAL = ".partial"
"""Behind the name of a copy that is still being written."""
CHECKED_IN = "being-checked"
"""Folder in the workspace that a copy is restored in; empty between two checks."""
SHOWN = 5
"""Things wrong with a backup that its refusal names."""
TABLES = frozenset({"ledger", "cursor", "gap", "meta"})
"""Without these a file is none of ours."""
_MAGIC = {b"SQLite format 3\x00": SQLITE, b"PGDMP": POSTGRESQL}
_NAME = re.compile(r"hub-(\d{8}T\d{6}\.\d{6})Z-([0-9a-z]{1,8})(?:-([0-9a-f]{12}))?\.")
"""When it was made, of which ledger, and the first digits of the sum over its bytes."""
_TIME = "%Y%m%dT%H%M%S.%f"


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
    ledger: str
    """Id of the ledger it is a copy of."""
    made_at: datetime
    verified_at: datetime
    held: dict[tuple[str, str], tuple[int, bytes]]
    """(site, epoch) -> how far it holds the epoch, and the digest there."""

    @property
    def events(self) -> int:
        """Places it holds, over all journals."""
        return sum(stored for stored, _ in self.held.values())

    @property
    def stored(self) -> dict[tuple[str, str], int]:
        """(site, epoch) -> how far it holds the epoch."""
        return {key: stored for key, (stored, _) in self.held.items()}


def make(database: Database, folder: Path, now: datetime) -> Made:
    """Writes a consistent copy into `folder`, synced; the hub goes on meanwhile. Raises BackupUnfit, OSError.

    Its name tells the time, the ledger and a sum over its bytes; a file of that name is complete.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with database.read() as session:
        ledger = _ledger_id(session)[:8] or "unnamed"
    name, kind = f"hub-{now.astimezone(UTC).strftime(_TIME)}Z-{ledger}", kind_of(database)
    partial = folder / f"{name}{kind}{PARTIAL}"
    try:
        partial.unlink(missing_ok=True)
        partial.touch(0o600)  # patrons are in it
        if database.is_sqlite:
            with closing(sqlite3.connect(path_of(database))) as live:
                live.execute("VACUUM INTO ?", (str(partial),))
        else:
            dumps.dump(database, partial)
        sync(partial)
        file = partial.rename(folder / f"{name}-{_sum(partial)[:12]}{kind}")
        sync(folder)
    except (sqlite3.Error, BackupUnfit) as wrong:
        raise BackupUnfit(f"no backup was made: {wrong}") from None
    finally:
        partial.unlink(missing_ok=True)
    return Made(file, now)


def verify(
    file: Path,
    workspace: Path,
    zone: ZoneInfo,
    now: datetime,
    server: Database | None = None,
    progress: Progress = lambda done, of: None,
) -> Verified:
    """Restores `file` and checks it there; raises BackupUnfit with what is wrong, DatabaseNotReady, OSError.

    A SQLite copy is restored under `workspace`, a PostgreSQL one into a database of its own on `server`'s server. Of
    an older version's copy only the ledger is judged: restoring it makes everything else anew.
    """
    kind_of_file(file)
    total, named = _sum(file), _NAME.match(file.name)
    if named is not None and named[3] is not None and not total.startswith(named[3]):
        raise BackupUnfit(f"{file.name}: its content has changed since it was made, the sum in its name says")
    with _restored(file, workspace, server) as database:
        older = _bring_up(database, file.name)
        with database.read() as session:
            _refuse(file.name, audit.audit(session, progress), "the ledger in it isn't whole")
            if not older:
                differing = agreement.differences(session, zone)
                _refuse(file.name, differing, "its tables differ from its ledger (microlib-hub check --repair)")
            held = {(at.site, at.epoch): (at.stored, at.digest) for at in session.exec(select(Cursor))}
            ledger = _ledger_id(session)
    return Verified(total, ledger, min(made_at(file), now), now, held)


def record(session: Session, verified: Verified) -> None:
    """Counts it in the live ledger; raises BackupUnfit unless it was made of this one, which still goes through it."""
    for (site, epoch), (stored, digest) in sorted(verified.held.items()):
        if not audit.holds(session, site, epoch, stored, digest):
            raise BackupUnfit(f"the backup holds events of {site} up to {stored} that this ledger doesn't continue")
    if verified.ledger != _ledger_id(session):
        raise BackupUnfit(f"the backup is of another ledger ({verified.ledger[:8] or 'unnamed'}) than this one")
    if session.get(Backup, verified.id) is not None:
        return
    session.add(Backup(id=verified.id, made_at=verified.made_at, verified_at=verified.verified_at))
    session.flush()
    for (site, epoch), (stored, _) in sorted(verified.held.items()):
        session.add(BackupCursor(backup=verified.id, site=site, epoch=epoch, stored=stored))


# --------------------------------------------------------------------------------------------------------------- files


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


def made_at(file: Path) -> datetime:
    """When a backup was made: by its name, or where somebody gave it another, when it was last written."""
    named = _NAME.match(file.name)
    if named is None:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)
    return datetime.strptime(named[1], _TIME).replace(tzinfo=UTC)


def ledger_of(file: Path) -> str | None:
    """The first digits of the ledger's id, by the backup's name."""
    named = _NAME.match(file.name)
    return named[2] if named else None


def path_of(database: Database) -> Path:
    """The file of a SQLite database."""
    return Path(str(database.engine.url.database))


def sync(path: Path) -> None:
    """Puts a file, or a folder's names, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# ------------------------------------------------------------------------------------------------------------ checking


@contextmanager
def _restored(file: Path, workspace: Path, server: Database | None) -> Iterator[Database]:
    if kind_of_file(file) == POSTGRESQL:
        if server is None or server.is_sqlite:
            raise BackupUnfit(f"{file.name} is a PostgreSQL backup; it is checked by a hub that runs on PostgreSQL")
        with dumps.restored(server, file) as database:
            yield database
        return
    with _scratch(workspace / CHECKED_IN) as folder:
        copy = folder / f"hub{SQLITE}"
        shutil.copyfile(file, copy)
        _inspect(copy, file.name)
        database = Database(f"sqlite:///{copy.resolve()}")
        try:
            yield database
        finally:
            database.close()


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """`folder`, empty before and after; whoever else checks something in it waits."""
    folder.mkdir(0o700, parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        _empty(folder)
        try:
            yield folder
        finally:
            _empty(folder)
    finally:
        os.close(handle)


def _empty(folder: Path) -> None:
    for left in folder.iterdir():
        left.unlink()


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


def _bring_up(database: Database, name: str) -> bool:
    """Brings a restored copy to this version; True when it was of an older one."""
    try:
        older = migrations.is_older(database.engine)
    except DatabaseNotReady as wrong:
        raise BackupUnfit(f"{name}: {wrong}") from None
    if older:
        migrations.migrate(database.engine)
    return older


def _refuse(name: str, wrong: list[str], what: str) -> None:
    if wrong:
        more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise BackupUnfit(f"{name}: {what}: " + "; ".join(wrong[:SHOWN]) + more)


def _ledger_id(session: Session) -> str:
    row = session.get(Meta, "ledger")
    return row.value if row else ""


def _sum(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()[:32]
