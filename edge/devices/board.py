"""The computer's own pins and SPI bus: the only module that reaches for the GPIO library.

The library is loaded when a device connects, never before, so that a site without pins needs none. On a Pi 5 and on
new kernels rpi-lgpio answers to the same name as RPi.GPIO. Pins are counted as the chip counts them (BCM). Nothing
here ever lets go of pins that it wasn't told to: other devices' relays hang on them.
"""

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any

from edge.errors import DeviceGone


class Pins:
    """GPIO for the device that calls itself `device`."""

    def __init__(self, device: str) -> None:
        """Raises DeviceGone when the library isn't there, or runs on a computer without pins."""
        self._device = device
        with _reaching(device):
            self._gpio = _library(device)

    def watch(self, pin: int) -> None:
        """Makes `pin` an input, pulled up: open is high, and so is a cut wire."""
        with _reaching(self._device):
            self._gpio.setup(pin, self._gpio.IN, pull_up_down=self._gpio.PUD_UP)

    def edges(self, pin: int, fell: Callable[[], None]) -> None:
        """As `watch`, and `fell` is called for each falling edge, on the library's own thread: be quick.

        The library doesn't say when an edge was; whoever is called may look at the clock.
        """
        self.watch(pin)
        with _reaching(self._device):
            try:
                self._gpio.add_event_detect(pin, self._gpio.FALLING, callback=lambda channel: fell())
            except RuntimeError as refused:
                why = f"GPIO{pin}: {refused}; from Linux 6.6 on rpi-lgpio must stand in for RPi.GPIO (docs/site.md)"
                raise DeviceGone(self._device, why) from refused

    def drive(self, pin: int, high: bool) -> None:
        """Makes `pin` an output that is at this level from its first moment."""
        with _reaching(self._device):
            self._gpio.setup(pin, self._gpio.OUT, initial=self._gpio.HIGH if high else self._gpio.LOW)

    def put(self, pin: int, high: bool) -> None:
        """Sets the level of a driven pin."""
        with _reaching(self._device):
            self._gpio.output(pin, self._gpio.HIGH if high else self._gpio.LOW)

    def is_high(self, pin: int) -> bool:
        """The level of a pin."""
        with _reaching(self._device):
            return bool(self._gpio.input(pin))

    def release(self, pin: int) -> None:
        """Lets go of this one pin; never raises."""
        with contextlib.suppress(DeviceGone), _reaching(self._device):
            self._gpio.cleanup(pin)


def card_chip(device: str, bus: int, number: int, speed_hz: int, reset_pin: int) -> Any:
    """The `mfrc522` package's MFRC522 on /dev/spidev`bus`.`number`, its chip initialised; raises DeviceGone.

    Its log handler is taken off again: each object adds one, and the agent's log has handlers of its own.
    """
    with _reaching(device):
        gpio = _library(device)
        from mfrc522 import MFRC522  # loads the GPIO library itself

        handlers = logging.getLogger("mfrc522Logger").handlers
        before = list(handlers)
        try:
            return MFRC522(bus=bus, device=number, spd=speed_hz, pin_mode=gpio.BCM, pin_rst=reset_pin)
        finally:
            handlers[:] = before


def _library(device: str) -> Any:
    from RPi import GPIO

    if GPIO.getmode() not in (None, GPIO.BCM):
        raise DeviceGone(device, "the pins of this process are already counted by header position, not BCM")
    GPIO.setwarnings(False)  # a pin left as it was by a process that was killed is no news
    GPIO.setmode(GPIO.BCM)
    return GPIO


@contextlib.contextmanager
def _reaching(device: str) -> Iterator[None]:
    try:
        yield
    except DeviceGone:
        raise
    except ImportError as missing:
        why = f"{missing}: install microlib[pi], on a Pi 5 with rpi-lgpio in place of RPi.GPIO (docs/site.md)"
        raise DeviceGone(device, why) from missing
    except Exception as error:  # the GPIO libraries' errors have no base in common: lgpio.error is a bare Exception
        raise DeviceGone(device, f"pins or SPI: {error or type(error).__name__}") from error
