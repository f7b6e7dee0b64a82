"""The hub's pages: rendered on the server, alive by server-sent events, readable without JavaScript."""

from fastapi import Depends, FastAPI

from hub.parts import Parts
from hub.web import (
    calendar,
    campaigns,
    entrance,
    errors,
    incidents,
    items,
    live,
    loans,
    outcomes,
    overview,
    patrons,
    plans,
    returning,
    runs,
    sites,
    tasks,
    themes,
    titles,
    tours,
)
from hub.web.form import fitting_form
from hub.web.headers import Headers
from hub.web.page import PRINTER, Printer
from hub.web.statics import STATIC, statics


def build(parts: Parts) -> FastAPI:
    """The pages as an application of its own, to be mounted at the root behind `hub.auth.Guard`."""
    app = FastAPI(openapi_url=None, dependencies=[Depends(fitting_form)])
    app.state.parts = parts
    setattr(app.state, PRINTER, Printer())
    app.mount(STATIC, statics())
    app.add_middleware(Headers)
    errors.install(app)
    for noun in (
        entrance,
        overview,
        sites,
        items,
        titles,
        loans,
        patrons,
        themes,
        campaigns,
        calendar,
        plans,
        runs,
        returning,
        tasks,
        tours,
        outcomes,
        incidents,
        live,
    ):
        app.include_router(noun.router)
    return app
