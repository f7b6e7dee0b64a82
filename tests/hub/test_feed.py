"""The feed: a site's copy of the directory follows the hub's, whatever happens to either."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import SQLModel, col, select

from hub.cards import Cards
from hub.database import Database
from hub.directory import feed
from hub.directory.bodies import STAFF_GROUP
from hub.directory.rows import Kind
from hub.models import Card, DirectoryEntry, DirectoryVersion, Item, Patron, Reservation
from hub.restocking import reservations
from protocol.cards import card_secret, code_tag, site_key
from protocol.directory import PAGE_ENTRIES, Ask, CardEntry, Out, Page, Removed, key_of, read_entry
from protocol.names import SiteId
from protocol.phone import phone_key
from protocol.topics import Up
from tests.hub.cast import (
    HARBOUR,
    MASTER,
    OWNER,
    SALT,
    STATION,
    UID,
    Journal,
    borrowed,
    found,
    has,
    hex_id,
    opened,
    renewed,
    returned,
    settings_in,
    status,
    tag_at,
    tag_of,
)
from tests.hub.running import Hub


class Copy:
    """A site's copy, kept as the protocol says."""

    def __init__(self, site: SiteId, phone_codes: bool = False) -> None:
        self.site, self.phone_codes = site, phone_codes
        self.version, self.mark = 0, ""
        self.records: dict[tuple[str, str], Any] = {}
        self.pages = 0
        self.resets = 0

    def apply(self, page: Page) -> None:
        if page.reset:
            self.records.clear()
            self.resets += 1
        for raw in page.entries:
            entry = read_entry(raw)
            assert entry is not None
            if isinstance(entry, Removed):
                self.records.pop((entry.of, entry.key), None)
            else:
                self.records[entry.kind, key_of(entry)] = entry
        self.version, self.mark = page.version, page.mark
        self.pages += 1

    def follow(self, hub: Hub) -> "Copy":
        while True:
            ask = Ask(boot=hex_id("boot"), req=self.pages, since=self.version, mark=self.mark)
            with hub.database.read() as session:
                cards = Cards(MASTER, self.phone_codes)
                page = feed.page(session, cards, self.site, ask, hub.now)
            self.apply(page)
            if not page.more:
                return self


@pytest.fixture
def hub(database: Database, tmp_path: Path) -> Hub:
    made = Hub(settings_in(tmp_path, database.url), database)
    sites = f"site,name_zh,name_en\n{HARBOUR},海港银行,Harbour Bank\n{STATION},东站,East Station\n"
    made.bring(Kind.SITES, sites, tmp_path)
    made.bring(Kind.RULES, "group,loan_days,limit\nadult,28,5\n", tmp_path)
    made.bring(Kind.TITLES, "title_id,title,author\nt1,红楼梦,曹雪芹\n", tmp_path)
    made.bring(Kind.ITEMS, f"item,title_id,tag,owner\ni1,t1,E004AAAA,{OWNER}\ni2,t1,,\n", tmp_path)
    made.bring(Kind.PATRONS, f"patron,name,group,until,card_uid\np1,Wei,adult,2027-01-01,{UID}\n", tmp_path)
    return made


def test_a_new_site_gets_everything_and_its_own_policy_only(hub: Hub) -> None:
    copy = Copy(HARBOUR).follow(hub)
    assert sorted(kind for kind, _ in copy.records) == ["card", "item", "item", "policy", "rule"]
    assert copy.records["policy", ""].owners == (OWNER,)
    item = copy.records["item", "i1"]
    assert (item.tag, item.title, item.author) == ("E004AAAA", "红楼梦", "曹雪芹")


def test_each_site_has_its_own_name_for_a_card_and_nobodys_name_travels(hub: Hub) -> None:
    here, there = Copy(HARBOUR).follow(hub), Copy(STATION).follow(hub)
    assert ("card", tag_at(HARBOUR)) in here.records
    assert ("card", tag_at(STATION)) in there.records
    assert tag_at(HARBOUR) != tag_at(STATION)
    with hub.database.read() as session:
        secret = session.exec(select(Card.secret)).one()
        told = str(feed.page(session, Cards(MASTER), HARBOUR, Ask(boot=hex_id("b"), req=1, since=0), hub.now))
    assert "Wei" not in told
    assert secret not in told


