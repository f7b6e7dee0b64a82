"""What a synced commit of the journal costs beside the least any durable record can: append 4 KiB and fsync."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.stopwatch import Contest
from edge.clock import Clock
from edge.journal import Journal
from protocol.events import DoorOpened
from protocol.names import BootId, StationName, VisitId

COMMITS = 100
PAGE = bytes(4096)


@contextmanager
def contest(folder: Path) -> Iterator[Contest]:
    """One event a commit; both files are in `folder`, which should be on the disk that matters."""
    clock = Clock.system("host")
    boot = BootId(secrets.token_hex(16))
    fact = DoorOpened(station=StationName("cabinet-1"), visit=VisitId(secrets.token_hex(16)))
    raw = os.open(folder / "raw", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    with Journal.open(folder / "journal", boot=boot, random=secrets.token_bytes, stamp=clock.stamp()) as journal:

        def commit() -> int:
            for _ in range(COMMITS):
                journal.commit([fact], clock.stamp())
            return COMMITS

        def append() -> int:
            for _ in range(COMMITS):
                os.write(raw, PAGE)
                os.fsync(raw)
            return COMMITS

        try:
            yield Contest(
                "commits", "journal commit of one event", lambda: commit, "append 4 KiB + fsync", lambda: append
            )
        finally:
            os.close(raw)
