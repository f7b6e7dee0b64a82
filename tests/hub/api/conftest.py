"""The served library, for tests of its API; on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import httpx
import pytest

from hub.database import Database
from tests.databases import fresh
from tests.hub.cast import settings_in
from tests.hub.library import Library, library


@pytest.fixture(scope="package", params=["sqlite", "postgresql"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """One library for all tests that only look."""
    folder = tmp_path_factory.mktemp("library")
    with fresh(request, folder) as url:
        database = Database(url)
        try:
            with library(settings_in(folder, url), database, folder) as made:
                yield made
        finally:
            database.close()


@pytest.fixture
def program(served: Library) -> httpx.Client:
    """A program that sends name and password."""
    return served.program()