def test_only_what_changed_is_sent_again(hub: Hub, tmp_path: Path) -> None:
    copy = Copy(HARBOUR).follow(hub)
    hub.bring(Kind.RULES, "group,loan_days,limit\nadult,14,5\nchild,28,9\n", tmp_path)
    with hub.database.read() as session:
        ask = Ask(boot=hex_id("b"), req=1, since=copy.version, mark=copy.mark)
        page = feed.page(session, Cards(MASTER), HARBOUR, ask, hub.now)
    assert [entry["group"] for entry in page.entries] == ["adult", "child"]
    assert (page.reset, page.more) == (False, False)


def test_how_often_a_loan_may_be_renewed_travels_with_the_rule(hub: Hub, tmp_path: Path) -> None:
    copy = Copy(HARBOUR).follow(hub)
    assert copy.records["rule", "adult"].renewals == 0
    hub.bring(Kind.RULES, "group,loan_days,limit,renewals\nadult,28,5,2\nchild,28,9,\n", tmp_path)
    copy.follow(hub)
    assert [copy.records["rule", group].renewals for group in ("adult", "child")] == [2, 0]


def test_importing_the_same_again_changes_no_version(hub: Hub, tmp_path: Path) -> None:
    before = Copy(HARBOUR).follow(hub).version
    hub.bring(Kind.RULES, "group,loan_days,limit\nadult,28,5\n", tmp_path)
    hub.bring(Kind.PATRONS, f"patron,name,group,until,card_uid\np1,Wei,adult,2027-01-01,{UID}\n", tmp_path)
    assert Copy(HARBOUR).follow(hub).version == before


def test_a_withdrawn_item_is_removed_at_the_sites(hub: Hub, tmp_path: Path) -> None:
    copy = Copy(HARBOUR).follow(hub)
    hub.bring(Kind.ITEMS, "item,title_id,lending\ni1,t1,withdrawn\n", tmp_path)
    assert ("item", "i1") not in copy.follow(hub).records


def test_a_patrons_block_and_end_reach_each_of_their_cards(hub: Hub, tmp_path: Path) -> None:
    copy = Copy(HARBOUR).follow(hub)
    rows = "p1,Wei,adult,2026-06-30,blocked,{}\n"
    text = "patron,name,group,until,block,card_uid\n" + rows.format(UID) + rows.format("01020304")
    hub.bring(Kind.PATRONS, text, tmp_path)
    cards = [record for (kind, _), record in copy.follow(hub).records.items() if kind == "card"]
    assert [(card.block, str(card.until)) for card in cards] == [("blocked", "2026-06-30")] * 2


def test_a_large_directory_comes_in_pages_that_miss_nothing(hub: Hub, tmp_path: Path) -> None:
    rows = "".join(f"n{number},t1\n" for number in range(2 * PAGE_ENTRIES + 50))
    hub.bring(Kind.ITEMS, "item,title_id\n" + rows, tmp_path)
    copy = Copy(HARBOUR).follow(hub)
    assert copy.pages == 3
    assert sum(kind == "item" for kind, _ in copy.records) == 2 * PAGE_ENTRIES + 52


def test_a_change_between_two_pages_is_not_missed(hub: Hub, tmp_path: Path) -> None:
    rows = "".join(f"n{number:03},t1\n" for number in range(PAGE_ENTRIES))
    hub.bring(Kind.ITEMS, "item,title_id\n" + rows, tmp_path)
    copy = Copy(HARBOUR)
    with hub.database.read() as session:
        copy.apply(feed.page(session, Cards(MASTER), HARBOUR, Ask(boot=hex_id("b"), req=1, since=0), hub.now))
    hub.bring(Kind.ITEMS, "item,title_id,lending\ni1,t1,reference\n", tmp_path)
    copy.follow(hub)
    assert copy.records["item", "i1"].lending == "reference"
    assert (copy.resets, sum(kind == "item" for kind, _ in copy.records)) == (1, PAGE_ENTRIES + 2)


