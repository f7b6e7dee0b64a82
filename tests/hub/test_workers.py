"""Several ingest workers on one ledger, even on the same sites at once: dense, each event once, equal to a rebuild."""

import json
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session, SQLModel, select

from hub import agreement, ingest, refold, turns
from hub.database import Database
from hub.directory.rows import Kind
from hub.models import LedgerRow
from hub.promises import Promises
from hub.settings import Settings
from protocol.topics import Up, up
from tests.hub.cast import HARBOUR, OWNER, STATION, UID, Journal, found, opened, settings_in
from tests.hub.racer import race, world
from tests.hub.running import Hub
from tests.hub.test_convergence import OTHER_UID

CARDS = f"patron,name,group,card_uid\np1,Wei,adult,{UID}\np2,Ana,adult,{OTHER_UID}\n"


def stocked(settings: Settings, database: Database) -> Hub:
    hub, folder = Hub(settings, database), settings.data_dir
    hub.bring(Kind.RULES, "group,loan_days,limit\nadult,28,5\n", folder)
    hub.bring(Kind.TITLES, "title_id,title\nt1,One\n", folder)
    hub.bring(Kind.ITEMS, f"item,title_id,owner\ni1,t1,{OWNER}\ni2,t1,{OWNER}\ni3,t1,{OWNER}\n", folder)
    hub.bring(Kind.PATRONS, CARDS, folder)
    return hub


@contextmanager
def told_in_turn(settings: Settings, seed: int) -> Iterator[Hub]:
    """The same world, told to one worker alone in order."""
    database = Database("sqlite://")
    SQLModel.metadata.create_all(database.engine)
    hub = stocked(settings, database)
    for journals in world(seed):
        hub.deliver(*journals)
    yield hub
    database.close()


def assert_whole(hub: Hub, seed: int) -> None:
    """Every event of the world once and in its place; every table what a single worker makes of it."""
    rows = sorted((row.site, row.epoch, row.seq, row.body) for row in hub.rows(LedgerRow))
    journals = [journal for site in world(seed) for journal in site]
    assert rows == sorted((j.site, j.epoch, n, body) for j in journals for n, body in enumerate(j.bodies, 1))
    with hub.database.read() as session:
        assert agreement.differences(session, hub.settings.zone) == []
    with told_in_turn(hub.settings, seed) as plain:
        assert hub.tables() == plain.tables()


@pytest.mark.parametrize("seed", [3, 11])
def test_two_workers_racing_in_threads(database: Database, tmp_path: Path, seed: int) -> None:
    settings = settings_in(tmp_path, database.url)
    first = stocked(settings, database)
    second = Hub(settings, Database(database.url))
    with ThreadPoolExecutor(2) as pool:
        races = [pool.submit(race, hub, world(seed), Random(own)) for own, hub in enumerate((first, second))]
        for run in races:
            run.result(120)
    second.database.close()
    assert first.ingest.counts["failed"] == second.ingest.counts["failed"] == 0
    assert_whole(first, seed)


