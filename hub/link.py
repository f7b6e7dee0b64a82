"""The hub's end of the broker: paho in its own thread, whose callbacks only pass messages on.

MQTT 3.1.1, clean sessions, nothing retained. Sends that don't get through are forgotten: sites ask again.
"""

import logging
import random
import socket
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from threading import enumerate as enumerate_threads
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from hub.settings import Broker
from protocol.topics import HUB_HELLO, QOS, up_all

log = logging.getLogger(__name__)

RECONNECT_MIN_S = 1.0
RECONNECT_MAX_S = 60.0
FILTERS = 8
"""Topics in one subscription; some brokers take few."""
WATCH_S = 5.0
"""Between looks whether paho's thread lives."""


class Link:
    """Connects for ever; hands every upward message to `take(topic, payload)`, which must not wait."""

    def __init__(
        self,
        broker: Broker,
        take: Callable[[str, bytes], None],
        hello: Callable[[], bytes],
        chance: random.Random,
        topics: Sequence[str] = (up_all(),),
    ) -> None:
        """`hello()` makes the payload of hub/hello, sent at every connect. Nothing happens until `start`.

        `topics` are what to subscribe to, several together; without them, all that sites write to.
        """
        self._broker = broker
        self._take = take
        self._hello = hello
        self._chance = chance
        self._topics = tuple(topics)
        self._network = f"paho-mqtt-client-{broker.client_id}"
        """What paho calls its thread."""
        self._stopping = threading.Event()
        self._ended = threading.Event()
        """The present connection is over."""
        self._thread: threading.Thread | None = None
        self._client: mqtt.Client | None = None
        self._up = False
        self.counts: Counter[str] = Counter()
        """connects, lost (answers that found no connection), failed (callbacks that raised)."""

    @property
    def up(self) -> bool:
        """The broker accepted the connection and it hasn't been seen to end."""
        return self._up

    def start(self) -> None:
        """Begins to connect."""
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5) -> None:
        """Leaves the broker in order."""
        self._stopping.set()
        self._ended.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def publish(self, topic: str, payload: bytes) -> None:
        """Sends, or counts it as lost while there is no connection. Never raises."""
        client = self._client
        if client is None or not self._up:
            self.counts["lost"] += 1
            return
        try:
            client.publish(topic, payload, qos=QOS, retain=False)
        except (ValueError, OSError, RuntimeError) as wrong:
            log.warning("an answer on %s was not sent: %s", topic, wrong)
            self.counts["lost"] += 1

    def _run(self) -> None:
        """One connection after another, each with a client of its own: no queue or thread of paho's outlives it."""
        wait = RECONNECT_MIN_S
        while not self._stopping.is_set():
            began = self.counts["connects"]
            try:
                self._connect_once()
            except (OSError, ValueError) as wrong:
                log.warning("broker %s:%d: %s", self._broker.host, self._broker.port, wrong)
            except Exception:  # whatever paho met, it must not take the hub off the air
                log.exception("the connection to the broker ended unexpectedly")
            wait = RECONNECT_MIN_S if self.counts["connects"] > began else min(wait * 2, RECONNECT_MAX_S)
            self._stopping.wait(wait * self._chance.uniform(0.75, 1.25))

    def _connect_once(self) -> None:
        client = self._build()
        self._ended.clear()
        client.connect(self._broker.host, self._broker.port, keepalive=self._broker.keepalive_s)
        client.loop_start()
        self._client = client
        try:
            while not self._stopping.is_set() and not self._ended.wait(WATCH_S):
                if not any(
                    thread.name == f"paho-mqtt-client-{self._broker.client_id}" for thread in enumerate_threads()
                ):
                    log.error("the network thread died; connecting anew")
                    return
        finally:
            self._up = False
            self._client = None
            client.disconnect()
            client.loop_stop()

    def _build(self) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._broker.client_id,
            clean_session=True,
            protocol=mqtt.MQTTv311,
        )
        if self._broker.tls:
            client.tls_set(
                ca_certs=str(self._broker.ca_file),
                certfile=str(self._broker.cert_file),
                keyfile=str(self._broker.key_file),
            )
        client.on_socket_open = self._guarded(_no_delay)
        client.on_connect = self._guarded(self._connected)
        client.on_disconnect = self._guarded(self._disconnected)
        client.on_message = self._guarded(self._message)
        return client

    def _guarded(self, callback: Callable[..., None]) -> Callable[..., None]:
        def safe(*arguments: Any) -> None:
            try:
                callback(*arguments)
            except Exception:  # an exception in a callback would end the loop while the connection looks alive
                self.counts["failed"] += 1
                log.exception("callback %s", callback.__name__)

        return safe

    def _connected(self, client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            log.warning("broker refused the hub: %s", reason)
            self._ended.set()
            return
        self.counts["connects"] += 1
        for start in range(0, len(self._topics), FILTERS):
            client.subscribe([(topic, QOS) for topic in self._topics[start : start + FILTERS]])
        self._up = True
        client.publish(HUB_HELLO, self._hello(), qos=QOS, retain=False)
        log.info("connected to broker %s:%d", self._broker.host, self._broker.port)

    def _disconnected(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._up = False
        self._ended.set()
        log.info("disconnected from broker: %s", reason)

    def _message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        self._take(message.topic, bytes(message.payload))


def _no_delay(_client: Any, _data: Any, opened: Any) -> None:
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
