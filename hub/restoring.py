"""A backup put in the place of the ledger; what that would lose is said before anything is touched."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, delete, select

from hub import backups, claim, dumps, ledger, migrations, refold
from hub.backups import Verified
from hub.clock import Clock
from hub.database import Database
from hub.errors import BackupUnfit, DatabaseNotReady, HubError, PromiseBroken, ShardsTaken
from hub.ledger import Touched
from hub.models import Card, Cursor, Item, LedgerRow, Login, Patron, Site, Staff, Title
from hub.promises import Promises
from hub.settings import Settings
from hub.shards import EVERYTHING

SOMEBODYS = (LedgerRow, Cursor, Site, Title, Item, Patron, Card, Staff)
"""Tables none of which has a row in a database that nobody would miss."""
Say = Callable[[str], None]


def restore(settings: Settings, file: Path, clock: Clock, *, replace: bool, i_know: bool, say: Say) -> Verified:
    """Puts a backup in the place of the ledger, under a new ledger id; the sites send what it lacks.

    Raises HubError and changes nothing: while a hub runs; onto a database with anything in it, unless `replace`; for
    less than sites were promised, unless `i_know`; for a file that isn't whole or is for the other kind of database.
    What was there before is kept beside it.
    """
    database = Database(settings.url)
    try:
        if backups.kind_of_file(file) != backups.kind_of(database):
            raise BackupUnfit(f"{file.name} is of another kind of database than {settings.url.split(':')[0]}")
        if not database.is_sqlite:
            database.probe()
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        held = claim.Claim(database, EVERYTHING)
        try:
            held.take(0)
        except ShardsTaken:
            raise HubError("a hub runs on this ledger; stop every microlib-hub first") from None
        try:
            occupied = _occupied(database)
            if occupied and not replace:
                raise HubError("the database there isn't empty; --replace puts the backup in its place")
            say(f"restoring {file.name} elsewhere and checking it")
            verified = backups.verify(file, settings.data_dir, settings.zone, clock.utc(), database)
            promises = Promises(settings.promise_file)
            _ask(promises, verified, i_know)
            say("putting it in place")
            put = _put_file if database.is_sqlite else _put_tables
            put(settings, database, file, clock.utc(), occupied, say)
            promises.lower(verified.stored)
        finally:
            held.release()
        return verified
    except OSError as wrong:
        raise HubError(f"{file}: {wrong.strerror or wrong}") from None
    finally:
        database.close()


def _occupied(database: Database) -> bool:
    """Whether there is something in the database, or something in its place that nobody can read."""
    if database.is_sqlite and not backups.path_of(database).exists():
        return False
    try:
        migrations.ensure(database.engine)
        with database.read() as session:
            return any(session.exec(select(table).limit(1)).first() is not None for table in SOMEBODYS)
    except (DatabaseNotReady, DatabaseError):
        return True
    finally:
        database.close()


def _ask(promises: Promises, verified: Verified, i_know: bool) -> None:
    less = promises.beyond(verified.stored, "the backup")
    if less and not i_know:
        raise PromiseBroken(
            "this backup is older than what sites were promised; what they forgot since is gone for ever. "
            + "; ".join(less)
            + ". Restore a newer one, or repeat with --i-know"
        )


def _make_ready(database: Database, settings: Settings) -> None:
    """Brings what was restored to this version, under a new id, with nobody logged in as somebody was then."""
    older = migrations.is_older(database.engine)
    if older:
        migrations.migrate(database.engine)
    with database.write() as session:
        if older:
            _fold_anew(session, settings)
        session.execute(delete(Login))
        ledger.renew_ledger_id(session)


def _fold_anew(session: Session, settings: Settings) -> None:
    ledger.reinterpret(session, Touched())
    refold.rebuild(session, settings.zone)


# --------------------------------------------------------------------------------------------------------------- kinds


def _put_file(settings: Settings, database: Database, file: Path, now: datetime, occupied: bool, say: Say) -> None:
    """SQLite: the copy is made ready beside the file it then takes the name of."""
    target = backups.path_of(database)
    fresh = target.with_name(f"{target.name}.restoring")
    try:
        _make_file(fresh, file, settings)
        _let_go(target)
        if occupied:
            aside = target.with_name(f"{target.name}.replaced-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")
            os.link(target, aside)
            for end in ("-wal", "-shm"):  # of a file too damaged to be opened
                if target.with_name(target.name + end).exists():
                    target.with_name(target.name + end).replace(aside.with_name(aside.name + end))
            say(f"what was there is kept as {aside}; delete it when nobody needs it any more")
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
    backups.sync(target.parent)


def _make_file(fresh: Path, file: Path, settings: Settings) -> None:
    fresh.unlink(missing_ok=True)
    fresh.touch(0o600)  # patrons are in it
    shutil.copyfile(file, fresh)
    copy = Database(f"sqlite:///{fresh.resolve()}")
    try:
        _make_ready(copy, settings)
    finally:
        copy.close()
    backups.sync(fresh)


def _let_go(target: Path) -> None:
    """Folds the write-ahead log into the file that will be replaced; raises HubError while anybody has it open."""
    if not target.exists():
        return
    try:
        with closing(sqlite3.connect(target, timeout=1)) as raw:
            raw.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.DatabaseError as wrong:
        if getattr(wrong, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise HubError(f"another process has {target} open; stop every microlib-hub first") from None


def _put_tables(settings: Settings, database: Database, file: Path, now: datetime, occupied: bool, say: Say) -> None:
    """PostgreSQL: all tables are replaced in one transaction."""
    if occupied:
        try:
            say(f"what was there is kept as {backups.make(database, settings.backup_folder, now).file}")
        except (BackupUnfit, OSError) as wrong:
            say(f"what was there can't be kept ({wrong}); it is replaced all the same")
    dumps.load(database, file, settings.data_dir)
    _make_ready(database, settings)
