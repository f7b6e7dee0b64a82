"""What every card reader must do. Classes of tests over a `rig`; test_card_reader.py runs them for each driver.

Some readers can be asked what is before them, others only speak: what can't be asked for, nobody can promise.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from edge.devices.kinds import Look
from edge.devices.presence import Presence
from edge.errors import DeviceError, DeviceGone
from firmware_sim.transponders import Card
from tests.conformance.rig import Rig


@dataclass(frozen=True, slots=True)
class Traits:
    """What one driver's readers can do."""

    cards: tuple[str, ...]
    """UIDs of cards that they read, of each kind one, and of the first kind two."""
    asked: bool = True
    """They can be asked: an empty field is told from a reader that is silent, two cards from none."""
    plug: bool = True
    """A plug that was pulled is noticed."""


TRAITS = {
    "mfrc522": Traits(("DEADBEEF", "DEADBEEE", "04A1B2C3D4E5F6", "04010203040506070809")),
    "rdm6300": Traits(("010063E9AE", "4500B8D4F0"), asked=False),
    "wiegand": Traits(("000063E9AE", "0000B8D4F0"), asked=False, plug=False),
}
"""A new reader gets its line here."""


def one(rig: Rig) -> Card:
    return Card(TRAITS[rig.name].cards[0])


def other(rig: Rig) -> Card:
    return Card(TRAITS[rig.name].cards[1])


def looks(rig: Rig, count: int) -> list[Look]:
    return [rig.driver.look() for _ in range(count)]


def looked(rig: Rig, until: Callable[[Look], bool], within_s: float = 3.0) -> list[Look]:
    """Looks until one is as wanted, that one the last, or until it is too late."""
    end, seen = time.monotonic() + within_s, [rig.driver.look()]
    while not until(seen[-1]) and time.monotonic() < end:
        time.sleep(0.01)
        seen.append(rig.driver.look())
    return seen


def read(rig: Rig, within_s: float = 3.0) -> str | None:
    """The UID of the card that is seen before long."""
    return looked(rig, lambda look: look.uid is not None, within_s)[-1].uid


def lift(rig: Rig, card: Card) -> list[Look]:
    """Takes the card away; the looks until it isn't seen any more, and two more while a hand goes and comes."""
    rig.cabinet.lift(card)
    seen = looked(rig, lambda look: look == Look())
    assert seen[-1] == Look()
    for _ in range(2):
        time.sleep(0.1)
        seen.append(rig.driver.look())
    return seen


def failure(rig: Rig, within: int = 5) -> DeviceError:
    """The error that one of the next looks raises."""
    for _ in range(within):
        try:
            rig.driver.look()
        except DeviceError as error:
            return error
    pytest.fail(f"{within} looks at a reader that can't see raised nothing")


class CardReaderConformance:
    """What all of them do."""

    def test_it_says_what_it_is(self, rig: Rig) -> None:
        assert rig.says

    def test_an_empty_field_is_seen_to_be_empty_and_soon(self, rig: Rig) -> None:
        began = time.monotonic()
        assert looks(rig, 5) == [Look()] * 5
        assert time.monotonic() - began < 1.0

    def test_a_uid_is_read_whole(self, rig: Rig) -> None:
        for uid in TRAITS[rig.name].cards:
            card = Card(uid)
            rig.cabinet.tap(card, None)
            assert read(rig) == uid
            lift(rig, card)

    def test_a_card_that_lies_still_is_one_tap_and_a_second_tap_a_second_one(self, rig: Rig) -> None:
        card, presence, taps = one(rig), Presence(), []
        for seconds in (1.0, 0.5):
            rig.cabinet.tap(card, None)
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                taps.append(presence.see(rig.driver.look()))
                time.sleep(0.1)
            taps += [presence.see(look) for look in lift(rig, card)]
        assert [tap for tap in taps if tap is not None] == [Look(card.uid)] * 2

    def test_of_two_cards_no_third_is_made_and_the_one_left_is_read(self, rig: Rig) -> None:
        first, second = one(rig), other(rig)
        rig.cabinet.tap(first, None)
        rig.cabinet.tap(second, None)
        seen = {look.uid for look in looked(rig, lambda look: False, 0.6)}
        assert seen <= {first.uid, second.uid, None}
        rig.cabinet.lift(first)
        assert looked(rig, lambda look: look.uid == second.uid)[-1] == Look(second.uid)

    @pytest.mark.parametrize("fault", ["flip", "cut", "weak", "bcc"])
    def test_a_card_read_badly_is_never_taken_for_another(self, rig: Rig, fault: str) -> None:
        card, seen = one(rig), set()
        rig.cabinet.faults.set(fault, "card", 0.3)
        for _ in range(5):
            rig.cabinet.tap(card, None)
            seen |= {look.uid for look in looked(rig, lambda look: look.uid is not None, 0.6)}
            lift(rig, card)
        assert seen <= {card.uid, None}
        assert card.uid in seen

    def test_a_reader_that_was_unplugged_works_again_when_it_is_back(self, rig: Rig) -> None:
        rig.cabinet.unplug("card")
        rig.cabinet.unplug("card", False)
        rig.reconnect()
        rig.cabinet.tap(one(rig), None)
        assert read(rig) == one(rig).uid

    def test_a_slow_line_is_borne(self, rig: Rig) -> None:
        rig.cabinet.tap(one(rig), None)
        rig.cabinet.faults.set("late", "card")
        assert read(rig) == one(rig).uid

    def test_without_a_board_there_is_nothing_to_connect_to(self, rig: Rig) -> None:
        rig.cabinet.power(False)
        assert isinstance(failure(rig), DeviceGone)
        with pytest.raises(DeviceGone):
            rig.reconnect()
        rig.cabinet.power(True)
        rig.reconnect()
        rig.cabinet.tap(one(rig), None)
        assert read(rig) == one(rig).uid

    def test_closed_it_sees_nothing_and_may_be_closed_again(self, rig: Rig) -> None:
        rig.driver.close()
        rig.driver.close()
        with pytest.raises(DeviceGone):
            rig.driver.look()


