"""A port is opened by URL, and however it fails, it is gone."""

import os
import socket
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from edge.devices.port import Port
from edge.errors import DeviceGone


@contextmanager
def opened(url: str, **more: object) -> Iterator[Port]:
    port = Port("reader", url, 38400, **more)  # type: ignore[arg-type]
    port.open()
    yield port
    port.close()


@contextmanager
def terminal() -> Iterator[tuple[int, str]]:
    master, slave = os.openpty()
    tty.setraw(slave)
    try:
        yield master, os.ttyname(slave)
    finally:
        os.close(slave)
        try:
            os.close(master)
        except OSError:
            pass  # the test pulled the plug


def test_what_is_written_to_a_loop_is_read() -> None:
    with opened("loop://") as port:
        port.write(b"\x05\xff\x65\xe5\xcb")
        assert port.read() + port.read() == b"\x05\xff\x65\xe5\xcb"
        assert port.read() == b""


def test_what_has_come_in_can_be_thrown_away() -> None:
    with opened("loop://") as port:
        port.write(b"late")
        port.drain()
        assert port.read() == b""


def test_traffic_can_be_spied_on(capfd: pytest.CaptureFixture[str]) -> None:
    with terminal() as (master, name), opened(f"spy://{name}") as port:
        port.write(b"\x05\xff")
        assert os.read(master, 10) == b"\x05\xff"
    assert "05 FF" in capfd.readouterr().err


def test_a_network_reader_is_a_port_too_and_gone_when_it_hangs_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, opened(f"socket://127.0.0.1:{server.getsockname()[1]}") as p:
        reader, _ = server.accept()
        with reader:
            reader.sendall(b"\x06")
            assert p.read() == b"\x06"
        with pytest.raises(DeviceGone, match="is gone"):
            p.read()


@pytest.mark.parametrize("url", ["/dev/nowhere", "sokcet://127.0.0.1:1", "socket://127.0.0.1:1"])
def test_a_port_that_isnt_there_is_gone_with_its_name(url: str) -> None:
    with pytest.raises(DeviceGone) as gone:
        Port("reader", url, 38400).open()
    assert str(gone.value).startswith(f"reader: port {url} can't be opened: ")


def test_a_port_not_open_is_gone() -> None:
    port = Port("reader", "loop://", 38400)
    for act in (port.read, port.drain, lambda: port.write(b"x")):
        with pytest.raises(DeviceGone, match="not open"):
            act()


def test_two_cant_have_one_port() -> None:
    with terminal() as (_, name), opened(name), pytest.raises(DeviceGone, match="can't be opened"):
        Port("other", name, 38400).open()


def test_a_plug_pulled_while_somebody_waits_is_noticed() -> None:
    with terminal() as (master, name), opened(name, pause_s=5.0) as port:
        threading.Timer(0.05, os.close, [master]).start()
        with pytest.raises(DeviceGone, match="is gone"):
            port.read()


def test_a_plug_pulled_before_is_noticed_by_every_act() -> None:
    with terminal() as (master, name), opened(name) as port:
        os.close(master)
        for act in (port.read, lambda: port.write(b"x")):
            with pytest.raises(DeviceGone):
                act()
