"""The disk under the city: what a power cut leaves of real SQLite files."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from random import Random

import pytest

from firmware_sim.city.disk import Disk, Mood

CUTS = 60


@pytest.fixture
def struck() -> list[bool]:
    return []


@pytest.fixture
def disk(tmp_path: Path, struck: list[bool]) -> Iterator[Disk]:
    made = Disk(tmp_path / "card", Random(1), lambda: struck.append(True))
    yield made
    made.close()


def table(folder: Path, synchronous: str = "FULL") -> sqlite3.Connection:
    db = sqlite3.connect(folder / "a.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(f"PRAGMA synchronous = {synchronous}")
    db.execute("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, body BLOB)")
    return db


def commit_until_it_dies(disk: Disk, synchronous: str) -> int:
    """Rows whose commit was reported before the power failed."""
    done = 0
    with suppress(sqlite3.Error), closing(table(disk.folder, synchronous)) as db:
        for n in range(1, 200):
            db.execute("INSERT INTO t VALUES (?, ?)", (n, bytes(300)))
            done = n
            if n % 20 == 0:
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return done


def rows(folder: Path) -> list[int]:
    with closing(sqlite3.connect(folder / "a.db")) as db:
        assert db.execute("PRAGMA quick_check").fetchone() == ("ok",)
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 't'").fetchone():
            return []
        return [n for (n,) in db.execute("SELECT n FROM t ORDER BY n")]


def lost(tmp_path: Path, synchronous: str) -> int:
    """Of CUTS power cuts, how many cost a row that was reported committed; every file is whole after each."""
    count = 0
    for seed in range(CUTS):
        chance = Random(seed)
        disk = Disk(tmp_path / str(seed), chance, lambda: None)
        try:
            disk.plan_cut(chance.randint(1, 120), after=chance.random() < 0.5)
            done = commit_until_it_dies(disk, synchronous)
            disk.restart(power_failed=True)
            left = rows(disk.folder)
        finally:
            disk.close()
        assert left == list(range(1, len(left) + 1))
        count += len(left) < done
    return count


def test_with_synchronous_full_no_power_cut_costs_a_commit(tmp_path: Path) -> None:
    assert lost(tmp_path, "FULL") == 0


def test_with_synchronous_normal_most_power_cuts_do(tmp_path: Path) -> None:
    assert lost(tmp_path, "NORMAL") > CUTS / 2


def test_a_killed_process_costs_nothing_that_was_written(disk: Disk) -> None:
    with closing(table(disk.folder, "OFF")) as db:
        db.execute("INSERT INTO t VALUES (1, x'00')")
        disk.stop()
    disk.restart(power_failed=False)
    assert rows(disk.folder) == [1]


def test_a_planned_cut_strikes_once_and_nothing_is_written_after_it(disk: Disk, struck: list[bool]) -> None:
    with closing(table(disk.folder)) as db:
        disk.plan_cut(1, after=False)
        for _ in range(3):
            with pytest.raises(sqlite3.OperationalError):
                db.execute("INSERT INTO t VALUES (1, x'00')")
    assert struck == [True]
    disk.restart(power_failed=True)
    assert rows(disk.folder) == []


@pytest.mark.parametrize(("mood", "says"), [(Mood.FULL, "full"), (Mood.READ_ONLY, "readonly")])
def test_a_disk_that_takes_nothing_says_so_and_takes_all_again(disk: Disk, mood: Mood, says: str) -> None:
    with closing(table(disk.folder)) as db:
        disk.mood = mood
        with pytest.raises(sqlite3.OperationalError, match=says):
            db.executemany("INSERT INTO t VALUES (?, ?)", ((n, bytes(3000)) for n in range(1, 100)))
        disk.heal()
        db.execute("INSERT INTO t VALUES (1000, x'00')")
    assert rows(disk.folder)[-1] == 1000


def test_a_lying_card_forgets_what_it_said_it_had(tmp_path: Path) -> None:
    forgot = 0
    for seed in range(20):
        disk = Disk(tmp_path / str(seed), Random(seed), lambda: None)
        db = table(disk.folder)
        disk.lying = True
        db.execute("INSERT INTO t VALUES (1, x'00')")
        disk.stop()
        db.close()
        disk.restart(power_failed=True)
        forgot += rows(disk.folder) == []
        disk.close()
    assert 0 < forgot < 20


def test_files_elsewhere_are_left_alone(disk: Disk, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    steps = disk.steps
    with closing(table(elsewhere)) as db:
        disk.stop()
        db.execute("INSERT INTO t VALUES (1, x'00')")
    assert (rows(elsewhere), disk.steps) == ([1], steps)
