"""A serial port by URL: a device file, socket://host:port, loop://, spy:///dev/…

Whatever fails becomes DeviceGone: pyserial has errors of its own, lets the system's through, and termios.error is
neither. Every setting is given when the port is opened and none is touched afterwards, since a changed setting sets
the terminal anew, and a pseudo-terminal refuses parity the second time.
"""

import contextlib
import termios
from collections.abc import Iterator
from typing import Any, Literal

import serial

from edge.errors import DeviceGone

Parity = Literal["none", "even", "odd"]

TRIES = 3
"""Openings of a terminal that refuses its settings: a pseudo-terminal does when its other end sets it just then."""
_PARITIES = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}
_LOST = (serial.SerialException, OSError, termios.error)


class Port:
    """One serial line of the device that calls itself `device`."""

    def __init__(self, device: str, url: str, baud: int, parity: Parity = "none", pause_s: float = 0.03) -> None:
        """`pause_s` is the silence after which `read` answers with nothing."""
        self._device = device
        self._url = url
        self._settings: dict[str, Any] = {
            "baudrate": baud,
            "parity": _PARITIES[parity],
            "timeout": pause_s,
            "write_timeout": 1.0,
            "exclusive": True,
        }
        self._serial: Any = None
        """Whatever object pyserial makes of the URL; its classes share methods, not a type."""

    def open(self) -> None:
        """Opens the line, alone; raises DeviceGone."""
        self.close()
        for tries_left in reversed(range(TRIES)):
            try:
                self._serial = serial.serial_for_url(self._url, **self._settings)
                return
            except (*_LOST, ValueError) as lost:  # ValueError: no such kind of URL
                if tries_left and isinstance(lost, termios.error):
                    continue
                raise DeviceGone(self._device, f"port {self._url} can't be opened: {lost}") from lost

    def close(self) -> None:
        """Lets go of the line."""
        port, self._serial = self._serial, None
        if port is not None:
            with contextlib.suppress(*_LOST):
                port.close()

    def write(self, data: bytes) -> None:
        """Sends all of `data`."""
        with self._open() as port:
            port.write(data)

    def read(self) -> bytes:
        """What has come in, as soon as there is anything; nothing after a pause."""
        with self._open() as port:
            first: bytes = port.read(1)
            return first + port.read(port.in_waiting) if first else first

    def drain(self) -> None:
        """Throws away what has come in."""
        with self._open() as port:
            port.reset_input_buffer()

    @contextlib.contextmanager
    def _open(self) -> Iterator[Any]:
        if self._serial is None:
            raise DeviceGone(self._device, f"port {self._url} is not open")
        try:
            yield self._serial
        except _LOST as lost:
            raise DeviceGone(self._device, f"port {self._url} is gone: {lost}") from lost
