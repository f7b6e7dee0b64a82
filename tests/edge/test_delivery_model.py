"""A real outbox over a real journal against a model of the hub, with everything between them going wrong in any order.

After every step no event is anywhere but on the card, or in every copy of the ledger that may still be put back.
When the faults stop, the ledger holds each event once, and both ends agree (invariants I1, I3 to I6, I9).
"""

import random
import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge.errors import StorageFailed
from protocol.envelope import ZERO, Aside, Batch, chain_all
from protocol.names import BootId, CardTag, EpochId, EventId
from protocol.receipt import Receipt
from protocol.topics import Up
from tests.edge.test_outbox import Hub, Lane, Site, at, fact

DAY = 86_400.0
QUIET_S = DAY
"""Within so long after the last fault everything is in the ledger."""
TURNS = 250
"""Exchanges in that time, at most: a hello a quarter of an hour, and what there is to say."""
FEW = st.integers(0, 30)


class Ledger(Hub):
    """The model hub, with what stands beside events, and the promise that limits which copies may be put back."""

    def __init__(self) -> None:
        super().__init__()
        self.asides: dict[EventId, Aside] = {}
        self.promised: dict[EpochId, int] = {}
        self._asides_of: list[dict[EventId, Aside]] = []

    def store(self, batch: Batch) -> None:
        before = len(self.counted)
        super().store(batch)
        new = set(self.counted[before:])
        self.asides |= {event: aside for event, aside in batch.head.asides.items() if event in new}

    def answer(self, epoch: EpochId, boot: BootId, req: int) -> Receipt:
        receipt = super().answer(epoch, boot, req)
        self.promised[epoch] = max(self.promised.get(epoch, 0), receipt.archived)
        assert receipt.archived <= receipt.stored
        return receipt

    def back_up(self) -> None:
        super().back_up()
        self._asides_of.append(dict(self.asides))

    def may_be_put_back(self) -> list[int]:
        """The copies that hold all that any site was told is safe."""
        return [
            number
            for number, (lanes, _) in enumerate(self.backups)
            if all(lanes.get(epoch, Lane()).c >= told for epoch, told in self.promised.items())
        ]

    def put_back(self, number: int) -> None:
        """The ledger as it was; copies made of what came after it count for nothing."""
        del self.backups[number + 1 :], self._asides_of[number + 1 :]
        self.restore()
        self.asides = dict(self._asides_of[number])


