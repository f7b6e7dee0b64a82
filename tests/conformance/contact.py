"""What every contact must do. A class of tests over a `rig`; test_contact.py runs it for each driver."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from edge.errors import DeviceError, DeviceGone
from firmware_sim.computer import Computer


@dataclass(frozen=True, slots=True)
class Switched:
    """A connected driver, and the switch at the other end of its wire."""

    driver: Any
    computer: Computer
    turn: Callable[[bool], None]
    says: str


class ContactConformance:
    def test_it_says_what_it_is(self, switched: Switched) -> None:
        assert switched.says

    def test_it_tells_what_the_switch_does(self, switched: Switched) -> None:
        for on in (True, False, True):
            switched.turn(on)
            assert switched.driver.is_on() is on

    def test_without_a_board_it_is_gone_and_comes_back_with_it(self, switched: Switched) -> None:
        switched.computer.power(False)
        with pytest.raises(DeviceError):
            switched.driver.is_on()
        switched.driver.close()
        with pytest.raises(DeviceGone):
            switched.driver.connect()
        switched.computer.power(True)
        switched.driver.connect()
        switched.turn(True)
        assert switched.driver.is_on()

    def test_closed_it_knows_nothing_and_may_be_closed_again(self, switched: Switched) -> None:
        switched.driver.close()
        switched.driver.close()
        with pytest.raises(DeviceGone):
            switched.driver.is_on()

    def test_closing_it_leaves_other_pins_alone(self, switched: Switched) -> None:
        switched.computer.pins.setup(17, 0, 20, 1)
        switched.driver.close()
        assert switched.computer.pins.direction(17) == 0
