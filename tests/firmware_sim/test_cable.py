"""A site's cable carries both ways, can be cut, and can be frozen half-open."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from firmware_sim.cable import Cable, Cables, State


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that says everything back."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(end: socket.socket) -> None:
        with end:
            try:
                while data := end.recv(1000):
                    end.sendall(data)
            except OSError:
                return

    def serve() -> None:
        while True:
            try:
                end, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(end,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


@pytest.fixture
def cable(echo: int) -> Iterator[Cable]:
    with Cables(echo) as cables:
        yield cables.lay()


def connect(cable: Cable) -> socket.socket:
    return socket.create_connection(("127.0.0.1", cable.port), timeout=5)


def gone(end: socket.socket) -> bool:
    try:
        return end.recv(10) == b""
    except ConnectionResetError:
        return True


def test_it_carries_both_ways(cable: Cable) -> None:
    with connect(cable) as end:
        end.sendall(b"hello")
        assert end.recv(10) == b"hello"


def test_a_cut_drops_what_is_connected_and_refuses_what_comes(cable: Cable) -> None:
    with connect(cable) as end:
        end.sendall(b"hello")
        assert end.recv(10) == b"hello"
        cable.put(State.CUT)
        assert gone(end)
    with connect(cable) as end:
        assert gone(end)


def test_a_mended_cable_carries_again(cable: Cable) -> None:
    cable.put(State.CUT)
    cable.put(State.THROUGH)
    with connect(cable) as end:
        end.sendall(b"again")
        assert end.recv(10) == b"again"


def test_a_frozen_cable_keeps_what_it_was_given_until_it_thaws(cable: Cable) -> None:
    with connect(cable) as end:
        end.sendall(b"one")
        assert end.recv(10) == b"one"
        cable.put(State.FROZEN)
        end.sendall(b"two")
        end.settimeout(0.2)
        with pytest.raises(TimeoutError):
            end.recv(10)
        cable.put(State.THROUGH)
        end.settimeout(5)
        assert end.recv(10) == b"two"


def test_a_broker_that_is_away_looks_like_a_dropped_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    with Cables(port) as cables, connect(cables.lay()) as end:
        assert gone(end)


def drained(end: socket.socket) -> None:
    """Reads what still comes, to the end."""
    while not gone(end):
        pass


def heard(end: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count:
        got += end.recv(count - len(got))
    return got


@pytest.mark.parametrize("pieces", [1, 3, 100])
def test_it_breaks_at_the_chosen_byte_however_that_is_sent(cable: Cable, pieces: int) -> None:
    said = b"topic: events " + bytes(range(65, 91))
    with connect(cable) as end:
        end.sendall(b"before")
        assert heard(end, 6) == b"before"
        cable.break_after(5, seen=b"events ")
        for start in range(0, len(said), pieces if pieces < 100 else len(said)):
            try:
                end.sendall(said[start : start + (pieces if pieces < 100 else len(said))])
            except OSError:
                break
        assert cable.broken.wait(5)
        drained(end)
    with connect(cable) as end:
        end.sendall(said)
        assert heard(end, len(said)) == said


def test_what_passed_before_the_break_arrived_and_no_more() -> None:
    with socket.create_server(("127.0.0.1", 0)) as far, Cables(far.getsockname()[1]) as cables:
        cable = cables.lay()
        cable.break_after(3)
        with connect(cable) as end:
            end.sendall(b"abcdef")
            arrived, _ = far.accept()
            with arrived:
                arrived.settimeout(5)
                assert heard(arrived, 3) == b"abc"
                assert gone(arrived)


def test_a_mute_cable_still_brings_what_comes_down(cable: Cable) -> None:
    with connect(cable) as end:
        end.sendall(b"one")
        assert heard(end, 3) == b"one"
        for state in (State.MUTE, State.DEAF):
            cable.put(state)
            end.sendall(b"two")
            end.settimeout(0.2)
            with pytest.raises(TimeoutError):
                end.recv(10)
            cable.put(State.THROUGH)
            end.settimeout(5)
            assert heard(end, 3) == b"two"


def test_a_slow_cable_takes_its_time(cable: Cable) -> None:
    cable.delay(0.15)
    with connect(cable) as end:
        began = time.monotonic()
        end.sendall(b"slow")
        assert heard(end, 4) == b"slow"
        assert time.monotonic() - began >= 0.3  # up and down
