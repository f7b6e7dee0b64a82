"""Delivery from the site's side: said until it is written down elsewhere, whatever lies between."""

import heapq
import itertools
import math
import random
import shutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.clock import Stamp
from edge.errors import StorageFailed
from edge.journal import Journal
from edge.outbox import EPOCH_S, UNHEARD_S, Message, Outbox, Vitals
from edge.settings import Delivery
from protocol.envelope import ZERO, Aside, Batch, Envelope, chain, read_batch, read_event
from protocol.events import DeviceFailed, EpochOpened, EpochReason
from protocol.hello import Hello, HubHello, Versions
from protocol.names import BootId, CardTag, ClockTrust, DeviceName, DigestHex, EpochId, EventId, LedgerId, read_message
from protocol.receipt import Receipt
from protocol.topics import Up

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LEDGER = LedgerId("1e" * 16)


def at(seconds: float) -> Stamp:
    return Stamp(NOON + timedelta(seconds=seconds), round(seconds * 1000), ClockTrust.SYNCED)


def fact(number: int, size: int = 20) -> DeviceFailed:
    return DeviceFailed(device=DeviceName("reader-a"), driver="feig-obid", why=f"{number} " + "x" * size)


class Site:
    """A journal and its outbox, one boot after the other."""

    def __init__(self, folder: Path, dice: random.Random, timing: Delivery | None = None) -> None:
        self.folder = folder
        self.dice = dice
        self.timing = timing or Delivery()
        self.now = 0.0
        self.start()

    def start(self) -> None:
        self.boot = BootId(self.dice.randbytes(16).hex())
        self.journal = Journal.open(self.folder, boot=self.boot, random=self.dice.randbytes, stamp=at(self.now))
        self.outbox = Outbox(
            self.journal,
            boot=self.boot,
            timing=self.timing,
            versions=Versions(agent="1", python="3.11", sqlite="3.40"),
            vitals=lambda: Vitals(at(self.now), 1000, True),
            next_req=itertools.count(1).__next__,
            dice=self.dice,
            nonce=self.dice.randbytes,
        )
        self.connections = itertools.count(1)

    def connect(self) -> None:
        self.outbox.connected(self.now, next(self.connections))

    def record(self, count: int = 1, size: int = 20) -> tuple[Envelope, ...]:
        return self.journal.commit([fact(n, size) for n in range(count)], at(self.now))

    def say(self) -> list[Message]:
        return self.outbox.due(self.now)

    def hellos(self) -> list[Hello]:
        return [read_message(Hello, payload) for what, payload in self.say() if what is Up.HELLO]

    def batches(self) -> list[Batch]:
        return [read_batch(payload) for what, payload in self.say() if what is Up.EVENTS]


@dataclass
class Lane:
    """One epoch at the model hub."""

    bodies: dict[int, bytes] = field(default_factory=dict)
    c: int = 0
    digest: bytes = ZERO
    gaps: list[tuple[int, int]] = field(default_factory=list)


class Hub:
    """Rules H1 to H5, from the contract's words, over dictionaries."""

    def __init__(self) -> None:
        self.lanes: dict[EpochId, Lane] = {}
        self.counted: list[EventId] = []
        self.claimed: dict[EpochId, int] = {}
        self.quarantined = 0
        self.backups: list[tuple[dict[EpochId, Lane], list[EventId]]] = []

    def take(self, what: Up, payload: bytes) -> Receipt:
        if what is Up.HELLO:
            hello = read_message(Hello, payload)
            self.claimed[hello.epoch] = max(self.claimed.get(hello.epoch, 0), hello.last)
            return self.answer(hello.epoch, hello.boot, hello.req)
        batch = read_batch(payload)
        self.store(batch)
        return self.answer(batch.head.epoch, batch.head.boot, batch.head.req)

    def store(self, batch: Batch) -> None:
        head, lane = batch.head, self.lanes.setdefault(batch.head.epoch, Lane())
        digests = [bytes.fromhex(head.digest)]
        for body in batch.bodies:
            digests.append(chain(digests[-1], body))
        if head.base > lane.c + 1:  # H2
            if head.first != head.base:
                return
            lane.gaps.append((lane.c + 1, head.base - 1))
            lane.c, lane.digest = head.base - 1, digests[0]
        if head.first > lane.c + 1 or batch.end <= lane.c:  # H3, H5
            return
        start = lane.c + 1 - head.first
        if digests[start] != lane.digest:  # H4
            self.quarantined += 1
            return
        for body in batch.bodies[start:]:
            lane.c += 1
            lane.bodies[lane.c] = body
            event = read_event(body)
            if event.id not in self.counted:
                self.counted.append(event.id)
        lane.digest = digests[-1]

    def answer(self, epoch: EpochId, boot: BootId, req: int) -> Receipt:
        lane = self.lanes.setdefault(epoch, Lane())
        archived = 0
        if len(self.backups) >= 2:
            archived = min(lane.c, self.backups[-2][0].get(epoch, Lane()).c)
        return Receipt(
            epoch=epoch, boot=boot, req=req, stored=lane.c, digest=DigestHex(lane.digest.hex()), archived=archived,
            ledger=LEDGER, hub_time=NOON,
        )  # fmt: skip

    def back_up(self) -> None:
        self.backups.append((deepcopy(self.lanes), list(self.counted)))

    def restore(self) -> None:
        if self.backups:
            lanes, counted = self.backups[-1]
            self.lanes, self.counted = deepcopy(lanes), list(counted)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, random.Random(1))
    yield site
    site.journal.close()


