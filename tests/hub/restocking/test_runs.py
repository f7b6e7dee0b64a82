"""Runs, on both databases: picked, carried out, judged by what sites say, however late they say it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.clock import Clock
from hub.models import Holding, Loan, Plan, Stop, Task, Transfer
from hub.restocking import runs, scans, tasks
from hub.restocking.errors import Refused, Unknown
from hub.restocking.runs import Dropped, Happened, State, Wanted
from hub.restocking.steward import Steward
from hub.restocking.tasks import Kind
from protocol.events import Missing
from tests.hub.cast import HARBOUR, NOON, STATION, Journal, borrowed, of, opened
from tests.hub.restocking.delivering import DAY, Delivering, loaded, unloaded
from tests.hub.running import Hub


@pytest.fixture
def delivering(hub: Hub, tmp_path: Path) -> Delivering:
    return Delivering(hub, tmp_path)


def transfers(delivering: Delivering) -> dict[str, Transfer]:
    return {row.item: row for row in delivering.hub.rows(Transfer)}


def refused(delivering: Delivering, change: Any) -> str:
    with pytest.raises(Refused) as caught:
        delivering.write(change)
    return caught.value.code


# --------------------------------------------------------------------------------------------------------------- making


def test_a_run_has_its_stops_in_order_and_what_it_moves(delivering: Delivering) -> None:
    stops = sorted(delivering.hub.rows(Stop), key=lambda stop: stop.number)
    assert [(stop.site, stop.number, stop.minutes) for stop in stops] == [(HARBOUR, 1, 12), (STATION, 2, None)]
    assert delivering.row().state == State.PICKING
    assert transfers(delivering)["i7"].origin == HARBOUR


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"stops": [(HARBOUR, 1), (HARBOUR, 2)]}, "stop-twice"),
        ({"stops": [(HARBOUR, 1)]}, "not-a-stop"),
        ({"transfers": [Wanted("i6", "t3", None, None)]}, "nowhere"),
        ({"transfers": [Wanted("i6", "t3", None, HARBOUR)] * 2}, "item-twice"),
        ({}, "busy"),
    ],
)
def test_a_run_that_can_t_be_is_refused(delivering: Delivering, changed: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as caught:
        delivering.make(**changed)
    assert caught.value.code == code


def test_a_run_to_nowhere_known_is_refused(delivering: Delivering) -> None:
    with pytest.raises(Unknown):
        delivering.make(stops=[("moon", None)])


def test_a_plan_made_again_keeps_its_run_and_what_was_picked(delivering: Delivering) -> None:
    wanted = [Wanted(item, "t2", None, HARBOUR) for item in ("i2", "i6")]
    with delivering.hub.database.write() as session:
        session.add(Plan(id=5, day=DAY, cycle=7, state="approved", made_at=NOON, made_by="lin"))
    first = delivering.make(plan=5, transfers=wanted)
    assert delivering.scan("i2", first).happened is Happened.TAKEN
    again = delivering.make(plan=5, transfers=[Wanted("i6", "t2", None, STATION)], name="Wednesday")
    assert again == first
    rows = transfers(delivering)
    assert (rows["i6"].target, rows["i2"].dropped) == (STATION, Dropped.REPLANNED)
    assert delivering.make(plan=5, transfers=wanted) == first
    assert transfers(delivering)["i2"].dropped is None


# -------------------------------------------------------------------------------------------------------------- picking


def test_each_scan_says_what_came_of_it(delivering: Delivering) -> None:
    taken = delivering.scan("b1")
    assert (taken.happened, taken.item, taken.title, taken.place) == (Happened.TAKEN, "i1", "红楼梦", HARBOUR)
    again = delivering.scan("i1")
    assert (again.happened, again.scan) == (Happened.AGAIN, taken.scan)
    assert delivering.scan("i7").happened is Happened.AT_SITE
    assert delivering.scan("nothing").happened is Happened.UNKNOWN
    other = delivering.scan("i6")
    assert (other.happened, other.other) == (Happened.OTHER_COPY, "B5")
    assert delivering.scan("i2").happened is Happened.NOT_WANTED
    second = delivering.make(name="Second", transfers=[Wanted("i2", "t1", None, HARBOUR)])
    found = delivering.scan("i2")
    assert (found.happened, found.other) == (Happened.OTHER_RUN, "Second")
    assert delivering.scan("i2", second).happened is Happened.TAKEN
    with delivering.hub.database.read() as session:
        assert set(runs.picked(session, delivering.run)) == {"i1"}
        assert session.get_one(Holding, "i1").state == "transit"


def test_a_pick_can_be_taken_back(delivering: Delivering) -> None:
    taken = delivering.scan("i1")
    assert taken.scan is not None
    settings, number = delivering.hub.settings, taken.scan
    delivering.write(lambda s: runs.unpick(s, settings, delivering.run, number, delivering.now))
    with delivering.hub.database.read() as session:
        assert runs.picked(session, delivering.run) == {}
        assert session.get_one(Holding, "i1").state == "library"
    with pytest.raises(Unknown):
        delivering.write(lambda s: runs.unpick(s, settings, delivering.run + 1, number, delivering.now))
    delivering.picked("i1")


def test_an_item_nobody_finds_is_dropped_and_somebody_looks_for_it(delivering: Delivering) -> None:
    rows = transfers(delivering)
    one, two = rows["i1"].id, rows["i3"].id
    for transfer in (one, two):
        delivering.write(lambda s, t=transfer: runs.drop(s, t, Dropped.NOT_FOUND, delivering.zone, delivering.now))
    assert delivering.open_tasks() == {("not-found", "i1"), ("not-found", "i3")}
    assert delivering.scan("i1").happened is Happened.TAKEN
    delivering.write(lambda s: runs.restore(s, two, delivering.zone, delivering.now))
    assert delivering.open_tasks() == set()
    assert {row.dropped for row in transfers(delivering).values()} == {None}
    assert (
        refused(delivering, lambda s: runs.drop(s, one, Dropped.BY_HAND, delivering.zone, delivering.now)) == "picked"
    )


def test_what_is_lost_and_found_by_a_site_is_no_task_any_more(delivering: Delivering) -> None:
    lost = transfers(delivering)["i1"].id
    delivering.write(lambda s: runs.drop(s, lost, Dropped.NOT_FOUND, delivering.zone, delivering.now))
    steward = Steward(
        delivering.hub.settings, delivering.hub.database, Clock(utc=lambda: delivering.now), delivering.hub.notices
    )
    assert steward.look() == []
    journal = Journal(STATION, "second", "b2", delivering.now + timedelta(hours=1))
    journal.write(opened(), of(Missing, "i9"))
    journal.visit("v5", borrowed("i1", "v5"))
    delivering.hub.deliver(journal)
    assert steward.look() == [delivering.run]
    assert delivering.open_tasks() == set()
    assert delivering.task(Kind.NOT_FOUND, "i1").done_by == tasks.EVIDENCE


# ------------------------------------------------------------------------------------------------------------- the trip


def test_only_what_fits_a_run_s_state_can_be_done_with_it(delivering: Delivering) -> None:
    run, zone, now = delivering.run, delivering.zone, delivering.now
    settings = delivering.hub.settings
    assert refused(delivering, lambda s: runs.close(s, run, zone, now)) == "run-state"
    assert refused(delivering, lambda s: runs.unleave(s, run)) == "run-state"
    assert refused(delivering, lambda s: runs.reopen(s, run, zone, now)) == "run-state"
    delivering.write(lambda s: runs.leave(s, run, now=now))
    assert refused(delivering, lambda s: runs.pick(s, settings, run, "i1", by="lin", now=now)) == "run-state"
    assert refused(delivering, lambda s: runs.leave(s, run, now=now)) == "run-state"
    assert refused(delivering, lambda s: runs.skip(s, run, HARBOUR, " ")) == "why"
    with pytest.raises(Unknown):
        delivering.write(lambda s: runs.skip(s, run, "moon", "too far"))
    delivering.write(lambda s: runs.close(s, run, zone, now))
    assert refused(delivering, lambda s: runs.skip(s, run, HARBOUR, "closed")) == "run-state"
    assert refused(delivering, lambda s: runs.abandon(s, run, "", zone, now)) == "run-state"
    with pytest.raises(Unknown):
        delivering.write(lambda s: runs.leave(s, 999, now=now))


def test_a_run_leaves_without_what_is_not_picked_or_with_it_still_wanted(delivering: Delivering) -> None:
    delivering.left("i1")
    assert {item for item, row in transfers(delivering).items() if row.dropped == Dropped.LEFT} == {"i3", "i4", "i5"}
    delivering.write(lambda s: runs.unleave(s, delivering.run))
    assert {row.dropped for row in transfers(delivering).values()} == {None}
    delivering.write(lambda s: runs.leave(s, delivering.run, now=delivering.now, without=False))
    assert {row.dropped for row in transfers(delivering).values()} == {None}


def test_a_site_that_was_offline_tells_days_later_what_the_courier_did(delivering: Delivering) -> None:
    """One of three items didn't arrive, and a stranger did; the first nobody knew until the cabinet spoke."""
    delivering.left("i1", "i3", "i4", "i5")
    delivering.visit(delivering.harbour, "c1", loaded("i1", "c1"), loaded("i3", "c1"), loaded("i6", "c1"),
                     unloaded("i7", "c1"), unloaded("i8", "c1"))  # fmt: skip
    delivering.now += timedelta(hours=1)
    delivering.visit(delivering.station, "c2", loaded("i5", "c2"), loaded("i7", "c2"))
    delivering.hub.deliver(delivering.station)
    delivering.now += timedelta(hours=2)
    delivering.closed()
    assert delivering.lines(STATION) == {"i5": "loaded", "i7": "loaded"}
    assert set(delivering.lines(HARBOUR).values()) == {"open"}
    assert delivering.open_tasks() == {("not-back", "i1"), ("not-back", "i3"), ("not-back", "i4")}
    brought = delivering.bring_in("i8", hours=1)  # its cabinet hasn't said yet that it left
    assert (brought.told.state, brought.run) == ("shelf", None)

    steward = Steward(
        delivering.hub.settings, delivering.hub.database, Clock(utc=lambda: delivering.now), delivering.hub.notices
    )
    steward.look()
    delivering.now += timedelta(days=3)
    delivering.hub.deliver(delivering.harbour)
    assert steward.look() == [delivering.run]
    assert delivering.lines(HARBOUR) == {
        "i1": "loaded", "i3": "loaded", "i4": "short", "i6": "stray", "i7": "unloaded", "i8": "unloaded",
    }  # fmt: skip
    assert delivering.open_tasks() == {("short", "i4"), ("stray", "i6")}
    assert delivering.task(Kind.NOT_BACK, "i1").done_by == tasks.EVIDENCE
    assert delivering.outcome().state("i8") == "library"

    with delivering.hub.database.write() as session:
        number = delivering.task(Kind.STRAY, "i6").id
        assert number is not None
        tasks.done(session, number, "lin", delivering.now)
    assert refused(delivering, lambda s: tasks.done(s, number, "lin", delivering.now)) == "task-done"
    brought = delivering.bring_in("B4")
    assert brought.run is not None
    assert brought.run.id == delivering.run
    assert delivering.open_tasks() == set()
    assert delivering.task(Kind.SHORT, "i4").done_by == tasks.EVIDENCE
    told = brought.told.scan
    delivering.write(lambda s: runs.take_back(s, delivering.hub.settings, told, delivering.now))
    assert delivering.open_tasks() == {("short", "i4")}
    delivering.write(lambda s: tasks.reopen(s, number))
    assert delivering.open_tasks() == {("short", "i4"), ("stray", "i6")}
    assert steward.look() == []


