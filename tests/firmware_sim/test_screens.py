"""A kiosk's screen is followed over its event stream, through every silence."""

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue

import pytest

from firmware_sim.screens import Screen


class Stage:
    """A kiosk that says what it is told; None ends the stream."""

    def __init__(self) -> None:
        self.lines: SimpleQueue[bytes | None] = SimpleQueue()
        lines = self.lines

        class Events(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200 if self.path == "/events" else 404)
                self.end_headers()
                while (line := lines.get()) is not None:
                    self.wfile.write(line)
                    self.wfile.flush()

            def log_message(self, format: str, *args: object) -> None:
                return

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Events)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def show(self, kind: str) -> None:
        self.lines.put(f"data: {json.dumps({'kind': kind})}\n\n".encode())

    def close(self) -> None:
        self.lines.put(None)
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


@pytest.fixture
def screen(stage: Stage) -> Iterator[Screen]:
    screen = Screen(stage.server.server_address[1])
    screen.start()
    yield screen
    screen.stop()


def soon(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return true()


def test_each_change_is_seen_and_when_it_came(stage: Stage, screen: Screen) -> None:
    stage.show("idle")
    assert soon(lambda: screen.kind == "idle")
    first = screen.since
    stage.lines.put(b": still here\n\nevent: ping\ndata: \n\n")
    stage.show("welcome")
    assert soon(lambda: screen.kind == "welcome")
    assert screen.since > first


def test_a_ping_shows_nothing_new(stage: Stage, screen: Screen) -> None:
    stage.show("idle")
    assert soon(lambda: screen.kind == "idle")
    first = screen.since
    stage.lines.put(b"event: ping\ndata: \n\n")
    stage.show("idle")
    time.sleep(0.2)
    assert screen.since == first


def test_rubbish_shows_nothing(stage: Stage, screen: Screen) -> None:
    stage.show("idle")
    assert soon(lambda: screen.kind == "idle")
    stage.lines.put(b"data: {]\n\n")
    assert soon(lambda: screen.kind is None)


def test_a_kiosk_that_went_away_shows_nothing_and_is_found_again(stage: Stage, screen: Screen) -> None:
    stage.show("idle")
    assert soon(lambda: screen.kind == "idle")
    stage.lines.put(None)
    assert soon(lambda: screen.kind is None)
    stage.show("counting")
    assert soon(lambda: screen.kind == "counting")


def test_looking_away_ends_at_once(stage: Stage, screen: Screen) -> None:
    stage.show("idle")
    assert soon(lambda: screen.kind == "idle")
    began = time.monotonic()
    screen.stop()
    assert time.monotonic() - began < 3
