"""A switch on a pin: an exit button, a fire alarm's contact, a light barrier, a tamper loop.

What it is for is the station's business. None of them is needed by anybody to get out: buttons and alarms cut the
lock's current by wire, and this only tells of it.
"""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from edge.devices.board import Pins
from edge.devices.door import Pin
from edge.errors import DeviceGone


class ContactOptions(BaseModel):
    """[device.…] with driver = "gpio-contact"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pin: Pin
    on: Literal["low", "high"] = "low"
    """The level that means pressed, released or broken: low for a button to ground, high for a loop that is shut at
    rest, so that a cut wire alarms."""


class GpioContact:
    """One input, pulled up."""

    Options: ClassVar[type[BaseModel]] = ContactOptions

    def __init__(self, options: ContactOptions) -> None:
        self._options = options
        self._name = f"gpio-contact GPIO{options.pin}"
        self._pins: Pins | None = None

    def connect(self) -> str:
        """Takes the pin."""
        pins = Pins(self._name)
        pins.watch(self._options.pin)
        self._pins = pins
        return f"contact on GPIO{self._options.pin}, now {'on' if self.is_on() else 'off'}"

    def close(self) -> None:
        """Lets go of the pin."""
        pins, self._pins = self._pins, None
        if pins is not None:
            pins.release(self._options.pin)

    def is_on(self) -> bool:
        """What it says now."""
        if self._pins is None:
            raise DeviceGone(self._name, "it is not connected")
        return self._pins.is_high(self._options.pin) == (self._options.on == "high")
