"""The connection to the broker: paho in threads of its own, MQTT 3.1.1, and nothing remembered between connections.

Each connection has a client of its own, so nothing queued on one is ever sent on the next, and a number, which the
will left with the broker carries: an old connection's death can't be taken for the new one's. "Connected" means that
the subscriptions stand. It is evidence of nothing else; receipts are.
"""

import logging
import queue
import random
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from edge.link import Kind
from edge.settings import Broker
from protocol.names import SiteId
from protocol.topics import HUB_HELLO, QOS, Down, Up, down, down_all, up

log = logging.getLogger(__name__)

PAUSE_S, PAUSE_MAX_S = 1.0, 60.0
"""Between attempts to connect; doubled each time, with jitter, until one succeeds."""
PATIENCE_S = 30.0
"""From the start of an attempt until the subscriptions must stand."""
WATCH_S = 1.0
"""Between looks at whether paho's thread still lives."""
IN_FLIGHT = 4
OUT_LIMIT, IN_LIMIT = 64, 256
"""Messages waiting within this process, each way; beyond that the newest is dropped, and asked for again."""
_Callback = TypeVar("_Callback", bound=Callable[..., None])


class _Line:
    """One connection: its number, its client and what is known of it."""

    def __init__(self, number: int, client: Client) -> None:
        self.number = number
        self.client = client
        self.ready = threading.Event()
        self.over = threading.Event()


