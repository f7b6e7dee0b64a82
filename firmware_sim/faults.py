"""Everything that can go wrong with a device, by name, so that a run with faults can be had again.

A fault is set on a device (or "*", all it fits) with a probability, a count and a seed. Whoever emulates the device
asks `strikes` at each occasion; lasting conditions, such as a pulled plug, are asked with `stands`.
"""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """What can be set."""

    name: str
    kinds: tuple[str, ...]
    """What it can happen to: reader, card, door, scanner, locks."""
    says: str
    """One line for people."""
    lasting: bool = False
    """A condition rather than a chance: there as long as it is set."""


_ALL = ("reader", "card", "door", "scanner", "locks")
_WIRED = ("reader", "scanner", "locks")

FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("unplugged", _ALL, "the plug is pulled: port gone, registers read FF, strike and contact cut off", True),
        Fault("silent", (*_WIRED, "card"), "no answer; a card reader's registers all read 00"),
        Fault("late", (*_WIRED, "card"), "the answer comes 50 to 900 ms late; on SPI a slow bus"),
        Fault("stale", _WIRED, "the answer comes only just before the next one"),
        Fault("cut", (*_WIRED, "card"), "the answer ends in the middle"),
        Fault("flip", (*_WIRED, "card"), "one bit of the answer is wrong"),
        Fault("noise", _WIRED, "rubbish before the answer"),
        Fault("unasked", ("reader", "locks"), "with its answer it reports what nobody asked for"),
        Fault("bytewise", _WIRED, "the answer comes byte by byte"),
        Fault("brown-out", (*_WIRED, "card"), "the supply dips: the reader restarts, with everything at its defaults"),
        Fault("collision", ("reader",), "anticollision fails: status 83; on UHF two tags are missed"),
        Fault("edge-of-field", ("reader", "card"), "tags are read in 30 to 70 % of all rounds, cards as rarely"),
        Fault("shadowed", ("reader",), "tags hide behind others for a round"),
        Fault("half-write", ("reader",), "a write stops: status 03, FA or 10, what was written before stays"),
        Fault("scan-mode", ("reader",), "the reader was left in scan mode: status 82, or it speaks all the time", True),
        Fault("misses", ("reader",), "a pad reader says that a tag which lies there isn't"),
        Fault("hardware", ("reader",), "the reader warns of its own hardware: status F1, F9 or 20"),
        Fault("hot", ("reader",), "a UHF module runs hot and sends weaker: far tags are lost", True),
        Fault("weak", ("card",), "the card's answer is damaged: parity and CRC errors"),
        Fault("bcc", ("card",), "the check byte of the card's UID is wrong"),
        Fault("bus-error", ("card",), "the SPI bus fails: OSError"),
        Fault("no-suffix", ("scanner",), "nothing ends what was scanned", True),
        Fault("between", ("scanner",), "its answer comes in the middle of what it has scanned"),
        Fault("bounce", ("door",), "the contact bounces far longer than it should"),
        Fault("stuck", ("door",), "the contact stays as it is", True),
        Fault("jammed", ("door", "locks"), "the bolt doesn't move: the door stays shut", True),
        Fault("alone", ("locks",), "a compartment opens though nobody asked for it"),
        Fault("echo", ("locks",), "the line's adapter hears what it sends itself", True),
        Fault("welded", ("door",), "the relay's contact is welded: the strike stays released", True),
        Fault("spring", ("door",), "the door springs open again when it is shut"),
    )
}


@dataclass(slots=True)
class _Set:
    probability: float
    left: int | None
    chance: random.Random


class Faults:
    """The faults of one cabinet's devices. Devices are named "reader-A", "card", "door": the kind comes first."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._set: dict[tuple[str, str], _Set] = {}
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    def set(
        self, name: str, device: str = "*", probability: float = 1.0, count: int | None = None, seed: int | None = None
    ) -> None:
        """From now on `name` strikes `device` with that probability, at most `count` times; raises ValueError."""
        fault = FAULTS.get(name)
        if fault is None:
            raise ValueError(f"there is no fault {name!r}; there are {', '.join(FAULTS)}")
        if device != "*" and device.partition("-")[0] not in fault.kinds:
            raise ValueError(f"{name} can't happen to {device}; only to {', '.join(fault.kinds)}")
        start = f"{self._seed if seed is None else seed}/{name}/{device}"
        with self._lock:
            self._set[name, device] = _Set(probability, count, random.Random(start))
        self._tell()

    def clear(self, name: str | None = None, device: str | None = None) -> None:
        """Ends a fault; without a name all, without a device on every device."""
        with self._lock:
            for key in list(self._set):
                if name in (None, key[0]) and device in (None, key[1]):
                    del self._set[key]
        self._tell()

    def strikes(self, name: str, device: str) -> bool:
        """Whether the fault happens on this occasion; uses one of its count."""
        with self._lock:
            for key in ((name, device), (name, "*")):
                fault = self._set.get(key)
                if fault is None or fault.left == 0:
                    continue
                if device.partition("-")[0] in FAULTS[name].kinds and fault.chance.random() < fault.probability:
                    fault.left = None if fault.left is None else fault.left - 1
                    return True
        return False

    def stands(self, name: str, device: str) -> bool:
        """Whether a lasting fault is set."""
        with self._lock:
            fits = device.partition("-")[0] in FAULTS[name].kinds
            return fits and ((name, device) in self._set or (name, "*") in self._set)

    def number(self, name: str, device: str, low: float, high: float) -> float:
        """A number for a fault that has just struck, from its own chance."""
        with self._lock:
            fault = self._set.get((name, device)) or self._set.get((name, "*"))
            return fault.chance.uniform(low, high) if fault else low

    def active(self) -> list[dict[str, object]]:
        """What is set: name, device, probability, how many are left (None: no end), for people and pages."""
        with self._lock:
            return [
                {"name": name, "device": device, "probability": fault.probability, "left": fault.left}
                for (name, device), fault in self._set.items()
                if fault.left != 0
            ]

    def on_change(self, callback: Callable[[], None]) -> None:
        """Calls back after each `set` and `clear`."""
        self._listeners.append(callback)

    def _tell(self) -> None:
        for callback in self._listeners:
            callback()
