"""A site's cable carries both ways, can be cut, and can be frozen half-open."""

import socket
import threading
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
