"""The bench page's server, on loopback: static files, one action at a time as JSON, and the world as events."""

import asyncio
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

from firmware_sim.bench.hands import Clumsy, Hands
from firmware_sim.furniture import Unreachable

LOOK_S = 0.15
"""Between looks at the world; what hasn't changed isn't sent again."""
PING_S = 10.0
MAX_BODY = 10_000
_SCRIPTS = ("bench.js", "drag.js", "drawing.js", "locker.js", "room.js", "wires.js", "words.js")
_FILES = {
    "": ("index.html", "text/html"),
    "bench.css": ("bench.css", "text/css"),
    **{name: (name, "text/javascript") for name in _SCRIPTS},
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-src http://127.0.0.1:*",
    "X-Content-Type-Options": "nosniff",
}


class Bench:
    """Serves the page from a thread of its own."""

    def __init__(self, hands: Hands, port: int) -> None:
        """`port` 0 takes a free one."""
        self._hands = hands
        self._listen = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listen.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._port = port
        self._closing = False
        self._server = uvicorn.Server(
            uvicorn.Config(self._app(), log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1)
        )
        self._thread = threading.Thread(target=self._serve, name="bench", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1, once started."""
        return int(self._listen.getsockname()[1])

    def start(self) -> None:
        """Begins to serve; raises OSError when the port is taken."""
        self._listen.bind(("127.0.0.1", self._port))
        self._listen.listen(64)
        self._thread.start()

    def stop(self) -> None:
        """Ends every stream and the thread."""
        self._closing = True
        self._server.should_exit = True
        self._thread.join(timeout=5)
        self._listen.close()

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._listen]))

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                *(Route(f"/{name}", self._file) for name in _FILES),
                Route("/fixed", self._fixed),
                Route("/state", self._state),
                Route("/do", self._do, methods=["POST"]),
                Route("/events", self._events),
            ]
        )

    async def _file(self, request: Request) -> Response:
        name, kind = _FILES[request.url.path.lstrip("/")]
        content = (files("firmware_sim.bench") / "page" / name).read_bytes()
        return Response(content, media_type=kind, headers=_HEADERS)

    async def _fixed(self, request: Request) -> Response:
        return JSONResponse(self._hands.fixed())

    async def _state(self, request: Request) -> Response:
        return JSONResponse(await asyncio.to_thread(self._hands.state))

    async def _do(self, request: Request) -> Response:
        if request.headers.get("content-type", "").split(";")[0] != "application/json":
            return _refused("send JSON", 415)  # a form of another page can't make this request
        body = await request.body()
        try:
            said = json.loads(body) if len(body) <= MAX_BODY else None
        except ValueError:
            said = None
        if not isinstance(said, dict):
            return _refused("that is no action", 400)
        try:
            await asyncio.to_thread(self._hands.do, said)
        except (Clumsy, Unreachable) as reason:
            return _refused(str(reason), 409)
        return JSONResponse({"done": True})

    async def _events(self, request: Request) -> Response:
        stream = self._stream(request.query_params.get("site", ""))
        return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def _stream(self, site: str) -> AsyncIterator[bytes]:
        said, frame, quiet = "", 0, 0.0
        while not self._closing:
            state = json.dumps(await asyncio.to_thread(self._hands.state), ensure_ascii=False)
            frames = self._hands.frames(site, frame)
            if state != said:
                said, quiet = state, 0.0
                yield f"event: state\ndata: {state}\n\n".encode()
            if frames:
                frame, quiet = frames[-1]["n"], 0.0
                yield f"event: frames\ndata: {json.dumps(frames)}\n\n".encode()
            if quiet >= PING_S:
                quiet = 0.0
                yield b": still here\n\n"
            quiet += LOOK_S
            await asyncio.sleep(LOOK_S)


def _refused(why: str, status: int) -> Response:
    return JSONResponse({"done": False, "why": why}, status_code=status)
