"""One generation of the journal as a SQLite file: its tables, and what in it vouches for what.

Each row's digest vouches for its event's bytes and for all before it; the head, rewritten by every commit, names the
newest row and digest and a sum over the kept state. So a file whose pages stem from different moments, as a dying
card leaves it, is told from a whole one.
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import ValidationError

from edge.clock import Stamp
from edge.errors import StorageFailed
from protocol.envelope import ZERO, Aside, Envelope, chain
from protocol.events import Fact
from protocol.names import BootId, ClockTrust, EpochId, EventId, Frozen

SCHEMA = """
CREATE TABLE {event} (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    body BLOB NOT NULL,
    digest BLOB NOT NULL,
    aside TEXT,
    at INTEGER  -- wall time of the commit, milliseconds since 1970; NULL when the clock couldn't be believed
);
"""
STATE_SCHEMA = (
    "CREATE TABLE keep (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), value TEXT NOT NULL)",
)
_MODULUS = 2**128
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH})
_UNREADABLE = frozenset({sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS})


class Damaged(Exception):
    """The file isn't a whole journal; the message says what doesn't fit."""


class Head(Frozen):
    """Where a generation stands."""

    epoch: EpochId
    site: str = ""
    """Whose it is; "" in a file written before sites were named in it."""
    floor: int = 0
    """Highest place forgotten; `floor_digest` is the chain's value there, hex."""
    floor_digest: str = ZERO.hex()
    last: int = 0
    digest: str = ZERO.hex()
    stored: int = 0
    archived: int = 0
    kept: str = "0"
    """Sum over the kept state, hex (see `weight`)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One event in its place."""

    seq: int
    id: EventId
    body: bytes
    digest: bytes
    """The chain's value after it."""
    aside: Aside | None
    at: int | None
    """Milliseconds since 1970; None when the clock couldn't be believed."""


def connect(path: Path) -> sqlite3.Connection:
    """The file, created for this account only where there is none; transactions are the caller's to begin."""
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        sync_folder(path.parent)
    db = reach(path.as_uri())
    try:
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # settled by a file's first table; an older file stays as it is
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA wal_autocheckpoint = 1000")
        db.execute("PRAGMA secure_delete = ON")
    except sqlite3.Error:
        db.close()
        raise
    return db


def reach(uri: str) -> sqlite3.Connection:
    """The file as it is; text that isn't UTF-8 is read all the same, and then fits no digest."""
    db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5)
    db.text_factory = lambda raw: raw.decode(errors="replace")
    return db


def sync_folder(folder: Path) -> None:
    """Makes names created, renamed or removed in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def failed(error: Exception) -> StorageFailed:
    """What the agent is told of an error of the disk's."""
    name = getattr(error, "sqlite_errorname", None)
    return StorageFailed(f"the journal can't be written: {error}" + (f" ({name})" if name else ""))


def is_damage(error: sqlite3.Error) -> bool:
    """Whether `error` blames the file's content, rather than a disk that is full, locked or read-only now."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and (code & 0xFF in _DAMAGE or code in _UNREADABLE)


def weight(key: str, value: str) -> int:
    """One kept entry's share of the head's sum: adding and taking away keeps the sum without reading the rest."""
    text = f"{len(key)}:{key}{value}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:16])


def weigh(old: str, kept: Mapping[str, str], changes: Mapping[str, str | None]) -> str:
    """The head's sum once `changes` (None removes) are made to `kept`, whose sum is `old`."""
    total = int(old, 16)
    for key, value in changes.items():
        if key in kept:
            total -= weight(key, kept[key])
        if value is not None:
            total += weight(key, value)
    return f"{total % _MODULUS:x}"


def make_row(
    fact: Fact,
    seq: int,
    before: bytes,
    epoch: EpochId,
    boot: BootId,
    stamp: Stamp,
    name: EventId,
    aside: Aside | None = None,
) -> tuple[Envelope, Row]:
    """A new event called `name` and its row at `seq`, `before` being the digest there."""
    event = Envelope(
        id=name, epoch=epoch, seq=seq, boot=boot, up_ms=stamp.up_ms, at=stamp.at, clock=stamp.clock, fact=fact
    )
    body = event.wire()
    at = None if stamp.clock is ClockTrust.UNSYNCED else round(stamp.at.timestamp() * 1000)
    return event, Row(seq, name, body, chain(before, body), aside, at)


def insert(db: sqlite3.Connection, rows: Iterable[Row], table: str = "event") -> None:
    """Appends `rows`."""
    db.executemany(
        f"INSERT INTO {table} (seq, id, body, digest, aside, at) VALUES (?, ?, ?, ?, ?, ?)",
        ((r.seq, r.id, r.body, r.digest, r.aside.model_dump_json() if r.aside else None, r.at) for r in rows),
    )


