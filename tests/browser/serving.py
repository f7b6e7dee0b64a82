"""An ASGI application on a free port of this machine, for as long as a test looks at it."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp


@contextmanager
def serving(app: ASGIApp, *, lifespan: bool = True) -> Iterator[str]:
    """Its address. Without `lifespan`, what the application starts besides answering stays off."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app,
            lifespan="on" if lifespan else "off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        started = threading.Event()

        async def serve() -> None:
            waiting = asyncio.create_task(server.serve(sockets=[listener]))
            while not server.started and not waiting.done():
                await asyncio.sleep(0.005)
            started.set()
            await waiting

        thread = threading.Thread(target=lambda: asyncio.run(serve()), name="served")
        thread.start()
        try:
            assert started.wait(20)
            assert server.started
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()
