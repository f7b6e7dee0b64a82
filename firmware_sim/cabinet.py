"""A cabinet as a thing: a door with a strike, shelves over readers' antennas, a spot to hold cards to.

It keeps physical rules only: what nobody can reach can't be taken, a door that is locked doesn't open. Everything that
a program could do to the real one goes through its wires (`paths`); the methods are what people and accidents do.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware_sim.board import BoardServer, Pins
from firmware_sim.chips.door import Door
from firmware_sim.chips.hf import MR101, FeigReader, Model
from firmware_sim.chips.mfrc522 import Mfrc522
from firmware_sim.faults import Faults
from firmware_sim.transponders import Card, Transponder, uid_of
from firmware_sim.wires import FrameLog, PtyWire

LOCK_PIN, CONTACT_PIN, RESET_PIN = 17, 27, 25
"""BCM numbers: strike relay (active low), reed contact, the card reader's reset."""
_TICK_S = 0.05


class Unreachable(Exception):
    """Nobody can do that now; the message says why."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Where a program finds the wires."""

    readers: dict[str, Path]
    """Shelf name to the serial port of its reader."""
    board: Path
    """The unix socket for MICROLIB_BOARD."""


@dataclass(slots=True)
class Shelf:
    """One shelf: what stands on it, in order, and the tag glued to it."""

    name: str
    reference: Transponder
    items: list[Transponder] = field(default_factory=list)

    @property
    def device(self) -> str:
        """The name of its reader."""
        return f"reader-{self.name}"


