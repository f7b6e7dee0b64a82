"""The computer's pins and SPI bus, served on a unix socket to the shims of `spidev` and `RPi.GPIO`.

One request and one answer a packet (SOCK_SEQPACKET). A request is a letter and bytes:
    x BUS DEVICE DATA..         SPI transfer           -> + as many bytes
    o BUS DEVICE                is there such a device -> +
    d PIN DIRECTION PULL LEVEL  direction 0 out, 1 in; pull 20 off, 21 down, 22 up; level 0, 1, or 2: as it was -> +
    w PIN LEVEL                 output                 -> +
    r PIN                       level                  -> + LEVEL
    f PIN                       direction              -> + DIRECTION
or "-" and an errno. Pins are BCM numbers. As on the real board, pins keep what they were set to when the program that
set them dies.
"""

import errno
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

OUT, IN = 0, 1
PULL_OFF, PULL_DOWN, PULL_UP = 20, 21, 22
_LONGEST = 8192


@dataclass(slots=True)
class _Pin:
    direction: int = IN
    pull: int = PULL_OFF
    latch: int = 0


class Pins:
    """Twenty-eight pins. `outside` puts levels on inputs, `watchers` hear what a pin is driven to."""

    def __init__(self) -> None:
        self.outside: dict[int, Callable[[], int | None]] = {}
        """What the world puts on a pin: 0, 1, or None when nothing is connected."""
        self.watchers: dict[int, Callable[[int | None], None]] = {}
        """Hears each change: 0, 1, or None when the pin no longer drives."""
        self._pins = {number: _Pin() for number in range(28)}
        self._lock = threading.Lock()

    def setup(self, number: int, direction: int, pull: int, level: int) -> None:
        """Makes a pin an input or an output; level 2 keeps the output's last one."""
        with self._lock:
            pin = self._pins[number]
            if direction == OUT and level in (0, 1):
                pin.latch = level
            pin.direction, pin.pull = direction, pull
            driven = self._driven(pin)
        self._tell(number, driven)

    def output(self, number: int, level: int) -> None:
        """Sets an output's level; raises OSError when the pin isn't an output."""
        with self._lock:
            pin = self._pins[number]
            if pin.direction != OUT:
                raise OSError(errno.EPERM, "the pin is not an output")
            pin.latch = level & 1
            driven = self._driven(pin)
        self._tell(number, driven)

    def level(self, number: int) -> int:
        """What can be measured at the pin."""
        with self._lock:
            pin = self._pins[number]
            driven = self._driven(pin)
        if driven is not None:
            return driven
        outside = self.outside.get(number, lambda: None)()
        if outside is not None:
            return outside
        return 1 if pin.pull == PULL_UP else 0

    def direction(self, number: int) -> int:
        """0 out, 1 in."""
        with self._lock:
            return self._pins[number].direction

    def reset(self) -> None:
        """As after power-up: all inputs, all latches low."""
        with self._lock:
            for number in self._pins:
                self._pins[number] = _Pin()
        for number in self.watchers:
            self._tell(number, None)

    @staticmethod
    def _driven(pin: _Pin) -> int | None:
        return pin.latch if pin.direction == OUT else None

    def _tell(self, number: int, driven: int | None) -> None:
        if number in self.watchers:
            self.watchers[number](driven)


class BoardServer:
    """Serves pins and SPI devices to any number of programs at once, a thread each."""

    def __init__(self, path: Path, pins: Pins, spi: dict[tuple[int, int], Callable[[bytes], bytes]]) -> None:
        self.path = path
        self._pins, self._spi = pins, spi
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._clients: dict[socket.socket, threading.Thread] = {}
        self._accepting: threading.Thread | None = None

    def start(self) -> None:
        """Listens at its path; raises ValueError when the path is too long for a socket."""
        if len(os.fsencode(self.path)) > 107:
            raise ValueError(f"{self.path} is too long for a unix socket's name (107 bytes): use a shorter folder")
        self.path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(os.fspath(self.path))
        listener.listen(8)
        self._listener = listener
        self._accepting = threading.Thread(target=self._accept, args=(listener,), name="board", daemon=True)
        self._accepting.start()

    def stop(self) -> None:
        """The board is gone: nobody can connect, and every connection ends."""
        if self._listener is None:
            return
        self.path.unlink(missing_ok=True)
        with self._lock:
            listener, self._listener = self._listener, None
            clients = dict(self._clients)
        listener.shutdown(socket.SHUT_RDWR)
        for client in clients:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the program at the other end was faster
        for thread in (self._accepting, *clients.values()):
            if thread is not None and thread is not threading.current_thread():
                thread.join()
        listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(client,), name="board client", daemon=True)
            with self._lock:
                if self._listener is not listener:
                    client.close()
                    return
                self._clients[client] = thread
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        try:
            while request := client.recv(_LONGEST):
                client.send(self._answer(request))
        except OSError:
            pass  # the program died in the middle of a request: its pins stay as they are
        finally:
            with self._lock:
                self._clients.pop(client, None)
            client.close()

    def _answer(self, request: bytes) -> bytes:
        try:
            return b"+" + self._do(request[:1], request[1:])
        except OSError as error:
            return b"-" + bytes(((error.errno or errno.EIO) & 0xFF,))
        except (KeyError, IndexError, ValueError):
            return b"-" + bytes((errno.EINVAL,))

    def _do(self, what: bytes, rest: bytes) -> bytes:
        if what == b"x":
            return self._device(rest)(rest[2:])
        if what == b"o":
            self._device(rest)
        elif what == b"d":
            self._pins.setup(rest[0], rest[1], rest[2], rest[3])
        elif what == b"w":
            self._pins.output(rest[0], rest[1])
        elif what == b"r":
            return bytes((self._pins.level(rest[0]),))
        elif what == b"f":
            return bytes((self._pins.direction(rest[0]),))
        else:
            raise OSError(errno.ENOSYS, "no such request")
        return b""

    def _device(self, rest: bytes) -> Callable[[bytes], bytes]:
        device = self._spi.get((rest[0], rest[1]))
        if device is None:
            raise OSError(errno.ENOENT, "no such SPI device")
        return device
