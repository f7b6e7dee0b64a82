"""A desk at work: the real agent, journal, directory and screen; the pad, the cards and time are the test's."""

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from edge.devices.kinds import Round, TagMemory
from edge.errors import TagError
from edge.frames import tagdata
from edge.furniture import Station
from edge.notices import CodeScanned
from edge.phrases import book
from edge.stations.tabletop import DeskView
from protocol.cards import card_secret, card_tag
from protocol.directory import CardEntry, HoldEntry, ItemEntry, Lending, Out, RuleEntry
from protocol.events import (
    Borrowed,
    CardRefused,
    ItemRefused,
    ItemTrouble,
    Loaded,
    RefusalReason,
    Renewed,
    Returned,
    SecurityOpen,
    SecuritySet,
    Unloaded,
    VisitEnded,
    VisitKind,
    VisitOpened,
    VisitOutcome,
)
from protocol.names import DeviceName, GroupName, HoldId, Isil, TagUid, TitleId
from tests.edge.test_agent import full_disk
from tests.edge.whole import ADA, BO, KEY, OURS, SALT, Cards, Tags, Whole, directory, item, tag

IN_STOCK, ON_LOAN = 0x07, 0xC2
COURIER = "CAFED00D"
DESK = {"name": "desk-1", "kind": "desk", "card_reader": "card", "pad": "pad"}
THEIRS = TagUid("E0040100000099AA")


EXAMPLES = Path(__file__).parents[3] / "deploy" / "edge" / "stations"


@pytest.mark.parametrize("kind", ["desk", "gate"])
def test_the_example_for_its_settings_is_right_and_explains_each(kind: str) -> None:
    text = (EXAMPLES / f"{kind}.toml").read_text(encoding="utf-8")
    (section,) = tomllib.loads(text)["station"]
    station = TypeAdapter(Station).validate_python(section)
    assert station.kind == kind
    assert set(type(station).model_fields) - set(section) <= {"scanner"}
    assert set(station.uses()) == set(tomllib.loads(text)["device"])


def named(uid: str) -> Any:
    return card_tag(KEY, card_secret(uid, bytes.fromhex(SALT)))


class Pad(Tags):
    """A pad with tags that can be written."""

    def __init__(self) -> None:
        super().__init__()
        self.tags = set()
        self.afis: dict[TagUid, int] = {}
        self.stuck: set[TagUid] = set()
        self.writes: list[tuple[TagUid, int]] = []

    def round(self) -> Round:
        self._there()
        self.rounds += 1
        return Round(frozenset(self.tags))

    def write_afi(self, uid: TagUid, afi: int) -> None:
        self._there()
        self.writes.append((uid, afi))
        if uid in self.stuck or uid not in self.tags:
            raise TagError(uid, "it is locked")
        self.afis[uid] = afi


def content(number: int, owner: str = OURS, parts: int = 1, part: int = 1) -> TagMemory:
    data = tagdata.encode(tagdata.ItemContent(item(number), Isil(owner), parts=parts, part=part))
    return TagMemory(dsfid=0x3E, afi=IN_STOCK, block_size=4, data=data)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator["Desk"]:
    made = Desk(tmp_path)
    with made.whole.running():
        made.whole.live(3)
        yield made


