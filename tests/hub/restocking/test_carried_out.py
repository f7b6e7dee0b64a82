"""A plan is approved, picked, driven and proved by the shelves; what they don't prove becomes somebody's task."""

from datetime import timedelta

import pytest
from sqlmodel import select

from hub.models import Campaign, Holding, PlanLine, Run, Stop, Task, Transfer
from hub.projections.states import HoldingState
from hub.restocking import approval, outcomes, plans, runs
from hub.restocking.errors import Refused
from hub.restocking.plans import State
from protocol.events import Loaded, Unloaded, VisitEnded
from tests.hub.cast import HARBOUR, STATION, Journal, hex_id, of, opened
from tests.hub.restocking.conftest import Planning


def approve(planning: Planning, plan: int) -> int:
    with planning.hub.database.write() as session:
        return approval.approve(session, plan, planning.hub.settings.runs, by="lin", now=planning.hub.now)


def pick(planning: Planning, run: int, items: list[str]) -> None:
    for item in items:
        planning.hub.now += timedelta(minutes=2)
        with planning.hub.database.write() as session:
            told = runs.pick(session, planning.hub.settings, run, item, by="lin", now=planning.hub.now)
        assert told.happened is runs.Happened.TAKEN


@pytest.fixture
def wished(planning: Planning) -> Planning:
    """English titles are wanted at the station, some of them from the library."""
    planning.campaign("language:eng", 16, STATION)
    return planning


def test_from_plan_to_proof_with_one_short_and_one_stray(wished: Planning) -> None:
    hub = wished.hub
    plan = wished.ask(HARBOUR, STATION, copies=4)
    run = approve(wished, plan.id or 0)
    assert wished.row(plan.id or 0).state == State.APPROVED
    transfers = hub.rows(Transfer)
    moves = [line for line in hub.rows(PlanLine) if line.origin != line.target]
    assert len(transfers) == sum(line.count for line in moves)
    # What the harbour gives to the station must be in the van before it comes there.
    assert [stop.site for stop in sorted(hub.rows(Stop), key=lambda stop: stop.number)] == [HARBOUR, STATION]
    from_library = [t.item for t in transfers if t.origin is None]
    from_harbour = [t.item for t in transfers if t.origin == HARBOUR]
    assert from_library
    assert from_harbour

    pick(wished, run, from_library)
    assert {row.item: row.state for row in hub.rows(Holding)}[from_library[0]] == HoldingState.TRANSIT
    with hub.database.write() as session:
        runs.leave(session, run, now=hub.now)

    # The day of the run: the harbour tells at once what was taken away; the station is offline for a week.
    day = hub.now + timedelta(days=1)
    harbour = Journal(HARBOUR, name="second", boot="b2", start=day)
    harbour.write(opened(reason="damaged"))
    harbour.open_visit("restock-h", kind="restock")
    harbour.write(*(of(Unloaded, item, "restock-h") for item in from_harbour))
    harbour.write(VisitEnded(station="cabinet-1", visit=hex_id("restock-h"), outcome="settled"))
    hub.now = day + timedelta(hours=1)
    hub.deliver(harbour)
    hub.now += timedelta(hours=4)
    with hub.database.write() as session:
        runs.close(session, run, hub.settings.zone, hub.now)
    assert {task.kind for task in hub.rows(Task)} <= {"not-back"}

    # A week later its events come: one book is short, one was loaded that nobody meant.
    expected = [t.item for t in transfers if t.target == STATION]
    short, stray = expected[0], "M0070"
    station = Journal(STATION, name="second", boot="b2", start=day)
    station.write(opened(reason="damaged"))
    station.open_visit("restock-s", kind="restock")
    station.write(*(of(Loaded, item, "restock-s") for item in [*expected[1:], stray]))
    station.write(VisitEnded(station="cabinet-1", visit=hex_id("restock-s"), outcome="settled"))
    hub.now = day + timedelta(days=7)
    hub.deliver(station)
    with hub.database.write() as session:
        runs.review.about(session, sites={STATION}, zone=hub.settings.zone, now=hub.now)
        outcome = outcomes.read(session, session.get_one(Run, run), hub.settings.zone)
    told = {line.item: str(line.outcome) for line in outcome.stops[STATION].lines}
    assert {item: told[item] for item in expected[1:]} == dict.fromkeys(expected[1:], "loaded")
    assert (told[short], told[stray]) == ("short", "stray")
    open_tasks = {(task.kind, task.item) for task in hub.rows(Task) if task.done_at is None}
    assert {("short", short), ("stray", stray)} <= open_tasks

    # Found in the van, the short one is brought back: its task ends by itself.
    with hub.database.write() as session:
        runs.bring_in(session, hub.settings, short, by="lin", now=hub.now)
    assert ("short", short) not in {(task.kind, task.item) for task in hub.rows(Task) if task.done_at is None}


