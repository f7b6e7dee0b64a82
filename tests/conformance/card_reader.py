"""What every card reader must do. A class of tests over a `rig`; test_card_reader.py runs it for each driver."""

import time

import pytest

from edge.devices.kinds import Look
from edge.errors import DeviceError, DeviceGone
from firmware_sim.transponders import Card
from tests.conformance.rig import Rig

FOUR, SEVEN, TEN = Card("DEADBEEF"), Card("04A1B2C3D4E5F6"), Card("04010203040506070809")


def looks(rig: Rig, count: int) -> list[Look]:
    return [rig.driver.look() for _ in range(count)]


def failure(rig: Rig, within: int = 5) -> DeviceError:
    """The error that one of the next looks raises."""
    for _ in range(within):
        try:
            rig.driver.look()
        except DeviceError as error:
            return error
    pytest.fail(f"{within} looks at a reader that can't see raised nothing")


class CardReaderConformance:
    def test_it_says_what_it_is(self, rig: Rig) -> None:
        assert rig.says

    def test_an_empty_field_is_seen_to_be_empty_and_soon(self, rig: Rig) -> None:
        began = time.monotonic()
        assert looks(rig, 5) == [Look()] * 5
        assert time.monotonic() - began < 1.0

    @pytest.mark.parametrize("card", [FOUR, SEVEN, TEN], ids=["four bytes", "seven bytes", "ten bytes"])
    def test_a_uid_is_read_whole(self, rig: Rig, card: Card) -> None:
        rig.cabinet.tap(card, None)
        assert rig.driver.look() == Look(card.uid)

    def test_a_card_that_lies_still_is_seen_at_every_look(self, rig: Rig) -> None:
        rig.cabinet.tap(FOUR, None)
        assert looks(rig, 10) == [Look("DEADBEEF")] * 10

    def test_a_card_taken_away_is_not_seen_any_more(self, rig: Rig) -> None:
        rig.cabinet.tap(SEVEN, None)
        rig.driver.look()
        rig.cabinet.lift(SEVEN)
        assert rig.driver.look() == Look()

    def test_of_two_cards_none_is_read_and_the_one_left_is(self, rig: Rig) -> None:
        rig.cabinet.tap(FOUR, None)
        rig.cabinet.tap(SEVEN, None)
        assert looks(rig, 3) == [Look(several=True)] * 3
        rig.cabinet.lift(FOUR)
        assert rig.driver.look() == Look(SEVEN.uid)

    def test_two_cards_of_one_kind_are_several_too(self, rig: Rig) -> None:
        rig.cabinet.tap(FOUR, None)
        rig.cabinet.tap(Card("DEADBEEE"), None)
        assert rig.driver.look() == Look(several=True)

    def test_a_uid_that_is_random_is_reported_as_it_is(self, rig: Rig) -> None:
        rig.cabinet.tap(Card("08123456"), None)
        assert rig.driver.look() == Look("08123456")

    @pytest.mark.parametrize("fault", ["flip", "cut", "weak", "bcc"])
    def test_a_card_read_badly_is_never_taken_for_another(self, rig: Rig, fault: str) -> None:
        rig.cabinet.tap(SEVEN, None)
        rig.cabinet.faults.set(fault, "card", 0.3)
        seen = [look.uid for look in looks(rig, 40)]
        assert set(seen) <= {SEVEN.uid, None}
        assert SEVEN.uid in seen

    def test_a_card_at_the_edge_of_the_field_is_read_now_and_then(self, rig: Rig) -> None:
        rig.cabinet.tap(FOUR, None)
        rig.cabinet.faults.set("edge-of-field", "card", 0.5)
        assert {look.uid for look in looks(rig, 40)} == {FOUR.uid, None}

    def test_a_reader_unplugged_is_reported_and_works_again_when_it_is_back(self, rig: Rig) -> None:
        rig.cabinet.unplug("card")
        assert failure(rig).why
        with pytest.raises(DeviceError):
            rig.reconnect()
        rig.cabinet.unplug("card", False)
        rig.reconnect()
        rig.cabinet.tap(FOUR, None)
        assert rig.driver.look() == Look(FOUR.uid)

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
        rig.cabinet.tap(FOUR, None)
        rig.cabinet.faults.set("brown-out", "card", count=1)
        assert looks(rig, 5)[-1] == Look(FOUR.uid)

    def test_a_slow_bus_is_borne(self, rig: Rig) -> None:
        rig.cabinet.tap(FOUR, None)
        rig.cabinet.faults.set("late", "card")
        assert rig.driver.look() == Look(FOUR.uid)

    def test_without_a_board_there_is_nothing_to_connect_to(self, rig: Rig) -> None:
        rig.cabinet.power(False)
        with pytest.raises(DeviceGone):
            rig.reconnect()
        rig.cabinet.power(True)
        rig.reconnect()

    def test_closed_it_sees_nothing_and_may_be_closed_again(self, rig: Rig) -> None:
        rig.driver.close()
        rig.driver.close()
        with pytest.raises(DeviceGone):
            rig.driver.look()
