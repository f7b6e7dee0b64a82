"""Runs one of our programs, unchanged, until it passes a named point for the nth time: there it dies by SIGKILL.

python -m tests.stories.kills.crash edge run --config site.toml

MICROLIB_CRASH is `point@n`; where it died is added to the file that MICROLIB_CRASHED names. The points wrap functions
of the program from outside; the program knows nothing of them.
"""

import importlib
import os
import runpy
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

POINT, RECORD = "MICROLIB_CRASH", "MICROLIB_CRASHED"
BEFORE, AFTER = "before", "after"

CALLS = {
    "insert": ("edge.journal", "insert"),
    "send": ("edge.mqtt", "Mqtt.publish"),
    "receipt": ("edge.outbox", "Outbox.received"),
    "append": ("hub.ledger", "append"),
    "fold": ("hub.refold", "apply"),
    "answer": ("hub.link", "Link.publish"),
}
"""What a point's name begins with -> the function it is before or after."""
TRANSACTIONS = {
    "journal": ("edge.journal", "Journal._transaction"),
    "ledger": ("hub.database", "Database.write"),
}
"""The same for blocks that end with a COMMIT: before and after that."""


class Fuse:
    """Counts how often the point was passed."""

    def __init__(self, point: str, times: int, record: Path) -> None:
        self._point = point
        self._left = times
        self._record = record

    def pass_by(self) -> None:
        """Dies when it is time."""
        self._left -= 1
        if self._left == 0:
            with self._record.open("a") as record:
                record.write(f"{self._point}\n")
            os.kill(os.getpid(), signal.SIGKILL)


def lay(point: str, fuse: Fuse) -> None:
    """Wraps what `point` names ("journal-before", "send-after" …), so that passing it burns the fuse."""
    what, when = point.rsplit("-", 1)
    module, path = (CALLS | TRANSACTIONS)[what]
    owner: Any = importlib.import_module(module)
    *holders, name = path.split(".")
    for holder in holders:
        owner = getattr(owner, holder)
    real = getattr(owner, name)
    wrapped = _around_commit(real, when, fuse) if what in TRANSACTIONS else _around_call(real, when, fuse)
    setattr(owner, name, wrapped)


def _around_call(real: Callable[..., Any], when: str, fuse: Fuse) -> Callable[..., Any]:
    def call(*given: Any, **named: Any) -> Any:
        if when == BEFORE:
            fuse.pass_by()
        answer = real(*given, **named)
        if when == AFTER:
            fuse.pass_by()
        return answer

    return call


def _around_commit(real: Callable[..., Any], when: str, fuse: Fuse) -> Callable[..., Any]:
    @contextmanager
    def block(*given: Any, **named: Any) -> Iterator[Any]:
        with real(*given, **named) as inside:
            yield inside
            if when == BEFORE:
                fuse.pass_by()
        if when == AFTER:
            fuse.pass_by()

    return block


def main() -> None:
    module, *arguments = sys.argv[1:]
    point, times = os.environ[POINT].split("@")
    lay(point, Fuse(point, int(times), Path(os.environ[RECORD])))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
