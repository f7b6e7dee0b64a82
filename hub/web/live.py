"""Tells open pages what changed, as server-sent events; they fetch the changed part themselves.

`site-<id>`: its state, or anything on its shelves. `item-<mark>`: that item moved. `all`: look at everything anew.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Iterable

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse

from hub.notices import LOST, Notice
from hub.parts import Parts, parts_of
from hub.views import sites

router = APIRouter()

GATHER_S = 0.3
"""Changes within this time are told once."""
LOOK_S = 10.0
"""How often it is looked whether a site fell silent; also the longest silence on the wire."""
MANY = 200
"""Items moved at once, beyond which every page is told to look."""
LIFETIME_S = 900.0
"""After this the browser connects anew, so that a login that ended is noticed."""


@router.get("/live")
async def live(request: Request, seen: int = 0) -> StreamingResponse:
    """The stream; `seen` is the page's version: when more has happened since, the page is told to look at once."""
    hub = parts_of(request)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_changes(request, hub, seen), media_type="text/event-stream", headers=headers)


async def _changes(request: Request, hub: Parts, seen: int) -> AsyncGenerator[str, None]:
    end = hub.clock.monotonic() + LIFETIME_S
    async with hub.notices.listen() as queue:
        yield "id: 1\nretry: 2000\n\n"
        if hub.notices.count != seen or "last-event-id" in request.headers:  # sent when a browser connects anew
            yield _events(["all"])
        before = await run_in_threadpool(_presence, hub)
        while hub.clock.monotonic() < end and not await request.is_disconnected():
            names = await _gather(queue)
            after = await run_in_threadpool(_presence, hub)
            names |= {f"site-{site}" for site in before.keys() | after.keys() if before.get(site) != after.get(site)}
            before = after
            yield _events(sorted(names)) if names else ": still here\n\n"


async def _gather(queue: asyncio.Queue[Notice]) -> set[str]:
    names: set[str] = set()
    try:
        names |= _names(await asyncio.wait_for(queue.get(), LOOK_S))
    except TimeoutError:
        return names
    await asyncio.sleep(GATHER_S)
    while not queue.empty():
        names |= _names(queue.get_nowait())
    return names


def _names(notice: Notice) -> set[str]:
    if notice == LOST or len(notice.items) > MANY:
        return {"all"}
    return {f"site-{notice.site}"} | {name_of_item(item) for item in notice.items}


def name_of_item(item: str) -> str:
    """What an item's page listens for; barcodes have characters that names of events can't have."""
    return f"item-{hashlib.sha256(item.encode()).hexdigest()[:16]}"


def _presence(hub: Parts) -> dict[str, bool]:
    with hub.database.read() as session:
        return sites.presence(session, hub.settings, hub.clock.utc())


def _events(names: Iterable[str]) -> str:
    return "".join(f"event: {name}\ndata: changed\n\n" for name in names)
