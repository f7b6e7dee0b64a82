"""The database's versions, oldest first, and how to reach the newest."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect

from hub.errors import DatabaseNotReady

FOLDER = Path(__file__).parent


def migrate(engine: Engine) -> None:
    """Brings the database to the newest version; all or nothing."""
    config = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def ensure(engine: Engine) -> None:
    """Makes the tables in an empty database; raises DatabaseNotReady when there are others than this version's."""
    with engine.connect() as connection:
        version = MigrationContext.configure(connection).get_current_revision()
        tables = set(inspect(connection).get_table_names())
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    if version == newest:
        return
    if version is None and not tables:
        migrate(engine)
        return
    if version is None:
        raise DatabaseNotReady("the database holds tables that are not microlib's; give the hub one of its own")
    raise DatabaseNotReady(f"the database is at version {version}, this hub needs {newest}: run microlib-hub migrate")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
