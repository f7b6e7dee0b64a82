"""A cabinet as a thing: doors with a strike each, shelves over readers' antennas, a spot to hold cards to.

It keeps physical rules only: what nobody can reach can't be taken, a door that is locked doesn't open. Everything that
a program could do to the real one goes through its wires (`paths`); the methods are what people and accidents do.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware_sim.chips.door import Door
from firmware_sim.chips.wiegand import MODELS
from firmware_sim.furniture import Furniture, Unreachable
from firmware_sim.makes import MAKES, glued
from firmware_sim.transponders import Card, Tag
from firmware_sim.wires import FrameLog

LOCK_PIN, CONTACT_PIN, RESET_PIN = 17, 27, 25
"""BCM numbers: strike relay (active low), reed contact, the card reader's reset."""
ONE_DOOR: Mapping[str, tuple[int, int]] = {"door": (LOCK_PIN, CONTACT_PIN)}
TWO_DOORS: Mapping[str, tuple[int, int]] = {"door": (LOCK_PIN, CONTACT_PIN), "door-2": (22, 23)}
"""Doors by name, each with the pins of its strike and its contact."""
D0_PIN, D1_PIN = 20, 21
"""Those of a card reader with two wires."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Where a program finds the wires."""

    readers: dict[str, Path]
    """Shelf name to the serial port of its reader."""
    board: Path
    """The unix socket for MICROLIB_BOARD."""
    card: Path | None = None
    """The card reader's serial port, where it has one."""


@dataclass(slots=True)
class Shelf:
    """One shelf: what stands on it, in order, and the tag glued to it."""

    name: str
    reference: Tag
    items: list[Tag] = field(default_factory=list)

    @property
    def device(self) -> str:
        """The name of its reader."""
        return f"reader-{self.name}"


