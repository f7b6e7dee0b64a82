"""A drop's keeper in a whole agent: real journal, directory and screens; reader, flap and door are the test's."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from edge.devices.kinds import Round, TagMemory
from edge.frames import tagdata
from edge.furniture import Station
from protocol.cards import card_secret, card_tag
from protocol.directory import CardClass, CardEntry, ItemEntry
from protocol.events import (
    CardRefused,
    DeviceFailed,
    DoorForced,
    ForeignFound,
    ForeignGone,
    ForeignKind,
    ItemRefused,
    ItemTrouble,
    Missing,
    Returned,
    Unloaded,
    VisitEnded,
    VisitKind,
    VisitOpened,
    VisitOutcome,
)
from protocol.names import GroupName, Isil
from tests.edge.whole import ADA, KEY, OURS, REFERENCE, SALT, Cards, Lock, Switch, Tags, Whole, item, tag, written

COURIER = "01020304"
DROP: dict[str, Any] = {
    "name": "drop-1",
    "kind": "drop",
    "reader": "bin",
    "flap": "flap",
    "card_reader": "card",
    "door": "door",
    "capacity": 3,
}
COURIERS_CARD = CardEntry(
    tag=card_tag(KEY, card_secret(COURIER, bytes.fromhex(SALT))), klass=CardClass.COURIER, group=GroupName("staff")
)
SET = ItemEntry(item=item(20), tag=tag(20), title="Two volumes", parts=2)


def volume(part: int) -> TagMemory:
    content = tagdata.ItemContent(item=item(20), owner=OURS, parts=2, part=part)
    return TagMemory(dsfid=0x3E, afi=0x07, block_size=4, data=tagdata.encode(content))


class Bin(Tags):
    """Nothing is glued into it."""

    def round(self) -> Round:
        return Round(super().round().tags - {REFERENCE})


class Slot(Whole):
    """A drop and hands."""

    @property
    def bin(self) -> Tags:
        found: Tags = (self.devices or {})["bin"]
        return found

    @property
    def kind(self) -> str:
        return str(self.screen("drop-1")["kind"])

    def put(self, *numbers: int) -> None:
        self.bin.tags |= {tag(n) for n in numbers}
        self.live(3)

    def empty(self, *left: int) -> None:
        """A courier takes everything out."""
        self.tap(COURIER)
        self.lock.open = True
        self.live(1)
        self.bin.tags = {tag(n) for n in left}
        self.lock.open = False
        self.live(6)


def slot(folder: Path, **more: Any) -> Slot:
    cards, lock, tags = Cards(), Lock(), Bin()
    tags.tags = set()
    tags.memories = {tag(n): written(n, OURS) for n in range(1, 10)}
    tags.memories |= {tag(30): written(3, Isil("CN-310101002")), tag(20): volume(1), tag(21): volume(2)}
    devices = {"bin": tags, "flap": Switch(), "card": cards, "door": lock}
    station = {**DROP, **more}
    devices = {name: made for name, made in devices.items() if name in station.values()}
    return Slot(folder, cards=cards, lock=lock, devices=devices, stations=(station,), entries=(COURIERS_CARD, SET))


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Slot]:
    made = slot(tmp_path)
    with made.running():
        made.live(2)
        assert made.kind == "idle"
        yield made


def test_anybody_returns_without_a_card(whole: Slot) -> None:
    whole.put(1)
    (back,) = whole.said(Returned)
    assert (back.item, back.shelf, back.owner) == (item(1), "bin", OURS)
    assert back.evidence.seen_after >= 3
    (opened,) = whole.said(VisitOpened)
    assert (opened.kind, opened.who) == (VisitKind.DROP, None)
    (ended,) = whole.said(VisitEnded)
    assert (ended.visit, ended.outcome, ended.items) == (opened.visit, VisitOutcome.SETTLED, 1)
    assert whole.kind == "receipt"
    whole.live(30)
    assert whole.kind == "idle"
    assert whole.agent.status().stations[0].shelves[0].present == 1


def test_what_lies_there_counts_once_however_often_it_is_seen_and_over_restarts(tmp_path: Path) -> None:
    made = slot(tmp_path)
    with made.running():
        made.live(2)
        made.put(1)
        made.bin.tags = set()
        made.live(5)
        made.put(1)
        assert len(made.said(Returned)) == 1
    made.bin.tags |= {tag(2)}
    with made.running():
        made.live(5)
        assert [f.item for f in made.said(Returned)] == [item(1), item(2)], "2 came while the power was off"


def test_another_librarys_book_is_taken_in_and_nobodys_return(whole: Slot) -> None:
    whole.put(30)
    (found,) = whole.said(ForeignFound)
    assert (found.kind, found.item) == (ForeignKind.OTHER_LIBRARY, item(3))
    assert whole.said(Returned) == []
    assert [line["change"] for line in whole.screen("drop-1")["items"]] == ["foreign"]


def test_a_tag_that_cant_be_read_is_taken_in(whole: Slot) -> None:
    whole.put(77)
    (found,) = whole.said(ForeignFound)
    assert found.tag == tag(77)
    assert whole.said(Returned) == []


def test_a_set_comes_back_when_all_of_it_is_there(whole: Slot) -> None:
    whole.put(20)
    assert whole.said(Returned) == []
    whole.live(10)
    (short,) = whole.said(ItemRefused)
    assert (short.item, short.why) == (item(20), ItemTrouble.INCOMPLETE)
    whole.live(30)
    whole.put(21)
    assert [f.item for f in whole.said(Returned)] == [item(20)]
    whole.live(60)
    assert len(whole.said(ItemRefused)) == 1
    assert len(whole.said(Returned)) == 1


def test_a_set_put_in_one_after_the_other_is_returned_once(whole: Slot) -> None:
    whole.put(20)
    whole.put(21)
    whole.live(20)
    assert [f.item for f in whole.said(Returned)] == [item(20)]
    assert whole.said(ItemRefused) == []


def test_a_full_bin_says_so_and_still_takes_what_is_put_in(whole: Slot) -> None:
    whole.put(1, 2, 3)
    whole.live(30)
    assert whole.kind == "full"
    whole.put(4)
    assert len(whole.said(Returned)) == 4


def test_a_courier_empties_it_and_what_is_left_stays_on_record(whole: Slot) -> None:
    whole.put(1, 2, 30)
    whole.empty(2)
    assert [f.item for f in whole.said(Unloaded)] == [item(1)]
    assert [f.tag for f in whole.said(ForeignGone)] == [tag(30)]
    assert whole.lock.pulses == 1
    assert whole.said(VisitEnded)[-1].items == 1
    whole.bin.tags = set()
    whole.live(30)
    assert whole.kind == "idle"
    whole.put(1)
    assert [f.item for f in whole.said(Returned)].count(item(1)) == 2, "it was borrowed and brought again"


def test_what_was_put_in_while_it_was_emptied_is_returned_afterwards(whole: Slot) -> None:
    whole.put(1)
    whole.empty(5)
    assert [f.item for f in whole.said(Unloaded)] == [item(1)]
    assert whole.said(Returned)[-1].item == item(5)


def test_a_patrons_card_opens_nothing(whole: Slot) -> None:
    whole.tap(ADA)
    assert whole.lock.pulses == 0
    assert whole.kind == "refused"
    assert whole.said(CardRefused)


def test_without_a_door_the_courier_says_when_everything_is_out(tmp_path: Path) -> None:
    made = slot(tmp_path, door=None)
    with made.running():
        made.live(2)
        made.put(1, 2)
        made.tap(COURIER)
        assert [b["what"] for b in made.screen("drop-1")["buttons"]] == ["done"]
        made.bin.tags = set()
        made.live(2)
        made.press("drop-1", "done")
        made.live(6)
        assert {f.item for f in made.said(Unloaded)} == {item(1), item(2)}


def test_a_bin_that_was_forced_has_lost_what_is_gone_to_nobody(whole: Slot) -> None:
    whole.put(1, 2)
    whole.lock.open = True
    whole.live(1)
    assert whole.said(DoorForced)
    whole.bin.tags = {tag(2)}
    whole.lock.open = False
    whole.live(6)
    assert [f.item for f in whole.said(Missing)] == [item(1)]
    assert whole.said(Unloaded) == []


def test_a_power_cut_while_it_is_emptied(tmp_path: Path) -> None:
    made = slot(tmp_path)
    with made.running():
        made.live(2)
        made.put(1, 2)
        made.tap(COURIER)
        made.lock.open = True
        made.live(1)
    made.bin.tags = set()
    made.lock.open = False
    with made.running():
        made.live(40)
        assert {f.item for f in made.said(Unloaded)} == {item(1), item(2)}
        assert made.said(VisitEnded)[-1].recovered


def test_a_reader_that_is_gone_is_no_empty_bin_and_what_came_meanwhile_is_returned(whole: Slot) -> None:
    whole.put(1)
    whole.bin.gone = True
    whole.live(5)
    assert whole.said(DeviceFailed)
    assert whole.kind == "later"
    whole.tap(COURIER)
    whole.lock.open = True
    whole.live(1)
    whole.lock.open = False
    whole.live(8)
    assert whole.said(VisitEnded)[-1].outcome is VisitOutcome.UNSETTLED
    assert whole.said(Unloaded) == []
    whole.bin.tags |= {tag(2)}
    whole.bin.gone = False
    whole.live(40)
    assert [f.item for f in whole.said(Returned)] == [item(1), item(2)]


def test_a_full_disk_returns_nothing_until_there_is_room(whole: Slot) -> None:
    whole.free_mb = 10
    whole.put(1)
    assert whole.said(Returned) == []
    assert whole.kind == "later"
    whole.free_mb = 999
    whole.live(3)
    assert [f.item for f in whole.said(Returned)] == [item(1)]


def test_the_flap_is_seen_on_the_screen(whole: Slot) -> None:
    flap: Switch = (whole.devices or {})["flap"]
    flap.on = True
    whole.live(1)
    assert whole.kind == "flap"
    flap.on = False
    whole.live(10)
    assert whole.kind == "idle"


def test_the_example_of_a_drop_is_one() -> None:
    path = Path(__file__).parents[3] / "deploy" / "edge" / "stations" / "drop.toml"
    (station,) = tomllib.loads(path.read_text(encoding="utf-8"))["station"]
    made: Any = TypeAdapter(Station).validate_python(station)
    assert made.kind == "drop"
    assert set(station) >= set(type(made).model_fields) - {"kind"}, "every setting is explained"