class Cabinet:
    """One cabinet with its chips. Thread-safe. Built off: `start` switches it on."""

    def __init__(
        self,
        name: str,
        folder: Path,
        shelves: Sequence[str] = ("A", "B"),
        *,
        seed: int = 0,
        speed: float = 1.0,
        model: Model = MR101,
        relay_pull: int = 1,
        log: FrameLog | None = None,
    ) -> None:
        """`folder` must be there and its path short (sockets). `speed` above 1 makes chips and wires that much faster
        than real ones; hands and hosts keep their own time. `relay_pull` is where the resistor at the strike's relay
        takes its input while no pin drives it: 1 keeps it shut, 0 is how it is wired by mistake."""
        self.name = name
        self.faults = Faults(seed)
        self.frames = log or FrameLog()
        self._lock = threading.RLock()
        self._callbacks: list[Callable[[Cabinet], None]] = []
        self._cards: list[tuple[Card, float]] = []
        self.shelves = {s: Shelf(s, Transponder(uid_of(f"{name}/{s}"), label=f"shelf {s}")) for s in shelves}
        self.paths = Paths({s: folder / f"reader-{s}" for s in shelves}, folder / "board")
        self.door = Door(self.faults, pull=relay_pull, seed=seed)
        self.card = Mfrc522(self.cards, self.faults, self.frames, speed=speed, seed=seed)
        self._readers: dict[str, FeigReader] = {}
        self._wires: dict[str, PtyWire] = {}
        for number, shelf in enumerate(self.shelves.values()):
            reader = FeigReader(self._tags(shelf), self.faults, shelf.device, model, seed=seed + number, speed=speed)
            self._readers[shelf.name] = reader
            self._wires[shelf.name] = PtyWire(
                self.paths.readers[shelf.name], reader, shelf.device, self.frames, self.faults, speed=speed
            )
        self._pins = Pins()
        self._pins.watchers = {LOCK_PIN: self._drive_strike, RESET_PIN: self.card.hold}
        self._pins.outside = {CONTACT_PIN: self.door.contact}
        self._board = BoardServer(self.paths.board, self._pins, {(0, 0): self.card.transfer})
        self._on = False
        self._quit = threading.Event()
        self._ticker: threading.Thread | None = None
        self.faults.on_change(self._obey)

    # --- power ---

    def start(self) -> None:
        """Switches it on and begins to watch the clock."""
        if self._ticker is None:
            self._quit.clear()
            self._ticker = threading.Thread(target=self._tick, name=f"cabinet {self.name}", daemon=True)
            self._ticker.start()
        self.power(True)

    def stop(self) -> None:
        """Switches it off; nothing of it runs any longer."""
        self.power(False)
        ticker, self._ticker = self._ticker, None
        if ticker is not None:
            self._quit.set()
            ticker.join()

    @property
    def has_power(self) -> bool:
        """Whether it is switched on."""
        return self._on

    def power(self, on: bool) -> None:
        """The mains: off, and computer, ports and strike are gone at once; on, and everything is at its defaults."""
        with self._lock:
            if on == self._on:
                return
            self._on = on
        if on:
            self._pins.reset()
            self.card.power()
            for reader in self._readers.values():
                reader.power()
            self._board.start()
        else:
            self._board.stop()
            self._pins.reset()
        self._obey()

    def unplug(self, device: str, on: bool = True) -> None:
        """Pulls a plug, or puts it back (`on` False): "reader" (all), "reader-A", "card", "door"."""
        names = [shelf.device for shelf in self.shelves.values()] if device == "reader" else [device]
        for name in names:
            if on:
                self.faults.set("unplugged", name)
            else:
                self.faults.clear("unplugged", name)

    def unplugged(self) -> list[str]:
        """The devices whose plug is pulled."""
        devices = [*(shelf.device for shelf in self.shelves.values()), "card", "door"]
        return [device for device in devices if self.faults.stands("unplugged", device)]

    # --- cards ---

    def tap(self, card: Card, seconds: float | None = 0.8) -> None:
        """Holds a card to the spot for that long, or until `lift` (None); returns at once."""
        with self._lock:
            if card not in self.cards():
                card.wake()  # it was without a field until now
            until = float("inf") if seconds is None else time.monotonic() + seconds
            self._cards = [(c, t) for c, t in self._cards if c is not card] + [(card, until)]
        self._changed()

    def lift(self, card: Card) -> None:
        """Takes the card away."""
        with self._lock:
            self._cards = [(c, t) for c, t in self._cards if c is not card]
        self._changed()

    def cards(self) -> list[Card]:
        """The cards held to the spot now."""
        now = time.monotonic()
        with self._lock:
            return [card for card, until in self._cards if until > now]

    # --- the door ---

    @property
    def door_is_open(self) -> bool:
        """Whether the door is off its frame, whatever the contact says."""
        return self.door.is_open

    @property
    def strike_energised(self) -> bool:
        """Whether current runs through the strike."""
        return self.door.energised

    def open_door(self, patience_s: float = 0.0) -> bool:
        """Pulls at the door for that long; whether it is open then."""
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

    # --- items ---

    def stock(self, shelf: str, tags: Iterable[Transponder]) -> None:
        """Puts tags there before the story begins, door or no door."""
        with self._lock:
            self.shelves[shelf].items.extend(tags)
        self._changed()

    def take(self, uid: str) -> Transponder:
        """Takes an item out; raises Unreachable."""
        with self._lock:
            self._reach()
            tag = self._existing(uid)
            next(shelf for shelf in self.shelves.values() if tag in shelf.items).items.remove(tag)
            tag.wake()
        self._changed()
        return tag

    def put(self, tag: Transponder, shelf: str, place: int | None = None) -> None:
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

    def find(self, uid: str) -> Transponder | None:
        """The item with that tag, wherever it stands in here."""
        with self._lock:
            return next((tag for shelf in self.shelves.values() for tag in shelf.items if tag.uid == uid), None)

    def shadow(self, uid: str, on: bool = True, chance: float = 0.0) -> None:
        """Hides a tag from its reader (read with `chance` a round), or not any longer; raises Unreachable."""
        self._existing(uid).chance = chance if on else 1.0
        self._changed()

    def contents(self) -> dict[str, list[Transponder]]:
        """What stands on each shelf, in order; reference tags aside."""
        with self._lock:
            return {name: list(shelf.items) for name, shelf in self.shelves.items()}

    # --- for those who look on ---

    def on_change(self, callback: Callable[["Cabinet"], None]) -> None:
        """Calls back after each change, on whichever thread made it: be quick."""
        self._callbacks.append(callback)

    def snapshot(self) -> dict[str, Any]:
        """Everything there is to see, as plain values."""
        unplugged = self.unplugged()
        return {
            "name": self.name,
            "power": self._on,
            "door": {
                "open": self.door.is_open,
                "energised": self.door.energised,
                "released": self.door.released,
                "pulses": self.door.pulses,
                "heat_s": round(self.door.heat_s, 1),
                "overheated": self.door.overheated,
            },
            "shelves": [
                {
                    "name": shelf,
                    "reader": f"reader-{shelf}",
                    "unplugged": f"reader-{shelf}" in unplugged,
                    "reference": self.shelves[shelf].reference.uid,
                    "items": [
                        {"uid": tag.uid, "label": tag.label, "afi": tag.afi, "chance": tag.chance} for tag in tags
                    ],
                }
                for shelf, tags in self.contents().items()
            ],
            "cards": [{"uid": card.uid, "label": card.label} for card in self.cards()],
            "unplugged": unplugged,
            "faults": self.faults.active(),
        }

    # --- inside ---

    def _reach(self) -> None:
        if not self.door.is_open:
            raise Unreachable(f"the door of cabinet {self.name} is shut")

    def _existing(self, uid: str) -> Transponder:
        tag = self.find(uid)
        if tag is None:
            raise Unreachable(f"there is no item {uid} in cabinet {self.name}")
        return tag

    def _tags(self, shelf: Shelf) -> Callable[[], list[Transponder]]:
        def present() -> list[Transponder]:
            with self._lock:
                return [shelf.reference, *shelf.items]

        return present

    def _drive_strike(self, level: int | None) -> None:
        self.door.drive(level if self._on else 1)
        self._changed()

    def _obey(self) -> None:
        """Ports are there while there is power and the plug is in."""
        for name, wire in self._wires.items():
            if self._on and not self.faults.stands("unplugged", self.shelves[name].device):
                if not wire.plugged:
                    self._readers[name].power()
                wire.plug()
            else:
                wire.unplug()
        self._changed()

    def _changed(self) -> None:
        for callback in self._callbacks:
            callback(self)

    def _tick(self) -> None:
        """Tells of what happens by itself: cards lifted, a strike that cools, a door that springs open."""
        last = None
        while not self._quit.wait(_TICK_S):
            seen = (self.door.is_open, self.door.released)
            with self._lock:
                held = self.cards()
                lifted = len(held) < len(self._cards)
                self._cards = [(card, until) for card, until in self._cards if card in held]
            if lifted or (last is not None and seen != last):
                self._changed()
            last = seen