class Cabinet(Furniture):
    """One cabinet with its chips."""

    kind = "cabinet"

    def __init__(
        self,
        name: str,
        folder: Path,
        shelves: Sequence[str] = ("A", "B"),
        *,
        seed: int = 0,
        speed: float = 1.0,
        reader: str = "feig-obid",
        card: str = "mfrc522",
        capacity: int = 60,
        relay_pull: int = 1,
        doors: Mapping[str, tuple[int, int]] = ONE_DOOR,
        log: FrameLog | None = None,
    ) -> None:
        """`folder` must be there and its path short (sockets). `speed` above 1 makes chips and wires that much faster
        than real ones; hands and hosts keep their own time. `reader` is the make of its shelves' readers
        (`firmware_sim.makes`), `card` that of its card reader: "mfrc522", one of those on a serial port, or a door
        reader on two wires (`firmware_sim.chips.wiegand`). `relay_pull` is where the resistor at the strike's relay
        takes its input while no pin drives it: 1 keeps it shut, 0 is how it is wired by mistake. Each of its `doors`
        leads to all shelves."""
        super().__init__(name, folder, seed, speed, log)
        computer = self.computer
        self.reader_driver = MAKES[reader].driver
        self._capacity = capacity
        self.shelves = {s: Shelf(s, glued(reader, f"{name}/{s}", f"shelf {s}")) for s in shelves}
        ports = {
            name: computer.port(shelf.device, reader, tags=self._tags(shelf)) for name, shelf in self.shelves.items()
        }
        self.doors = {name: computer.door(name, *pins, relay_pull) for name, pins in doors.items()}
        self.door = next(iter(self.doors.values()))
        """The first of them, the only one of most cabinets."""
        card_port = None
        self.card_driver = card
        if card == "mfrc522":
            self.spot = computer.card_reader("card", 0, RESET_PIN)
        elif card in MODELS:
            self.card_driver = "wiegand"
            self.spot = computer.door_card_reader("card", D0_PIN, D1_PIN, card)
        else:
            self.card_driver = MAKES[card].driver
            self.spot, card_port = computer.serial_card_reader("card", card)
        self.paths = Paths(ports, computer.board, card_port)

    # --- cards ---

    def tap(self, card: Card, seconds: float | None = 0.8) -> None:
        """Holds a card to the spot for that long, or until `lift` (None); returns at once."""
        self.spot.tap(card, seconds)

    def lift(self, card: Card) -> None:
        """Takes the card away."""
        self.spot.lift(card)

    def cards(self) -> list[Card]:
        """The cards held to the spot now."""
        return self.spot.cards()

    # --- the door ---

    @property
    def door_is_open(self) -> bool:
        """Whether any door is off its frame, whatever the contacts say."""
        return any(door.is_open for door in self.doors.values())

    @property
    def strike_energised(self) -> bool:
        """Whether current runs through any strike."""
        return any(door.energised for door in self.doors.values())

    def open_door(self, patience_s: float = 0.0, door: str | None = None) -> bool:
        """Pulls at the door (the first one, or that) for that long; whether it is open then."""
        opened = self._door(door).pull(patience_s)
        self._changed()
        return opened

    def force_door(self, door: str | None = None) -> None:
        """Opens it by force."""
        self._door(door).force()
        self._changed()

    def close_door(self, door: str | None = None) -> None:
        """Shuts it; it latches."""
        self._door(door).shut()
        self._changed()

    # --- items ---

    def capacity(self, shelf: str) -> int:
        """Items that fit on a shelf."""
        return self._capacity

    def stock(self, shelf: str, tags: Iterable[Tag]) -> None:
        """Puts tags there before the story begins, door or no door."""
        with self._lock:
            self.shelves[shelf].items.extend(tags)
        self._changed()

    def take(self, uid: str) -> Tag:
        """Takes an item out; raises Unreachable."""
        with self._lock:
            self._reach()
            tag = self.existing(uid)
            next(shelf for shelf in self.shelves.values() if tag in shelf.items).items.remove(tag)
            tag.wake()
        self._changed()
        return tag

    def put(self, tag: Tag, shelf: str, place: int | None = None) -> None:
        """Puts an item on a shelf, at the end or before the item at `place`, where nothing shadows it; raises
        Unreachable."""
        with self._lock:
            self._reach()
            if shelf not in self.shelves:
                raise Unreachable(f"cabinet {self.name} has no shelf {shelf}")
            items = self.shelves[shelf].items
            tag.wake()
            tag.chance = 1.0
            items.insert(len(items) if place is None else place, tag)
        self._changed()

    def contents(self) -> dict[str, list[Tag]]:
        """What stands on each shelf, in order; reference tags aside."""
        with self._lock:
            return {name: list(shelf.items) for name, shelf in self.shelves.items()}

    # --- for those who look on ---

    def snapshot(self) -> dict[str, Any]:
        """Everything there is to see, as plain values."""
        known = super().snapshot()
        unplugged = self.unplugged()
        shelves = [
            {
                **shelf,
                "reader": (reader := f"reader-{shelf['name']}"),
                "unplugged": reader in unplugged,
                "reference": self.shelves[shelf["name"]].reference.uid,
            }
            for shelf in known["shelves"]
        ]
        return known | {
            "door": _seen(self.door),
            "doors": {name: _seen(door) for name, door in self.doors.items()},
            "shelves": shelves,
            "cards": [{"uid": card.uid, "label": card.label} for card in self.cards()],
        }

    # --- inside ---

    def _door(self, name: str | None) -> Door:
        return self.door if name is None else self.doors[name]

    def _reach(self) -> None:
        if not self.door_is_open:
            raise Unreachable(f"the door of cabinet {self.name} is shut")

    def _tags(self, shelf: Shelf) -> Callable[[], list[Tag]]:
        def present() -> list[Tag]:
            with self._lock:
                return [shelf.reference, *shelf.items]

        return present


def _seen(door: Door) -> dict[str, Any]:
    return {
        "open": door.is_open,
        "energised": door.energised,
        "released": door.released,
        "pulses": door.pulses,
        "heat_s": round(door.heat_s, 1),
        "overheated": door.overheated,
    }
