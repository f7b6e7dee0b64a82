"""What lies in a locker for somebody is kept for some days, then comes home."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from hub import agreement
from hub.clock import Clock
from hub.database import Database
from hub.directory.rows import Kind as File
from hub.models import Plan, Reservation, Task, Transfer
from hub.restocking import approval, kept, plans, reservations, stock, tasks
from hub.restocking.errors import Refused
from hub.restocking.kept import Kept
from hub.restocking.plans import State
from hub.restocking.steward import Steward
from hub.restocking.world import Terms, ground
from hub.views import items, sites
from hub.views import reservations as views
from hub.views.reservations import ReservationView, Standing
from protocol.events import Borrowed, BorrowReversed, Found, Loaded, Missing, Moved, Returned, Unloaded
from protocol.topics import Up
from tests.hub.cast import HARBOUR, NOON, OWNER, STATION, UID, Journal, has, of, opened, settings_in, status
from tests.hub.running import Hub

DAY = timedelta(days=1)


class Locker:
    """p1 waits at the harbour for t1, of which there are i1 and i2; `load` puts i1 into compartment 07 for them."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        self.hub = hub
        hub.now = NOON
        names = f"{HARBOUR},海港,Harbour,30\n{STATION},东站,Station,30\n"
        hub.bring(File.SITES, "site,name_zh,name_en,capacity\n" + names, folder)
        hub.bring(File.RULES, "group,loan_days,limit\nadult,28,5\n", folder)
        hub.bring(File.TITLES, "title_id,title\nt1,One\nt2,Two\n", folder)
        hub.bring(File.ITEMS, f"item,title_id,owner\ni1,t1,{OWNER}\ni2,t1,{OWNER}\ni3,t2,{OWNER}\n", folder)
        cards = f"patron,name,group,card_uid\np1,Wei,adult,{UID}\np2,Ana,adult,01020304\n"
        hub.bring(File.PATRONS, cards, folder)
        with hub.database.write() as session:
            self.number = reservations.reserve(session, patron="p1", title="t1", site=HARBOUR, now=NOON)
        self.journal = Journal(HARBOUR)
        self.journal.write(opened())
        self.steward = Steward(hub.settings, hub.database, Clock(utc=lambda: hub.now), hub.notices)

    def load(self, item: str = "i1", shelf: str = "07") -> None:
        self.tell(of(Loaded, item, "c1", station="locker-1", shelf=shelf, hold=str(self.number)))

    def tell(self, *facts: object, uid: str = UID, visit: str = "v") -> None:
        """The harbour has a locker and said this by now."""
        self.hub.send(HARBOUR, Up.STATUS, status(self.journal, stations=has("cabinet", "locker")))
        self.journal.up_ms = max(self.journal.up_ms, (self.hub.now - NOON) // timedelta(milliseconds=1))
        self.journal.visit(visit, *facts, uid=uid)  # type: ignore[arg-type]
        self.hub.deliver(self.journal)

    def pass_days(self, days: float, heard: bool = True) -> None:
        self.hub.now += timedelta(days=days)
        if heard:
            self.hub.send(HARBOUR, Up.STATUS, status(self.journal, stations=has("cabinet", "locker")))
        self.steward.look()

    def kept(self) -> list[Kept]:
        with self.hub.database.read() as session:
            return kept.kept(session)

    def view(self) -> ReservationView:
        with self.hub.database.read() as session:
            return views.reservation(session, self.number)

    def tasks(self) -> list[tuple[str, str | None, str | None]]:
        return [(row.kind, row.site, row.item) for row in self.hub.rows(Task) if row.done_at is None]

    def plan(self) -> int:
        with self.hub.database.write() as session:
            number = plans.ask(
                session, day=self.hub.now.date() + DAY, cycle=7, sites=(HARBOUR, STATION), by="lin", now=self.hub.now,
                terms=Terms(),
            )  # fmt: skip
            session.get_one(Plan, number).state = State.READY
        return number


@pytest.fixture
def locker(database: Database, tmp_path: Path) -> Locker:
    return Locker(Hub(settings_in(tmp_path, database.url), database), tmp_path)


def test_what_was_put_there_for_a_patron_is_kept_until_the_days_are_over(locker: Locker) -> None:
    assert (locker.view().state, locker.view().kept) == (Standing.WAITING, None)
    locker.load()
    (one,) = locker.kept()
    assert (one.item, one.site, one.station, one.shelf) == ("i1", HARBOUR, "locker-1", "07")
    assert (one.reservation, one.patron, one.until - one.since, one.wanted) == (locker.number, "p1", 7 * DAY, True)
    view = locker.view()
    assert (view.state, view.kept.shelf if view.kept else None) == (Standing.READY, "07")
    with locker.hub.database.read() as session:
        item = items.item(session, "i1")
        assert agreement.differences(session, locker.hub.settings.zone) == []
    assert item is not None
    assert item.holding.hold == locker.number


def test_who_fetches_it_is_served_and_nothing_is_kept(locker: Locker) -> None:
    locker.load()
    locker.tell(of(Borrowed, "i1", "v2", station="locker-1", shelf="07", loan_days=28), visit="v2")
    locker.pass_days(30)
    assert (locker.kept(), locker.view().state, locker.tasks()) == ([], Standing.SERVED, [])


def test_who_took_nothing_out_after_all_still_finds_it_kept(locker: Locker) -> None:
    locker.load()
    since = locker.kept()[0].since
    locker.tell(of(Borrowed, "i1", "v2", station="locker-1", shelf="07", loan_days=28), visit="v2")
    locker.tell(of(BorrowReversed, "i1", "v2", station="locker-1", shelf="07"), visit="v3")
    assert [(one.item, one.since) for one in locker.kept()] == [("i1", since)]


@pytest.mark.parametrize(
    ("facts", "there"),
    [
        ((of(Moved, "i1", station="locker-1", shelf="09", from_shelf="07"),), "09"),
        ((of(Missing, "i1", station="locker-1", shelf="07"),), None),
        ((of(Missing, "i1", station="locker-1", shelf="07"), of(Found, "i1", station="locker-1", shelf="07")), "07"),
        ((of(Found, "i1"),), None),
        ((of(Returned, "i1", "v2", station="locker-1", shelf="07"),), None),
        ((of(Loaded, "i1", "v2", station="locker-1", shelf="07"),), None),
    ],
    ids=["moved", "missing", "missing-and-found", "in-the-cabinet", "brought-back", "loaded-for-nobody"],
)
def test_it_is_kept_while_it_is_in_the_locker_it_was_put_into(
    locker: Locker, facts: tuple[object, ...], there: str | None
) -> None:
    locker.load()
    locker.tell(*facts, visit="v2")
    assert [one.shelf for one in locker.kept()] == ([there] if there else [])


def test_what_nobody_fetches_in_time_is_somebodys_task_until_it_is_taken_out(locker: Locker) -> None:
    locker.load()
    locker.pass_days(6)
    assert (locker.view().state, locker.tasks()) == (Standing.READY, [])
    locker.pass_days(2)
    assert locker.view().state == Standing.UNCOLLECTED
    assert locker.tasks() == [("uncollected", HARBOUR, "i1")]
    with locker.hub.database.read() as session:
        site = sites.site(session, locker.hub.settings, locker.hub.now, HARBOUR)
    assert site is not None
    assert [(one.kind, one.station, one.detail) for one in site.problems if one.is_task] == [
        ("uncollected", "locker-1", "07")
    ]
    locker.tell(of(Unloaded, "i1", "c2", station="locker-1", shelf="07"), visit="c2")
    locker.steward.look()
    assert (locker.tasks(), locker.kept()) == ([], [])
    assert locker.view().state == Standing.UNCOLLECTED


def test_a_reservation_does_not_lapse_while_its_site_is_silent(locker: Locker) -> None:
    locker.load()
    locker.pass_days(20, heard=False)
    assert (locker.view().state, locker.tasks()) == (Standing.READY, [])
    locker.pass_days(0)
    assert locker.view().state == Standing.UNCOLLECTED


def test_a_loan_heard_of_late_counts_though_the_reservation_has_lapsed(locker: Locker) -> None:
    locker.load()
    locker.pass_days(8)
    assert locker.view().state == Standing.UNCOLLECTED
    locker.journal.up_ms += 5 * 86_400_000  # fetched on the fifth day
    locker.journal.visit("v2", of(Borrowed, "i1", "v2", station="locker-1", shelf="07", loan_days=28))
    locker.hub.deliver(locker.journal)
    locker.steward.look()
    assert (locker.view().state, locker.tasks()) == (Standing.SERVED, [])


def test_a_lapsed_reservation_taken_up_again_is_kept_for_the_usual_days_from_then_on(locker: Locker) -> None:
    locker.load()
    locker.pass_days(10)
    with locker.hub.database.write() as session:
        reservations.resume(session, locker.number, now=locker.hub.now)
    locker.steward.look()
    assert (locker.view().state, locker.tasks()) == (Standing.READY, [])
    locker.pass_days(6)
    assert locker.view().state == Standing.READY
    locker.pass_days(2)
    assert locker.view().state == Standing.UNCOLLECTED


def test_what_is_kept_for_a_reservation_given_up_or_served_elsewhere_is_to_be_taken_back(locker: Locker) -> None:
    locker.load()
    with locker.hub.database.write() as session:
        reservations.end(session, locker.number, now=locker.hub.now)
    locker.pass_days(0)
    assert locker.tasks() == [("uncollected", HARBOUR, "i1")]
    with locker.hub.database.write() as session:
        reservations.resume(session, locker.number, now=locker.hub.now)
    locker.pass_days(0)
    assert locker.tasks() == []
    locker.tell(of(Borrowed, "i2", "v3", loan_days=28), visit="v3")
    locker.pass_days(0)
    assert locker.tasks() == [("uncollected", HARBOUR, "i1")]


def test_what_a_person_called_done_stays_done_and_is_not_looked_at_for_ever(locker: Locker) -> None:
    locker.load()
    locker.pass_days(8)
    with locker.hub.database.write() as session:
        (task,) = session.exec(select(Task))
        tasks.done(session, task.id or 0, "lin", locker.hub.now)
    locker.pass_days(1)
    assert locker.tasks() == []
    with locker.hub.database.read() as session:
        assert kept.due(session, locker.hub.now) == set()


def test_the_next_run_of_the_site_brings_home_what_nobody_fetched(locker: Locker) -> None:
    locker.load()
    locker.pass_days(1)
    plan = locker.plan()
    with pytest.raises(Refused, match="moves nothing"), locker.hub.database.write() as session:
        approval.approve(session, plan, locker.hub.settings.runs, by="lin", now=locker.hub.now)
    locker.pass_days(8)
    with locker.hub.database.write() as session:
        run = approval.approve(session, plan, locker.hub.settings.runs, by="lin", now=locker.hub.now)
    (transfer,) = locker.hub.rows(Transfer)
    assert (transfer.run, transfer.item, transfer.origin, transfer.target) == (run, "i1", HARBOUR, None)
    assert transfer.whys == [{"because": "uncollected", "site": HARBOUR}]
    assert items.WhyView.model_validate(transfer.whys[0]).because == "uncollected"


def test_what_is_in_a_locker_or_a_drop_is_not_stock_of_its_site(locker: Locker) -> None:
    locker.load()
    locker.tell(of(Returned, "i2", "v4", station="drop-1", shelf="bin"), of(Found, "i3"), visit="v4")
    locker.hub.send(HARBOUR, Up.STATUS, status(locker.journal, stations=has("cabinet", "locker", "drop")))
    plan = locker.plan()
    with locker.hub.database.read() as session:
        row = session.get_one(Plan, plan)
        counts = {item: stock.place_of(copy, ()) for copy in stock.usable(session, plan) for item in (copy.item,)}
        assert counts == {"i1": stock.NOWHERE, "i2": stock.NOWHERE, "i3": HARBOUR}
        assert stock.copies_at(session, row, "t2", HARBOUR) == 1


def test_nothing_more_is_brought_for_whom_it_lies_there_already(locker: Locker) -> None:
    plan = locker.plan()

    def wanted() -> int:
        with locker.hub.database.read() as session:
            return len(ground(session, session.get_one(Plan, plan)).world.reservations.count)

    assert wanted() == 1
    locker.load()
    assert wanted() == 0


def test_codes_are_eight_digits_and_no_two_who_wait_at_a_site_have_the_same(
    locker: Locker, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = locker.hub.rows(Reservation)
    assert len(first.code) == reservations.DIGITS
    assert first.code.isdecimal()
    drawn = iter((int(first.code), int(first.code), 7))
    monkeypatch.setattr(reservations.secrets, "randbelow", lambda below: next(drawn))
    with locker.hub.database.write() as session:
        reservations.reserve(session, patron="p2", title="t1", site=HARBOUR, now=NOON)
    assert [row.code for row in locker.hub.rows(Reservation)][1:] == ["00000007"]
