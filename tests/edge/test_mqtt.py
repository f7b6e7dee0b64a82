"""The connection against real brokers: what it survives, and what it must never do."""

import queue
import random
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from edge.link import Kind
from edge.mqtt import IN_LIMIT, Mqtt
from edge.settings import Broker
from firmware_sim.ports import free_port
from protocol.names import SiteId
from protocol.topics import HUB_HELLO, Down, Up, down, up, up_all
from tests.brokers import KINDS, broker
from tests.deploy.test_broker import HUB, needed
from tests.deploy.test_broker import Broker as Shipped
from tests.deploy.test_broker import broker as shipped

SITE = SiteId("harbour-bank")
__all__ = ["shipped"]
"""The broker as libraries run it: TLS, a certificate for each site, one access pattern."""


def wait_for(what: Callable[[], Any], seconds: float = 15) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.01)
    pytest.fail("nothing came of it in time")


class Far:
    """The other end: a plain client that hears everything sites say and can say anything."""

    def __init__(self, port: int) -> None:
        self.heard: queue.SimpleQueue[tuple[str, bytes, bool]] = queue.SimpleQueue()
        ready: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self.client = Client(CallbackAPIVersion.VERSION2, client_id=f"far-{random.random()}")
        self.client.on_message = lambda c, u, m: self.heard.put((m.topic, bytes(m.payload), m.retain))
        self.client.on_connect = lambda c, *_: c.subscribe(up_all(), 1)
        self.client.on_subscribe = lambda *_: ready.put(True)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        ready.get(timeout=10)

    def say(self, topic: str, payload: bytes) -> None:
        self.client.publish(topic, payload, qos=1).wait_for_publish(10)

    def hear(self, seconds: float = 10) -> tuple[str, bytes]:
        topic, payload, retained = self.heard.get(timeout=seconds)
        assert not retained
        return topic, payload

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def port(kind: str, tmp_path: Path) -> Iterator[int]:
    with broker(kind, tmp_path / "broker") as port:
        yield port


@pytest.fixture
def far(port: int) -> Iterator[Far]:
    far = Far(port)
    yield far
    far.close()


def connection(port: int, news: Callable[[], None] = lambda: None) -> Mqtt:
    settings = Broker(host="127.0.0.1", port=port, tls=False, keepalive_s=10)
    return Mqtt(SITE, settings, gone=lambda number: b"gone %d" % number, dice=random.Random(1), news=news)


@pytest.fixture
def near(port: int) -> Iterator[Mqtt]:
    near = connection(port)
    near.start()
    wait_for(lambda: near.connected)
    yield near
    near.stop()


def take(near: Mqtt, count: int = 1) -> list[tuple[Kind, bytes]]:
    taken: list[tuple[Kind, bytes]] = []
    wait_for(lambda: taken.extend(near.take()) or len(taken) >= count)
    return taken


def test_messages_go_both_ways_once_the_subscriptions_stand(near: Mqtt, far: Far) -> None:
    assert near.connected == 1
    assert near.publish(Up.HELLO, b"hello")
    assert far.hear() == (up(SITE, Up.HELLO), b"hello")
    far.say(down(SITE, Down.RECEIPT), b"receipt")
    far.say(HUB_HELLO, b"hub")
    assert take(near, 2) == [(Down.RECEIPT, b"receipt"), ("hub-hello", b"hub")]


def test_many_messages_arrive_in_order(near: Mqtt, far: Far) -> None:
    for number in range(40):
        assert near.publish(Up.EVENTS, b"%d" % number)
    assert [far.hear()[1] for _ in range(40)] == [b"%d" % number for number in range(40)]


def test_small_messages_are_not_held_back(near: Mqtt) -> None:
    line = near._line
    assert line is not None
    held: Any = line.client.socket()
    assert held.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_what_is_said_without_a_connection_is_never_sent(kind: str, tmp_path: Path) -> None:
    port = free_port()
    near = connection(port)
    near.start()
    wait_for(lambda: near.counts["attempts"])
    assert not near.publish(Up.EVENTS, b"stale")
    with broker(kind, tmp_path, port) as port:
        far = Far(port)
        wait_for(lambda: near.connected)
        assert near.publish(Up.EVENTS, b"fresh")
        assert far.hear() == (up(SITE, Up.EVENTS), b"fresh")
        far.close()
        near.stop()


