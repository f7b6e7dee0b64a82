"""The hub put together: database, ingest, link to the broker, pages and API. The only place that knows them all."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI, Response
from pydantic import BaseModel
from sqlmodel import Session, select
from starlette.concurrency import run_in_threadpool

from hub import api, claim, ledger, migrations, refold, turns, web
from hub.auth import Door, Guard
from hub.clock import Clock
from hub.database import Database
from hub.directory import feed
from hub.errors import DatabaseNotReady, PromiseBroken
from hub.intake import Intake
from hub.ledger import Touched
from hub.models import Cursor
from hub.notices import Notices
from hub.parts import Parts, parts_of
from hub.promises import Promises
from hub.restocking.desk import Desk
from hub.restocking.steward import Steward
from hub.safekeeping import Safekeeper
from hub.search import index
from hub.settings import Settings
from hub.shards import EVERYTHING, Shards
from protocol import __version__

log = logging.getLogger(__name__)

health = APIRouter()


class Health(BaseModel):
    """How the hub is; all that is said without a login."""

    status: str
    """ok, or degraded while the database or the broker can't be reached."""
    version: str
    database: bool
    broker: bool
    """The link to it stands, or this process takes no messages in and wants none."""


@health.get("/health", summary="How the hub is", tags=["health"])
async def how_is_it(response: Response, parts: Parts = Depends(parts_of)) -> Health:  # noqa: B008 (FastAPI's way)
    """Open to all. 503 while the database can't be reached."""
    try:
        await run_in_threadpool(parts.database.probe)
        database = True
    except DatabaseNotReady:
        database = False
        response.status_code = 503
    broker = parts.broker_up()
    status = "ok" if database and broker else "degraded"
    return Health(status=status, version=__version__, database=database, broker=broker)


def open_database(settings: Settings) -> Database:
    """The database, reachable and of this version; makes the tables of an empty one. Raises DatabaseNotReady."""
    database = Database(settings.url)
    try:
        database.probe()
        with claim.alone(database):
            migrations.ensure(database.engine)
    except DatabaseNotReady:
        database.close()
        raise
    return database


def create_app(
    settings: Settings, clock: Clock | None = None, *, i_know: bool = False, shards: Shards = EVERYTHING
) -> FastAPI:
    """The hub as an application that takes `shards` in; its threads run between start and end of its lifespan.

    `app.state.intake` is to be asked to claim the shards before. Raises HubError when the database isn't ready, or
    holds less than sites were promised (rule H9) and not `i_know`.
    """
    clock = clock or Clock()
    database = open_database(settings)
    try:
        promises = Promises(settings.promise_file)
        ledger_id = prepare(settings, database, clock, promises, i_know)
    except PromiseBroken:
        database.close()
        raise
    notices = Notices()
    intake = Intake(settings, database, clock, notices, promises, ledger_id, shards)
    desk = Desk(database, notices)
    parts = Parts(settings, database, clock, notices, desk, lambda: intake.up)
    safekeeper = Safekeeper(settings, database, clock)
    steward = Steward(settings, database, clock, notices)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        intake.start()
        if not shards.everything:
            intake.bell.start()
        safekeeper.start()
        desk.start()
        steward.start()
        try:
            yield
        finally:
            await run_in_threadpool(steward.stop)
            await run_in_threadpool(desk.stop)
            await run_in_threadpool(safekeeper.stop)
            await run_in_threadpool(intake.stop)
            await run_in_threadpool(intake.bell.stop)
            database.close()

    app = FastAPI(
        title="microlib hub",
        version=__version__,
        lifespan=lifespan,
        openapi_url=None,  # the API describes itself: /api/v1/openapi.json
    )
    app.state.parts = parts
    app.state.intake = intake
    app.add_middleware(Guard, door=Door(parts))
    app.include_router(health)
    app.mount("/api/v1", api.build(parts))
    app.mount("/", web.build(parts))
    return app


def prepare(settings: Settings, database: Database, clock: Clock, promises: Promises, i_know: bool) -> str:
    """What must be true before the first message: the promise, newer understanding, settings told to sites."""
    with database.write() as session:
        turns.alone(session)
        broken = promises.broken(session)
        if broken and not i_know:
            raise PromiseBroken(
                "this ledger is older than what sites were promised; events may be gone for ever. "
                + "; ".join(broken)
                + ". Restore a newer backup, or start with --i-know"
            )
        if broken:
            ledger.renew_ledger_id(session)
        held = {(at.site, at.epoch): at.stored for at in session.exec(select(Cursor))}
        _understand(session, settings)
        index.ensure(session, _tell_indexing)
        feed.update_all(session, settings.owners, clock.utc())
        named = ledger.ledger_id(session)
    if broken:
        promises.lower(held)
    return named


def _tell_indexing(done: int, of: int) -> None:
    if of:
        log.info("making what titles are found by: %d of %d", done, of)


def _understand(session: Session, settings: Settings) -> None:
    touched = Touched()
    if ledger.reinterpret(session, touched):
        refold.apply(session, touched, settings.zone)