@pytest.mark.parametrize("beyond", [0, 3])
def test_a_hub_wound_back_sends_everything_again(hub: Hub, tmp_path: Path, beyond: int) -> None:
    with hub.database.read() as session:
        saved = {table: list(session.exec(select(table))) for table in (DirectoryEntry, DirectoryVersion)}
    hub.bring(Kind.RULES, "group,loan_days,limit\nsenior,60,9\n", tmp_path)
    copy = Copy(HARBOUR).follow(hub)
    _put_back(hub, saved)
    hub.bring(Kind.RULES, "".join(["group,loan_days,limit\n", *(f"g{n},7,1\n" for n in range(beyond))]), tmp_path)
    copy.follow(hub)
    assert copy.resets == 2
    assert copy.records.keys() == Copy(HARBOUR).follow(hub).records.keys()


def _put_back(hub: Hub, saved: dict[Any, list[SQLModel]]) -> None:
    with hub.database.write() as session:
        for table, rows in saved.items():
            for row in session.exec(select(table)):
                session.delete(row)
            session.flush()
            session.add_all(table(**row.model_dump()) for row in rows)
            session.flush()


def test_a_site_away_for_longer_than_marks_are_kept_starts_anew(hub: Hub, tmp_path: Path) -> None:
    copy = Copy(HARBOUR).follow(hub)
    hub.now += feed.MARKS_KEPT + timedelta(days=1)
    hub.bring(Kind.RULES, "group,loan_days,limit\nsenior,60,9\n", tmp_path)
    assert copy.follow(hub).records["rule", "senior"].limit == 9
    with hub.database.read() as session:
        assert len(list(session.exec(select(DirectoryVersion)))) == 1


def test_an_item_without_a_tag_on_file_is_known_by_the_tag_it_was_seen_with(hub: Hub) -> None:
    journal = Journal(HARBOUR)
    journal.write(opened(), found("i2"))
    hub.deliver(journal)
    assert Copy(STATION).follow(hub).records["item", "i2"].tag == tag_of("i2")


def test_a_couriers_card_belongs_to_nobody_and_still_travels(hub: Hub, tmp_path: Path) -> None:
    hub.bring(Kind.PATRONS, "patron,card_uid,card_class,label\n,0A0B0C0D,courier,Van 1\n", tmp_path)
    card = Copy(HARBOUR).follow(hub).records["card", tag_at(HARBOUR, "0A0B0C0D")]
    assert (card.klass, card.group) == ("courier", STAFF_GROUP)
    with hub.database.read() as session:
        assert list(session.exec(select(Card.label).where(col(Card.patron).is_(None)))) == ["Van 1"]
        assert len(list(session.exec(select(Patron)))) == 1
        assert len(list(session.exec(select(Item)))) == 2


def beat(hub: Hub, site: SiteId, *kinds: str) -> None:
    """A heartbeat of a site with a station of each kind."""
    hub.send(site, Up.STATUS, status(Journal(site), stations=has(*kinds)))


def lend(hub: Hub, *more: Any) -> Journal:
    """Wei borrows i1 at the harbour; then `more` happens in a later visit."""
    journal = Journal(HARBOUR)
    journal.write(opened(), found("i1"))
    journal.visit("v1", borrowed("i1", "v1", due=date(2026, 3, 30)))
    if more:
        journal.visit("v2", *more)
    hub.deliver(journal)
    return journal


def reserve(hub: Hub, patron: str, site: str = STATION) -> int:
    with hub.database.write() as session:
        return reservations.reserve(session, patron=patron, title="t1", site=site, now=hub.now)


def card(copy: Copy, uid: str = UID) -> CardEntry:
    entry = copy.records["card", tag_at(copy.site, uid)]
    assert isinstance(entry, CardEntry)
    return entry


def test_only_a_site_with_a_desk_is_told_what_a_patron_has_out(hub: Hub) -> None:
    beat(hub, HARBOUR, "cabinet", "desk")
    beat(hub, STATION, "cabinet", "locker", "gate")
    lend(hub)
    here, there = Copy(HARBOUR).follow(hub), Copy(STATION).follow(hub)
    assert card(here).out == (Out(item="i1", due=date(2026, 3, 30)),)
    assert (card(here).loans, card(there).loans, card(there).out) == (1, 1, None)


