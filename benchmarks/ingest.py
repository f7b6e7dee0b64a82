"""What taking events in costs beside inserting the same bytes into a plain table, both one synced commit a batch."""

import hashlib
import itertools
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.stopwatch import Contest, Turn
from hub.clock import Clock
from hub.database import Database
from hub.ingest import Ingest, Message
from hub.migrations import migrate
from hub.notices import Notices
from hub.promises import Promises
from hub.settings import Broker, Settings
from protocol.envelope import ZERO, Batch, BatchHead, Envelope, chain_all
from protocol.events import Borrowed, Evidence, Fact, Returned, VisitEnded, VisitKind, VisitOpened, VisitOutcome
from protocol.names import (
    BootId,
    ClockTrust,
    DigestHex,
    EpochId,
    EventId,
    ItemId,
    ShelfName,
    SiteId,
    StationName,
    TagUid,
    VisitId,
)
from protocol.topics import Up, up

SITE = SiteId("benchmark")
CABINET = StationName("cabinet-1")
BATCHES = 20
VISITS = 16
"""In a batch, of three events each."""
ITEMS = 2000


class Patron:
    """Endless visits at one site: each borrows an item or brings it back, over all items in turn."""

    def __init__(self) -> None:
        self._epoch = EpochId(secrets.token_hex(16))
        self._boot = BootId(secrets.token_hex(16))
        self._begin = datetime.now(UTC)
        self._digest = ZERO
        self._last = 0
        self._visits = itertools.count()

    def batch(self) -> Batch:
        """The next batch, continuing the one before."""
        facts = [fact for _ in range(VISITS) for fact in self._visit()]
        bodies = tuple(self._written(self._last + 1 + place, fact) for place, fact in enumerate(facts))
        head = BatchHead(
            epoch=self._epoch,
            boot=self._boot,
            req=self._last,
            base=1,
            first=self._last + 1,
            last=self._last + len(bodies),
            digest=DigestHex(self._digest.hex()),
        )
        self._digest = chain_all(self._digest, bodies)
        self._last += len(bodies)
        return Batch(head, bodies)

    def _visit(self) -> tuple[Fact, Fact, Fact]:
        number = next(self._visits)
        visit = VisitId(hashlib.sha256(str(number).encode()).hexdigest()[:32])
        item = {
            "station": CABINET,
            "visit": visit,
            "shelf": ShelfName("A"),
            "tag": TagUid(f"E004{number % ITEMS:012X}"),
            "item": ItemId(f"ITEM{number % ITEMS:06}"),
            "evidence": Evidence(seen_before=4, rounds_before=4, seen_after=0, rounds_after=8),
        }
        taken = number // ITEMS % 2 == 0
        return (
            VisitOpened(station=CABINET, visit=visit, kind=VisitKind.BORROW),
            Borrowed(**item, loan_days=30) if taken else Returned(**item),
            VisitEnded(station=CABINET, visit=visit, outcome=VisitOutcome.SETTLED, items=40),
        )

    def _written(self, seq: int, fact: Fact) -> bytes:
        event = Envelope(
            id=EventId(secrets.token_hex(16)),
            epoch=self._epoch,
            seq=seq,
            boot=self._boot,
            up_ms=seq * 1000,
            at=self._begin + timedelta(seconds=seq),
            clock=ClockTrust.SYNCED,
            fact=fact,
        )
        return event.wire()


@contextmanager
def contest(folder: Path) -> Iterator[Contest]:
    """Batches of whole visits: ingest keeps ledger, holdings and loans, the plain table only keys and bytes."""
    ingest, patron, plain_patron = _ingest(folder), Patron(), Patron()
    with closing(sqlite3.connect(folder / "plain.db", isolation_level=None)) as plain:
        plain.execute("PRAGMA journal_mode=WAL")
        plain.execute("PRAGMA synchronous=FULL")
        plain.execute("CREATE TABLE event (site TEXT, epoch TEXT, seq INTEGER, body BLOB, UNIQUE (site, epoch, seq))")

        def ours() -> Turn:
            now = datetime.now(UTC)
            batches = [patron.batch() for _ in range(BATCHES)]
            messages = [Message(up(SITE, Up.EVENTS), batch.wire(), now) for batch in batches]

            def turn() -> int:
                for message in messages:
                    ingest.take_group([message])
                return sum(len(batch.bodies) for batch in batches)

            return turn

        def reference() -> Turn:
            batches = [plain_patron.batch() for _ in range(BATCHES)]

            def turn() -> int:
                for batch in batches:
                    head = batch.head
                    rows = [(SITE, head.epoch, head.first + place, body) for place, body in enumerate(batch.bodies)]
                    plain.execute("BEGIN IMMEDIATE")
                    plain.executemany("INSERT INTO event VALUES (?, ?, ?, ?)", rows)
                    plain.execute("COMMIT")
                return sum(len(batch.bodies) for batch in batches)

            return turn

        yield Contest("events", "ingest, one batch a commit", ours, "insert into a plain table, likewise", reference)
    if sum(ingest.counts[wrong] for wrong in ("dropped", "forged", "malformed", "failed")):
        raise RuntimeError(f"ingest didn't take everything: {dict(ingest.counts)}")


def _ingest(folder: Path) -> Ingest:
    """Built as the hub builds it, with nobody listening to its answers."""
    key = folder / "master.key"
    key.write_text(secrets.token_hex(32), encoding="ascii")
    settings = Settings(
        data_dir=folder,
        fleet_salt=secrets.token_hex(8),
        master_key_file=key,
        owners=("CN-110105001",),
        broker=Broker(tls=False),
    )
    database = Database(settings.url)
    migrate(database.engine)
    promises = Promises(settings.promise_file)
    return Ingest(settings, database, Clock(), Notices(), promises, lambda _topic, _payload: None)