def select(db: sqlite3.Connection, after: int, limit: int = -1) -> Iterator[Row]:
    """Rows above `after` in their order; raises Damaged where a row isn't one."""
    found = db.execute(
        "SELECT seq, id, body, digest, aside, at FROM event WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit)
    )
    for seq, event, body, digest, aside, at in found:
        if not (isinstance(event, str) and isinstance(body, bytes) and isinstance(digest, bytes)):
            raise Damaged(f"row {seq} isn't an event")
        try:
            beside = None if aside is None else Aside.model_validate_json(aside)
        except ValidationError:
            raise Damaged(f"row {seq} has an unreadable aside") from None
        yield Row(seq, EventId(event), body, digest, beside, at)


def is_its_own(row: Row) -> bool:
    """Whether the row's id, which the chain doesn't cover, is the one in its bytes."""
    return f'"id":"{row.id}"'.encode() in row.body


def write_head(db: sqlite3.Connection, head: Head) -> None:
    """Puts the head in place."""
    db.execute("INSERT OR REPLACE INTO head (one, value) VALUES (1, ?)", (head.model_dump_json(),))


def read_head(db: sqlite3.Connection) -> Head:
    """The head; raises Damaged."""
    found = db.execute("SELECT value FROM head WHERE one = 1").fetchone()
    try:
        return Head.model_validate_json(found[0])
    except (TypeError, ValidationError):
        raise Damaged("the head is unreadable") from None


def read_kept(db: sqlite3.Connection, head: Head) -> dict[str, str]:
    """The kept state; raises Damaged unless the head vouches for all of it together."""
    kept = {}
    for key, value in db.execute("SELECT key, value FROM keep"):
        if not (isinstance(key, str) and isinstance(value, str)):
            raise Damaged("the kept state is unreadable")
        kept[key] = value
    if weigh("0", {}, kept) != head.kept:
        raise Damaged("the kept state isn't what was last written")
    return kept


def write_kept(db: sqlite3.Connection, changes: Mapping[str, str | None]) -> None:
    """Makes `changes` to the kept state; None removes."""
    for key, value in changes.items():
        if value is None:
            db.execute("DELETE FROM keep WHERE key = ?", (key,))
        else:
            db.execute("INSERT OR REPLACE INTO keep (key, value) VALUES (?, ?)", (key, value))


def audit(db: sqlite3.Connection) -> tuple[Head, dict[str, str]]:
    """Head and kept state of a file that is whole in every row; raises Damaged (or sqlite3.Error) for any other."""
    if (said := db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        raise Damaged(f"quick_check says: {said}")
    head = read_head(db)
    seq, digest = head.floor, bytes.fromhex(head.floor_digest)
    for row in select(db, 0):
        seq, digest = seq + 1, chain(digest, row.body)
        if row.seq != seq or row.digest != digest or not is_its_own(row):
            raise Damaged(f"the chain breaks at {seq}")
    if (seq, digest.hex()) != (head.last, head.digest):
        raise Damaged(f"the rows end at {seq}, the head says {head.last}")
    if not 0 <= head.archived <= head.stored <= head.last:
        raise Damaged("the head contradicts itself")
    return head, read_kept(db, head)


def write_epoch(
    db: sqlite3.Connection, head: Head, opened: Row, carried: Iterable[Row], kept: Mapping[str, str]
) -> Head:
    """Replaces all rows by `opened`, the event that opens the epoch `head` names, and `carried` with new places.

    Carried rows keep bytes, ids, asides and age. To be called inside a transaction; returns the new head.
    """
    db.execute(SCHEMA.format(event="fresh"))
    seq, digest = opened.seq, opened.digest

    def placed() -> Iterator[Row]:
        nonlocal seq, digest
        yield opened
        for row in carried:
            seq, digest = seq + 1, chain(digest, row.body)
            yield Row(seq, row.id, row.body, digest, row.aside, row.at)

    insert(db, placed(), "fresh")
    db.execute("DROP TABLE IF EXISTS event")
    db.execute("ALTER TABLE fresh RENAME TO event")
    db.execute("DELETE FROM keep")
    write_kept(db, kept)
    new = head.model_copy(update={"last": seq, "digest": digest.hex(), "kept": weigh("0", {}, kept)})
    write_head(db, new)
    return new


def old_enough(db: sqlite3.Connection, archived: int, before: int, limit: int) -> int:
    """Highest place that may be forgotten: at or below `archived`, everything up to it from before `before` (ms).

    Rows without a believed time are as old as the next one that has it. At most `limit` rows at a time.
    """
    young = db.execute("SELECT min(seq) FROM event WHERE at >= ?", (before,)).fetchone()[0]
    ceiling = archived if young is None else min(archived, young - 1)
    base = db.execute("SELECT min(seq) FROM event").fetchone()[0]
    if base is None:
        return 0
    ceiling = min(ceiling, base + limit - 1)
    found = db.execute("SELECT max(seq) FROM event WHERE seq <= ? AND at < ?", (ceiling, before)).fetchone()[0]
    return int(found or 0)


def millis_before(stamp: Stamp, age: timedelta) -> int:
    """`age` before `stamp`, as rows hold it."""
    return round((stamp.at - age).timestamp() * 1000)
