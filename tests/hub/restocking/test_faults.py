"""What sites say is amiss becomes somebody's task, and is none any more once it was put right."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from hub.clock import Clock
from hub.database import Database
from hub.directory.rows import Kind as File
from hub.models import Task
from hub.restocking import faults, runs, tasks
from hub.restocking.steward import Steward
from hub.views import sites
from protocol.events import Borrowed, CompartmentWorks, Found, GateAlarmed, Loaded, SecurityOpen, SecuritySet
from tests.hub.cast import HARBOUR, NOON, OWNER, STATION, Journal, of, opened, settings_in, tag_of
from tests.hub.restock.test_faults import ALARM, OPEN, SET, STUCK, WORKS, self_test
from tests.hub.running import Hub


class Watched:
    """`harbour` and `station` say something; `look` is what the steward makes of it."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        self.hub = hub
        hub.now = NOON + timedelta(hours=1)
        hub.bring(File.SITES, f"site,name_zh,name_en\n{HARBOUR},海港,Harbour\n{STATION},东站,Station\n", folder)
        hub.bring(File.TITLES, "title_id,title\nt1,One\n", folder)
        hub.bring(File.ITEMS, f"item,title_id,owner\ni1,t1,{OWNER}\ni2,t1,{OWNER}\n", folder)
        self.harbour, self.station = Journal(HARBOUR), Journal(STATION)
        self.harbour.write(opened(), of(Found, "i1"))
        self.station.write(opened())
        self.steward = Steward(hub.settings, hub.database, Clock(utc=lambda: self.hub.now), hub.notices)
        self.look()

    def look(self) -> list[tuple[str, str, str | None]]:
        """(kind, site, item) of what is to be looked after once the steward has looked."""
        self.hub.deliver(self.harbour, self.station)
        self.steward.look()
        return self.open()

    def open(self) -> list[tuple[str, str, str | None]]:
        rows = [row for row in self.hub.rows(Task) if row.done_at is None]
        return sorted((row.kind, row.site or "", row.item) for row in rows)

    def problems(self, site: str = HARBOUR) -> list[tuple[str, str | None, str, int | None]]:
        with self.hub.database.read() as session:
            view = sites.site(session, self.hub.settings, self.hub.now, site)
        assert view is not None
        return [(one.kind, one.station, one.detail, one.count) for one in view.problems if one.is_task]


@pytest.fixture
def watched(database: Database, tmp_path: Path) -> Watched:
    return Watched(Hub(settings_in(tmp_path, database.url), database), tmp_path)


def test_each_fault_is_a_task_and_shown_with_its_site(watched: Watched) -> None:
    other = STUCK.model_copy(update={"shelf": "02"})
    watched.harbour.write(OPEN, ALARM, STUCK, other, self_test(False, "lock-2", "shelf B"))
    assert watched.look() == [
        ("alarm", HARBOUR, "i1"),
        ("security", HARBOUR, "i1"),
        ("stuck", HARBOUR, None),
        ("stuck", HARBOUR, None),
        ("unwell", HARBOUR, None),
    ]
    assert sorted(watched.problems()) == [
        ("alarm", None, "", 1),
        ("security", None, "", 1),
        ("stuck", "locker-1", "02, 07", 2),
        ("unwell", "cabinet-1", "lock-2, shelf B", 1),
    ]
    assert watched.problems(STATION) == []


def test_what_was_put_right_is_done_by_evidence(watched: Watched) -> None:
    watched.harbour.write(OPEN, STUCK, self_test(False, "lock-2"))
    watched.look()
    watched.harbour.write(WORKS, self_test(True))
    watched.station.write(SET, minutes=30)
    assert watched.look() == []
    assert {row.done_by for row in watched.hub.rows(Task)} == {tasks.EVIDENCE}
    assert watched.problems() == []


def test_an_alarm_is_over_when_the_item_is_seen_again(watched: Watched) -> None:
    watched.harbour.write(ALARM)
    assert watched.look() == [("alarm", HARBOUR, "i1")]
    watched.station.write(of(Loaded, "i1", "v9"), minutes=30)
    assert watched.look() == []


def test_an_alarm_was_none_when_a_loan_is_heard_of_late(watched: Watched) -> None:
    watched.harbour.write(ALARM, minutes=30)
    assert watched.look() == [("alarm", HARBOUR, "i1")]
    watched.station.write(of(Borrowed, "i1", "v9", loan_days=28))
    assert watched.look() == []


def test_an_alarm_is_over_when_the_item_is_scanned_at_the_library(watched: Watched) -> None:
    watched.harbour.write(ALARM)
    watched.look()
    with watched.hub.database.write() as session:
        runs.bring_in(session, watched.hub.settings, "i1", by="lin", now=watched.hub.now)
    assert watched.open() == []


def test_a_second_alarm_after_the_first_was_looked_after_is_a_task_again(watched: Watched) -> None:
    watched.harbour.write(ALARM)
    watched.look()
    with watched.hub.database.write() as session:
        (task,) = session.exec(select(Task))
        tasks.done(session, task.id or 0, "lin", watched.hub.now)
    watched.harbour.write(of(Found, "i2"))
    assert watched.look() == []
    watched.harbour.write(ALARM, minutes=180)
    watched.hub.now += timedelta(hours=4)
    assert watched.look() == [("alarm", HARBOUR, "i1")]


def test_alarms_of_long_ago_are_let_go_and_a_tags_security_is_not(watched: Watched) -> None:
    watched.harbour.write(ALARM, OPEN)
    watched.look()
    watched.hub.now += faults.LOOKED_BACK + timedelta(days=1)
    watched.harbour.write(of(Found, "i2"))
    watched.harbour.write(CompartmentWorks(station="locker-1", shelf="09"))
    assert watched.look() == [("security", HARBOUR, "i1")]


def test_a_hub_that_starts_anew_finds_the_same(watched: Watched) -> None:
    watched.harbour.write(OPEN, GateAlarmed(station="gate-1", tag=tag_of("x")))
    before = watched.look()
    watched.steward = Steward(
        watched.hub.settings, watched.hub.database, Clock(utc=lambda: watched.hub.now), watched.hub.notices
    )
    assert watched.look() == before == [("alarm", HARBOUR, None), ("security", HARBOUR, "i1")]


def test_whoever_hears_first_of_two_sites_the_newest_word_on_a_tag_counts(watched: Watched) -> None:
    watched.station.write(SecuritySet(station="desk-1", tag=tag_of("i1"), item="i1", on_loan=False), minutes=60)
    watched.harbour.write(SecurityOpen(station="desk-1", tag=tag_of("i1"), item="i1", on_loan=True, why="left"))
    watched.hub.deliver(watched.station)
    assert watched.look() == []