def test_the_same_in_any_order_of_arrival(hub: Hub, tmp_path: Path) -> None:
    delivering = Delivering(hub, tmp_path)
    delivering.left("i1", "i3", "i4", "i5")
    delivering.visit(delivering.harbour, "c1", loaded("i1", "c1"), unloaded("i7", "c1"))
    delivering.visit(delivering.station, "c2", loaded("i3", "c2"), loaded("i5", "c2"))
    delivering.hub.deliver(delivering.harbour, delivering.station)
    delivering.now += timedelta(hours=2)
    delivering.closed()
    assert delivering.lines(HARBOUR) == {
        "i1": "loaded", "i3": "short", "i4": "short", "i7": "unloaded", "i8": "stayed",
    }  # fmt: skip
    assert delivering.lines(STATION) == {"i3": "surplus", "i5": "loaded", "i7": "short"}
    assert delivering.open_tasks() == {("short", "i4"), ("stayed", "i8"), ("surplus", "i3"), ("short", "i7")}
    assert delivering.task(Kind.SURPLUS, "i3").about == {"meant_for": HARBOUR}


def test_a_patron_who_has_an_item_that_was_to_leave_is_nobody_s_task(delivering: Delivering) -> None:
    delivering.left("i1")
    delivering.harbour.visit("p1", borrowed("i7", "p1"))
    delivering.harbour.write(of(Missing, "i8"))
    delivering.visit(delivering.harbour, "c1", loaded("i1", "c1"))
    delivering.hub.deliver(delivering.harbour)
    delivering.closed()
    assert delivering.lines(HARBOUR) == {"i1": "loaded", "i7": "out", "i8": "out"}
    assert delivering.open_tasks() == {("out", "i8")}


