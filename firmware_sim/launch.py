"""Starts the parts of a demo one after the other, and stops them in reverse: the simulation's composition root.

One process, this one, holds the world; broker, hub and agents are processes of their own that know nothing of being
simulated.
"""

import contextlib
import json
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from firmware_sim import broker, catalogue, settings
from firmware_sim.bench.hands import Hands
from firmware_sim.bench.server import Bench
from firmware_sim.cable import Cables
from firmware_sim.catalogue import MIXED, Partner
from firmware_sim.children import Children, python, wait_until
from firmware_sim.fittings import fitted, furnish
from firmware_sim.librarian import Librarian
from firmware_sim.ports import HOST, Ports, listens
from firmware_sim.sites import Site, agent
from firmware_sim.town import Town
from firmware_sim.truth import Truth

MARK = ".microlib-demo"
"""In a folder that a demo made and may make anew."""
WORLD = "world.json"
"""Where everything was when the demo in that folder ended."""
STAFF = "demo"
SHIMS = Path(__file__).parent / "shims"
IMPORTS = ("sites", "rules", "titles", "items", "patrons")
"""One after the other: later ones refer to earlier ones."""
START_S = 60.0
READING_S = 8.0
"""How long a receipt stays for somebody who looks on; without hands nobody does."""
"""How long any one part may take to start."""


class NotOurs(RuntimeError):
    """The folder isn't one that can be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said."""

    folder: Path = Path(".demo")
    keep: bool = False
    """Go on where the last run in that folder ended, instead of making it anew."""
    visits: int | None = None
    exit: bool = False
    """End by itself once the visits are over."""
    faults: bool = False
    people: bool = True
    seed: int = 1
    speed: float = 1.0
    """How much faster than usual people and chips are."""
    ports: Ports = field(default_factory=Ports)
    broker: str = "auto"
    password: str | None = None
    partners: tuple[Partner, ...] = MIXED
    """The sites, and what stands there."""
    verbose: bool = False


def make_folder(options: Options) -> dict[str, Any] | None:
    """Makes the folder anew, or answers the world that its last run left; raises NotOurs."""
    folder = options.folder
    ours = (folder / MARK).exists()
    if folder.exists() and not ours and any(folder.iterdir()):
        raise NotOurs(f"{folder} holds something that no demo made; choose another with --dir")
    if options.keep and ours:
        try:
            saved = json.loads((folder / WORLD).read_text())
        except (OSError, ValueError):
            raise NotOurs(f"the last run in {folder} didn't end in order; start anew, without --keep") from None
        (folder / WORLD).unlink()
        return dict(saved)
    try:
        if ours:
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARK).touch()
    except OSError as wrong:
        raise NotOurs(f"{folder} can't be made: {wrong.strerror}; choose another with --dir") from None
    return None


