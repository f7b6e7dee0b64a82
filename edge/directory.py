"""The site's copy of what the hub knows of cards, items and rules, and when to ask for more of it.

The copy can be had again at any time, so its file needs no more than to be consistent: WAL with synchronous=NORMAL,
where a power cut may cost the newest pages but never mixes them. A damaged file is deleted and asked for anew.

A whole directory arrives in pages beside the old copy, which keeps answering until the last page is there: half a
list of cards must not turn away the patrons of the other half.
"""

import logging
import math
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from edge.clock import Stamp
from edge.outbox import JITTER, Dice
from edge.settings import Delivery
from protocol.directory import (
    Ask,
    CardEntry,
    Entry,
    HoldEntry,
    ItemEntry,
    Page,
    PolicyEntry,
    Removed,
    RuleEntry,
    key_of,
    read_entry,
)
from protocol.names import BootId, CardTag, ClockTrust, Count, Frozen, GroupName, ItemId, Moment, TagUid
from protocol.phone import hint
from protocol.topics import Up

log = logging.getLogger(__name__)

NAME = "directory.db"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
    copy INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, tag TEXT, body TEXT NOT NULL,
    UNIQUE (copy, kind, key)
);
CREATE INDEX IF NOT EXISTS entry_tag ON entry (copy, tag) WHERE tag IS NOT NULL;
CREATE TABLE IF NOT EXISTS place (one INTEGER PRIMARY KEY CHECK (one = 1), value TEXT NOT NULL);
"""
_Kind = TypeVar("_Kind", CardEntry, ItemEntry, RuleEntry, PolicyEntry, HoldEntry)


class _Place(Frozen):
    """Where the copy stands."""

    live: Count = 0
    """The copy that answers."""
    version: Count = 0
    mark: str = ""
    coming: Count | None = None
    """The copy a whole directory is being received into, and where that stands."""
    coming_version: Count = 0
    coming_mark: str = ""
    answered: Moment | None = None
    """When the hub last said that there was no more: by the site's clock where it was believed, else by the hub's."""
    not_understood: Count = 0
    site: str = ""
    """Whose it is: a card's tag means nothing at another site."""


