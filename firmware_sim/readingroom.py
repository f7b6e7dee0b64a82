"""A reading room as a thing: a locked door, open shelves, a desk with a pad, a gate on the way out, people inside.

It keeps physical rules only: nobody takes a book who isn't inside, the exit button cuts the lock's current whatever
any program thinks, and what is carried out passes the gate. Its shelves have no readers: only what lies on the pad or
passes the gate is read.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_sim.furniture import Furniture, Unreachable, seen
from firmware_sim.makes import MAKES
from firmware_sim.transponders import Card, Tag
from firmware_sim.wires import FrameLog

SHELF = "room"
"""What its open shelves are called, all together."""
LOCK_PIN, CONTACT_PIN, EXIT_PIN, BARRIER_PIN, FIRE_PIN = 17, 27, 22, 23, 24
"""BCM numbers: strike relay, reed contact, exit button, light barrier behind the door, fire alarm's contact."""
RESET_PINS = (25, 5)
"""Of the card readers at the door and at the desk."""
PRESS_S = 0.5
"""How long a button is pressed, and a barrier broken by somebody who walks through it."""
PASS_S = 1.5
"""How long somebody is in the gate's field."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Where a program finds the wires."""

    pad: Path
    gate: Path
    board: Path
    """The unix socket for MICROLIB_BOARD."""


