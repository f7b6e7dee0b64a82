"""Says which shards this process takes in, so that no second one does by mistake.

Correctness doesn't rest on it (the ledger's own locks see to that), but two hubs answering the same sites would halve
the speed of both and hide a mistake. A claim ends with its process, however that ends: on PostgreSQL it is locks of a
connection, on SQLite locks on bytes of a file beside the database.
"""

import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from hub.database import Database
from hub.errors import ShardsTaken
from hub.shards import Shards

log = logging.getLogger(__name__)

PATIENCE_S = 10.0
"""How long a process that just ended may take to let go."""
LOOK_S = 0.1
SPACE = 0x73686172
"""First half of the advisory locks' names; the second is the shard."""
_TRY = text("SELECT key FROM unnest(CAST(:keys AS integer[])) AS key WHERE NOT pg_try_advisory_lock(:space, key)")


@contextmanager
def alone(database: Database) -> Iterator[None]:
    """Inside, no other process makes this database's tables."""
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SELECT pg_advisory_lock(:space, -1)"), {"space": SPACE})
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:space, -1)"), {"space": SPACE})
        return
    path = make_url(database.url).database
    folder = os.open(Path(path).parent if path and path != ":memory:" else Path(), os.O_RDONLY)
    try:
        if path and path != ":memory:":
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


class Claim:
    """`take` before taking messages in, `held` now and then, `release` at the end. Belongs to one thread at a time."""

    def __init__(self, database: Database, shards: Shards, sleep: Callable[[float], None] = time.sleep) -> None:
        self._database = database
        self._shards = shards
        self._sleep = sleep
        self._connection: Connection | None = None
        self._file: int | None = None

    def take(self, patience_s: float) -> None:
        """Claims all of the shards; raises ShardsTaken when another process still has some after `patience_s`."""
        ends = time.monotonic() + patience_s
        while taken := self._try():
            if time.monotonic() > ends:
                raise ShardsTaken(
                    f"another process takes in shards {taken} of this ledger; stop it, or give each its own (--shards)"
                )
            self._sleep(LOOK_S)

    def held(self) -> bool:
        """Whether the shards are still this process's, claimed anew where the database had let go of them."""
        if self._connection is None:
            return self._file is not None or not self._try()
        try:
            self._connection.execute(text("SELECT 1"))
        except DBAPIError as wrong:
            log.warning("the claim on shards %s was let go: %s", self._shards, wrong)
            self.release()
            try:
                return not self._try()
            except DBAPIError:
                return True  # nobody can claim anything while the database is away
        return True

    def release(self) -> None:
        """Lets others have the shards."""
        if self._connection is not None:
            self._connection.invalidate()  # closed, not kept for others: the locks go with it
            self._connection.close()
            self._connection = None
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _try(self) -> Shards:
        """The shards that others have; none of them when all are ours now."""
        taken = self._try_file() if self._database.is_sqlite else self._try_locks()
        if taken:
            self.release()
        return taken

    def _try_locks(self) -> Shards:
        connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._connection = connection
        keys = sorted(self._shards.numbers)
        return Shards(frozenset(connection.execute(_TRY, {"space": SPACE, "keys": keys}).scalars()))

    def _try_file(self) -> Shards:
        path = make_url(self._database.url).database
        if not path or path == ":memory:":
            return Shards(frozenset())
        self._file = os.open(f"{path}-shards", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        return Shards(frozenset(number for number in self._shards.numbers if not _lock(self._file, number)))


def _lock(file: int, place: int) -> bool:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
    except OSError:
        return False
    return True