class Mirror:
    """The copy. One thread; nothing here raises for the disk's sake, at worst the copy is empty."""

    def __init__(self, path: Path, site: str) -> None:
        """Made by `open`."""
        self._path = path
        self._site = site
        self._answered_up_ms: int | None = None
        self._place = _Place()
        self.lost = 0
        """Times the copy was lost while it was in use."""
        self._db = self._reach()
        if site and self._place.site not in ("", site):
            self._start_over(ValueError(f"it is {self._place.site}'s"))

    @classmethod
    def open(cls, folder: Path, site: str = "") -> "Mirror":
        """The copy in `folder`; empty where there is none, it is damaged or another site's; else in memory."""
        return cls(folder.absolute() / NAME, site)

    def close(self) -> None:
        """Lets go of the file."""
        self._db.close()

    @property
    def version(self) -> int:
        """Up to which of the hub's changes the copy goes; 0 before there is any."""
        return self._place.version

    @property
    def not_understood(self) -> int:
        """Records received that this version can't read."""
        return self._place.not_understood

    @property
    def since(self) -> tuple[int, str]:
        """Version and mark to ask from: where a whole directory is on its way, where that stands."""
        place = self._place
        if place.coming is not None:
            return place.coming_version, place.coming_mark
        return place.version, place.mark

    def age_s(self, stamp: Stamp) -> float | None:
        """Seconds since the hub last said that the copy is up to date; None when that can't be told.

        Monotonic within the process that was told, by believed wall time after a restart.
        """
        if self._answered_up_ms is not None:
            return max(0, stamp.up_ms - self._answered_up_ms) / 1000
        if self._place.answered is None or stamp.clock is ClockTrust.UNSYNCED:
            return None
        return max(0.0, (stamp.at - self._place.answered).total_seconds())

    def card(self, tag: CardTag) -> CardEntry | None:
        """What is known of a card."""
        return self._entry("card", tag, CardEntry)

    def item(self, item: ItemId) -> ItemEntry | None:
        """What is known of an item."""
        return self._entry("item", item, ItemEntry)

    def item_of_tag(self, uid: TagUid) -> ItemEntry | None:
        """The item that carries a tag, the one heard of last where several claim it."""
        query = "SELECT body FROM entry WHERE copy = ? AND kind = 'item' AND tag = ? ORDER BY rowid DESC LIMIT 1"
        return self._found(query, (self._place.live, uid), ItemEntry)

    def phones(self, mark: str) -> tuple[tuple[CardTag, str], ...]:
        """The cards, with their phone keys, whose codes carry this hint (`protocol.phone`)."""
        query = "SELECT body FROM entry WHERE copy = ? AND kind = 'card' AND tag = ?"
        cards = self._all(query, (self._place.live, mark), CardEntry)
        return tuple((card.tag, card.phone) for card in cards if card.phone)

    def rule(self, group: GroupName) -> RuleEntry | None:
        """How a group is lent to."""
        return self._entry("rule", group, RuleEntry)

    def policy(self) -> PolicyEntry | None:
        """What this site allows."""
        return self._entry("policy", "", PolicyEntry)

    def holds(self) -> tuple[HoldEntry, ...]:
        """Who waits for which title at this site, whoever has waited longest first."""
        query = "SELECT body FROM entry WHERE copy = ? AND kind = 'hold'"
        return tuple(sorted(self._all(query, (self._place.live,), HoldEntry), key=lambda hold: hold.since))

    def apply(self, page: Page, stamp: Stamp) -> bool:
        """Takes a page that continues from `since`, or begins anew; False when it does neither and is left alone.

        Entries, version and mark change together.
        """
        if not page.reset and page.since != self.since[0]:
            return False
        if page.version < page.since:
            return False
        try:
            self._apply(page, stamp)
        except sqlite3.Error as error:
            self._start_over(error)
            return False
        if not page.more:
            self._answered_up_ms = stamp.up_ms
        return True

    def _apply(self, page: Page, stamp: Stamp) -> None:
        place = self._place
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            if page.reset:
                self._db.execute("DELETE FROM entry WHERE copy != ?", (place.live,))
                place = place.model_copy(update={"coming": place.live + 1})
            copy = place.live if place.coming is None else place.coming
            unread = sum(not self._take(copy, raw) for raw in page.entries)
            place = place.model_copy(update={"not_understood": place.not_understood + unread})
            place = _moved(place, page, copy, stamp)
            if place.live != self._place.live:
                self._db.execute("DELETE FROM entry WHERE copy != ?", (place.live,))
            place = place.model_copy(update={"site": self._site})
            self._db.execute("INSERT OR REPLACE INTO place VALUES (1, ?)", (place.model_dump_json(),))
        self._place = place

    def _take(self, copy: int, raw: dict[str, object]) -> bool:
        entry: Entry | None = read_entry(raw)
        if entry is None:
            # An older form of the card might still open the door; the item's older form only has an old title.
            if raw.get("kind") == "card":
                self._remove(copy, "card", str(raw.get("tag")))
            return False
        if isinstance(entry, Removed):
            self._remove(copy, entry.of, entry.key)
            return True
        self._db.execute(
            "INSERT OR REPLACE INTO entry (copy, kind, key, tag, body) VALUES (?, ?, ?, ?, ?)",
            (copy, entry.kind, key_of(entry), _found_by(entry), entry.model_dump_json()),
        )
        return True

    def _remove(self, copy: int, kind: str, key: str) -> None:
        self._db.execute("DELETE FROM entry WHERE copy = ? AND kind = ? AND key = ?", (copy, kind, key))

    def _entry(self, kind: str, key: str, form: type[_Kind]) -> _Kind | None:
        query = "SELECT body FROM entry WHERE copy = ? AND kind = ? AND key = ?"
        return self._found(query, (self._place.live, kind, key), form)

    def _found(self, query: str, values: tuple[object, ...], form: type[_Kind]) -> _Kind | None:
        try:
            found = self._db.execute(query, values).fetchone()
            return None if found is None else form.model_validate_json(found[0])
        except (sqlite3.Error, ValidationError) as error:
            self._start_over(error)
            return None

    def _all(self, query: str, values: tuple[object, ...], form: type[_Kind]) -> list[_Kind]:
        try:
            return [form.model_validate_json(row[0]) for row in self._db.execute(query, values).fetchall()]
        except (sqlite3.Error, ValidationError) as error:
            self._start_over(error)
            return []

    def _start_over(self, error: Exception) -> None:
        log.error("the copy of the directory is asked for anew: %s", error)
        self._db.close()
        self.lost += 1
        self._answered_up_ms = None
        self._place = _Place()
        with suppress(OSError):
            self._delete()
        self._db = self._reach()

    def _delete(self) -> None:
        for end in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + end).unlink(missing_ok=True)

    def _reach(self) -> sqlite3.Connection:
        try:
            return self._connect(str(self._path))
        except (sqlite3.Error, ValidationError, OSError) as error:
            log.error("%s can't be used (%s): beginning with an empty one", self._path, error)
        try:
            self._delete()
            return self._connect(str(self._path))
        except (sqlite3.Error, OSError) as error:
            log.error("%s can't be written (%s): kept in memory", self._path, error)
            return self._connect(":memory:")

    def _connect(self, path: str) -> sqlite3.Connection:
        db = sqlite3.connect(path, isolation_level=None, timeout=5)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.executescript(_SCHEMA)
            if path != ":memory:":
                self._path.chmod(0o600)
            if (said := db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise sqlite3.DatabaseError(f"quick_check says: {said}")
            found = db.execute("SELECT value FROM place WHERE one = 1").fetchone()
            self._place = _Place() if found is None else _Place.model_validate_json(found[0])
        except BaseException:
            db.close()
            raise
        return db


def _found_by(entry: Entry) -> str | None:
    """What an entry is looked up by beside its key: an item by its tag, a card by the hint of its phone's codes."""
    if isinstance(entry, ItemEntry):
        return entry.tag
    return hint(entry.phone) if isinstance(entry, CardEntry) and entry.phone else None


def _moved(place: _Place, page: Page, copy: int, stamp: Stamp) -> _Place:
    """Where the copy stands after `page` went into `copy`."""
    if page.more:
        if place.coming is None:
            return place.model_copy(update={"version": page.version, "mark": page.mark})
        return place.model_copy(update={"coming_version": page.version, "coming_mark": page.mark})
    answered: datetime = page.at if stamp.clock is ClockTrust.UNSYNCED else stamp.at
    return place.model_copy(
        update={
            "live": copy,
            "version": page.version,
            "mark": page.mark,
            "coming": None,
            "coming_version": 0,
            "coming_mark": "",
            "answered": answered,
        }
    )


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Asks that wait for an answer: any of them may be answered."""

    first_req: int
    last_req: int


class Asker:
    """When to ask for the directory: every `directory_s`, at once while there is more, again until answered.

    No I/O: time is an argument, messages are returned.
    """

    def __init__(
        self, mirror: Mirror, *, boot: BootId, timing: Delivery, next_req: Callable[[], int], dice: Dice
    ) -> None:
        """`next_req` counts every upward message of this boot."""
        self._mirror = mirror
        self._boot = boot
        self._timing = timing
        self._next_req = next_req
        self._dice = dice
        self._online = False
        self._at = math.inf
        self._pause = timing.retry_s
        self._waiting: _Waiting | None = None
        self._lost = mirror.lost
        self.ignored = 0
        """Pages that answered nothing that was asked."""

    def connected(self, now: float) -> None:
        """Asks at once on every new connection."""
        self._online = True
        self.ask(now)

    def disconnected(self) -> None:
        """Nothing is due until the next connection."""
        self._online = False

    def ask(self, now: float) -> None:
        """Asks with the next `due`, whenever the last time was."""
        self._waiting = None
        self._at = now
        self._pause = self._timing.retry_s

    def due(self, now: float) -> list[tuple[Up, bytes]]:
        """What is to be sent now."""
        if self._lost != self._mirror.lost:
            self._lost = self._mirror.lost
            self.ask(now)
        if not self._online or now < self._at:
            return []
        req, (since, mark) = self._next_req(), self._mirror.since
        self._waiting = _Waiting(self._waiting.first_req if self._waiting else req, req)
        self._at = now + self._about(self._pause)
        self._pause = min(self._pause * 2, self._timing.retry_max_s)
        return [(Up.ASK, Ask(boot=self._boot, req=req, since=since, mark=mark).wire())]

    def next_due(self) -> float:
        """When `due` has something next; infinity for never."""
        return self._at if self._online else math.inf

    def received(self, now: float, page: Page, stamp: Stamp) -> bool:
        """Applies a page that answers what is being asked; False when it doesn't."""
        waiting = self._waiting
        asked = waiting is not None and waiting.first_req <= page.req <= waiting.last_req
        before = self._mirror.since
        if page.boot != self._boot or not asked or not self._mirror.apply(page, stamp):
            self.ignored += 1
            return False
        if page.more and self._mirror.since == before:
            return True  # no step forward: the next ask waits its turn, or a hub's mistake would make it spin
        self.ask(now)
        if not page.more:
            self._at = now + self._about(self._timing.directory_s)
        return True

    def _about(self, seconds: float) -> float:
        return seconds * self._dice.uniform(1 - JITTER, 1 + JITTER)
