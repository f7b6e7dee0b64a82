"""The one engine, for SQLite and PostgreSQL alike, and who may write.

SQLite: WAL, synchronous=FULL, foreign keys, a busy timeout; one writer at a time in this process (a lock) and among
processes (BEGIN IMMEDIATE). PostgreSQL: the same code; what must be serial is a locked row (`hub.ledger`).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session

from hub.errors import DatabaseNotReady

BUSY_MS = 30_000
"""How long a writer waits for another process's import."""
_WRITES = "microlib_writes"


class Database:
    """Hands out `read()` and `write()`; knows its dialect and how to close."""

    def __init__(self, url: str) -> None:
        """`url` as in settings; the folder of a SQLite file is made, or DatabaseNotReady. Connects to nothing yet."""
        self.url = url
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        options: dict[str, Any] = {}
        if self.is_sqlite:
            if parsed.database and parsed.database != ":memory:":
                try:
                    Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
                except OSError as wrong:
                    raise DatabaseNotReady(f"no folder for the database {parsed.database}: {wrong}") from None
            options["connect_args"] = {"check_same_thread": False, "timeout": BUSY_MS / 1000}
        else:
            options["pool_pre_ping"] = True
        self.engine: Engine = create_engine(url, **options)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare)
            event.listen(self.engine, "begin", _begin)
        self._writer = threading.RLock()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one consistent state and changes nothing."""
        with Session(self.engine, expire_on_commit=False) as session:
            if not self.is_sqlite:
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """The one writing session: committed when the block ends well, else rolled back. Waits for its turn."""
        with self._writer, Session(self.engine, expire_on_commit=False) as session:
            session.connection(execution_options={_WRITES: True})
            try:
                yield session
                session.commit()
            except BaseException:  # whatever it was, nothing of it may stay; raised again at once
                session.rollback()
                raise

    def probe(self) -> None:
        """Raises DatabaseNotReady with a sentence when nothing answers at the address."""
        try:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("SELECT 1")
        except DatabaseError as wrong:
            shown = make_url(self.url).render_as_string(hide_password=True)
            raise DatabaseNotReady(f"no database at {shown}: {wrong.orig}") from None

    def close(self) -> None:
        """Closes every connection; SQLite folds its write-ahead log into the file."""
        self.engine.dispose()


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see _begin
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
