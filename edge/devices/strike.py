"""The lock's pin, in a process of its own: `python -m edge.devices.strike --pin 17`.

A lock must never be left open because the agent died. So this small process alone owns the pin: it shuts the lock
before it first drives the pin, ends every pulse by its own clock, and shuts it when the pipe from the agent ends,
which it does even when the agent is killed. It reads lines, `unlock MILLISECONDS` and `relock`, and answers each
with `done`; when it can't do its work it says `failed …` and ends.
"""

import argparse
import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import IO

from edge.devices.board import Pins
from edge.errors import DeviceError, DeviceFault, DeviceGone

LONGEST_MS = 5000
"""No pulse is longer: a solenoid's coil burns (installers' rule)."""
START_S = 10.0
"""For the process to come up, on the slowest Pi."""
ANSWER_S = 1.0
END_S = 1.0
LINE_BYTES = 64


class Strike:
    """The agent's end: starts the process and tells it what to do."""

    def __init__(self, device: str, pin: int, active_low: bool) -> None:
        self._device = device
        self._pin = pin
        self._active_low = active_low
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the process, the lock shut; raises DeviceGone when it can't have the pin."""
        self.stop()
        words = [sys.executable, "-m", "edge.devices.strike", "--pin", str(self._pin)]
        if self._active_low:
            words.append("--active-low")
        try:
            self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        except OSError as error:
            raise DeviceGone(self._device, f"the lock's process can't be started: {error}") from error
        answer = self._answer(self._process, START_S)
        if answer != "done":
            self.stop()
            raise DeviceGone(self._device, answer.removeprefix("failed ") or "the lock's process didn't come up")

    def unlock(self, pulse_ms: int) -> None:
        """One pulse; raises DeviceFault when nobody is there to end it."""
        self._tell(f"unlock {pulse_ms}")

    def relock(self) -> None:
        """Ends a pulse."""
        self._tell("relock")

    def check(self) -> subprocess.Popen[bytes]:
        """The process; raises DeviceFault when it is not there."""
        if self._process is None or self._process.poll() is not None:
            raise DeviceFault(self._device, "the lock's process has ended")
        return self._process

    def stop(self) -> None:
        """Ends the process, which shuts the lock; never raises."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(OSError):
            _pipe(process.stdin).close()
        for number in (0, signal.SIGTERM, signal.SIGKILL):
            process.send_signal(number)  # 0 sends nothing: the closed pipe may be enough
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(END_S)
                break
        _pipe(process.stdout).close()

    def _tell(self, order: str) -> None:
        process = self.check()
        try:
            _pipe(process.stdin).write(order.encode() + b"\n")
        except OSError as error:
            raise DeviceFault(self._device, f"the lock's process has ended: {error}") from error
        answer = self._answer(process, ANSWER_S)
        if answer != "done":
            self.stop()  # an order that wasn't answered must not be carried out later
            raise DeviceFault(self._device, answer.removeprefix("failed ") or "the lock's process doesn't answer")

    def _answer(self, process: subprocess.Popen[bytes], wait_s: float) -> str:
        """One line; empty when none comes in time."""
        pipe, line, deadline = _pipe(process.stdout), b"", time.monotonic() + wait_s
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
            part = pipe.read(1) if ready else b""
            if not part:
                break
            line += part
        return line.decode(errors="replace").strip()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise RuntimeError("the lock's process was started without pipes")
    return pipe


class Guard:
    """The process's end: the pin, and when to shut."""

    def __init__(self, pins: Pins, pin: int, active_low: bool) -> None:
        self._pins = pins
        self._pin = pin
        self._active_low = active_low
        self._began = 0.0
        self.until: float | None = None
        """When the pulse that runs ends, monotonic; None when none runs."""
        pins.drive(pin, active_low)

    def unlock(self, pulse_ms: int, now: float) -> None:
        """Begins a pulse, or prolongs the one that runs, never past LONGEST_MS from its beginning."""
        if self.until is None:
            self._began = now
            self._pins.put(self._pin, not self._active_low)
        asked = max(self.until or now, now + pulse_ms / 1000)
        self.until = min(asked, self._began + LONGEST_MS / 1000)

    def relock(self) -> None:
        """Shuts the lock."""
        self.until = None
        self._pins.put(self._pin, self._active_low)

    def obey(self, line: bytes, now: float) -> None:
        """Does what a line says; raises ValueError when it says nothing known."""
        match line.split():
            case [b"unlock", pulse]:
                self.unlock(max(0, int(pulse)), now)
            case [b"relock"]:
                self.relock()
            case _:
                raise ValueError(f"unknown order {line!r}")


def main(argv: Sequence[str] | None = None) -> int:
    """Guards one pin until its standard input ends or it is told to stop by a signal."""
    parser = argparse.ArgumentParser(prog="python -m edge.devices.strike", description="Guards a lock's pin.")
    parser.add_argument("--pin", type=int, required=True, help="BCM number")
    parser.add_argument("--active-low", action="store_true", help="low releases the lock")
    args = parser.parse_args(argv)
    told = _signals()
    try:
        guard = Guard(Pins(f"strike on GPIO{args.pin}"), args.pin, args.active_low)
        try:
            _say("done")
            _serve(guard, told)
        finally:
            guard.relock()
    except DeviceError as error:
        return _failed(error.why)
    except ValueError as error:
        return _failed(str(error))
    return 0


def _signals() -> int:
    """A descriptor that becomes readable when the process is told to end."""
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return told


def _serve(guard: Guard, told: int) -> None:
    """Obeys until the orders end, or `told` is readable."""
    held = b""
    while True:
        wait = None if guard.until is None else max(0.0, guard.until - time.monotonic())
        ready, _, _ = select.select([0, told], [], [], wait)
        if guard.until is not None and time.monotonic() >= guard.until:
            guard.relock()
        if told in ready:
            return
        if not ready:
            continue
        data = os.read(0, LINE_BYTES)
        if not data:
            return
        *lines, held = (held + data).split(b"\n")
        for line in lines:
            guard.obey(line, time.monotonic())
            _say("done")
        if len(held) > LINE_BYTES:
            raise ValueError("an order without end")


def _say(words: str) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more: the next read says so
        os.write(1, words.encode() + b"\n")


def _failed(why: str) -> int:
    _say("failed " + " ".join(why.split()))
    return 1


if __name__ == "__main__":
    sys.exit(main())
