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

    def __init__(self, kiosk: Kiosk, station: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", kiosk.port, timeout=10)
        self._connection.request("GET", f"/events?station={station}")
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
def looking(kiosk: Kiosk, station: str = "") -> Iterator[Stream]:
    stream = Stream(kiosk, station)
    try:
        yield stream
    finally:
        stream.close()


def test_a_page_that_comes_late_is_told_the_latest_screen(kiosk: Kiosk) -> None:
    kiosk.show("cabinet-1", screen("请刷卡"))
    kiosk.show("cabinet-1", screen("请取书"))

    with looking(kiosk) as late:
        assert late.title() == "请取书"


def test_a_doors_page_shows_its_stations_screen_until_it_has_its_own(kiosk: Kiosk) -> None:
    kiosk.show("room-1", screen("正在启动"))
    with looking(kiosk, "room-1/front") as door:
        assert door.title() == "正在启动"

        kiosk.show("room-1/front", screen("请刷卡"))
        kiosk.show("room-1", screen("欢迎"))

        assert door.title() == "请刷卡"


def test_every_page_is_told_of_a_change(kiosk: Kiosk) -> None:
    kiosk.show("cabinet-1", screen("请刷卡"))
    with looking(kiosk) as one, looking(kiosk) as other:
        assert (one.title(), other.title()) == ("请刷卡", "请刷卡")

        kiosk.show("cabinet-1", screen("请取书"))

        assert (one.title(), other.title()) == ("请取书", "请取书")


def test_the_same_screen_shown_twice_is_said_once(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PING_S", 0.05)
    kiosk.show("cabinet-1", screen("请刷卡"))
    with looking(kiosk) as page:
        assert page.title() == "请刷卡"
        kiosk.show("cabinet-1", screen("请刷卡"))

        assert page.line() == "event: ping"


def test_screens_from_many_threads_end_with_one_of_them_on_every_page(kiosk: Kiosk) -> None:
    with looking(kiosk) as page:
        threads = [threading.Thread(target=kiosk.show, args=("cabinet-1", screen(f"第{n}次"))) for n in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        kiosk.show("cabinet-1", screen("最后"))

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
        kiosk.show("cabinet-1", screen("请刷卡"))

        assert page.title() == "请刷卡"


def test_health_says_which_screen_is_shown(kiosk: Kiosk) -> None:
    assert json.loads(get(kiosk, "/health")[2]) == {"status": "ok", "screen": None}

    kiosk.show("cabinet-1", screen("正在清点", "counting"))

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
        first.show("cabinet-1", screen("请刷卡"))
        port = first.port
        with looking(first) as page:
            assert page.title() == "请刷卡"
            first.stop()
            assert page.line() == ""

    with running(port) as second:
        second.show("cabinet-1", screen("又好了"))
        with looking(second) as page:
            assert page.title() == "又好了"


def test_a_port_that_is_taken_is_said_at_the_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder, pytest.raises(OSError, match="in use"):
        Kiosk("127.0.0.1", holder.getsockname()[1]).start()


def test_showing_after_the_end_harms_nobody() -> None:
    with running() as kiosk:
        kiosk.show("cabinet-1", screen("请刷卡"))
        with looking(kiosk) as page:
            assert page.title() == "请刷卡"
    kiosk.show("cabinet-1", screen("太晚了"))


def post(kiosk: Kiosk, said: object, **headers: str) -> int:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    connection = http.client.HTTPConnection("127.0.0.1", kiosk.port, timeout=10)
    try:
        connection.request("POST", "/press", body, {"Content-Type": "application/json", **headers})
        return connection.getresponse().status
    finally:
        connection.close()


def test_what_is_pressed_is_passed_on_with_its_station(kiosk: Kiosk) -> None:
    pressed: list[tuple[str, str]] = []
    kiosk.on_press(lambda station, what: pressed.append((station, what)))
    kiosk.show("desk-1", screen("我的借阅"))
    kiosk.show("room-1", screen("请刷卡"))
    assert post(kiosk, {"station": "room-1", "what": "leave"}) == 200
    assert post(kiosk, {"station": "", "what": "renew-all"}) == 200
    assert pressed == [("room-1", "leave"), ("desk-1", "renew-all")]


@pytest.mark.parametrize(
    ("said", "headers", "status"),
    [
        (b"no json", {}, 422),
        (b"[1]", {}, 422),
        ({"station": "desk-1"}, {}, 422),
        ({"station": "nowhere", "what": "x"}, {}, 422),
        ({"station": "desk-1", "what": ""}, {}, 422),
        ({"station": "desk-1", "what": "x" * 41}, {}, 422),
        ({"station": "desk-1", "what": "\n"}, {}, 422),
        ({"station": "desk-1", "what": "x" * 4000}, {}, 413),
        ({"station": "desk-1", "what": "x"}, {"Content-Type": "text/plain"}, 415),
        ({"station": "desk-1", "what": "x"}, {"Origin": "http://example.org"}, 403),
    ],
)
def test_what_nobody_can_press_is_refused(kiosk: Kiosk, said: object, headers: dict[str, str], status: int) -> None:
    pressed: list[str] = []
    kiosk.on_press(lambda station, what: pressed.append(what))
    kiosk.show("desk-1", screen("请刷卡"))
    assert post(kiosk, said, **headers) == status
    assert pressed == []


def test_each_station_has_a_page_of_its_own(kiosk: Kiosk) -> None:
    kiosk.show("desk-1", screen("桌"))
    kiosk.show("room-1", screen("门"))
    with looking(kiosk) as first, looking(kiosk, "room-1") as second:
        assert (first.title(), second.title()) == ("桌", "门")
        kiosk.show("desk-1", screen("再来"))
        assert first.title() == "再来"