def test_who_has_nothing_out_is_told_of_as_such(hub: Hub) -> None:
    beat(hub, HARBOUR, "desk")
    copy = Copy(HARBOUR).follow(hub)
    assert card(copy).out == ()
    journal = lend(hub)
    assert len(card(copy.follow(hub)).out or ()) == 1
    journal.visit("v3", returned("i1", "v3"))
    hub.deliver(journal)
    assert card(copy.follow(hub)).out == ()
    assert copy.resets == 1


def test_a_renewal_reaches_desks_and_costs_other_sites_nothing(hub: Hub) -> None:
    beat(hub, HARBOUR, "desk")
    journal = lend(hub)
    here, there = Copy(HARBOUR).follow(hub), Copy(STATION).follow(hub)
    journal.visit("v2", renewed("i1", "v2", due=date(2026, 4, 27)))
    hub.deliver(journal)
    assert card(here.follow(hub)).out == (Out(item="i1", due=date(2026, 4, 27), renewals=1),)
    with hub.database.read() as session:
        ask = Ask(boot=hex_id("b"), req=1, since=there.version, mark=there.mark)
        assert feed.page(session, Cards(MASTER), STATION, ask, hub.now).entries == ()


def test_a_site_that_gets_its_first_desk_starts_anew_and_no_other_site_does(hub: Hub) -> None:
    beat(hub, HARBOUR, "cabinet")
    beat(hub, STATION, "cabinet")
    lend(hub)
    here, there = Copy(HARBOUR).follow(hub), Copy(STATION).follow(hub)
    beat(hub, HARBOUR, "cabinet", "desk")
    assert (card(here.follow(hub)).out, here.resets) == ((Out(item="i1", due=date(2026, 3, 30)),), 2)
    assert here.follow(hub).resets == 2
    assert there.follow(hub).resets == 1
    beat(hub, HARBOUR, "cabinet")
    assert (card(here.follow(hub)).out, here.resets) == (None, 3)


def test_a_large_directory_reaches_a_desk_in_pages_that_end(hub: Hub, tmp_path: Path) -> None:
    rows = "".join(f"n{number},t1\n" for number in range(PAGE_ENTRIES + 50))
    hub.bring(Kind.ITEMS, "item,title_id\n" + rows, tmp_path)
    lend(hub)
    copy = Copy(HARBOUR).follow(hub)
    beat(hub, HARBOUR, "desk")
    copy.follow(hub)
    assert (copy.resets, copy.records.keys()) == (2, Copy(HARBOUR).follow(hub).records.keys())
    assert (copy.records["item", "i1"].lent, len(card(copy).out or ())) == (True, 1)


@pytest.mark.parametrize(("kind", "told"), [("gate", True), ("desk", True), ("cabinet", False), ("room", False)])
def test_gates_and_desks_are_told_what_is_on_loan(hub: Hub, kind: str, told: bool) -> None:
    beat(hub, STATION, kind)
    journal = lend(hub)
    copy = Copy(STATION).follow(hub)
    assert [copy.records["item", item].lent for item in ("i1", "i2")] == [told, False]
    journal.visit("v2", returned("i1", "v2"))
    hub.deliver(journal)
    assert not copy.follow(hub).records["item", "i1"].lent


def test_a_lent_item_that_is_withdrawn_is_removed_at_gates(hub: Hub, tmp_path: Path) -> None:
    beat(hub, STATION, "gate")
    lend(hub)
    copy = Copy(STATION).follow(hub)
    hub.bring(Kind.ITEMS, "item,title_id,lending\ni1,t1,withdrawn\n", tmp_path)
    assert ("item", "i1") not in copy.follow(hub).records
    assert ("item", "i1") not in Copy(STATION).follow(hub).records


