"""The kiosk's server over real HTTP on loopback: what each page that looks is told, and when."""

import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from edge.kiosk import Kiosk, server

FILES = ("/", "/kiosk.css", "/kiosk.js")


def screen(title: str, kind: str = "idle") -> str:
    return json.dumps({"kind": kind, "tone": "calm", "said": [{"lang": "zh-CN", "title": title, "lines": []}]})


@pytest.fixture
def kiosk() -> Iterator[Kiosk]:
    with running() as served:
        yield served


@contextmanager
def running(port: int = 0) -> Iterator[Kiosk]:
    served = Kiosk("127.0.0.1", port)
    served.start()
    try:
        yield served
    finally:
        served.stop()


def get(kiosk: Kiosk, path: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", kiosk.port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


class Stream:
    """One page that looks: the lines of its event stream."""

    def __init__(self, kiosk: Kiosk) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", kiosk.port, timeout=10)
        self._connection.request("GET", "/events")
        self._answer = self._connection.getresponse()
        assert self._answer.getheader("content-type", "").startswith("text/event-stream")
        assert self.line() == "retry: 1000"

    def line(self) -> str:
        """The next line that isn't empty; empty at the stream's end."""
        while raw := self._answer.readline():
            if text := raw.decode().strip():
                return text
        return ""

    def title(self) -> str:
        """The heading of the next screen."""
        while (said := self.line()) and not said.startswith("data: {"):
            pass
        return str(json.loads(said.removeprefix("data: "))["said"][0]["title"]) if said else ""

    def close(self) -> None:
        self._answer.close()
        self._connection.close()


@contextmanager
def looking(kiosk: Kiosk) -> Iterator[Stream]:
    stream = Stream(kiosk)
    try:
        yield stream
    finally:
        stream.close()


def test_a_page_that_comes_late_is_told_the_latest_screen(kiosk: Kiosk) -> None:
    kiosk.show(screen("请刷卡"))
    kiosk.show(screen("请取书"))

    with looking(kiosk) as late:
        assert late.title() == "请取书"


def test_every_page_is_told_of_a_change(kiosk: Kiosk) -> None:
    kiosk.show(screen("请刷卡"))
    with looking(kiosk) as one, looking(kiosk) as other:
        assert (one.title(), other.title()) == ("请刷卡", "请刷卡")

        kiosk.show(screen("请取书"))

        assert (one.title(), other.title()) == ("请取书", "请取书")


def test_the_same_screen_shown_twice_is_said_once(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PING_S", 0.05)
    kiosk.show(screen("请刷卡"))
    with looking(kiosk) as page:
        assert page.title() == "请刷卡"
        kiosk.show(screen("请刷卡"))

        assert page.line() == "event: ping"


def test_screens_from_many_threads_end_with_one_of_them_on_every_page(kiosk: Kiosk) -> None:
    with looking(kiosk) as page:
        threads = [threading.Thread(target=kiosk.show, args=(screen(f"第{n}次"),)) for n in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        kiosk.show(screen("最后"))

        said = page.title()
        while said != "最后":
            assert re.fullmatch(r"第\d+次", said)
            said = page.title()


def test_a_quiet_stream_gives_signs_of_life(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PING_S", 0.02)
    with looking(kiosk) as page:
        assert page.line() == "event: ping"


def test_nothing_is_said_before_there_is_a_screen(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PING_S", 0.02)
    with looking(kiosk) as page:
        assert page.line() == "event: ping"
        kiosk.show(screen("请刷卡"))

        assert page.title() == "请刷卡"


def test_health_says_which_screen_is_shown(kiosk: Kiosk) -> None:
    assert json.loads(get(kiosk, "/health")[2]) == {"status": "ok", "screen": None}

    kiosk.show(screen("正在清点", "counting"))

    assert json.loads(get(kiosk, "/health")[2]) == {"status": "ok", "screen": "counting"}


def test_the_status_it_was_told_is_what_it_answers(kiosk: Kiosk) -> None:
    kiosk.tell('{"queue": 3}')

    status, headers, body = get(kiosk, "/status")

    assert (status, json.loads(body)) == (200, {"queue": 3})
    assert headers["cache-control"] == "no-store"


def test_before_it_is_told_a_status_it_claims_none(kiosk: Kiosk) -> None:
    status, headers, body = get(kiosk, "/status")

    assert (status, json.loads(body)) == (503, {"detail": "the agent is starting"})
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", FILES)
def test_the_page_asks_nothing_of_the_network(kiosk: Kiosk, path: str) -> None:
    status, headers, body = get(kiosk, path)

    assert status == 200
    assert "default-src 'self'" in headers["content-security-policy"]
    addresses = re.findall(rb"(?:https?:)?//[\w.-]+\.\w+[^\s\"']*", body)
    assert [a for a in addresses if a != b"http://www.w3.org/2000/svg"] == []


def test_what_isnt_there_is_not_found(kiosk: Kiosk) -> None:
    assert get(kiosk, "/../server.py")[0] == 404
    assert get(kiosk, "/server.py")[0] == 404


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::"])
def test_it_serves_its_own_machine_only(host: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        Kiosk(host, 0)


def test_stopping_ends_the_streams_and_frees_the_port_for_the_next() -> None:
    with running() as first:
        first.show(screen("请刷卡"))
        port = first.port
        with looking(first) as page:
            assert page.title() == "请刷卡"
            first.stop()
            assert page.line() == ""

    with running(port) as second:
        second.show(screen("又好了"))
        with looking(second) as page:
            assert page.title() == "又好了"


def test_a_port_that_is_taken_is_said_at_the_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder, pytest.raises(OSError, match="in use"):
        Kiosk("127.0.0.1", holder.getsockname()[1]).start()


def test_showing_after_the_end_harms_nobody() -> None:
    with running() as kiosk:
        kiosk.show(screen("请刷卡"))
        with looking(kiosk) as page:
            assert page.title() == "请刷卡"
    kiosk.show(screen("太晚了"))
