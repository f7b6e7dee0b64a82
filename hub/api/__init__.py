"""The hub's REST API: one router a noun, JSON throughout, every answer a model of `hub.views`."""

from fastapi import Depends, FastAPI

from hub.api import (
    campaigns,
    errors,
    events,
    exceptions,
    files,
    items,
    loans,
    outcomes,
    overview,
    patrons,
    plans,
    reservations,
    runs,
    scans,
    sites,
    tasks,
    themes,
    titles,
    tours,
)
from hub.api.writing import json_only
from hub.parts import Parts

ABOUT = """
Where every item of the micro-libraries is, who has it, and how that is known.

Log in with the cookie of the web pages, or send staff name and password with each request (HTTP Basic).
What is sent is JSON and must say so (`Content-Type: application/json`), also where a body isn't needed.
Lists come in pages: `limit` and `offset`, the `total`, and `next`, the address of the next page or null.
What goes wrong is said in one shape: `{"error": {"code", "message", "fields"}}`.
"""


def build(parts: Parts) -> FastAPI:
    """The API as an application of its own, to be mounted at /api/v1 behind `hub.auth.Guard`."""
    app = FastAPI(
        title="microlib hub",
        version="1",
        description=ABOUT,
        openapi_url="/openapi.json",
        docs_url=None,  # the interactive pages would come from somebody else's server
        redoc_url=None,
        responses=errors.DECLARED,
        dependencies=[Depends(json_only)],
    )
    app.state.parts = parts
    errors.install(app)
    for noun in (
        overview,
        titles,
        items,
        loans,
        patrons,
        reservations,
        sites,
        themes,
        campaigns,
        plans,
        tours,
        runs,
        scans,
        tasks,
        outcomes,
        files,
        events,
        exceptions,
    ):
        app.include_router(noun.router)
    return app