class PluggedConformance:
    """What those do that notice a pulled plug."""

    def test_a_pulled_plug_is_reported_for_as_long_as_it_is_out(self, rig: Rig) -> None:
        rig.cabinet.unplug("card")
        assert failure(rig).why
        with pytest.raises(DeviceError):
            rig.reconnect()
        rig.cabinet.unplug("card", False)
        rig.reconnect()
        assert rig.driver.look() == Look()


class AskedConformance:
    """What those do that can be asked."""

    def test_a_card_is_seen_at_the_first_look_and_at_every_one_and_then_at_none(self, rig: Rig) -> None:
        card = one(rig)
        rig.cabinet.tap(card, None)
        assert looks(rig, 10) == [Look(card.uid)] * 10
        rig.cabinet.lift(card)
        assert rig.driver.look() == Look()

    def test_of_two_cards_none_is_read(self, rig: Rig) -> None:
        for uid in TRAITS[rig.name].cards[1:]:
            first, second = one(rig), Card(uid)
            rig.cabinet.tap(first, None)
            rig.cabinet.tap(second, None)
            assert looks(rig, 3) == [Look(several=True)] * 3
            rig.cabinet.lift(first)
            assert rig.driver.look() == Look(second.uid)
            rig.cabinet.lift(second)

    def test_a_uid_that_is_random_is_reported_as_it_is(self, rig: Rig) -> None:
        rig.cabinet.tap(Card("08123456"), None)
        assert rig.driver.look() == Look("08123456")

    @pytest.mark.parametrize("fault", ["flip", "cut", "weak", "bcc"])
    def test_a_long_uid_read_badly_is_never_taken_for_another(self, rig: Rig, fault: str) -> None:
        card = Card(TRAITS[rig.name].cards[2])
        rig.cabinet.tap(card, None)
        rig.cabinet.faults.set(fault, "card", 0.3)
        seen = [look.uid for look in looks(rig, 40)]
        assert set(seen) <= {card.uid, None}
        assert card.uid in seen

    def test_a_card_at_the_edge_of_the_field_is_read_now_and_then(self, rig: Rig) -> None:
        card = one(rig)
        rig.cabinet.tap(card, None)
        rig.cabinet.faults.set("edge-of-field", "card", 0.5)
        assert {look.uid for look in looks(rig, 40)} == {card.uid, None}

    def test_a_reader_that_falls_silent_is_a_fault_not_an_empty_field(self, rig: Rig) -> None:
        rig.cabinet.faults.set("silent", "card")
        assert failure(rig).why

    def test_a_bus_that_fails_is_reported(self, rig: Rig) -> None:
        rig.cabinet.faults.set("bus-error", "card", count=1)
        with pytest.raises(DeviceGone):
            rig.driver.look()
        rig.reconnect()
        assert rig.driver.look() == Look()

    def test_a_dip_of_the_supply_heals_without_anybodys_help(self, rig: Rig) -> None:
        card = one(rig)
        rig.cabinet.tap(card, None)
        rig.cabinet.faults.set("brown-out", "card", count=1)
        assert looks(rig, 5)[-1] == Look(card.uid)


class SpeakingConformance:
    """What is true of those that only speak, and better known than hoped."""

    def test_a_reader_that_falls_silent_looks_like_nobody_coming(self, rig: Rig) -> None:
        rig.cabinet.faults.set("silent", "card")
        rig.cabinet.tap(one(rig), None)
        assert read(rig, 0.7) is None

    def test_after_a_dip_of_the_supply_its_plug_helps(self, rig: Rig) -> None:
        card = one(rig)
        rig.cabinet.faults.set("brown-out", "card", count=1)
        rig.cabinet.tap(card, None)
        assert read(rig, 0.7) is None
        lift(rig, card)
        rig.cabinet.unplug("card")
        rig.cabinet.unplug("card", False)
        rig.reconnect()
        rig.cabinet.tap(card, None)
        assert read(rig) == card.uid

    def test_a_card_that_came_and_went_between_two_looks_is_told_of(self, rig: Rig) -> None:
        rig.cabinet.tap(one(rig), 0.3)
        time.sleep(0.9)
        assert rig.driver.look() == Look(one(rig).uid)
        assert looked(rig, lambda look: look == Look())[-1] == Look()