@pytest.fixture
def hub() -> Hub:
    return Hub()


def exchange(site: Site, hub: Hub) -> list[Message]:
    """Everything due goes over, everything answered comes back, until there is silence."""
    said = []
    while messages := site.say():
        for what, payload in messages:
            said.append((what, payload))
            site.outbox.received(site.now, hub.take(what, payload))
    return said


def asked(site: Site) -> int:
    """The number of a hello that waits for its answer."""
    site.connect()
    return site.hellos()[0].req


class TestHello:
    def test_comes_first_and_events_wait_for_its_answer(self, site: Site, hub: Hub) -> None:
        site.record(3)
        site.connect()
        ((what, payload),) = site.say()
        hello = read_message(Hello, payload)
        assert what is Up.HELLO
        assert (hello.base, hello.last, hello.stored, hello.digest) == (1, 4, 0, ZERO.hex())
        assert hello.nonce == site.outbox.nonce
        site.outbox.received(site.now, hub.take(what, payload))
        (batch,) = site.batches()
        assert (batch.head.first, batch.end) == (1, 4)

    def test_is_repeated_with_growing_pauses_until_it_is_answered(self, site: Site, hub: Hub) -> None:
        site.connect()
        times = []
        while site.now < 3000:
            if hellos := site.hellos():
                times.append(site.now)
            site.now = site.outbox.next_due()
        pauses = [after - before for before, after in itertools.pairwise(times)]
        for number, pause in enumerate(pauses):
            assert 0.75 <= pause / min(5 * 2**number, 300) <= 1.25
        assert hellos[0].req == len(times)
        site.outbox.received(site.now, hub.answer(site.journal.epoch, site.boot, 3))
        assert 0.75 * 900 <= site.outbox.next_due() - site.now <= 1.25 * 900 or site.batches()

    def test_every_connection_has_its_own_nonce(self, site: Site) -> None:
        nonces = set()
        for _ in range(3):
            site.connect()
            nonces.add(site.hellos()[0].nonce)
            site.outbox.disconnected()
            assert site.outbox.nonce == ""
        assert len(nonces) == 3

    def test_the_hubs_hello_is_answered_after_a_random_while(self, site: Site, hub: Hub) -> None:
        waits = set()
        for _ in range(20):
            site.connect()
            exchange(site, hub)
            site.outbox.hub_hello(site.now, HubHello(ledger=LEDGER, at=NOON, spread_s=60))
            wait = site.outbox.next_due() - site.now
            assert 0 <= wait <= 60
            waits.add(round(wait))
            site.now += wait
            assert site.hellos()
        assert len(waits) > 8

    def test_an_answer_on_its_way_does_not_spare_the_hub_its_hello(self, site: Site, hub: Hub) -> None:
        site.connect()
        ((what, payload),) = site.say()
        site.outbox.hub_hello(site.now, HubHello(ledger=LEDGER, at=NOON, spread_s=60))
        site.outbox.received(site.now, hub.take(what, payload))
        exchange(site, hub)
        assert site.outbox.next_due() <= 60

    def test_silence_in_spite_of_a_connection_is_noticed(self, site: Site, hub: Hub) -> None:
        assert not site.outbox.unheard(1e6)
        site.connect()
        site.say()
        assert not site.outbox.unheard(UNHEARD_S - 1)
        assert site.outbox.unheard(UNHEARD_S)
        site.now = UNHEARD_S + 1
        exchange(site, hub)
        assert not site.outbox.unheard(site.now + 1e6)

    def test_nothing_is_due_without_a_connection(self, site: Site) -> None:
        site.record()
        assert site.say() == []
        assert site.outbox.next_due() == math.inf


