"""What a running hub is made of; pages and API reach it through the request."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import HTTPConnection

from hub.clock import Clock
from hub.database import Database
from hub.notices import Notices
from hub.restocking.desk import Desk
from hub.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """Built once in `hub.app`."""

    settings: Settings
    database: Database
    clock: Clock
    notices: Notices
    desk: Desk
    broker_up: Callable[[], bool]
    """The link to the broker stands right now."""


def parts_of(connection: HTTPConnection) -> Parts:
    """The parts of the hub that serves `connection`; a FastAPI dependency."""
    parts = connection.app.state.parts
    if not isinstance(parts, Parts):
        raise TypeError("the application was not built by hub.app.create_app")
    return parts
