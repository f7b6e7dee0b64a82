"""The site's clocks: monotonic seconds for everything that waits, and wall time with a word on how far to believe it.

Only stamps and texts use wall time; timers, order and expiry never do, so that a clock at 1970 or a jump of years
changes annotations and nothing else.
"""

import ctypes
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from protocol.events import ClockJumped, ClockSynced
from protocol.names import ClockTrust

STEP_S = 2.0
"""A wall clock that moved by more than this against monotonic time between two looks has jumped."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_S = 253_402_300_799.0
"""The last second of the year 9999: all a datetime can say."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When something happened, as well as the site knows."""

    at: datetime
    """Wall time, UTC, to the millisecond."""
    up_ms: int
    """Monotonic milliseconds since this process's clock was made."""
    clock: ClockTrust


class Clock:
    """One process's clock, made once at its start: `up_ms` counts from there, and so does trust."""

    def __init__(self, wall: Callable[[], float], monotonic: Callable[[], float], synced: Callable[[], bool]) -> None:
        """`wall` answers seconds since 1970, `monotonic` seconds, `synced` whether `wall` is disciplined now."""
        self._wall = wall
        self._monotonic = monotonic
        self._synced = synced
        self._start = monotonic()
        self._ahead = wall() - self._start
        self._was_synced = False
        self._said_synced = False

    @classmethod
    def system(cls, source: Literal["kernel", "host"]) -> "Clock":
        """The machine's clocks; trust comes from the kernel's flag, or is taken for granted with "host"."""
        return cls(time.time, time.monotonic, kernel_synced if source == "kernel" else lambda: True)

    def now(self) -> float:
        """Monotonic seconds, for timers."""
        return self._monotonic()

    def trust(self) -> ClockTrust:
        """How far the wall clock can be believed at this moment."""
        if self._synced():
            self._was_synced = True
            return ClockTrust.SYNCED
        return ClockTrust.HELD if self._was_synced else ClockTrust.UNSYNCED

    def stamp(self) -> Stamp:
        """This moment."""
        up_ms = max(0, round((self._monotonic() - self._start) * 1000))
        return Stamp(_moment(self._wall()), up_ms, self.trust())

    def watch(self) -> ClockSynced | ClockJumped | None:
        """What the clock did since the last look; to be called every second or so.

        The first look that finds the clock disciplined says so, once a boot, and how far it was stepped; any other
        step of more than STEP_S is a jump. Slewing is neither.
        """
        wall, monotonic = self._wall(), self._monotonic()
        stepped = (wall - monotonic) - self._ahead
        before = wall - stepped
        self._ahead += stepped
        if self.trust() is ClockTrust.SYNCED and not self._said_synced:
            self._said_synced = True
            return ClockSynced(stepped_ms=round(stepped * 1000))
        if abs(stepped) > STEP_S:
            return ClockJumped(before=_moment(before), after=_moment(wall))
        return None


def _moment(seconds: float) -> datetime:
    return _EPOCH + timedelta(milliseconds=round(min(max(seconds, 0.0), _LATEST_S) * 1000))


class _Timex(ctypes.Structure):
    """The head of struct timex (adjtimex(2)), with room for the rest of it."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


_STA_UNSYNC = 0x0040
"""linux/timex.h: the clock is not synchronised; set by the kernel itself when nobody corrects it for hours."""


def kernel_synced() -> bool:
    """Whether a time source disciplines the kernel's clock; False also when the kernel won't say."""
    try:
        timex = _Timex()
        if ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex)) < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    except (OSError, AttributeError):
        return False
    return not timex.status & _STA_UNSYNC
