"""The link: every message to whom it concerns, and nothing that comes over the wire can stop it."""

import itertools
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.clock import Stamp
from edge.directory import Asker, Mirror
from edge.journal import Journal
from edge.link import CHANGE_S, Kind, Link
from edge.outbox import Outbox, Vitals
from edge.settings import Delivery
from protocol.directory import Ask, Page
from protocol.envelope import ZERO
from protocol.hello import Hello, HubHello, Versions
from protocol.names import BootId, CardTag, ClockTrust, DigestHex, LedgerId, read_message
from protocol.receipt import Receipt
from protocol.status import Status
from protocol.topics import Down, Up

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BOOT, LEDGER = BootId("b0" * 16), LedgerId("1e" * 16)


@dataclass
class Wire:
    """A transport in the test's hands."""

    connected: int | None = None
    willing: bool = True
    said: list[tuple[Up, bytes]] = field(default_factory=list)
    coming: list[tuple[Kind, bytes]] = field(default_factory=list)

    def publish(self, what: Up, payload: bytes) -> bool:
        self.said.append((what, payload))
        return self.willing

    def take(self) -> list[tuple[Kind, bytes]]:
        taken, self.coming = self.coming, []
        return taken


class Site:
    """A link and all that hangs on it."""

    def __init__(self, folder: Path) -> None:
        self.now = 0.0
        self.queue = 0
        self.free_mb = 1000
        self.wire = Wire()
        self.journal = Journal.open(folder, boot=BOOT, random=random.Random(1).randbytes, stamp=self.stamp())
        self.mirror = Mirror.open(folder)
        counter, dice, timing = itertools.count(1).__next__, random.Random(2), Delivery()
        self.outbox = Outbox(
            self.journal,
            boot=BOOT,
            timing=timing,
            versions=Versions(agent="1", python="3.11", sqlite="3.40"),
            vitals=lambda: Vitals(self.stamp(), self.free_mb, True),
            next_req=counter,
            dice=dice,
            nonce=dice.randbytes,
        )
        self.asker = Asker(self.mirror, boot=BOOT, timing=timing, next_req=counter, dice=dice)
        self.link = Link(self.wire, self.outbox, self.asker, stamp=self.stamp, heartbeat_s=30)
        self.version = 0

    def stamp(self) -> Stamp:
        return Stamp(NOON + timedelta(seconds=self.now), round(self.now * 1000), ClockTrust.SYNCED)

    def status(self) -> Status:
        stamp = self.stamp()
        return Status(
            boot=BOOT,
            connection=self.link.connection or 0,
            at=stamp.at,
            up_ms=stamp.up_ms,
            clock=stamp.clock,
            every_s=30,
            stations=(),
            devices=(),
            queue=self.queue,
            last=self.journal.last,
            directory_version=self.version,
            free_mb=self.free_mb,
        )

    def pump(self, *coming: tuple[Kind, bytes]) -> list[Up]:
        """What was said in answer to what came."""
        self.wire.said.clear()
        self.wire.coming += coming
        self.link.pump(self.now, self.status)
        return [what for what, _ in self.wire.said]

    def said(self, what: Up) -> bytes:
        return next(payload for kind, payload in self.wire.said if kind is what)

    def receipt(self, req: int) -> tuple[Kind, bytes]:
        answer = Receipt(
            epoch=self.journal.epoch, boot=BOOT, req=req, stored=0, digest=DigestHex(ZERO.hex()), ledger=LEDGER,
            hub_time=NOON,
        )  # fmt: skip
        return Down.RECEIPT, answer.wire()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.journal.close()
    site.mirror.close()


def test_nothing_is_said_without_a_connection(site: Site) -> None:
    assert site.pump() == []
    assert site.link.next_due() == math.inf