class TestWindow:
    def test_no_more_than_four_batches_wait_for_an_answer(self, site: Site, hub: Hub) -> None:
        site.record(400)
        site.connect()
        ((what, hello),) = site.say()
        site.outbox.received(0, hub.take(what, hello))
        batches = site.batches()
        assert [batch.head.first for batch in batches] == [1, 51, 101, 151]
        assert site.batches() == []
        site.outbox.received(0, hub.take(Up.EVENTS, batches[0].wire()))
        assert [batch.head.first for batch in site.batches()] == [201]

    def test_a_batch_is_cut_at_64_kilobytes(self, site: Site, hub: Hub) -> None:
        site.record(20, size=9000)
        site.connect()
        for what, payload in exchange(site, hub):
            assert what is Up.HELLO or sum(map(len, read_batch(payload).bodies)) <= 64 * 1024
        assert site.outbox.queue == 0

    def test_asides_travel_beside_their_events(self, site: Site, hub: Hub) -> None:
        aside = Aside(salt="5a" * 16, card=CardTag("ca" * 16))
        _, event = site.journal.commit([fact(1), fact(2)], at(0), asides={1: aside})
        site.connect()
        batches = [read_batch(payload) for what, payload in exchange(site, hub) if what is Up.EVENTS]
        assert batches[0].head.asides == {event.id: aside}

    def test_unanswered_batches_are_sent_again_after_growing_pauses(self, site: Site, hub: Hub) -> None:
        site.record(10)
        site.connect()
        ((what, hello),) = site.say()
        site.outbox.received(0, hub.take(what, hello))
        times = []
        while site.now < 1500:
            if site.batches():
                times.append(site.now)
            site.now = site.outbox.next_due()
        pauses = [after - before for before, after in itertools.pairwise(times)]
        for number, pause in enumerate(pauses):
            assert 0.75 <= pause / min(5 * 2**number, 300) <= 1.25
        assert len(pauses) >= 7

    def test_a_hole_in_transit_is_filled_at_once_but_not_for_every_answer(self, site: Site, hub: Hub) -> None:
        site.record(400)
        site.connect()
        ((what, hello),) = site.say()
        site.outbox.received(0, hub.take(what, hello))
        lost, *rest = site.batches()
        again = []
        for batch in rest:
            site.outbox.received(0, hub.take(Up.EVENTS, batch.wire()))
            again += site.batches()
        assert [batch.head.first for batch in again] == [1, 51, 101, 151]
        assert lost.head.first == 1

    def test_a_new_connection_starts_over_from_what_is_stored(self, site: Site, hub: Hub) -> None:
        site.record(100)
        site.connect()
        ((what, hello),) = site.say()
        site.outbox.received(0, hub.take(what, hello))
        assert len(site.batches()) == 3
        site.connect()
        assert site.outbox.unanswered == 0
        exchange(site, hub)
        assert len(hub.counted) == 101

    def test_a_hub_that_refuses_for_ever_is_not_hammered(self, site: Site) -> None:
        site.record(10)
        site.connect()
        sent = 0
        while site.now < 3600:
            for what, payload in site.say():
                sent += what is Up.EVENTS
                req = read_message(Hello, payload).req if what is Up.HELLO else read_batch(payload).head.req
                site.outbox.received(site.now, Hub().answer(site.journal.epoch, site.boot, req))
            site.now = max(site.now + 0.001, site.outbox.next_due())
        assert sent < 60