def test_how_many_parts_a_set_has_travels_with_it(hub: Hub, tmp_path: Path) -> None:
    hub.bring(Kind.ITEMS, "item,title_id,parts\nset,t1,3\ni1,t1,\n", tmp_path)
    copy = Copy(HARBOUR).follow(hub)
    assert [copy.records["item", item].parts for item in ("set", "i1", "i2")] == [3, 1, 1]


def test_a_reservation_is_told_to_its_site_alone_by_that_sites_tags(hub: Hub) -> None:
    here, there = Copy(HARBOUR).follow(hub), Copy(STATION).follow(hub)
    number = reserve(hub, "p1")
    hold = there.follow(hub).records["hold", str(number)]
    (row,) = hub.rows(Reservation)
    assert (hold.title_id, hold.cards, hold.since, hold.keep_days) == ("t1", (tag_at(STATION),), hub.now, 7)
    assert hold.code == code_tag(site_key(MASTER, STATION), row.code)
    assert not [kind for kind, _ in here.follow(hub).records if kind == "hold"]
    with hub.database.read() as session:
        told = str(feed.page(session, Cards(MASTER), STATION, Ask(boot=hex_id("b"), req=1, since=0), hub.now))
        secret = session.exec(select(Card.secret)).one()
    assert [word for word in (row.code, secret, "p1", "Wei") if word in told] == []


def test_a_reservation_goes_when_it_is_served_or_given_up_and_comes_back(hub: Hub) -> None:
    copy = Copy(STATION)
    number = reserve(hub, "p1")
    assert ("hold", str(number)) in copy.follow(hub).records
    with hub.database.write() as session:
        reservations.end(session, number, now=hub.now)
    assert ("hold", str(number)) not in copy.follow(hub).records
    with hub.database.write() as session:
        reservations.resume(session, number, now=hub.now)
    assert ("hold", str(number)) in copy.follow(hub).records
    journal = Journal(HARBOUR, start=hub.now)
    journal.write(opened(), found("i1"))
    journal.visit("v1", borrowed("i1", "v1"))
    hub.now += timedelta(days=1)
    hub.deliver(journal)
    assert ("hold", str(number)) not in copy.follow(hub).records


def test_a_new_card_can_fetch_what_is_reserved_and_a_card_that_went_to_another_can_not(
    hub: Hub, tmp_path: Path
) -> None:
    number = reserve(hub, "p1")
    copy = Copy(STATION).follow(hub)
    rows = f"p1,Wei,adult,01020304\np2,Ana,adult,{UID}\n"
    hub.bring(Kind.PATRONS, "patron,name,group,card_uid\n" + rows, tmp_path)
    assert copy.follow(hub).records["hold", str(number)].cards == (tag_at(STATION, "01020304"),)


def test_somebody_who_waits_is_seen_in_the_loans_of_others_only(hub: Hub, tmp_path: Path) -> None:
    hub.bring(Kind.PATRONS, "patron,name,group,card_uid\np2,Ana,adult,01020304\n", tmp_path)
    beat(hub, HARBOUR, "desk")
    lend(hub)
    copy = Copy(HARBOUR).follow(hub)
    own = reserve(hub, "p1")
    assert [out.wanted for out in card(copy.follow(hub)).out or ()] == [False]
    other = reserve(hub, "p2")
    assert [out.wanted for out in card(copy.follow(hub)).out or ()] == [True]
    with hub.database.write() as session:
        reservations.end(session, other, now=hub.now)
    assert [out.wanted for out in card(copy.follow(hub)).out or ()] == [False]
    assert own


def test_keys_for_codes_on_phones_travel_only_where_they_are_used(hub: Hub, tmp_path: Path) -> None:
    hub.bring(Kind.PATRONS, "patron,card_uid,card_class,label\n,0A0B0C0D,courier,Van 1\n", tmp_path)
    plain, used = Copy(HARBOUR).follow(hub), Copy(HARBOUR, phone_codes=True).follow(hub)
    assert (card(plain).phone, card(used, "0A0B0C0D").phone) == (None, None)
    secret = card_secret(UID, SALT)
    assert card(used).phone == phone_key(site_key(MASTER, HARBOUR), secret)
    plain.phone_codes = True
    assert card(plain.follow(hub)).phone == card(used).phone
    assert plain.resets == 2
