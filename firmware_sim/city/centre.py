"""The hub as the city runs it: the real database, ledger and ingest on a disk that can lose power, without threads."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from random import Random

from firmware_sim import catalogue
from firmware_sim.catalogue import Stock
from firmware_sim.city.broker import Broker, Session
from firmware_sim.city.disk import Disk
from firmware_sim.city.timeline import Timeline
from hub import backups, ledger
from hub.app import open_database, prepare
from hub.clock import Clock
from hub.database import Database
from hub.directory import sources
from hub.directory.rows import Kind
from hub.ingest import Ingest, Message
from hub.notices import Notices
from hub.promises import Promises
from hub.settings import Settings
from protocol.hello import HubHello
from protocol.names import LedgerId
from protocol.topics import HUB_HELLO, up_all

SALT = "00c17700c17700c1"
MASTER = bytes(range(1, 33))
GROUP_S = (0.02, 8.0)
"""From a message's arrival until those that have come are taken in: a quick disk, a slow one."""
GROUP = 64
QUEUE = 5000


class Killed(BaseException):
    """The hub's process died between commit and receipt."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A backup that was restored somewhere, checked and counted."""

    file: Path
    at: float


def settings_of(folder: Path) -> Settings:
    """The hub's settings; files are made."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "master.key").write_text(MASTER.hex())
    return Settings(
        data_dir=folder / "data",
        fleet_salt=SALT,
        master_key_file=folder / "master.key",
        owners=(catalogue.OWNER,),
        broker={"tls": False, "port": 1883},
    )


def import_stock(stock: Stock, folder: Path, now: Clock) -> Path:
    """A hub's database with the whole library in it, imported as any library would be; answers its file."""
    settings = settings_of(folder)
    database = open_database(settings)
    try:
        paths = catalogue.write(stock, folder / "csv")
        for kind in (Kind.SITES, Kind.RULES, Kind.TITLES, Kind.ITEMS, Kind.PATRONS):
            with database.read() as session:
                plan = sources.read(kind, paths[kind.value], session, settings)
            sources.apply(plan, database, settings, now.utc(), lambda done, of: None)
    finally:
        database.close()
    return settings.data_dir / "hub.sqlite3"


