"""A room's keeper: from cards, contacts and the clock to the journal, the locks and the pages."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from edge.furniture import Room, Station
from protocol.directory import PolicyEntry
from protocol.events import (
    AgentStarted,
    CardRefused,
    DeviceFailed,
    DoorForced,
    DoorHeld,
    FireReleased,
    RefusalReason,
    RoomLeft,
    SelfTested,
    VisitEnded,
    VisitKind,
    VisitOpened,
    VisitOutcome,
)
from protocol.status import DoorState
from tests.edge.test_agent import full_disk
from tests.edge.whole import ADA, BO, LOST, OURS, Cards, Lock, Switch, Whole, directory

EXAMPLE = Path(__file__).parents[3] / "deploy" / "edge" / "stations" / "room.toml"
ROOM: dict[str, Any] = {
    "name": "room-1",
    "kind": "room",
    "entrances": [
        {
            "door": "door",
            "card_reader": "card",
            "exit_button": "exit",
            "barrier": "barrier",
            "hours": ["mon-fri 08:00-22:00"],
        },
        {"door": "back", "card_reader": "back-card"},
    ],
    "fire_release": "fire",
    "seats": 3,
}
NIGHT = 6 * 3600 + 120
"""From 16:17, when the story begins, to after 22:00."""


def built(folder: Path, **more: Any) -> Whole:
    world = Whole(folder, stations=(ROOM,), **more)
    world.devices = {"door": world.lock, "card": world.cards, "back": Lock(), "back-card": Cards()}
    world.devices |= {name: Switch() for name in ("exit", "barrier", "fire")}
    return world


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Whole]:
    world = built(tmp_path)
    with world.running():
        world.live(2)
        yield world


def of(world: Whole, name: str) -> Any:
    """One of its devices."""
    assert world.devices is not None
    return world.devices[name]


def walk_in(world: Whole, uid: str = ADA, people: int = 1) -> None:
    world.tap(uid)
    world.lock.open = True
    world.live(0.5)
    for _ in range(people):
        pulse(world, "barrier")
    world.lock.open = False
    world.live(2.5)


def pulse(world: Whole, switch: str) -> None:
    of(world, switch).on = True
    world.live(0.2)
    of(world, switch).on = False
    world.live(0.2)


def test_a_tap_and_an_opened_door_become_an_entry(whole: Whole) -> None:
    before: list[int] = []
    whole.lock.before_pulse = lambda: before.append(len(whole.said(VisitOpened)))
    walk_in(whole)
    (opened,), (ended,) = whole.said(VisitOpened), whole.said(VisitEnded)
    assert (opened.kind, opened.visit) == (VisitKind.ENTER, ended.visit)
    assert opened.who is not None
    assert (ended.outcome, ended.people) == (VisitOutcome.SETTLED, 1)
    assert (before, whole.lock.pulses, of(whole, "back").pulses) == ([1], 1, 0)
    (status,) = whole.agent.status().stations
    assert (status.kind, status.phase, status.door, status.people, status.seats) == (
        "room", "idle", DoorState.SHUT, 1, 3,
    )  # fmt: skip
    assert status.last_visit_at is not None


def test_each_door_has_a_page_and_there_is_one_for_inside(whole: Whole) -> None:
    assert whole.screen("room-1/door")["kind"] == whole.screen("room-1/back")["kind"] == "idle"
    assert whole.screen("room-1/inside")["kind"] == "inside"
    whole.tap(LOST)
    assert whole.screen("room-1/door")["kind"] == "refused"
    assert whole.screen("room-1/back")["kind"] == "idle"
    assert [f.reason for f in whole.said(CardRefused)] == [RefusalReason.LOST_CARD]
    whole.live(9)
    assert whole.screen("room-1/door")["kind"] == "idle"


def test_whoever_may_only_return_gets_in_by_policy_and_not_without(whole: Whole) -> None:
    whole.now += 20 * 86_400 + 16 * 3600  # nobody has vouched for the directory for long
    whole.live(120)
    whole.tap(ADA)
    assert [f.kind for f in whole.said(VisitOpened)] == [VisitKind.ENTER]
    assert "只能还书" in whole.screen("room-1/door")["said"][0]["lines"][0]
    whole.live(20)
    strict = PolicyEntry(owners=(OURS,), return_only=False)
    fresh = directory()
    entries = (*fresh.entries, strict.model_dump(mode="json", exclude_none=True))
    whole.site.mirror.apply(
        fresh.model_copy(update={"version": 8, "at": fresh.at, "entries": entries}), whole.site.clock.stamp()
    )
    whole.now += 20 * 86_400
    whole.live(120)
    whole.tap(ADA)
    assert [f.reason for f in whole.said(CardRefused)] == [RefusalReason.UNVERIFIABLE]


def test_leaving_by_the_button_and_a_forced_door(whole: Whole) -> None:
    walk_in(whole)
    pulse(whole, "exit")
    whole.lock.open = True
    whole.live(1)
    whole.lock.open = False
    whole.live(1)
    assert [f.door for f in whole.said(RoomLeft)] == ["door"]
    assert whole.agent.status().stations[0].people == 0
    whole.live(6)
    whole.lock.open = True
    whole.live(1)
    assert [f.door for f in whole.said(DoorForced)] == ["door"]
    whole.live(125)
    assert [f.visit for f in whole.said(DoorHeld)] == [None]


def test_after_closing_the_door_refuses_and_says_when_it_opens(whole: Whole) -> None:
    whole.now += NIGHT - 15 * 60
    whole.live(65)
    assert any("22:00" in line for line in whole.screen("room-1/door")["said"][1]["lines"])
    whole.now += 15 * 60
    whole.live(65)
    assert whole.screen("room-1/door")["kind"] == "closed"
    whole.tap()
    assert [f.reason for f in whole.said(CardRefused)] == [RefusalReason.CLOSED]
    assert whole.screen("room-1/door")["said"][1]["lines"] == ["Open: Mon–Fri 08:00–22:00"]
    assert whole.lock.pulses == 0
    pulse(whole, "exit")
    whole.lock.open = True
    whole.live(1)
    assert whole.said(RoomLeft)


def test_the_last_seat(whole: Whole) -> None:
    walk_in(whole, people=3)
    (ended,) = whole.said(VisitEnded)
    assert (ended.people, ended.shared) == (3, True)
    whole.tap(BO)
    assert [f.reason for f in whole.said(CardRefused)] == [RefusalReason.FULL]
    assert whole.screen("room-1/back")["kind"] == "full"


def test_a_fire_alarm(whole: Whole) -> None:
    of(whole, "fire").on = True
    whole.live(1)
    whole.lock.open = of(whole, "back").open = True
    whole.live(200)
    whole.tap()
    assert [f.released for f in whole.said(FireReleased)] == [True]
    assert not whole.said(DoorForced) + whole.said(DoorHeld) + whole.said(VisitOpened)
    assert whole.screen("room-1/inside")["kind"] == "free"
    assert whole.lock.pulses == 0
    whole.lock.open = of(whole, "back").open = False
    whole.live(1)
    of(whole, "fire").on = False
    whole.live(1)
    assert whole.screen("room-1/inside")["kind"] == "inside"
    walk_in(whole)
    assert len(whole.said(VisitEnded)) == 1


def test_a_power_cut_with_people_at_both_doors(tmp_path: Path) -> None:
    world = built(tmp_path)
    with world.running():
        world.live(2)
        walk_in(world, BO)
        world.tap(ADA)
        of(world, "back-card").uid = BO
        world.live(0.5)
        of(world, "back-card").uid = None
        of(world, "back").open = True
        world.live(1)
        assert len(world.said(VisitOpened)) == 3
    of(world, "back").open = False
    with world.running():
        world.live(2)
        recovered = [f for f in world.said(VisitEnded) if f.recovered]
        assert sorted(f.outcome for f in recovered) == [VisitOutcome.SETTLED, VisitOutcome.UNSETTLED]
        assert world.agent.status().stations[0].people == 2
        assert [f.open_visits for f in world.said(AgentStarted)] == [0, 2]


def test_a_reader_that_fails_closes_its_own_door_only(whole: Whole) -> None:
    of(whole, "back-card").gone = True
    whole.live(5)
    assert [f.device for f in whole.said(DeviceFailed)] == ["back-card"]
    assert whole.screen("room-1/back")["kind"] == "out-of-order"
    assert whole.agent.status().stations[0].phase == "idle"
    walk_in(whole)
    assert len(whole.said(VisitEnded)) == 1
    of(whole, "back-card").gone = False
    whole.live(35)
    assert whole.screen("room-1/back")["kind"] == "idle"


def test_an_entry_that_ends_while_the_disk_is_full_is_told_when_there_is_room(whole: Whole, tmp_path: Path) -> None:
    whole.tap()
    whole.lock.open = True
    whole.live(1)
    with full_disk(tmp_path):
        whole.lock.gone = True  # its contact is gone: nobody waits for it
        whole.live(5)
        assert not whole.said(VisitEnded)
        whole.tap(BO)
        assert whole.lock.pulses == 1
    whole.live(30)
    assert [f.outcome for f in whole.said(VisitEnded)] == [VisitOutcome.SETTLED]


def test_the_self_test_tries_doors_readers_and_contacts_and_nobody_inside_notices(whole: Whole) -> None:
    walk_in(whole)
    before = len(whole.screens)
    of(whole, "exit").gone = True
    whole.live(125)
    (fact,) = whole.said(SelfTested)
    assert {part.part: part.ok for part in fact.parts} == {
        "door": True, "card": True, "exit": False, "barrier": True, "back": True, "back-card": True, "fire": True,
        "clock": True, "disk": True,
    }  # fmt: skip
    assert len(whole.screens) == before
    assert whole.lock.pulses == 1


def test_the_example_of_a_room_is_one() -> None:
    told = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    (station,) = TypeAdapter(tuple[Station, ...]).validate_python(told["station"])
    assert isinstance(station, Room)
    text = EXAMPLE.read_text(encoding="utf-8")
    fields = {*Room.model_fields, *type(station.entrances[0]).model_fields}
    assert [name for name in sorted(fields) if f"\n{name} = " not in text and f"[[station.{name}]]" not in text] == []
    assert set(station.uses()) == set(told["device"])
