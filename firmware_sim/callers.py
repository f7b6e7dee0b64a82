"""Simulated people at a locker wall: they reserve, collect what a courier has loaded, and put books through the slot.

They show what a patron has: a card, the code they were sent, or their phone. Who takes something out shuts the door,
and a courier waits for the screen before the next item.
"""

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

import httpx

from firmware_sim.catalogue import OWNER, Pass
from firmware_sim.crowd import Comings, Errand
from firmware_sim.fittings import DROP
from firmware_sim.librarian import Librarian
from firmware_sim.lockerwall import BIN, LockerWall
from firmware_sim.people import Person, Role
from firmware_sim.screens import Screen
from firmware_sim.sites import Site
from firmware_sim.town import ELSEWHERE, LIBRARY, bearer
from protocol.names import ShelfName, TagUid

HAND_S = 1.6
"""From a door's springing open until it is shut again; who is much quicker isn't seen by a board that must be asked."""
SPRING_S = 4.0
"""The longest anybody waits for a door to spring open."""
SCREEN_S = 20.0
"""The longest anybody waits for the screen."""
KNOWN_S = 30.0
"""Until a site surely knows who waits for what."""
FIRST = 5
"""Patrons who have reserved something before the wall opens."""
MOST = 3
"""Items a courier brings at once."""
FOREIGN_SHARE = 0.15
"""How often somebody brings another library's item."""