class Delivery(RuleBasedStateMachine):
    """One site, one hub, and every message between them in nobody's hands until a rule moves it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="delivery-")
        self.site = Site(Path(self.folder.name) / "site", random.Random(1))
        self.hub = Ledger()
        self.up: list[tuple[Up, bytes]] = []
        self.down: list[Receipt] = []
        self.bodies: dict[EventId, bytes] = {}
        self.asides: dict[EventId, Aside] = {}
        self.destroyed: set[EventId] = set()
        self.images: list[tuple[bytes, dict[str, str]]] = []
        self.kept: dict[str, str] = {}
        self.broken = False
        self.told: dict[EpochId, int] = {}
        self.boot()

    def teardown(self) -> None:
        try:
            self.quiet()
        finally:
            self.site.journal.close()
            self.folder.cleanup()

    # --- what people and time do ---

    @rule(count=st.sampled_from([1, 5, 60]), with_card=st.booleans())
    def commit(self, count: int, with_card: bool) -> None:
        card = {0: Aside(salt=self.site.dice.randbytes(16).hex(), card=CardTag("ca" * 16))} if with_card else {}
        keep = {"shelf/a": str(len(self.bodies))}
        try:
            self.site.journal.commit([fact(n) for n in range(count)], at(self.site.now), keep=keep, asides=card)
        except StorageFailed:
            assert self.broken
        else:
            self.kept = keep
        self.note()

    @rule(seconds=st.sampled_from([0.0, 6.0, 400.0, 1000.0]))
    def wait(self, seconds: float) -> None:
        self.site.now += seconds
        self.pump()

    @rule(age=st.integers(0, 2))
    def pass_a_night(self, age: int) -> None:
        """The ledger is copied, and the site, that hears of it, forgets what is older than `age` nights."""
        self.hub.back_up()
        self.site.now += DAY
        self.take_an_image()
        self.exchange(3)
        self.site.journal.forget(at(self.site.now), timedelta(days=age))
        self.site.journal.rest()

    # --- what the network does ---

    @rule(rounds=st.integers(1, 5))
    def exchange(self, rounds: int) -> None:
        """What is on its way arrives, and so do the answers, in their order."""
        for _ in range(rounds):
            self.pump()
            self.down += [self.hub.take(*message) for message in self.up]
            down, self.down = self.down, []
            self.up.clear()
            for receipt in down:
                self.hear(receipt)

    @precondition(lambda self: self.up)
    @rule(which=FEW, again=st.booleans())
    def arrive(self, which: int, again: bool) -> None:
        """One message, before those that were said earlier; perhaps once more later."""
        message = self.up[-1 - which % len(self.up)]
        self.down.append(self.hub.take(*message))
        if not again:
            self.up.remove(message)

    @precondition(lambda self: self.down)
    @rule(which=FEW, again=st.booleans())
    def answer(self, which: int, again: bool) -> None:
        receipt = self.down[-1 - which % len(self.down)]
        self.hear(receipt)
        if not again:
            self.down.remove(receipt)
        self.pump()

    @precondition(lambda self: self.up or self.down)
    @rule(keep=st.integers(0, 2))
    def lose(self, keep: int) -> None:
        del self.up[keep:], self.down[keep:]

    @rule()
    def reconnect(self) -> None:
        self.site.connect()
        self.pump()

    # --- what breaks ---

    @rule()
    def cut_the_power(self) -> None:
        """Whatever wasn't synced is gone: the process's memory, with the hub's cursor."""
        files = {name: (self.site.folder / name).read_bytes() for name in ("journal.db", "journal.db-wal")}
        self.site.journal.close()
        self.start(files)

    @rule()
    def take_an_image(self) -> None:
        self.site.journal.rest()
        self.images.append(((self.site.folder / "journal.db").read_bytes(), self.kept))
        del self.images[:-3]

    @precondition(lambda self: self.images)
    @rule(which=FEW)
    def write_an_image_back(self, which: int) -> None:
        """What it doesn't hold is physically gone, unless it is in every copy of the ledger by now."""
        image, self.kept = self.images[which % len(self.images)]
        before = self.held()
        self.site.journal.close()
        self.start({"journal.db": image, "journal.db-wal": b""})
        self.destroyed |= before - self.held()

    @rule(rounds=st.integers(1, 3))
    def fail_the_disk(self, rounds: int) -> None:
        """For a while the journal can be read and not written."""
        before = self.held()
        self.broken = True
        self.site.journal._db.execute("PRAGMA query_only = ON")
        self.commit(1, with_card=True)
        self.exchange(rounds)
        assert self.held() == before
        self.site.journal._db.execute("PRAGMA query_only = OFF")
        self.broken = False

    @precondition(lambda self: self.hub.may_be_put_back())
    @rule(which=FEW)
    def put_a_ledger_back(self, which: int) -> None:
        allowed = self.hub.may_be_put_back()
        self.hub.put_back(allowed[which % len(allowed)])

    # --- what must be true ---

    @invariant()
    def nothing_is_only_where_it_can_be_lost(self) -> None:
        safe = self.held() | self.destroyed
        for event in self.bodies.keys() - safe:
            assert event in self.hub.counted
            assert all(event in self.hub.backups[n][1] for n in self.hub.may_be_put_back())

    @invariant()
    def nothing_above_what_was_archived_is_forgotten(self) -> None:
        journal = self.site.journal
        assert journal.base - 1 <= self.told.get(journal.epoch, 0)
        assert journal.kept() == self.kept

    @invariant()
    def every_lane_is_a_dense_prefix_of_true_bytes(self) -> None:
        for lane in self.hub.lanes.values():
            assert sorted(lane.bodies) == list(range(1, lane.c + 1))
            assert lane.digest == chain_all(ZERO, (lane.bodies[seq] for seq in range(1, lane.c + 1)))
            assert not lane.gaps

    def quiet(self) -> None:
        """No fault any more: everything goes over, and then there is silence."""
        self.up.clear()
        self.site.connect()
        end = self.site.now + QUIET_S
        for _ in range(TURNS):
            for message in self.site.say():
                self.hear(self.hub.take(*message))
            if self.site.outbox.next_due() > end:
                break
            self.site.now = max(self.site.now, self.site.outbox.next_due())
        assert self.site.now >= end - 7200
        journal, lane = self.site.journal, self.hub.lanes[self.site.journal.epoch]
        assert (journal.stored, lane.c) == (journal.last, journal.last)
        assert lane.digest == journal.digest_at(journal.last)
        assert self.bodies.keys() - self.destroyed <= set(self.hub.counted)
        assert len(set(self.hub.counted)) == len(self.hub.counted)
        assert set(self.hub.counted) <= self.bodies.keys()
        for event in self.asides.keys() - self.destroyed:
            assert self.hub.asides[event] == self.asides[event]
        self.nothing_is_only_where_it_can_be_lost()

    # --- in other words ---

    def start(self, files: dict[str, bytes]) -> None:
        for name, content in files.items():
            (self.site.folder / name).write_bytes(content)
        self.site.start()
        self.boot()

    def boot(self) -> None:
        self.site.journal._db.execute("PRAGMA synchronous = OFF")  # the power that fails here is the model's
        self.note()
        self.site.connect()

    def pump(self) -> None:
        self.up += self.site.say()
        assert self.site.outbox.unanswered <= self.site.timing.window

    def hear(self, receipt: Receipt) -> None:
        if receipt.boot == self.site.boot:
            self.told[receipt.epoch] = max(self.told.get(receipt.epoch, 0), receipt.archived)
        self.site.outbox.received(self.site.now, receipt)
        self.note()

    def held(self) -> set[EventId]:
        return {event for (event,) in self.site.journal._db.execute("SELECT id FROM event")}

    def note(self) -> None:
        """Takes down what is in the journal: what was committed last included."""
        for row in self.site.journal.after(0, 10**6):
            assert self.bodies.setdefault(row.id, row.body) == row.body
            if row.aside is not None:
                self.asides[row.id] = row.aside


TestDelivery = Delivery.TestCase
TestDelivery.settings = hypothesis_settings(max_examples=80, stateful_step_count=50, deadline=None, derandomize=True)
