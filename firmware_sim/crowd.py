"""Everybody who comes to a site: who can be where, how many visits there shall be, and how one follows another."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from random import Random
from typing import Any

from firmware_sim import people
from firmware_sim.furniture import Unreachable
from firmware_sim.people import Pace, Person
from firmware_sim.screens import Screen
from firmware_sim.town import Town
from protocol.names import SiteId

COUNTED = frozenset({"receipt", "idle", "goodbye"})
"""Screens that say that nothing is left to be counted."""
WAY_S = 12.0
"""From one site to another, at least."""


@dataclass
class Tally:
    """What people did, all sites together."""

    visits: int = 0
    entered: int = 0
    turned_away: int = 0
    taken: int = 0
    put: int = 0


@dataclass
class Errand:
    """Where somebody was last, for whether they can be elsewhere by now."""

    site: SiteId
    left_at: float
    """Monotonic seconds."""
    counted: bool
    """The screen said what was counted."""


@dataclass
class Crowd:
    """Everybody who isn't just now before a station, and how many visits are still to come."""

    town: Town[Any]
    screens: dict[SiteId, Screen]
    visits: int | None
    """Visits there shall be; None for no end."""
    tally: Tally = field(default_factory=Tally)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _busy: set[str] = field(default_factory=set)
    _errands: dict[str, Errand] = field(default_factory=dict)

    def next(self, chance: Random, site: SiteId, asked: Collection[str] = ()) -> Person | None:
        """Somebody who can be at the site now, and is from now on; None when nobody can or all visits were made.

        Where one of those who were `asked` to come can, it is one of them.
        """
        with self._lock:
            if self.over:
                return None
            free = [p for p in self.town.people() if self.can_come(p, site)]
            free = [p for p in free if p.key in asked] or free
            person = people.next_visitor(chance, free, self.town.bags(), site)
            if person is not None:
                self._busy.add(person.key)
                self.tally.visits += 1
            return person

    def done(self, person: Person, errand: Errand | None) -> None:
        """The person has left; `errand` says from where when they entered."""
        with self._lock:
            self._busy.discard(person.key)
            if errand is not None:
                self._errands[person.key] = errand

    @property
    def over(self) -> bool:
        """All visits were made or are under way."""
        return self.visits is not None and self.tally.visits >= self.visits

    def idle(self) -> bool:
        """Nobody is before a station."""
        return not self._busy

    def can_come(self, person: Person, site: SiteId) -> bool:
        """Whether somebody can be at this site now, wherever they were last."""
        if person.key in self._busy or person.key in self.town.used_by_hand:
            return False
        errand = self._errands.get(person.key)
        if errand is None or errand.site == site:
            return True
        if not errand.counted:
            screen = self.screens[errand.site]
            errand.counted = screen.kind in COUNTED and screen.since > errand.left_at
        return errand.counted and time.monotonic() - errand.left_at > WAY_S


class Comings(ABC):
    """One site's people; its thread brings one after the other."""

    def __init__(
        self, crowd: Crowd, site: SiteId, chance: Random, pace: Pace, between_s: float, tell: Callable[[str], None]
    ) -> None:
        """`between_s`: from one to the next, on average; `tell` says one line about each."""
        self._crowd = crowd
        self._town: Town[Any] = crowd.town
        self._site = site
        self._screen = crowd.screens[site]
        self._chance = chance
        self._pace = pace
        self._between_s = between_s
        self._tell = tell
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name=f"people-{site}", daemon=True)

    @abstractmethod
    def furnish(self) -> None:
        """What a courier does before anybody comes; raises TimeoutError when it can't be done."""

    def start(self) -> None:
        """People begin to come."""
        self._thread.start()

    def stop(self) -> None:
        """No more people come; who is there finishes."""
        self._stop.set()

    def join(self, timeout_s: float) -> None:
        """Waits until the last one has left, if ever anybody came."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def wait_for_turn(self) -> bool:
        """Waits until somebody can step up; False when it isn't to be waited for any longer just now."""
        return True

    def asked(self) -> Collection[str]:
        """Whom the library has told to come."""
        return ()

    @abstractmethod
    def receive(self, person: Person) -> Errand | None:
        """Somebody's whole visit; where they were if they entered. May raise Unreachable: somebody was quicker."""

    def _serve(self) -> None:
        while not self._stop.is_set() and not self._crowd.over:
            if not self.wait_for_turn():
                continue
            person = self._crowd.next(self._chance, self._site, self.asked())
            if person is not None:
                errand: Errand | None = None
                try:
                    errand = self.receive(person)
                except Unreachable as wrong:  # somebody at the bench page was quicker
                    self._tell(f"{self._site}: {person.key} gave up: {wrong}")
                finally:
                    self._crowd.done(person, errand)
            self._stop.wait(self._chance.uniform(0.5, 1.5) * self._between_s)
