"""What every piece of furniture has: a computer with its supply, wires to look at, and items that stand in it."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Self

from firmware_sim.computer import Computer
from firmware_sim.transponders import Tag
from firmware_sim.wires import FrameLog


class Unreachable(Exception):
    """The hand can't get there: the door is shut, or the thing isn't where it was."""


class Furniture(ABC):
    """One piece of it. Thread-safe. Built off: `start` switches it on."""

    kind: ClassVar[str]

    def __init__(self, name: str, folder: Path, seed: int, speed: float, log: FrameLog | None) -> None:
        """`folder` must be there and its path short (sockets)."""
        self.name = name
        self.computer = Computer(name, folder, seed=seed, speed=speed, log=log)
        self.faults, self.frames = self.computer.faults, self.computer.frames
        self._lock = self.computer.lock

    def start(self) -> None:
        """Switches it on and begins to watch the clock."""
        self.computer.start()

    def stop(self) -> None:
        """Switches it off; nothing of it runs any longer."""
        self.computer.stop()

    @property
    def has_power(self) -> bool:
        """Whether it is switched on."""
        return self.computer.has_power

    def power(self, on: bool) -> None:
        """The mains: off, and computer, ports and strikes are gone at once; on, and everything is at its defaults."""
        self.computer.power(on)

    def unplug(self, device: str, on: bool = True) -> None:
        """Pulls a plug, or puts it back (`on` False), by the device's name or its kind ("reader": all of them)."""
        self.computer.unplug(device, on)

    def unplugged(self) -> list[str]:
        """The devices whose plug is pulled."""
        return self.computer.unplugged()

    @abstractmethod
    def contents(self) -> dict[str, list[Tag]]:
        """What stands on each shelf, or lies in each compartment, in order."""

    def find(self, uid: str) -> Tag | None:
        """The item with that tag, wherever it is in here."""
        return next((tag for tags in self.contents().values() for tag in tags if tag.uid == uid), None)

    def existing(self, uid: str) -> Tag:
        """The item with that tag; raises Unreachable."""
        tag = self.find(uid)
        if tag is None:
            raise Unreachable(f"there is no item {uid} in {self.kind} {self.name}")
        return tag

    def shadow(self, uid: str, on: bool = True, chance: float = 0.0) -> None:
        """Hides a tag from its reader (read with `chance` a round), or not any longer; raises Unreachable."""
        self.existing(uid).chance = chance if on else 1.0
        self._changed()

    def on_change(self, callback: Callable[[Self], None]) -> None:
        """Calls back after each change, on whichever thread made it: be quick."""
        self.computer.on_change(lambda: callback(self))

    def snapshot(self) -> dict[str, Any]:
        """Everything there is to see, as plain values."""
        return {
            "name": self.name,
            "kind": self.kind,
            "power": self.has_power,
            "shelves": [{"name": name, "items": seen(tags)} for name, tags in self.contents().items()],
            "unplugged": self.unplugged(),
            "faults": self.faults.active(),
        }

    def _changed(self) -> None:
        self.computer.changed()


def seen(tags: list[Tag]) -> list[dict[str, Any]]:
    """Tags as plain values."""
    return [{"uid": tag.uid, "label": tag.label, "afi": tag.afi, "chance": tag.chance} for tag in tags]
