"""A cabinet's keeper: several doors by their locks, and the self-test of a night, from the clock to the journal."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.keepers.cabinet import plan_of
from protocol.cards import card_secret, card_tag
from protocol.directory import Block, CardEntry, ItemEntry, Lending, PolicyEntry
from protocol.events import (
    Borrowed,
    BorrowFlag,
    CardRefused,
    DeviceFailed,
    DoorClosed,
    DoorForced,
    DoorOpened,
    RefusalReason,
    Returned,
    SelfTested,
    VisitEnded,
    VisitKind,
    VisitOpened,
    VisitOutcome,
)
from protocol.names import StationName
from protocol.status import DoorState
from tests.edge.whole import BO, CABINET, KEY, OURS, SALT, Lock, Whole, directory, item, settings_in, tag

HOUR = 3600.0
AFTERNOON_TO_HALF_PAST_THREE = 11.5 * HOUR


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Whole]:
    """One cabinet at 16:00; the clock stands at 1000 s, its self-test is caught up within two minutes."""
    world = Whole(tmp_path)
    with world.running():
        yield world


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[Whole]:
    """One cabinet with two doors, `lock` and `right`."""
    world = two_doors(tmp_path)
    with world.running():
        world.live(5)
        yield world


def screen(world: Whole) -> Any:
    return json.loads(world.screens[-1])


def right_of(world: Whole) -> Lock:
    assert world.devices is not None
    lock = world.devices["right"]
    assert isinstance(lock, Lock)
    return lock


def two_doors(folder: Path) -> Whole:
    world = Whole(folder, stations=({**CABINET, "door": ["door", "right"]},))
    world.devices = {"card": world.cards, "door": world.lock, "shelf-a": world.tags, "right": Lock()}
    return world


# --- several doors ---


def test_two_locks_never_pull_at_once(doors: Whole) -> None:
    right, pulled = right_of(doors), []
    doors.lock.before_pulse = lambda: pulled.append(doors.now)
    right.before_pulse = lambda: pulled.append(doors.now)
    doors.tap()
    doors.live(2)
    assert (doors.lock.pulses, right.pulses) == (1, 1)
    assert 1.29 <= pulled[1] - pulled[0] <= 1.5  # the second's pulse of a driver that doesn't say, and 300 ms


def test_a_visit_with_both_doors_settles_when_both_are_shut(doors: Whole) -> None:
    right = right_of(doors)
    doors.tap()
    doors.lock.open = right.open = True
    doors.live(1)
    doors.tags.tags -= {tag(1)}
    doors.lock.open = False
    doors.live(5)
    assert not doors.said(VisitEnded)
    assert doors.agent.status().stations[0].door is DoorState.OPEN
    right.open = False
    doors.live(5)
    assert [f.item for f in doors.said(Borrowed)] == [item(1)]
    assert sorted(f.door for f in doors.said(DoorOpened)) == ["door", "right"]
    assert [f.door for f in doors.said(DoorClosed)] == ["door", "right"]


def test_a_contact_that_fails_and_comes_back_open_is_told_for_its_door(doors: Whole) -> None:
    right = right_of(doors)
    right.gone = True
    doors.live(5)
    assert [f.device for f in doors.said(DeviceFailed)] == ["right"]
    assert screen(doors)["kind"] == "out-of-order"
    right.gone, right.open = False, True
    doors.live(5)
    assert [f.door for f in doors.said(DoorForced)] == ["right"]
    right.open = False
    doors.live(10)
    assert screen(doors)["kind"] == "idle"


def test_of_two_contacts_that_failed_the_first_to_come_back_speaks_for_its_door(doors: Whole) -> None:
    right = right_of(doors)
    right.gone = doors.lock.gone = True
    doors.live(5)
    right.gone, right.open = False, True
    doors.live(40)
    assert [f.door for f in doors.said(DoorForced)] == ["right"]
    right.open = False
    doors.live(5)
    doors.lock.gone = False
    doors.live(60)
    assert screen(doors)["kind"] == "idle"
    assert len(doors.said(DoorForced)) == 1


def test_a_power_cut_with_the_second_door_open(tmp_path: Path) -> None:
    world = two_doors(tmp_path)
    with world.running():
        world.live(5)
        world.tap()
        right_of(world).open = True
        world.live(2)
    with world.running():
        world.live(2)
        world.tags.tags -= {tag(1)}
        right_of(world).open = False
        world.live(5)
        (ended,) = world.said(VisitEnded)
        assert (ended.outcome, ended.recovered) == (VisitOutcome.SETTLED, True)
        assert [f.item for f in world.said(Borrowed)] == [item(1)]


def test_a_door_that_opens_before_the_start_is_over_is_open_at_the_start(tmp_path: Path) -> None:
    world = two_doors(tmp_path)
    world.cards.gone = True  # the start waits for it
    with world.running():
        world.live(2)
        right_of(world).open = True
        world.live(20)
        world.cards.gone = False
        world.live(40)
        assert [(f.door, f.found_open) for f in world.said(DoorForced)] == [("right", True)]


@pytest.mark.parametrize(("pulse_s", "gap_s"), [(0.5, 0.8), (1.0, 1.3), (3.0, 0.3)])
def test_a_solenoid_is_off_before_the_next_one_pulls_and_nobody_waits_for_a_strike(
    tmp_path: Path, pulse_s: float, gap_s: float
) -> None:
    settings = settings_in(tmp_path)
    assert plan_of(settings.station[0], settings, pulse_s).lock_gap_s == pytest.approx(gap_s)  # type: ignore[arg-type]


# --- returns only ---


@pytest.fixture
def blocked(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Whole]:
    """Bo's card is blocked; whether it may return, the policy says."""
    card = CardEntry.model_validate({"tag": card_tag(KEY, card_secret(BO, bytes.fromhex(SALT))), "group": "adult"})
    policy = PolicyEntry(owners=(OURS,), return_only=request.param)
    world = Whole(tmp_path, entries=(card.model_copy(update={"block": Block.BLOCKED}), policy))
    with world.running():
        world.live(5)
        yield world


