"""A gate at work beside a desk and a cabinet of the same site, with no network at all."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge.devices.kinds import Round, TagMemory
from edge.errors import TagError
from protocol.directory import CardEntry, ItemEntry
from protocol.events import Borrowed, GateAlarmed, SecurityOpen, SecuritySet, Unloaded
from protocol.names import TagUid
from tests.edge.keepers.test_desk import COURIER, DESK, IN_STOCK, ON_LOAN, Pad, content, named
from tests.edge.whole import CABINET, Cards, Lock, Tags, Whole, item, tag

GATE = {"name": "gate-1", "kind": "gate", "readers": ["gate"], "quiet_s": 30}
COURIERS = CardEntry.model_validate({"tag": named(COURIER), "group": "staff", "klass": "courier"})
THEIRS = TagUid("E0040100000099AA")


class Field(Pad):
    """A gate's field: tags pass through, each with its AFI."""

    def __init__(self, afis: dict[TagUid, int]) -> None:
        super().__init__()
        self.afis = afis
        self.unread: set[TagUid] = set()
        self.contents: dict[TagUid, TagMemory] = {}

    def round(self) -> Round:
        self._there()
        return Round(frozenset(self.tags))

    def read(self, uid: TagUid, size: int = 34) -> TagMemory:
        self._there()
        if uid in self.unread:
            raise TagError(uid, "too quick")
        known = self.contents.get(uid) or content(int(uid[-4:], 16))
        return replace(known, afi=self.afis.get(uid, IN_STOCK))


class Room:
    """A site with a desk, a gate and a cabinet."""

    def __init__(self, folder: Path, readers: tuple[str, ...] = ("gate",)) -> None:
        self.afis: dict[TagUid, int] = {}
        self.cards, self.desk_cards = Cards(), Cards()
        self.pad, self.field, self.shelf, self.lock = Pad(), Field(self.afis), Tags(), Lock()
        self.other = Field(self.afis)
        self.pad.afis = self.afis
        devices: dict[str, Any] = {
            "card": self.cards,
            "door": self.lock,
            "shelf-a": self.shelf,
            "card-desk": self.desk_cards,
        }
        devices |= {"pad": self.pad, "gate": self.field, "gate-b": self.other}
        self.whole = Whole(
            folder,
            cards=self.cards,
            tags=self.shelf,
            lock=self.lock,
            devices={name: device for name, device in devices.items() if name != "gate-b" or name in readers},
            stations=[CABINET, {**DESK, "card_reader": "card-desk"}, {**GATE, "readers": list(readers)}],
            entries=(ItemEntry(item=item(20), tag=tag(20), title="On loan", lent=True), COURIERS),
        )

    def walk_out(self, *tags: TagUid, seconds: float = 1.0) -> None:
        self.field.tags = set(tags)
        self.whole.live(seconds)
        self.field.tags = set()
        self.whole.live(1.0)

    def alarms(self) -> list[Any]:
        return self.whole.said(GateAlarmed)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    with made.whole.running():
        made.whole.live(6)
        yield made


def test_an_item_that_leaves_without_a_loan_is_called_by_its_name(room: Room) -> None:
    room.walk_out(tag(5))
    (alarm,) = room.alarms()
    assert (alarm.tag, alarm.item, alarm.afi) == (tag(5), item(5), IN_STOCK)
    assert room.whole.screen("gate-1")["kind"] == "alarm"
    room.whole.live(10)
    assert room.whole.screen("gate-1")["kind"] == "idle"


def test_a_tag_that_says_on_loan_passes_though_the_network_is_away(room: Room) -> None:
    room.afis[tag(5)] = ON_LOAN
    room.walk_out(tag(5))
    assert room.alarms() == []


def test_a_book_borrowed_at_the_desk_passes(room: Room) -> None:
    room.pad.tags = {tag(1)}
    room.whole.live(2.5)
    room.desk_cards.uid = room.desk_cards.uid or "DEADBEEF"
    room.whole.live(2)
    room.desk_cards.uid = None
    room.pad.tags = set()
    room.whole.live(2)
    assert len(room.whole.said(Borrowed)) == 1
    room.walk_out(tag(1))
    assert room.alarms() == []


def test_a_book_taken_from_a_cabinet_passes_and_its_tag_is_set_at_the_gate(room: Room) -> None:
    room.whole.visit(take={tag(2)})
    assert len(room.whole.said(Borrowed)) == 1
    assert room.afis.get(tag(2), IN_STOCK) == IN_STOCK
    room.walk_out(tag(2))
    assert room.alarms() == []
    assert room.afis[tag(2)] == ON_LOAN
    (settled,) = room.whole.said(SecuritySet)
    assert (settled.station, settled.item, settled.on_loan) == ("gate-1", item(2), True)


def test_a_tag_that_cant_be_read_is_judged_by_the_directory(room: Room) -> None:
    room.field.unread = {tag(5), tag(20)}
    room.walk_out(tag(5), tag(20), seconds=2)
    (alarm,) = room.alarms()
    assert (alarm.item, alarm.afi) == (item(5), None)


