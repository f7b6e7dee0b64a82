"""The served library, for tests of its pages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.database import Database
from tests.hub.cast import settings_in
from tests.hub.library import Library, library


@pytest.fixture(scope="package")
def served(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """One library for all tests that only look."""
    folder = tmp_path_factory.mktemp("library")
    url = f"sqlite:///{folder / 'hub.sqlite3'}"
    (folder / "hub.sqlite3").write_bytes(sqlite_template.read_bytes())
    database = Database(url)
    with library(settings_in(folder, url), database, folder) as made:
        yield made
    database.close()