def test_what_can_not_be_set_down_on_the_way_goes_home_first(planning: Planning) -> None:
    plan = planning.ask(HARBOUR, STATION).id or 0
    with planning.hub.database.write() as session:
        told = {"by": "lin", "now": planning.hub.now}
        plans.move(session, plan, title="t01", origin=HARBOUR, target=STATION, count=2, **told)
        plans.move(session, plan, title="t05", origin=STATION, target=HARBOUR, count=1, **told)
    planning.again(plan)
    approve(planning, plan)
    first = min(planning.hub.rows(Stop), key=lambda stop: stop.number).site
    assert first == HARBOUR
    moved = planning.hub.rows(Transfer)
    back = [transfer for transfer in moved if (transfer.title_id, transfer.origin) == ("t05", STATION)]
    assert [transfer.target for transfer in back] == [None]
    assert back[0].whys[0] == {"because": "passed", "site": HARBOUR}


def test_made_again_while_it_is_picked_what_is_picked_stays(wished: Planning) -> None:
    plan = wished.ask(HARBOUR, STATION, copies=4)
    number = plan.id or 0
    run = approve(wished, number)
    first = [t.item for t in wished.hub.rows(Transfer) if t.origin is None][:2]
    pick(wished, run, first)
    with wished.hub.database.write() as session:
        for campaign in session.exec(select(Campaign)):
            campaign.items = 12
        plans.again(session, number)
    wished.again(number)
    pinned = [line for line in wished.hub.rows(PlanLine) if line.pinned]
    assert sum(line.count for line in pinned) == 2
    assert approve(wished, number) == run
    transfers = {t.item: t for t in wished.hub.rows(Transfer)}
    assert [transfers[item].dropped for item in first] == [None, None]
    moves = sum(line.count for line in wished.hub.rows(PlanLine) if line.origin != line.target)
    assert len(transfers) == moves


def test_a_campaign_that_is_over_asks_for_nothing_any_more(wished: Planning) -> None:
    during = wished.ask(HARBOUR, STATION, copies=4)
    wanted = during.outlook["sites"][STATION]["copies_after"]
    wished.day += timedelta(days=40)
    after = wished.ask(HARBOUR, STATION, copies=4)
    assert after.outlook["missed"] == []
    assert after.outlook["sites"][STATION]["copies_after"] < wanted


def test_only_a_plan_that_is_ready_and_moves_something_is_approved(planning: Planning) -> None:
    with planning.hub.database.write() as session:
        making = plans.ask(session, day=planning.day, cycle=7, sites=[HARBOUR], by="lin", now=planning.hub.now)
    with pytest.raises(Refused, match="making"):
        approve(planning, making)
    quiet = planning.ask(STATION, moves=0)
    with pytest.raises(Refused, match="moves nothing"):
        approve(planning, quiet.id or 0)
    assert planning.hub.rows(Run) == []
    assert planning.row(quiet.id or 0).state == State.READY


def test_nothing_of_an_open_run_is_planned_a_second_time(wished: Planning) -> None:
    first = wished.ask(HARBOUR, STATION, copies=4)
    approve(wished, first.id or 0)
    busy = {transfer.item for transfer in wished.hub.rows(Transfer)}
    with wished.hub.database.write() as session:
        for campaign in session.exec(select(Campaign)):
            campaign.items = 20
    second = wished.ask(HARBOUR, STATION, copies=6)
    with wished.hub.database.read() as session:
        chosen = [item for _, item in plans.chosen(session, second)]
    assert busy
    assert busy.isdisjoint(chosen)
    room = wished.row(first.id or 0).outlook["sites"][STATION]["room"]
    assert second.outlook["sites"][STATION]["room"] == room - sum(
        transfer.target == STATION for transfer in wished.hub.rows(Transfer)
    )
