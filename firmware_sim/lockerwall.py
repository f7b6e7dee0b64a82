"""A locker wall as a thing: compartments that spring open, a scanner, and a book drop with its bin beside them.

It keeps physical rules only: a hand reaches into a compartment whose door stands open, anybody puts anything through
the slot, and only who has opened the bin's door reaches what lies there. Nothing looks into the compartments; the
bin's reader sees what lies in it.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_sim.chips.lockers import Latch
from firmware_sim.furniture import Furniture, Unreachable
from firmware_sim.makes import MAKES
from firmware_sim.transponders import Card, Tag
from firmware_sim.wires import FrameLog

BIN = "bin"
"""What is reached by the bin's door, and filled through the slot."""
COMPARTMENTS = 16
BIN_HOLDS = 60
LOCK_PIN, CONTACT_PIN, FLAP_PIN = 17, 27, 22
"""BCM numbers: strike relay and reed contact of the bin's door, the slot's flap."""
RESET_PINS = (25, 5)
"""Of the card readers at the wall and at the bin."""
FLAP_S = 0.6
"""How long the flap is open while something is put in."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Where a program finds the wires."""

    locks: Path
    scanner: Path
    bin: Path
    board: Path
    """The unix socket for MICROLIB_BOARD."""


class LockerWall(Furniture):
    """One wall with its chips."""

    kind = "locker"

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        seed: int = 0,
        speed: float = 1.0,
        locks: str = "kerong-cu16",
        reader: str = "feig-obid",
        compartments: int = COMPARTMENTS,
        log: FrameLog | None = None,
    ) -> None:
        """`locks` and `reader` are makes (`firmware_sim.makes`)."""
        super().__init__(name, folder, seed, speed, log)
        computer = self.computer
        self.lock_driver, self.bin_driver = MAKES[locks].driver, MAKES[reader].driver
        (latches,), port = computer.lockers("locks", locks, (compartments,))
        self.window, scanner = computer.scanner("scanner")
        self._bin: list[Tag] = []
        self.paths = Paths(port, scanner, computer.port("reader-bin", reader, tags=self.in_bin), computer.board)
        self.spots = {
            "wall": computer.card_reader("card-wall", 0, RESET_PINS[0]),
            "bin": computer.card_reader("card-bin", 1, RESET_PINS[1]),
        }
        self.bin_door = computer.door("door-bin", LOCK_PIN, CONTACT_PIN)
        width = len(str(compartments))
        self.latches: dict[str, Latch] = {f"{n:0{width}}": latch for n, latch in enumerate(latches, 1)}
        """Each compartment's door."""
        self._inside: dict[str, list[Tag]] = {box: [] for box in self.latches}
        self._flap_until = 0.0
        computer.switch(FLAP_PIN, lambda: time.monotonic() < self._flap_until)

    # --- cards and codes ---

    def tap(self, card: Card, seconds: float | None = 0.8, at: str = "wall") -> None:
        """Holds a card to the reader at the wall, or to the couriers' at the bin."""
        self.spots[at].tap(card, seconds)

    def lift(self, card: Card) -> None:
        """Takes the card away, wherever it was held."""
        for spot in self.spots.values():
            spot.lift(card)

    def show(self, code: str, seconds: float | None = 1.5) -> None:
        """Holds a barcode, or a phone's QR code, before the scanner."""
        self.window.show(code, seconds)
        self._changed()

    # --- doors ---

    @property
    def door_is_open(self) -> bool:
        """Whether anything stands open: a compartment or the bin."""
        return self.bin_door.is_open or bool(self.standing())

    @property
    def strike_energised(self) -> bool:
        """Whether current runs through the strike of the bin's door."""
        return self.bin_door.energised

    def standing(self) -> list[str]:
        """The compartments that stand open."""
        return [box for box, latch in self.latches.items() if latch.is_open]

    def open_door(self, patience_s: float = 0.0) -> bool:
        """Pulls at the bin's door for that long; whether it is open then."""
        opened = self.bin_door.pull(patience_s)
        self._changed()
        return opened

    def force_door(self) -> None:
        """Opens the bin by force."""
        self.bin_door.force()
        self._changed()

    def pry(self, box: str) -> None:
        """Opens a compartment by force."""
        self._latch(box).is_open = True
        self._changed()

    def close_door(self) -> None:
        """Shuts the bin and every compartment."""
        self.bin_door.shut()
        for latch in self.latches.values():
            latch.shut()
        self._changed()

    def shut(self, box: str) -> bool:
        """Pushes a compartment's door; whether it is shut then. Raises Unreachable."""
        shut = self._latch(box).shut()
        self._changed()
        return shut

    # --- items ---

    def capacity(self, shelf: str) -> int:
        """Items that a compartment, or the bin, holds."""
        return BIN_HOLDS if shelf == BIN else 1

    def stock(self, shelf: str, tags: Iterable[Tag]) -> None:
        """Puts tags there before the story begins."""
        with self._lock:
            self._place(shelf).extend(tags)
        self._changed()

    def take(self, uid: str) -> Tag:
        """Takes an item out of an open compartment, or out of the open bin; raises Unreachable."""
        with self._lock:
            tag = self.existing(uid)
            shelf = next(name for name, tags in self.contents().items() if tag in tags)
            self._reach(shelf)
            self._place(shelf).remove(tag)
        self._changed()
        return tag

    def put(self, tag: Tag, shelf: str, place: int | None = None) -> None:
        """Puts an item into an open compartment, or through the slot; raises Unreachable."""
        with self._lock:
            if shelf == BIN:
                self._flap_until = time.monotonic() + FLAP_S
            else:
                self._reach(shelf)
                if self._place(shelf):
                    raise Unreachable(f"compartment {shelf} of {self.name} is full")
            tag.wake()
            tag.chance = 1.0
            self._place(shelf).append(tag)
        self._changed()

    def in_bin(self) -> list[Tag]:
        """What lies in the bin now."""
        with self._lock:
            return list(self._bin)

    def contents(self) -> dict[str, list[Tag]]:
        """What lies in each compartment and in the bin."""
        with self._lock:
            return {**{box: list(tags) for box, tags in self._inside.items()}, BIN: list(self._bin)}

    # --- for those who look on ---

    def snapshot(self) -> dict[str, Any]:
        """Everything there is to see, as plain values."""
        door = self.bin_door
        return super().snapshot() | {
            "door": {"open": door.is_open, "energised": door.energised, "released": door.released},
            "standing": self.standing(),
            "flap": time.monotonic() < self._flap_until,
            "cards": {place: [card.uid for card in spot.cards()] for place, spot in self.spots.items()},
        }

    # --- inside ---

    def _latch(self, box: str) -> Latch:
        latch = self.latches.get(box)
        if latch is None:
            raise Unreachable(f"{self.name} has no compartment {box}")
        return latch

    def _place(self, shelf: str) -> list[Tag]:
        if shelf == BIN:
            return self._bin
        self._latch(shelf)
        return self._inside[shelf]

    def _reach(self, shelf: str) -> None:
        is_open = self.bin_door.is_open if shelf == BIN else self._latch(shelf).is_open
        if not is_open:
            raise Unreachable(f"{shelf} of {self.name} is shut")
