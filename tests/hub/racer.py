"""One of several ingest workers on one ledger, all of whom are handed the same sites' batches: in this process or,
run as a program, in one of its own.

python -m tests.hub.racer DATABASE_URL FOLDER WORLD_SEED OWN_SEED
"""

import sys
from pathlib import Path
from random import Random

from sqlmodel import select

from hub import turns
from hub.database import Database
from hub.ingest import Message
from hub.models import Cursor
from protocol.topics import Up
from tests.hub.cast import Journal, settings_in
from tests.hub.running import Hub
from tests.hub.test_convergence import SITES, a_site

ROUNDS = 40
"""After so many deliveries of everything, each in another order, all of it must have come in."""


def world(seed: int) -> list[list[Journal]]:
    """The journals of every site, the same for every racer."""
    return [a_site(Random(seed + number), site) for number, site in enumerate(SITES)]


def race(hub: Hub, sites: list[list[Journal]], chance: Random) -> None:
    """Takes pieces of everything in, doubled, holed and out of order, until the ledger holds it all.

    A site's second journal comes once its first is in: sites send only their newest.
    """
    for generation in range(max(map(len, sites))):
        _race(hub, [journals[generation] for journals in sites if len(journals) > generation], chance)


def _race(hub: Hub, journals: list[Journal], chance: Random) -> None:
    for _ in range(ROUNDS):
        messages = [message for journal in journals for message in _pieces(hub, journal, chance)]
        for _ in range(len(messages) // 4):
            one, other = chance.randrange(len(messages)), chance.randrange(len(messages))
            messages[one], messages[other] = messages[other], messages[one]
        while messages:
            size = chance.randrange(1, 9)
            _take(hub, messages[:size])
            del messages[:size]
        if _complete(hub, journals):
            return
    raise AssertionError("the ledger never became complete")


def _complete(hub: Hub, journals: list[Journal]) -> bool:
    with hub.database.read() as session:
        stored = {(at.site, at.epoch): at.stored for at in session.exec(select(Cursor))}
    return all(stored.get((j.site, j.epoch)) == len(j.bodies) for j in journals)


def _pieces(hub: Hub, journal: Journal, chance: Random) -> list[Message]:
    found, first = [hub.message(journal.site, Up.HELLO, journal.hello())], 1
    while first <= len(journal.bodies):
        size = chance.randrange(1, 8)
        batch = hub.message(journal.site, Up.EVENTS, journal.batch(first, size).wire())
        found += [batch] * chance.choice((1, 1, 2))
        first += chance.randrange(1, size + 1)
    return found


def _take(hub: Hub, messages: list[Message]) -> None:
    while True:
        try:
            hub.ingest.take_group(messages)
        except Exception as wrong:
            if not turns.is_away(wrong):
                raise
        else:
            return


def main(url: str, folder: str, world_seed: str, own_seed: str) -> None:
    database = Database(url)
    hub = Hub(settings_in(Path(folder), url), database)
    sys.stdin.readline()  # they begin at once
    race(hub, world(int(world_seed)), Random(own_seed))
    assert not hub.ingest.counts["failed"], hub.ingest.counts
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