def test_a_connection_begins_with_hello_question_and_heartbeat(site: Site) -> None:
    site.wire.connected = 3
    assert site.pump() == [Up.HELLO, Up.ASK, Up.STATUS]
    assert read_message(Hello, site.said(Up.HELLO)).connection == 3
    assert read_message(Status, site.said(Up.STATUS)).connection == 3
    assert site.pump() == []
    assert 0 < site.link.next_due() <= CHANGE_S


def test_events_follow_the_answer_to_the_hello(site: Site) -> None:
    site.wire.connected = 1
    site.pump()
    req = read_message(Hello, site.said(Up.HELLO)).req
    assert site.pump(site.receipt(req)) == [Up.EVENTS]


def test_pages_reach_the_copy_of_the_directory(site: Site) -> None:
    site.wire.connected = 1
    site.pump()
    ask = read_message(Ask, site.said(Up.ASK))
    entry = {"kind": "card", "tag": "ca" * 16, "group": "adults"}
    page = Page(
        boot=BOOT, req=ask.req, since=0, reset=True, version=1, mark="a", more=False, at=NOON, entries=(entry,)
    )  # fmt: skip
    site.pump((Down.DIRECTORY, page.wire()))
    assert site.mirror.card(CardTag("ca" * 16)) is not None


def test_the_hubs_hello_is_answered_with_one(site: Site) -> None:
    site.wire.connected = 1
    site.pump()
    req = read_message(Hello, site.said(Up.HELLO)).req
    site.pump(site.receipt(req))
    assert Up.HELLO in site.pump(("hub-hello", HubHello(ledger=LEDGER, at=NOON, spread_s=0).wire()))


def test_every_new_connection_begins_again(site: Site) -> None:
    for connection in (1, 2, 5):
        site.wire.connected = connection
        assert site.pump()[:2] == [Up.HELLO, Up.ASK]
        site.wire.connected = None
        assert site.pump() == []
        assert site.link.connection is None


def test_a_heartbeat_comes_every_interval_and_soon_after_a_change(site: Site) -> None:
    site.wire.connected = 1
    site.pump()
    beats = []
    for step in range(1, 800):
        site.now = step / 10
        site.version = 7 if site.now >= 40 else 0
        site.queue, site.free_mb = step, 1000 - step
        if Up.STATUS in site.pump():
            beats.append(site.now)
    assert len(beats) == 3
    assert beats[0] == pytest.approx(30, abs=CHANGE_S)
    assert 40 <= beats[1] <= 40 + CHANGE_S
    assert beats[2] - beats[1] == pytest.approx(30, abs=CHANGE_S)


def test_a_status_that_never_rests_is_still_said_at_most_every_two_seconds(site: Site) -> None:
    site.wire.connected = 1
    beats = 0
    for step in range(200):
        site.now, site.version = step / 10, step
        beats += Up.STATUS in site.pump()
    assert beats == 20 / CHANGE_S


@pytest.mark.parametrize("kind", [Down.RECEIPT, Down.DIRECTORY, Down.COMMAND, "hub-hello"])
@pytest.mark.parametrize("payload", [b"", b"\xff\xfe", b"null", b"[]", b"{}", b'{"v":1', b"[" * 100_000])
def test_rubbish_on_any_topic_stops_nothing(site: Site, kind: Kind, payload: bytes) -> None:
    site.wire.connected = 1
    site.pump()
    site.now = 40
    assert Up.STATUS in site.pump((kind, payload))
    assert site.link.counts["malformed"] == (kind is not Down.COMMAND)


def test_an_unchecked_command_is_counted_and_never_obeyed(site: Site) -> None:
    site.wire.connected = 1
    site.pump()
    order = b'{"v":1,"id":"%s","order":{"verb":"unlock_for_service","station":"cabinet-1"}}' % (b"0" * 32)
    last = site.journal.last
    assert site.pump((Down.COMMAND, order)) == []
    assert site.link.counts["commands"] == 1
    assert site.journal.last == last


def test_what_could_not_be_handed_over_is_counted(site: Site) -> None:
    site.wire.connected, site.wire.willing = 1, False
    site.pump()
    assert site.link.counts["unsent"] == 3
