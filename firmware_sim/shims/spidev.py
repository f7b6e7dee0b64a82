"""Stands in for `spidev` 3.8: the same surface, over the emulated board that MICROLIB_BOARD names."""

import errno
import os

from boardline import BoardLine

__version__ = "3.8"
_MOST = 4096


class SpiDev:
    """One device on the SPI bus."""

    def __init__(self, bus=None, client=None):
        self._line = None
        self.max_speed_hz = 500_000
        self.mode = 0
        self.bits_per_word = 8
        self.no_cs = self.lsbfirst = self.cshigh = self.loop = self.threewire = self.read0 = False
        self._head = b""
        if bus is not None:
            self.open(bus, client)

    def open(self, bus, device):
        """Raises FileNotFoundError when there is no such device."""
        line = BoardLine()
        try:
            line.ask(bytes((ord("o"), bus, device)))
        except BaseException:
            line.close()
            raise
        self.close()
        self._line, self._head = line, bytes((ord("x"), bus, device))

    def open_path(self, path):
        """Opens /dev/spidevBUS.DEVICE."""
        bus, _, device = os.fspath(path).rpartition("spidev")[2].partition(".")
        self.open(int(bus), int(device))

    def close(self):
        """Lets go of the device; may be called again."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def __del__(self):
        self.close()  # as the real one does without a word

    def fileno(self):
        """Its descriptor; -1 when closed or not connected yet."""
        return self._line.fileno() if self._line is not None else -1

    def xfer2(self, values, *_speed_delay_bits):
        """Sends a list or tuple of bytes and gives as many back; a list is filled with them too."""
        return self._exchange(values)

    xfer = xfer2

    def xfer3(self, values, *_speed_delay_bits):
        """As xfer2, but gives a tuple and takes any length, in pieces."""
        values = list(values)
        reply = []
        for at in range(0, len(values), _MOST):
            reply += self._exchange(values[at : at + _MOST])
        return tuple(reply)

    def writebytes(self, values):
        """Sends and forgets the reply."""
        self._exchange(list(values))

    def writebytes2(self, values):
        """Sends any length and forgets the reply."""
        self.xfer3(bytes(values))

    def readbytes(self, count):
        """Sends `count` zeros and gives what comes back."""
        return self._exchange([0] * count)

    def _exchange(self, values):
        if not isinstance(values, (list, tuple)) or not values:
            raise TypeError("Argument must be a list/tuple of at least one, but not more than 4096 integers")
        if len(values) > _MOST:
            raise OverflowError("Argument list size exceeds 4096 bytes.")
        if self._line is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        reply = self._line.ask(self._head + bytes(value & 0xFF for value in values))
        if isinstance(values, tuple):
            return tuple(reply)
        values[:] = reply
        return values

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.close()
        return False
