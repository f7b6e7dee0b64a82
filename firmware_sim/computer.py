"""A site's computer as a thing: its pins, its SPI bus, its serial ports, and whether it has power.

Furniture hangs its devices on it: a program finds them at `board` (the unix socket for MICROLIB_BOARD) and at the
serial ports' names. Whoever wants to know of changes is called back; what happens by itself, such as a card that was
held for its time, is looked for twenty times a second.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from firmware_sim.board import BoardServer, Pins
from firmware_sim.chips.door import Door
from firmware_sim.chips.lockers import Latch
from firmware_sim.chips.mfrc522 import Mfrc522
from firmware_sim.chips.wiegand import MODELS, WiegandReader
from firmware_sim.faults import Faults
from firmware_sim.makes import Around, build
from firmware_sim.transponders import Card
from firmware_sim.wires import FrameLog, PtyWire, SerialChip

TICK_S = 0.05


_T = TypeVar("_T")


@dataclass(eq=False)
class _Place(Generic[_T]):
    """Where hands hold things, each for its time."""

    device: str
    _changed: Callable[[], None]
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _held: list[tuple[_T, float]] = field(default_factory=list)

    def _hold(self, seconds: float | None, *things: _T) -> None:
        with self._lock:
            until = float("inf") if seconds is None else time.monotonic() + seconds
            self._held = [(t, end) for t, end in self._held if t not in things] + [(thing, until) for thing in things]
        self._changed()

    def _take(self, thing: _T) -> None:
        with self._lock:
            self._held = [(t, end) for t, end in self._held if t != thing]
        self._changed()

    def _there(self) -> list[_T]:
        now = time.monotonic()
        with self._lock:
            return [thing for thing, until in self._held if until > now]

    def let_fall(self) -> bool:
        """Forgets the things whose time is over; whether there were any."""
        with self._lock:
            there = self._there()
            fell = len(there) < len(self._held)
            self._held = [(thing, until) for thing, until in self._held if thing in there]
        return fell


class Spot(_Place[Card]):
    """A place to hold cards to, before a reader."""

    def tap(self, card: Card, seconds: float | None = 0.8) -> None:
        """Holds a card there for that long, or until `lift` (None); returns at once."""
        self.tap_all((card,), seconds)

    def tap_all(self, cards: Sequence[Card], seconds: float | None) -> None:
        """Holds several cards there at the same moment, as out of one wallet."""
        for card in [card for card in cards if card not in self.cards()]:
            card.wake()  # it was without a field until now
        self._hold(seconds, *cards)

    def lift(self, card: Card) -> None:
        """Takes the card away."""
        self._take(card)

    def cards(self) -> list[Card]:
        """The cards held there now."""
        return self._there()


class Window(_Place[bytes]):
    """A scanner's window, to hold codes before."""

    def show(self, code: str | bytes, seconds: float | None = 1.5) -> bytes:
        """Holds a code there, text in UTF-8 or what is printed in it, for that long or until `hide` (None); returns at
        once, with what it may be hidden by."""
        printed = code.encode() if isinstance(code, str) else code
        self._hold(seconds, printed)
        return printed

    def hide(self, printed: bytes) -> None:
        """Takes the code away."""
        self._take(printed)

    def codes(self) -> list[bytes]:
        """What is printed in the codes held there now."""
        return self._there()


