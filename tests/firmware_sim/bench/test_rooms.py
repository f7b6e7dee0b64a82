"""Hands in a reading room."""

from collections.abc import Iterator

import pytest

from firmware_sim.bench.hands import Clumsy, Reason
from firmware_sim.catalogue import MIXED, OWNER, Pass
from firmware_sim.readingroom import SHELF, ReadingRoom
from firmware_sim.town import bearer
from firmware_sim.truth import OnShelf, WithPatron
from protocol.names import TagUid
from tests.firmware_sim.bench.stage import Stage, stage

ROOM = MIXED[2].site


@pytest.fixture(scope="module")
def world() -> Iterator[Stage]:
    with stage(partners=(MIXED[0], MIXED[2])) as made:
        yield made


@pytest.fixture
def room(world: Stage) -> Iterator[ReadingRoom]:
    found = world.town.spots[ROOM].cabinet
    yield found
    found.force_door()
    while found.inside:
        found.walk_out()
    world.town.tidy()


@pytest.fixture
def ada(world: Stage) -> Pass:
    return next(p for p in world.town.passes.values() if p.patron is not None)


def do(world: Stage, act: str, **more: object) -> None:
    world.hands.do({"act": act, "site": ROOM, **more})


def refused(world: Stage, act: str, **more: object) -> Reason:
    with pytest.raises(Clumsy) as no:
        do(world, act, **more)
    return no.value.reason


def first(room: ReadingRoom) -> TagUid:
    return TagUid(room.contents()[SHELF][0].uid)


def test_outside_there_is_nothing_to_reach(world: Stage, room: ReadingRoom, ada: Pass) -> None:
    assert refused(world, "take", tag=first(room), card=ada.uid) is Reason.NOBODY_INSIDE
    assert refused(world, "open") is Reason.LOCKED
    assert refused(world, "leave", card=ada.uid) is Reason.NOBODY_INSIDE


def test_a_book_goes_from_the_shelf_over_the_pad_through_the_gate(world: Stage, room: ReadingRoom, ada: Pass) -> None:
    room.force_door()
    do(world, "enter")
    do(world, "shut")
    book = first(room)
    do(world, "take", tag=book, card=ada.uid)
    do(world, "lay", tag=book, card=ada.uid)
    assert [item["tag"] for item in world.hands.state()["sites"][ROOM]["pad"]] == [book]
    assert book not in world.town.bag(bearer(ada))
    do(world, "lift", tag=book, card=ada.uid)
    assert refused(world, "lift", tag=book, card=ada.uid) is Reason.NOT_THERE
    assert refused(world, "leave", card=ada.uid) is Reason.NO_WAY_OUT
    do(world, "exit")
    do(world, "leave", card=ada.uid)
    assert book in [item["tag"] for item in world.hands.state()["sites"][ROOM]["gate"]]
    copy = world.town.copies[book]
    assert copy.owner == OWNER
    assert world.town.truth.where(copy.item) == WithPatron(str(ada.patron), ROOM)


def test_what_lies_on_the_pad_at_the_end_is_given_back(world: Stage, room: ReadingRoom, ada: Pass) -> None:
    room.force_door()
    do(world, "enter")
    book = first(room)
    do(world, "take", tag=book, card=ada.uid)
    do(world, "lay", tag=book, card=ada.uid)
    world.town.tidy()
    assert book in world.town.bag(bearer(ada))
    do(world, "put", tag=book, shelf=SHELF, card=ada.uid)
    assert world.town.truth.where(world.town.copies[book].item) == OnShelf(ROOM, "room")


def test_a_card_can_be_held_to_the_desk_too(world: Stage, room: ReadingRoom, ada: Pass) -> None:
    do(world, "tap", card=ada.uid, at="desk")
    assert [card.uid for card in room.spots["desk"].cards()] == [ada.uid]
    assert room.spots["front"].cards() == []


def test_a_cabinet_has_no_desk(world: Stage, ada: Pass) -> None:
    with pytest.raises(Clumsy):
        world.hands.do({"act": "enter", "site": MIXED[0].site})


def test_the_fire_alarm_is_a_switch(world: Stage, room: ReadingRoom) -> None:
    do(world, "fire", on=True)
    assert world.hands.state()["sites"][ROOM]["fire"]
    do(world, "fire", on=False)
    assert not room.fire