def test_what_was_for_a_skipped_stop_comes_home(delivering: Delivering) -> None:
    delivering.left("i1", "i5")
    delivering.write(lambda s: runs.skip(s, delivering.run, STATION, "  the   lift is broken "))
    delivering.visit(delivering.harbour, "c1", loaded("i1", "c1"), unloaded("i7", "c1"), unloaded("i8", "c1"))
    delivering.hub.deliver(delivering.harbour)
    delivering.closed()
    assert delivering.open_tasks() == {("not-back", "i5"), ("not-back", "i7"), ("not-back", "i8")}
    for item in ("i5", "i7", "i8"):
        brought = delivering.bring_in(item)
        assert brought.run is not None
        assert brought.run.id == delivering.run
    assert delivering.open_tasks() == set()
    with delivering.hub.database.read() as session:
        stop = session.get_one(Stop, (delivering.run, STATION))
    assert stop.skipped == "the lift is broken"


def test_of_an_abandoned_run_nothing_is_lost(delivering: Delivering) -> None:
    delivering.picked("i1", "i3")
    delivering.write(lambda s: runs.abandon(s, delivering.run, "snow", delivering.zone, delivering.now))
    assert delivering.open_tasks() == {("not-back", "i1"), ("not-back", "i3")}
    delivering.bring_in("i1")
    assert delivering.open_tasks() == {("not-back", "i3")}
    second = delivering.make(name="Second")
    assert refused(delivering, lambda s: runs.reopen(s, delivering.run, delivering.zone, delivering.now)) == "busy"
    assert delivering.scan("i3", second).happened is Happened.TAKEN
    delivering.write(lambda s: runs.abandon(s, second, "", delivering.zone, delivering.now))
    keys = {(row.run, row.item) for row in delivering.hub.rows(Task) if row.done_at is None}
    assert (second, "i3") in keys
    delivering.write(lambda s: runs.reopen(s, delivering.run, delivering.zone, delivering.now))
    assert (delivering.run, "i3") not in {
        (row.run, row.item) for row in delivering.hub.rows(Task) if row.done_at is None
    }
    assert delivering.row().state == State.PICKING