def test_another_librarys_book_never_alarms(room: Room) -> None:
    room.field.contents[THEIRS] = content(1, "CN-310101002")
    room.walk_out(THEIRS)
    assert room.alarms() == []


def test_one_read_is_no_alarm(room: Room) -> None:
    room.field.tags = {tag(5)}
    room.whole.live(0.05)
    room.field.tags = set()
    room.whole.live(2)
    assert room.alarms() == []


def test_who_stands_in_the_gate_alarms_once_and_again_only_later(room: Room) -> None:
    room.walk_out(tag(5), seconds=20)
    assert len(room.alarms()) == 1
    room.walk_out(tag(5))
    assert len(room.alarms()) == 1
    room.whole.live(31)
    room.walk_out(tag(5))
    assert len(room.alarms()) == 2


def test_a_book_returned_here_alarms_again(room: Room) -> None:
    room.whole.visit(take={tag(2)})
    room.whole.live(30)
    room.whole.visit(put={tag(2)})
    room.whole.live(5)
    room.walk_out(tag(2))
    assert len(room.alarms()) == 1


def test_a_gate_whose_reader_is_gone_says_so_and_comes_back(room: Room) -> None:
    room.field.gone = True
    room.whole.live(5)
    assert room.whole.screen("gate-1")["kind"] == "out-of-order"
    room.field.gone = False
    room.whole.live(40)
    assert room.whole.screen("gate-1")["kind"] == "idle"
    room.walk_out(tag(5))
    assert len(room.alarms()) == 1


def test_a_book_returned_to_the_cabinet_alarms_though_its_tag_still_says_on_loan(room: Room) -> None:
    room.whole.visit(take={tag(2)})
    room.walk_out(tag(2))
    assert room.afis[tag(2)] == ON_LOAN
    room.whole.live(30)
    room.whole.visit(put={tag(2)})
    room.whole.live(5)
    room.walk_out(tag(2))
    (alarm,) = room.alarms()
    assert alarm.afi == ON_LOAN
    assert room.afis[tag(2)] == IN_STOCK


def test_a_tag_that_cant_be_written_at_the_gate_is_a_task_and_passes_all_the_same(room: Room) -> None:
    room.field.stuck = {tag(2)}
    room.whole.visit(take={tag(2)})
    room.walk_out(tag(2))
    room.whole.live(30)
    room.walk_out(tag(2))
    assert room.alarms() == []
    (task,) = room.whole.said(SecurityOpen)
    assert (task.item, task.on_loan) == (item(2), True)


def test_what_a_courier_took_passes(room: Room) -> None:
    room.whole.live(5)
    room.pad.tags = {tag(6)}
    room.desk_cards.uid = COURIER
    room.whole.live(4)
    room.desk_cards.uid = None
    room.whole.press("desk-1", "taking")
    room.pad.tags = {tag(6), tag(7)}
    room.whole.live(3)
    room.whole.press("desk-1", "done")
    assert [fact.item for fact in room.whole.said(Unloaded)] == [item(7)]
    room.walk_out(tag(7))
    assert room.alarms() == []


def test_an_item_of_ours_that_the_directory_doesnt_know_is_judged_by_its_tag(room: Room) -> None:
    unheard, untold = TagUid("E004010000007701"), TagUid("E004010000007702")
    room.field.contents = {unheard: content(901), untold: content(902)}
    room.afis[untold] = 0x00
    room.walk_out(unheard, untold)
    assert [alarm.item for alarm in room.alarms()] == [item(901)]


def test_each_alarm_names_its_item_on_the_screen(room: Room) -> None:
    room.walk_out(tag(5), tag(6))
    assert len(room.alarms()) == 2
    shown = room.whole.screen("gate-1")
    assert [line["title"] for line in shown["items"]] == ["Title 5", "Title 6"]
    assert shown["said"][0]["title"] == "请留步"


def test_two_readers_of_one_gate_see_together_what_each_saw_once(tmp_path: Path) -> None:
    room = Room(tmp_path, readers=("gate", "gate-b"))
    with room.whole.running():
        room.whole.live(6)
        room.other.tags = {tag(5)}
        room.whole.live(0.1)
        room.other.tags, room.field.tags = set(), {tag(5)}
        room.whole.live(0.1)
        room.field.tags = set()
        room.whole.live(2)
        assert len(room.alarms()) == 1


def test_a_gate_with_one_reader_gone_still_calls_by_the_other(tmp_path: Path) -> None:
    room = Room(tmp_path, readers=("gate", "gate-b"))
    with room.whole.running():
        room.whole.live(6)
        room.other.gone = True
        room.whole.live(5)
        assert room.whole.screen("gate-1")["kind"] == "out-of-order"
        room.walk_out(tag(5))
        assert len(room.alarms()) == 1
        room.whole.live(10)
        assert room.whole.screen("gate-1")["kind"] == "out-of-order"
