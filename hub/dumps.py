"""Copies of a PostgreSQL ledger, by PostgreSQL's own programs; the password never stands in a command line."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import URL, make_url

from hub.database import Database
from hub.errors import BackupUnfit


def dump(database: Database, file: Path) -> None:
    """Writes a consistent copy in PostgreSQL's own format; raises BackupUnfit with what pg_dump said."""
    url = make_url(database.url)
    _run(url, "pg_dump", "--format=custom", "--no-owner", f"--file={file}", f"--dbname={_target(url)}")


@contextmanager
def restored(database: Database, file: Path, name: str) -> Iterator[Database]:
    """The copy in a database `name` of its own on the same server, for as long as the block lasts; BackupUnfit."""
    url = make_url(database.url)
    scratch = url.set(database=name)
    with psycopg.connect(_target(url, password=True), autocommit=True) as admin:
        try:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
            admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        except psycopg.Error as wrong:
            raise BackupUnfit(f"no place to check the backup: {wrong}; the hub's account needs CREATEDB") from None
        copy = Database(scratch.render_as_string(hide_password=False))
        try:
            load(copy, file)
            yield copy
        finally:
            copy.close()
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def load(database: Database, file: Path) -> None:
    """Puts the copy into a database, in place of the tables there, all or nothing; raises BackupUnfit."""
    url = make_url(database.url)
    options = ("--exit-on-error", "--single-transaction", "--no-owner", "--clean", "--if-exists")
    _run(url, "pg_restore", *options, f"--dbname={_target(url)}", str(file))


def _run(url: URL, program: str, *arguments: str) -> None:
    found = shutil.which(program)
    if found is None:
        raise BackupUnfit(f"{program} isn't installed; on Debian: apt install postgresql-client")
    env = os.environ | ({"PGPASSWORD": str(url.password)} if url.password is not None else {})
    done = subprocess.run([found, *arguments], env=env, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise BackupUnfit(f"{program}: {lines[0] if lines else f'ended with {done.returncode}'}")


def _target(url: URL, password: bool = False) -> str:
    """What libpq is told of the server and the database."""
    parts = {"dbname": url.database, "user": url.username, "host": url.host, "port": url.port, **url.query}
    if password:
        parts["password"] = url.password
    return make_conninfo("", **{key: str(value) for key, value in parts.items() if value is not None})
