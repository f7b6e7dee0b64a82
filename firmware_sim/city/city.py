"""One run: the city built from its plan, let live for its days, healed, brought to rest and judged."""

import gc
import logging
import shutil
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from multiprocessing.util import Finalize
from pathlib import Path
from random import Random

from firmware_sim.city import centre as hub_of
from firmware_sim.city import faults, machine, stock
from firmware_sim.city.broker import Broker, Weather
from firmware_sim.city.case import Case
from firmware_sim.city.centre import Centre
from firmware_sim.city.disk import Disk
from firmware_sim.city.faults import FAULTS, Occurrence
from firmware_sim.city.folk import Folk
from firmware_sim.city.machine import RECOUNT_S, Machine, Memory
from firmware_sim.city.oracle import Oracle
from firmware_sim.city.timeline import BEGIN, DAY, Timeline
from firmware_sim.town import Town
from firmware_sim.truth import Truth
from hub.clock import Clock
from hub.errors import BackupUnfit
from protocol.cards import site_key
from protocol.names import SiteId, TagUid

REST_S = 3 * DAY
"""After all has healed, within which every site must have been heard out."""
LOOK_S = 3600.0
BACKUP_S = DAY


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides a run."""

    seed: int
    sites: int = 3
    days: float = 7.0
    visits: float = 4.0
    """At each site a day, on average."""
    occurrences: tuple[Occurrence, ...] = ()
    rough: bool = True
    """The network loses, doubles and delays on its own."""


def plan(seed: int, sites: int = 3, days: float = 7.0, names: tuple[str, ...] = tuple(FAULTS)) -> Plan:
    """The run that a seed stands for."""
    return Plan(seed, sites, days, occurrences=faults.draw(seed, sites, days, names), rough=bool(names))


@dataclass
class Report:
    """What a run showed."""

    plan: Plan
    digest: str
    """A sum over the whole trace: the same plan gives the same."""
    violations: list[str]
    counts: Counter[str] = field(default_factory=Counter)
    lines: tuple[str, ...] = ()
    """The newest of the trace."""
    seconds: float = 0.0
    """Real ones."""

    @property
    def site_days(self) -> float:
        """How much was simulated."""
        return self.plan.sites * self.plan.days


class City:
    """One city on its way through time."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.timeline = Timeline(plan.seed)
        library = stock.stock(stock.Size(plan.sites))
        self.broker = Broker(self.timeline)
        self.cases = [Case(p.site, ("A", "B"), self.timeline) for p in library.partners]
        truth = Truth(self.timeline.true_time)
        self.town: Town[Case] = Town(
            library, {p.site: c for p, c in zip(library.partners, self.cases, strict=True)}, library.partners, truth
        )
        self.oracle = Oracle(self.timeline, truth, folder / "hub" / "data" / "hub.sqlite3")
        self.centre = Centre(
            self.timeline,
            self.broker,
            folder / "hub",
            _template(plan.sites),
            self.oracle.sent,
            self.timeline.chance("hub"),
        )
        self.machines = [self._machine(c, folder / c.name) for c in self.cases]
        self.folk = Folk(self.timeline, self.town, plan.visits)
        self.healed = False
        """Nothing may go wrong any more."""

    def place(self, site: int) -> SiteId:
        """A site's name."""
        return SiteId(self.cases[site].name)

    def _machine(self, case: Case, folder: Path) -> Machine:
        site = SiteId(case.name)
        chance = self.timeline.chance(f"machine {site}")
        made: list[Machine] = []
        disk = Disk(folder / "data", chance, lambda: made[0].struck())
        settings = machine.settings_of(site, case, folder, hub_of.SALT, site_key(hub_of.MASTER, site))
        made.append(Machine(self.timeline, self.broker, self.oracle, Memory(settings, disk), case, chance))
        return made[0]

    def close(self) -> None:
        """Lets go of every file."""
        for each in self.machines:
            each.end()
            each.disk.close()
        self.centre.end()
        self.centre.disk.close()

    # --- what faults do to several parts ---

    def swap(self, one: int, other: int) -> None:
        """Two machines' cards change places."""
        a, b = self.machines[one], self.machines[other]
        for each in (a, b):
            each.fail(120.0)
        a.memory, b.memory = b.memory, a.memory
        a.excuse, b.excuse = b.excuse, a.excuse
        a.memory.disk.owner(a.struck)
        b.memory.disk.owner(b.struck)

    def swap_back(self, one: int, other: int) -> None:
        """Two machines get their own cards back, if they still have each other's."""
        if self.machines[one].site == self.place(other) and self.machines[other].site == self.place(one):
            self.swap(one, other)

    def swap_files(self, one: int, other: int) -> None:
        """Two sites' journals and directories change places; what wasn't sent may stay behind for good."""
        pair = (self.machines[one], self.machines[other])
        for each in pair:
            each.fail(120.0)
            each.settle_files()
            each.excuse = "journals were swapped"
        folders = [each.memory.settings.data_dir for each in pair]
        aside = folders[0].with_name("aside")
        for source, target in ((folders[0], aside), (folders[1], folders[0]), (aside, folders[1])):
            target.mkdir(exist_ok=True)
            for file in sorted(source.iterdir()):
                file.rename(target / file.name)

    def hide(self, site: int, tag: TagUid, on: bool) -> None:
        """Hides a tag from its reader, or shows it again; until the next count nobody steps up.

        Not while a visit isn't settled: nobody moves anything then who couldn't be that visit's patron.
        """
        place = self.place(site)
        if not self.folk.free(place) or not self.machines[site].at_rest:
            self.timeline.after(300.0, lambda: self.hide(site, tag, on))
            return
        self.town.shadow(place, tag, on)
        self.folk.closed[place] = self.timeline.now + 2 * RECOUNT_S
        if not on:
            self.timeline.after(2 * RECOUNT_S, lambda: self.town.counted(place))

    def turned(self, site: int, tag: TagUid, seconds: float) -> None:
        """A patron has just put an item back upside down; after so long somebody puts it right."""
        self.town.shadow(self.place(site), tag, True)
        self.timeline.after(seconds, lambda: self.hide(site, tag, False))

    # --- the run ---

    def live(self, progress: Callable[[float], None]) -> None:
        """The days of the plan, with all that happens in them."""
        if self.plan.rough:
            chance = self.timeline.chance("weather")
            self.broker.weather = Weather(
                loss=chance.choice((0.0, 0.002, 0.02)),
                double=chance.choice((0.0, 0.01, 0.05)),
                slow=chance.choice((0.0, 0.01)),
            )
        self.centre.start()
        for each in self.machines:
            each.start(self.timeline.chance(f"start {each.site}").uniform(0, 60))
        for occurrence in self.plan.occurrences:
            self.timeline.at(occurrence.at, lambda o=occurrence: self._strike(o))  # type: ignore[misc]
        self.timeline.after(BACKUP_S, self._back_up)
        day = 0.0
        while day < self.plan.days:
            day = min(day + 1, self.plan.days)
            self.timeline.run(day * DAY)
            progress(day)

    def _strike(self, occurrence: Occurrence) -> None:
        if self.healed:
            return
        self.timeline.note("FAULT", f"{occurrence.fault} {self.place(occurrence.site % len(self.cases))}")
        self.oracle.counts[f"fault {occurrence.fault}"] += 1
        FAULTS[occurrence.fault].strike(self, occurrence.site, Random(occurrence.dice))

    def _back_up(self) -> None:
        self.timeline.after(BACKUP_S, self._back_up)
        try:
            self.centre.back_up()
        except BackupUnfit as error:
            self.oracle.violate(f"I1 the hub: {error}")

    def heal(self) -> None:
        """Nothing goes wrong any more, and nobody comes."""
        self.healed = True
        self.folk.stopped = True
        self.broker.weather = Weather()
        for number, each in enumerate(self.machines):
            if each.site != self.place(number):
                self.swap(number, next(n for n, m in enumerate(self.machines) if m.site == self.place(number)))
        for case, each in zip(self.cases, self.machines, strict=True):
            for device in sorted(case.gone):
                case.unplug(device, False)
            for shelf in case.shelves:
                case.deafen(shelf, False)
            each.disk.heal()
            each.plug(True)
            if not each.up:
                each.start(5.0)
        self.centre.disk.heal()
        self.centre.kill_after_commit = False
        self.timeline.after(600.0, self.town.tidy)

    def rest(self) -> None:
        """Until every site has said everything and every shelf has been counted; not for ever."""
        until = self.timeline.now + REST_S
        self.timeline.run(self.timeline.now + 2 * RECOUNT_S + LOOK_S)
        while self.timeline.now < until and not self._heard_out():
            self.timeline.run(self.timeline.now + LOOK_S)

    def _heard_out(self) -> bool:
        journals = [m.agent.site.journal for m in self.machines if m.agent is not None]
        return len(journals) == len(self.machines) and all(j.stored == j.last for j in journals)

    def judge(self) -> None:
        """The hub against what is so."""
        for each in self.machines:
            if not each.up:
                self.oracle.violate(f"I9 {each.site}: the agent doesn't run after everything healed")
        database = self.centre.database
        if database is None:
            self.oracle.violate("I9 the hub doesn't run after everything healed")
            return
        with database.read() as session:
            up = [each for each in self.machines if each.up]
            self.oracle.judge(session, self.centre.settings.zone, up, self.town.shadowed())