def test_a_broker_that_restarts_is_found_again_on_a_new_connection(kind: str, tmp_path: Path) -> None:
    with broker(kind, tmp_path) as port:
        near = connection(port)
        near.start()
        first = wait_for(lambda: near.connected)
    wait_for(lambda: near.connected is None)
    assert not near.publish(Up.STATUS, b"lost")
    with broker(kind, tmp_path, port):
        assert wait_for(lambda: near.connected) > first
        far = Far(port)
        assert near.publish(Up.STATUS, b"here")
        assert far.hear()[1] == b"here"
        far.close()
        near.stop()
    assert not near.alive


def test_a_connection_that_dies_leaves_its_number_and_the_next_has_another(near: Mqtt, far: Far) -> None:
    line = near._line
    assert line is not None
    held: Any = line.client.socket()
    held.shutdown(socket.SHUT_RDWR)
    assert far.hear() == (up(SITE, Up.GONE), b"gone 1")
    assert wait_for(lambda: near.connected != 1 and near.connected) == 2  # the broker may notice before we do


def test_an_orderly_end_says_so_itself(near: Mqtt, far: Far) -> None:
    near.stop()
    assert far.hear() == (up(SITE, Up.GONE), b"gone 1")
    assert near.connected is None
    assert not near.publish(Up.STATUS, b"after the end")


def test_an_exception_in_a_callback_does_not_make_it_deaf(port: int, far: Far) -> None:
    def news() -> None:
        raise RuntimeError("whoever listens is broken")

    near = connection(port, news)
    near.start()
    wait_for(lambda: near.connected)
    for number in range(3):
        far.say(down(SITE, Down.RECEIPT), b"%d" % number)
    assert [payload for _, payload in take(near, 3)] == [b"0", b"1", b"2"]
    assert near.counts["failed"] >= 3
    near.stop()


def test_a_flood_is_cut_off_and_counted(near: Mqtt, far: Far) -> None:
    for number in range(IN_LIMIT + 20):
        far.client.publish(down(SITE, Down.DIRECTORY), b"%d" % number, qos=1)
    wait_for(lambda: near.counts["dropped"] == 20)
    assert [payload for _, payload in near.take()] == [b"%d" % number for number in range(IN_LIMIT)]
    far.say(down(SITE, Down.RECEIPT), b"after it")
    assert take(near) == [(Down.RECEIPT, b"after it")]


def test_other_topics_below_its_own_are_counted_and_left(near: Mqtt, far: Far) -> None:
    far.say(down(SITE, Down.RECEIPT).removesuffix("receipt") + "news", b"?")
    wait_for(lambda: near.counts["unknown"])
    assert near.take() == []


def test_a_broker_that_never_answers_is_no_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        near = connection(mute.getsockname()[1])
        near.start()
        wait_for(lambda: near._line is not None)
        assert near.connected is None
        assert not near.publish(Up.HELLO, b"?")
        began = time.monotonic()
        near.stop()
        assert not near.alive
        assert time.monotonic() - began < 5


def test_a_thread_of_the_librarys_that_dies_is_replaced(near: Mqtt, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(near, "_lives", lambda: False)
        wait_for(lambda: near.counts["died"])
    assert wait_for(lambda: near.connected) >= 2


def secured(shipped: Shipped, ca: str) -> Mqtt:
    folder = shipped.folder
    settings = Broker(
        host="localhost",
        port=shipped.port,
        ca_file=folder / ca,
        cert_file=folder / f"{SITE}.crt",
        key_file=folder / f"{SITE}.key",
    )
    return Mqtt(SITE, settings, gone=lambda number: b"gone %d" % number, dice=random.Random(1))


def test_with_its_certificate_it_is_let_in_to_say_and_hear_its_own(shipped: Shipped) -> None:
    hub = shipped.client(HUB, None, up_all())
    near = secured(shipped, "ca.crt")
    near.start()
    wait_for(lambda: near.connected)
    assert near.publish(Up.EVENTS, b"a fact")
    assert hub.hears() == (up(SITE, Up.EVENTS), b"a fact")
    hub.say(down(SITE, Down.RECEIPT), b"receipt")
    hub.say(HUB_HELLO, b"hub")
    assert take(near, 2) == [(Down.RECEIPT, b"receipt"), ("hub-hello", b"hub")]
    near.stop()
    assert hub.hears() == (up(SITE, Up.GONE), b"gone 1")
    hub.leave()


def test_a_broker_that_its_authority_does_not_vouch_for_is_not_spoken_to(shipped: Shipped) -> None:
    needed("openssl")
    near = secured(shipped, f"{SITE}.crt")
    near.start()
    wait_for(lambda: near.counts["attempts"] >= 2)
    assert near.connected is None
    near.stop()
