"""Fixtures of the hub's tests."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.database import Database
from tests.databases import database, database_url, postgresql, sqlite_template
from tests.hub.cast import settings_in
from tests.hub.keeping import config, harbour, hub
from tests.hub.library import Library, fill, library
from tests.hub.running import Hub

__all__ = ["config", "database", "database_url", "harbour", "hub", "postgresql", "sqlite_template"]


@pytest.fixture(scope="session")
def told_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the cast's library in it, its days told."""
    folder = tmp_path_factory.mktemp("told")
    path = shutil.copy(sqlite_template, folder / "hub.sqlite3")
    filled = Database(f"sqlite:///{path}")
    fill(Hub(settings_in(folder, filled.url), filled), folder)
    filled.close()
    return Path(path)


@pytest.fixture
def own(told_template: Path, tmp_path: Path) -> Iterator[Library]:
    """The cast's library, served, for a test that changes it; its desk plans when it is told to."""
    own_database = Database(f"sqlite:///{shutil.copy(told_template, tmp_path / 'hub.sqlite3')}")
    with library(settings_in(tmp_path, own_database.url), own_database, tmp_path, told=False) as made:
        yield made
    own_database.close()