class Desk:
    """The desk and whoever stands before it."""

    def __init__(self, folder: Path, station: dict[str, Any] = DESK, more: tuple[Any, ...] = ()) -> None:
        self.cards, self.pad = Cards(), Pad()
        secret_courier = named(COURIER)
        self.whole = Whole(
            folder,
            devices={"card": self.cards, "pad": self.pad},
            stations=[station],
            entries=(
                *more,
                ItemEntry(item=item(20), tag=tag(20), title="On loan", lent=True),
                ItemEntry(item=item(21), tag=tag(21), title="On loan too", lent=True),
                ItemEntry(item=item(30), tag=tag(30), title="Reference", lending=Lending.REFERENCE),
                ItemEntry(item=item(31), tag=tag(31), title="Held", lending=Lending.HELD),
                ItemEntry(item=item(40), title="A set of two", parts=2),
                ItemEntry(item=item(50), tag=tag(50), title="Another set", parts=2),
                CardEntry.model_validate({"tag": secret_courier, "group": "staff", "klass": "courier"}),
                CardEntry.model_validate({"tag": named("B10C4ED0"), "group": "adult", "block": "blocked"}),
                CardEntry(
                    tag=named(BO),
                    group=GroupName("adult"),
                    loans=2,
                    out=(
                        Out(item=item(20), due=date(2027, 1, 20)),
                        Out(item=item(21), due=date(2027, 1, 25), wanted=True),
                    ),
                ),
                RuleEntry(group=GroupName("adult"), loan_days=28, limit=3, renewals=1),
            ),
        )

    def lay(self, *tags: TagUid, seconds: float = 2.5) -> None:
        self.pad.tags |= set(tags)
        self.whole.live(seconds)

    def lift(self, *tags: TagUid) -> None:
        self.pad.tags -= set(tags) or set(self.pad.tags)
        self.whole.live(2)

    def tap(self, uid: str = ADA) -> None:
        self.cards.uid = uid
        self.whole.live(0.5)
        self.cards.uid = None
        self.whole.live(1)

    def said(self, kind: type[Any]) -> list[Any]:
        return self.whole.said(kind)

    @property
    def shows(self) -> str:
        return str(self.whole.screen("desk-1")["kind"])

    def buttons(self) -> list[str]:
        return [button["what"] for button in self.whole.screen("desk-1")["buttons"]]

    def lines(self) -> list[tuple[str, str]]:
        return [(line["title"], line["change"]) for line in self.whole.screen("desk-1")["items"]]


def test_books_on_the_pad_and_a_card_are_a_loan_written_down_before_the_tag_is_set(desk: Desk) -> None:
    desk.lay(tag(1), tag(2))
    assert desk.shows == "lying"
    desk.tap()
    loans = desk.said(Borrowed)
    assert {loan.item for loan in loans} == {item(1), item(2)}
    assert all(loan.loan_days == 28 and loan.due is not None for loan in loans)
    assert desk.pad.afis == {tag(1): ON_LOAN, tag(2): ON_LOAN}
    assert [fact.kind for fact in desk.said(VisitOpened)] == [VisitKind.BORROW]
    desk.whole.press("desk-1", "done")
    assert len(desk.said(VisitEnded)) == 1
    assert desk.shows == "receipt"
    assert {change for _, change in desk.lines()} == {"borrowed"}


def test_items_laid_down_during_the_visit_are_lent_and_those_lifted_at_once_are_not(desk: Desk) -> None:
    desk.tap()
    desk.pad.tags = {tag(1)}
    desk.whole.live(0.4)
    desk.pad.tags = {tag(2)}
    desk.whole.live(3)
    assert [loan.item for loan in desk.said(Borrowed)] == [item(2)]


def test_a_book_lifted_just_before_the_card_is_shown_is_not_lent(desk: Desk) -> None:
    desk.lay(tag(1), tag(2))
    desk.pad.tags = {tag(2)}
    desk.tap()
    assert [loan.item for loan in desk.said(Borrowed)] == [item(2)]
    assert desk.pad.afis == {tag(2): ON_LOAN}


def test_a_book_lifted_in_the_last_moment_is_not_returned(desk: Desk) -> None:
    desk.lay(tag(20), tag(21))
    desk.pad.tags = {tag(21)}
    desk.whole.press("desk-1", "return")
    desk.whole.live(1)
    assert [back.item for back in desk.said(Returned)] == [item(21)]


def test_a_card_shown_to_a_desk_whose_pad_dies_at_that_moment_is_refused(desk: Desk) -> None:
    desk.lay(tag(1))
    desk.pad.gone = True
    desk.tap()
    desk.whole.live(2)
    assert (desk.said(Borrowed), desk.said(VisitOpened)) == ([], [])
    assert [no.reason for no in desk.said(CardRefused)] == [RefusalReason.OUT_OF_ORDER]


