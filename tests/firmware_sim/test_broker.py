"""The demo's broker: which one it is, and that either carries a message on this machine only."""

import queue
import socket
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from firmware_sim import broker
from firmware_sim.children import Children, python, wait_until
from firmware_sim.ports import free_port

KINDS = [
    pytest.param("mosquitto", marks=pytest.mark.skipif(broker.mosquitto() is None, reason="Mosquitto isn't installed")),
    "amqtt",
]


def listens(port: int) -> bool:
    with socket.socket() as end:
        return end.connect_ex(("127.0.0.1", port)) == 0


def test_mosquitto_is_taken_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "mosquitto", lambda: "/usr/sbin/mosquitto")
    assert broker.choose("auto") == "mosquitto"
    assert broker.choose("amqtt") == "amqtt"


def test_without_mosquitto_amqtt_serves_and_asking_for_mosquitto_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(broker, "mosquitto", lambda: None)
    assert broker.choose("auto") == "amqtt"
    with pytest.raises(LookupError, match="apt install mosquitto"):
        broker.choose("mosquitto")


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_goes_from_one_client_to_another(kind: str, tmp_path: Path) -> None:
    port, children = free_port(), Children(tmp_path)
    got: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    client = Client(CallbackAPIVersion.VERSION2, client_id="reader")
    client.on_connect = lambda client, *_: client.subscribe("up/+", 1)
    client.on_subscribe = lambda client, *_: client.publish("up/events", b"a fact", 1)
    client.on_message = lambda client, userdata, message: got.put(message.payload)
    try:
        children.start(
            python(
                "broker", "-m", "firmware_sim", "broker", "--port", str(port), "--broker", kind, "--dir", str(tmp_path)
            )
        )
        wait_until("the broker", lambda: listens(port), children, 20)
        client.connect("127.0.0.1", port)
        client.loop_start()
        assert got.get(timeout=10) == b"a fact"
    finally:
        _quietly(client)
        children.close()


def _quietly(client: Any) -> None:
    client.disconnect()
    client.loop_stop()
