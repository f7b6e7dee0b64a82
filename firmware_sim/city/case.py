"""A cabinet at the level of its devices: doors, shelves, tags and cards without chips or wires.

Physical rules are those of `firmware_sim.cabinet`: what nobody can reach can't be taken, a locked door stays shut.
"""

from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any

from pydantic import BaseModel

from edge.devices.kinds import Look, Round, TagMemory
from edge.errors import DeviceGone, TagError
from firmware_sim.catalogue import CAPACITY
from firmware_sim.city.timeline import Timeline
from firmware_sim.furniture import Unreachable
from firmware_sim.transponders import Card, Tag, Transponder, uid_of
from protocol.names import TagUid

PULSE_S = 6.0
"""How long a strike stays released."""
BOUNCE_S = 0.012


class Shelf:
    """One shelf: what stands on it, the tag glued to it, and its reader's state."""

    def __init__(self, name: str, reference: Tag) -> None:
        self.name = name
        self.reference = reference
        self.items: list[Tag] = []
        self.deaf = False
        """The antenna hears nothing, though the reader answers."""


class Case:
    """One cabinet and its three kinds of devices."""

    def __init__(self, name: str, shelves: Sequence[str], timeline: Timeline) -> None:
        self.name = name
        self.shelves = {s: Shelf(s, Transponder(uid_of(f"{name}/{s}"), label=f"shelf {s}")) for s in shelves}
        self.powered = True
        self.gone: set[str] = set()
        """Devices whose plug is pulled: door, card, reader-a, …"""
        self.pulses = 0
        self.before_pulse: Callable[[], None] = lambda: None
        self.changed: Callable[[], None] = lambda: None
        """Called after whatever a device could notice."""
        self._timeline = timeline
        self._chance: Random = timeline.chance(f"case {name}")
        self._callbacks: list[Callable[[Any], None]] = []
        self._open = False
        self._released_until = -1.0
        self._bounce_until = -1.0
        self._card: str | None = None

    # --- people and accidents; the names are `firmware_sim.cabinet.Cabinet`'s ---

    def on_change(self, callback: Callable[[Any], None]) -> None:
        """Calls back after each change."""
        self._callbacks.append(callback)

    def capacity(self, shelf: str) -> int:
        """Items that fit on a shelf."""
        return CAPACITY

    def stock(self, shelf: str, tags: Iterable[Tag]) -> None:
        """Puts tags there before the story begins."""
        self.shelves[shelf].items.extend(tags)

    def contents(self) -> dict[str, list[Tag]]:
        """What stands on each shelf."""
        return {name: list(shelf.items) for name, shelf in self.shelves.items()}

    def tap(self, card: Card, seconds: float = 0.8) -> None:
        """Holds a card to the reader."""
        self._card = card.uid
        self._timeline.after(seconds, lambda: self._lift(card.uid))
        self._tell()

    @property
    def door_is_open(self) -> bool:
        """Whether the door is off its frame."""
        return self._open

    @property
    def strike_energised(self) -> bool:
        """Whether the door gives when pulled."""
        return self.powered and self._timeline.now < self._released_until

    def open_door(self, patience_s: float = 0.0) -> bool:
        """Pulls at the door once; whether it is open then."""
        if not self._open and self.strike_energised:
            self._move(True)
        return self._open

    def force_door(self) -> None:
        """Opens it by force."""
        if not self._open:
            self._move(True)

    def close_door(self) -> None:
        """Shuts it; it latches."""
        if self._open:
            self._move(False)

    def take(self, uid: str) -> Tag:
        """Takes an item out; raises Unreachable."""
        self._reach()
        for shelf in self.shelves.values():
            for tag in shelf.items:
                if tag.uid == uid:
                    shelf.items.remove(tag)
                    return tag
        raise Unreachable(f"there is no item {uid} in cabinet {self.name}")

    def put(self, tag: Tag, shelf: str) -> None:
        """Puts an item on a shelf; raises Unreachable."""
        self._reach()
        tag.chance = 1.0
        self.shelves[shelf].items.append(tag)

    def shadow(self, uid: str, on: bool = True) -> None:
        """Hides a tag from its reader, wholly or from most rounds, or shows it again."""
        chance = self._chance.choice((0.0, 0.3, 0.6)) if on else 1.0
        for shelf in self.shelves.values():
            for tag in shelf.items:
                if tag.uid == uid:
                    tag.chance = chance

    def power(self, on: bool) -> None:
        """The mains: without it the strike holds."""
        self.powered = on
        self._released_until = -1.0
        self._tell()

    def unplug(self, device: str, on: bool) -> None:
        """Pulls a device's plug, or puts it back."""
        (self.gone.add if on else self.gone.discard)(device)
        self._tell()

    def deafen(self, shelf: str, on: bool) -> None:
        """A shelf's antenna hears nothing, or hears again."""
        self.shelves[shelf].deaf = on

    # --- what the devices see ---

    def unlock(self) -> None:
        self.before_pulse()
        self.pulses += 1
        self._released_until = self._timeline.now + PULSE_S
        self._tell()
        self._timeline.after(PULSE_S + 0.001, self._tell)

    def relock(self) -> None:
        self._released_until = -1.0
        self._tell()

    def contact(self) -> bool:
        if self._timeline.now < self._bounce_until:
            return self._chance.random() < 0.5
        return self._open

    def card(self) -> str | None:
        return self._card

    def seen(self, shelf: str) -> frozenset[TagUid]:
        """One round of the shelf's reader."""
        here = self.shelves[shelf]
        if here.deaf:
            return frozenset()
        tags = [here.reference, *here.items]
        return frozenset(TagUid(t.uid) for t in tags if t.chance >= 1.0 or self._chance.random() < t.chance)

    def memory(self, shelf: str, uid: str) -> TagMemory:
        """What a tag holds; raises TagError when it doesn't answer."""
        here = self.shelves[shelf]
        for tag in here.items:
            heard = tag.uid == uid and not here.deaf and self._chance.random() < tag.chance
            if heard and isinstance(tag, Transponder):
                return TagMemory(tag.dsfid, tag.afi, tag.kind.block_size, bytes(tag.memory))
        raise TagError(uid, "no answer")

    def _reach(self) -> None:
        if not self._open:
            raise Unreachable(f"the door of cabinet {self.name} is shut")

    def _move(self, opened: bool) -> None:
        self._open = opened
        self._bounce_until = self._timeline.now + BOUNCE_S
        self._tell()
        self._timeline.after(BOUNCE_S, self._tell)

    def _lift(self, uid: str) -> None:
        if self._card == uid:
            self._card = None
            self._tell()

    def _tell(self) -> None:
        for callback in self._callbacks:
            callback(self)
        self.changed()