class Callers(Comings):
    """The people of one locker wall."""

    def __init__(self, *made: Any, site: Site, librarian: Librarian) -> None:
        """As everywhere; people reserve by the `librarian`'s means, as they would with the library's app."""
        super().__init__(*made)
        assert isinstance(site.spot.cabinet, LockerWall)
        self._wall = site.spot.cabinet
        self._librarian = librarian
        self._drop: Screen = site.screens[DROP]

    def furnish(self) -> None:
        """Before the wall opens some patrons have reserved, and a courier brings what there is for them."""
        patrons = [m for m in self._town.stock.members if m.site == self._site and m.block is None]
        for member in patrons[:FIRST]:
            self._reserve(member.patron)
        courier = next(p for p in self._town.passes.values() if p.label == "Courier 2")
        deadline = time.monotonic() + KNOWN_S
        while not self._load(courier):
            if time.monotonic() > deadline:
                raise TimeoutError(f"nothing could be loaded into the locker wall of {self._site}")

    def asked(self) -> Collection[str]:
        """Those for whom something lies there; now and then others are quicker."""
        if self._chance.random() < 0.3:
            return ()
        return [row["patron"] for row in self._waiting() if row["state"] == "ready"]

    def receive(self, person: Person) -> Errand | None:
        """Comes, brings, collects, or loads."""
        held = self._town.passes[person.cards[0]]
        match person.role:
            case Role.COURIER:
                loaded, emptied = self._load(held), self._empty(held)
                did = f"loaded {loaded}, took {emptied} out of the bin"
                self._crowd.tally.put += loaded
                self._crowd.tally.taken += emptied
            case Role.PATRON:
                brought, collected = self._bring_back(held), self._collect(held)
                reserved = not collected and self._chance.random() < 0.5 and self._reserve(person.key)
                did = f"brought {brought}, collected {collected}" + (", reserved something" if reserved else "")
                self._crowd.tally.put += brought
                self._crowd.tally.taken += collected
            case _:
                self._town.tap(self._site, held.uid)
                self._await(lambda: self._screen.kind == "refused", SPRING_S)
                self._crowd.tally.turned_away += 1
                self._tell(f"{self._site}: {person.key} came to the locker wall; nothing opened")
                return None
        self._crowd.tally.entered += 1
        self._tell(f"{self._site}: {person.key} came to the locker wall: {did}")
        return Errand(self._site, time.monotonic(), counted=True)

    # --- patrons ---

    def _reserve(self, patron: str) -> bool:
        """Wishes for something that lies at the library."""
        wanted = {row["title_id"] for row in self._waiting()}
        stored = [tag for tag in self._town.bag(LIBRARY) if self._title(tag) not in wanted]
        if not stored:
            return False
        title = self._title(self._chance.choice(stored))
        try:
            self._librarian.send("reservations", {"patron": patron, "title_id": title, "site": self._site})
        except httpx.HTTPError:
            return False
        return True

    def _bring_back(self, held: Pass) -> int:
        """Everything in the bag goes through the slot, whoever's it is; nobody needs a card for it."""
        mine = bearer(held)
        if self._chance.random() < FOREIGN_SHARE:
            for tag in self._town.bag(ELSEWHERE)[:1]:
                self._town.give(ELSEWHERE, mine, tag)
        bag = self._town.bag(mine)
        for tag in bag:
            self._town.put(self._site, tag, ShelfName(BIN), held)
            time.sleep(self._pace.hand_s)
        if bag:
            self._await(lambda: self._drop.kind == "receipt", SCREEN_S)
        return len(bag)

    def _collect(self, held: Pass) -> int:
        """Shows a card, a code or a phone, and takes out what springs open."""
        ready = [row for row in self._waiting() if row["patron"] == held.patron and row["state"] == "ready"]
        if not ready or held.patron is None:
            return 0
        self._await(lambda: self._screen.kind == "idle", SCREEN_S)
        match self._chance.choice(("card", "code", "phone")):
            case "card":
                self._town.tap(self._site, held.uid)
            case "code":
                self._screen.press(str(ready[0]["code"]))
            case _:
                self._town.show(self._site, self._librarian.phone_code(held.patron, self._site))
        taken = 0
        while self._await(self._wall.standing, SPRING_S):
            taken += self._take_out(held)
        self._await(lambda: self._screen.kind in ("receipt", "idle", "refused"), SCREEN_S)
        return taken

    def _take_out(self, held: Pass) -> int:
        """Whatever lies in what stands open; then the doors are shut."""
        taken = 0
        for box in self._wall.standing():
            for tag in self._wall.contents()[box]:
                self._town.take(self._site, TagUid(tag.uid), held)
                taken += 1
            time.sleep(HAND_S)
            self._town.shut_box(self._site, box)
        return taken

    # --- couriers ---

    def _load(self, held: Pass) -> int:
        """What people wait for and the library has goes into compartments, item by item; how many did."""
        brought = self._wanted()
        self._await(lambda: self._screen.kind == "idle", SCREEN_S)
        self._town.tap(self._site, held.uid)
        if not self._await(lambda: self._screen.kind == "loading", SPRING_S):
            return 0
        loaded = sum(self._put_in(held, tag) for tag in brought)
        self._fetch(held)
        self._screen.press("done")
        self._await(lambda: self._screen.kind in ("receipt", "idle"), SCREEN_S)
        return loaded

    def _put_in(self, held: Pass, tag: TagUid) -> bool:
        self._town.show(self._site, self._town.copies[tag].item)
        if not self._await(self._wall.standing, SPRING_S):
            return False  # nobody waits for it, as far as the wall knows
        self._town.give(LIBRARY, bearer(held), tag)
        (box, *_) = self._wall.standing()
        self._town.put(self._site, tag, ShelfName(box), held)
        time.sleep(HAND_S)
        self._town.shut_box(self._site, box)
        return bool(self._await(lambda: self._screen.kind == "loading", SCREEN_S))

    def _fetch(self, held: Pass) -> None:
        """Takes out what nobody waits for any more, where there is such."""
        self._screen.press("fetch")
        while self._await(self._wall.standing, 1.0):
            self._take_out(held)

    def _empty(self, held: Pass) -> int:
        """Everything in the bin goes into the courier's bag."""
        if not self._wall.in_bin():
            return 0
        self._town.tap(self._site, held.uid, at="bin")
        if not self._town.open(self._site, SPRING_S):
            return 0
        tags = [TagUid(tag.uid) for tag in self._wall.in_bin()]
        for tag in tags:
            self._town.take(self._site, tag, held)
        time.sleep(self._pace.hand_s)
        self._town.shut(self._site)
        self._await(lambda: self._drop.kind in ("receipt", "idle"), SCREEN_S)
        for tag in tags:
            if self._town.copies[tag].owner != OWNER:
                self._town.give(bearer(held), ELSEWHERE, tag)
        return len(tags)

    # --- what they know ---

    def _waiting(self) -> Sequence[dict[str, Any]]:
        try:
            return self._librarian.waiting(self._site)
        except httpx.HTTPError:
            return ()  # the hub doesn't answer just now

    def _wanted(self) -> list[TagUid]:
        """Of what lies at the library, what somebody waits for here."""
        titles = {row["title_id"] for row in self._waiting() if row["state"] == "waiting"}
        found: dict[str, TagUid] = {}
        for tag in self._town.bag(LIBRARY):
            if self._title(tag) in titles:
                found.setdefault(self._title(tag), tag)
        return list(found.values())[:MOST]

    def _title(self, tag: TagUid) -> str:
        return self._town.copies[tag].title.title_id

    def _await(self, true: Callable[[], Any], seconds: float) -> Any:
        """Waits until it is true, for so long at most; what it was at the end."""
        deadline = time.monotonic() + seconds
        while not (found := true()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return found
