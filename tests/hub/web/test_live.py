"""What open pages are told, and when."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest
from starlette.requests import Request
from starlette.types import Message

from hub.notices import Notice
from hub.parts import Parts
from hub.web import live
from tests.hub.cast import HARBOUR
from tests.hub.library import SCHOOL, Library

Act = Callable[[Parts], Coroutine[Any, Any, None]]


async def _told(served: Library, act: Act, seen: int | None, headers: list[tuple[bytes, bytes]]) -> tuple[str, str]:
    """The beginning of a stream on which nobody hangs up, and its first events, while `act` goes on beside it."""
    parts: Parts = served.app.state.parts

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("an event nobody sets")

    request = Request({"type": "http", "method": "GET", "path": "/live", "headers": headers}, receive)
    stream = live._changes(request, parts, parts.notices.count if seen is None else seen)
    beginning = await anext(stream)
    acting = asyncio.create_task(act(parts))
    piece = ""
    while "event:" not in piece:
        piece = await asyncio.wait_for(anext(stream), 10)
    await acting
    await stream.aclose()
    return beginning, piece


def _run(
    served: Library, act: Act, seen: int | None = None, headers: list[tuple[bytes, bytes]] | None = None
) -> tuple[str, str]:
    return asyncio.run(_told(served, act, seen, headers or []))


async def _nothing(parts: Parts) -> None:
    return


def test_a_page_is_told_the_site_and_the_items_that_moved(served: Library) -> None:
    async def act(parts: Parts) -> None:
        await asyncio.sleep(0.05)
        parts.notices.publish(Notice(HARBOUR, ("M0001",)))
        parts.notices.publish(Notice(HARBOUR))

    first, second = _run(served, act)

    assert "retry:" in first
    assert second.count("event:") == 2
    assert f"event: site-{HARBOUR}\ndata: changed\n\n" in second
    assert f"event: {live.name_of_item('M0001')}\n" in second


def test_the_page_of_an_item_listens_for_exactly_that_item(served: Library) -> None:
    page = served.librarian().get("/items/M0001").text

    assert f'hx-trigger="sse:{live.name_of_item("M0001")}, sse:all"' in page
    assert live.name_of_item("M0001") != live.name_of_item("M0002")


def test_a_page_that_missed_something_is_told_to_look_at_everything_at_once(served: Library) -> None:
    parts: Parts = served.app.state.parts

    assert _run(served, _nothing, seen=parts.notices.count + 1)[1] == "event: all\ndata: changed\n\n"


def test_a_browser_that_connects_anew_is_told_to_look_at_everything_at_once(served: Library) -> None:
    assert _run(served, _nothing, headers=[(b"last-event-id", b"1")])[1] == "event: all\ndata: changed\n\n"


def test_a_crowd_of_moved_items_is_told_as_one(served: Library) -> None:
    async def act(parts: Parts) -> None:
        await asyncio.sleep(0.05)
        parts.notices.publish(Notice(HARBOUR, tuple(f"M{number}" for number in range(live.MANY + 1))))

    assert _run(served, act)[1] == "event: all\ndata: changed\n\n"


def test_a_site_that_falls_silent_is_told_without_any_message_from_it(
    served: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LOOK_S", 0.05)
    hub = served.hub

    async def act(parts: Parts) -> None:
        await asyncio.sleep(0.3)
        hub.now += timedelta(minutes=5)

    try:
        _, told = _run(served, act)
    finally:
        hub.now -= timedelta(minutes=5)

    assert f"event: site-{HARBOUR}\n" in told
    assert SCHOOL not in told, "it was silent before"
