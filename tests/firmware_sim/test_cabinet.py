"""A cabinet keeps physical rules, whatever programs do."""

import threading
import time
from collections.abc import Callable

import pytest

from edge.devices import registry
from firmware_sim.cabinet import TWO_DOORS, Cabinet
from firmware_sim.furniture import Unreachable
from firmware_sim.transponders import Card, item_tag
from tests import rig


@pytest.fixture
def book():
    return item_tag("30000000012345", "CN-110105001", label="a novel")


def eventually(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not true() and time.monotonic() < deadline:
        time.sleep(0.005)
    return true()


def test_through_a_shut_door_nothing_can_be_taken_or_put(cabinet: Cabinet, book) -> None:
    cabinet.stock("A", [book])
    for do in (lambda: cabinet.take(book.uid), lambda: cabinet.put(book, "B")):
        with pytest.raises(Unreachable, match="the door of cabinet cabinet-1 is shut"):
            do()


def test_with_the_door_open_an_item_goes_from_shelf_to_hand_to_shelf(cabinet: Cabinet, book) -> None:
    cabinet.stock("A", [book, item_tag("2", "CN-1")])
    cabinet.force_door()
    assert cabinet.take(book.uid) is book
    assert cabinet.find(book.uid) is None
    cabinet.put(book, "B")
    cabinet.put(item_tag("3", "CN-1"), "B", place=0)
    assert [[tag.label for tag in tags] for tags in cabinet.contents().values()] == [["2"], ["3", "a novel"]]


def test_what_is_not_there_cannot_be_taken(cabinet: Cabinet, book) -> None:
    cabinet.force_door()
    with pytest.raises(Unreachable, match="there is no item"):
        cabinet.take(book.uid)
    with pytest.raises(Unreachable, match="has no shelf C"):
        cabinet.put(book, "C")
    with pytest.raises(Unreachable):
        cabinet.take(cabinet.shelves["A"].reference.uid)


def test_a_locked_door_does_not_open(cabinet: Cabinet) -> None:
    assert not cabinet.open_door()
    cabinet.faults.set("welded", "door")
    assert cabinet.open_door()
    cabinet.close_door()
    assert not cabinet.door_is_open


def test_a_card_is_held_for_a_while_and_then_gone(cabinet: Cabinet) -> None:
    card = Card("DEADBEEF")
    cabinet.tap(card, seconds=0.05)
    assert cabinet.cards() == [card]
    assert eventually(lambda: cabinet.cards() == [])
    cabinet.tap(card, None)
    cabinet.tap(card, None)
    assert cabinet.cards() == [card]
    cabinet.lift(card)
    assert cabinet.cards() == []


def test_a_shadow_stays_with_the_place(cabinet: Cabinet, book) -> None:
    cabinet.stock("A", [book])
    cabinet.shadow(book.uid)
    assert cabinet.contents()["A"][0].chance == 0
    cabinet.force_door()
    cabinet.put(cabinet.take(book.uid), "A")
    assert book.chance == 1


def test_the_snapshot_is_plain_values(cabinet: Cabinet, book) -> None:
    cabinet.stock("A", [book])
    cabinet.tap(Card("DEADBEEF", label="Chen Wei"), None)
    cabinet.unplug("reader-B")
    seen = cabinet.snapshot()
    assert (seen["name"], seen["power"], seen["unplugged"]) == ("cabinet-1", True, ["reader-B"])
    assert seen["door"] == {
        "open": False, "energised": False, "released": False, "pulses": 0, "heat_s": 0.0, "overheated": 0,
    }  # fmt: skip
    assert [shelf["unplugged"] for shelf in seen["shelves"]] == [False, True]
    assert seen["shelves"][0]["items"] == [{"uid": book.uid, "label": "a novel", "afi": 7, "chance": 1.0}]
    assert seen["cards"] == [{"uid": "DEADBEEF", "label": "Chen Wei"}]
    assert [fault["name"] for fault in seen["faults"]] == ["unplugged"]


def test_whoever_looks_on_hears_of_every_change(cabinet: Cabinet, book) -> None:
    heard: list[Cabinet] = []
    cabinet.on_change(heard.append)
    for do in (
        lambda: cabinet.stock("A", [book]),
        cabinet.force_door,
        lambda: cabinet.take(book.uid),
        cabinet.close_door,
        lambda: cabinet.tap(Card("DEADBEEF"), 0.01),
        lambda: cabinet.faults.set("stuck", "door"),
    ):
        heard.clear()
        do()
        assert heard
        assert set(heard) == {cabinet}
    heard.clear()
    assert eventually(lambda: bool(heard))


def test_each_shelf_has_its_own_reference_and_each_cabinet_others() -> None:
    with rig.cabinet("east") as east, rig.cabinet("west") as west:
        uids = [shelf.reference.uid for cabinet in (east, west) for shelf in cabinet.shelves.values()]
    assert len(set(uids)) == 4


def test_power_comes_and_goes_and_shelves_stay(cabinet: Cabinet, book) -> None:
    cabinet.stock("A", [book])
    cabinet.force_door()
    for on in (False, False, True, True):
        cabinet.power(on)
        assert cabinet.has_power is on
        assert cabinet.paths.board.exists() is on
    assert (cabinet.door_is_open, cabinet.contents()["A"]) == (True, [book])
    assert not cabinet.strike_energised


def test_each_of_two_doors_has_its_own_strike_and_contact_and_either_leads_to_the_shelves(book) -> None:
    with rig.cabinet(doors=TWO_DOORS) as cabinet:
        cabinet.stock("A", [book])
        cabinet.doors["door-2"].drive(0)
        assert not cabinet.open_door()
        assert cabinet.open_door(door="door-2")
        assert (cabinet.door.contact(), cabinet.doors["door-2"].is_open, cabinet.door_is_open) == (0, True, True)
        assert cabinet.take(book.uid) is book
        assert cabinet.snapshot()["doors"]["door-2"]["open"]
        cabinet.close_door("door-2")
        with pytest.raises(Unreachable):
            cabinet.put(book, "A")
        cabinet.force_door("door-2")
        cabinet.put(book, "A")


def test_the_locks_of_two_doors_hang_on_pins_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(rig.SHIMS))
    with rig.cabinet(doors=TWO_DOORS) as cabinet, rig.shims(cabinet.paths.board):
        lock, contact = TWO_DOORS["door-2"]
        options = {"driver": "gpio-door", "lock_pin": lock, "contact_pin": contact, "pulse_ms": 400}
        driver = registry.build("second", options)
        try:
            driver.connect()
            driver.unlock()
            assert cabinet.open_door(1.0, "door-2")
            assert (driver.is_open(), cabinet.door.pulses, cabinet.doors["door-2"].pulses) == (True, 0, 1)
            assert driver.pulse_s == 0.4
        finally:
            driver.close()


def test_nothing_of_it_runs_after_it_stopped() -> None:
    before = threading.active_count()
    with rig.cabinet() as cabinet:
        cabinet.stop()
        assert threading.active_count() == before
        assert not any(cabinet.paths.board.parent.iterdir())


def test_a_folder_whose_name_is_too_long_for_a_socket_is_named(tmp_path) -> None:
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    cabinet = Cabinet("cabinet-1", deep)
    with pytest.raises(ValueError, match="too long for a unix socket"):
        cabinet.start()
    cabinet.stop()


def test_two_cabinets_fit_in_one_process(book) -> None:
    with rig.cabinet("one") as one, rig.cabinet("two") as two:
        one.stock("A", [book])
        one.force_door()
        assert (two.door_is_open, two.contents()["A"]) == (False, [])
