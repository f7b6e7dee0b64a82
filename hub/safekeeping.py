"""The library's habit with backups: made, checked and counted by command or every so many hours, old ones let go."""

import fcntl
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, delete, select

from hub import backups, ledger, turns
from hub.audit import Progress
from hub.backups import Verified
from hub.clock import Clock
from hub.database import Database
from hub.errors import BackupUnfit, HubError
from hub.ledger import IncidentKind
from hub.models import Backup, BackupCursor, Meta
from hub.projections.order import bounded
from hub.settings import Settings

log = logging.getLogger(__name__)

FIRST_S = 600.0
"""After the start of a hub that has no backup yet: what is wrong with its start shows first."""
AGAIN_S = 600.0
"""After a backup that failed."""
LOOK_S = 3600.0
"""Between two looks whether one is due: somebody may have made one by hand."""
UNCHECKED = ".unchecked"
"""Behind the name of a copy that was found unfit, or couldn't be checked; only the newest is kept."""
Say = Callable[[str], None]


def back_up(
    settings: Settings,
    database: Database,
    clock: Clock,
    say: Say,
    folder: Path | None = None,
    progress: Progress = lambda done, of: None,
) -> Verified:
    """Makes a backup, restores and checks it, counts it, and lets go of the oldest. Raises HubError, OSError.

    It goes into `folder`, or where settings say. A copy that can't be checked counts for nothing and is put aside.
    """
    folder = folder or settings.backup_folder
    with _turn(folder):
        say(f"copying the ledger into {folder}")
        file = backups.make(database, folder, clock.utc()).file
        try:
            say(f"restoring {file.name} and checking it")
            verified = backups.verify(file, folder, settings.zone, clock.utc(), database, progress)
            with database.write() as session:
                backups.record(session, verified)
        except BackupUnfit:
            for earlier in folder.glob(f"hub-*{UNCHECKED}"):
                earlier.unlink()
            file.replace(file.with_name(file.name + UNCHECKED))
            raise
        except BaseException:  # the disk is full, or somebody had enough: nobody would ever look at it again
            file.unlink()
            raise
        with database.read() as session:
            gone = _dispensable(session, folder, backups.kind_of(database), settings.backup.keep)
        for old in gone:
            say(f"letting go of {old.name}")
            old.unlink()
        with database.write() as session:
            _forget(session, settings.backup.keep)
    return verified


def newest(session: Session) -> list[datetime]:
    """When the backups that count were made, newest first."""
    made = select(Backup.made_at).where(col(Backup.verified_at).is_not(None))
    return list(session.exec(made.order_by(col(Backup.made_at).desc())))


def _dispensable(session: Session, folder: Path, kind: str, keep: int) -> list[Path]:
    """Backups that count but aren't among the newest `keep`, and older leftovers of this ledger that never counted."""
    counted = newest(session)
    ours = session.get_one(Meta, "ledger").value if session.get(Meta, "ledger") else ""
    kept, let_go = set(counted[:keep]), set(counted[keep:])
    found = []
    for file in sorted(folder.glob(f"hub-*{kind}")):
        made = bounded(backups.made_at(file))  # as the table keeps it
        leftover = backups.ledger_of(file) == ours[:8] and made < counted[0]
        if made in let_go or (leftover and made not in kept):
            found.append(file)
    return found


def _forget(session: Session, keep: int) -> None:
    """Strikes all but the newest `keep` off the list of those that count."""
    old = session.exec(select(Backup).order_by(col(Backup.made_at).desc()).offset(keep)).all()
    session.exec(delete(BackupCursor).where(col(BackupCursor.backup).in_([backup.id for backup in old])))
    for backup in old:
        session.delete(backup)


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Inside, nobody else makes a backup there; what one that was killed left behind is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        for left in folder.glob(f"hub-*{backups.PARTIAL}"):
            left.unlink()
        yield
    finally:
        os.close(handle)


class Safekeeper:
    """Backs up every so many hours, from a thread of its own; `every_hours` 0 starts none."""

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._began = clock.monotonic()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins; the next backup comes when the newest that counts is old enough."""
        if self._settings.backup.every_hours:
            self._thread = threading.Thread(target=self._run, name="backups", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends after the backup it works on, or some seconds; a copy that wasn't checked doesn't count."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(10)

    def due_s(self) -> float:
        """Seconds until the next backup is due; 0 or less: now."""
        with self._database.read() as session:
            made = newest(session)
        if not made:
            return FIRST_S - (self._clock.monotonic() - self._began)
        return made[0].timestamp() + self._settings.backup.every_hours * 3600 - self._clock.utc().timestamp()

    def attempt(self) -> float:
        """Backs up if one is due; answers how many seconds to wait before asking again."""
        try:
            due = self.due_s()
            if due > 0:
                return min(due, LOOK_S)
            verified = back_up(self._settings, self._database, self._clock, log.info)
            log.info("backup %s of %d events counts", verified.id[:8], verified.events)
            return 0.0
        except (HubError, OSError, DBAPIError) as wrong:
            log.error("no backup, trying again in %d minutes: %s", AGAIN_S / 60, wrong)
            self._tell(str(wrong))
        except Exception:  # whatever nobody thought of must not end the habit
            log.exception("no backup, trying again in %d minutes", AGAIN_S / 60)
            self._tell("the hub's log says why")
        return AGAIN_S

    def _tell(self, why: str) -> None:
        """An incident of the hub's own, where people look."""
        try:
            with self._database.write() as session:
                turns.take(session, {ledger.HUB})
                ledger.incident(session, ledger.HUB, IncidentKind.NO_BACKUP, "backup", why, self._clock.utc())
        except DBAPIError as away:
            log.error("nobody can be told of it either: %s", away)

    def _run(self) -> None:
        while not self._stopping.wait(self.attempt()):
            pass