def test_three_workers_racing_as_processes(database: Database, tmp_path: Path) -> None:
    hub = stocked(settings_in(tmp_path, database.url), database)
    seed = 5
    command = [sys.executable, "-m", "tests.hub.racer", database.url]
    racers = []
    for own in range(3):
        folder = tmp_path / str(own)
        folder.mkdir()
        words = [*command, str(folder), str(seed), str(own)]
        racers.append(subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    said = [racer.communicate(timeout=120)[1] for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0, 0], said
    assert_whole(hub, seed)


def test_a_group_that_lost_a_race_is_tried_again_and_nothing_of_it_fails(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, journal = stocked(settings_in(tmp_path, database.url), database), Journal(HARBOUR)
    journal.write(opened(), found("i1"))
    real, tries = refold.apply, []

    def quicker(*given: Any) -> Any:
        tries.append(1)
        if len(tries) < 3:
            raise IntegrityError("INSERT", {}, Exception("somebody else wrote this row"))
        return real(*given)

    monkeypatch.setattr(refold, "apply", quicker)
    hub.send(HARBOUR, Up.EVENTS, journal.batch().wire())
    assert (len(tries), len(hub.rows(LedgerRow)), len(hub.answers)) == (3, 2, 1)
    assert hub.ingest.counts["again"] == 2
    assert hub.ingest.counts["failed"] == 0


def test_a_database_that_comes_back_gets_the_group_that_it_missed(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, journal = stocked(settings_in(tmp_path, database.url), database), Journal(HARBOUR)
    journal.write(opened(), found("i1"))
    real, tries, answered = turns.take, [], threading.Event()

    def away(*given: Any) -> None:
        tries.append(1)
        if len(tries) < 4:
            raise OperationalError("BEGIN", {}, Exception("the server closed the connection"))
        real(*given)

    monkeypatch.setattr(turns, "take", away)
    monkeypatch.setattr(ingest, "PAUSE_S", 0.01)
    hub.ingest._publish = lambda topic, payload: answered.set()
    hub.ingest.start()
    hub.ingest.offer(up(HARBOUR, Up.EVENTS), journal.batch().wire())
    assert answered.wait(20)
    hub.ingest.stop()
    assert len(hub.rows(LedgerRow)) == 2
    assert hub.ingest.counts["failed"] == 0


def test_what_a_sound_database_refuses_is_dropped_and_those_beside_it_are_not(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, answered = stocked(settings_in(tmp_path, database.url), database), threading.Event()
    real, journals = turns.take, [Journal(HARBOUR), Journal(STATION)]

    def refuses(session: Session, sites: Collection[str]) -> None:
        if HARBOUR in sites:
            raise OperationalError("INSERT", {}, Exception("too much of something"))
        real(session, sites)

    monkeypatch.setattr(turns, "take", refuses)
    monkeypatch.setattr(ingest, "PAUSE_S", 0.01)
    hub.ingest._publish = lambda topic, payload: answered.set()
    for journal in journals:
        journal.write(opened(), found("i1"))
        hub.ingest.offer(up(journal.site, Up.EVENTS), journal.batch().wire())
    hub.ingest.start()
    assert answered.wait(20)
    hub.ingest.stop()
    assert {row.site for row in hub.rows(LedgerRow)} == {STATION}
    assert hub.ingest.counts["failed"] == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_on_postgresql_a_site_is_one_workers_at_a_time_and_others_go_on(database: Database) -> None:

    def refused(sites: set[str]) -> bool:
        with database.engine.connect() as connection, Session(connection) as session:
            session.execute(text("SET LOCAL lock_timeout = '50ms'"))
            try:
                turns.take(session, sites)
            except OperationalError:
                session.rollback()
                return True
            return False

    with database.write() as session:
        turns.take(session, {HARBOUR})
        assert refused({HARBOUR, STATION})
        assert not refused({STATION})
    assert not refused({HARBOUR})


def test_nobody_takes_messages_in_while_an_import_writes(database: Database, tmp_path: Path) -> None:
    hub, journal = stocked(settings_in(tmp_path, database.url), database), Journal(HARBOUR)
    journal.write(opened(), found("i1"))
    other = Hub(hub.settings, Database(database.url))
    with ThreadPoolExecutor(1) as pool:
        with database.write() as session:
            turns.alone(session)
            sent = pool.submit(other.send, HARBOUR, Up.EVENTS, journal.batch().wire())
            with pytest.raises(TimeoutError):
                sent.result(0.3)
            assert session.exec(select(LedgerRow)).all() == []
        assert sent.result(20) is not None
    other.database.close()


def test_what_several_workers_promise_is_all_written_down(tmp_path: Path) -> None:
    first, second = Promises(tmp_path / "promise.json"), Promises(tmp_path / "promise.json")
    first.keep({(HARBOUR, "e1"): 5})
    second.keep({(STATION, "e2"): 7, (HARBOUR, "e1"): 3})
    told = json.loads((tmp_path / "promise.json").read_text())
    assert told == {"archived": {HARBOUR: {"e1": 5}, STATION: {"e2": 7}}}