class Computer:
    """One computer and its supply. Thread-safe. Built off: `start` switches it on."""

    def __init__(
        self, name: str, folder: Path, *, seed: int = 0, speed: float = 1.0, log: FrameLog | None = None
    ) -> None:
        """`folder` must be there and its path short (sockets). `speed` above 1 makes chips and wires that much faster
        than real ones; hands and hosts keep their own time."""
        self.name = name
        self.faults = Faults(seed)
        self.frames = log or FrameLog()
        self.lock = threading.RLock()
        self.board = folder / "board"
        self.pins = Pins()
        self._folder, self._seed, self._speed = folder, seed, speed
        self._spi: dict[tuple[int, int], Callable[[bytes], bytes]] = {}
        self._server = BoardServer(self.board, self.pins, self._spi)
        self._chips: dict[str, SerialChip] = {}
        self._wires: dict[str, PtyWire] = {}
        self.readers: dict[str, Mfrc522] = {}
        """Card readers on the SPI bus, by name."""
        self._doors: dict[str, Door] = {}
        self.spots: list[Spot] = []
        """The places to hold cards to."""
        self.windows: list[Window] = []
        """The places to hold codes before."""
        self.locks: list[Latch] = []
        """Those of its locker boards."""
        self._wiegand: dict[str, WiegandReader] = {}
        self._callbacks: list[Callable[[], None]] = []
        self._on = False
        self._quit = threading.Event()
        self._ticker: threading.Thread | None = None
        self.faults.on_change(self._obey)

    # --- what hangs on it ---

    def port(self, device: str, make: str, **there: Any) -> Path:
        """A device of that make (`firmware_sim.makes`) on a serial port; the port's name.

        `there` is what surrounds it, by the fields of `makes.Around`.
        """
        around = Around(self.faults, device, self._seed + len(self._wires), self._speed, **there)
        chip = self._chips[device] = build(make, around)
        path = self._folder / device
        self._wires[device] = PtyWire(path, chip, device, self.frames, self.faults, speed=self._speed)
        return path

    def card_reader(self, device: str, number: int, reset_pin: int | None = None) -> Spot:
        """An MFRC522 at chip select `number` of the SPI bus; the place to hold cards to."""
        spot = self._spot(device)
        chip = Mfrc522(spot.cards, self.faults, self.frames, device=device, speed=self._speed, seed=self._seed + number)
        self.readers[device] = chip
        self._spi[0, number] = chip.transfer
        if reset_pin is not None:
            self.pins.watchers[reset_pin] = chip.hold
        return spot

    def serial_card_reader(self, device: str, make: str) -> tuple[Spot, Path]:
        """A card reader of that make on a serial port; the place to hold cards to, and the port's name."""
        spot = self._spot(device)
        return spot, self.port(device, make, cards=spot.cards)

    def door_card_reader(self, device: str, d0_pin: int, d1_pin: int, model: str = "wiegand") -> Spot:
        """A door reader (`chips.wiegand.MODELS`) on two pins; the place to hold cards to."""
        spot, pins = self._spot(device), (d0_pin, d1_pin)

        def pulse(train: Sequence[tuple[int, float]]) -> None:
            self.pins.pulse([(pins[wire], at) for wire, at in train])

        self._wiegand[device] = WiegandReader(spot.cards, pulse, self.faults, self.frames, device, MODELS[model])
        self.pins.pulsed |= {*pins}
        for pin in pins:
            self.pins.outside[pin] = lambda: None if self.faults.stands("unplugged", device) else 1
        return spot

    def scanner(self, device: str, make: str = "gm65") -> tuple[Window, Path]:
        """A scanner of that make on a serial port; its window, and the port's name."""
        window = Window(device, self.changed)
        self.windows.append(window)
        return window, self.port(device, make, codes=window.codes)

    def lockers(self, device: str, make: str, boards: Sequence[int]) -> tuple[list[list[Latch]], Path]:
        """Boards of that make on one serial line, with so many locks each; the locks, and the port's name."""
        locks = [[Latch() for _ in range(count)] for count in boards]
        self.locks += [latch for board in locks for latch in board]
        return locks, self.port(device, make, locks=locks)

    def door(self, device: str, lock_pin: int, contact_pin: int, pull: int = 1) -> Door:
        """A door with a strike on a relay (active low) and a contact; `pull` is where the relay's input goes while no
        pin drives it."""
        door = Door(self.faults, pull=pull, seed=self._seed + len(self._doors), device=device)
        self._doors[device] = door

        def drive(level: int | None) -> None:
            door.drive(level if self._on else 1)
            self.changed()

        self.pins.watchers[lock_pin] = drive
        self.pins.outside[contact_pin] = door.contact
        return door

    def switch(self, pin: int, is_on: Callable[[], bool]) -> None:
        """A contact to ground on a pin: low while it is on."""
        self.pins.outside[pin] = lambda: 0 if is_on() else None

    # --- power and plugs ---

    def start(self) -> None:
        """Switches it on and begins to watch the clock."""
        if self._ticker is None:
            self._quit.clear()
            self._ticker = threading.Thread(target=self._tick, name=f"computer {self.name}", daemon=True)
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
        """The mains: off, and computer, ports and strikes are gone at once; on, and everything is at its defaults."""
        with self.lock:
            if on == self._on:
                return
            self._on = on
        if on:
            self.pins.reset()
            for reader in self.readers.values():
                reader.power()
            for chip in self._chips.values():
                chip.power()
            for door_reader in self._wiegand.values():
                door_reader.power()
            self._server.start()
        else:
            self._server.stop()
            self.pins.reset()
        self._obey()

    def unplug(self, device: str, on: bool = True) -> None:
        """Pulls a plug, or puts it back (`on` False), by the device's name or its kind ("reader": all of them)."""
        for name in [d for d in self.devices() if device in (d, d.partition("-")[0])] or [device]:
            if on:
                self.faults.set("unplugged", name)
            else:
                self.faults.clear("unplugged", name)

    def devices(self) -> list[str]:
        """Everything that has a plug: serial devices, card readers, doors."""
        return [*self._wires, *self.readers, *self._wiegand, *self._doors]

    def unplugged(self) -> list[str]:
        """The devices whose plug is pulled."""
        return [device for device in self.devices() if self.faults.stands("unplugged", device)]

    # --- for those who look on ---

    def on_change(self, callback: Callable[[], None]) -> None:
        """Calls back after each change, on whichever thread made it: be quick."""
        self._callbacks.append(callback)

    def changed(self) -> None:
        """Something did."""
        for callback in self._callbacks:
            callback()

    def doors(self) -> Mapping[str, Door]:
        """Its doors by name."""
        return self._doors

    # --- inside ---

    def _spot(self, device: str) -> Spot:
        spot = Spot(device, self.changed)
        self.spots.append(spot)
        return spot

    def _obey(self) -> None:
        """Ports are there while there is power and the plug is in."""
        for device, wire in self._wires.items():
            if self._on and not self.faults.stands("unplugged", device):
                if not wire.plugged:
                    self._chips[device].power()
                wire.plug()
            else:
                wire.unplug()
        self.changed()

    def _tick(self) -> None:
        """Does and tells what happens by itself: cards lifted, door readers sending, a door that springs open."""
        last: list[tuple[bool, ...]] | None = None
        while not self._quit.wait(TICK_S):
            seen: list[tuple[bool, ...]] = [(door.is_open, door.released) for door in self._doors.values()]
            seen += [(latch.is_open,) for latch in self.locks]
            fell = [spot.let_fall() for spot in self.spots] + [window.let_fall() for window in self.windows]
            for device, reader in self._wiegand.items():
                if self._on and not self.faults.stands("unplugged", device):
                    reader.tick(time.monotonic())
            if any(fell) or (last is not None and seen != last):
                self.changed()
            last = seen
