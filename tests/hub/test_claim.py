"""Two hubs on one ledger by mistake: the second is told so and takes nothing, until the first is gone."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from hub.claim import Claim
from hub.database import Database
from hub.errors import ShardsTaken
from hub.shards import Shards

HOLDER = """
import sys, time
from hub.claim import Claim
from hub.database import Database
from hub.shards import Shards
claim = Claim(Database(sys.argv[1]), Shards.read(sys.argv[2]))
claim.take(10)
print("taken", flush=True)
sys.stdin.read()
"""


@contextmanager
def holder(url: str, shards: str) -> Iterator["subprocess.Popen[str]"]:
    """Another process that has these shards."""
    words = [sys.executable, "-c", HOLDER, url, shards]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "taken\n"
        try:
            yield process
        finally:
            process.kill()


def claim(database: Database, shards: str) -> Claim:
    return Claim(database, Shards.read(shards))


def test_shards_that_another_process_has_are_refused_and_others_are_not(database: Database) -> None:
    with holder(database.url, "00-7f"):
        with pytest.raises(ShardsTaken, match="takes in shards 7f of this ledger"):
            claim(database, "7f-ff").take(0)
        beside = claim(database, "80-ff")
        beside.take(0)
        assert beside.held()
        beside.release()


def test_a_killed_process_lets_go_at_once(database: Database) -> None:
    heir = claim(database, "all")
    with holder(database.url, "all") as process:
        with pytest.raises(ShardsTaken):
            heir.take(0)
        process.send_signal(signal.SIGKILL)
        heir.take(10)
    assert heir.held()
    heir.release()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_claim_that_the_database_let_go_is_made_again_or_lost(database: Database) -> None:
    mine = claim(database, "00-0f")
    mine.take(0)
    drop = text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 15")
    with database.read() as session:
        session.execute(drop)
    assert mine.held()
    with database.read() as session:
        session.execute(drop)
    with holder(database.url, "0f"):
        assert not mine.held()
    mine.release()
