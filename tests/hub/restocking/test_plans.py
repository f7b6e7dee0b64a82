"""A plan is made from what the ledger says, keeps what a librarian decides, and says why it can't where it can't."""

from collections import Counter

import pytest
from sqlmodel import select

from hub.models import Item, PlanEdit, PlanLine, Reservation, Site
from hub.restocking import plans, stock
from hub.restocking.errors import Refused, Unknown
from hub.restocking.plans import State
from tests.hub.cast import HARBOUR, STATION
from tests.hub.library import SCHOOL
from tests.hub.restocking.conftest import Planning


def lines(planning: Planning, plan: int | None) -> list[PlanLine]:
    return [line for line in planning.hub.rows(PlanLine) if line.plan == plan]


def copies(planning: Planning, plan: int | None) -> Counter[tuple[str, str | None]]:
    """(title, place) -> copies once the plan is carried out."""
    found: Counter[tuple[str, str | None]] = Counter()
    for line in lines(planning, plan):
        found[line.title_id, line.target] += line.count
    return found


def change(planning: Planning, plan: int | None, **what: object) -> None:
    with planning.hub.database.write() as session:
        kind = plans.bar if "site" in what else plans.move
        kind(session, plan, by="lin", now=planning.hub.now, **what)  # type: ignore[operator]


def test_every_copy_that_can_be_counted_on_is_somewhere_and_no_site_is_overfull(planning: Planning) -> None:
    plan = planning.ask()
    assert plan.state == State.READY
    with planning.hub.database.read() as session:
        usable = list(stock.usable(session, None))
        rooms = {row.site: row.capacity for row in session.exec(select(Site))}
    there = Counter(copy.title for copy in usable if stock.place_of(copy, ()) in (HARBOUR, SCHOOL, STATION))
    planned: Counter[str] = Counter()
    for line in lines(planning, plan.id):
        assert line.count > 0
        if line.origin is not None:
            planned[line.title_id] += line.count
    assert planned == there
    held: Counter[str | None] = Counter()
    for (_, place), count in copies(planning, plan.id).items():
        held[place] += count
    assert all(held[site] <= rooms[site] for site in (HARBOUR, SCHOOL, STATION))
    assert plan.outlook["sites"][HARBOUR]["copies_after"] == held[HARBOUR]
    assert plan.outlook["low"] <= plan.outlook["expected"] <= plan.outlook["high"]
    assert plan.outlook["expected"] >= plan.outlook["before"] - plan.outlook["handling"]


def test_the_same_is_planned_twice(planning: Planning) -> None:
    one, other = planning.ask(moves=9), planning.ask(moves=9)
    assert copies(planning, one.id) == copies(planning, other.id)


def test_a_campaign_gets_its_copies_and_the_line_says_so(planning: Planning) -> None:
    planning.campaign("language:eng", 16, STATION)
    plan = planning.ask(copies=4)
    shown = copies(planning, plan.id)
    assert sum(shown[f"t{number:02}", STATION] for number in range(6, 11)) == 16
    whys = [why["because"] for line in lines(planning, plan.id) if line.target == STATION for why in line.whys]
    assert "theme" in whys


def test_a_wish_that_can_not_be_met_is_named_with_what_is_lacking(planning: Planning) -> None:
    planning.campaign("author:Dickens", 30, STATION)
    (missed,) = planning.ask().outlook["missed"]
    assert (missed["wish"], missed["site"], missed["wanted"]) == ("short", STATION, 30)
    assert missed["lacking"] == 30 - missed["there"] > 0


def test_a_patron_who_waits_comes_first(planning: Planning) -> None:
    with planning.hub.database.write() as session:
        session.add(Reservation(patron="P001", title_id="t05", site=SCHOOL, made_at=planning.hub.now, code="00000001"))
        for row in session.exec(select(Site).where(Site.site == SCHOOL)):
            row.capacity = 1
    plan = planning.ask()
    assert copies(planning, plan.id)["t05", SCHOOL] == 1


def test_no_more_moves_than_allowed(planning: Planning) -> None:
    planning.campaign("language:eng", 20, STATION, SCHOOL)
    plan = planning.ask(moves=5, copies=4)
    assert (
        sum(line.count for line in lines(planning, plan.id) if line.origin != line.target) == 5 == plan.outlook["moves"]
    )
    assert "moves" in {one["limit"] for one in plan.outlook["scarce"]}


