"""A locker's keeper in a whole agent: real journal, directory and screens; the board is the test's."""

import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from edge.errors import DeviceFault, UnlockUnsure
from edge.furniture import Station
from protocol.cards import card_secret, card_tag, code_tag
from protocol.directory import CardClass, CardEntry, HoldEntry, ItemEntry, Lending
from protocol.events import (
    Borrowed,
    CardRefused,
    CompartmentStuck,
    CompartmentWorks,
    DeviceFailed,
    Loaded,
    RefusalReason,
    SelfTested,
    Stuck,
    Undecided,
    Unloaded,
    VisitEnded,
    VisitOpened,
    VisitOutcome,
)
from protocol.names import GroupName, HoldId, TitleId
from tests.edge.whole import ADA, BO, KEY, OURS, SALT, Board, Cards, Codes, Tags, Whole, item, tag, written

COURIER = "01020304"
LOCKER: dict[str, Any] = {
    "name": "locker-1",
    "kind": "locker",
    "card_reader": "card",
    "board": "locks",
    "compartments": 6,
    "out_of_use": [2],
    "scanner": "scanner",
    "pad": "pad",
}
CODE = "481516"


def tag_of(uid: str) -> Any:
    return card_tag(KEY, card_secret(uid, bytes.fromhex(SALT)))


def hold(number: int, uid: str, title: int, code: str | None = None) -> HoldEntry:
    return HoldEntry(
        hold=HoldId(str(number)),
        title_id=TitleId(f"t{title}"),
        cards=(tag_of(uid),),
        since=datetime(2026, 11, number, tzinfo=UTC),
        code=None if code is None else code_tag(KEY, code),
    )


def kept(number: int) -> ItemEntry:
    return ItemEntry(
        item=item(number),
        tag=tag(number),
        title=f"Title {number}",
        title_id=TitleId(f"t{number}"),
        lending=Lending.HELD,
    )


ENTRIES: tuple[Any, ...] = (
    CardEntry(tag=tag_of(COURIER), klass=CardClass.COURIER, group=GroupName("staff")),
    kept(1),
    kept(2),
    kept(3),
    hold(1, ADA, 1, CODE),
    hold(2, ADA, 2),
    hold(3, BO, 3, "234234"),
)


class Wall(Whole):
    """A locker wall and hands."""

    @property
    def board(self) -> Board:
        found: Board = (self.devices or {})["locks"]
        return found

    @property
    def kind(self) -> str:
        return str(self.screen("locker-1")["kind"])

    def shut(self) -> None:
        """Whatever stands open is shut."""
        for lock in self.board.open:
            self.board.open[lock] = False
        self.live(0.6)

    def standing(self) -> list[int]:
        return [lock for lock, is_open in self.board.open.items() if is_open]

    def scan(self, number: int) -> None:
        (self.devices or {})["scanner"].texts.append(item(number))
        self.live(0.8)

    def load(self, *numbers: int) -> None:
        """A courier's whole visit."""
        self.tap(COURIER)
        for number in numbers:
            self.scan(number)
            assert self.kind == "put"
            self.shut()
        self.press("locker-1", "done")
        self.live(25)


def wall(folder: Path, **more: Any) -> Wall:
    cards = Cards()
    pad = Tags()
    pad.tags = set()
    devices = {"card": cards, "locks": Board(), "scanner": Codes(), "pad": pad}
    return Wall(folder, cards=cards, devices=devices, stations=(LOCKER,), entries=more.pop("entries", ENTRIES), **more)


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Wall]:
    made = wall(tmp_path)
    with made.running():
        made.live(2)
        assert made.kind == "idle"
        yield made


def test_what_a_courier_loads_is_collected_by_whom_it_is_for(whole: Wall) -> None:
    whole.load(1, 3)
    assert [(f.item, f.hold, f.shelf) for f in whole.said(Loaded)] == [(item(1), "1", "1"), (item(3), "3", "3")]
    whole.tap(ADA)
    assert whole.kind == "take"
    assert whole.standing() == [1]
    whole.shut()
    (lent,) = whole.said(Borrowed)
    assert (lent.item, lent.loan_days, lent.shelf, lent.flags) == (item(1), 28, "1", ())
    assert isinstance(lent.due, date)
    assert whole.kind == "receipt"
    assert whole.board.pulls == [1, 3, 1]
    assert [v.outcome for v in whole.said(VisitEnded)] == [VisitOutcome.SETTLED] * 2
    assert whole.agent.status().stations[0].shelves[0].present == 1


