"""The network cable of each site: a way to the broker that can be cut, frozen, half-open or slow.

One thread carries the bytes of all cables. A cut cable drops its connections and refuses new ones; a frozen one keeps
them and passes nothing on, which neither end can tell from silence; a half-open one does so in one direction only. It
can also be made to break at a chosen byte of what a site says.
"""

import asyncio
import socket
import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

CHUNK = 65_536


class State(StrEnum):
    """What a cable does with bytes."""

    THROUGH = "through"
    CUT = "cut"
    FROZEN = "frozen"
    MUTE = "mute"
    """Nothing goes up to the broker; what comes down arrives."""
    DEAF = "deaf"
    """Nothing comes down to the site; what goes up arrives."""


class Way(StrEnum):
    """A direction."""

    UP = "up"
    """From the site to the broker."""
    DOWN = "down"


BLOCKED = {
    State.FROZEN: frozenset(Way),
    State.MUTE: frozenset({Way.UP}),
    State.DEAF: frozenset({Way.DOWN}),
}


@dataclass
class _Break:
    """A connection that is to end in the middle of something."""

    after: int
    """Bytes that still pass once `seen` has."""
    seen: bytes
    tail: bytes = b""
    """The end of what passed before, in which `seen` may have begun."""


class Cables:
    """The thread that carries; `lay` gives a cable."""

    def __init__(self, broker_port: int) -> None:
        self._broker_port = broker_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cables", daemon=True)
        self._cables: list[Cable] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for cable in self._cables:
            asyncio.run_coroutine_threadsafe(cable.close(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def lay(self) -> "Cable":
        """A new cable to the broker; its `port` is this end."""
        cable = Cable(self._loop, self._broker_port)
        asyncio.run_coroutine_threadsafe(cable.open(), self._loop).result(5)
        self._cables.append(cable)
        return cable


class Cable:
    """One site's way to the broker."""

    def __init__(self, loop: asyncio.AbstractEventLoop, broker_port: int) -> None:
        self.port = 0
        """Where the site's agent connects, on 127.0.0.1."""
        self.state = State.THROUGH
        self._loop = loop
        self._broker_port = broker_port
        self._server: asyncio.Server | None = None
        self._flowing = {way: asyncio.Event() for way in Way}
        self._break: _Break | None = None
        self._delay_s = 0.0
        self.broken = threading.Event()
        """Set once the break that was asked for last has come."""
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, state: State) -> None:
        """Cuts, freezes or mends the cable; from any thread, done when this returns."""
        asyncio.run_coroutine_threadsafe(self._put(state), self._loop).result(5)

    def delay(self, seconds: float) -> None:
        """From now on whatever passes, in either direction, takes that long."""
        self._delay_s = seconds

    def break_after(self, count: int, seen: bytes = b"") -> None:
        """Drops the connection once: when `count` bytes have gone up after `seen` went up. New ones are taken again."""
        self.broken.clear()
        self._loop.call_soon_threadsafe(setattr, self, "_break", _Break(count, seen))

    async def open(self) -> None:
        """Begins to listen."""
        for flowing in self._flowing.values():
            flowing.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Drops everything."""
        if self._server is not None:
            self._server.close()
        self._drop()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _put(self, state: State) -> None:
        self.state = state
        for way, flowing in self._flowing.items():
            if way in BLOCKED.get(state, ()):
                flowing.clear()
            else:
                flowing.set()
        if state is State.CUT:
            self._drop()

    def _drop(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._join(reader, writer)
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._tasks.discard(task)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carries both ways until one end is gone."""
        if self.state is State.CUT:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._broker_port)
        ends = {writer, far_writer}
        for end in ends:
            end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._writers |= ends
        ways = {
            asyncio.create_task(self._carry(Way.UP, reader, far_writer)),
            asyncio.create_task(self._carry(Way.DOWN, far_reader, writer)),
        }
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._writers -= ends
            for end in ends:
                end.transport.abort()

    async def _carry(self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            if self._delay_s:
                await asyncio.sleep(self._delay_s)
            await self._flowing[way].wait()
            last = self._breaking(data) if way is Way.UP else None
            writer.write(data[:last])
            await writer.drain()
            if last is not None:
                self.broken.set()
                return

    def _breaking(self, data: bytes) -> int | None:
        """How much of `data` still passes before the break that is due in it; None when none is."""
        due = self._break
        if due is None:
            return None
        start = 0
        if due.seen:
            joined = due.tail + data
            at = joined.find(due.seen)
            if at < 0:
                due.tail = joined[-len(due.seen) + 1 :] if len(due.seen) > 1 else b""
                return None
            start = at + len(due.seen) - len(due.tail)
            due.seen = b""
        if len(data) - start < due.after:
            due.after -= len(data) - start
            return None
        self._break = None
        return start + due.after