def test_a_book_on_loan_laid_down_alone_is_returned_after_a_moment(desk: Desk) -> None:
    desk.lay(tag(20), seconds=3)
    assert desk.shows == "lying-return"
    assert desk.said(Returned) == []
    desk.whole.live(7)
    (returned,) = desk.said(Returned)
    assert returned.item == item(20)
    (opened,) = desk.said(VisitOpened)
    assert (opened.kind, opened.who) == (VisitKind.DROP, None)
    assert desk.pad.afis == {tag(20): IN_STOCK}
    desk.whole.live(60)
    assert len(desk.said(Returned)) == 1


def test_who_says_not_now_keeps_the_book(desk: Desk) -> None:
    desk.lay(tag(20), seconds=3)
    desk.whole.press("desk-1", "keep")
    desk.whole.live(20)
    assert desk.said(Returned) == []
    desk.lift()
    assert desk.shows == "idle"


def test_a_book_that_isnt_on_loan_is_never_lent_without_a_card(desk: Desk) -> None:
    desk.lay(tag(1), seconds=60)
    assert desk.said(Borrowed) == desk.said(Returned) == []


def test_what_is_on_loan_is_returned_in_a_visit_only_when_asked(desk: Desk) -> None:
    desk.lay(tag(20), tag(1))
    desk.tap()
    assert [loan.item for loan in desk.said(Borrowed)] == [item(1)]
    assert desk.said(Returned) == []
    desk.whole.press("desk-1", "return")
    assert [back.item for back in desk.said(Returned)] == [item(20)]
    assert desk.pad.afis == {tag(1): ON_LOAN, tag(20): IN_STOCK}


def test_each_item_has_its_own_outcome(desk: Desk) -> None:
    desk.pad.memories[THEIRS] = content(1, "CN-310101002")
    desk.lay(tag(1), tag(30), tag(31), THEIRS, TagUid("E0040100000000EE"))
    desk.tap()
    assert {loan.item for loan in desk.said(Borrowed)} == {item(1), item(31)}
    assert [loan.flags for loan in desk.said(Borrowed) if loan.item == item(31)] == [("held",)]
    assert {refused.why for refused in desk.said(ItemRefused)} == {
        ItemTrouble.REFERENCE,
        ItemTrouble.NOT_OURS,
        ItemTrouble.UNREADABLE,
    }
    assert THEIRS not in desk.pad.afis


def test_a_barcode_that_coincides_with_another_librarys_is_never_our_loan(desk: Desk) -> None:
    desk.pad.memories[THEIRS] = content(5, "CN-310101002")
    desk.lay(THEIRS)
    desk.tap()
    assert desk.said(Borrowed) == []


def test_more_than_the_limit_is_refused_since_a_desk_can(desk: Desk) -> None:
    desk.lay(*(tag(n) for n in range(1, 6)))
    desk.tap()
    assert len(desk.said(Borrowed)) == 3
    assert [refused.why for refused in desk.said(ItemRefused)] == [ItemTrouble.OVER_LIMIT] * 2


def test_a_set_is_lent_whole_or_not_at_all(desk: Desk) -> None:
    first, second = TagUid("E004010000004001"), TagUid("E004010000004002")
    desk.pad.memories = {first: content(40, parts=2, part=1), second: content(40, parts=2, part=2)}
    desk.lay(first)
    desk.tap()
    assert desk.said(Borrowed) == []
    assert ("A set of two", "refused") in desk.lines()
    desk.lay(second)
    (loan,) = desk.said(Borrowed)
    assert loan.item == item(40)
    assert desk.pad.afis == {first: ON_LOAN, second: ON_LOAN}


def test_a_set_that_stays_incomplete_is_refused_at_the_end(desk: Desk) -> None:
    first = TagUid("E004010000004001")
    desk.pad.memories = {first: content(40, parts=2, part=1)}
    desk.lay(first)
    desk.tap()
    desk.whole.press("desk-1", "done")
    assert [refused.why for refused in desk.said(ItemRefused)] == [ItemTrouble.INCOMPLETE]


