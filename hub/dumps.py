"""Copies of a PostgreSQL ledger, by PostgreSQL's own programs; the password never stands in a command line."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy import inspect
from sqlalchemy.engine import URL, make_url

from hub.database import Database
from hub.errors import BackupUnfit

SCRATCH = "_restored_for_check"
"""What is put behind a database's name for the copy of it that is checked; one at a time."""
LONGEST = 63
"""Bytes of a name, PostgreSQL's NAMEDATALEN less one."""
SPACE = 0x62616B75
"""First half of the advisory lock's name that checks wait for each other with."""


def dump(database: Database, file: Path) -> None:
    """Writes a consistent copy in PostgreSQL's own format; raises BackupUnfit with what pg_dump said."""
    url = make_url(database.url)
    _run(url, "pg_dump", "--format=custom", "--no-owner", f"--file={file}", f"--dbname={_target(url)}")


@contextmanager
def restored(database: Database, file: Path) -> Iterator[Database]:
    """The copy in a database of its own on the same server, for as long as the block lasts; raises BackupUnfit.

    Waits while another process checks one; what a check that was killed left behind is removed.
    """
    url = make_url(database.url)
    name = str(url.database)[: LONGEST - len(SCRATCH)] + SCRATCH
    scratch = sql.Identifier(name)
    with psycopg.connect(_target(url, password=True), autocommit=True) as admin:
        admin.execute("SELECT pg_advisory_lock(%s, 0)", (SPACE,))
        try:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(scratch))
            admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(scratch))
        except psycopg.Error as wrong:
            raise BackupUnfit(f"no place to check the backup: {wrong}; the hub's account needs CREATEDB") from None
        copy = Database(url.set(database=name).render_as_string(hide_password=False))
        try:
            copied = make_url(copy.url)
            _run(copied, "pg_restore", "--exit-on-error", "--no-owner", f"--dbname={_target(copied)}", str(file))
            yield copy
        finally:
            copy.close()
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(scratch))


def load(database: Database, file: Path, workspace: Path) -> None:
    """Puts the copy into a database, in place of every table there, all or nothing; raises BackupUnfit, OSError.

    `workspace` needs room for it unpacked: nothing is touched before the whole file was read.
    """
    url = make_url(database.url)
    with tempfile.TemporaryDirectory(prefix="unpacked-", dir=workspace) as folder:
        script = Path(folder) / "ledger.sql"
        _run(url, "pg_restore", "--exit-on-error", "--no-owner", f"--file={script}", str(file))
        tables = [sql.Identifier(table).as_string() for table in inspect(database.engine).get_table_names()]
        database.close()
        away = ("-c", f"DROP TABLE {', '.join(tables)} CASCADE") if tables else ()
        strict = ("--no-psqlrc", "--quiet", "--single-transaction", "-v", "ON_ERROR_STOP=1")
        _run(url, "psql", *strict, f"--dbname={_target(url)}", *away, "-f", str(script))


def _run(url: URL, program: str, *arguments: str) -> None:
    found = shutil.which(program)
    if found is None:
        raise BackupUnfit(f"{program} isn't installed; on Debian: apt install postgresql-client")
    secret = _password(url)
    env = os.environ | ({"PGPASSWORD": secret} if secret else {})
    done = subprocess.run([found, *arguments], env=env, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise BackupUnfit(f"{program}: {lines[0] if lines else f'ended with {done.returncode}'}")


def _password(url: URL) -> str | None:
    said = url.password if url.password is not None else url.query.get("password")
    return str(said) if said is not None else None


def _target(url: URL, password: bool = False) -> str:
    """What libpq is told of the server and the database."""
    parts = {"dbname": url.database, "user": url.username, "host": url.host, "port": url.port, **url.query}
    parts["password"] = _password(url) if password else None
    return make_conninfo("", **{key: str(value) for key, value in parts.items() if value is not None})