@pytest.mark.parametrize("blocked", [True], indirect=True)
def test_a_blocked_patron_returns_what_they_have_and_what_they_take_is_flagged(blocked: Whole) -> None:
    blocked.tags.tags -= {tag(3)}
    blocked.live(3700)
    blocked.visit(put={tag(3)}, take={tag(1)}, uid=BO)
    assert [f.kind for f in blocked.said(VisitOpened)] == [VisitKind.RETURN_ONLY]
    assert [f.item for f in blocked.said(Returned)] == [item(3)]
    assert [f.flags for f in blocked.said(Borrowed)] == [(BorrowFlag.RETURN_ONLY,)]
    titles = [json.loads(text)["said"][1]["title"] for text in blocked.screens]
    assert "Unlocked for returns only" in titles
    assert "returns only today: please put it back" in json.dumps(screen(blocked)["items"])


@pytest.mark.parametrize("blocked", [False], indirect=True)
def test_where_the_policy_has_no_returns_for_blocked_patrons_they_hear_why(blocked: Whole) -> None:
    blocked.tap(BO)
    assert [f.reason for f in blocked.said(CardRefused)] == [RefusalReason.BLOCKED]
    assert blocked.lock.pulses == 0


# --- what is kept for others ---


def test_the_screen_lists_what_is_reserved_while_the_door_is_open(whole: Whole) -> None:
    page = directory()
    held = ItemEntry(item=item(2), tag=tag(2), title="Title 2", author="Somebody", lending=Lending.HELD)
    entries = (*page.entries, held.model_dump(mode="json", exclude_none=True))
    whole.site.mirror.apply(page.model_copy(update={"version": 8, "entries": entries}), whole.site.clock.stamp())
    whole.live(5)
    whole.tap()
    whole.lock.open = True
    whole.live(1)
    shown = screen(whole)
    assert [(line["title"], line["change"]) for line in shown["items"]] == [("Title 2", "reserved")]
    assert any("1册" in line for line in shown["said"][0]["lines"])
    whole.tags.tags -= {tag(2)}
    whole.lock.open = False
    whole.live(5)
    assert "put them back" in " ".join(screen(whole)["said"][1]["lines"])


