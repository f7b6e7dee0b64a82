"""What sites say becomes ledger, projections and answers: rules H1-H10 of delivery.md.

Messages wait in a bounded queue. One thread takes them in groups: every message of a group is applied, what they
touched is folded again, all of it commits at once, and only then are receipts published. A crash in between costs a
repeat, which is recognised.
"""

import hashlib
import itertools
import logging
import queue
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from hub import ledger, refold, turns
from hub.cards import Cards
from hub.clock import Clock
from hub.database import Database
from hub.directory import feed
from hub.ledger import IncidentKind, Touched
from hub.models import Cursor, Meta, SiteState
from hub.notices import Notice, Notices
from hub.projections.order import bounded
from hub.promises import Promises
from hub.settings import Settings
from protocol.directory import Ask
from protocol.envelope import Batch, chain_all, read_batch
from protocol.hello import Gone, Hello
from protocol.names import BootId, DigestHex, EpochId, LedgerId, Malformed, SiteId, read_message
from protocol.receipt import Receipt
from protocol.status import Status
from protocol.topics import Down, Up, UpTopic, down, read_up

log = logging.getLogger(__name__)

PAUSE_S = 1.0
"""Between attempts while the database can't be reached."""
ATTEMPTS = 5
"""At one group while other processes write the same rows; and at one that only a database at fault refuses."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it came from the broker."""

    topic: str
    payload: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes out once everything is committed."""

    site: str
    what: Down
    payload: bytes


@dataclass(slots=True)
class Group:
    """What one transaction gathered."""

    touched: Touched = field(default_factory=Touched)
    answers: list[Answer] = field(default_factory=list)
    told: dict[tuple[str, str], int] = field(default_factory=dict)
    """(site, epoch) -> `archived` in the receipts."""
    asks: list[tuple[SiteId, Ask]] = field(default_factory=list)
    heard: set[str] = field(default_factory=set)

    def notices(self) -> list[Notice]:
        """What open pages are told."""
        moved = tuple(sorted(self.touched.items))
        return [Notice(site, moved) for site in sorted(self.heard)]


# --------------------------------------------------------------------------------------- rules, within one transaction


def take(session: Session, site: str, batch: Batch, now: datetime, touched: Touched) -> Receipt:
    """Takes a batch in (rules H1-H6); the receipt may be sent once the session is committed."""
    head = batch.head
    at = ledger.cursor(session, site, head.epoch, now)
    _claim(at, head.boot, head.base, head.last)
    if head.base > at.stored + 1 and head.first == head.base:
        ledger.gap(session, at, head.base - 1, bytes.fromhex(head.digest), now)
    missing = at.stored + 1 - head.first
    if 0 <= missing < len(batch.bodies):
        before = chain_all(bytes.fromhex(head.digest), batch.bodies[:missing])
        if before == at.digest:
            ledger.append(session, at, batch.bodies[missing:], head.asides, now, touched)
        else:
            sha256 = hashlib.sha256(b"\n".join(batch.bodies)).hexdigest()
            ledger.quarantine(session, at, batch, sha256, now)
    return receipt(session, at, head.boot, head.req, now)


def greet(session: Session, site: str, hello: Hello, now: datetime) -> Receipt:
    """Takes a hello in; the receipt tells the site where the ledger stands."""
    at = ledger.cursor(session, site, hello.epoch, now)
    _claim(at, hello.boot, hello.base, hello.last)
    if hello.base > at.stored + 1 and hello.stored == hello.base - 1:
        ledger.gap(session, at, hello.stored, bytes.fromhex(hello.digest), now)
    if hello.stored > at.stored:
        told = (
            f"the site was told that {hello.stored} events are stored, the ledger holds {at.stored}: was it restored?"
        )
        ledger.incident(session, site, IncidentKind.LEDGER_BEHIND, hello.epoch, told, now)
    return receipt(session, at, hello.boot, hello.req, now)


def receipt(session: Session, at: Cursor, boot: BootId, req: int, now: datetime) -> Receipt:
    """Where the ledger stands, as an answer to request `req` of `boot`."""
    at.archived = ledger.archived(session, at)
    return Receipt(
        epoch=EpochId(at.epoch),
        boot=boot,
        req=req,
        stored=at.stored,
        digest=DigestHex(at.digest.hex()),
        archived=at.archived,
        ledger=LedgerId(ledger.ledger_id(session)),
        hub_time=now,
    )


def _claim(at: Cursor, boot: str, base: int, last: int) -> None:
    at.boot = boot
    at.base = base
    at.claimed_last = max(at.claimed_last, last)


# ------------------------------------------------------------------------------------------------------------ presence


def heard(session: Session, site: str, now: datetime) -> SiteState:
    """The site spoke just now."""
    state = session.get(SiteState, site)
    if state is None:
        state = SiteState(site=site)
        session.add(state)
    state.heard_at = now
    return state


def hear_hello(state: SiteState, hello: Hello) -> None:
    """A new boot, or a newer connection of the one known, is there."""
    if hello.boot != state.boot or hello.connection > state.connection:
        state.gone = False
        state.connection = hello.connection
    state.boot = hello.boot
    state.epoch = hello.epoch
    state.hello = hello.model_dump(mode="json")


def hear_status(state: SiteState, status: Status, now: datetime) -> None:
    """Keeps the newest heartbeat; one of a newer connection proves that connection."""
    if state.boot is None:
        state.boot = status.boot
    if status.boot == state.boot and status.connection > state.connection:
        state.gone = False
        state.connection = status.connection
    state.every_s = min(max(status.every_s, 1), 3600)
    state.status = status.model_dump(mode="json")
    state.status_at = now


def hear_gone(state: SiteState, gone: Gone) -> None:
    """A will counts only for the newest boot and connection known (rule H10)."""
    if gone.boot == state.boot and gone.connection >= state.connection:
        state.gone = True


# -------------------------------------------------------------------------------------------------------------- thread


class Ingest:
    """`offer` from the broker's thread; `take_group` is one round of the ingest thread, which `start` runs."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        notices: Notices,
        promises: Promises,
        publish: Callable[[str, bytes], None],
        ring: Callable[[Session, Sequence[Notice]], None] | None = None,
    ) -> None:
        """`publish(topic, payload)` sends an answer, or loses it: the site will ask again.

        `ring` tells other processes of what is about to be committed.
        """
        self._settings = settings
        self._database = database
        self._clock = clock
        self._notices = notices
        self._publish = publish
        self._ring = ring
        self._cards = Cards(settings.master_key(), settings.phone_codes)
        self._promises = promises
        self._queue: queue.Queue[Message] = queue.Queue(settings.ingest.queue_messages)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.counts: Counter[str] = Counter()
        """dropped (queue full), forged, malformed, failed, taken, commits, again (attempts after the first)."""

    @property
    def waiting(self) -> int:
        """Messages in the queue."""
        return self._queue.qsize()

    def offer(self, topic: str, payload: bytes) -> None:
        """Queues a message; drops and counts it when the queue is full. Never waits and never raises."""
        try:
            self._queue.put_nowait(Message(topic, payload, bounded(self._clock.utc())))
        except queue.Full:
            self.counts["dropped"] += 1

    def start(self) -> None:
        """Begins to take messages in, on a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 10) -> None:
        """Ends the thread after the group it works on; what waits in the queue is sent again by the sites."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            group = self._gather()
            if not group:
                continue
            self._insist(group)

    def _insist(self, group: Sequence[Message]) -> None:
        """Takes the group in, however long the database is away; drops only what it refuses while it takes all else."""
        for failed in itertools.count(1):
            if self._stopping.is_set():
                return
            try:
                self.take_group(group)
                return
            except Exception as wrong:  # nothing a site sends, nor a database that is away, may end this thread
                if not turns.is_away(wrong) or (failed >= ATTEMPTS and self._takes_writes()):
                    log.exception("a group of %d messages was refused", len(group))
                    break
                log.warning("the database took nothing (attempt %d): %s", failed, wrong)
            self.counts["again"] += 1
            self._stopping.wait(PAUSE_S)
        if len(group) == 1:
            self.counts["failed"] += 1
            return
        for message in group:
            self._insist([message])

    def _takes_writes(self) -> bool:
        """Whether the database takes anything at all; raises nothing that only says it doesn't."""
        try:
            with self._database.write() as session:
                session.execute(update(Meta).values(value=Meta.value))
        except DBAPIError:
            return False
        return True

    def _gather(self) -> list[Message]:
        """The next group: until the queue is empty, the group full or its time over; empty when nothing came."""
        limits = self._settings.ingest
        try:
            group = [self._queue.get(timeout=0.5)]
        except queue.Empty:
            return []
        ends = self._clock.monotonic() + limits.group_ms / 1000
        while len(group) < limits.group_batches and self._clock.monotonic() < ends:
            try:
                group.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return group

    def take_group(self, messages: Sequence[Message]) -> None:
        """Takes messages in as one commit, then answers; what breaks a whole group is tried message by message.

        Raises what `hub.turns.is_away` knows, and then nothing of it happened.
        """
        try:
            gathered = self._race(messages)
        except Exception as wrong:  # a bug or bytes nobody thought of: find whose they are, the others must go on
            if turns.is_away(wrong):
                raise
            if len(messages) == 1:
                self._give_up(messages[0])
                return
            log.exception("a group of %d messages failed; trying them one by one", len(messages))
            for message in messages:
                self.take_group([message])
            return
        self.counts["commits"] += 1
        self.counts["taken"] += len(messages)
        self._promises.keep(gathered.told)
        for answer in gathered.answers:
            self._publish(down(SiteId(answer.site), answer.what), answer.payload)
        for notice in gathered.notices():
            self._notices.publish(notice)

    def _race(self, messages: Sequence[Message]) -> Group:
        """Commits, again where another process was quicker."""
        for _ in range(ATTEMPTS - 1):
            try:
                return self._commit(messages)
            except DBAPIError as wrong:
                if not turns.lost_race(wrong):
                    raise
                log.info("another process was quicker: %s", wrong.orig)
                self.counts["again"] += 1
        return self._commit(messages)

    def _commit(self, messages: Sequence[Message]) -> Group:
        gathered = Group()
        with self._database.write() as session:
            turns.take(session, {_sender(message) for message in messages})
            for message in messages:
                self._take_one(session, message, gathered)
            now = messages[-1].received_at
            if gathered.touched:  # heartbeats and questions, most of what comes, touch nothing
                self._fold(session, gathered.touched, now)
            for site, ask in gathered.asks:
                page = feed.page(session, self._cards, site, ask, now)
                gathered.answers.append(Answer(site, Down.DIRECTORY, page.wire()))
            if self._ring is not None:
                self._ring(session, gathered.notices())
        return gathered

    def _fold(self, session: Session, touched: Touched, now: datetime) -> None:
        self._cards.link(session, touched)
        changed = refold.apply(session, touched, self._settings.zone)
        if changed.patrons or changed.items:
            feed.update(session, feed.Stale(patrons=changed.patrons, items=changed.items), self._settings.owners, now)

    def _take_one(self, session: Session, message: Message, gathered: Group) -> None:
        try:
            topic = read_up(message.topic)
        except Malformed as wrong:
            self.counts["forged"] += 1
            ledger.incident(session, ledger.HUB, IncidentKind.FORGED, "topic", str(wrong), message.received_at)
            return
        try:
            self._read(session, topic, message, gathered)
        except Malformed as wrong:
            self.counts["malformed"] += 1
            ledger.incident(session, topic.site, IncidentKind.MALFORMED, topic.what, str(wrong), message.received_at)

    def _read(self, session: Session, topic: UpTopic, message: Message, gathered: Group) -> None:
        site, now = topic.site, message.received_at
        match topic.what:
            case Up.EVENTS:
                batch = read_batch(message.payload)
                heard(session, site, now)
                self._answer(gathered, site, take(session, site, batch, now, gathered.touched))
            case Up.HELLO:
                hello = read_message(Hello, message.payload)
                hear_hello(heard(session, site, now), hello)
                self._answer(gathered, site, greet(session, site, hello, now))
            case Up.STATUS:
                status = read_message(Status, message.payload)
                hear_status(heard(session, site, now), status, now)
            case Up.GONE:
                gone = read_message(Gone, message.payload)
                state = session.get(SiteState, site)
                if state is not None:
                    hear_gone(state, gone)
            case Up.ASK:
                ask = read_message(Ask, message.payload)
                gathered.asks.append((site, ask))
        gathered.heard.add(site)

    def _answer(self, gathered: Group, site: SiteId, told: Receipt) -> None:
        gathered.answers.append(Answer(site, Down.RECEIPT, told.wire()))
        key = (site, told.epoch)
        gathered.told[key] = max(told.archived, gathered.told.get(key, 0))

    def _give_up(self, message: Message) -> None:
        log.exception("a message on %.100s could not be taken in", message.topic)
        self.counts["failed"] += 1
        site = _sender(message)
        with self._database.write() as session:
            turns.take(session, {site})
            detail = "a message could not be taken in; the hub's log says why"
            ledger.incident(session, site, IncidentKind.FAILED, message.topic[:200], detail, message.received_at)


def _sender(message: Message) -> str:
    try:
        return read_up(message.topic).site
    except Malformed:
        return ledger.HUB
