"""The demo's other processes: started, logged to files, watched, stopped in order, and never left behind.

Each child dies with this process, however it ends: before becoming its program it asks the kernel to be killed when
the thread that started it is gone (PR_SET_PDEATHSIG). So one thread that lives as long as the process starts them all.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

LEASH = (
    "import ctypes,os,signal,sys;"
    "ctypes.CDLL(None).prctl(1,signal.SIGKILL);"
    "os.getppid()==int(sys.argv[1]) or os._exit(1);"
    "os.execvpe(sys.argv[2],sys.argv[2:],os.environ)"
)
"""Run by a bare Python before the program itself; 1 is PR_SET_PDEATHSIG (prctl(2))."""
LAST_LINES = 15
"""Lines of a dead child's log that are shown."""


class ChildDied(RuntimeError):
    """A process that should run doesn't; the message names it and shows its last lines."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to run: a name for people, the program and its arguments, and what its environment has besides ours."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]


def python(name: str, *arguments: str, **environment: str) -> Command:
    """A Python program of ours, run by this Python."""
    return Command(name, (sys.executable, *arguments), {"PYTHONUNBUFFERED": "1", **environment})


class Child:
    """One running process, and its log file."""

    def __init__(self, command: Command, log: Path, process: "subprocess.Popen[bytes]") -> None:
        self.command = command
        self.log = log
        self._process = process
        self._expected = False

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def died(self) -> bool:
        """It ended and nobody asked it to."""
        return not self._expected and self._process.poll() is not None

    def alive(self) -> bool:
        """It runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Ends it at once, as a power cut would."""
        self._expected = True
        self._process.kill()
        self._process.wait()

    def stop(self, patience_s: float) -> None:
        """Asks it to stop in order, and ends it if it hasn't within `patience_s`."""
        self._expected = True
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(patience_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def wait(self, timeout_s: float) -> int | None:
        """Its exit status once it has ended, as it should; None when it still runs after `timeout_s`."""
        self._expected = True
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def complaint(self) -> str:
        """Who died, how, and the last lines it said."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]
        said = "\n".join(f"    {line}" for line in lines) or "    (it said nothing)"
        return f"{self.command.name} ended by itself, status {self._process.returncode}. Its log, {self.log}:\n{said}"


class Children:
    """All the children. Every method may be called from any thread."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="children")
        self._children: list[Child] = []
        self._lock = threading.Lock()
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, command: Command, says: str = "") -> Child:
        """A new process running the command; its output goes on at the end of `<logs>/<name>.log`.

        `says` is its whole input, a few lines at most.
        """
        child = self._starter.submit(self._start, command, says).result()
        with self._lock:
            self._children = [*(c for c in self._children if c.alive() or c.died()), child]
        return child

    def run(self, command: Command, timeout_s: float, says: str = "") -> None:
        """Runs a command to its end, with that input; raises ChildDied unless it succeeds in time."""
        child = self.start(command, says)
        status = child.wait(timeout_s)
        if status is None:
            child.kill()
            raise ChildDied(f"{command.name} took longer than {timeout_s:.0f} s; its log is {child.log}")
        if status:
            raise ChildDied(child.complaint())

    def check(self) -> None:
        """Raises ChildDied when one of them ended by itself."""
        with self._lock:
            dead = next((c for c in self._children if c.died()), None)
        if dead is not None:
            raise ChildDied(dead.complaint())

    def close(self) -> None:
        """Ends whatever still runs, the newest first."""
        with self._lock:
            children, self._children = self._children, []
        for child in reversed(children):
            if child.alive():
                child.stop(3.0)
        self._starter.shutdown()

    def _start(self, command: Command, says: str) -> Child:
        log = self._logs / f"{command.name.replace(' ', '-')}.log"
        leash = (sys.executable, "-I", "-S", "-c", LEASH, str(os.getpid()), *command.argv)
        with log.open("ab") as output:
            process = subprocess.Popen(
                leash,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **command.environment},
                start_new_session=True,
            )
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it ended at once: its status and log say why
            process.stdin.write(says.encode())
            process.stdin.close()
        return Child(command, log, process)


def wait_until(what: str, ready: Callable[[], bool], children: Children, patience_s: float) -> None:
    """Waits until `ready`; raises ChildDied when a child ends meanwhile, TimeoutError naming `what` after that long."""
    deadline = time.monotonic() + patience_s
    while not ready():
        children.check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not ready after {patience_s:.0f} s")
        time.sleep(0.1)
