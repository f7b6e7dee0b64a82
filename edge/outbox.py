"""The site's side of delivery: when to say hello, which events to send again, what a receipt changes (rules E2-E4).

No I/O, no clock, no chance of its own: time is an argument, dice and nonces are handed in, messages are returned.
The outbox holds no events. It is a cursor over the journal that goes back when the hub doesn't follow.
"""

import logging
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edge.clock import Stamp
from edge.errors import StorageFailed
from edge.journal import Journal
from edge.settings import Delivery
from protocol.envelope import MAX_EVENTS, Batch, BatchHead, cut
from protocol.events import EpochReason
from protocol.hello import Hello, HubHello, Versions
from protocol.names import BootId, DigestHex, LedgerId
from protocol.receipt import Receipt
from protocol.topics import Up

log = logging.getLogger(__name__)

EPOCH_S = 600.0
"""At most one new epoch in this time, so that a hub's mistake can't make a site churn."""
UNHEARD_S = 120.0
"""Connected, and no answer for this long: "the hub does not hear me"."""
JITTER = 0.25
Message = tuple[Up, bytes]


class Dice(Protocol):
    """What is used of random.Random."""

    def uniform(self, low: float, high: float, /) -> float:
        """A number between `low` and `high`."""
        ...


@dataclass(frozen=True, slots=True)
class Vitals:
    """What a hello says of the site's health."""

    stamp: Stamp
    free_mb: int
    ok: bool


@dataclass(frozen=True, slots=True)
class _Sent:
    """A batch on its way."""

    req: int
    end: int