def run(plan: Plan, progress: Callable[[float], None] = lambda day: None) -> Report:
    """One whole run in a folder of its own."""
    began = time.monotonic()
    with _quiet(), tempfile.TemporaryDirectory(prefix="microlib-city-") as folder:
        city = City(plan, Path(folder))
        try:
            city.live(progress)
            city.heal()
            city.rest()
            city.judge()
        except Exception as error:  # noqa: BLE001 (the software stopped where no process was to die: a bug, and the seed shows it)
            city.oracle.violate(f"CRASH {_where(error)}")
        finally:
            city.close()
            gc.collect()  # by hand: a soak collects so rarely that one run's leavings would outlive the next ones
        counts = city.oracle.counts
        counts.update({f"broker {key}": value for key, value in city.broker.counts.items()})
        counts.update({f"people {key}": value for key, value in city.folk.counts.items()})
        counts.update({f"hub {key}": value for key, value in city.centre.counts.items()})
        counts["calls"] = city.timeline.calls
        return Report(
            plan,
            city.timeline.digest,
            city.oracle.violations,
            counts,
            tuple(city.timeline.lines),
            time.monotonic() - began,
        )


def _where(error: Exception) -> str:
    """The error and the lines that led to it, the innermost first."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    way = ", ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames))
    return f"{type(error).__name__}: {error} ({way})"


@lru_cache(maxsize=8)
def _template(sites: int) -> Path:
    """The imported library's database, for as long as this process lives, be it one of a pool's."""
    folder = Path(tempfile.mkdtemp(prefix="microlib-city-library-"))
    Finalize(None, shutil.rmtree, args=(folder, True), exitpriority=1)
    clock = Clock(utc=lambda: BEGIN, monotonic=lambda: 0.0)
    return hub_of.import_stock(stock.stock(stock.Size(sites)), folder, clock)


@contextmanager
def _quiet() -> Iterator[None]:
    """Agents and hub log what faults make of them; a run's own trace is enough."""
    loggers = [logging.getLogger(name) for name in ("edge", "hub")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
