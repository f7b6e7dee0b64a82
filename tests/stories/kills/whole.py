"""Broker, hub, ingest workers and three agents as processes that die, people who come all the same, and the question
at the end: is everything there, once, and does the hub know where every item really is?
"""

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import httpx
import pytest

from firmware_sim.catalogue import PARTNERS
from firmware_sim.children import python
from firmware_sim.crowd import Crowd
from firmware_sim.launch import Launch, Options
from firmware_sim.librarian import Librarian
from firmware_sim.people import Pace
from firmware_sim.ports import read
from firmware_sim.sites import Site
from firmware_sim.truth import compare
from firmware_sim.visitors import Doorstep
from hub import cli
from tests.stories.kills.mortal import Mortals
from tests.stories.kills.witness import Witness, journal_of
from tests.stories.stage import until

SPEED = 4.0
PATIENCE_S = 60.0
SHARDS = ("00-7f", "80-ff")
"""Two of the three sites are in the first half, one is in the second."""


@dataclass(frozen=True)
class Cast:
    """Who plays: the broker, the database, and which shards each of the hub's processes takes."""

    broker: str
    database: str
    hub: str
    workers: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.broker}-{self.database}"


ON_SQLITE = Cast("mosquitto", "sqlite", hub=SHARDS[0], workers=SHARDS[1:])
ON_POSTGRESQL = Cast("amqtt", "postgresql", hub="none", workers=SHARDS)


class Stocked(Launch):
    """Imports the library within this process: one program less to start."""

    def _import(self, *words: str) -> None:
        assert cli.main(words) == 0


class Whole:
    """Everything that runs."""

    def __init__(
        self,
        launch: Launch,
        mortals: Mortals,
        librarian: Librarian,
        sites: list[Site],
        witness: Witness,
        takers: Sequence[str],
    ) -> None:
        self.launch = launch
        self.mortals = mortals
        self.librarian = librarian
        self.sites = {str(site.spot.partner.site): site for site in sites}
        self.witness = witness
        self.takers = takers
        """Which of the hub's processes take messages in."""

    def stranger(self) -> str:
        """UID of a card the library never issued."""
        return next(held.uid for held in self.launch.stock.passes if not held.known)

    @contextlib.contextmanager
    def people(self, visits: int | None, seed: int) -> Iterator[Crowd]:
        """So many visits (None: no end of them); at the end of the block whoever is there leaves, and nobody comes."""
        screens = {site.spot.partner.site: site.screen for site in self.sites.values()}
        crowd = Crowd(self.launch.town, screens, visits)
        pace = Pace(hand_s=0.3 / SPEED, dawdle_s=3.0 / SPEED)
        doorsteps = [
            Doorstep(crowd, site, Random(f"{seed}/{site}"), pace, 0.5 / SPEED, lambda story: None) for site in screens
        ]
        for doorstep in doorsteps:
            doorstep.start()
        try:
            yield crowd
        finally:
            for doorstep in doorsteps:
                doorstep.stop()
            for doorstep in doorsteps:
                doorstep.join(PATIENCE_S)

    def agrees(self) -> None:
        """All comes to rest, all is there once, and the hub knows where every item is and who has it."""
        town = self.launch.town
        town.tidy()
        for site in self.sites.values():
            site.mend()
        until("every site at rest", lambda: not self._unrest(), PATIENCE_S)
        until("truth and hub agree", lambda: self._agree(), PATIENCE_S)
        until("every event where it belongs", lambda: not self.misplaced(), PATIENCE_S)
        assert not self.witness.wrongs, self.witness.wrongs
        self.check()

    def misplaced(self) -> list[str]:
        """Sites of which the ledger holds something else than their journal; empty when each event is there once."""
        found = []
        for name in self.sites:
            epoch, rows = journal_of(self.launch.options.folder / name / "data")
            ledger = self.witness.ledger(name)
            if ledger != [(epoch, row.seq, row.body, row.digest) for row in rows]:
                found.append(f"{name}: {len(rows)} events in the journal, {len(ledger)} in the ledger")
        return found

    def check(self) -> None:
        """`microlib-hub check` finds nothing."""
        config = self.launch.options.folder / "hub.toml"
        words = [sys.executable, "-m", "hub", "check", "--config", str(config)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def _unrest(self) -> list[str]:
        return [f"{name}: {why}" for name, site in self.sites.items() if (why := site.unrest())]

    def _agree(self) -> bool:
        try:
            answers = self.librarian.answers()
        except httpx.HTTPError:
            return False
        return not compare(self.launch.town.truth, answers, self.launch.town.shadowed())


@contextlib.contextmanager
def whole(cast: Cast, folder: Path, database_url: str) -> Iterator[Whole]:
    """Everything started; stopped in order afterwards."""
    with pytest.MonkeyPatch.context() as environment, contextlib.ExitStack() as stack:
        environment.setenv("MICROLIB_HUB_DATABASE_URL", database_url)
        options = Options(
            folder=folder,
            ports=read("free"),
            broker=cast.broker,
            people=False,
            speed=SPEED,
            seed=5,
            exit=True,
            partners=PARTNERS,
        )
        launch = Stocked(options, stack, lambda line: None)
        mortals = Mortals(folder / "logs", {"hub": ("--shards", cast.hub)})
        launch.children = mortals
        stack.callback(mortals.close)
        launch.start_broker()
        librarian = launch.start_hub()
        words = ("-m", "hub", "ingest", "--config", str(folder / "hub.toml"), "--shards")
        for shards in cast.workers:
            mortals.start(python(f"worker-{shards}", *words, shards))
        witness = stack.enter_context(Witness(database_url, options.ports.broker).watching())
        sites = launch.start_sites()
        workers = [f"worker-{shards}" for shards in cast.workers]
        takers = [*workers, *(["hub"] if cast.hub != "none" else [])]
        made = Whole(launch, mortals, librarian, sites, witness, takers)
        for name, site in made.sites.items():
            witness.look_at(site.spot, folder / name / "data" / "journal.db")
            mortals.guard(name, site.start)
        for name in ("broker", "hub", *workers):
            mortals.guard(name)
        stack.callback(mortals.rest)
        yield made


__all__ = ["ON_POSTGRESQL", "ON_SQLITE", "Cast", "Whole", "whole"]
