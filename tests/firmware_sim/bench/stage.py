"""A small world for the bench page: the demo's library, three real cabinets and cables, agents that only wait.

Nobody decides anything here: a test releases a lock by driving the strike's pin, as an agent would.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from firmware_sim import catalogue
from firmware_sim.bench.hands import Hands
from firmware_sim.cabinet import Cabinet
from firmware_sim.cable import Cables
from firmware_sim.catalogue import PARTNERS, Partner, Pass
from firmware_sim.children import Children, python
from firmware_sim.fittings import furnish
from firmware_sim.sites import Site
from firmware_sim.town import Town
from firmware_sim.truth import Truth
from protocol.directory import CardClass
from protocol.names import SiteId, TagUid

HERE = SiteId("harbour-bank")
CLOSED_PORT = 9
"""Nobody listens there (discard): for cables whose broker and kiosks whose page don't matter."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The world, and the hands in it."""

    town: Town
    sites: Mapping[SiteId, Site]
    hands: Hands

    @property
    def cabinet(self) -> Cabinet:
        """The cabinet at HERE."""
        return self.town.spots[HERE].cabinet

    @property
    def patron(self) -> Pass:
        """The card of somebody who had nothing with them at the beginning."""
        laden = {copy.start.patron for copy in self.town.stock.copies}
        return next(p for p in self.cards(CardClass.PATRON) if p.patron not in laden)

    def cards(self, klass: CardClass) -> list[Pass]:
        """The cards of a class."""
        return [p for p in self.town.stock.passes if p.klass is klass and p.known]

    def release(self, on: bool = True) -> None:
        """What an agent does when it lets somebody in, or locks again."""
        self.cabinet.door.drive(0 if on else 1)

    def shelf(self, name: str) -> list[TagUid]:
        """The tags on a shelf at HERE, in order."""
        return [TagUid(tag.uid) for tag in self.cabinet.contents()[name]]

    def enter(self, card: Pass) -> None:
        """Taps, is let in, and opens the door."""
        self.hands.do({"act": "tap", "site": HERE, "card": card.uid})
        self.release()
        self.hands.do({"act": "open", "site": HERE})
        self.release(False)


@contextmanager
def stage(kiosk_port: int = CLOSED_PORT, partners: Sequence[Partner] = PARTNERS) -> Iterator[Stage]:
    """The world, switched on; every site's kiosk is said to be at `kiosk_port`."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        stock = catalogue.stock(Random(1), datetime(2026, 11, 23, tzinfo=UTC).date(), partners)
        cabinets = {}
        for number, partner in enumerate(partners):
            wires = folder / str(number)
            wires.mkdir()
            cabinets[partner.site] = furnish(partner, wires, speed=50.0)
        town = Town(stock, cabinets, partners, Truth(lambda: datetime.now(UTC)))
        for cabinet in cabinets.values():
            cabinet.start()
            stack.callback(cabinet.stop)
        children = Children(folder / "logs")
        stack.callback(children.close)
        cables = stack.enter_context(Cables(CLOSED_PORT))
        waits = "import time; time.sleep(3600)"
        sites = {
            name: Site(spot, cables.lay(), python(f"agent {name}", "-c", waits), kiosk_port, children)
            for name, spot in town.spots.items()
        }
        yield Stage(town, sites, Hands(town, list(sites.values()), "http://127.0.0.1:8000/"))
