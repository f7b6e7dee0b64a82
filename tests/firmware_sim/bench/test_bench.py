"""What hands at the bench page can do, and what its server tells and refuses, over real HTTP."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from firmware_sim.bench import Bench
from firmware_sim.bench.hands import Clumsy, Reason
from firmware_sim.town import ELSEWHERE, bearer
from firmware_sim.transponders import Transponder
from firmware_sim.truth import Gone, InTransit, OnShelf, WithPatron
from protocol.directory import CardClass
from protocol.names import ShelfName, TagUid
from tests.firmware_sim.bench.stage import HERE, Stage, stage

ELSEWHERE_SITE = "garden-school"


@pytest.fixture
def world() -> Iterator[Stage]:
    with stage() as built:
        yield built


@pytest.fixture
def bench(world: Stage) -> Iterator[Bench]:
    served = Bench(world.hands, 0)
    served.start()
    yield served
    served.stop()


def do(world: Stage, act: str, **said: object) -> None:
    world.hands.do({"act": act, "site": HERE, **said})


def refusal(world: Stage, act: str, **said: object) -> Reason:
    with pytest.raises(Clumsy) as refused:
        do(world, act, **said)
    return refused.value.reason


def seen(world: Stage) -> dict[str, Any]:
    return dict(world.hands.state()["sites"][HERE])


def ask(bench: Bench, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", bench.port, timeout=10)
    try:
        connection.request(method, path, body, {"Content-Type": kind} if body is not None else {})
        answer = connection.getresponse()
        return answer.status, answer.getheader("content-type", ""), answer.read()
    finally:
        connection.close()


# --- hands ---


def test_a_card_is_held_to_the_reader(world: Stage) -> None:
    do(world, "tap", card=world.patron.uid)
    assert [card.uid for card in world.cabinet.cards()] == [world.patron.uid]
    assert seen(world)["cards"] == [world.patron.uid]


def test_a_tapped_card_is_left_alone_by_simulated_people(world: Stage) -> None:
    do(world, "tap", card=world.patron.uid)
    assert bearer(world.patron) in world.town.used_by_hand


def test_two_cards_are_held_at_once(world: Stage) -> None:
    do(world, "two-cards")
    assert len(world.cabinet.cards()) == 2


def test_a_phone_shows_a_number_that_no_card_has(world: Stage) -> None:
    do(world, "phone")
    (shown,) = world.cabinet.cards()
    assert shown.uid.startswith("08")
    assert shown.uid not in world.town.passes


def test_a_locked_door_stays_shut(world: Stage) -> None:
    assert refusal(world, "open") is Reason.LOCKED
    assert not world.cabinet.door_is_open


def test_a_released_door_opens_for_whoever_tapped(world: Stage) -> None:
    world.enter(world.patron)
    assert seen(world)["door"]["open"]
    assert seen(world)["visitor"] == world.patron.uid


def test_what_is_taken_is_in_the_patrons_hands_and_the_truth_knows(world: Stage) -> None:
    world.enter(world.patron)
    tag = world.shelf("A")[3]

    do(world, "take", tag=tag)

    assert world.hands.state()["bags"][world.patron.uid] == [tag]
    assert tag not in world.shelf("A")
    where = world.town.truth.where(world.town.copies[tag].item)
    assert isinstance(where, WithPatron)
    assert where.patron == world.patron.patron


def test_what_is_put_stands_on_that_shelf(world: Stage) -> None:
    world.enter(world.patron)
    tag = world.shelf("A")[3]
    do(world, "take", tag=tag)

    do(world, "put", tag=tag, shelf="B", card=world.patron.uid)

    assert world.shelf("B")[-1] == tag
    assert world.hands.state()["bags"][world.patron.uid] == []
    assert world.town.truth.where(world.town.copies[tag].item) == OnShelf(HERE, ShelfName("B"))


def test_a_courier_loads_from_the_library_and_what_they_take_is_on_its_way(world: Stage) -> None:
    (courier, *_) = world.cards(CardClass.COURIER)
    world.enter(courier)
    do(world, "load", card=courier.uid)
    loaded = world.hands.state()["bags"][courier.uid]
    assert len(loaded) == 3

    taken = world.shelf("A")[0]
    do(world, "take", tag=taken)
    do(world, "put", tag=loaded[0], shelf="A", card=courier.uid)

    assert world.town.truth.where(world.town.copies[taken].item) == InTransit(HERE)
    assert world.shelf("A")[-1] == loaded[0]


def test_another_librarys_item_can_be_brought_until_there_is_none_left(world: Stage) -> None:
    for _ in range(len(world.town.bag(ELSEWHERE))):
        do(world, "foreign", card=world.patron.uid)
    brought = world.hands.state()["bags"][world.patron.uid]
    assert all(not world.hands.fixed()["titles"][tag]["ours"] for tag in brought)
    assert refusal(world, "foreign", card=world.patron.uid) is Reason.NONE_LEFT


def test_a_forced_door_is_open_and_nobodys_visit(world: Stage) -> None:
    tag = world.shelf("A")[0]
    do(world, "force")
    assert seen(world)["door"]["open"]
    assert seen(world)["visitor"] is None

    do(world, "take", tag=tag)
    assert world.town.truth.where(world.town.copies[tag].item) == Gone(HERE)


def test_nothing_is_reached_through_a_shut_door(world: Stage) -> None:
    world.enter(world.patron)
    held = world.shelf("A")[0]
    do(world, "take", tag=held)
    do(world, "shut")

    assert refusal(world, "take", tag=world.shelf("A")[0]) is Reason.SHUT
    assert refusal(world, "put", tag=held, shelf="A", card=world.patron.uid) is Reason.SHUT


def test_what_isnt_in_the_hands_cant_be_put_and_what_isnt_there_cant_be_taken(world: Stage) -> None:
    world.enter(world.patron)
    tag = world.shelf("A")[0]
    assert refusal(world, "put", tag=tag, shelf="A", card=world.patron.uid) is Reason.NOT_HELD
    do(world, "take", tag=tag)
    assert refusal(world, "take", tag=tag) is Reason.NOT_THERE
    assert refusal(world, "shadow", tag=tag, on=True) is Reason.NOT_THERE


def test_a_full_shelf_takes_no_more(world: Stage) -> None:
    world.enter(world.patron)
    held = world.shelf("A")[0]
    do(world, "take", tag=held)
    spare = [tag for tag in world.town.copies if world.cabinet.find(tag) is None and tag != held]
    room = world.town.sight(HERE).room[ShelfName("B")]
    world.cabinet.stock("B", [Transponder(tag) for tag in spare[:room]])

    assert refusal(world, "put", tag=held, shelf="B", card=world.patron.uid) is Reason.FULL


@pytest.mark.parametrize(
    ("act", "said"),
    [
        ("fly", {}),
        ("tap", {"site": "nowhere"}),
        ("open", {"patience_s": "long"}),
        ("unplug", {"device": "kettle", "on": True}),
        ("take", {"tag": "E004010000000000"}),
    ],
)
def test_what_makes_no_sense_is_refused(world: Stage, act: str, said: dict[str, object]) -> None:
    with pytest.raises(Clumsy) as refused:
        world.hands.do({"act": act, "site": HERE, **said})
    assert refused.value.reason is Reason.NOTHING


def test_whoever_picked_no_card_is_told_so(world: Stage) -> None:
    assert refusal(world, "tap", card=None) is Reason.NO_CARD
    assert refusal(world, "load") is Reason.NO_CARD


def test_a_shadowed_tag_is_shown_as_hidden(world: Stage) -> None:
    tag = world.shelf("A")[2]

    do(world, "shadow", tag=tag, on=True)
    assert seen(world)["shelves"][0]["items"][2] == {"tag": tag, "hidden": True}

    do(world, "shadow", tag=tag, on=False)
    assert seen(world)["shelves"][0]["items"][2] == {"tag": tag, "hidden": False}


@pytest.mark.parametrize("device", ["card", "door", "reader-A", "reader-B"])
def test_a_plug_is_pulled_and_put_back(world: Stage, device: str) -> None:
    do(world, "unplug", device=device, on=True)
    assert seen(world)["unplugged"] == [device]

    do(world, "unplug", device=device, on=False)
    assert seen(world)["unplugged"] == []


def test_network_and_power_are_cut_and_come_back(world: Stage) -> None:
    for switch in ("network", "power"):
        do(world, switch, on=False)
        assert seen(world)[switch] is False
        do(world, switch, on=True)
        assert seen(world)[switch] is True


def test_sites_dont_mind_what_happens_elsewhere(world: Stage) -> None:
    before = world.hands.state()["sites"][ELSEWHERE_SITE]
    do(world, "power", on=False)
    do(world, "force")
    assert world.hands.state()["sites"][ELSEWHERE_SITE] == before


def test_every_card_says_what_it_is(world: Stage) -> None:
    kinds = {card["kind"] for card in world.hands.fixed()["cards"]}
    assert {"patron", "courier", "service", "unknown", "blocked", "lost"} <= kinds


# --- the server ---


def test_an_action_is_done_and_answered(world: Stage, bench: Bench) -> None:
    said = json.dumps({"act": "force", "site": HERE}).encode()
    status, _, body = ask(bench, "POST", "/do", said)
    assert (status, json.loads(body)) == (200, {"done": True})
    assert world.cabinet.door_is_open


def test_what_cant_be_done_is_answered_with_a_sentence(bench: Bench) -> None:
    said = json.dumps({"act": "open", "site": HERE}).encode()
    status, _, body = ask(bench, "POST", "/do", said)
    assert (status, json.loads(body)) == (409, {"done": False, "why": "the door is locked"})


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b"7", b"\xff", b'{"act": "' + b"x" * 20_000 + b'"}'])
def test_rubbish_is_refused(bench: Bench, body: bytes) -> None:
    status, kind, answer = ask(bench, "POST", "/do", body)
    assert status == 400
    assert kind == "application/json"
    assert json.loads(answer)["done"] is False


def test_another_pages_form_cant_act(world: Stage, bench: Bench) -> None:
    said = json.dumps({"act": "force", "site": HERE}).encode()
    assert ask(bench, "POST", "/do", said, "text/plain")[0] == 415
    assert not world.cabinet.door_is_open


def test_the_page_and_its_parts_are_served_and_ask_nothing_of_the_network(bench: Bench) -> None:
    status, kind, page = ask(bench, "GET", "/")
    assert (status, kind.split(";")[0]) == (200, "text/html")
    for name in ("bench.css", "bench.js", "drag.js", "drawing.js", "wires.js", "words.js"):
        status, _, part = ask(bench, "GET", f"/{name}")
        assert status == 200
        assert b"http" not in part
    assert b"http" not in page


def test_whoever_looks_is_told_of_the_world_and_of_each_change(world: Stage, bench: Bench) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", bench.port, timeout=10)
    connection.request("GET", f"/events?site={HERE}")
    stream = connection.getresponse()
    assert told(stream, "state")["sites"][HERE]["door"]["open"] is False

    do(world, "force")

    while not told(stream, "state")["sites"][HERE]["door"]["open"]:
        pass
    connection.close()


def test_frames_come_with_what_became_of_them(world: Stage, bench: Bench) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", bench.port, timeout=10)
    connection.request("GET", f"/events?site={HERE}")
    stream = connection.getresponse()
    told(stream, "state")

    world.cabinet.frames.add("reader-A", False, b"\x07\xff\xb0", "crc wrong")

    (frame,) = told(stream, "frames")
    assert (frame["device"], frame["out"], frame["hex"], frame["verdict"]) == (
        "reader-A",
        False,
        "07 FF B0",
        "crc wrong",
    )
    connection.close()


def told(stream: http.client.HTTPResponse, what: str) -> Any:
    """The next event of that name."""
    while line := stream.readline():
        if line.decode().strip() == f"event: {what}":
            return json.loads(stream.readline().removeprefix(b"data: "))
    raise AssertionError("the stream has ended")


def test_tags_of_both_libraries_have_titles(world: Stage) -> None:
    titles = world.hands.fixed()["titles"]
    for shelf in ("A", "B"):
        for tag in world.shelf(shelf):
            assert titles[tag]["title"]
    assert {titles[TagUid(copy.tag)]["ours"] for copy in world.town.stock.strangers} == {False}
