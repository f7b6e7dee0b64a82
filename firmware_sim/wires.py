"""The wires between a program and an emulated device: a pty per serial port, and a log of every frame.

What the kernel's pty can't do is done here: the answer's pace, the speed both ends must agree on, and a way round its
dropping of the parity flag.
"""

import fcntl
import os
import random
import select
import struct
import termios
import threading
import time
import tty
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from firmware_sim.faults import Faults

SPEEDS = {
    4800: termios.B4800,
    9600: termios.B9600,
    19200: termios.B19200,
    38400: termios.B38400,
    57600: termios.B57600,
    115200: termios.B115200,
}
TALK_S = 0.01
"""Between asking a chip that speaks by itself whether it has something to say."""
_PACKET_MODE = 0x5420
"""TIOCPKT of asm-generic/ioctls.h: each read from the master starts with a byte that says what happened."""
_EXTPROC = 0o200000
"""EXTPROC of asm-generic/termbits.h: the master is told of every change of the slave's settings."""
_MARKS = (termios.ECHOK, termios.ECHOE)
"""Mean nothing in raw mode, and every raw client clears them."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message that went over a wire."""

    number: int
    """Counts up over all devices of the log."""
    at: float
    """Seconds of the monotonic clock."""
    device: str
    outward: bool
    """True: from the device to the program."""
    hex: str
    verdict: str
    """What became of it: "ok", or why not."""


