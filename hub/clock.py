"""The hub's time: wall time for the record, monotonic time for timers. Handed in, so that tests own it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def _wall() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """`utc()` is aware wall time, `monotonic()` seconds that never go back."""

    utc: Callable[[], datetime] = _wall
    monotonic: Callable[[], float] = time.monotonic
