"""A library with two sites and a run to be picked, and sites that say what a courier did there."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from hub.directory.rows import Kind
from hub.models import Run, Site, Task
from hub.restocking import outcomes, runs, tasks
from hub.restocking.outcomes import Outcome
from hub.restocking.runs import Picked, Wanted
from protocol.events import Fact, Found, Loaded, Unloaded, VisitEnded
from protocol.names import SiteId
from tests.hub.cast import HARBOUR, NOON, OWNER, STATION, Journal, hex_id, of, opened
from tests.hub.running import Hub

DAY = date(2026, 3, 3)
"""Of the run: the day after NOON's."""
HOME = tuple(f"i{number}" for number in range(1, 7))
"""Items at the library; t1 has i1 and i2."""
THERE = ("i7", "i8")
"""Items at the harbour."""


class Delivering:
    """`run` has i1, i3 and i4 for the harbour, i5 for the station, takes i7 there from the harbour, and i8 home."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        self.hub = hub
        self.zone = hub.settings.zone
        self.now = NOON + timedelta(hours=20)
        hub.bring(Kind.RULES, "group,loan_days,limit\nadult,28,5\n", folder)
        works = "title_id,title,author,clc\nt1,红楼梦,曹雪芹,I242.4\nt2,Emma,Jane Austen,I561.4\nt3,呐喊,鲁迅,I210\n"
        hub.bring(Kind.TITLES, works, folder)
        titles = ("t1", "t1", "t2", "t2", "t3", "t3", "t2", "t3")
        rows = [f"{item},{title},{OWNER},B{item[1:]}\n" for item, title in zip(HOME + THERE, titles, strict=True)]
        hub.bring(Kind.ITEMS, "item,title_id,owner,barcode\n" + "".join(rows), folder)
        with hub.database.write() as session:
            session.add(
                Site(site=HARBOUR, name_zh="海港银行", name_en="Harbour Bank", address="海港路 1 号", capacity=60)
            )
            session.add(Site(site=STATION, name_zh="东站", name_en="East Station", address="东站 B 厅", capacity=40))
        self.harbour, self.station = Journal(HARBOUR), Journal(STATION)
        self.harbour.write(opened(), *(of(Found, item) for item in THERE))
        self.station.write(opened())
        hub.deliver(self.harbour, self.station)
        self.run = self.make()

    def make(self, day: date = DAY, name: str = "Tuesday", **more: Any) -> int:
        wanted = (
            *(Wanted(item, "t2", None, HARBOUR) for item in ("i1", "i3", "i4")),
            Wanted("i5", "t3", None, STATION),
            Wanted("i7", "t2", HARBOUR, STATION),
            Wanted("i8", "t3", HARBOUR, None),
        )
        values = {"stops": [(HARBOUR, 12), (STATION, None)], "transfers": wanted, "tote": 2} | more
        with self.hub.database.write() as session:
            return runs.make(session, day=day, name=name, **values)

    def write(self, change: Any) -> Any:
        """`change(session)`, committed."""
        with self.hub.database.write() as session:
            return change(session)

    def scan(self, code: str, run: int | None = None) -> Picked:
        self.now += timedelta(minutes=2)
        return self.write(  # type: ignore[no-any-return]
            lambda s: runs.pick(s, self.hub.settings, run or self.run, code, by="lin", now=self.now)
        )

    def bring_in(self, code: str, hours: float = 0) -> runs.Brought:
        self.now += timedelta(hours=hours, minutes=2)
        return self.write(  # type: ignore[no-any-return]
            lambda s: runs.bring_in(s, self.hub.settings, code, by="lin", now=self.now)
        )

    def picked(self, *codes: str) -> None:
        for code in codes:
            assert self.scan(code).happened is runs.Happened.TAKEN

    def left(self, *codes: str) -> None:
        """The run is picked and gone."""
        self.picked(*codes)
        self.write(lambda s: runs.leave(s, self.run, now=self.now))

    def closed(self) -> None:
        self.write(lambda s: runs.close(s, self.run, self.zone, self.now))

    def visit(self, journal: Journal, visit: str, *facts: Fact, at: datetime | None = None) -> None:
        """A courier's visit, written into the site's journal only."""
        journal.up_ms = int(((at or self.now) - journal.start).total_seconds() * 1000)
        journal.open_visit(visit, kind="restock")
        journal.write(*facts, VisitEnded(station="cabinet-1", visit=hex_id(visit), outcome="settled"))

    def outcome(self, run: int | None = None) -> Outcome:
        with self.hub.database.read() as session:
            return outcomes.read(session, runs.get(session, run or self.run), self.zone)

    def lines(self, site: SiteId) -> dict[str, str]:
        return {line.item: str(line.outcome) for line in self.outcome().stops[site].lines}

    def open_tasks(self) -> set[tuple[str, str]]:
        return {(row.kind, row.item or "") for row in self.hub.rows(Task) if row.done_at is None}

    def task(self, kind: tasks.Kind, item: str) -> Task:
        (row,) = (row for row in self.hub.rows(Task) if (row.kind, row.item) == (kind, item))
        assert isinstance(row, Task)
        return row

    def row(self) -> Run:
        with self.hub.database.read() as session:
            return runs.get(session, self.run)


def loaded(item: str, visit: str) -> Any:
    return of(Loaded, item, visit)


def unloaded(item: str, visit: str) -> Any:
    return of(Unloaded, item, visit)