def test_several_are_opened_one_after_the_other(whole: Wall) -> None:
    whole.load(1, 2, 3)
    whole.tap(ADA)
    assert whole.standing() == [1]
    whole.live(3)
    assert whole.standing() == [1]
    whole.shut()
    assert whole.standing() == [3]
    whole.shut()
    assert [f.item for f in whole.said(Borrowed)] == [item(1), item(2)]


def test_the_visit_and_the_order_are_on_disk_before_the_lock_moves(whole: Wall) -> None:
    whole.load(1)
    seen: list[tuple[Any, Any]] = []

    def look(lock: int) -> None:
        seen.append((whole.site.journal.value("visit/locker-1"), whole.site.journal.value("shelf/locker-1")))

    whole.board.before_pull = look
    whole.tap(ADA)
    ((visit, memory),) = seen
    assert '"kind":"collect"' in visit
    assert '"order":2' in memory


def test_a_pick_up_code_opens_and_a_wrong_one_doesnt(whole: Wall) -> None:
    whole.load(1)
    whole.press("locker-1", "999999")
    assert whole.kind == "wrong-code"
    assert whole.standing() == []
    whole.press("locker-1", CODE)
    whole.live(0.6)
    assert whole.standing() == [1]
    whole.shut()
    (lent,) = whole.said(Borrowed)
    assert lent.item == item(1)
    assert CODE not in str(whole.facts())


def test_after_five_wrong_codes_none_is_taken_for_a_while_also_over_a_restart(tmp_path: Path) -> None:
    made = wall(tmp_path)
    with made.running():
        made.live(2)
        made.load(1)
        for _ in range(5):
            made.press("locker-1", "999999")
        assert made.kind == "refused"
    with made.running():
        made.live(2)
        made.press("locker-1", CODE)
        assert made.standing() == []
        assert made.said(CardRefused)[-1].reason is RefusalReason.TOO_OFTEN
        made.tap(ADA)
        assert made.standing() == [1], "a card is still taken"
        made.shut()
        made.live(700)
        made.press("locker-1", "234234")
        assert made.said(CardRefused)[-1].reason is RefusalReason.NOTHING_HERE


def test_who_has_nothing_here_is_told_so(whole: Wall) -> None:
    whole.tap(ADA)
    assert whole.kind == "refused"
    assert whole.said(CardRefused)[-1].reason is RefusalReason.NOTHING_HERE
    assert whole.board.pulls == []


def test_who_leaves_the_book_there_has_no_loan(whole: Wall) -> None:
    whole.load(1)
    whole.tap(ADA)
    whole.press("locker-1", "leave")
    assert whole.kind == "take-left"
    whole.shut()
    assert whole.said(Borrowed) == []
    whole.live(25)
    whole.tap(ADA)
    whole.shut()
    assert len(whole.said(Borrowed)) == 1


def test_a_book_nobody_waits_for_is_not_put_in(whole: Wall) -> None:
    whole.tap(COURIER)
    whole.scan(5)
    assert whole.kind == "loading-nobody"
    whole.scan(99)
    assert whole.kind == "unknown-code"
    assert whole.board.pulls == []


def test_a_book_on_the_couriers_pad_is_loaded_and_another_librarys_is_not(whole: Wall) -> None:
    whole.tap(COURIER)
    pad: Tags = (whole.devices or {})["pad"]
    pad.memories = {tag(1): written(1, OURS), tag(9): written(9, None)}
    pad.tags = {tag(1)}
    whole.live(1.5)
    assert whole.kind == "put"
    whole.shut()
    assert whole.said(Loaded)[0].item == item(1)


