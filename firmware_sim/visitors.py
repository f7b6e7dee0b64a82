"""Simulated people at one site, one after the other: each comes, performs a plan, and meets what really happens.

They behave as people do where it matters to what can be known: one at a time before a cabinet, nobody slips in behind
somebody else's card, and who took something goes elsewhere only once the screen has said what was counted and the way
has taken its time.
"""

import time
from typing import Any

from firmware_sim import people
from firmware_sim.catalogue import Pass
from firmware_sim.crowd import COUNTED, Comings, Errand
from firmware_sim.furniture import Unreachable
from firmware_sim.people import Intention, Linger, Person, Plan, Pull, Put, Read, Role, Shut, Take, Tap
from firmware_sim.town import ELSEWHERE, LIBRARY

SERVING = COUNTED | {"refused"}
"""Screens before which the next person steps up."""
QUEUE_S = 8.0
"""How long somebody waits for a screen to ask for a card before trying all the same."""
FOREIGN_SHARE = 0.07
"""How often somebody brings another library's item."""
RESTOCK_ITEMS = 2
"""Items a courier brings from the library each time."""


class Doorstep(Comings):
    """The place before one cabinet."""

    def __init__(self, *made: Any) -> None:
        """As everywhere."""
        super().__init__(*made)
        self._spot = self._town.spots[self._site]

    def furnish(self) -> None:
        """Nothing: a cabinet counts its shelves by itself."""

    def wait_for_turn(self) -> bool:
        """Until the door is shut and the screen asks for a card, or has been silent for too long."""
        deadline = time.monotonic() + QUEUE_S
        while not (self._spot.calm and self._screen.kind in SERVING):
            if time.monotonic() > deadline:
                return self._spot.calm
            if self._stop.wait(0.05):
                return False
        return True

    def receive(self, person: Person) -> Errand | None:
        """Comes, performs a plan, reads what the screen says."""
        self._pack(person)
        bag = [self._town.thing(tag) for tag in self._town.bag(person.key)]
        other = self._chance.choice([p.uid for p in self._town.stock.passes if p.uid not in person.cards])
        plan = people.plan(self._chance, person, bag, self._town.sight(self._site), other, self._pace)
        return self._perform(plan)

    def _pack(self, person: Person) -> None:
        """What somebody has with them that comes from no shelf."""
        town = self._town
        if person.role is Role.COURIER:
            for tag in town.bag(person.key):
                if not town.thing(tag).ours:
                    town.give(person.key, ELSEWHERE, tag)
            stored = town.bag(LIBRARY)
            for tag in self._chance.sample(stored, min(RESTOCK_ITEMS, len(stored))):
                town.give(LIBRARY, person.key, tag)
        elif person.role is Role.PATRON and self._chance.random() < FOREIGN_SHARE:
            for tag in town.bag(ELSEWHERE)[:1]:
                town.give(ELSEWHERE, person.key, tag)

    def _perform(self, plan: Plan) -> Errand | None:
        """Does what was planned, as far as the door and the shelves let it; answers where they were if they entered."""
        card: Pass | None = None
        shut_at: float | None = None
        for step in plan.steps:
            match step:
                case Tap(uid):
                    card = card or self._town.passes[uid]
                    self._town.tap(self._site, uid)
                case Pull(patience_s):
                    if not self._pull(patience_s, card):
                        self._crowd.tally.turned_away += 1
                        self._tell(f"{self._site}: {plan.person.key} came to {plan.intention}; the door stayed shut")
                        return None
                    self._crowd.tally.entered += 1
                case Take() | Put():
                    self._move(step, card)
                case Linger(seconds):
                    time.sleep(seconds)
                case Shut():
                    self._town.shut(self._site)
                    shut_at = time.monotonic()
                case Read(patience_s):
                    self._tell(f"{self._site}: {_story(plan)}")
                    return self._read(patience_s, shut_at or time.monotonic())
        return None

    def _pull(self, patience_s: float, card: Pass | None) -> bool:
        """Pulls at the door until it gives; leaves it when it gave to somebody else's card."""
        if not self._town.open(self._site, patience_s):
            return False
        if self._spot.admitted is not card:
            self._town.shut(self._site)
            return False
        return True

    def _move(self, step: Take | Put, card: Pass | None) -> None:
        try:
            if isinstance(step, Take):
                if self._town.doubtful(step.tag):
                    return
                self._town.take(self._site, step.tag, card)
                self._crowd.tally.taken += 1
            else:
                self._town.put(self._site, step.tag, step.shelf, card)
                self._crowd.tally.put += 1
        except Unreachable:
            return  # somebody at the bench page was quicker, or shut the door

    def _read(self, patience_s: float, shut_at: float) -> Errand:
        """Waits for the screen to say what was counted; a door that springs open is shut again."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if self._spot.cabinet.door_is_open:
                time.sleep(self._pace.hand_s)
                self._town.shut(self._site)
                shut_at = time.monotonic()
            if self._screen.kind in COUNTED and self._screen.since > shut_at:
                self._town.counted(self._site)
                return Errand(self._site, time.monotonic(), counted=True)
            time.sleep(0.05)
        return Errand(self._site, shut_at, counted=False)


def _story(plan: Plan) -> str:
    """One line on what somebody did."""
    taken = sum(isinstance(s, Take) for s in plan.steps)
    put = sum(isinstance(s, Put) for s in plan.steps)
    mistake = "" if plan.mistake is people.Mistake.NONE else f" ({plan.mistake})"
    aim = plan.intention if plan.intention is not Intention.BOTH else "return and borrow"
    return f"{plan.person.key} came to {aim}{mistake}: took {taken}, put {put}"
