"""The broker's files as shipped, in a real Mosquitto: a site reads and writes its own, and nothing else."""

import os
import queue
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from firmware_sim.ports import free_port
from protocol import topics
from protocol.names import SiteId
from protocol.topics import Down, Up

FILES = Path(__file__).parents[2] / "deploy" / "broker"
BANK = SiteId("harbour-bank")
STATION = SiteId("east-station")
HUB = "hub.microlib"
PATIENCE_S = 15


def needed(program: str) -> str:
    """Where `program` is; without it the test is skipped, or fails where CI says that it must be there."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{program} is not installed, and CI demands it")
        pytest.skip(f"{program} is not installed")
    return found


def make_certificates(folder: Path) -> None:
    """Runs the guide's own commands, for this machine instead of the example's and for two sites."""
    guide = (FILES / "README.md").read_text(encoding="utf-8")
    commands = guide.split("## Certificates, by hand")[1].split("What goes where")[0]
    blocks = re.findall(r"(?:^    .+\n)+", commands, re.MULTILINE)
    script = [block.replace("broker.example.org", "localhost") for block in blocks]
    per_client = script.pop()
    script += [per_client.replace("harbour-bank", name) for name in (BANK, STATION, HUB)]
    done = subprocess.run(
        ["bash", "-eu"], input="\n".join(script), cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


class Broker:
    """A running Mosquitto and the folder with everybody's certificates."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port

    def client(self, name: str, client_id: str | None = None, *topic: str) -> "Caller":
        return Caller(self, name, client_id or name, topic)


class Caller:
    """One client: connected and subscribed when made."""

    def __init__(self, broker: Broker, name: str, client_id: str, subscriptions: tuple[str, ...]) -> None:
        self.heard: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.lost: queue.Queue[str] = queue.Queue()
        self._ready: queue.Queue[None] = queue.Queue()
        self._mqtt = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
        self._mqtt.tls_set(
            str(broker.folder / "ca.crt"), str(broker.folder / f"{name}.crt"), str(broker.folder / f"{name}.key")
        )
        self._mqtt.on_message = lambda _c, _u, message: self.heard.put((message.topic, bytes(message.payload)))
        self._mqtt.on_disconnect = lambda _c, _u, _f, reason, _p: self.lost.put(str(reason))
        self._mqtt.on_connect = lambda _c, _u, _f, _reason, _p: self._ready.put(None)
        self._mqtt.on_subscribe = lambda _c, _u, _mid, _codes, _p: self._ready.put(None)
        self._mqtt.connect("localhost", broker.port, keepalive=60)
        self._mqtt.loop_start()
        self._ready.get(timeout=PATIENCE_S)
        for topic in subscriptions:
            self._mqtt.subscribe(topic, qos=1)
            self._ready.get(timeout=PATIENCE_S)

    def say(self, topic: str, text: bytes, *, retain: bool = False) -> None:
        """Publishes; returns when the broker has acknowledged it, which it also does when it refuses."""
        self._mqtt.publish(topic, text, qos=1, retain=retain).wait_for_publish(PATIENCE_S)

    def offer(self, topic: str, text: bytes, *, retain: bool) -> None:
        """Publishes without waiting."""
        self._mqtt.publish(topic, text, qos=1, retain=retain)

    def hears(self) -> tuple[str, bytes]:
        return self.heard.get(timeout=PATIENCE_S)

    def hears_until(self, text: bytes) -> set[tuple[str, bytes]]:
        """Everything heard up to the message `text`. The broker keeps order: what isn't there by then never comes."""
        heard = set()
        while (message := self.hears())[1] != text:
            heard.add(message)
        return heard

    def leave(self) -> None:
        self._mqtt.disconnect()
        self._mqtt.loop_stop()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    mosquitto = needed("mosquitto")
    needed("openssl")
    folder = tmp_path_factory.mktemp("broker")
    make_certificates(folder)
    shutil.copy(FILES / "acl", folder / "acl")
    (folder / "acl").chmod(0o600)
    port = free_port()
    settings = (FILES / "mosquitto.conf").read_text(encoding="utf-8")
    assert "\nlistener 8883\n" in settings
    settings = settings.replace("\nlistener 8883\n", f"\nlistener {port} 127.0.0.1\n")
    settings = settings.replace("/etc/mosquitto/microlib", str(folder))
    if os.geteuid() == 0:
        settings += "\nuser root\n"
    (folder / "mosquitto.conf").write_text(settings, encoding="utf-8")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([mosquitto, "-c", str(folder / "mosquitto.conf")], stdout=log, stderr=log)
        try:
            await_port(port, process, folder / "log")
            yield Broker(folder, port)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def await_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"mosquitto doesn't answer: {log.read_text()}")


@pytest.fixture
def hub(broker: Broker) -> Iterator[Caller]:
    caller = broker.client(HUB, None, topics.up_all())
    yield caller
    caller.leave()


@pytest.fixture
def bank(broker: Broker) -> Iterator[Caller]:
    caller = broker.client(BANK, None, topics.down_all(BANK), topics.HUB_HELLO)
    yield caller
    caller.leave()


@pytest.fixture
def station(broker: Broker) -> Iterator[Caller]:
    caller = broker.client(STATION, None, topics.down_all(STATION), topics.HUB_HELLO)
    yield caller
    caller.leave()


def test_the_hub_reads_what_a_site_writes(hub: Caller, bank: Caller) -> None:
    bank.say(topics.up(BANK, Up.EVENTS), b"borrowed")
    assert hub.hears() == (topics.up(BANK, Up.EVENTS), b"borrowed")


