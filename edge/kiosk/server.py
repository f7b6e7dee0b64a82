"""The local page's server: on loopback only, one static page, and the screen as server-sent events.

It shows what it is given and decides nothing. The latest screen is replayed to each new listener, so a browser that
reconnects, or an agent that restarts, needs nobody's help.
"""

import asyncio
import contextlib
import ipaddress
import json
import socket
import threading
from collections.abc import AsyncIterator
from importlib.resources import files

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

PING_S = 10.0
"""Between signs of life on the stream; the page takes two and a half of them for silence."""
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
        self._screen = ""
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

    def show(self, screen: str) -> None:
        """Puts a screen (its JSON, on one line) on every page that looks."""
        self._screen = screen
        self._wake()

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
                Route("/status", self._tell),
                Route("/health", self._health),
            ]
        )

    async def _file(self, request: Request) -> Response:
        name, kind = _PAGE[request.url.path.lstrip("/")]
        content = (files("edge.kiosk") / "page" / name).read_bytes()
        return Response(content, media_type=kind, headers=_HEADERS)

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok", "screen": json.loads(self._screen)["kind"] if self._screen else None})

    async def _tell(self, request: Request) -> Response:
        headers = {"Cache-Control": "no-store"}
        if not self._status:
            return JSONResponse({"detail": "the agent is starting"}, status_code=503, headers=headers)
        return Response(self._status, media_type="application/json", headers=headers)

    async def _events(self, request: Request) -> Response:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._stream(), media_type="text/event-stream", headers=headers)

    async def _stream(self) -> AsyncIterator[bytes]:
        changed = asyncio.Event()
        self._listeners.add(changed)
        said = ""
        try:
            yield b"retry: 1000\n\n"
            while not self._closing:
                changed.clear()
                if self._screen and self._screen != said:
                    said = self._screen
                    yield f"data: {said}\n\n".encode()
                    continue
                try:
                    await asyncio.wait_for(changed.wait(), PING_S)
                except TimeoutError:
                    yield b"event: ping\ndata: \n\n"
        finally:
            self._listeners.discard(changed)
