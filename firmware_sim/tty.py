"""`microlib-sim tty`: one emulated device behind a pseudo-terminal, for any program that talks to a serial port.

It says where the port is, shows every frame, and takes a few words on its standard input: tags come and go, cards are
held and lifted, doors of lockers are shut, faults are set. Nothing else of microlib is needed at the other end.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from firmware_sim.chips.lockers import Latch
from firmware_sim.faults import FAULTS, Faults
from firmware_sim.makes import MAKES, Around, build, labelled
from firmware_sim.transponders import Card, Tag
from firmware_sim.wires import Frame, FrameLog, PtyWire

FIRST_ITEM = 30_000_000_012_345
OWNER = "CN-110105001"
HELP = """\
tags N          so many items in the field, counted up from 30000000012345
put ITEM        one more item
take ITEM       it goes away
card UID        a card is held to the reader (hex)
lift            every card is taken away
code TEXT       a code is held before the scanner's window
hide            every code is taken away
shut N          the door of lock N is pushed
open N          the door of lock N is opened by hand, or by force
fault NAME P    sets a fault with probability P; `faults` lists them
clear           no faults any more
list            what is there now
quit            ends"""


@dataclass
class Bench:
    """What lies before the device, and the words that change it."""

    make: str
    device: str
    faults: Faults
    out: TextIO
    tags: list[Tag] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    codes: list[bytes] = field(default_factory=list)
    locks: list[Latch] = field(default_factory=list)

    def stock(self, count: int) -> None:
        """So many items lie there, and no others."""
        self.tags[:] = [labelled(self.make, str(FIRST_ITEM + number), OWNER) for number in range(count)]

    def do(self, line: str) -> bool:
        """One line of words; False when it asks for the end. What can't be done is said and changes nothing."""
        words = line.split()
        if not words:
            return True
        acts: dict[str, tuple[int, Callable[..., Any]]] = {
            "tags": (1, lambda count: self.stock(_count(count))),
            "put": (1, lambda item: self.tags.append(labelled(self.make, item, OWNER))),
            "take": (1, self._take),
            "card": (1, lambda uid: self.cards.append(Card(uid))),
            "lift": (0, self.cards.clear),
            "code": (1, lambda text: self.codes.append(text.encode())),
            "hide": (0, self.codes.clear),
            "shut": (1, lambda number: self._latch(number).shut()),
            "open": (1, self._open),
            "fault": (2, lambda name, chance: self.faults.set(name, self.device, float(chance))),
            "faults": (0, self._faults),
            "clear": (0, self.faults.clear),
            "list": (0, self._list),
            "help": (0, lambda: self._say(HELP)),
            "quit": (0, lambda: None),
        }
        name, *rest = words
        wanted, act = acts.get(name, (-1, None))
        if act is None or len(rest) != wanted:
            self._say(f"{line.strip()!r} is nothing that can be done; help says what is")
            return True
        try:
            act(*rest)
        except (ValueError, UnicodeEncodeError) as wrong:
            self._say(f"not done: {wrong}")
        return name != "quit"

    def _latch(self, number: str) -> Latch:
        if not number.isdigit() or not 1 <= int(number) <= len(self.locks):
            raise ValueError(f"there is no lock {number}; there are {len(self.locks)}")
        return self.locks[int(number) - 1]

    def _open(self, number: str) -> None:
        self._latch(number).is_open = True

    def _take(self, item: str) -> None:
        found = [tag for tag in self.tags if tag.label == item]
        if not found:
            raise ValueError(f"there is no item {item}")
        self.tags.remove(found[0])

    def _faults(self) -> None:
        kind = self.device.partition("-")[0]
        for fault in FAULTS.values():
            if kind in fault.kinds:
                self._say(f"{fault.name:14} {fault.says}")

    def _list(self) -> None:
        for tag in self.tags:
            self._say(f"item {tag.label}  tag {tag.uid}  AFI {tag.afi:02X}" if tag.afi is not None else tag.label)
        for card in self.cards:
            self._say(f"card {card.uid}")
        for code in self.codes:
            self._say(f"code {code.decode()}")
        if self.locks:
            standing = [str(number) for number, latch in enumerate(self.locks, 1) if latch.is_open]
            self._say(f"{len(self.locks)} locks; open: {', '.join(standing) or 'none'}")
        for fault in self.faults.active():
            self._say(f"fault {fault['name']} {fault['probability']}")

    def _say(self, text: str) -> None:
        self.out.write(text + "\n")
        self.out.flush()


def devices(out: TextIO) -> int:
    """Writes what can be emulated, a line each."""
    out.write("Behind a pseudo-terminal (microlib-sim tty --device …):\n")
    for name, make in sorted(MAKES.items()):
        out.write(f"  {name:16} {make.kind:13} {make.says}\n")
    out.write("In a simulated site only, on its computer's pins and SPI bus:\n")
    out.write(f"  {'mfrc522':16} {'card reader':13} NXP MFRC522, ISO 14443 A, register by register\n")
    out.write(f"  {'wiegand':16} {'card reader':13} door reader, 26 or 34 bits on two wires\n")
    out.write(f"  {'gpio-door':16} {'door':13} strike on a relay, reed contact\n")
    out.write(f"  {'gpio-contact':16} {'contact':13} exit button, barrier, fire alarm's contact, tamper loop\n")
    return 0


def run(
    device: str,
    link: Path,
    items: int,
    cards: Sequence[str],
    speed: float,
    words: TextIO,
    out: TextIO,
    stop: threading.Event,
) -> int:
    """Serves one device at `link` until `stop`, or until `words` say so; answers the exit code.

    Raises ValueError for a device or a card that there is not.
    """
    if device not in MAKES:
        raise ValueError(f"there is no device {device!r}; there are {', '.join(sorted(MAKES))}")
    kind = {"tag reader": "reader", "card reader": "card", "locker board": "locks"}.get(MAKES[device].kind, "scanner")
    name = f"{kind}-1"
    latches = [Latch() for _ in range(MAKES[device].locks)]
    bench = Bench(device, name, Faults(), out, cards=[Card(uid) for uid in cards], locks=latches)
    bench.stock(items)
    log = FrameLog()
    log.on_frame(lambda frame: _show(frame, out))
    around = Around(
        bench.faults,
        name,
        speed=speed,
        tags=lambda: list(bench.tags),
        cards=lambda: list(bench.cards),
        codes=lambda: list(bench.codes),
        locks=(latches,),
    )
    chip = build(device, around)
    if link.is_symlink() or link.exists():
        raise ValueError(f"{link} is there already; choose another with --link")
    wire = PtyWire(link, chip, name, log, bench.faults, speed=speed)
    wire.plug()
    out.write(f"{MAKES[device].says}\nport: {link}   ({chip.baud} baud)\n")
    out.flush()
    listener = threading.Thread(target=_listen, args=(bench, words, stop), name="words", daemon=True)
    listener.start()
    try:
        stop.wait()
    finally:
        wire.unplug()
    return 0


def _listen(bench: Bench, words: TextIO, stop: threading.Event) -> None:
    for line in words:
        if not bench.do(line):
            stop.set()
            return


def _show(frame: Frame, out: TextIO) -> None:
    way = "<-" if frame.outward else "->"
    verdict = "" if frame.verdict == "ok" else f"   {frame.verdict}"
    out.write(f"{time.strftime('%H:%M:%S')} {way} {frame.hex}{verdict}\n")
    out.flush()


def _count(text: str) -> int:
    if not text.isdigit() or int(text) > 500:
        raise ValueError(f"{text} is no number from 0 to 500")
    return int(text)