def test_what_a_librarian_decides_stays_when_it_is_planned_again(planning: Planning) -> None:
    plan = planning.ask()
    change(planning, plan.id, title="t01", origin=HARBOUR, target=SCHOOL, count=2)
    change(planning, plan.id, title="t06", site=HARBOUR)
    assert planning.row(plan.id or 0).state == State.MAKING
    made = planning.again(plan.id or 0)
    shown = copies(planning, plan.id)
    assert shown["t06", HARBOUR] == 0
    pinned = [line for line in lines(planning, plan.id) if line.pinned]
    assert [(line.title_id, line.origin, line.target, line.count) for line in pinned] == [("t01", HARBOUR, SCHOOL, 2)]
    assert made.outlook["worth"] <= made.outlook["free"] + 1e-6
    with planning.hub.database.write() as session:
        plans.undo(session, planning.hub.rows(PlanEdit)[1].id)
    planning.again(plan.id or 0)
    assert any(line.title_id == "t06" and line.origin == HARBOUR for line in lines(planning, plan.id))


def test_a_change_that_can_not_be_carried_out_is_refused_and_changes_nothing(planning: Planning) -> None:
    plan = planning.ask(HARBOUR, SCHOOL)
    for what, why in (
        ({"title": "t01", "origin": HARBOUR, "target": SCHOOL, "count": 50}, Refused),
        ({"title": "t01", "origin": HARBOUR, "target": SCHOOL, "count": 0}, Refused),
        ({"title": "t01", "origin": STATION, "target": SCHOOL, "count": 1}, Refused),
        ({"title": "t01", "origin": None, "target": None, "count": 1}, Refused),
        ({"title": "nothing", "origin": HARBOUR, "target": SCHOOL, "count": 1}, Unknown),
        ({"title": "t01", "site": STATION}, Refused),
    ):
        with pytest.raises(why):
            change(planning, plan.id, **what)
    assert planning.hub.rows(PlanEdit) == []
    assert planning.row(plan.id or 0).state == State.READY


def test_decisions_that_contradict_the_van_are_named(planning: Planning) -> None:
    plan = planning.ask(capacity=3)
    change(planning, plan.id, title="t01", origin=HARBOUR, target=SCHOOL, count=1)
    with planning.hub.database.read() as session:
        more = [
            copy for copy in stock.usable(session, None) if copy.title == "t02" and stock.place_of(copy, ()) == HARBOUR
        ]
    change(planning, plan.id, title="t02", origin=HARBOUR, target=SCHOOL, count=len(more))
    made = planning.again(plan.id or 0)
    assert (made.state, "carries 3" in made.why) == (State.FAILED, True)
    assert lines(planning, plan.id) == []


def test_items_that_may_not_be_lent_are_left_alone(planning: Planning) -> None:
    with planning.hub.database.write() as session:
        for item in session.exec(select(Item).where(Item.title_id == "t03")):
            item.condition = "damaged"
    plan = planning.ask()
    assert all(line.title_id != "t03" for line in lines(planning, plan.id))


def test_nobody_waits_for_a_plan_that_was_let_go(planning: Planning) -> None:
    with planning.hub.database.write() as session:
        number = plans.ask(session, day=planning.day, cycle=7, sites=[HARBOUR], by="lin", now=planning.hub.now)
        plans.discard(session, number)
    planning.desk.work_out(number)
    assert lines(planning, number) == []
    with planning.hub.database.write() as session:
        plans.restore(session, number)
    assert planning.again(number).state == State.READY


def test_a_desk_takes_up_what_was_never_made(planning: Planning) -> None:
    with planning.hub.database.write() as session:
        number = plans.ask(session, day=planning.day, cycle=7, sites=[HARBOUR], by="lin", now=planning.hub.now)
    planning.desk.start()
    try:
        for _ in range(600):
            if planning.row(number).state != State.MAKING:
                break
            planning.desk._stopping.wait(0.1)
    finally:
        planning.desk.stop()
    assert planning.row(number).state == State.READY
