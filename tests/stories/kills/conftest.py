"""The two companies that play: Mosquitto with SQLite, amqtt with PostgreSQL; each keeps its stage for all stories."""

import os
from collections.abc import Iterator

import pytest

from firmware_sim.broker import mosquitto
from tests.databases import of_kind, postgresql, sqlite_template
from tests.stories.kills.whole import ON_POSTGRESQL, ON_SQLITE, Cast, Whole, whole

__all__ = ["postgresql", "sqlite_template", "world"]


@pytest.fixture(scope="package", params=[ON_SQLITE, ON_POSTGRESQL], ids=str)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """Everything running, with nobody there."""
    cast: Cast = request.param
    if cast.broker == "mosquitto" and mosquitto() is None and os.environ.get("CI") != "true":
        pytest.skip("Mosquitto isn't installed")
    folder = tmp_path_factory.mktemp(str(cast))
    with of_kind(cast.database, request, folder) as url, whole(cast, folder / "town", url) as made:
        yield made
