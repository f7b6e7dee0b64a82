"""A disk as power cuts find it: what was synced is there, of what wasn't any part may be.

Files are real ones that SQLite writes. Beside them the disk remembers what each looked like at its last sync and what
was written since, in order. A cut leaves for each of those writes, sector by sector, either state.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random

from firmware_sim.city import vfs

SECTOR = 512
_FULL, _READONLY, _IOERR_WRITE, _IOERR_FSYNC, _IOERR_TRUNCATE, _IOERR_DELETE = 13, 8, 778, 1034, 1546, 2570


class Mood(StrEnum):
    """How the disk does its work."""

    WELL = "well"
    FULL = "full"
    """Nothing may grow."""
    READ_ONLY = "read-only"
    """What the kernel makes of a card that fails."""


@dataclass(frozen=True, slots=True)
class _Change:
    """One write (or cut, with no `new`) since the last sync."""

    offset: int
    old: bytes
    new: bytes
    size: int
    """Of the file before."""


class Disk:
    """The files under one folder. Used by one thread."""

    def __init__(self, folder: Path, chance: Random, died: Callable[[], None]) -> None:
        """`folder` is made and watched from now on; `died` is called when a planned power cut strikes."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder.resolve()
        self.mood = Mood.WELL
        self.lying = False
        """Syncs are acknowledged and not done."""
        self.dead = False
        """The power is gone: nothing is written any more."""
        self.steps = 0
        """Writes, cuts and syncs ever asked for."""
        self._chance = chance
        self._died = died
        self._cut: tuple[int, bool] | None = None
        self._strikes_after = False
        self._unsynced: dict[str, list[_Change]] = {}
        vfs.shim().watch(self.folder, self)

    def close(self) -> None:
        """Nobody looks on any longer."""
        vfs.shim().leave(self.folder)

    def owner(self, died: Callable[[], None]) -> None:
        """Another machine holds it from now on."""
        self._died = died

    def heal(self) -> None:
        """Nothing will go wrong with it."""
        self.mood, self.lying, self._cut = Mood.WELL, False, None

    def replaced(self) -> None:
        """Somebody has put other files in the place of these; nothing of them is on its way any more."""
        self._unsynced.clear()

    def plan_cut(self, steps: int, after: bool) -> None:
        """The power fails at the `steps`-th write or sync from now: just before it, or just `after`."""
        self._cut = (self.steps + steps, after)

    def settled(self, path: Path) -> bool:
        """Everything written to the file is durable (or the disk says so)."""
        return self.lying or not self._unsynced.get(str(path))

    # --- the listener ---

    def opening(self, path: str) -> int:
        return vfs.CANTOPEN if self.dead else vfs.OK

    def writing(self, path: str, offset: int, old: bytes, new: bytes, size: int) -> int:
        if self._step() or self.dead:
            return _IOERR_WRITE
        if self.mood is Mood.READ_ONLY:
            return _READONLY
        if self.mood is Mood.FULL and offset + len(new) > size:
            return _FULL
        if not path.endswith("-shm"):
            self._unsynced.setdefault(path, []).append(_Change(offset, old, new, size))
        return vfs.OK

    def truncating(self, path: str, size: int, tail: bytes) -> int:
        if self._step() or self.dead:
            return _IOERR_TRUNCATE
        if self.mood is Mood.READ_ONLY:
            return _READONLY
        self._unsynced.setdefault(path, []).append(_Change(size, tail, b"", size + len(tail)))
        return vfs.OK

    def syncing(self, path: str) -> int:
        if self._step() or self.dead:
            return _IOERR_FSYNC
        if not self.lying:
            self._unsynced.pop(path, None)
        self._strike()
        return vfs.OK

    def wrote(self, path: str) -> None:
        self._strike()

    def deleting(self, path: str) -> int:
        if self.dead:
            return _IOERR_DELETE
        self._unsynced.pop(path, None)
        return vfs.OK

    def _step(self) -> bool:
        """Counts a step; True when the power fails just before it."""
        if self.dead:
            return False
        self.steps += 1
        if self._cut is None or self.steps < self._cut[0]:
            return False
        after, self._cut = self._cut[1], None
        if after:
            self._strikes_after = True
            return False
        self._die()
        return True

    def _strike(self) -> None:
        if self._strikes_after:
            self._strikes_after = False
            self._die()

    def _die(self) -> None:
        self.dead = True
        self._died()

    # --- accidents; every file must be closed ---

    def stop(self) -> None:
        """Nothing is written from here on: the power is gone, or the process."""
        self.dead = True

    def restart(self, power_failed: bool) -> None:
        """The machine starts again: after a power cut the files are what it left of them."""
        if power_failed:
            for path, changes in sorted(self._unsynced.items()):
                if os.path.exists(path):
                    self._leave(Path(path), changes)
            for shared in self.folder.rglob("*-shm"):
                shared.unlink()
            self._unsynced.clear()
            self.lying = False
        self.dead, self._cut, self._strikes_after = False, None, False

    def _leave(self, path: Path, changes: list[_Change]) -> None:
        content = bytearray(path.read_bytes())
        for change in reversed(changes):
            del content[change.size :]
            content.extend(bytes(change.size - len(content)))
            content[change.offset : change.offset + len(change.old)] = change.old
            del content[change.size :]
        for change in changes:
            if change.new:
                self._partly(content, change)
            elif self._chance.random() < 0.5:
                del content[change.offset :]
        path.write_bytes(content)

    def _partly(self, content: bytearray, change: _Change) -> None:
        fate = self._chance.random()
        if fate < 0.4:
            return
        end = change.offset + len(change.new)
        for start in range(change.offset, end, SECTOR):
            if fate > 0.8 or self._chance.random() < 0.5:
                stop = min(start + SECTOR, end)
                content.extend(bytes(max(0, stop - len(content))))
                content[start:stop] = change.new[start - change.offset : stop - change.offset]

    def corrupt(self, path: Path) -> None:
        """A page of a file turns to noise."""
        size = path.stat().st_size
        if size == 0:
            return
        with path.open("r+b") as file:
            file.seek(self._chance.randrange(max(1, size // 4096)) * 4096)
            file.write(self._chance.randbytes(min(4096, size)))
