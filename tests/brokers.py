"""A real broker on a free loopback port for as long as a test needs it; the same two that the demo runs.

with broker("mosquitto", tmp_path) as port:
    ...
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from firmware_sim.broker import mosquitto
from firmware_sim.ports import free_port

KINDS = [
    pytest.param(
        "mosquitto",
        marks=pytest.mark.skipif(
            mosquitto() is None and os.environ.get("CI") != "true", reason="Mosquitto isn't installed"
        ),
    ),
    "amqtt",
]
"""For parametrize. Mosquitto is left out where it isn't installed, except in CI, where that is a failure."""
PATIENCE_S = 20


@contextmanager
def broker(kind: str, folder: Path, port: int | None = None) -> Iterator[int]:
    """Runs a broker and gives its port; `folder` takes its settings and log."""
    port = port or free_port()
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "firmware_sim", "broker", "--port", str(port), "--broker", kind]
    with (folder / "broker.log").open("ab") as log:
        process = subprocess.Popen([*command, "--dir", str(folder)], stdout=log, stderr=log)
    try:
        _wait(process, port, folder / "broker.log")
        yield port
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail(f"the broker doesn't answer: {log.read_text()}")
