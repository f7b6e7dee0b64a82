"""The demo's processes: started, watched, stopped, and gone when the demo is."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firmware_sim.children import ChildDied, Children, python, wait_until

SLEEPER = "import time; print('up', flush=True); time.sleep(60)"
ENDING = "import sys; print('the disk is on fire'); sys.exit(3)"
PARENT = """
import sys, time
from pathlib import Path
from firmware_sim.children import Children, python
child = Children(Path(sys.argv[1])).start(python("sleeper", "-c", "import time; time.sleep(60)"))
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    children = Children(tmp_path)
    yield children
    children.close()


def soon(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


def runs(pid: int) -> bool:
    """A process of that number is there and no zombie."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_what_a_child_says_goes_to_its_log(children: Children, tmp_path: Path) -> None:
    children.start(python("a sleeper", "-c", SLEEPER))
    assert soon(lambda: "up" in (tmp_path / "a-sleeper.log").read_text())


def test_a_child_that_ends_by_itself_is_named_with_its_last_words(children: Children) -> None:
    children.start(python("hub", "-c", ENDING))
    with pytest.raises(ChildDied, match=r"(?s)hub ended by itself, status 3.*the disk is on fire"):
        wait_until("hub", lambda: False, children, 10)


def test_a_child_that_was_killed_on_purpose_is_no_complaint(children: Children) -> None:
    child = children.start(python("agent", "-c", SLEEPER))
    child.kill()
    children.check()
    assert not child.alive()


def test_a_command_that_fails_is_told(children: Children) -> None:
    with pytest.raises(ChildDied, match="the disk is on fire"):
        children.run(python("import", "-c", ENDING), timeout_s=20)


def test_a_command_that_succeeds_is_no_complaint(children: Children) -> None:
    children.run(python("import", "-c", "print('done')"), timeout_s=20)
    children.check()


def test_a_command_that_hangs_is_ended(children: Children) -> None:
    with pytest.raises(ChildDied, match="took longer"):
        children.run(python("import", "-c", SLEEPER), timeout_s=0.3)


def test_waiting_has_an_end(children: Children) -> None:
    with pytest.raises(TimeoutError, match="the kiosk: not ready"):
        wait_until("the kiosk", lambda: False, children, 0.2)


def test_a_child_that_ignores_the_request_to_stop_is_ended(children: Children, tmp_path: Path) -> None:
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER
    child = children.start(python("stubborn", "-c", stubborn))
    assert soon(lambda: "up" in (tmp_path / "stubborn.log").read_text())
    child.stop(0.2)
    assert not child.alive()


def test_closing_leaves_nobody_behind(tmp_path: Path) -> None:
    children = Children(tmp_path)
    pids = [children.start(python(f"sleeper {n}", "-c", SLEEPER)).pid for n in range(2)]
    children.close()
    assert not any(map(runs, pids))


def test_a_demo_that_is_killed_takes_its_children_along(tmp_path: Path) -> None:
    with subprocess.Popen((sys.executable, "-c", PARENT, str(tmp_path)), stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert runs(pid)
        os.kill(parent.pid, signal.SIGKILL)
    assert soon(lambda: not runs(pid))