class Centre:
    """The hub's process and its machine."""

    def __init__(
        self,
        timeline: Timeline,
        broker: Broker,
        folder: Path,
        template: Path,
        sent: Callable[[str, bytes], None],
        chance: Random,
    ) -> None:
        """`template` is copied; `sent` sees every message just before the broker does."""
        self.timeline = timeline
        self.settings = settings_of(folder)
        self.disk = Disk(self.settings.data_dir, chance, self._struck)
        shutil.copy(template, self.settings.data_dir / "hub.sqlite3")
        self.clock = Clock(utc=timeline.true_time, monotonic=lambda: timeline.now)
        self.copies: list[Copy] = []
        self.counts = {"commits": 0, "kills": 0, "cuts": 0, "restores": 0, "backups": 0}
        self.kill_after_commit = False
        self.database: Database | None = None
        self._broker = broker
        self._backups = folder / "backups"
        self._sent = sent
        self._chance = chance
        self._ingest: Ingest | None = None
        self._second: Ingest | None = None
        """Another worker on the same ledger that takes every message too."""
        self._session: Session | None = None
        self._ledger = ""
        self._waiting: list[Message] = []
        self._planned = False
        self._busy = self._failed = self._powerless = False

    @property
    def file(self) -> Path:
        """The database."""
        return self.settings.data_dir / "hub.sqlite3"

    @property
    def up(self) -> bool:
        """It takes messages in."""
        return self._ingest is not None

    def start(self, after_s: float = 0.0, i_know: bool = False) -> None:
        """Starts in so long."""
        self.timeline.after(after_s, lambda: self._start(i_know))

    def _start(self, i_know: bool) -> None:
        if self.up:
            return
        self.disk.restart(self._powerless)
        self._failed = self._powerless = False
        with self._guarded():
            database = self.database = open_database(self.settings)
            promises = Promises(self.settings.promise_file)
            self._ledger = prepare(self.settings, database, self.clock, promises, i_know)
            self._ingest = Ingest(self.settings, database, self.clock, Notices(), promises, self._publish)
            self._second = None
            self.timeline.note("hub", "starts")
            self._connect()

    def fail(self, power: bool) -> None:
        """The machine loses its power, or only the process dies."""
        self.disk.stop()
        self._failed, self._powerless = True, self._powerless or power
        self._collapse()

    def workers(self, number: int) -> None:
        """One worker on the ledger, or two that both take everything."""
        database = self.database
        if database is not None and self.up:
            promises = Promises(self.settings.promise_file)
            second = Ingest(self.settings, database, self.clock, Notices(), promises, self._publish)
            self._second = second if number == 2 else None

    def end(self) -> None:
        """The story is over."""
        self.disk.stop()
        if self.database is not None:
            self.database.close()
            self.database = None

    def _struck(self) -> None:
        self._failed = self._powerless = True

    def _collapse(self) -> None:
        if self._busy:
            return
        self._ingest = None
        if self.database is not None:
            self.database.close()
            self.database = None
        if self._session is not None:
            self._session = None
            self._broker.drop("hub", tell=False)
        self._waiting.clear()
        self.counts["cuts" if self._powerless else "kills"] += 1
        self.timeline.note("hub", "loses power" if self._powerless else "dies")
        self.start(self._chance.uniform(5, 600))

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """Whatever is done ends where the machine does."""
        self._busy = True
        try:
            yield
        except Killed:
            self._failed = True
            self.disk.stop()
        except Exception:  # any error is the dead machine's, if it is dead; else it is a bug and goes on
            if not self._failed:
                raise
        finally:
            self._busy = False
        if self._failed:
            self._collapse()

    # --- messages ---

    def _connect(self) -> None:
        if not self.up or self._session is not None:
            return
        self._session = self._broker.connect("hub", (up_all(),), self._deliver, self._ended)
        if self._session is None:
            self.timeline.after(self._chance.uniform(1, 20), self._connect)
            return
        hello = HubHello(ledger=LedgerId(self._ledger), at=self.clock.utc(), spread_s=300).wire()
        self._broker.publish(self._session, HUB_HELLO, hello)

    def _ended(self) -> None:
        self._session = None
        self.timeline.after(self._chance.uniform(1, 5), self._connect)

    def _deliver(self, topic: str, payload: bytes) -> None:
        if self.up and len(self._waiting) < QUEUE:
            self._waiting.append(Message(topic, payload, self.clock.utc().astimezone(UTC)))
            self._plan()

    def _plan(self) -> None:
        if not self._planned:
            self._planned = True
            self.timeline.after(self._chance.uniform(*GROUP_S), self._take)

    def _take(self) -> None:
        self._planned = False
        ingest = self._ingest
        if ingest is None or not self._waiting:
            return
        group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
        with self._guarded():
            ingest.take_group(group)
            if self._second is not None:
                self._second.take_group(group)
            self.counts["commits"] += 1
        if self._waiting and self.up:
            self._plan()

    def _publish(self, topic: str, payload: bytes) -> None:
        if self.kill_after_commit:
            self.kill_after_commit = False
            raise Killed
        if self._failed:
            raise Killed
        self._sent(topic, payload)
        if self._session is not None:
            self._broker.publish(self._session, topic, payload)

    # --- backups ---

    def back_up(self) -> None:
        """Makes a copy, restores it somewhere, checks it, and counts it."""
        database = self.database
        if database is None:
            return
        now = self.clock.utc()
        with self._guarded():
            made = backups.make(database, self._backups, now)
            verified = backups.verify(made.file, self._backups / "check", self.settings.zone, now)
            with database.write() as session:
                backups.record(session, verified)
            self.copies = [*self.copies, Copy(made.file, self.timeline.now)][-3:]
            self.counts["backups"] += 1
            self.timeline.note("hub", f"backup {len(self.copies)} counts")

    def restore(self) -> bool:
        """Puts back a copy, as after a lost disk; any that holds all that sites were promised."""
        promises = Promises(self.settings.promise_file)
        kept = [copy for copy in self.copies if self._keeps(promises, copy)]
        if not kept:
            return False
        copy = self._chance.choice(kept)
        if self.up:
            self.fail(power=False)
        self.disk.restart(power_failed=True)
        for end in ("", "-wal", "-shm"):
            self.file.with_name(self.file.name + end).unlink(missing_ok=True)
        shutil.copy(copy.file, self.file)
        database = Database(self.settings.url)
        with database.write() as session:
            ledger.renew_ledger_id(session)
        database.close()
        self.copies = [c for c in self.copies if c.at <= copy.at]
        self.counts["restores"] += 1
        self.timeline.note("hub", f"is restored from {self.timeline.now - copy.at:.0f} s ago")
        return True

    @staticmethod
    def _keeps(promises: Promises, copy: Copy) -> bool:
        database = Database(f"sqlite:///{copy.file}")
        try:
            with database.read() as session:
                return not promises.broken(session)
        finally:
            database.close()
