"""How much faster than life the simulated city goes, beside merely writing down as many events one by one."""

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.stopwatch import Contest
from firmware_sim.city.city import plan, run

SITES, DAYS = 3, 2.0
SITE_DAYS = round(SITES * DAYS)


@contextmanager
def contest(folder: Path) -> Iterator[Contest]:
    """Every fault on, another seed each turn; the reference commits that many events to a plain SQLite table."""
    seeds = itertools.count(1)
    events = run(plan(next(seeds), SITES, DAYS)).counts["events"]

    def live() -> int:
        report = run(plan(next(seeds), SITES, DAYS))
        if report.violations:
            raise AssertionError(f"seed {report.plan.seed}: {report.violations[0]}")
        return SITE_DAYS

    with closing(sqlite3.connect(folder / "events.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("CREATE TABLE event (n INTEGER PRIMARY KEY, body BLOB)")

        def write() -> int:
            for _ in range(events):
                db.execute("INSERT INTO event (body) VALUES (?)", (bytes(300),))
            return SITE_DAYS

        yield Contest(
            "site-days",
            f"the city with every fault, {SITES} sites",
            lambda: live,
            f"{events} commits of one row to plain SQLite",
            lambda: write,
        )
