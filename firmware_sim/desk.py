"""A staff desk: one reader of item tags on a serial port, a pad on it, and hands that lay tags down and lift them."""

import threading
from pathlib import Path

from firmware_sim.faults import Faults
from firmware_sim.makes import Around, build
from firmware_sim.transponders import Tag
from firmware_sim.wires import FrameLog, PtyWire

DEVICE = "reader-desk"
"""What its reader is called where faults are set."""


class Desk:
    """The desk, its reader plugged in by `start`. Thread-safe; hands and hosts keep real time."""

    def __init__(self, folder: Path, *, reader: str = "feig-cpr", speed: float = 1.0, seed: int = 0) -> None:
        """`folder` must be there; `reader` is a make (`firmware_sim.makes`); `speed` above 1 makes reader and
        wire that much faster than real ones."""
        self.faults = Faults(seed)
        self.frames = FrameLog()
        self.port = folder / DEVICE
        """The serial port of the reader."""
        self._lock = threading.RLock()
        self._tags: list[Tag] = []
        self._lift_after: int | None = None
        chip = build(reader, Around(self.faults, DEVICE, seed, speed, tags=self.tags, written=self._written))
        self._wire = PtyWire(self.port, chip, DEVICE, self.frames, self.faults, speed=speed)

    def start(self) -> None:
        """Plugs the reader in."""
        self._wire.plug()

    def stop(self) -> None:
        """Pulls its plug."""
        self._wire.unplug()

    def tags(self) -> list[Tag]:
        """What lies on the pad now."""
        with self._lock:
            return list(self._tags)

    def put(self, *tags: Tag) -> None:
        """Lays tags on the pad, beside what is there."""
        with self._lock:
            for tag in tags:
                tag.wake()  # it was without a field until now
            self._tags.extend(tags)

    def lift(self, *tags: Tag) -> None:
        """Takes these away, or everything."""
        with self._lock:
            self._tags = [tag for tag in self._tags if tags and tag not in tags]

    def lift_after(self, blocks: int) -> None:
        """Lifts everything when that many blocks more have been written, in the middle of a write or not."""
        with self._lock:
            self._lift_after = blocks

    def _written(self, tag: Tag) -> None:
        with self._lock:
            if self._lift_after is not None:
                self._lift_after -= 1
                if self._lift_after <= 0:
                    self._lift_after, self._tags = None, []
