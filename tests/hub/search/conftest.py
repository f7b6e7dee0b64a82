"""One filled database of each kind for all tests that only ask."""

from collections.abc import Iterator

import pytest

from hub.database import Database
from tests.databases import fresh
from tests.hub.search.works import fill


@pytest.fixture(scope="package", params=["sqlite", "postgresql"])
def catalogue(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with fresh(request, tmp_path_factory.mktemp("catalogue")) as url:
        database = Database(url)
        try:
            fill(database)
            yield database
        finally:
            database.close()
