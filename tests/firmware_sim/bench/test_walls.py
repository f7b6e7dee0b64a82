"""Hands at a locker wall."""

from collections.abc import Iterator

import httpx
import pytest

from firmware_sim.bench.hands import Clumsy, Hands, Reason
from firmware_sim.catalogue import MIXED, Pass
from firmware_sim.librarian import Librarian
from firmware_sim.lockerwall import BIN, LockerWall
from firmware_sim.town import LIBRARY, bearer
from firmware_sim.truth import InTransit, OnShelf, WithPatron
from protocol.names import ShelfName, TagUid
from tests.firmware_sim.bench.stage import Stage, stage

SITE = MIXED[1].site


@pytest.fixture(scope="module")
def world() -> Iterator[Stage]:
    with stage(partners=(MIXED[0], MIXED[1])) as made:
        yield made


@pytest.fixture
def wall(world: Stage) -> Iterator[LockerWall]:
    found: LockerWall = world.town.spots[SITE].cabinet
    yield found
    world.town.tidy()


@pytest.fixture
def courier(world: Stage) -> Pass:
    return next(p for p in world.town.passes.values() if p.label == "Courier 2")


def do(world: Stage, act: str, **more: object) -> None:
    world.hands.do({"act": act, "site": SITE, **more})


def refused(world: Stage, act: str, **more: object) -> Reason:
    with pytest.raises(Clumsy) as no:
        do(world, act, **more)
    return no.value.reason


def test_a_courier_loads_and_a_patron_collects(world: Stage, wall: LockerWall, courier: Pass) -> None:
    do(world, "load", card=courier.uid)
    (tag, *_) = world.town.bag(bearer(courier))
    item = world.town.copies[tag].item
    do(world, "scan", tag=tag, card=courier.uid)
    assert wall.window.codes() == [item.encode()]
    assert refused(world, "put", tag=tag, shelf="02", card=courier.uid) is Reason.BOX_SHUT
    wall.latches["02"].release(0.0)
    do(world, "put", tag=tag, shelf="02", card=courier.uid)
    assert world.town.truth.where(item) == OnShelf(SITE, ShelfName("02"))
    do(world, "shut-box", box="02")
    assert refused(world, "take", tag=tag, card=world.patron.uid) is Reason.BOX_SHUT
    wall.latches["02"].release(0.0)
    do(world, "take", tag=tag, card=world.patron.uid)
    assert world.town.truth.where(item) == WithPatron(str(world.patron.patron), SITE)
    seen = world.hands.state()["sites"][SITE]
    assert (seen["standing"], seen["visitor"]) == (["02"], None)


def test_the_slot_takes_from_anybody_and_the_bin_gives_to_the_courier(
    world: Stage, wall: LockerWall, courier: Pass
) -> None:
    do(world, "load", card=world.patron.uid)
    (tag, *_) = world.town.bag(bearer(world.patron))
    item = world.town.copies[tag].item
    do(world, "put", tag=tag, shelf=BIN, card=world.patron.uid)
    assert world.town.truth.where(item) == OnShelf(SITE, ShelfName(BIN))
    assert refused(world, "open") is Reason.LOCKED
    assert refused(world, "take", tag=tag, card=courier.uid) is Reason.BOX_SHUT
    do(world, "tap", card=courier.uid, at="bin")
    assert world.hands.state()["sites"][SITE]["cards"] == [courier.uid]
    wall.force_door()
    do(world, "take", tag=tag, card=courier.uid)
    assert world.town.truth.where(item) == InTransit(SITE)


def test_what_cannot_be_done_is_said(world: Stage, wall: LockerWall, courier: Pass) -> None:
    tag = world.town.bag(LIBRARY)[0]
    assert refused(world, "scan", tag=tag, card=world.patron.uid) is Reason.NOT_HELD
    assert refused(world, "phone-code", card=world.patron.uid) is Reason.NO_PHONE
    assert refused(world, "lay", tag=tag, card=world.patron.uid) is Reason.BOX_SHUT
    with pytest.raises(Clumsy):
        world.hands.do({"act": "phone-code", "site": SITE})


def test_a_phone_shows_the_code_the_library_gives_and_couriers_get_what_is_waited_for(
    world: Stage, wall: LockerWall, courier: Pass
) -> None:
    wanted = world.town.copies[world.town.bag(LIBRARY)[-1]].title.title_id

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/phone-code"):
            assert request.url.params["site"] == SITE
            return httpx.Response(200, json={"code": "ML1.EAST-STATION.1.ABCD.ABCDEFGHIJ"})
        row = {"title_id": wanted, "state": "waiting"}
        return httpx.Response(200, json={"rows": [row], "next": None})

    web = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://hub.test")
    hands = Hands(world.town, list(world.sites.values()), "http://hub.test/", Librarian(web))
    hands.do({"act": "phone-code", "site": SITE, "card": world.patron.uid})
    assert b"ML1.EAST-STATION.1.ABCD.ABCDEFGHIJ" in wall.window.codes()
    before = set(world.town.bag(bearer(courier)))
    hands.do({"act": "load", "site": SITE, "card": courier.uid})
    given = [tag for tag in world.town.bag(bearer(courier)) if tag not in before]
    assert world.town.copies[TagUid(given[0])].title.title_id == wanted
