"""The site's record: facts in the order they were written down, and the state that goes with them.

Everything that promises something is committed here first, in one synced transaction (rule E1). The hub's cursor is
two numbers over the rows, not a queue. One connection, one thread.
"""

import fcntl
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import TracebackType

from edge import salvage
from edge.clock import Stamp
from edge.errors import StorageFailed
from edge.generation import (
    STATE_SCHEMA,
    Damaged,
    Head,
    Row,
    connect,
    failed,
    insert,
    make_row,
    millis_before,
    old_enough,
    read_head,
    read_kept,
    select,
    sync_folder,
    weigh,
    write_epoch,
    write_head,
    write_kept,
)
from protocol.envelope import ZERO, Aside, Envelope
from protocol.events import EpochOpened, EpochReason, Fact
from protocol.names import BootId, ClockTrust, EpochId, EventId

log = logging.getLogger(__name__)

FORGET_ROWS = 5000
"""Rows forgotten at once, at most, so that no visit waits for it."""
OLD_COPIES = 3
"""Copies of earlier generations that are kept; all they held above `archived` was carried on."""


class Journal:
    """Events in dense places 1, 2, 3 … of an epoch, and the state committed with them."""

    def __init__(
        self,
        folder: Path,
        db: sqlite3.Connection,
        lock: int,
        boot: BootId,
        random: Callable[[int], bytes],
        cap: int,
        site: str,
    ) -> None:
        """Made by `open`; `db` was found whole."""
        self._folder = folder
        self._db = db
        self._lock = lock
        self._boot = boot
        self._random = random
        self._cap = cap
        head = read_head(db)
        self._head = head if head.site else head.model_copy(update={"site": site})
        self._kept = read_kept(db, self._head)
        self._settled = (self._head.stored, self._head.archived)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        boot: BootId,
        random: Callable[[int], bytes],
        stamp: Stamp,
        site: str = "",
        cap_mb: int = 500,
    ) -> "Journal":
        """The journal of `site` in `folder`, made where there is none, salvaged where it is damaged (rule E6).

        One that is another site's is put aside (`edge.salvage`). `random(n)` gives n bytes nobody can guess. Raises
        StorageFailed when the disk is unwell, or when another process has the journal open.
        """
        lock = -1
        try:
            folder = folder.absolute()
            folder.mkdir(parents=True, exist_ok=True)
            lock = _lock(folder)
            salvage.tidy(folder)
            remains, reason = _find(folder, site)
            if remains is not None:
                _begin(folder, remains, reason, boot, random, stamp, site)
            salvage.retire(folder, site)
            db = connect(folder / salvage.NAME)
            try:
                return cls(folder, db, lock, boot, random, cap_mb * 2**20, site)
            except BaseException:
                db.close()
                raise
        except (sqlite3.Error, OSError, Damaged) as error:
            if lock >= 0:
                os.close(lock)
            raise StorageFailed(f"the journal in {folder} can't be opened: {error}") from error

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Writes down the hub's cursor if it can, and lets go of the file."""
        try:
            self.rest()
        except StorageFailed:
            pass  # the cursor is only a hint: the hub tells it again
        self._db.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    @property
    def epoch(self) -> EpochId:
        """This generation's name."""
        return self._head.epoch

    @property
    def last(self) -> int:
        """The newest place."""
        return self._head.last

    @property
    def base(self) -> int:
        """The oldest place still held; `last` + 1 when all are forgotten."""
        return self._head.floor + 1

    @property
    def stored(self) -> int:
        """What the hub last said it has, up or down."""
        return self._settled[0]

    @property
    def archived(self) -> int:
        """What the hub last said it has in a checked backup; never above `stored`."""
        return self._settled[1]

    @property
    def used(self) -> int:
        """Bytes the journal's content takes."""
        pages, free, size = (
            self._db.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    @property
    def full(self) -> bool:
        """The cap is reached: alarm, and no new borrowing (rule E5). Facts are still taken."""
        try:
            return self.used >= self._cap
        except sqlite3.Error:
            return True

    def digest_at(self, seq: int) -> bytes | None:
        """The chain's value at `seq`, from `base` - 1 to `last`; None for a place not held."""
        if seq == self._head.floor:
            return bytes.fromhex(self._head.floor_digest)
        with self._guard():
            found = self._db.execute("SELECT digest FROM event WHERE seq = ?", (seq,)).fetchone()
        return None if found is None else bytes(found[0])

    def commit(
        self,
        facts: Sequence[Fact],
        stamp: Stamp,
        *,
        keep: Mapping[str, str | None] | None = None,
        asides: Mapping[int, Aside] | None = None,
    ) -> tuple[Envelope, ...]:
        """Writes `facts` and the changed state in one synced transaction, and returns the events made of them.

        `keep` maps a key to its new value, None to remove it. `asides` maps an index in `facts` to what stands
        beside that event. Raises StorageFailed, and then nothing of it happened.
        """
        changes, beside = keep or {}, asides or {}
        rows, events, digest = [], [], bytes.fromhex(self._head.digest)
        for number, fact in enumerate(facts):
            event, row = make_row(
                fact,
                self.last + number + 1,
                digest,
                self.epoch,
                self._boot,
                stamp,
                self._event_id(),
                beside.get(number),
            )
            events.append(event)
            rows.append(row)
            digest = row.digest
        head = self._head.model_copy(
            update={
                "last": self.last + len(rows),
                "digest": digest.hex(),
                "kept": weigh(self._head.kept, self._kept, changes),
            }
        )
        self._write(head, rows, changes)
        for key, value in changes.items():
            if value is None:
                self._kept.pop(key, None)
            else:
                self._kept[key] = value
        return tuple(events)

    def check(self) -> None:
        """Writes a synced nothing; raises StorageFailed while the disk can't take anything."""
        self._write(self._head)

    def value(self, key: str) -> str | None:
        """The state kept under `key`; None when there is none."""
        return self._kept.get(key)

    def kept(self, prefix: str = "") -> dict[str, str]:
        """The state whose keys begin with `prefix`."""
        return {key: value for key, value in self._kept.items() if key.startswith(prefix)}

    def after(self, seq: int, limit: int) -> tuple[Row, ...]:
        """Up to `limit` rows from place `seq` + 1 on; raises StorageFailed."""
        with self._guard():
            return tuple(select(self._db, seq, limit))

    def settle(self, stored: int, archived: int) -> None:
        """Takes the hub's word, up or down. Raises ValueError unless 0 <= archived <= stored <= last.

        Written down with the next commit or `rest`: a cursor lost in a power cut is told again by the next receipt.
        """
        if not 0 <= archived <= stored <= self.last:
            raise ValueError(f"stored {stored} and archived {archived} don't fit a journal that ends at {self.last}")
        self._settled = (stored, archived)

    def new_epoch(self, reason: EpochReason, stamp: Stamp) -> Envelope:
        """Begins a new generation with every row above `archived`, bytes and ids as they are (rule E4).

        The old generation is copied to `journal-<epoch>.db` first; the newest few such copies stay. The kept state
        goes on unchanged. Raises StorageFailed, and then nothing changed.
        """
        with self._guard():
            self._copy_generation()
            carried = self._db.execute("SELECT count(*) FROM event WHERE seq > ?", (self.archived,)).fetchone()[0]
        fact = EpochOpened(reason=reason, predecessor=self.epoch, predecessor_last=self.last, carried=carried)
        head = Head(epoch=EpochId(self._random(16).hex()), site=self._head.site)
        event, opened = make_row(fact, 1, ZERO, head.epoch, self._boot, stamp, self._event_id())
        with self._transaction():
            new = write_epoch(self._db, head, opened, select(self._db, self.archived), self._kept)
        self._head, self._settled = new, (0, 0)
        return event

    def forget(self, stamp: Stamp, age: timedelta) -> int:
        """Deletes archived rows older than `age`, some at a time; returns how many (rule E5).

        Archived asides go at once: the card they name is erasable at the hub now. A clock nobody vouches for deletes
        no row. Raises StorageFailed.
        """
        upto = 0
        if stamp.clock is not ClockTrust.UNSYNCED:
            with self._guard():
                upto = old_enough(self._db, self.archived, millis_before(stamp, age), FORGET_ROWS)
        digest = self.digest_at(upto) if upto else None
        gone = upto - self._head.floor if digest is not None else 0
        head = self._head
        if digest is not None:
            head = head.model_copy(update={"floor": upto, "floor_digest": digest.hex()})
        with self._transaction():
            self._db.execute("UPDATE event SET aside = NULL WHERE seq <= ? AND aside IS NOT NULL", (self.archived,))
            self._db.execute("DELETE FROM event WHERE seq <= ?", (head.floor,))
            head = self._put_head(head)
        self._head = head
        return gone

    def rest(self) -> None:
        """To be called when nothing goes on: writes down the hub's cursor, gives back room, empties the -wal.

        So the file is as large as what it holds, and the -wal as what was written since. Raises StorageFailed.
        """
        if self._settled != (self._head.stored, self._head.archived):
            self._write(self._head)
        with self._guard():
            self._db.executescript("PRAGMA incremental_vacuum")  # `execute` would free one page only
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _write(self, head: Head, rows: Sequence[Row] = (), changes: Mapping[str, str | None] | None = None) -> None:
        with self._transaction():
            insert(self._db, rows)
            write_kept(self._db, changes or {})
            head = self._put_head(head)
        self._head = head

    def _put_head(self, head: Head) -> Head:
        head = head.model_copy(update={"stored": self.stored, "archived": self.archived})
        write_head(self._db, head)
        return head

    def _event_id(self) -> EventId:
        return EventId(self._random(16).hex())

    def _copy_generation(self) -> None:
        copy = self._folder / f"journal-{self.epoch}.db"
        copy.unlink(missing_ok=True)
        os.close(os.open(copy, os.O_CREAT | os.O_RDWR, 0o600))
        self._db.execute("VACUUM INTO ?", (str(copy),))
        earlier = sorted(self._folder.glob(f"journal-{'[0-9a-f]' * 32}.db"), key=lambda path: path.stat().st_mtime_ns)
        for path in earlier[:-OLD_COPIES]:
            path.unlink()
        sync_folder(self._folder)

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, Damaged) as error:
            raise failed(error) from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._guard():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise


