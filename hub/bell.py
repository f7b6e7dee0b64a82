"""Lets open pages hear what another process took in.

On PostgreSQL whoever commits says what changed (NOTIFY, which goes out with the commit), and web processes listen. On
SQLite they look whether the file was written since, and then know only that something changed.
"""

import json
import logging
import secrets
import threading
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from hub.database import Database
from hub.notices import LOST, Notice, Notices

log = logging.getLogger(__name__)

CHANNEL = "microlib"
LONGEST = 7000
"""Bytes of one notification, at most; PostgreSQL takes 8000."""
LOOK_S = 1.0
"""Between looks at a SQLite file, and how soon a listening thread can be stopped."""
AGAIN_S = 5.0
"""Between attempts to listen while the database is away."""


class Bell:
    """`ring` within the transaction that changes something; between `start` and `stop` it is heard from others."""

    def __init__(self, database: Database, notices: Notices) -> None:
        self._database = database
        self._notices = notices
        self._own = secrets.token_hex(8)
        """What this process rings needn't be heard by it."""
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def ring(self, session: Session, notices: Sequence[Notice]) -> None:
        """Tells other processes, once `session` is committed."""
        if self._database.is_sqlite:
            return
        for notice in notices:
            said = json.dumps([self._own, notice.site, *notice.items])
            if len(said.encode()) > LONGEST:
                said = json.dumps([self._own, LOST.site])
            session.execute(text("SELECT pg_notify(:channel, :said)"), {"channel": CHANNEL, "said": said})

    def start(self) -> None:
        """Begins to listen, on a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5) -> None:
        """Ends the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._database.is_sqlite:
                    self._look()
                else:
                    self._listen()
            except SQLAlchemyError as wrong:
                log.warning("can't hear what other processes take in: %s", wrong)
            except Exception:  # whatever it was, pages must hear of changes again
                log.exception("can't hear what other processes take in")
            self._notices.publish(LOST)
            self._stopping.wait(AGAIN_S)

    def _look(self) -> None:
        with self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            before = None
            while not self._stopping.wait(LOOK_S):
                now = connection.exec_driver_sql("PRAGMA data_version").scalar()
                connection.rollback()
                if before is not None and now != before:
                    self._notices.publish(LOST)
                before = now

    def _listen(self) -> None:
        with self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"LISTEN {CHANNEL}")
            self._notices.publish(LOST)  # whatever changed before anybody listened
            driver: Any = connection.connection.driver_connection
            try:
                while not self._stopping.is_set():
                    for heard in driver.notifies(timeout=LOOK_S):
                        self._hear(heard.payload)
            finally:
                connection.invalidate()  # it must not listen on in the pool

    def _hear(self, said: str) -> None:
        whose, site, *items = json.loads(said)
        if whose != self._own:
            self._notices.publish(Notice(site, tuple(items)))
