"""Open pages hear of what another process took in."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import bell as bell_module
from hub.bell import Bell
from hub.database import Database
from hub.models import SiteState
from hub.notices import LOST, Notice, Notices
from tests.hub.cast import HARBOUR
from tests.hub.test_link import until


class Page(Notices):
    """What pages would hear."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Notice] = []

    def publish(self, notice: Notice) -> None:
        self.heard.append(notice)


@pytest.fixture
def page(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Page, Bell]]:
    monkeypatch.setattr(bell_module, "LOOK_S", 0.05)
    heard = Page()
    bell = Bell(database, heard)
    bell.start()
    if not database.is_sqlite:
        until(lambda: heard.heard == [LOST])  # it listens from now on
        heard.heard.clear()
    yield heard, bell
    bell.stop()
    assert not any(thread.name == "bell" for thread in threading.enumerate())


def test_a_commit_elsewhere_is_heard_here(database: Database, page: tuple[Page, Bell]) -> None:
    heard, _ = page
    other, notice = Database(database.url), Notice(HARBOUR, ("i1", "i2"))
    worker = Bell(other, Notices())
    turn = 0

    def told() -> bool:
        nonlocal turn
        turn += 1
        with other.write() as session:  # again, should the first look at the file have come after it
            session.merge(SiteState(site=HARBOUR, every_s=turn))
            worker.ring(session, [notice])
        return bool(heard.heard)

    until(told)
    assert heard.heard[0] == (LOST if database.is_sqlite else notice)
    other.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_is_rolled_back_is_not_heard_and_one_does_not_hear_oneself(
    database: Database, page: tuple[Page, Bell]
) -> None:
    heard, own = page
    worker = Bell(database, Notices())
    with database.write() as session:
        worker.ring(session, [Notice("rolled-back")])
        session.rollback()
    with database.write() as session:
        own.ring(session, [Notice("own")])
    with database.write() as session:
        worker.ring(session, [Notice("last")])
    until(lambda: bool(heard.heard))
    assert heard.heard == [Notice("last")]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_too_much_at_once_is_everything(database: Database, page: tuple[Page, Bell]) -> None:
    heard, _ = page
    items = tuple(f"item-{number}" for number in range(1000))
    assert len(json.dumps(items)) > bell_module.LONGEST
    with database.write() as session:
        Bell(database, Notices()).ring(session, [Notice(HARBOUR, items)])
    until(lambda: heard.heard == [LOST])


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_it_listens_again_once_the_database_is_back(
    database: Database, page: tuple[Page, Bell], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    heard, _ = page
    monkeypatch.setattr(bell_module, "AGAIN_S", 0.05)
    with database.write() as session:
        session.connection().exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
            "AND datname = current_database() AND query LIKE 'LISTEN%%'"
        )
    until(lambda: heard.heard.count(LOST) >= 2)  # that it was deaf, and that it listens anew
    with database.write() as session:
        Bell(database, Notices()).ring(session, [Notice(HARBOUR)])
    until(lambda: Notice(HARBOUR) in heard.heard)
