"""The computer's pins and SPI bus, served on a unix socket to the shims of `spidev` and `RPi.GPIO`.

One request and one answer a packet (SOCK_SEQPACKET). A request is a letter and bytes:
    x BUS DEVICE DATA..         SPI transfer           -> + as many bytes
    o BUS DEVICE                is there such a device -> +
    d PIN DIRECTION PULL LEVEL  direction 0 out, 1 in; pull 20 off, 21 down, 22 up; level 0, 1, or 2: as it was -> +
    w PIN LEVEL                 output                 -> +
    r PIN                       level                  -> + LEVEL
    f PIN                       direction              -> + DIRECTION
    e PIN EDGES PIN EDGES ..    tell of these pins' edges from now on, 1 rising, 2 falling, 3 both; others no more -> +
or "-" and an errno. Pins are BCM numbers. As on the real board, pins keep what they were set to when the program that
set them dies.

On a connection that asked for edges, each comes as a packet of its own, ! PIN LEVEL NANOSECONDS (eight bytes, of the
monotonic clock), in the order in which they happened. The moment is that of the edge, not of the packet: pulses of
some microseconds can't be sent in time, so they come all at once. What is at a pin otherwise is looked at a thousand
times a second; edges closer together are not seen, and such a pin's moment is that of the look.
"""

import errno
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

OUT, IN = 0, 1
PULL_OFF, PULL_DOWN, PULL_UP = 20, 21, 22
_LONGEST = 8192
_RISING, _FALLING = 1, 2
_LOOK_S = 0.001
_PULSE_S = 50e-6
_NANO = 1_000_000_000


Edge = tuple[int, int, int]
"""Pin, level after it, moment in nanoseconds of the monotonic clock."""


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
        self.pulsed: set[int] = set()
        """Pins on which only pulses are edges: their level needn't be looked at."""
        self.listeners: list[Callable[[Sequence[Edge]], None]] = []
        """Hear each train of pulses."""
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

    def pulse(self, train: Iterable[tuple[int, float]]) -> None:
        """Short low pulses put on inputs by the world, each a pin and its moment in monotonic seconds, in order."""
        edges = [
            (number, level, int((at + level * _PULSE_S) * _NANO))
            for number, at in train
            if self.direction(number) == IN
            for level in (0, 1)
        ]
        for listener in list(self.listeners):
            listener(edges)

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
        ear: _Ear | None = None
        try:
            while request := client.recv(_LONGEST):
                if request[:1] == b"e":
                    ear = ear or _Ear(client, self._pins)
                    ear.listen(request[1:])
                else:
                    client.send(self._answer(request))
        except OSError:
            pass  # the program died in the middle of a request: its pins stay as they are
        finally:
            if ear is not None:
                ear.stop()
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


class _Ear(threading.Thread):
    """Tells one program of the edges it asked for."""

    def __init__(self, client: socket.socket, pins: Pins) -> None:
        super().__init__(name="board edges", daemon=True)
        self._client, self._pins = client, pins
        self._lock = threading.Lock()
        self._wanted: dict[int, int] = {}
        self._levels: dict[int, int] = {}
        self._quit = threading.Event()
        pins.listeners.append(self._tell)
        self.start()

    def listen(self, wanted: bytes) -> None:
        """From now on to these pins: a pin and its edges, a pin and its edges."""
        with self._lock:
            self._wanted = dict(zip(wanted[::2], wanted[1::2], strict=False))
            looked_at = [pin for pin in self._wanted if pin not in self._pins.pulsed and pin < 28]
            self._levels = {pin: self._levels.get(pin, self._pins.level(pin)) for pin in looked_at}
            self._client.send(b"+")

    def run(self) -> None:
        while not self._quit.wait(_LOOK_S if self._levels else 0.05):
            with self._lock:
                last = dict(self._levels)
            now = {pin: self._pins.level(pin) for pin in last}
            moved = [(pin, level, time.monotonic_ns()) for pin, level in now.items() if level != last[pin]]
            with self._lock:
                self._levels |= {pin: level for pin, level, _ in moved if pin in self._levels}
            self._tell(moved)

    def stop(self) -> None:
        self._pins.listeners.remove(self._tell)
        self._quit.set()
        self.join()

    def _tell(self, edges: Sequence[Edge]) -> None:
        with self._lock:
            for pin, level, at in edges:
                if not self._wanted.get(pin, 0) & (_RISING if level else _FALLING):
                    continue
                try:
                    self._client.send(b"!" + bytes((pin, level)) + at.to_bytes(8), socket.MSG_DONTWAIT)
                except OSError:
                    return  # it doesn't listen, or is gone: such edges are lost on a real board too
