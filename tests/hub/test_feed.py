"""The feed: a site's copy of the directory follows the hub's, whatever happens to either."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import SQLModel, col, select

from hub.cards import Cards
from hub.database import Database
from hub.directory import feed
from hub.directory.rows import Kind
from hub.models import Card, DirectoryEntry, DirectoryVersion, Item, Patron
from protocol.directory import PAGE_ENTRIES, Ask, Page, Removed, key_of, read_entry
from tests.hub.cast import (
    HARBOUR,
    MASTER,
    OWNER,
    STATION,
    UID,
    Journal,
    found,
    hex_id,
    opened,
    settings_in,
    tag_at,
    tag_of,
)
from tests.hub.running import Hub


class Copy:
    """A site's copy, kept as the protocol says."""

    def __init__(self, site: str) -> None:
        self.site = site
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
                page = feed.page(session, Cards(MASTER), self.site, ask, hub.now)
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
    assert (card.klass, card.group) == ("courier", feed.STAFF_GROUP)
    with hub.database.read() as session:
        assert list(session.exec(select(Card.label).where(col(Card.patron).is_(None)))) == ["Van 1"]
        assert len(list(session.exec(select(Patron)))) == 1
        assert len(list(session.exec(select(Item)))) == 2