class Outbox:
    """One boot's exchange with the hub."""

    def __init__(
        self,
        journal: Journal,
        *,
        boot: BootId,
        timing: Delivery,
        versions: Versions,
        vitals: Callable[[], Vitals],
        next_req: Callable[[], int],
        dice: Dice,
        nonce: Callable[[int], bytes],
    ) -> None:
        """`next_req` counts every upward message of this boot; `nonce(n)` gives n bytes nobody can guess."""
        self._journal = journal
        self._boot = boot
        self._timing = timing
        self._versions = versions
        self._vitals = vitals
        self._next_req = next_req
        self._dice = dice
        self._random = nonce
        self.connection: int | None = None
        self.nonce = ""
        """What commands of this connection must name; "" while there is none."""
        self.ledger: LedgerId | None = None
        """The hub's ledger as last named."""
        self.ledger_changes = 0
        """Receipts that named another ledger than the one before: rare, unless two hubs are live."""
        self.storage_failures = 0
        """Times the journal couldn't be read or begun anew; tried again each time."""
        self._newest_req = 0
        self._issued = 0
        self._answered = False
        self._silent_since = math.inf
        self._hello_at = math.inf
        self._asked_at = math.inf
        self._hello_pause = timing.retry_s
        self._hello_req: int | None = None
        """The first of the hellos that wait for an answer; None when none does."""
        self._sent: deque[_Sent] = deque()
        self._next = journal.stored + 1
        self._retry_at = math.inf
        self._retry_pause = timing.retry_s
        self._went_back = False
        self._epoch_at = -math.inf
        self._hold_until = -math.inf

    def connected(self, now: float, connection: int) -> None:
        """A new connection, numbered within this boot; nothing sent on an earlier one is waited for."""
        self.connection = connection
        self.nonce = self._random(16).hex()
        self._silent_since = now
        self._retry_pause = self._timing.retry_s
        self._hello_now(now)
        self._go_back()

    def disconnected(self) -> None:
        """The connection is gone; nothing is due until the next."""
        self.connection = None
        self.nonce = ""

    def hub_hello(self, now: float, hello: HubHello) -> None:
        """The hub has started: it gets a hello after a random while, so that not all sites speak at once."""
        spread = min(float(hello.spread_s), self._timing.hub_hello_spread_s)
        self._asked_at = min(self._asked_at, now + self._dice.uniform(0.0, spread))

    def received(self, now: float, receipt: Receipt) -> None:
        """What a receipt changes; nothing, unless it answers this epoch and boot and is news (rule E3)."""
        if (receipt.epoch, receipt.boot) != (self._journal.epoch, self._boot):
            return
        if not self._newest_req < receipt.req <= self._issued:
            return
        self._newest_req = receipt.req
        self._heard(now, receipt)
        try:
            reason = self._contradiction(receipt)
            if reason is not None:
                self._begin_epoch(now, reason)
                return
        except StorageFailed as error:
            self._storage_failed(now, error)
            return
        self._hold_until = -math.inf
        before = self._journal.stored
        self._journal.settle(receipt.stored, min(receipt.archived, receipt.stored))
        self._follow(now, receipt, before)

    def unheard(self, now: float) -> bool:
        """The hub hasn't answered for UNHEARD_S though there is a connection."""
        return self.connection is not None and now - self._silent_since >= UNHEARD_S

    @property
    def queue(self) -> int:
        """Events the hub hasn't confirmed."""
        return self._journal.last - self._journal.stored

    @property
    def unanswered(self) -> int:
        """Batches on their way."""
        return len(self._sent)

    def due(self, now: float) -> list[Message]:
        """What is to be sent now. A hello first; events once this connection's hello was answered."""
        if self.connection is None:
            return []
        messages: list[Message] = []
        if now >= self._retry_at:
            self._retry_pause = min(self._retry_pause * 2, self._timing.retry_max_s)
            self._silent_since = min(self._silent_since, now)
            self._go_back()
        try:
            if now >= min(self._hello_at, self._asked_at):
                messages.append((Up.HELLO, self._hello(now)))
            while self._may_send(now):
                messages.append((Up.EVENTS, self._batch(now)))
        except StorageFailed as error:
            self._storage_failed(now, error)
        return messages

    def next_due(self) -> float:
        """When `due` has something next, as far as is known now; infinity for never."""
        if self.connection is None:
            return math.inf
        timers = min(self._hello_at, self._asked_at, self._retry_at)
        return min(timers, self._hold_until) if self._wants_to_send() else timers

    def _hello(self, now: float) -> bytes:
        journal, vitals = self._journal, self._vitals()
        believed = max(journal.stored, journal.base - 1)  # below that the site has no digest to show
        digest = journal.digest_at(believed)
        if digest is None:
            raise StorageFailed(f"the journal doesn't hold place {believed} it should hold")
        req = self._issued = self._next_req()
        if self._hello_req is None:
            self._hello_req = req
            self._hello_pause = self._timing.retry_s
            self._silent_since = min(self._silent_since, now)
        self._asked_at = math.inf
        self._hello_at = now + self._about(self._hello_pause)
        self._hello_pause = min(self._hello_pause * 2, self._timing.retry_max_s)
        return Hello(
            epoch=journal.epoch,
            boot=self._boot,
            connection=self.connection or 0,
            req=req,
            base=journal.base,
            last=journal.last,
            stored=believed,
            digest=DigestHex(digest.hex()),
            nonce=self.nonce,
            versions=self._versions,
            at=vitals.stamp.at,
            up_ms=vitals.stamp.up_ms,
            clock=vitals.stamp.clock,
            free_mb=vitals.free_mb,
            ok=vitals.ok,
        ).wire()

    def _may_send(self, now: float) -> bool:
        return now >= self._hold_until and self._wants_to_send()

    def _wants_to_send(self) -> bool:
        return self._answered and len(self._sent) < self._timing.window and self._next <= self._journal.last

    def _batch(self, now: float) -> bytes:
        journal, first = self._journal, self._next
        rows = journal.after(first - 1, MAX_EVENTS)
        digest = journal.digest_at(first - 1)
        if not rows or rows[0].seq != first or digest is None:
            raise StorageFailed(f"the journal doesn't hold place {first} it should hold")
        rows = rows[: cut([row.body for row in rows])]
        req = self._issued = self._next_req()
        head = BatchHead(
            epoch=journal.epoch,
            boot=self._boot,
            req=req,
            base=journal.base,
            last=journal.last,
            first=first,
            digest=DigestHex(digest.hex()),
            asides={row.id: row.aside for row in rows if row.aside is not None},
        )
        batch = Batch(head, tuple(row.body for row in rows))
        self._sent.append(_Sent(req, batch.end))
        self._next = batch.end + 1
        if self._retry_at == math.inf:
            self._retry_at = now + self._about(self._retry_pause)
        return batch.wire()

    def _heard(self, now: float, receipt: Receipt) -> None:
        """The hub answers: a receipt for anything sent since the hello answers the hello too."""
        self._silent_since = math.inf
        if self.connection is not None and self._hello_req is not None and receipt.req >= self._hello_req:
            self._hello_req = None
            self._hello_at = now + self._about(self._timing.hello_s)
            self._answered = True
        if self.ledger is not None and receipt.ledger != self.ledger:
            self.ledger_changes += 1
            log.warning("the hub's ledger is another one now: %s", receipt.ledger)
        self.ledger = receipt.ledger

    def _contradiction(self, receipt: Receipt) -> EpochReason | None:
        if receipt.stored > self._journal.last:
            return EpochReason.REWOUND
        mine = self._journal.digest_at(receipt.stored)
        return EpochReason.DIVERGED if mine is not None and mine.hex() != receipt.digest else None

    def _begin_epoch(self, now: float, reason: EpochReason) -> None:
        """Rule E4. Too soon after the last: nothing is sent until the time is up, and a hello asks again then."""
        if now < self._epoch_at + EPOCH_S:
            self._hold_until = self._hello_at = self._epoch_at + EPOCH_S
            return
        log.warning("the hub's record contradicts the journal (%s): a new epoch begins", reason)
        self._journal.new_epoch(reason, self._vitals().stamp)
        self._epoch_at = now
        self._hold_until = -math.inf
        self._retry_pause = self._timing.retry_s
        self._hello_now(now)
        self._go_back()

    def _hello_now(self, now: float) -> None:
        """A hello at once; events wait for its answer."""
        self._answered = False
        self._hello_req = None
        self._hello_at = now

    def _follow(self, now: float, receipt: Receipt, before: int) -> None:
        """Moves the window after the cursor, and goes back at once where the hub doesn't follow, once per progress."""
        stored = self._journal.stored
        refused = any(sent.req <= receipt.req and sent.end > stored for sent in self._sent)
        while self._sent and self._sent[0].req <= receipt.req:
            self._sent.popleft()
        if stored > before:
            self._retry_pause = self._timing.retry_s
            self._went_back = False
            self._retry_at = now + self._about(self._retry_pause)
        if stored < before or (refused and not self._went_back):
            self._went_back = True
            self._next = self._first_unstored()
        self._next = max(self._next, self._first_unstored())
        if not self._sent and stored == self._journal.last:
            self._retry_at = math.inf

    def _first_unstored(self) -> int:
        """Below `base` nothing is held: the hub will write the gap down (rule H2)."""
        return max(self._journal.stored + 1, self._journal.base)

    def _go_back(self) -> None:
        self._sent.clear()
        self._retry_at = math.inf
        self._went_back = False
        self._next = self._first_unstored()

    def _storage_failed(self, now: float, error: StorageFailed) -> None:
        self.storage_failures += 1
        self._hold_until = later = now + self._timing.retry_s
        self._hello_at = max(self._hello_at, later)
        self._asked_at = max(self._asked_at, later)
        log.error("%s", error)

    def _about(self, seconds: float) -> float:
        return seconds * self._dice.uniform(1 - JITTER, 1 + JITTER)