class FrameLog:
    """The newest frames of any number of devices, and those who want to see each at once."""

    def __init__(self, size: int = 2000) -> None:
        self._frames: deque[Frame] = deque(maxlen=size)
        self._callbacks: list[Callable[[Frame], None]] = []
        self._lock = threading.Lock()
        self._count = 0

    def add(self, device: str, outward: bool, data: bytes, verdict: str = "ok") -> None:
        """Notes one frame."""
        with self._lock:
            self._count += 1
            frame = Frame(self._count, time.monotonic(), device, outward, data.hex(" ").upper(), verdict)
            self._frames.append(frame)
        for callback in self._callbacks:
            callback(frame)

    def since(self, number: int = 0, limit: int = 200) -> list[Frame]:
        """The newest `limit` frames after that number, oldest first."""
        with self._lock:
            return [frame for frame in self._frames if frame.number > number][-limit:]

    def on_frame(self, callback: Callable[[Frame], None]) -> None:
        """Calls back for each frame, on the device's own thread: be quick."""
        self._callbacks.append(callback)


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a device made of bytes it got."""

    request: bytes
    """Nothing: it speaks unasked."""
    verdict: str
    answer: bytes = b""
    """Nothing: it stays silent."""
    think_s: float = 0.0
    """Until the first byte of the answer."""


class SerialChip(Protocol):
    """A device on a serial line. `at` is when the bytes came, in real seconds."""

    baud: int
    bits_per_byte: int

    def feed(self, data: bytes, at: float) -> Sequence[Exchange]: ...

    def power(self) -> None:
        """Supply off and on: nothing is remembered."""
        ...


@runtime_checkable
class Talker(Protocol):
    """A chip that also speaks by itself."""

    def tick(self, at: float) -> Sequence[Exchange]:
        """What it says now without being asked; called every hundredth of a second while it is plugged in."""
        ...


class PtyWire:
    """A serial port whose stable name is a symbolic link, with a chip at its far end. Built unplugged."""

    def __init__(
        self, link: Path, chip: SerialChip, device: str, log: FrameLog, faults: Faults, *, speed: float = 1.0
    ) -> None:
        self.link = link
        self._chip, self._device, self._log, self._faults, self._speed = chip, device, log, faults, speed
        self._lock = threading.Lock()
        self._line: _Line | None = None
        self._last_name = ""

    @property
    def plugged(self) -> bool:
        """Whether the port is there."""
        return self._line is not None

    def plug(self) -> None:
        """The port appears under its stable name, as another pty than last time."""
        with self._lock:
            if self._line is not None:
                return
            master, slave = _other_pty(self._last_name)
            self._last_name = os.ttyname(slave)
            self._line = _Line(master, slave, self._chip, self._device, self._log, self._faults, self._speed)
            self._line.start()
            fresh = self.link.with_name(self.link.name + ".new")
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(self._last_name)
            fresh.rename(self.link)

    def unplug(self) -> None:
        """The port vanishes, for whoever has it open too."""
        with self._lock:
            line, self._line = self._line, None
            if line is not None:
                self.link.unlink(missing_ok=True)
                line.stop()


def _other_pty(name: str) -> tuple[int, int]:
    master, slave = os.openpty()
    if os.ttyname(slave) != name:
        return master, slave
    other = os.openpty()
    os.close(master)
    os.close(slave)
    return other


class _Line(threading.Thread):
    """One plugged-in port: owns both ends of the pty until it is stopped."""

    def __init__(
        self, master: int, slave: int, chip: SerialChip, device: str, log: FrameLog, faults: Faults, speed: float
    ) -> None:
        super().__init__(name=f"wire {device}", daemon=True)
        self._master, self._slave, self._chip, self._device = master, slave, chip, device
        self._log, self._faults = log, faults
        self._speed = speed
        self._byte_s = chip.bits_per_byte / chip.baud / speed
        self._quit = threading.Event()
        self._woken, self._waker = os.pipe()
        self._owed_s = 0.0
        self._held = b""
        self._marks = 0
        tty.setraw(slave)
        os.set_blocking(master, False)
        settings = termios.tcgetattr(slave)
        settings[3] = settings[3] & ~(_MARKS[0] | _MARKS[1]) | _EXTPROC
        termios.tcsetattr(slave, termios.TCSANOW, settings)
        fcntl.ioctl(master, _PACKET_MODE, struct.pack("i", 1))
        self._mark()

    def run(self) -> None:
        chip = self._chip
        wait = TALK_S if isinstance(chip, Talker) else 1.0
        try:
            while not self._quit.is_set():
                ready, _, _ = select.select([self._master, self._woken], [], [], wait)
                if self._master in ready:
                    self._receive()
                if isinstance(chip, Talker):
                    self._pass_on(chip.tick(time.monotonic()))
        finally:
            for end in (self._master, self._slave, self._woken):
                os.close(end)

    def stop(self) -> None:
        os.write(self._waker, b"!")  # first: told to quit, the thread may be faster in closing the other end
        self._quit.set()
        if threading.current_thread() is not self:
            self.join()
        os.close(self._waker)

    def _mark(self) -> None:
        # The pty drops the parity flag, and glibc calls that an error unless it finds that the same call changed
        # something else. So something is always left to change: one of two flags without effect, which clients clear.
        # It is the other one each time, else the client could find everything as it was before its call.
        settings = termios.tcgetattr(self._slave)
        if not settings[3] & (_MARKS[0] | _MARKS[1]):
            self._marks += 1
            settings[3] |= _MARKS[self._marks % 2]
            termios.tcsetattr(self._slave, termios.TCSANOW, settings)

    def _receive(self) -> None:
        try:
            packet = os.read(self._master, 4096)
        except (BlockingIOError, InterruptedError):
            return
        if packet[:1] != b"\0":
            self._mark()
            return
        data = packet[1:]
        if termios.tcgetattr(self._slave)[5] != SPEEDS[self._chip.baud]:
            self._log.add(self._device, False, data, "wrong speed: not understood")
            return
        self._pass_on(self._chip.feed(data, time.monotonic()))

    def _pass_on(self, exchanges: Sequence[Exchange]) -> None:
        for exchange in exchanges:
            if exchange.request:
                self._log.add(self._device, False, exchange.request, exchange.verdict)
            if exchange.answer:
                self._answer(exchange)

    def _answer(self, exchange: Exchange) -> None:
        strikes = self._faults.strikes
        if strikes("silent", self._device):
            self._log.add(self._device, True, exchange.answer, "lost: silent")
            return
        if strikes("stale", self._device):
            self._held = exchange.answer
            self._log.add(self._device, True, exchange.answer, "held back: stale")
            return
        sent, verdict = _spoil(exchange.answer, self._device, self._faults)
        self._pause(exchange.think_s / self._speed)
        if strikes("late", self._device):
            verdict = "late"
            self._pause(self._faults.number("late", self._device, 0.05, 0.9))  # hosts don't wait at the chips' speed
        held, self._held = self._held, b""
        self._send(held + sent, 1 if strikes("bytewise", self._device) else 16)
        self._log.add(self._device, True, sent, verdict)

    def _send(self, data: bytes, piece: int) -> None:
        for at in range(0, len(data), piece):
            part = data[at : at + piece]
            self._pause(len(part) * self._byte_s)
            if self._quit.is_set():
                return
            try:
                os.write(self._master, part)
            except BlockingIOError:
                return  # nobody reads, and what nobody reads is lost on a real line too

    def _pause(self, seconds: float) -> None:
        """Waits, but not for less than the machine can measure: such waits are added up."""
        self._owed_s += seconds
        if self._owed_s >= 0.001:
            self._quit.wait(self._owed_s)
            self._owed_s = 0.0


def _spoil(answer: bytes, device: str, faults: Faults) -> tuple[bytes, str]:
    if faults.strikes("cut", device):
        return answer[: max(1, int(faults.number("cut", device, 0, len(answer))))], "cut"
    if faults.strikes("flip", device):
        bit = int(faults.number("flip", device, 0, len(answer) * 8 - 0.001))
        spoilt = bytearray(answer)
        spoilt[bit // 8] ^= 1 << bit % 8
        return bytes(spoilt), "a bit flipped"
    if faults.strikes("noise", device):
        chance = random.Random(faults.number("noise", device, 0, 1))
        return chance.randbytes(chance.randint(1, 8)) + answer, "noise before"
    return answer, "ok"