class TestReceipt:
    def test_is_taken_literally_up_and_down(self, site: Site, hub: Hub) -> None:
        site.record(99)
        site.connect()
        exchange(site, hub)
        assert site.journal.stored == 100
        hub.lanes[site.journal.epoch] = Lane()
        hub.counted.clear()
        site.now += 900
        site.now = max(site.now, site.outbox.next_due())
        exchange(site, hub)
        assert (site.journal.stored, len(hub.counted)) == (100, 100)

    @pytest.mark.parametrize("change", [{"boot": "0" * 32}, {"epoch": "0" * 32}, {"req": 0}, {"req": 2**50}])
    def test_for_another_boot_or_epoch_or_request_changes_nothing(
        self, site: Site, hub: Hub, change: dict[str, object]
    ) -> None:
        site.record(9)
        site.connect()
        exchange(site, hub)
        receipt = hub.answer(site.journal.epoch, site.boot, asked(site))
        true = receipt.model_copy(update={"stored": 3, "digest": site.journal.digest_at(3).hex()})
        site.outbox.received(site.now, true.model_copy(update=change))
        assert site.journal.stored == 10
        site.outbox.received(site.now, true)
        assert site.journal.stored == 3

    def test_below_what_is_held_leads_to_a_gap_the_hub_writes_down(self, site: Site, hub: Hub) -> None:
        site.record(9)
        site.connect()
        exchange(site, hub)
        site.journal.settle(10, 6)
        site.journal.forget(at(1e6), timedelta(0))
        hub.lanes.clear()
        site.now += 2000
        exchange(site, hub)
        assert hub.lanes[site.journal.epoch].gaps == [(1, 6)]
        assert site.journal.stored == 10

    def test_two_hubs_at_once_are_noticed(self, site: Site, hub: Hub) -> None:
        site.connect()
        exchange(site, hub)
        for ledger in ["aa" * 16, "bb" * 16, "aa" * 16]:
            receipt = hub.answer(site.journal.epoch, site.boot, asked(site))
            site.outbox.received(site.now, receipt.model_copy(update={"ledger": ledger}))
        assert site.outbox.ledger_changes == 3


