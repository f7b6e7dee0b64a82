"""The local page's server: on loopback only, one static page, and the screen as server-sent events.

It shows what it is given and decides nothing. Each station has a page, `/?station=desk-1`, and some have several,
`/?station=room-1/front`; without a name it is the first one's. The latest screen is replayed to each new listener, so
that a browser that reconnects, or an agent that restarts, needs nobody's help. What is pressed on a page is passed on
as it is.
"""

import asyncio
import contextlib
import ipaddress
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable
from importlib.resources import files

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from protocol.names import StationName

PING_S = 10.0
"""Between signs of life on the stream; the page takes two and a half of them for silence."""
MAX_PRESS, MAX_WHAT = 400, 40
"""Bytes of a message about something pressed, and characters of what it was."""
_PAGE = {
    "": ("index.html", "text/html"),
    "kiosk.css": ("kiosk.css", "text/css"),
    "kiosk.js": ("kiosk.js", "text/javascript"),
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; style-src 'self'; img-src 'self' data:; frame-ancestors *",
    "X-Content-Type-Options": "nosniff",
}


class Kiosk:
    """The page's server, in a thread of its own; `show` and `tell` may be called from any thread."""

    def __init__(self, host: str, port: int) -> None:
        """`port` 0 takes a free one; raises ValueError unless `host` is this machine's own address."""
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError(f"the kiosk page is for this machine only: {host} is not a loopback address")
        self._status = ""
        self._listen = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        self._listen.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._address = (host, port)
        self._screens: dict[str, str] = {}
        self._press: Callable[[StationName, str], None] = lambda station, what: None
        self._listeners: set[asyncio.Event] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._serve, name="kiosk", daemon=True)
        self._server: uvicorn.Server | None = None
        self._closing = False

    @property
    def port(self) -> int:
        """The port it listens at, once started."""
        return int(self._listen.getsockname()[1])

    def start(self) -> None:
        """Begins to serve; raises OSError when the address is taken."""
        try:
            self._listen.bind(self._address)
            self._listen.listen(64)
        except OSError:
            self._listen.close()
            raise
        self._thread.start()

    def stop(self) -> None:
        """Ends every stream and the thread."""
        self._closing = True
        if self._server is not None:
            self._server.should_exit = True
        self._wake()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        self._listen.close()

    def show(self, station: StationName, screen: str) -> None:
        """Puts a screen (its JSON, on one line) on every page of that station that looks."""
        self._screens[station] = screen
        self._wake()

    def on_press(self, press: Callable[[StationName, str], None]) -> None:
        """From now on `press` is told, on the server's thread, what is pressed at which station."""
        self._press = press

    def tell(self, status: str) -> None:
        """What `/status` answers from now on: the site's status as JSON. Until it is told, 503."""
        self._status = status

    def _wake(self) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # closed just now: nobody listens any longer
                loop.call_soon_threadsafe(self._wake_all)

    def _wake_all(self) -> None:
        for event in self._listeners:
            event.set()

    def _serve(self) -> None:
        config = uvicorn.Config(
            self._app(), log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        asyncio.run(self._run(self._server))

    async def _run(self, server: uvicorn.Server) -> None:
        self._loop = asyncio.get_running_loop()
        if not self._closing:
            await server.serve(sockets=[self._listen])

    def _app(self) -> Starlette:
        routes = [Route(f"/{name}", self._file) for name in _PAGE]
        return Starlette(
            routes=[
                *routes,
                Route("/events", self._events),
                Route("/press", self._pressed, methods=["POST"]),
                Route("/status", self._tell),
                Route("/health", self._health),
            ]
        )

    async def _file(self, request: Request) -> Response:
        name, kind = _PAGE[request.url.path.lstrip("/")]
        content = (files("edge.kiosk") / "page" / name).read_bytes()
        return Response(content, media_type=kind, headers=_HEADERS)

    async def _health(self, request: Request) -> Response:
        screen = self._screen_of("")
        return JSONResponse({"status": "ok", "screen": json.loads(screen)["kind"] if screen else None})

    async def _pressed(self, request: Request) -> Response:
        """Only from a page of ours: another site's form can't send JSON, and its script tells where it came from."""
        origin = request.headers.get("origin")
        if origin is not None and origin != f"{request.url.scheme}://{request.headers.get('host')}":
            return JSONResponse({"detail": "not from this page"}, status_code=403)
        if request.headers.get("content-type", "").split(";")[0] != "application/json":
            return JSONResponse({"detail": "send JSON"}, status_code=415)
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MAX_PRESS:
                return JSONResponse({"detail": "too long"}, status_code=413)
        try:
            said = json.loads(body)
            station, what = str(said["station"]) or next(iter(self._screens)), str(said["what"])
        except (ValueError, TypeError, LookupError, StopIteration):
            return JSONResponse({"detail": "say station and what"}, status_code=422)
        if station not in self._screens or not (0 < len(what) <= MAX_WHAT and what.isascii() and what.isprintable()):
            return JSONResponse({"detail": "no such station, or nothing that can be pressed"}, status_code=422)
        self._press(StationName(station), what)
        return JSONResponse({"pressed": what})

    def _screen_of(self, station: str) -> str:
        """What that station's page shows, or the first one's where none is named.

        A page of a door, `room-1/front`, shows what its station shows until it has something of its own.
        """
        if not station:
            return next(iter(self._screens.values()), "")
        return self._screens.get(station) or self._screens.get(station.partition("/")[0], "")

    async def _tell(self, request: Request) -> Response:
        headers = {"Cache-Control": "no-store"}
        if not self._status:
            return JSONResponse({"detail": "the agent is starting"}, status_code=503, headers=headers)
        return Response(self._status, media_type="application/json", headers=headers)

    async def _events(self, request: Request) -> Response:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        stream = self._stream(request.query_params.get("station", ""))
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    async def _stream(self, station: str) -> AsyncIterator[bytes]:
        changed = asyncio.Event()
        self._listeners.add(changed)
        said = ""
        try:
            yield b"retry: 1000\n\n"
            while not self._closing:
                changed.clear()
                screen = self._screen_of(station)
                if screen and screen != said:
                    said = screen
                    yield f"data: {said}\n\n".encode()
                    continue
                try:
                    await asyncio.wait_for(changed.wait(), PING_S)
                except TimeoutError:
                    yield b"event: ping\ndata: \n\n"
        finally:
            self._listeners.discard(changed)