def test_a_compartment_that_doesnt_open_is_left_and_another_is_used(whole: Wall) -> None:
    whole.board.jammed = {1}
    whole.tap(COURIER)
    whole.scan(1)
    whole.live(12)
    assert whole.standing() == [3], "2 is out of use"
    assert [(f.shelf, f.why) for f in whole.said(CompartmentStuck)] == [("1", Stuck.DID_NOT_OPEN)]
    whole.shut()
    assert [f.shelf for f in whole.said(Loaded)] == ["3"]
    assert whole.board.pulls == [1, 3]


def test_a_compartment_that_isnt_shut_is_not_used_and_counts_as_works_once_it_is(whole: Wall) -> None:
    whole.tap(COURIER)
    whole.scan(1)
    whole.live(190)
    assert whole.said(CompartmentStuck)[-1].why is Stuck.LEFT_OPEN
    assert whole.standing() == [1, 3]
    whole.board.open[3] = False
    whole.live(1)
    assert [f.shelf for f in whole.said(Loaded)] == ["3"]
    whole.shut()
    assert [f.shelf for f in whole.said(CompartmentWorks)] == ["1"]


def test_a_patrons_compartment_that_doesnt_open_keeps_the_book_and_is_never_told_twice(whole: Wall) -> None:
    whole.load(1)
    whole.board.jammed = {1}
    whole.tap(ADA)
    whole.live(12)
    assert whole.kind == "stuck"
    assert whole.said(Borrowed) == []
    assert whole.board.pulls == [1, 1]
    whole.live(30)
    whole.tap(ADA)
    assert whole.board.pulls == [1, 1], "it is a courier's now"
    assert whole.said(CardRefused)[-1].reason is RefusalReason.NOTHING_HERE


def test_an_order_that_nobody_answered_is_settled_by_the_door(whole: Wall) -> None:
    whole.load(1)
    whole.board.answer = UnlockUnsure("locks", "silence")
    whole.tap(ADA)
    assert whole.kind == "take"
    whole.board.answer = None
    whole.shut()
    assert len(whole.said(Borrowed)) == 1
    assert whole.board.pulls == [1, 1]


def test_an_order_that_nobody_answered_and_no_door_moved_is_unsure_and_not_repeated(whole: Wall) -> None:
    whole.load(1)
    whole.board.answer, whole.board.jammed = UnlockUnsure("locks", "silence"), {1}
    whole.tap(ADA)
    whole.live(12)
    assert whole.said(CompartmentStuck)[-1].why is Stuck.UNSURE
    assert whole.said(VisitEnded)[-1].outcome is VisitOutcome.UNSETTLED
    assert whole.board.pulls == [1, 1]


def test_a_board_that_refuses_released_nothing(whole: Wall) -> None:
    whole.load(1)
    whole.board.answer, whole.board.jammed = DeviceFault("locks", "no"), {1}
    whole.tap(ADA)
    assert whole.said(CompartmentStuck)[-1].why is Stuck.DID_NOT_OPEN
    assert whole.said(Borrowed) == []


def test_what_nobody_waits_for_any_more_is_taken_out_by_the_courier(tmp_path: Path) -> None:
    made = wall(tmp_path)
    with made.running():
        made.live(2)
        made.load(1, 3)
    made.entries = tuple(e for e in ENTRIES if not (isinstance(e, HoldEntry) and e.hold == "1"))
    with made.running():
        made.live(2)
        made.tap(ADA)
        assert made.standing() == [], "it isn't kept for her any more"
        made.live(20)
        made.tap(COURIER)
        assert [b["what"] for b in made.screen("locker-1")["buttons"]] == ["fetch", "done"]
        made.press("locker-1", "fetch")
        made.live(0.6)
        assert made.standing() == [1]
        made.shut()
        assert [f.item for f in made.said(Unloaded)] == [item(1)]
        assert made.kind == "loading"


def test_a_courier_tries_what_stuck_and_it_works_again(whole: Wall) -> None:
    whole.load(1)
    whole.board.jammed = {1}
    whole.tap(ADA)
    whole.live(40)
    whole.board.jammed = set()
    whole.tap(COURIER)
    whole.press("locker-1", "fetch")
    whole.live(0.6)
    whole.shut()
    assert [f.item for f in whole.said(Unloaded)] == [item(1)]
    assert [f.shelf for f in whole.said(CompartmentWorks)] == ["1"]


