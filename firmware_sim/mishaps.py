"""What goes wrong while people come and go: cut and frozen networks, dead agents, power cuts, sick readers, shadows.

One mishap at a time a site, each with an end. What happens follows from one seed; when exactly, from how fast the
machine is. Nothing here makes it impossible to know who took what: tags are hidden that nobody is going to take.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any

from firmware_sim.cabinet import Cabinet
from firmware_sim.cable import State
from firmware_sim.catalogue import SHELVES
from firmware_sim.sites import Site
from firmware_sim.town import Town


class Kind(StrEnum):
    """What can go wrong."""

    NETWORK_CUT = "network cut"
    NETWORK_FROZEN = "network frozen"
    AGENT_KILLED = "agent killed"
    POWER_CUT = "power cut"
    READER_UNPLUGGED = "reader unplugged"
    CARD_READER_UNPLUGGED = "card reader unplugged"
    TAGS_SHADOWED = "tags shadowed"
    NOISY_READER = "noisy reader"
    WEAK_CARDS = "weak cards"
    BOUNCING_DOOR = "bouncing door"
    SPRINGING_DOOR = "springing door"


WEIGHTS = {
    Kind.NETWORK_CUT: 4,
    Kind.NETWORK_FROZEN: 2,
    Kind.AGENT_KILLED: 3,
    Kind.POWER_CUT: 2,
    Kind.READER_UNPLUGGED: 3,
    Kind.CARD_READER_UNPLUGGED: 1,
    Kind.TAGS_SHADOWED: 4,
    Kind.NOISY_READER: 4,
    Kind.WEAK_CARDS: 1,
    Kind.BOUNCING_DOOR: 1,
    Kind.SPRINGING_DOOR: 1,
}
NETWORK_ONLY = {kind: WEIGHTS[kind] for kind in (Kind.NETWORK_CUT, Kind.NETWORK_FROZEN)}
"""At a desk or a locker: whoever walks away while it is dead would carry off books that nobody can know of."""
NOISE = ("cut", "flip", "late", "noise", "bytewise", "collision", "shadowed")
"""Faults of a reader's wire and field that a round survives or reports (firmware_sim.faults)."""
NOISE_CHANCE = 0.08
LASTS_S = (2.0, 6.0)
"""Shortest and longest, at speed 1."""


@dataclass(frozen=True, slots=True)
class _Ending:
    at: float
    site: Site
    end: Callable[[], None]


class Mishaps:
    """Makes trouble from a thread of its own, until `clear`."""

    def __init__(
        self, town: Town[Any], sites: Sequence[Site], chance: Random, every_s: float, tell: Callable[[str], None]
    ) -> None:
        self.count: Counter[Kind] = Counter()
        self._town = town
        self._sites = sites
        self._chance = chance
        self._every_s = every_s
        self._tell = tell
        self._endings: list[_Ending] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mishaps", daemon=True)

    def start(self) -> None:
        """Trouble begins."""
        self._thread.start()

    def clear(self) -> None:
        """No more trouble, and what still is wrong is put right."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._end(float("inf"))

    def _run(self) -> None:
        due = time.monotonic() + self._every_s
        while not self._stop.wait(0.1):
            now = time.monotonic()
            self._end(now)
            if now >= due:
                due = now + self._chance.uniform(0.5, 1.5) * self._every_s
                self._begin(now)

    def _begin(self, now: float) -> None:
        troubled = {id(ending.site) for ending in self._endings}
        free = [site for site in self._sites if id(site) not in troubled]
        if not free:
            return
        site = self._chance.choice(free)
        weights = WEIGHTS if isinstance(site.spot.cabinet, Cabinet) else NETWORK_ONLY
        kind = self._chance.choices(list(weights), list(weights.values()))[0]
        lasts = self._chance.uniform(*LASTS_S)
        end = self._make(kind, site)
        self.count[kind] += 1
        self._tell(f"{site.spot.partner.site}: {kind}")
        self._endings.append(_Ending(now + lasts, site, end))

    def _end(self, now: float) -> None:
        over = [ending for ending in self._endings if ending.at <= now]
        self._endings = [ending for ending in self._endings if ending.at > now]
        for ending in over:
            ending.end()

    def _make(self, kind: Kind, site: Site) -> Callable[[], None]:
        """Begins a mishap; answers what ends it."""
        cabinet = site.spot.cabinet
        match kind:
            case Kind.NETWORK_CUT:
                site.cable.put(State.CUT)
                return lambda: site.cable.put(State.THROUGH)
            case Kind.NETWORK_FROZEN:
                site.cable.put(State.FROZEN)
                return lambda: site.cable.put(State.THROUGH)
            case Kind.AGENT_KILLED:
                site.kill()
                return site.start
            case Kind.POWER_CUT:
                site.power(False)
                return lambda: site.power(True)
            case Kind.READER_UNPLUGGED:
                cabinet.unplug("reader", True)
                return lambda: cabinet.unplug("reader", False)
            case Kind.CARD_READER_UNPLUGGED:
                cabinet.unplug("card", True)
                return lambda: cabinet.unplug("card", False)
            case Kind.TAGS_SHADOWED:
                return self._shadow(site)
            case Kind.NOISY_READER:
                return self._set(site, [(name, f"reader-{self._chance.choice(SHELVES)}") for name in NOISE])
            case Kind.WEAK_CARDS:
                return self._set(site, [("weak", "card"), ("flip", "card")])
            case Kind.BOUNCING_DOOR:
                return self._set(site, [("bounce", "door")], 1.0)
            case Kind.SPRINGING_DOOR:
                cabinet.faults.set("spring", "door", count=1)
                return lambda: cabinet.faults.clear("spring", "door")

    def _shadow(self, site: Site) -> Callable[[], None]:
        """One or two items hide behind others; until the next count nobody takes them."""
        where = site.spot.partner.site
        things = [thing.tag for shelf in self._town.sight(where).shelves.values() for thing in shelf]
        hidden = self._chance.sample(things, min(len(things), self._chance.randint(1, 2)))
        for tag in hidden:
            self._town.shadow(where, tag, True)

        def show() -> None:
            for tag in hidden:
                self._town.shadow(where, tag, False)

        return show

    def _set(
        self, site: Site, faults: Sequence[tuple[str, str]], probability: float = NOISE_CHANCE
    ) -> Callable[[], None]:
        cabinet = site.spot.cabinet
        for name, device in faults:
            cabinet.faults.set(name, device, probability, seed=self._chance.randrange(1 << 30))

        def clear() -> None:
            for name, device in faults:
                cabinet.faults.clear(name, device)

        return clear
