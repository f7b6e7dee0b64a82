"""The database's versions, oldest first, and how to reach the newest."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect

from hub.errors import DatabaseNotReady

FOLDER = Path(__file__).parent


def migrate(engine: Engine, to: str = "head") -> None:
    """Brings the database to the newest version, or to the version `to`; all or nothing."""
    config = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)


def ensure(engine: Engine) -> None:
    """Makes the tables in an empty database; raises DatabaseNotReady when there are others than this version's."""
    version, tables = _found(engine)
    if version is None and not tables:
        migrate(engine)
    elif is_older(engine):
        raise DatabaseNotReady(
            f"the database is at version {version}, this hub needs {_newest_first()[0]}: run microlib-hub migrate"
        )


def is_older(engine: Engine) -> bool:
    """Whether `migrate` has something to do; raises DatabaseNotReady for tables that aren't microlib's, or newer."""
    version, _ = _found(engine)
    if version is None:
        raise DatabaseNotReady("the database holds tables that are not microlib's; give the hub one of its own")
    if version not in _newest_first():
        raise DatabaseNotReady(f"the database is at version {version}, of a newer microlib than this one: update it")
    return version != _newest_first()[0]


def _found(engine: Engine) -> tuple[str | None, set[str]]:
    """The database's version, and its tables."""
    with engine.connect() as connection:
        version = MigrationContext.configure(connection).get_current_revision()
        return version, set(inspect(connection).get_table_names())


@cache
def _newest_first() -> tuple[str, ...]:
    return tuple(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
