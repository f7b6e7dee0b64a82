"""A patron's phone before the scanner of each kind of station: it stands for the card, once a code."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from protocol.cards import card_secret, card_tag
from protocol.directory import Block, CardEntry
from protocol.events import CardRefused, RefusalReason, VisitKind, VisitOpened
from protocol.names import CardTag, GroupName, SiteId
from protocol.phone import code, phone_key
from tests.edge.test_agent import full_disk
from tests.edge.whole import ADA, BO, CABINET, KEY, LOST, SALT, Board, Cards, Codes, Lock, Tags, Whole, item

SITE = SiteId("harbour-bank")


def secret(uid: str) -> bytes:
    return card_secret(uid, bytes.fromhex(SALT))


def named(uid: str) -> CardTag:
    return card_tag(KEY, secret(uid))


def with_phone(uid: str, **more: Any) -> CardEntry:
    return CardEntry(tag=named(uid), group=GroupName("adult"), phone=phone_key(KEY, secret(uid)), **more)


PHONES = (with_phone(ADA), with_phone(BO), with_phone(LOST, block=Block.LOST))


class Held(Whole):
    """A site whose station has a scanner, and phones before it."""

    def code(self, uid: str = ADA, late_s: float = 0, site: SiteId = SITE) -> str:
        """What the phone shows, drawn so long ago."""
        return code(phone_key(KEY, secret(uid)), site, datetime.fromtimestamp(self.wall + self.now - late_s, UTC))

    def scan(self, text: str) -> None:
        (self.devices or {})["scanner"].texts.append(text)
        self.live(1)

    def reasons(self) -> list[RefusalReason]:
        return [fact.reason for fact in self.said(CardRefused)]


@pytest.fixture
def cabinet(tmp_path: Path) -> Iterator[Held]:
    with built(tmp_path).running() as world:
        world.live(2)
        assert isinstance(world, Held)
        yield world


def built(folder: Path) -> Held:
    world = Held(folder, stations=({**CABINET, "scanner": "scanner"},), entries=PHONES)
    world.devices = {"card": world.cards, "door": world.lock, "shelf-a": world.tags, "scanner": Codes()}
    return world


def test_a_phone_opens_the_door_as_its_card_would(cabinet: Held) -> None:
    cabinet.scan(cabinet.code() + "\r")
    (opened,) = cabinet.said(VisitOpened)
    assert (opened.kind, cabinet.lock.pulses) == (VisitKind.BORROW, 1)
    (row,) = [row for row in cabinet.site.journal.after(0, 100) if row.aside]
    assert named(ADA) in str(row.aside)


def test_a_phone_held_up_longer_is_no_second_tap(cabinet: Held) -> None:
    text = cabinet.code()
    for _ in range(4):
        cabinet.scan(text)
    assert len(cabinet.said(VisitOpened)) == 1
    assert cabinet.reasons() == []


def test_a_code_opens_once_also_after_a_restart(tmp_path: Path) -> None:
    world = built(tmp_path)
    with world.running():
        world.live(2)
        text = world.code()
        world.scan(text)
        world.live(20)
        world.scan(text)
        assert (world.reasons(), world.lock.pulses) == ([RefusalReason.STALE_CODE], 1)
    with world.running():
        world.live(2)
        world.scan(text)
        assert (world.reasons(), world.lock.pulses) == ([RefusalReason.STALE_CODE] * 2, 1)
        world.live(60)
        world.scan(world.code())
        assert world.lock.pulses == 2


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        ({"late_s": 3600}, RefusalReason.STALE_CODE),
        ({"late_s": -3600}, RefusalReason.STALE_CODE),
        ({"site": SiteId("east-station")}, RefusalReason.CODE_ELSEWHERE),
        ({"uid": LOST}, RefusalReason.LOST_CARD),
        ({"uid": "01010101"}, RefusalReason.UNKNOWN_CARD),
    ],
)
def test_what_does_not_open_says_why(cabinet: Held, shown: dict[str, Any], reason: RefusalReason) -> None:
    cabinet.scan(cabinet.code(**shown))
    assert (cabinet.reasons(), cabinet.lock.pulses) == ([reason], 0)
    assert cabinet.screen("cabinet-1")["kind"] == "refused"


def test_a_code_that_was_altered_opens_nothing(cabinet: Held) -> None:
    text = cabinet.code()
    cabinet.scan(text[:-1] + ("A" if text[-1] != "A" else "B"))
    assert (cabinet.reasons(), cabinet.lock.pulses) == ([RefusalReason.UNKNOWN_CARD], 0)


def test_any_other_text_opens_nothing(cabinet: Held) -> None:
    cabinet.scan(item(1))
    assert (cabinet.reasons(), cabinet.lock.pulses) == ([RefusalReason.STRANGE_CODE], 0)


def test_while_nobody_vouches_for_the_clock_only_cards_open(tmp_path: Path) -> None:
    world = built(tmp_path)
    world.synced = False
    with world.running():
        world.live(2)
        world.scan(world.code())
        assert (world.reasons(), world.lock.pulses) == ([RefusalReason.CODE_UNTIMED], 0)


def test_nothing_opens_that_could_not_be_written_down(cabinet: Held) -> None:
    with full_disk(cabinet.folder):
        cabinet.scan(cabinet.code())
        assert cabinet.lock.pulses == 0
        assert cabinet.screen("cabinet-1")["kind"] in ("refused", "out-of-order")


def test_a_cabinet_whose_scanner_is_gone_serves_cards(cabinet: Held) -> None:
    (cabinet.devices or {})["scanner"].gone = True
    cabinet.live(3)
    cabinet.tap()
    assert cabinet.lock.pulses == 1


def test_at_a_room_the_phone_opens_the_door_whose_scanner_it_is_held_to(tmp_path: Path) -> None:
    doors = [
        {"door": "door", "card_reader": "card"},
        {"door": "back", "card_reader": "back-card", "scanner": "scanner"},
    ]
    world = Held(tmp_path, stations=({"name": "room-1", "kind": "room", "entrances": doors},), entries=PHONES)
    back = Lock()
    world.devices = {"door": world.lock, "card": world.cards, "back": back, "back-card": Cards(), "scanner": Codes()}
    with world.running():
        world.live(2)
        world.scan(world.code())
        assert (world.lock.pulses, back.pulses) == (0, 1)
        world.scan(world.code(late_s=3600))
        assert world.reasons() == [RefusalReason.STALE_CODE]


def test_at_a_desk_and_at_a_locker_a_phone_is_a_card_and_any_other_code_an_item(tmp_path: Path) -> None:
    desk = {"name": "desk-1", "kind": "desk", "card_reader": "card", "pad": "pad", "scanner": "scanner"}
    world = Held(tmp_path / "desk", stations=(desk,), entries=PHONES)
    world.folder.mkdir()
    pad = Tags()
    pad.tags = set()
    world.devices = {"card": world.cards, "pad": pad, "scanner": Codes()}
    with world.running():
        world.live(2)
        world.scan(item(1))
        world.scan(world.code())
        world.live(2)
        assert len(world.said(VisitOpened)) == 1
        assert world.reasons() == []
    wall = {"name": "locker-1", "kind": "locker", "card_reader": "card", "board": "locks", "compartments": 6}
    other = Held(tmp_path / "locker", stations=({**wall, "scanner": "scanner"},), entries=PHONES)
    other.folder.mkdir()
    other.devices = {"card": other.cards, "locks": Board(), "scanner": Codes()}
    with other.running():
        other.live(2)
        other.scan(other.code())
        assert other.reasons() == [RefusalReason.NOTHING_HERE]