class _Part:
    """What every adapter here can do: be there, or not."""

    Options = BaseModel

    def __init__(self, case: Case, name: str) -> None:
        self._case = case
        self.name = name

    def connect(self) -> str:
        self._there()
        return "a city's device"

    def close(self) -> None:
        """Nothing to let go of."""

    def _there(self) -> None:
        if self.name in self._case.gone:
            raise DeviceGone(self.name, "unplugged")


class CardSpot(_Part):
    """The card reader."""

    def look(self) -> Look:
        self._there()
        return Look(self._case.card())


class DoorLock(_Part):
    """Strike and contact."""

    def unlock(self) -> None:
        self._there()
        self._case.unlock()

    def relock(self) -> None:
        self._there()
        self._case.relock()

    def is_open(self) -> bool:
        self._there()
        return self._case.contact()


class ShelfReader(_Part):
    """One shelf's tag reader."""

    def __init__(self, case: Case, name: str, shelf: str) -> None:
        super().__init__(case, name)
        self._shelf = shelf

    def round(self) -> Round:
        self._there()
        return Round(self._case.seen(self._shelf))

    def read(self, tag: TagUid, size: int = 34) -> TagMemory:
        self._there()
        return self._case.memory(self._shelf, tag)

    def write_afi(self, tag: TagUid, afi: int) -> None:
        raise TagError(tag, "a cabinet never writes")