class Launch:
    """Everything that runs. What is started is stopped by `stack`, in reverse."""

    def __init__(self, options: Options, stack: contextlib.ExitStack, say: Callable[[str], None]) -> None:
        self.options = options
        self.password = options.password or secrets.token_urlsafe(9)
        self._stack = stack
        self._say = say
        self._saved = make_folder(options)
        self.seed = int(self._saved["seed"]) if self._saved else options.seed
        today = datetime.fromisoformat(self._saved["began"]) if self._saved else datetime.now(UTC)
        self._began = today.isoformat()
        self.today = datetime.now(ZoneInfo(settings.ZONE)).date()
        """In the library's zone."""
        self.stock = catalogue.stock(Random(self.seed), today.date(), options.partners)
        self._kept = settings.keep(options.folder)
        self.children = Children(options.folder / "logs")
        stack.callback(self.children.close)
        self.town = self._build_town()

    def save(self) -> None:
        """Writes down where everything is, so that a later run can go on from there."""
        world = {"seed": self.seed, "began": self._began, **self.town.save()}
        (self.options.folder / WORLD).write_text(json.dumps(world))

    def start_broker(self) -> None:
        """The broker, on this machine only."""
        kind, port = broker.choose(self.options.broker), self.options.ports.broker
        says = "Mosquitto" if kind == "mosquitto" else "amqtt inside Python (for playing only)"
        self._say(f"Broker: {says} at {HOST}:{port}")
        folder = str(self.options.folder)
        words = ("-m", "firmware_sim", "broker", "--port", str(port), "--broker", kind, "--dir", folder)
        self.children.start(python("broker", *words))
        wait_until("the broker", lambda: listens(port), self.children, START_S)

    def start_hub(self) -> Librarian:
        """Imports the library, makes the login, and serves."""
        folder, ports = self.options.folder, self.options.ports
        config = str(settings.write_hub(folder, self._kept, ports.hub, ports.broker))
        known = f"{len(self.stock.titles)} titles, {len(self.stock.copies)} items, {len(self.stock.members)} patrons"
        self._say(f"Hub: importing {known} …")
        files = catalogue.write(self.stock, folder / "import")
        self._import("import", "--config", config, "--apply", *(w for k in IMPORTS for w in (k, str(files[k]))))
        staff = python("staff", "-m", "hub", "staff", "--config", config, "add", STAFF, "--password-stdin")
        self.children.run(staff, START_S, says=self.password + "\n")
        self.children.start(python("hub", "-m", "hub", "serve", "--config", config))
        librarian = Librarian.at(f"http://{HOST}:{ports.hub}", STAFF, self.password)
        self._stack.callback(librarian.close)
        wait_until("the hub", librarian.healthy, self.children, START_S)
        return librarian

    def _import(self, *words: str) -> None:
        self.children.run(python("import", "-m", "hub", *words), START_S)

    def start_sites(self) -> list[Site]:
        """Lays the cables and starts the agents; waits until each has counted its shelves."""
        cables = self._stack.enter_context(Cables(self.options.ports.broker))
        sites = []
        for partner, kiosk_port in zip(self.options.partners, self.options.ports.kiosks, strict=True):
            spot = self.town.spots[partner.site]
            cable = cables.lay()
            config = self._write_site(partner, cable.port, kiosk_port)
            program = (sys.executable, "-m", "edge")
            command = agent(partner.site, config, SHIMS, spot.cabinet.computer.board, program)
            site = Site(spot, cable, command, kiosk_port, self.children)
            self._stack.callback(site.stop)
            for screen in site.screens.values():
                screen.start()
                self._stack.callback(screen.stop)
            site.start()
            sites.append(site)
        for site in sites:
            wait_until(f"the agent of {site.spot.partner.site}", site.healthy, self.children, START_S)
            self._say(f"Site: {site.spot.partner.name_en} {site.spot.partner.name_zh} has counted its shelves")
        return sites

    def start_bench(self, sites: list[Site], librarian: Librarian) -> None:
        """The page where hands reach into the world."""
        hands = Hands(self.town, sites, f"http://{HOST}:{self.options.ports.hub}/", librarian)
        bench = Bench(hands, self.options.ports.bench)
        bench.start()
        self._stack.callback(bench.stop)

    def _build_town(self) -> Town[Any]:
        """Cabinets with everything on their shelves, switched on before anybody looks."""
        folder = Path(tempfile.mkdtemp(prefix="microlib-"))
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        cabinets: dict[Any, Any] = {}
        for number, partner in enumerate(self.options.partners):
            wires = folder / str(number)
            wires.mkdir()
            cabinets[partner.site] = furnish(partner, wires, seed=self.seed + number, speed=self.options.speed)
        town = Town(self.stock, cabinets, self.options.partners, Truth(lambda: datetime.now(UTC)), self._saved)
        for cabinet in cabinets.values():
            cabinet.start()
            self._stack.callback(cabinet.stop)
        return town

    def _write_site(self, partner: Partner, broker_port: int, kiosk_port: int) -> Path:
        made = fitted(self.town.spots[partner.site].cabinet)
        folder = self.options.folder / partner.site
        receipt_s = 2.0 if self.options.exit else READING_S / self.options.speed
        return settings.write_site(folder, self._kept, partner, broker_port, kiosk_port, made, receipt_s)