def test_a_tag_that_cant_be_set_is_a_task_and_never_ends_the_loan(desk: Desk) -> None:
    desk.pad.stuck = {tag(1)}
    desk.lay(tag(1))
    desk.tap()
    (open_,) = desk.said(SecurityOpen)
    assert (open_.tag, open_.on_loan) == (tag(1), True)
    assert desk.said(Returned) == []
    desk.whole.live(15)
    assert len(desk.said(SecurityOpen)) == 1
    desk.pad.stuck = set()
    desk.whole.live(15)
    (settled,) = desk.said(SecuritySet)
    assert (settled.tag, settled.on_loan) == (tag(1), True)
    assert desk.pad.afis == {tag(1): ON_LOAN}


def test_a_loan_whose_tag_was_not_set_before_the_power_went_is_set_when_the_item_is_next_seen(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.pad.stuck = {tag(1)}
    with desk.whole.running():
        desk.whole.live(3)
        desk.lay(tag(1))
        desk.tap()
    desk.pad.stuck, desk.pad.tags = set(), set()
    with desk.whole.running():
        desk.whole.live(10)
        assert desk.pad.afis == {}
        (ended,) = desk.said(VisitEnded)
        assert ended.recovered
        desk.lay(tag(1), seconds=3)
        assert desk.pad.afis == {tag(1): ON_LOAN}
        assert len(desk.said(Borrowed)) == 1


def test_my_loans_are_listed_and_renewed_only_when_asked_and_allowed(desk: Desk) -> None:
    desk.tap(BO)
    assert desk.lines() == [("On loan", "out"), ("On loan too", "out")]
    assert "renew-all" in desk.buttons()
    assert desk.said(Renewed) == []
    desk.whole.press("desk-1", "renew-all")
    (renewed,) = desk.said(Renewed)
    assert (renewed.item, renewed.loan_days) == (item(20), 28)
    assert renewed.due is not None
    assert renewed.due >= date(2027, 1, 20)
    (refused,) = desk.said(ItemRefused)
    assert (refused.item, refused.why) == (item(21), ItemTrouble.WANTED)
    desk.whole.press("desk-1", f"renew:{item(20)}")
    assert desk.said(ItemRefused)[-1].why is ItemTrouble.RENEWED_OFTEN
    assert len(desk.said(Renewed)) == 1


def test_a_directory_too_old_renews_nothing_and_says_why(desk: Desk) -> None:
    desk.whole.now += 30 * 86_400
    desk.whole.live(1)
    desk.tap(BO)
    opened = desk.said(VisitOpened)
    assert opened[-1].kind is VisitKind.RETURN_ONLY
    desk.whole.press("desk-1", "renew-all")
    assert {refused.why for refused in desk.said(ItemRefused)} == {ItemTrouble.STALE}


def test_a_blocked_patron_returns_and_borrows_nothing(desk: Desk) -> None:
    desk.lay(tag(1), tag(20))
    desk.tap("B10C4ED0")
    desk.whole.press("desk-1", "return")
    assert [back.item for back in desk.said(Returned)] == [item(20)]
    assert [refused.why for refused in desk.said(ItemRefused)] == [ItemTrouble.RETURN_ONLY]
    assert desk.said(Borrowed) == []


def test_a_second_card_waits(desk: Desk) -> None:
    desk.tap()
    desk.tap(BO)
    (refused,) = desk.said(CardRefused)
    assert refused.reason is RefusalReason.BUSY
    assert len(desk.said(VisitOpened)) == 1


def test_a_visit_ends_by_itself_and_the_next_patron_sees_nothing_of_it(desk: Desk) -> None:
    desk.tap(BO)
    desk.whole.live(31)
    assert len(desk.said(VisitEnded)) == 1
    desk.whole.live(25)
    assert desk.shows == "idle"
    assert desk.lines() == []


def test_ones_own_card_again_ends_the_visit(desk: Desk) -> None:
    desk.tap()
    desk.tap()
    assert len(desk.said(VisitEnded)) == 1


def test_a_book_lent_here_is_known_to_be_lent_though_the_network_is_away(desk: Desk) -> None:
    desk.lay(tag(1))
    desk.tap()
    desk.whole.press("desk-1", "done")
    desk.lift()
    desk.whole.live(121)
    desk.lay(tag(1), seconds=3)
    assert desk.shows == "lying-return"
    desk.whole.live(8)
    assert [back.item for back in desk.said(Returned)] == [item(1)]
    desk.lift()
    desk.lay(tag(1), seconds=3)
    assert desk.shows == "lying"


def test_a_pad_that_fails_ends_the_visit_and_nothing_is_guessed(desk: Desk) -> None:
    desk.lay(tag(1))
    desk.tap()
    desk.pad.gone = True
    desk.whole.live(5)
    (ended,) = desk.said(VisitEnded)
    assert ended.outcome is VisitOutcome.UNSETTLED
    assert (desk.shows, desk.lines()) == ("receipt", [("Title 1", "borrowed")])
    desk.whole.live(20)
    assert desk.shows == "out-of-order"
    assert len(desk.said(Borrowed)) == 1
    desk.pad.gone = False
    desk.pad.tags = set()
    desk.whole.live(40)
    assert desk.shows == "idle"


def test_without_room_on_the_disk_nothing_is_lent(desk: Desk) -> None:
    desk.whole.free_mb = 10
    desk.lay(tag(1))
    desk.tap()
    assert desk.said(Borrowed) == []


def test_a_courier_puts_items_on_the_shelves_and_takes_them_off(desk: Desk) -> None:
    desk.lay(tag(1))
    desk.tap(COURIER)
    assert [(fact.item, fact.shelf) for fact in desk.said(Loaded)] == [(item(1), "room")]
    assert desk.pad.afis == {tag(1): IN_STOCK}
    desk.whole.press("desk-1", "taking")
    desk.lay(tag(2))
    assert [fact.item for fact in desk.said(Unloaded)] == [item(2)]
    assert desk.said(Borrowed) == desk.said(Returned) == []


def test_a_reader_that_was_gone_reads_again(desk: Desk) -> None:
    desk.pad.gone = True
    desk.whole.live(5)
    desk.pad.gone = False
    desk.whole.live(40)
    desk.lay(tag(1))
    desk.tap()
    assert len(desk.said(Borrowed)) == 1


# --- what the site knows -----------------------------------------------------------------------------------------


def test_a_pad_that_comes_back_tells_what_still_lies_there(desk: Desk) -> None:
    desk.lay(tag(1))
    desk.pad.gone = True
    desk.whole.live(5)
    assert desk.shows == "out-of-order"
    desk.pad.gone = False
    desk.whole.live(40)
    assert desk.shows == "lying"
    desk.tap()
    assert [loan.item for loan in desk.said(Borrowed)] == [item(1)]


def test_what_was_lent_here_is_among_the_patrons_loans_before_the_directory_hears_of_it(desk: Desk) -> None:
    desk.lay(tag(1))
    desk.tap()
    desk.whole.press("desk-1", "done")
    desk.lift()
    desk.whole.live(30)
    desk.tap()
    assert desk.lines() == [("Title 1", "out")]
    desk.whole.press("desk-1", "renew-all")
    desk.whole.press("desk-1", "done")
    assert len(desk.said(Renewed)) == 1
    desk.tap()
    desk.whole.press("desk-1", "renew-all")
    assert len(desk.said(Renewed)) == 1


def test_a_renewal_is_remembered_over_a_power_cut(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with desk.whole.running():
        desk.whole.live(3)
        desk.tap(BO)
        desk.whole.press("desk-1", "renew-all")
    with desk.whole.running():
        desk.whole.live(10)
        desk.tap(BO)
        assert "renew-all" not in desk.buttons()
        assert len(desk.said(Renewed)) == 1


def test_what_came_back_without_a_card_makes_room_for_whoever_had_borrowed_it(desk: Desk) -> None:
    desk.lay(tag(1), tag(2), tag(3))
    desk.tap()
    desk.whole.press("desk-1", "done")
    desk.lift()
    desk.whole.live(121)
    desk.lay(tag(1), tag(2), tag(3), seconds=12)
    assert len(desk.said(Returned)) == 3
    desk.lift()
    desk.lay(tag(4))
    desk.tap()
    assert desk.said(Borrowed)[-1].item == item(4)
    assert desk.said(ItemRefused) == []


def test_a_set_one_of_whose_tags_the_directory_knows_is_told_from_its_other_part(desk: Desk) -> None:
    first, second = tag(50), TagUid("E004010000004002")
    desk.pad.memories = {first: content(50, parts=2, part=2), second: content(50, parts=2, part=1)}
    desk.lay(first)
    desk.tap()
    assert desk.said(Borrowed) == []
    desk.lay(second)
    assert [loan.item for loan in desk.said(Borrowed)] == [item(50)]
    assert desk.pad.afis == {first: ON_LOAN, second: ON_LOAN}


def test_what_was_lent_far_away_today_is_known_by_its_tag(desk: Desk) -> None:
    desk.pad.memories[tag(5)] = replace(content(5), afi=ON_LOAN)
    desk.lay(tag(5), seconds=12)
    assert [back.item for back in desk.said(Returned)] == [item(5)]
    assert desk.pad.afis == {tag(5): IN_STOCK}


def test_an_item_held_for_the_patron_is_lent_though_it_is_set_aside(tmp_path: Path) -> None:
    waiting = HoldEntry(
        hold=HoldId("h1"), title_id=TitleId("t1"), cards=(named(ADA),), since=datetime(2026, 11, 1, tzinfo=UTC)
    )
    held = ItemEntry(item=item(60), tag=tag(60), title="Wanted", title_id=TitleId("t1"), lending=Lending.HELD)
    desk = Desk(tmp_path, {**DESK, "set_aside": True}, (waiting, held))
    with desk.whole.running():
        desk.whole.live(3)
        desk.lay(tag(60), tag(31))
        desk.tap()
        assert [(loan.item, loan.flags) for loan in desk.said(Borrowed)] == [(item(60), ())]
        assert [(no.item, no.why) for no in desk.said(ItemRefused)] == [(item(31), ItemTrouble.HELD)]


def test_the_directory_goes_before_what_happened_here_once_it_has_heard_of_it(desk: Desk) -> None:
    desk.lay(tag(1))
    desk.tap()
    desk.whole.press("desk-1", "done")
    desk.lift()
    site = desk.whole.site
    desk.whole.live(1200)
    assert site.loans.lent(item(1))
    site.journal.settle(site.journal.last, 0)
    desk.whole.live(120)
    page = directory(*desk.whole.entries).model_copy(update={"version": 8})
    site.mirror.apply(page, site.clock.stamp())
    assert site.loans.lent(item(1)), "the hub may still have to put it into the directory"
    desk.whole.live(1000)
    assert not site.loans.lent(item(1))
    assert site.journal.kept("lent/") == {}


def test_a_tag_left_wrong_is_left_alone_once_the_item_was_brought_back_elsewhere(desk: Desk) -> None:
    desk.pad.stuck = {tag(1)}
    desk.lay(tag(1))
    desk.tap()
    desk.whole.press("desk-1", "done")
    desk.lift()
    site = desk.whole.site
    site.journal.settle(site.journal.last, 0)
    desk.whole.live(120)
    site.mirror.apply(directory(*desk.whole.entries).model_copy(update={"version": 8}), site.clock.stamp())
    desk.whole.live(1000)
    assert site.journal.kept("afi/") == {}
    desk.pad.stuck = set()
    desk.lay(tag(1), seconds=5)
    assert desk.pad.afis == {}


# --- barcodes, devices, the shelf --------------------------------------------------------------------------------


def scan(desk: Desk, text: str) -> None:
    desk.whole.agent.notice(CodeScanned(DeviceName("pad"), text))
    desk.whole.live(0.5)


def test_a_scanned_barcode_is_lent_without_its_tag_which_is_a_task(desk: Desk) -> None:
    desk.tap()
    scan(desk, f" {item(1)[:6]} {item(1)[6:]}\r")
    (loan,) = desk.said(Borrowed)
    assert (loan.item, loan.tag, loan.evidence.rounds_before) == (item(1), tag(1), 0)
    (task,) = desk.said(SecurityOpen)
    assert (task.tag, task.on_loan) == (tag(1), True)
    desk.lay(tag(1), seconds=4)
    assert len(desk.said(Borrowed)) == 1
    assert desk.pad.afis == {tag(1): ON_LOAN}


def test_a_scanned_barcode_alone_returns_what_is_on_loan_and_is_forgotten(desk: Desk) -> None:
    scan(desk, item(20))
    assert desk.shows == "lying-return"
    desk.whole.live(8)
    assert [back.item for back in desk.said(Returned)] == [item(20)]
    desk.whole.live(60)
    assert desk.shows == "idle"
    assert len(desk.said(Returned)) == 1


def test_a_barcode_that_is_no_items_is_said_so(desk: Desk) -> None:
    scan(desk, "6901234567892")
    assert desk.shows == "unknown-code"
    desk.whole.live(10)
    assert desk.shows == "idle"


def test_without_its_card_reader_a_desk_still_takes_books_back(desk: Desk) -> None:
    desk.cards.gone = True
    desk.whole.live(5)
    assert desk.shows == "returns"
    desk.lay(tag(20), seconds=12)
    assert [back.item for back in desk.said(Returned)] == [item(20)]


def test_a_full_disk_lends_nothing_returns_nothing_and_sets_no_tag(desk: Desk, tmp_path: Path) -> None:
    desk.lay(tag(20), tag(1))
    with full_disk(tmp_path):
        desk.whole.live(12)
        assert desk.shows == "out-of-order"
        desk.tap()
        assert desk.pad.afis == {}
    desk.whole.live(40)
    desk.tap()
    assert [loan.item for loan in desk.said(Borrowed)] == [item(1)]


def test_a_disk_at_its_very_end_is_said_so(desk: Desk) -> None:
    desk.whole.free_mb = 10
    desk.lay(tag(20), seconds=12)
    assert (desk.shows, desk.said(Returned)) == ("refused", [])
    desk.whole.free_mb = 100
    desk.whole.live(12)
    assert [back.item for back in desk.said(Returned)] == [item(20)]


def test_a_courier_need_not_say_what_stood_on_the_shelves(desk: Desk) -> None:
    desk.lay(tag(1), tag(2))
    desk.tap(COURIER)
    desk.whole.press("desk-1", "done")
    desk.lift()
    (shelf,) = desk.whole.agent.status().stations[0].shelves
    assert (shelf.shelf, shelf.present, shelf.capacity) == ("room", 2, 500)
    desk.lay(tag(2), tag(3))
    desk.tap(COURIER)
    assert [fact.item for fact in desk.said(Unloaded)] == [item(2)]
    assert [fact.item for fact in desk.said(Loaded)] == [item(1), item(2), item(3)]
    desk.whole.press("desk-1", "done")
    desk.lift()
    desk.lay(tag(1))
    desk.tap()
    assert desk.whole.agent.status().stations[0].shelves[0].present == 1


def test_the_screen_speaks_chinese_and_english_in_every_case(desk: Desk) -> None:
    desk.lay(tag(20))
    shown = desk.whole.screen("desk-1")
    assert [said["lang"] for said in shown["said"]] == ["zh-CN", "en"]
    assert [button["said"][0]["text"] for button in shown["buttons"]] == ["还书", "先不还"]
    for view in DeskView:
        for lang in ("zh-CN", "en"):
            assert book.said("desk", lang, view)