class ReadingRoom(Furniture):
    """One room with its chips. Nobody is locked in: the button and the handle inside need no power."""

    kind = "room"

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        seed: int = 0,
        speed: float = 1.0,
        pad: str = "feig-obid",
        gate: str = "feig-obid",
        capacity: int = 120,
        log: FrameLog | None = None,
    ) -> None:
        """`pad` and `gate` are makes of readers (`firmware_sim.makes`)."""
        super().__init__(name, folder, seed, speed, log)
        computer = self.computer
        self.pad_driver, self.gate_driver = MAKES[pad].driver, MAKES[gate].driver
        self._capacity = capacity
        self._shelf: list[Tag] = []
        self._pad: list[Tag] = []
        self._passing: list[tuple[Tag, float]] = []
        self._pressed_until = 0.0
        self._broken_until = 0.0
        self.fire = False
        """The fire alarm is on: it holds the door released by wire."""
        self.paths = Paths(
            computer.port("reader-pad", pad, tags=self.on_pad),
            computer.port("reader-gate", gate, tags=self.passing),
            computer.board,
        )
        self.door = computer.door("door-front", LOCK_PIN, CONTACT_PIN)
        self.spots = {
            "front": computer.card_reader("card-front", 0, RESET_PINS[0]),
            "desk": computer.card_reader("card-desk", 1, RESET_PINS[1]),
        }
        computer.switch(EXIT_PIN, lambda: time.monotonic() < self._pressed_until)
        computer.switch(BARRIER_PIN, lambda: time.monotonic() < self._broken_until)
        computer.switch(FIRE_PIN, lambda: self.fire)
        self.inside = 0
        """People in the room."""

    # --- the door ---

    @property
    def door_is_open(self) -> bool:
        """Whether the door is off its frame."""
        return self.door.is_open

    @property
    def strike_energised(self) -> bool:
        """Whether current runs through the strike."""
        return self.door.energised

    def tap(self, card: Card, seconds: float | None = 0.8, at: str = "front") -> None:
        """Holds a card to the reader at the door or at the desk."""
        self.spots[at].tap(card, seconds)

    def lift(self, card: Card) -> None:
        """Takes the card away, wherever it was held."""
        for spot in self.spots.values():
            spot.lift(card)

    def open_door(self, patience_s: float = 0.0) -> bool:
        """Pulls at the door from outside for that long; whether it is open then."""
        if self.fire:
            self.door.force()  # the alarm has taken the lock's current away
        opened = self.door.pull(patience_s)
        self._changed()
        return opened

    def force_door(self) -> None:
        """Opens it by force."""
        self.door.force()
        self._changed()

    def close_door(self) -> None:
        """Shuts it; it latches."""
        self.door.shut()
        self._changed()

    def press_exit(self) -> None:
        """Presses the exit button and opens the door from inside: the button cuts the lock's current by itself."""
        with self._lock:
            self._pressed_until = time.monotonic() + PRESS_S
        self.door.force()
        self._changed()

    def walk_in(self) -> None:
        """Somebody goes in; raises Unreachable while the door is shut."""
        with self._lock:
            self._through("in")
            self.inside += 1
            self._broken_until = time.monotonic() + PRESS_S
        self._changed()

    def walk_out(self, tags: Iterable[Tag] = ()) -> None:
        """Somebody goes out through the gate with these; raises Unreachable while the door is shut."""
        with self._lock:
            self._through("out")
            self.inside = max(0, self.inside - 1)
            until = time.monotonic() + PASS_S
            for tag in tags:
                tag.wake()
                self._passing.append((tag, until))
        self._changed()

    def pass_gate(self, tags: Iterable[Tag], seconds: float = PASS_S) -> None:
        """Carries tags through the gate's field."""
        with self._lock:
            for tag in tags:
                tag.wake()
                self._passing.append((tag, time.monotonic() + seconds))
        self._changed()

    # --- items ---

    def capacity(self, shelf: str) -> int:
        """Items the open shelves hold."""
        return self._capacity

    def stock(self, shelf: str, tags: Iterable[Tag]) -> None:
        """Puts tags on the shelves before the story begins."""
        with self._lock:
            self._shelf.extend(tags)
        self._changed()

    def take(self, uid: str) -> Tag:
        """Somebody inside takes an item off the shelves; raises Unreachable."""
        with self._lock:
            self._reach()
            tag = next((tag for tag in self._shelf if tag.uid == uid), None)
            if tag is None:
                raise Unreachable(f"there is no item {uid} on the shelves of {self.name}")
            self._shelf.remove(tag)
        self._changed()
        return tag

    def put(self, tag: Tag, shelf: str, place: int | None = None) -> None:
        """Somebody inside puts an item on the shelves; raises Unreachable."""
        with self._lock:
            self._reach()
            if shelf != SHELF:
                raise Unreachable(f"{self.name} has no shelf {shelf}")
            tag.chance = 1.0
            self._shelf.insert(len(self._shelf) if place is None else place, tag)
        self._changed()

    def lay(self, *tags: Tag) -> None:
        """Lays items on the desk's pad; raises Unreachable."""
        with self._lock:
            self._reach()
            for tag in tags:
                tag.wake()
            self._pad.extend(tags)
        self._changed()

    def clear_pad(self, *tags: Tag) -> list[Tag]:
        """Takes these off the pad, or everything; answers what was taken."""
        with self._lock:
            taken = [tag for tag in self._pad if not tags or tag in tags]
            self._pad = [tag for tag in self._pad if tag not in taken]
        self._changed()
        return taken

    def on_pad(self) -> list[Tag]:
        """What lies on the pad now."""
        with self._lock:
            return list(self._pad)

    def passing(self) -> list[Tag]:
        """What is in the gate's field now."""
        now = time.monotonic()
        with self._lock:
            self._passing = [(tag, until) for tag, until in self._passing if until > now]
            return [tag for tag, _ in self._passing]

    def find(self, uid: str) -> Tag | None:
        """The item with that tag, on the shelves or on the pad."""
        return next((tag for tag in (*self.contents()[SHELF], *self.on_pad()) if tag.uid == uid), None)

    def contents(self) -> dict[str, list[Tag]]:
        """What stands on the shelves."""
        with self._lock:
            return {SHELF: list(self._shelf)}

    # --- for those who look on ---

    def snapshot(self) -> dict[str, Any]:
        """Everything there is to see, as plain values."""
        return super().snapshot() | {
            "door": {"open": self.door.is_open, "energised": self.door.energised, "released": self.door.released},
            "pad": seen(self.on_pad()),
            "gate": seen(self.passing()),
            "inside": self.inside,
            "fire": self.fire,
            "cards": {place: [card.uid for card in spot.cards()] for place, spot in self.spots.items()},
        }

    # --- inside ---

    def _reach(self) -> None:
        if not self.inside:
            raise Unreachable(f"nobody is in {self.name}")

    def _through(self, way: str) -> None:
        if not self.door.is_open:
            raise Unreachable(f"the door of {self.name} is shut: nobody goes {way}")
