"""People in virtual time: who comes to which site when, and what they do there, step by step.

They plan as the demo's people do (`firmware_sim.people`) and meet what really happens; each is one generator that
says how long it waits before its next movement.
"""

import math
from collections.abc import Callable, Generator, Iterator
from random import Random

from firmware_sim import people
from firmware_sim.catalogue import Pass
from firmware_sim.city.case import Case
from firmware_sim.city.timeline import DAY, Timeline
from firmware_sim.furniture import Unreachable
from firmware_sim.people import Linger, Pace, Person, Pull, Put, Read, Role, Shut, Take, Tap
from firmware_sim.town import ELSEWHERE, LIBRARY, Spot, Town
from protocol.names import SiteId, TagUid

WAY_S = 900.0
"""From one site to another, at least."""
FOREIGN_SHARE = 0.07
RESTOCK_ITEMS = 2
STAND_S = 30.0
"""After shutting the door, until the next may step up."""
PACE = Pace(hand_s=1.5, pull_s=4.0, dawdle_s=150.0, read_s=STAND_S)


class Folk:
    """Everybody with a card, and who is where."""

    def __init__(self, timeline: Timeline, town: Town[Case], visits_per_day: float) -> None:
        """`visits_per_day`: at each site, on average."""
        self.timeline = timeline
        self.town = town
        self.counts = {"came": 0, "entered": 0, "taken": 0, "put": 0, "forced": 0}
        self.closed: dict[SiteId, float] = {}
        """Sites where nobody steps up before that time: something about the tags there was changed."""
        self.careless: dict[SiteId, Callable[[TagUid], None]] = {}
        """Sites where the next patron who puts back what they took lays it wrong, and what to do about its tag then."""
        self.stopped = False
        self._rate = visits_per_day
        self._busy: set[str] = set()
        self._there: set[SiteId] = set()
        self._left: dict[str, tuple[SiteId, float]] = {}
        self._chances = {site: timeline.chance(f"folk {site}") for site in town.spots}
        for site in town.spots:
            self._next(site)

    def quiet(self, site: SiteId) -> bool:
        """Nobody stands before the cabinet."""
        return site not in self._there

    def free(self, site: SiteId) -> bool:
        """Nobody is there, the door is shut and locked."""
        return self.quiet(site) and self.town.spots[site].calm

    def _next(self, site: SiteId) -> None:
        gap = self._chances[site].expovariate(self._rate * self._busyness() / DAY)
        self.timeline.after(gap, lambda: self._come(site))

    def _busyness(self) -> float:
        """More by day than by night: the true time is the library's, eight hours ahead of the timeline's zero."""
        hour = (self.timeline.now / 3600 + 8) % 24
        return 1.0 + 0.8 * math.sin((hour - 8) / 24 * 2 * math.pi)

    def _come(self, site: SiteId) -> None:
        if self.stopped:
            return
        self._next(site)
        if not self.free(site) or self.timeline.now < self.closed.get(site, 0.0):
            return
        chance = self._chances[site]
        free = [p for p in self.town.people() if self._can_come(p, site)]
        person = people.next_visitor(chance, free, self.town.bags(), site)
        if person is None:
            return
        self._busy.add(person.key)
        self._there.add(site)
        self.counts["came"] += 1
        self._go_on(self._visit(site, person, chance), site, person)

    def _can_come(self, person: Person, site: SiteId) -> bool:
        if person.key in self._busy:
            return False
        left = self._left.get(person.key)
        return left is None or left[0] == site or self.timeline.now - left[1] > WAY_S

    def _go_on(self, story: Iterator[float], site: SiteId, person: Person) -> None:
        try:
            wait = next(story)
        except StopIteration:
            self._busy.discard(person.key)
            self._there.discard(site)
            self._left[person.key] = (site, self.timeline.now)
            return
        self.timeline.after(wait, lambda: self._go_on(story, site, person))

    def _visit(self, site: SiteId, person: Person, chance: Random) -> Iterator[float]:
        town = self.town
        self._pack(person, chance)
        bag = [town.thing(tag) for tag in town.bag(person.key)]
        other = chance.choice([p.uid for p in town.stock.passes if p.uid not in person.cards])
        plan = people.plan(chance, person, bag, town.sight(site), other, PACE)
        spot, card, looked_at = town.spots[site], None, set[TagUid]()
        for step in plan.steps:
            match step:
                case Tap(uid):
                    card = card or town.passes[uid]
                    town.tap(site, uid)
                    yield 1.0
                case Pull(patience_s):
                    if not (yield from self._pull(spot, site, patience_s, card)):
                        return
                    self.counts["entered"] += 1
                case Take():
                    if self._move(site, step, card) and card is not None and card.patron:
                        looked_at.add(step.tag)
                case Put():
                    if self._move(site, step, card) and step.tag in looked_at and site in self.careless:
                        self.careless.pop(site)(step.tag)
                case Linger(seconds):
                    yield seconds * chance.uniform(0.5, 1.5)
                case Shut():
                    town.shut(site)
                case Read():
                    yield STAND_S
        town.counted(site)

    def _pull(
        self, spot: Spot[Case], site: SiteId, patience_s: float, card: Pass | None
    ) -> Generator[float, None, bool]:
        until = self.timeline.now + patience_s
        while not self.town.open(site):
            if self.timeline.now > until:
                return False
            yield 0.3
        if spot.admitted is not card:
            self.town.shut(site)
            return False
        return True

    def _pack(self, person: Person, chance: Random) -> None:
        """What somebody has with them that comes from no shelf."""
        town = self.town
        if person.role is Role.COURIER:
            for tag in town.bag(person.key):
                if not town.thing(tag).ours:
                    town.give(person.key, ELSEWHERE, tag)
            stored = town.bag(LIBRARY)
            for tag in chance.sample(stored, min(RESTOCK_ITEMS, len(stored))):
                town.give(LIBRARY, person.key, tag)
        elif person.role is Role.PATRON and chance.random() < FOREIGN_SHARE:
            for tag in town.bag(ELSEWHERE)[:1]:
                town.give(ELSEWHERE, person.key, tag)

    def _move(self, site: SiteId, step: Take | Put, card: Pass | None) -> bool:
        """False: the plan was made before the door opened, and somebody else was quicker."""
        try:
            if isinstance(step, Put):
                self.town.put(site, step.tag, step.shelf, card)
                self.counts["put"] += 1
                return True
            if self.town.doubtful(step.tag):
                return False
            self.town.take(site, step.tag, card)
            self.counts["taken"] += 1
        except Unreachable:
            return False
        return True

    def intrude(self, site: SiteId, chance: Random) -> list[TagUid]:
        """Somebody forces a door nobody stands before, takes an item or two, and shuts it; answers which."""
        if not self.free(site):
            return []
        self._there.add(site)
        self.counts["forced"] += 1
        self.town.force(site)
        things = [t.tag for shelf in self.town.sight(site).shelves.values() for t in shelf if t.ours]
        loot = chance.sample(things, min(len(things), chance.randint(0, 2)))
        self._loot(site, list(loot))
        return loot

    def _loot(self, site: SiteId, tags: list[TagUid]) -> None:
        if tags:
            self._move(site, Take(tags.pop()), None)
            self.timeline.after(2.0, lambda: self._loot(site, tags))
            return
        self.town.shut(site)
        self.timeline.after(STAND_S, lambda: self._there.discard(site))
