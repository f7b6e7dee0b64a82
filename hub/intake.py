"""The part of a hub that takes messages in, for some of the shards; what `serve` and `ingest` have in common."""

import logging
import random
import threading
from collections.abc import Callable

from hub import claim
from hub.bell import Bell
from hub.clock import Clock
from hub.database import Database
from hub.ingest import Ingest
from hub.link import Link
from hub.notices import Notices
from hub.promises import Promises
from hub.settings import Settings
from hub.shards import Shards
from protocol.hello import HubHello
from protocol.names import LedgerId

log = logging.getLogger(__name__)

WATCH_S = 5.0
"""Between looks whether the claim still holds."""


class Intake:
    """`claim`, then `start`, then `stop`. Without shards it does nothing and everything is well with it."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        notices: Notices,
        promises: Promises,
        ledger_id: str,
        shards: Shards,
    ) -> None:
        """Opens nothing yet."""
        self.shards = shards
        self.bell = Bell(database, notices)
        self._claim = claim.Claim(database, shards)
        self._database = database
        self._stopping = threading.Event()
        self._watch: threading.Thread | None = None
        self.lost: Callable[[], None] = lambda: None
        """Called, from another thread, when another process has taken the shards over and nothing is taken in here."""

        def hello() -> bytes:
            spread = settings.ingest.hello_spread_s
            return HubHello(ledger=LedgerId(ledger_id), at=clock.utc(), spread_s=spread).wire()

        def publish(topic: str, payload: bytes) -> None:
            self._link.publish(topic, payload)

        ring = None if shards.everything else self.bell.ring
        self.ingest = Ingest(settings, database, clock, notices, promises, publish, ring)
        name = settings.broker.client_id if shards.everything else f"{settings.broker.client_id}-{shards}"
        broker = settings.broker.model_copy(update={"client_id": name})
        self._link = Link(broker, self.ingest.offer, hello, random.Random(), shards.topics())

    @property
    def up(self) -> bool:
        """The link to the broker stands right now, or none is wanted."""
        return not self.shards or self._link.up

    def claim(self) -> None:
        """Makes sure that no other process takes these shards in; raises ShardsTaken."""
        if not self.shards:
            return
        self._claim.take(claim.PATIENCE_S)
        log.info("taking in shards %s", self.shards)
        if self._database.is_sqlite and not self.shards.everything:
            log.info("SQLite lets one process write at a time: more workers take in no more; PostgreSQL's do")

    def start(self) -> None:
        """Begins to take messages in."""
        if not self.shards:
            return
        self.ingest.start()
        self._link.start()
        self._watch = threading.Thread(target=self._look_after, name="claim", daemon=True)
        self._watch.start()

    def stop(self) -> None:
        """Ends in order, and lets others have the shards."""
        self._stopping.set()
        self._link.stop()
        self.ingest.stop()
        if self._watch is not None:
            self._watch.join(WATCH_S)
        self._claim.release()

    def _look_after(self) -> None:
        while not self._stopping.wait(WATCH_S):
            if self._claim.held():
                continue
            log.error("another process takes in shards %s now; this one no longer does", self.shards)
            self._link.stop()
            self.lost()
            return
