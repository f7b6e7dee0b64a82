"""`microlib-hub serve` as a process: a batch goes in through a real broker, a receipt comes out, SIGTERM ends it."""

import json
import queue
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from firmware_sim.ports import free_port
from protocol.names import read_message
from protocol.receipt import Receipt
from protocol.topics import Down, Up, down, up
from tests.brokers import broker
from tests.hub.cast import HARBOUR, MASTER, OWNER, SALT, Journal, found, opened
from tests.hub.test_link import PATIENCE_S, site


def config_in(folder: Path, broker_port: int, port: int) -> Path:
    (folder / "master.key").write_text(MASTER.hex())
    path = folder / "hub.toml"
    path.write_text(
        f'data_dir = "{folder}"\nfleet_salt = "{SALT.hex()}"\nmaster_key_file = "{folder}/master.key"\n'
        f'owners = ["{OWNER}"]\n[broker]\ntls = false\nport = {broker_port}\n[listen]\nport = {port}\n'
    )
    return path


def healthy(port: int, process: "subprocess.Popen[bytes]") -> dict[str, object]:
    end = time.monotonic() + 3 * PATIENCE_S
    while time.monotonic() < end and process.poll() is None:
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/health").json()
            if answer["broker"]:
                assert isinstance(answer, dict)
                return answer
        except (httpx.TransportError, json.JSONDecodeError):
            pass
        time.sleep(0.05)
    return pytest.fail("the hub never became healthy")


@pytest.mark.story
def test_a_batch_is_answered_across_a_kill_and_sigterm_ends_in_order(tmp_path: Path) -> None:
    journal = Journal(HARBOUR)
    journal.write(opened(), found("i1"), found("i2"))
    port = free_port()
    with broker("amqtt", tmp_path / "broker") as broker_port:
        command = [sys.executable, "-m", "hub", "serve", "--config", str(config_in(tmp_path, broker_port, port))]
        with site(broker_port, down(HARBOUR, Down.RECEIPT)) as (client, answers):
            for last in (signal.SIGKILL, signal.SIGTERM):
                with (tmp_path / "hub.log").open("ab") as log:
                    process = subprocess.Popen(command, stdout=log, stderr=log)
                try:
                    assert healthy(port, process)["status"] == "ok"
                    client.publish(up(HARBOUR, Up.EVENTS), journal.batch().wire(), qos=1)
                    told = read_message(Receipt, _next(answers))
                    assert (told.stored, told.digest) == (3, journal.digest(3).hex())
                finally:
                    process.send_signal(last)
                    code = process.wait(PATIENCE_S)
    assert code == 0, (tmp_path / "hub.log").read_text()


def _next(answers: "queue.Queue[bytes]") -> bytes:
    return answers.get(timeout=PATIENCE_S)