# --- the self-test ---


def parts(fact: Any) -> dict[str, bool]:
    return {part.part: part.ok for part in fact.parts}


def test_a_site_that_was_never_tested_is_tested_once_it_is_calm_and_then_each_night(whole: Whole) -> None:
    whole.live(30)
    assert not whole.said(SelfTested)
    whole.live(100)
    (first,) = whole.said(SelfTested)
    assert first.ok
    assert parts(first) == dict.fromkeys(["card", "door", "shelf-a", "clock", "disk", "A"], True)
    whole.now += AFTERNOON_TO_HALF_PAST_THREE - 1200  # ten to half past three
    whole.live(60)
    assert len(whole.said(SelfTested)) == 1
    whole.live(3700)
    assert len(whole.said(SelfTested)) == 2
    whole.now += 6 * HOUR
    whole.live(120)
    assert len(whole.said(SelfTested)) == 2


def test_no_lock_is_released_and_the_screen_stays_as_it_is(whole: Whole) -> None:
    whole.live(30)
    before = len(whole.screens)
    whole.live(100)
    assert whole.said(SelfTested)
    assert whole.lock.pulses == 0
    assert {json.loads(text)["kind"] for text in whole.screens[before:]} <= {"idle"}


def test_a_night_that_was_slept_through_is_caught_up_once_also_over_restarts(tmp_path: Path) -> None:
    world = Whole(tmp_path)
    with world.running():
        world.live(130)
        assert len(world.said(SelfTested)) == 1
    world.now += 20 * HOUR  # off over half past three, on again at noon
    with world.running():
        world.live(130)
        assert len(world.said(SelfTested)) == 2
    with world.running():
        world.live(130)
        assert len(world.said(SelfTested)) == 2


def test_a_patron_goes_first_and_the_test_is_made_up_for_when_they_are_gone(whole: Whole) -> None:
    whole.live(5)
    whole.tags.slow = True  # so that its count takes a while
    while whole.agent.keepers[StationName("cabinet-1")].state.phase != "counting":
        whole.live(0.05)
    assert whole.now > 1055
    whole.tap()
    assert whole.lock.pulses == 1
    whole.tags.slow = False
    whole.lock.open = True
    whole.live(1)
    whole.tags.tags -= {tag(1)}
    whole.lock.open = False
    whole.live(5)
    assert [f.item for f in whole.said(Borrowed)] == [item(1)]
    assert not whole.said(SelfTested)
    whole.live(200)
    assert len(whole.said(SelfTested)) == 1


def test_what_is_wrong_is_named(whole: Whole) -> None:
    whole.free_mb = 150
    whole.synced = False
    whole.live(5)
    whole.tags.gone = True
    whole.live(150)
    (fact,) = whole.said(SelfTested)
    assert not fact.ok
    assert {part for part, ok in parts(fact).items() if not ok} == {"shelf-a", "disk", "A"}
    says = {part.part: part.says for part in fact.parts}
    assert says["shelf-a"] == "unplugged"
    assert says["disk"] == "150 MB free, 200 needed"


def test_a_clock_that_nobody_vouches_for_fails(tmp_path: Path) -> None:
    world = Whole(tmp_path, synced=False)
    with world.running():
        world.live(130)
        (fact,) = world.said(SelfTested)
        assert {part for part, ok in parts(fact).items() if not ok} == {"clock"}