def test_the_next_run_s_visits_are_its_own(delivering: Delivering) -> None:
    delivering.left("i1")
    delivering.closed()
    later = delivering.make(DAY + timedelta(days=7), "Next", transfers=[Wanted("i6", "t3", None, HARBOUR)])
    delivering.now = NOON + timedelta(days=8)
    delivering.visit(delivering.harbour, "c9", loaded("i6", "c9"))
    delivering.hub.deliver(delivering.harbour)
    assert delivering.lines(HARBOUR) == {"i1": "open", "i7": "open", "i8": "open"}
    assert [line.outcome for line in delivering.outcome(later).stops[HARBOUR].lines] == ["loaded"]


def test_two_runs_of_one_day_leave_each_other_s_items_alone(delivering: Delivering) -> None:
    second = delivering.make(name="Second", transfers=[Wanted("i6", "t3", None, HARBOUR)])
    delivering.left("i1")
    delivering.visit(delivering.harbour, "c1", loaded("i1", "c1"), loaded("i6", "c1"))
    delivering.hub.deliver(delivering.harbour)
    assert "i6" not in delivering.lines(HARBOUR)
    assert [line.outcome for line in delivering.outcome(second).stops[HARBOUR].lines] == ["loaded"]


def test_a_patron_s_book_brought_to_the_library_ends_the_loan(delivering: Delivering) -> None:
    delivering.harbour.visit("p1", borrowed("i7", "p1"))
    delivering.hub.deliver(delivering.harbour)
    brought = delivering.bring_in("i7")
    assert isinstance(brought.loan, Loan)
    assert brought.loan.state == "returned"
    taken = delivering.scan("i1")
    assert taken.scan is not None
    number = taken.scan
    assert refused(delivering, lambda s: runs.take_back(s, delivering.hub.settings, number, NOON)) == "scan-of-run"
    with delivering.hub.database.read() as session:
        assert scans.last(session, "i7") is not None


def test_who_drives_can_be_said(delivering: Delivering) -> None:
    delivering.write(lambda s: runs.name_courier(s, delivering.run, " Old  Chen "))
    assert delivering.row().courier == "Old Chen"
