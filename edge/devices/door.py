"""A door on GPIO: an electric strike on a relay, and a reed contact."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge.devices.board import Pins
from edge.devices.strike import LONGEST_MS, Strike
from edge.errors import DeviceGone

Pin = Annotated[int, Field(ge=0, le=27)]
"""BCM number of a pin on the header."""


class DoorOptions(BaseModel):
    """[device.…] with driver = "gpio-door"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lock_pin: Pin
    contact_pin: Pin
    active_low: bool = True
    """Whether low releases the lock, as on most relay boards."""
    pulse_ms: Annotated[int, Field(ge=50, le=LONGEST_MS)] = 3000
    """500 for a solenoid, 3000 to 5000 for a strike."""
    contact_open_high: bool = True
    """Whether the contact is to ground while the door is shut."""

    @model_validator(mode="after")
    def _apart(self) -> "DoorOptions":
        if self.lock_pin == self.contact_pin:
            raise ValueError(f"lock_pin and contact_pin are both {self.lock_pin}")
        return self


class GpioDoor:
    """A strike that the strike process owns, and a contact read here."""

    Options: ClassVar[type[BaseModel]] = DoorOptions

    def __init__(self, options: DoorOptions) -> None:
        self._options = options
        self._name = f"gpio-door GPIO{options.lock_pin}"
        self._strike = Strike(self._name, options.lock_pin, options.active_low)
        self._pins: Pins | None = None

    @property
    def pulse_s(self) -> float:
        """How long `unlock` releases the lock for."""
        return self._options.pulse_ms / 1000

    def connect(self) -> str:
        """Takes the pins, the lock shut."""
        options = self._options
        pins = Pins(self._name)
        pins.watch(options.contact_pin)
        self._pins = pins
        self._strike.start()
        state = "open" if self.is_open() else "shut"
        return f"strike on GPIO{options.lock_pin}, contact on GPIO{options.contact_pin} says {state}"

    def close(self) -> None:
        """Shuts the lock and lets go of both pins."""
        self._strike.stop()
        pins, self._pins = self._pins, None
        if pins is not None:
            pins.release(self._options.contact_pin)

    def unlock(self) -> None:
        """One pulse; its end is kept by the strike process, whatever becomes of this one."""
        self._strike.unlock(self._options.pulse_ms)

    def relock(self) -> None:
        """Ends the pulse."""
        self._strike.relock()

    def is_open(self) -> bool:
        """What the contact says; raises DeviceFault also when the strike process has died."""
        if self._pins is None:
            raise DeviceGone(self._name, "it is not connected")
        self._strike.check()
        return self._pins.is_high(self._options.contact_pin) == self._options.contact_open_high