class TestNewEpoch:
    def claim(self, site: Site, hub: Hub, stored: int) -> Receipt:
        receipt = hub.answer(site.journal.epoch, site.boot, asked(site))
        return receipt.model_copy(update={"stored": stored, "digest": "ab" * 16})

    @pytest.mark.parametrize(("stored", "reason"), [(11, EpochReason.REWOUND), (7, EpochReason.DIVERGED)])
    def test_begins_when_the_hub_contradicts_the_journal(
        self, site: Site, hub: Hub, stored: int, reason: EpochReason
    ) -> None:
        site.record(9)
        site.connect()
        exchange(site, hub)
        old = site.journal.epoch
        site.outbox.received(site.now, self.claim(site, hub, stored))
        opened = read_event(site.journal.after(0, 1)[0].body)
        assert isinstance(opened, Envelope)
        assert opened.fact == EpochOpened(reason=reason, predecessor=old, predecessor_last=10, carried=10)
        assert site.say()[0][0] is Up.HELLO
        site.now += 10
        exchange(site, hub)
        assert len(hub.counted) == 11
        assert site.journal.stored == 11

    def test_comes_at_most_once_in_ten_minutes(self, site: Site, hub: Hub) -> None:
        site.record(9)
        site.connect()
        epochs = {site.journal.epoch}
        while site.now < 3600:
            for what, payload in site.say():
                req = read_message(Hello, payload).req if what is Up.HELLO else read_batch(payload).head.req
                receipt = hub.answer(site.journal.epoch, site.boot, req)
                site.outbox.received(site.now, receipt.model_copy(update={"stored": 500, "digest": "ab" * 16}))
                epochs.add(site.journal.epoch)
            site.now = max(site.now + 0.01, site.outbox.next_due())
        assert 1 + 3600 / EPOCH_S - 1 <= len(epochs) <= 1 + 3600 / EPOCH_S
        site.now += EPOCH_S
        exchange(site, hub)
        assert site.outbox.queue == 0

    def test_that_cannot_be_written_is_tried_again(self, site: Site, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        site.record(9)
        site.connect()
        exchange(site, hub)
        epoch = site.journal.epoch

        def refuse(*_: object) -> Envelope:
            raise StorageFailed("the disk is full")

        with monkeypatch.context() as patched:
            patched.setattr(site.journal, "new_epoch", refuse)
            site.outbox.received(site.now, self.claim(site, hub, 11))
        assert (site.journal.epoch, site.outbox.storage_failures) == (epoch, 1)
        site.now += 1
        site.outbox.received(site.now, self.claim(site, hub, 11))
        assert site.journal.epoch != epoch


class World:
    """A site, a hub and a bad network between them, in virtual time; faults are drawn per seed."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.dice = random.Random(seed)
        self.swarm = random.Random(seed + 10_000)
        self.hub = Hub()
        self.site = Site(folder, random.Random(seed + 20_000))
        self.heap: list[tuple[float, int, Callable[[], None]]] = []
        self.order = itertools.count()
        self.now = 0.0
        self.line = 0  # which connection messages belong to: none survives it
        self.loss = self.swarm.choice([0, 0.02, 0.3])
        self.double = self.swarm.choice([0, 0.02, 0.3])
        self.slow = self.swarm.choice([0.01, 1, 20])
        self.committed: list[EventId] = []
        self.destroyed: set[EventId] = set()
        self.worst_window = 0

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        heapq.heappush(self.heap, (self.now + seconds, next(self.order), what))

    def run(self, until: float) -> None:
        while self.now < until:
            wake = max(self.now, self.site.outbox.next_due())
            event = self.heap[0][0] if self.heap else math.inf
            self.now = self.site.now = min(wake, event, until)
            if event <= wake and event <= until:
                heapq.heappop(self.heap)[2]()
            self.pump()

    def pump(self) -> None:
        for what, payload in self.site.say():
            self.carry(lambda what=what, payload=payload: self.arrive(what, payload))
        self.worst_window = max(self.worst_window, self.site.outbox.unanswered)

    def carry(self, deliver: Callable[[], None]) -> None:
        line = self.line
        for _ in range(1 + (self.dice.random() < self.double)):
            if self.dice.random() >= self.loss:
                self.later(self.dice.uniform(0, self.slow), lambda: deliver() if line == self.line else None)

    def arrive(self, what: Up, payload: bytes) -> None:
        receipt = self.hub.take(what, payload)
        self.carry(lambda: self.site.outbox.received(self.now, receipt))

    def connect(self) -> None:
        self.line += 1
        self.site.connect()

    def record(self, count: int) -> None:
        self.committed += [event.id for event in self.site.record(count)]

    def restart(self) -> None:
        self.site.journal.close()
        self.site.start()
        self.connect()

    def image(self, name: str) -> Path:
        return self.site.folder.with_name(name)

    def take_image(self) -> None:
        self.site.journal.rest()
        shutil.copyfile(self.site.folder / "journal.db", self.image("image.db"))

    def roll_back(self) -> None:
        """An old image is written back: what it doesn't hold is physically gone."""
        if not self.image("image.db").exists():
            return
        before = {row.id for row in self.site.journal.after(0, 10**6)}
        self.site.journal.close()
        shutil.copyfile(self.image("image.db"), self.site.folder / "journal.db")
        self.site.start()
        self.destroyed |= before - {row.id for row in self.site.journal.after(0, 10**6)}
        self.connect()

    def live(self, days: int, faults: dict[str, Callable[[], None]]) -> None:
        chosen = [fault for name, fault in sorted(faults.items()) if self.swarm.random() < 0.6]
        self.connect()
        for _ in range(days):
            self.record(self.dice.randrange(1, 30))
            self.run(self.now + self.dice.expovariate(1 / 400))
            if chosen and self.dice.random() < 0.3:
                self.dice.choice(chosen)()
        self.loss = self.double = 0
        self.connect()
        self.run(self.now + 7200)


@pytest.mark.parametrize("seed", [*range(20), 103, 121, 152, 158])  # the last four catch mutants that the others spare
def test_whatever_happens_every_event_that_was_not_destroyed_arrives_once_and_in_order(
    tmp_path: Path, seed: int
) -> None:
    world = World(tmp_path / "site", seed)
    faults = {
        "connection lost": world.connect,
        "power cut": world.restart,
        "image taken": world.take_image,
        "image written back": world.roll_back,
        "hub backed up": world.hub.back_up,
        "hub restored": world.hub.restore,
    }
    world.live(30, faults)
    world.site.journal.close()
    assert world.site.outbox.queue == 0
    assert world.worst_window <= 4
    arrived = [event for event in world.hub.counted if event in set(world.committed)]
    assert set(world.committed) - world.destroyed <= set(arrived)
    assert len(arrived) == len(set(arrived))
    if not world.destroyed and not world.hub.backups:
        assert arrived == world.committed
    for lane in world.hub.lanes.values():
        assert sorted(lane.bodies) == list(range(1, lane.c + 1))
        assert not lane.gaps


def test_the_same_seed_tells_the_same_story(tmp_path: Path) -> None:
    stories = []
    for name in "ab":
        world = World(tmp_path / name / "site", 3)
        (tmp_path / name).mkdir(exist_ok=True)
        world.live(10, {"power cut": world.restart})
        world.site.journal.close()
        stories.append((world.hub.counted, world.now))
    assert stories[0] == stories[1]
