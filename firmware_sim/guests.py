"""Simulated people in a reading room: they come in by card, bring books back, borrow others at the desk, and leave.

They do what the screens ask: lay books down, tap, press, wait until the screen says what was done. A book that the
desk wouldn't lend goes back to its shelf.
"""

import time
from collections.abc import Collection, Sequence
from typing import Any

from firmware_sim.catalogue import OWNER, Pass
from firmware_sim.crowd import Comings, Errand
from firmware_sim.people import Person, Role
from firmware_sim.readingroom import SHELF, ReadingRoom
from firmware_sim.screens import Screen
from firmware_sim.town import LIBRARY, bearer
from protocol.names import ShelfName, TagUid

PULL_S = 3.0
DESK_S = 25.0
"""The longest anybody waits for the desk."""
CARD_S = 1.0
"""Until a card that was held to the reader has been put away."""
MOST = 2
"""Items somebody borrows at once."""
BROUGHT = 2
"""Items a courier brings from the library each time."""
AT_ONCE = 12
"""Items that fit on the pad."""


class Guests(Comings):
    """The people of one reading room."""

    def __init__(self, *made: Any, desk: Screen) -> None:
        """As everywhere; `desk` is the desk's screen, the one outside the door is the crowd's."""
        super().__init__(*made)
        room = self._town.spots[self._site].cabinet
        assert isinstance(room, ReadingRoom)
        self._room = room
        self._desk = desk

    def furnish(self) -> None:
        """Before the room opens a courier puts everything on its shelves on record, at the desk."""
        courier = next(p for p in self._town.passes.values() if p.label == "Courier 1")
        tags = [TagUid(tag.uid) for tag in self._room.contents()[SHELF]]
        if not self._enter(courier):
            raise TimeoutError(f"the courier can't get into {self._site}")
        for at in range(0, len(tags), AT_ONCE):
            some = tags[at : at + AT_ONCE]
            for tag in some:
                self._town.take(self._site, tag, courier)
            done = self._at_desk(courier, some, courier, "loaded")
            for tag in some:
                self._town.put(self._site, tag, ShelfName(SHELF), courier)
            if len(done) < len(some):
                raise TimeoutError(f"the desk of {self._site} took {len(done)} of {len(some)} items on record")
        self._leave(courier)

    def receive(self, person: Person) -> Errand | None:
        """Comes in, goes to the desk, leaves through the gate."""
        held = self._town.passes[person.cards[0]]
        if not self._enter(held):
            self._crowd.tally.turned_away += 1
            self._tell(f"{self._site}: {person.key} came to read; the door stayed shut")
            return None
        self._crowd.tally.entered += 1
        if person.role is Role.COURIER:
            put, taken = self._deliver(held), 0
        elif person.role is Role.PATRON:
            put, taken = self._bring_back(held), self._borrow(held, person)
        else:
            put = taken = 0
        self._crowd.tally.taken += taken
        self._crowd.tally.put += put
        self._leave(held)
        self._tell(f"{self._site}: {person.key} came to read: took {taken}, brought {put}")
        return Errand(self._site, time.monotonic(), counted=True)

    # --- in and out ---

    def _enter(self, held: Pass) -> bool:
        self._town.tap(self._site, held.uid)
        if not self._town.open(self._site, PULL_S):
            return False
        self._room.walk_in()
        time.sleep(self._pace.hand_s)
        self._town.shut(self._site)
        return True

    def _leave(self, held: Pass) -> None:
        time.sleep(self._pace.hand_s)
        self._room.press_exit()
        self._town.leave(self._site, held)
        time.sleep(self._pace.hand_s)
        self._town.shut(self._site)

    # --- at the desk ---

    def _deliver(self, held: Pass) -> int:
        for tag in self._chance.sample(self._town.bag(LIBRARY), min(BROUGHT, len(self._town.bag(LIBRARY)))):
            self._town.give(LIBRARY, bearer(held), tag)
        brought = [tag for tag in self._town.bag(bearer(held)) if self._ours(tag)]
        self._at_desk(held, brought, held, "loaded")
        return self._shelve(held, brought)

    def _bring_back(self, held: Pass) -> int:
        """Books alone: laid on the pad, and the screen returns them by itself."""
        bag = [tag for tag in self._town.bag(bearer(held)) if self._ours(tag)]
        if not bag or self._chance.random() < 0.3:
            return 0
        done = self._at_desk(held, bag, None, "returned")
        return self._shelve(held, [tag for tag in bag if self._title(tag) in done])

    def _borrow(self, held: Pass, person: Person) -> int:
        things = [t for t in self._town.sight(self._site).shelves[ShelfName(SHELF)] if t.ours]
        liked = sorted(things, key=lambda t: -len(set(t.themes) & set(person.tastes)))[: 4 * MOST]
        wanted = [t.tag for t in self._chance.sample(liked, min(len(liked), self._chance.randint(0, MOST)))]
        if not wanted:
            return 0
        for tag in wanted:
            self._town.take(self._site, tag, held)
        done = self._at_desk(held, wanted, held, "borrowed")
        self._shelve(held, [tag for tag in wanted if self._title(tag) not in done])
        return sum(self._title(tag) in done for tag in wanted)

    def _at_desk(self, held: Pass, tags: Sequence[TagUid], card: Pass | None, change: str) -> Collection[str]:
        """Lays the items down, taps where a card is needed, and waits; the titles of those it was done with."""
        if not tags:
            return ()
        for tag in tags:
            self._town.lay(self._site, tag, held)
        if card is not None:
            self._town.tap(self._site, card.uid, at="desk")
        titles = {self._title(tag) for tag in tags}
        deadline = time.monotonic() + DESK_S
        done: set[str] = set()
        while time.monotonic() < deadline:
            lines = self._desk.lines()
            done |= {title for title, what in lines if what == change} & titles
            refused = {title for title, what in lines if what == "refused"} & titles
            if titles <= done | refused:
                break
            time.sleep(0.1)
        for tag in tags:
            self._town.lift(self._site, tag, held)
        if card is not None:
            self._desk.press("done")
            time.sleep(CARD_S)
        return done

    def _shelve(self, held: Pass, tags: Sequence[TagUid]) -> int:
        for tag in tags:
            self._town.put(self._site, tag, ShelfName(SHELF), held)
        return len(tags)

    def _ours(self, tag: TagUid) -> bool:
        return self._town.copies[tag].owner == OWNER

    def _title(self, tag: TagUid) -> str:
        return self._town.copies[tag].title.title
