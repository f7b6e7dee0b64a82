"""The databases the hub is tested on: SQLite in a file, and a throwaway PostgreSQL cluster.

Both are made from a template that the migrations built once. PostgreSQL is skipped only where its server isn't
installed and nobody said this is CI.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest

from hub.database import Database
from hub.migrations import migrate

ROOT_RUNS_AS = "postgres"
"""PostgreSQL refuses to be run by root; Debian's own account for it is used then."""
_numbers = count(1)


def server_binaries() -> Path | None:
    """Folder of the newest installed PostgreSQL server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def needed_binaries() -> Path:
    """The same; skips the test where there is no server, but in CI fails it."""
    found = server_binaries()
    if found is None:
        if os.environ.get("CI"):
            raise RuntimeError("CI must test on PostgreSQL too: install its server")
        pytest.skip("no PostgreSQL server is installed")
    return found


@contextmanager
def cluster(binaries: Path) -> Iterator[Path]:
    """A running PostgreSQL server, unsafe and quick; its socket's folder, which goes with it.

    It listens at that socket only: any number run beside each other, and nobody else reaches them.
    """
    home = Path(tempfile.mkdtemp(prefix="mlpg"))
    prefix: list[str] = []
    if os.getuid() == 0:
        owner = pwd.getpwnam(ROOT_RUNS_AS)
        os.chown(home, owner.pw_uid, owner.pw_gid)
        prefix = ["runuser", "-u", ROOT_RUNS_AS, "--"]
    data = str(home / "data")

    def run(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [*prefix, str(binaries / program), *arguments],
            cwd="/",
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
        if done.returncode:
            log = home / "log"
            said = log.read_text() if log.exists() else ""
            raise RuntimeError(f"{program} ended with {done.returncode}: {said[-2000:]}")

    quick = f"-F -c synchronous_commit=off -c full_page_writes=off -c listen_addresses= -k {home}"
    try:
        run("initdb", "-D", data, "-U", "microlib", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        run("pg_ctl", "-D", data, "-l", str(home / "log"), "-o", quick, "-w", "start")
        try:
            yield home
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Path]:
    """The session's cluster, with a database `template` that has the hub's tables."""
    with cluster(needed_binaries()) as home:
        with psycopg.connect(_dsn(home, "postgres"), autocommit=True) as admin:
            admin.execute("CREATE DATABASE template")
        template = Database(_url(home, "template"))
        migrate(template.engine)
        template.close()
        yield home


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the hub's tables."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    template = Database(f"sqlite:///{path}")
    migrate(template.engine)
    template.close()
    return path


@contextmanager
def fresh(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """Address of a fresh database with the hub's tables and nothing in them, of the kind `request.param` names."""
    with of_kind(request.param, request, folder) as url:
        yield url


@contextmanager
def of_kind(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """The same of kind "sqlite" or "postgresql"."""
    if kind == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        shutil.copy(template, folder / "hub.sqlite3")
        yield f"sqlite:///{folder / 'hub.sqlite3'}"
        return
    home: Path = request.getfixturevalue("postgresql")
    name = f"hub{next(_numbers)}"
    with psycopg.connect(_dsn(home, "postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template")
    yield _url(home, name)
    with psycopg.connect(_dsn(home, "postgres"), autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh database for each test; on SQLite, then on PostgreSQL."""
    with fresh(request, tmp_path) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The same, opened."""
    opened = Database(database_url)
    yield opened
    opened.close()


def _dsn(home: Path, name: str) -> str:
    return f"host={home} user=microlib dbname={name}"


def _url(home: Path, name: str) -> str:
    return f"postgresql+psycopg://microlib@/{name}?host={home}"