def _lock(folder: Path) -> int:
    """Keeps a second agent out of the folder for as long as the process lives; raises OSError."""
    handle = os.open(folder / "journal.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise OSError("another agent has it open") from None
    return handle


def _find(folder: Path, site: str) -> tuple[salvage.Remains | None, EpochReason]:
    """What a new epoch must go on from, and why it is begun; None when the folder's journal is the site's and whole."""
    whose = salvage.owner(folder)
    if site and whose and whose != site:
        log.error("the journal in %s is %s's; it is put aside", folder, whose)
        salvage.put_aside(folder, whose)
    try:
        return salvage.examine(folder), EpochReason.DAMAGED
    except FileNotFoundError:
        back = salvage.taken_up(folder, site)
    swapped = back is not None or salvage.visited(folder)
    return back or salvage.Remains(), EpochReason.SWAPPED if swapped else EpochReason.NEW


def _begin(
    folder: Path,
    remains: salvage.Remains,
    reason: EpochReason,
    boot: BootId,
    random: Callable[[int], bytes],
    stamp: Stamp,
    site: str,
) -> None:
    fact = EpochOpened(
        reason=reason, predecessor=remains.epoch, predecessor_last=remains.last, carried=len(remains.rows)
    )
    head = Head(epoch=EpochId(random(16).hex()), site=site)
    _, opened = make_row(fact, 1, ZERO, head.epoch, boot, stamp, EventId(random(16).hex()))

    def write(db: sqlite3.Connection) -> None:
        db.execute(STATE_SCHEMA[0])
        db.execute(STATE_SCHEMA[1])
        write_epoch(db, head, opened, remains.rows, remains.kept)

    salvage.begin(folder, write)
