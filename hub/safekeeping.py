"""The library's habit with backups: made, checked and counted by command or every so many hours, old ones let go.

Restoring is here too: what it would lose is said before anything is touched.
"""

import logging
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from sqlmodel import Session, select

from hub import backups, claim, dumps, ledger, migrations
from hub.backups import Verified
from hub.clock import Clock
from hub.database import Database
from hub.errors import BackupUnfit, DatabaseNotReady, HubError, PromiseBroken
from hub.models import LedgerRow
from hub.promises import Promises
from hub.settings import Settings
from hub.shards import EVERYTHING

log = logging.getLogger(__name__)

FIRST_S = 600.0
"""After the start of a hub that has no backup yet: what is wrong with its start shows first."""
AGAIN_S = 600.0
"""After a backup that failed."""
Say = Callable[[str], None]


def back_up(settings: Settings, database: Database, clock: Clock, say: Say) -> Verified:
    """Makes a backup, restores and checks it, counts it, and lets go of the oldest. Raises BackupUnfit, OSError."""
    folder = settings.backup_folder
    say(f"copying the ledger into {folder}")
    made = backups.make(database, folder, clock.utc())
    say(f"restoring {made.file.name} and checking it")
    verified = backups.verify(made.file, folder, settings.zone, clock.utc(), database)
    with database.write() as session:
        backups.record(session, verified)
    for old in _dispensable(folder, backups.kind_of(database), settings.backup.keep):
        say(f"letting go of {old.name}")
        old.unlink()
    return verified


def _dispensable(folder: Path, kind: str, keep: int) -> list[Path]:
    """All but the newest `keep`; their names sort by time."""
    return sorted(folder.glob(f"hub-*{kind}"))[:-keep]


class Safekeeper:
    """Backs up every so many hours, from a thread of its own; `every_hours` 0 starts none."""

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins; the first backup comes when the newest is old enough."""
        if self._settings.backup.every_hours:
            self._thread = threading.Thread(target=self._run, name="backups", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends after the backup it works on, or some seconds; a copy that wasn't checked doesn't count."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(10)

    def due_s(self) -> float:
        """Seconds until the next backup is due."""
        kind = backups.kind_of(self._database)
        made = [file.stat().st_mtime for file in self._settings.backup_folder.glob(f"hub-*{kind}")]
        if not made:
            return FIRST_S
        return max(made) + self._settings.backup.every_hours * 3600 - self._clock.utc().timestamp()

    def _run(self) -> None:
        wait = self.due_s()
        while not self._stopping.wait(max(wait, 0.0)):
            try:
                verified = back_up(self._settings, self._database, self._clock, log.info)
                log.info("backup %s of %d events counts", verified.id[:8], verified.events)
                wait = self.due_s()
            except Exception:  # a disk that is full today must not end the habit
                log.exception("no backup; trying again in %d minutes", AGAIN_S / 60)
                wait = AGAIN_S


# ------------------------------------------------------------------------------------------------------------ restoring


def restore(settings: Settings, file: Path, clock: Clock, *, replace: bool, i_know: bool, say: Say) -> Verified:
    """Puts a backup in the place of the ledger, under a new ledger id; the sites send what it lacks.

    Raises HubError and changes nothing: while a hub runs; onto a ledger that holds events, unless `replace`; for less
    than sites were promised, unless `i_know`; for a file that isn't whole or is for the other kind of database.
    """
    database = Database(settings.url)
    try:
        if backups.kind_of_file(file) != backups.kind_of(database):
            raise BackupUnfit(f"{file.name} is of another kind of database than {settings.url.split(':')[0]}")
        held = claim.Claim(database, EVERYTHING)
        held.take(0)
        try:
            if _events(database) and not replace:
                raise HubError("the ledger there holds events; --replace puts the backup in its place")
            say(f"checking {file.name}")
            verified = backups.verify(file, settings.data_dir, settings.zone, clock.utc(), database)
            _ask_promises(settings, verified, i_know)
            say("restoring it")
            _put(database, file)
        finally:
            held.release()
        migrations.ensure(database.engine)
        with database.write() as session:
            ledger.renew_ledger_id(session)
        return verified
    except OSError as wrong:
        raise HubError(f"{file}: {wrong.strerror or wrong}") from None
    finally:
        database.close()


def _events(database: Database) -> bool:
    """Whether there is a ledger with anything in it."""
    try:
        migrations.ensure(database.engine)
    except DatabaseNotReady:
        return True  # tables of another version: somebody's ledger
    with database.read() as session:
        return _first(session) is not None


def _first(session: Session) -> int | None:
    return session.exec(select(LedgerRow.id).limit(1)).first()


def _ask_promises(settings: Settings, verified: Verified, i_know: bool) -> None:
    promised = Promises(settings.promise_file).told()
    less = [
        f"{site} was told that events up to {told} are safe; the backup ends at {stored}"
        for (site, epoch), told in sorted(promised.items())
        if (stored := verified.held.get((site, epoch), (0, b""))[0]) < told
    ]
    if less and not i_know:
        raise PromiseBroken(
            "this backup is older than what sites were promised; what they forgot since is gone for ever. "
            + "; ".join(less)
            + ". Restore a newer one, or repeat with --i-know"
        )


def _put(database: Database, file: Path) -> None:
    if not database.is_sqlite:
        dumps.load(database, file)
        return
    database.close()
    target = Path(str(database.engine.url.database))
    fresh = target.with_name(f"{target.name}.restoring")
    shutil.copy(file, fresh)
    with fresh.open("rb+") as copied:
        os.fsync(copied.fileno())
    for end in ("-wal", "-shm"):
        target.with_name(target.name + end).unlink(missing_ok=True)
    fresh.replace(target)
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