def test_a_compartment_that_opens_by_itself_is_told_and_nothing_in_it_is_anybodys_loan(whole: Wall) -> None:
    whole.load(1)
    whole.board.open[1] = True
    whole.live(1)
    assert whole.said(CompartmentStuck)[-1].why is Stuck.OPENED_ALONE
    whole.shut()
    assert whole.said(Borrowed) == []
    assert whole.said(CompartmentWorks) == [], "what lies in it must be looked at first"
    whole.board.open[4] = True
    whole.live(1)
    whole.shut()
    assert [f.shelf for f in whole.said(CompartmentWorks)] == ["4"]


@pytest.mark.parametrize("shut_meanwhile", [False, True])
def test_a_power_cut_with_a_compartment_open(tmp_path: Path, shut_meanwhile: bool) -> None:
    made = wall(tmp_path)
    with made.running():
        made.live(2)
        made.load(1)
        made.tap(ADA)
        assert made.standing() == [1]
    if shut_meanwhile:
        made.board.open[1] = False
    with made.running():
        made.live(2)
        if not shut_meanwhile:
            assert made.kind == "take"
            made.shut()
        (lent,) = made.said(Borrowed)
        assert lent.item == item(1)
        assert made.said(VisitEnded)[-1].recovered
        assert made.board.pulls == [1, 1]


def test_a_power_cut_between_order_and_door_is_said_to_be_unclear(tmp_path: Path) -> None:
    made = wall(tmp_path)
    with made.running():
        made.live(2)
        made.load(1)
        made.board.jammed = {1}
        made.tap(ADA)
        assert made.kind == "opening"
    made.board.jammed = set()
    with made.running():
        made.live(2)
        assert made.board.pulls == [1, 1]
        assert made.said(Borrowed) == []
        assert [f.item for f in made.said(Undecided)] == [item(1)]
        assert made.said(VisitEnded)[-1].outcome is VisitOutcome.UNSETTLED
        assert made.kind != "opening"


def test_a_board_that_goes_in_the_middle_waits_for_the_door(whole: Wall) -> None:
    whole.load(1)
    whole.tap(ADA)
    whole.board.gone = True
    whole.live(2)
    assert whole.kind == "out-of-order"
    assert whole.said(DeviceFailed)
    whole.board.open[1] = False
    whole.board.gone = False
    whole.live(5)
    assert [f.item for f in whole.said(Borrowed)] == [item(1)]
    assert whole.board.pulls == [1, 1]


def test_a_second_card_waits(whole: Wall) -> None:
    whole.load(1, 3)
    whole.tap(ADA)
    whole.tap(BO)
    assert whole.standing() == [1]
    assert whole.said(CardRefused)[-1].reason is RefusalReason.BUSY


def test_a_full_disk_opens_nothing(whole: Wall) -> None:
    whole.load(1)
    whole.free_mb = 10
    whole.tap(ADA)
    assert whole.standing() == []
    assert whole.said(CardRefused)[-1].reason is RefusalReason.NO_STORAGE


def test_no_visit_is_opened_twice_and_every_one_ends(whole: Wall) -> None:
    whole.load(1, 3)
    whole.tap(ADA)
    whole.shut()
    whole.live(30)
    whole.tap(BO)
    whole.shut()
    opened = [f.visit for f in whole.said(VisitOpened)]
    assert [f.visit for f in whole.said(VisitEnded)] == opened
    assert len(set(opened)) == 3


def test_it_tests_itself_at_night(whole: Wall) -> None:
    whole.live(3600)
    (tested,) = whole.said(SelfTested)[:1]
    assert {part.part for part in tested.parts} >= {"card", "locks", "scanner", "pad"}


def test_the_example_of_a_locker_is_one() -> None:
    path = Path(__file__).parents[3] / "deploy" / "edge" / "stations" / "locker.toml"
    (station,) = tomllib.loads(path.read_text(encoding="utf-8"))["station"]
    made: Any = TypeAdapter(Station).validate_python(station)
    assert made.kind == "locker"
    assert set(station) >= set(type(made).model_fields) - {"kind"}, "every setting is explained"
