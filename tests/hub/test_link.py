"""The hub's end of a real broker: it hears every site, comes back by itself, and survives its own callbacks."""

import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from firmware_sim.ports import free_port
from hub import link as link_module
from hub.link import Link
from hub.settings import Broker
from protocol.topics import HUB_HELLO, Down, Up, down, up
from tests.brokers import KINDS, broker
from tests.hub.cast import HARBOUR

PATIENCE_S = 60.0
_numbers = count(1)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reconnects at once, so that a test needn't wait."""
    monkeypatch.setattr(link_module, "RECONNECT_MIN_S", 0.05)
    monkeypatch.setattr(link_module, "RECONNECT_MAX_S", 0.2)


@contextmanager
def linked(port: int, take: Callable[[str, bytes], None]) -> Iterator[Link]:
    made = Link(Broker(tls=False, port=port), take, lambda: b"hello", random.Random(1))
    made.start()
    try:
        yield made
    finally:
        made.stop()
    assert not any(thread.name.startswith("paho-mqtt-client-hub") for thread in threading.enumerate())


@contextmanager
def site(port: int, topic: str) -> Iterator[tuple[mqtt.Client, "queue.Queue[bytes]"]]:
    """Some other client, and what it hears on `topic`."""
    heard: queue.Queue[bytes] = queue.Queue()
    ready = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"site-{next(_numbers)}", protocol=mqtt.MQTTv311)
    client.on_message = lambda _c, _d, message: heard.put(bytes(message.payload))
    client.on_connect = lambda c, *_: c.subscribe(topic, qos=1)
    client.on_subscribe = lambda *_: ready.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert ready.wait(PATIENCE_S)
    try:
        yield client, heard
    finally:
        client.disconnect()
        client.loop_stop()


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_it_greets_hears_every_site_and_answers(kind: str, tmp_path: Path) -> None:
    taken: queue.Queue[tuple[str, bytes]] = queue.Queue()
    with (
        broker(kind, tmp_path) as port,
        site(port, HUB_HELLO) as (_, greetings),
        linked(port, lambda topic, payload: taken.put((topic, payload))) as link,
        site(port, down(HARBOUR, Down.RECEIPT)) as (client, answers),
    ):
        assert greetings.get(timeout=PATIENCE_S) == b"hello"
        until(lambda: link.up)
        client.publish(up(HARBOUR, Up.EVENTS), b"batch", qos=1)
        assert taken.get(timeout=PATIENCE_S) == (up(HARBOUR, Up.EVENTS), b"batch")
        link.publish(down(HARBOUR, Down.RECEIPT), b"receipt")
        assert answers.get(timeout=PATIENCE_S) == b"receipt"


def test_it_waits_for_a_broker_that_comes_later_and_again(tmp_path: Path) -> None:
    port = free_port()
    with linked(port, lambda topic, payload: None) as link:
        link.publish(down(HARBOUR, Down.RECEIPT), b"to nobody")
        assert link.counts["lost"] == 1
        for number in (1, 2):
            with broker("amqtt", tmp_path / str(number), port):
                until(lambda number=number: link.up and link.counts["connects"] == number)  # type: ignore[misc]
            until(lambda: not link.up)


def test_a_callback_that_raises_costs_one_message_only(tmp_path: Path) -> None:
    taken: queue.Queue[bytes] = queue.Queue()

    def take(topic: str, payload: bytes) -> None:
        if payload == b"poison":
            raise ValueError("poison")
        taken.put(payload)

    with broker("amqtt", tmp_path) as port, linked(port, take) as link, site(port, HUB_HELLO) as (client, _):
        until(lambda: link.up)
        client.publish(up(HARBOUR, Up.EVENTS), b"poison", qos=1)
        client.publish(up(HARBOUR, Up.EVENTS), b"good", qos=1)
        assert taken.get(timeout=PATIENCE_S) == b"good"
        assert link.counts["failed"] == 1


def test_a_dead_network_thread_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "WATCH_S", 0.05)
    with broker("amqtt", tmp_path) as port, linked(port, lambda topic, payload: None) as link:
        until(lambda: link.up)
        nobody = SimpleNamespace(name="another")
        with monkeypatch.context() as gone:
            gone.setattr(link_module, "enumerate_threads", lambda: [nobody])
            until(lambda: link.counts["connects"] >= 2)
        until(lambda: link.up)
