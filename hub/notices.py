"""Tells open pages that something changed: threads publish after a commit, pages wait for it."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

WAITING = 100
"""Notices a page may be behind; beyond it is told to look at everything anew."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a commit changed: one site, and the items among it. `items` empty: its state or presence only."""

    site: str
    items: tuple[str, ...] = ()


LOST = Notice("*")
"""Handed to a page that fell behind: anything may have changed."""


class Notices:
    """`publish` from any thread; `async with listen() as queue`, then `await queue.get()`, from any event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[asyncio.Queue[Notice], asyncio.AbstractEventLoop] = {}
        self._count = 0

    @property
    def count(self) -> int:
        """Notices published since the start: a page's version."""
        return self._count

    def publish(self, notice: Notice) -> None:
        """Wakes every listener; never waits and never raises."""
        with self._lock:
            self._count += 1
            listeners = list(self._listeners.items())
        for queue, loop in listeners:
            try:
                loop.call_soon_threadsafe(_offer, queue, notice)
            except RuntimeError:  # its loop is closed: the page went with it
                with self._lock:
                    self._listeners.pop(queue, None)

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[asyncio.Queue[Notice]]:
        """A queue of notices from now on, for as long as the block lasts."""
        queue: asyncio.Queue[Notice] = asyncio.Queue(WAITING)
        with self._lock:
            self._listeners[queue] = asyncio.get_running_loop()
        try:
            yield queue
        finally:
            with self._lock:
                self._listeners.pop(queue, None)


def _offer(queue: asyncio.Queue[Notice], notice: Notice) -> None:
    if queue.full():
        while not queue.empty():
            queue.get_nowait()
        notice = LOST
    queue.put_nowait(notice)