class Mqtt:
    """Connects for ever from a thread of its own. `connected`, `publish` and `take` are the agent's side."""

    def __init__(
        self,
        site: SiteId,
        broker: Broker,
        *,
        gone: Callable[[int], bytes],
        dice: random.Random,
        news: Callable[[], None] = lambda: None,
    ) -> None:
        """`gone(number)` makes the will of a connection; `news` is called from paho's thread when there is some."""
        self._site = site
        self._broker = broker
        self._gone = gone
        self._dice = dice
        self._news = news
        self._kinds: dict[str, Kind] = {HUB_HELLO: "hub-hello", **{down(site, kind): kind for kind in Down}}
        self._inbox: queue.Queue[tuple[Kind, bytes]] = queue.Queue(IN_LIMIT)
        self._line: _Line | None = None
        self._number = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"mqtt-{site}", daemon=True)
        self.counts: Counter[str] = Counter()
        """connected, attempts, refused, dropped (inbox full), unknown (topic), failed (callbacks), died (threads)."""

    def start(self) -> None:
        """Begins to connect; once."""
        self._thread.start()

    def stop(self) -> None:
        """Says that the site is gone, and disconnects in order; waits some seconds at most."""
        self._stopping.set()
        line = self._line
        if line is not None:
            line.over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    @property
    def alive(self) -> bool:
        """The thread that keeps connecting works; if it ever doesn't, the process must be restarted."""
        return self._thread.is_alive()

    @property
    def connected(self) -> int | None:
        """The number of the connection, 1 and up within this boot; None while there is none."""
        line = self._line
        return line.number if line is not None and line.ready.is_set() and not line.over.is_set() else None

    def publish(self, what: Up, payload: bytes) -> bool:
        """Hands a message to the connection; False, and nothing is kept, while there is none or it is choked."""
        line = self._line
        if line is None or not line.ready.is_set() or line.over.is_set():
            return False
        try:
            info = line.client.publish(up(self._site, what), payload, qos=QOS, retain=False)
        except (ValueError, OSError, RuntimeError) as error:
            log.warning("%s wasn't sent: %s", what, error)
            return False
        return info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def take(self) -> list[tuple[Kind, bytes]]:
        """Everything that has come since the last call, in order."""
        taken = []
        while True:
            try:
                taken.append(self._inbox.get_nowait())
            except queue.Empty:
                return taken

    def _run(self) -> None:
        pause = PAUSE_S
        while not self._stopping.is_set():
            before = self.counts["connected"]
            try:
                self._hold()
            except (OSError, ValueError) as error:
                log.warning("no connection to %s:%d: %s", self._broker.host, self._broker.port, error)
            except Exception:  # whatever goes wrong with one connection, the next must still be tried
                log.exception("the connection to %s:%d failed", self._broker.host, self._broker.port)
            pause = PAUSE_S if self.counts["connected"] > before else min(pause * 2, PAUSE_MAX_S)
            self._stopping.wait(pause * self._dice.uniform(0.5, 1.5))

    def _hold(self) -> None:
        """One connection, from its beginning to its end."""
        self._number += 1
        self.counts["attempts"] += 1
        line = _Line(self._number, self._client())
        self._listen(line)
        line.client.will_set(up(self._site, Up.GONE), self._gone(line.number), qos=QOS, retain=False)
        line.client.connect(self._broker.host, self._broker.port, keepalive=self._broker.keepalive_s)
        self._line = line
        line.client.loop_start()
        try:
            self._settle(line)
            while not (line.over.wait(WATCH_S) or self._stopping.is_set()):
                if not self._lives():
                    self.counts["died"] += 1
                    return
        finally:
            self._leave(line)

    def _settle(self, line: _Line) -> None:
        """Waits until the subscriptions stand; ends a line on which they don't within PATIENCE_S."""
        waited = 0.0
        while not (line.ready.wait(0.1) or line.over.is_set() or self._stopping.is_set()):
            waited += 0.1
            if waited >= PATIENCE_S:
                log.warning("the broker didn't take the subscriptions within %d s", PATIENCE_S)
                line.over.set()

    def _lives(self) -> bool:
        name = f"paho-mqtt-client-{self._site}"
        return any(thread.name == name for thread in threading.enumerate())

    def _leave(self, line: _Line) -> None:
        if self._stopping.is_set() and line.ready.is_set():
            self._say_gone(line)
        self._line = None
        line.over.set()
        line.client.disconnect()
        line.client.loop_stop()
        self._news()

    def _say_gone(self, line: _Line) -> None:
        """An orderly end suppresses the will: it is said instead."""
        try:
            said = line.client.publish(up(self._site, Up.GONE), self._gone(line.number), qos=QOS, retain=False)
            said.wait_for_publish(2)
        except (ValueError, RuntimeError) as error:
            log.info("the hub will find out by itself that this site is gone: %s", error)

    def _client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._site,
            clean_session=True,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.max_inflight_messages_set(IN_FLIGHT)
        client.max_queued_messages_set(OUT_LIMIT)
        if self._broker.tls:
            client.tls_set_context(_tls(self._broker))
        return client

    def _listen(self, line: _Line) -> None:
        """Every callback is wrapped: an exception in one would end paho's thread and leave it looking connected."""
        client = line.client

        def opened(client: Client, userdata: Any, sock: Any) -> None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def accepted(client: Client, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
            if reason.is_failure:
                self._refuse(line, f"connection: {reason}")
            else:
                client.subscribe([(down_all(self._site), QOS), (HUB_HELLO, QOS)])

        def subscribed(client: Client, userdata: Any, mid: int, reasons: Any, properties: Any) -> None:
            if any(reason.is_failure for reason in reasons):
                self._refuse(line, "subscriptions")
                return
            self.counts["connected"] += 1
            line.ready.set()
            self._news()

        def came(client: Client, userdata: Any, message: MQTTMessage) -> None:
            self._came(message.topic, bytes(message.payload))

        def ended(client: Client, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
            line.over.set()
            self._news()

        client.on_socket_open = self._guarded(opened)
        client.on_connect = self._guarded(accepted)
        client.on_subscribe = self._guarded(subscribed)
        client.on_message = self._guarded(came)
        client.on_disconnect = self._guarded(ended)

    def _came(self, topic: str, payload: bytes) -> None:
        kind = self._kinds.get(topic)
        if kind is None:
            self.counts["unknown"] += 1
            return
        try:
            self._inbox.put_nowait((kind, payload))
        except queue.Full:
            self.counts["dropped"] += 1
        self._news()

    def _refuse(self, line: _Line, what: str) -> None:
        self.counts["refused"] += 1
        log.warning("the broker refused this site's %s", what)
        line.over.set()

    def _guarded(self, callback: _Callback) -> Any:
        def guarded(*given: Any) -> None:
            try:
                callback(*given)
            except Exception:  # paho's thread would die of it
                self.counts["failed"] += 1
                log.exception("in a callback of the connection")

        return guarded


class _Socket(ssl.SSLSocket):
    """Closes itself when the other end isn't believed; paho would leave it open."""

    def do_handshake(self, block: bool = False) -> None:
        """As ever."""
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def _tls(broker: Broker) -> ssl.SSLContext:
    """Only the library's own certificate authority is believed, and the site shows its own certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.sslsocket_class = _Socket
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cafile=broker.ca_file)
    context.load_cert_chain(str(broker.cert_file), str(broker.key_file))
    return context
