"""What goes over the connection: says what is due, takes what has come, and hands each message to whom it concerns."""

import logging
import math
from collections import Counter
from collections.abc import Callable
from typing import Literal, Protocol

from edge.clock import Stamp
from edge.directory import Asker
from edge.outbox import Outbox
from protocol.directory import Page
from protocol.hello import HubHello
from protocol.names import Malformed, read_message
from protocol.receipt import Receipt
from protocol.status import Alarm, Status
from protocol.topics import Down, Up

log = logging.getLogger(__name__)

FLAPS = 3
"""Changes of the hub's ledger within one boot that no restore explains."""
CHANGE_S = 2.0
"""A changed status is sent at most this often."""
_PASSING = {"at", "up_ms", "queue", "last", "directory_age_s", "free_mb"}
"""Fields of a status that always change and are worth no message of their own."""
Kind = Down | Literal["hub-hello"]


class Transport(Protocol):
    """A connection to the broker that may come and go."""

    @property
    def connected(self) -> int | None:
        """The number of the connection, counted within this boot; None while there is none."""
        ...

    def publish(self, what: Up, payload: bytes) -> bool:
        """Hands a message over if there is a connection; True proves nothing about its arrival. Never blocks."""
        ...

    def take(self) -> list[tuple[Kind, bytes]]:
        """Everything that has come since the last call, in order."""
        ...


class Link:
    """Joins a transport to the outbox, the directory and the site's heartbeat; one thread."""

    def __init__(
        self,
        transport: Transport,
        outbox: Outbox,
        asker: Asker,
        *,
        stamp: Callable[[], Stamp],
        heartbeat_s: float,
        look_s: float = CHANGE_S,
    ) -> None:
        """`stamp` is the clock's; every `look_s` the status is looked at for a change worth telling at once."""
        self._transport = transport
        self._outbox = outbox
        self._asker = asker
        self._stamp = stamp
        self._heartbeat_s = heartbeat_s
        self._look_s = look_s
        self._connection: int | None = None
        self._looked_at = -math.inf
        self._beat_at = -math.inf
        self._told: dict[str, object] | None = None
        self.counts: Counter[str] = Counter()
        """Messages: `malformed`, `commands` (ignored), `unsent`, and one count for each kind taken."""

    @property
    def connection(self) -> int | None:
        """The number of the connection in use; None while there is none."""
        return self._connection

    def alarms(self, now: float) -> tuple[Alarm, ...]:
        """What is wrong with the exchange, though the connection stands."""
        unheard = (Alarm.UNHEARD,) if self._outbox.unheard(now) else ()
        flapping = (Alarm.LEDGERS,) if self._outbox.ledger_changes >= FLAPS else ()
        return (*unheard, *flapping)

    def pump(self, now: float, status: Callable[[], Status]) -> None:
        """Everything there is to do now; never blocks, never raises for what came over the wire."""
        self._follow(now)
        for kind, payload in self._transport.take():
            self.counts[kind] += 1
            try:
                self._receive(now, kind, payload)
            except Malformed as error:
                self.counts["malformed"] += 1
                log.warning("a message was left alone: %s", error)
        if self._connection is None:
            return
        for what, payload in (*self._outbox.due(now), *self._asker.due(now)):
            self._send(what, payload)
        self._heartbeat(now, status)

    def next_due(self) -> float:
        """When `pump` has something to say next, monotonic seconds; infinity for never."""
        if self._connection is None:
            return math.inf
        return min(self._outbox.next_due(), self._asker.next_due(), self._looked_at + self._look_s)

    def _follow(self, now: float) -> None:
        """Tells everyone when the connection is another one."""
        connection = self._transport.connected
        if connection == self._connection:
            return
        self._connection = connection
        self._outbox.disconnected()
        self._asker.disconnected()
        if connection is not None:
            self._told = None
            self._looked_at = -math.inf
            self._outbox.connected(now, connection)
            self._asker.connected(now)

    def _receive(self, now: float, kind: Kind, payload: bytes) -> None:
        match kind:
            case Down.RECEIPT:
                self._outbox.received(now, read_message(Receipt, payload))
            case Down.DIRECTORY:
                self._asker.received(now, read_message(Page, payload), self._stamp())
            case "hub-hello":
                self._outbox.hub_hello(now, read_message(HubHello, payload))
            case Down.COMMAND:
                # Nothing here can check a signature yet, and an unchecked command is never obeyed.
                self.counts["commands"] += 1

    def _heartbeat(self, now: float, status: Callable[[], Status]) -> None:
        """A status every interval, and soon after something in it changed."""
        if now < self._looked_at + self._look_s:
            return
        self._looked_at = now
        current = status()
        worth = current.model_dump(exclude=_PASSING)
        if worth != self._told or now >= self._beat_at:
            self._told = worth
            self._beat_at = now + self._heartbeat_s
            self._send(Up.STATUS, current.wire())

    def _send(self, what: Up, payload: bytes) -> None:
        if not self._transport.publish(what, payload):
            self.counts["unsent"] += 1  # timers repeat what matters