def test_a_site_reads_what_the_hub_writes_to_it_and_the_hubs_hello(hub: Caller, bank: Caller) -> None:
    hub.say(topics.down(BANK, Down.RECEIPT), b"stored 7")
    hub.say(topics.HUB_HELLO, b"hello")
    assert bank.hears() == (topics.down(BANK, Down.RECEIPT), b"stored 7")
    assert bank.hears() == (topics.HUB_HELLO, b"hello")


@pytest.mark.parametrize(
    "nosy",
    [
        topics.up(STATION, Up.EVENTS),
        topics.down(STATION, Down.RECEIPT),
        topics.down_all(STATION),
        f"microlib/1/{topics.shard(STATION)}/#",
        "microlib/1/+/+/up/#",
        "microlib/1/+/+/down/+",
        "+/+/+/+/+/+",
        "#",
        "$share/friends/#",
        "$share/friends/microlib/1/+/+/up/+",
    ],
)
def test_a_site_hears_nothing_of_another_however_it_asks(
    broker: Broker, hub: Caller, station: Caller, nosy: str
) -> None:
    bank = broker.client(BANK, None, topics.down_all(BANK), nosy)
    station.say(topics.up(STATION, Up.EVENTS), b"secret up")
    assert hub.hears()[1] == b"secret up"
    hub.say(topics.down(STATION, Down.RECEIPT), b"secret down")
    hub.say(topics.down(BANK, Down.RECEIPT), b"end")
    heard = bank.hears_until(b"end")
    bank.leave()
    assert heard == set()
    assert station.hears() == (topics.down(STATION, Down.RECEIPT), b"secret down")


def test_a_site_cannot_write_as_another_nor_as_the_hub(hub: Caller, bank: Caller, station: Caller) -> None:
    bank.say(topics.up(STATION, Up.EVENTS), b"forged event")
    bank.say(topics.down(STATION, Down.COMMAND), b"forged command")
    bank.say(topics.down(BANK, Down.COMMAND), b"forged command to myself")
    bank.say(topics.HUB_HELLO, b"forged hello")
    bank.say("elsewhere", b"chatter")
    bank.say(topics.up(BANK, Up.EVENTS), b"own event")
    hub.say(topics.down(STATION, Down.RECEIPT), b"end")
    hub.say(topics.down(BANK, Down.RECEIPT), b"end")
    assert hub.hears_until(b"own event") == set()
    assert station.hears_until(b"end") == set()
    assert bank.hears_until(b"end") == set()


def test_a_site_cannot_push_another_off_by_its_client_id(
    broker: Broker, hub: Caller, station: Caller, bank: Caller
) -> None:
    bank.leave()
    impostor = broker.client(BANK, STATION, topics.down_all(STATION))
    hub.say(topics.down(STATION, Down.RECEIPT), b"for the station")
    hub.say(topics.down(BANK, Down.RECEIPT), b"for the bank")
    assert station.hears() == (topics.down(STATION, Down.RECEIPT), b"for the station")
    impostor.leave()
    assert station.lost.empty()
    assert impostor.heard.empty()


def test_nobody_gets_in_without_a_certificate(broker: Broker) -> None:
    context = ssl.create_default_context(cafile=str(broker.folder / "ca.crt"))
    assert connect_packet_answer(broker, context) == b""


def test_nobody_gets_in_with_a_certificate_of_their_own_making(broker: Broker, tmp_path: Path) -> None:
    make_certificates(tmp_path)
    context = ssl.create_default_context(cafile=str(broker.folder / "ca.crt"))
    context.load_cert_chain(tmp_path / f"{BANK}.crt", tmp_path / f"{BANK}.key")
    assert connect_packet_answer(broker, context) == b""


def test_a_certificate_from_the_ca_does_get_in(broker: Broker) -> None:
    context = ssl.create_default_context(cafile=str(broker.folder / "ca.crt"))
    context.load_cert_chain(broker.folder / f"{BANK}.crt", broker.folder / f"{BANK}.key")
    assert connect_packet_answer(broker, context) == bytes.fromhex("20020000")


def test_plain_connections_get_no_answer(broker: Broker) -> None:
    assert connect_packet_answer(broker, None) in (b"", b"\x15\x03\x03\x00")  # silence, or the head of a TLS alert


def connect_packet_answer(broker: Broker, context: ssl.SSLContext | None) -> bytes:
    """What the broker answers to an MQTT 3.1.1 CONNECT; nothing when it breaks the connection off."""
    connect = bytes.fromhex("100d 0004 4d515454 04 02 003c 0001 78")
    try:
        with socket.create_connection(("127.0.0.1", broker.port), PATIENCE_S) as plain:
            if context is None:
                plain.sendall(connect)
                return plain.recv(4)
            with context.wrap_socket(plain, server_hostname="localhost") as wrapped:
                wrapped.sendall(connect)
                return wrapped.recv(4)
    except (ssl.SSLError, ConnectionError):
        return b""


def test_nothing_can_be_left_behind_at_the_broker(broker: Broker, bank: Caller, station: Caller) -> None:
    bank.offer(topics.up(BANK, Up.STATUS), b"for ever", retain=True)
    assert bank.lost.get(timeout=PATIENCE_S)
    bank.leave()
    hub = broker.client(HUB, None, topics.up_all())
    station.say(topics.up(STATION, Up.EVENTS), b"end")
    assert hub.hears_until(b"end") == set()
    hub.leave()
