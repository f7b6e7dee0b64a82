"""`microlib-hub ingest`: a process without pages that takes some shards in, beside others on one ledger."""

import signal
import threading

from hub.app import open_database, prepare
from hub.clock import Clock
from hub.intake import Intake
from hub.notices import Notices
from hub.promises import Promises
from hub.settings import Settings
from hub.shards import Shards


def run(settings: Settings, shards: Shards, *, i_know: bool = False) -> int:
    """Takes messages in until SIGTERM or SIGINT; 0, or 1 when another process took the shards over.

    Raises HubError when the database isn't ready, the promise is broken, or the shards are taken.
    """
    clock, ended, lost = Clock(), threading.Event(), threading.Event()
    database = open_database(settings)
    try:
        promises = Promises(settings.promise_file)
        ledger_id = prepare(settings, database, clock, promises, i_know)
        intake = Intake(settings, database, clock, Notices(), promises, ledger_id, shards)

        def leave() -> None:
            lost.set()
            ended.set()

        intake.lost = leave
        intake.claim()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        try:
            intake.start()
            ended.wait()
        finally:
            intake.stop()
    finally:
        database.close()
    return 1 if lost.is_set() else 0
