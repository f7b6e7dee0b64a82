"""A cabinet's door: strike, bolt, leaf and reed contact, as physics.

The strike is a coil behind an opto relay: while it carries current the bolt gives, and whoever pulls opens the door.
Shut, the door latches by itself. The contact bounces at each movement. Levels are those of the wires: the relay's
input and the contact (0 = closed, to ground).
"""

import random
import threading
import time
from collections.abc import Callable

from firmware_sim.faults import Faults

COIL_LIMIT_S = 5.0
"""Seconds of current after which a solenoid for pulses is too hot to pull (installers' manuals: never longer)."""
COOLING = 0.1
"""Seconds of heat lost in a second without current."""
BOUNCE_S = 0.02


class Door:
    """One door. Thread-safe; everything is worked out at the moment somebody looks."""

    def __init__(
        self,
        faults: Faults,
        *,
        active_low: bool = True,
        pull: int = 1,
        seed: int = 0,
        now: Callable[[], float] = time.monotonic,
        device: str = "door",
    ) -> None:
        self._faults, self._device, self._now = faults, device, now
        self._active = 0 if active_low else 1
        self._pull = pull
        """What an external resistor puts on the relay's input while nothing drives it."""
        self._chance = random.Random(seed)
        self._changed = threading.Condition()
        self._current = False
        self._since = now()
        self._heat_s = 0.0
        self._open = False
        self._edges: list[float] = []
        self._spring_at: float | None = None
        self._stuck_at: int | None = None
        self.pulses = 0
        """Times the coil was switched on."""
        self.overheated = 0
        """Times the coil got too hot."""
        faults.on_change(self._look)

    def drive(self, level: int | None) -> None:
        """What the computer's pin does to the relay: 0, 1, or None when it lets go."""
        with self._changed:
            wanted = (self._pull if level is None else level) == self._active
            if wanted != self._current:
                self._warm()
                self._current = wanted
                self.pulses += wanted
                self._changed.notify_all()

    @property
    def energised(self) -> bool:
        """Whether current runs through the coil."""
        with self._changed:
            return self._runs()

    @property
    def released(self) -> bool:
        """Whether the bolt gives: the door opens for whoever pulls."""
        with self._changed:
            return self._gives()

    @property
    def heat_s(self) -> float:
        """Seconds of current that the coil still feels."""
        with self._changed:
            self._warm()
            return self._heat_s

    @property
    def is_open(self) -> bool:
        """Whether the leaf is off the frame, whatever the contact says."""
        with self._changed:
            self._settle()
            return self._open

    def contact(self) -> int | None:
        """The level on the contact's wire now: 0 shut, 1 open, None when the cable is off."""
        with self._changed:
            self._settle()
            if self._faults.stands("unplugged", self._device):
                return None
            return self._level()

    def pull(self, patience_s: float = 0.0) -> bool:
        """Somebody pulls for that long; whether the door is open then."""
        end = self._now() + patience_s
        with self._changed:
            while not self._open:
                if self._gives():
                    self._move(True)
                elif (left := end - self._now()) > 0:
                    self._changed.wait(left)
                else:
                    return False
            return True

    def force(self) -> None:
        """Somebody opens it by force."""
        with self._changed:
            self._move(True)

    def shut(self) -> None:
        """Somebody shuts it; it latches, unless it springs open."""
        with self._changed:
            self._move(False)
            if self._faults.strikes("spring", self._device):
                self._spring_at = self._now() + 0.5

    def _runs(self) -> bool:
        return self._current and not self._faults.stands("unplugged", self._device)

    def _gives(self) -> bool:
        if self._faults.stands("jammed", self._device):
            return False
        self._warm()
        return self._faults.stands("welded", self._device) or (self._runs() and self._heat_s < COIL_LIMIT_S)

    def _warm(self) -> None:
        now = self._now()
        span, self._since = now - self._since, now
        before = self._heat_s
        self._heat_s = max(0.0, before + (span if self._current else -span * COOLING))
        self.overheated += before < COIL_LIMIT_S <= self._heat_s

    def _look(self) -> None:
        with self._changed:
            self._settle()
            self._changed.notify_all()

    def _settle(self) -> None:
        """Does what was to happen by now."""
        if self._spring_at is not None and self._now() >= self._spring_at:
            self._move(True)
        if not self._faults.stands("stuck", self._device):
            self._stuck_at = None
        elif self._stuck_at is None:
            self._stuck_at = int(self._open)

    def _move(self, to_open: bool) -> None:
        self._spring_at = None
        if to_open == self._open:
            return
        self._settle()
        self._open = to_open
        now = self._now()
        long = self._faults.strikes("bounce", self._device)
        span, most = (BOUNCE_S * 15, 60) if long else (BOUNCE_S, 19)
        edges = self._chance.randrange(5, most + 1, 2)
        self._edges = [now, *sorted(now + self._chance.uniform(0, span) for _ in range(edges - 1))]

    def _level(self) -> int:
        if self._stuck_at is not None:
            return self._stuck_at
        now = self._now()
        return int(self._open) ^ sum(edge > now for edge in self._edges) & 1
