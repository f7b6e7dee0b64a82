"""Virtual time: what happens when, in an order that one number decides, and the trace of it."""

import hashlib
import heapq
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
"""True wall time at second 0."""
DAY = 86_400.0
LINES_KEPT = 400


class Call:
    """Something planned; `cancel` before it happens."""

    __slots__ = ("act", "at")

    def __init__(self, at: float, act: Callable[[], None]) -> None:
        self.at = at
        self.act: Callable[[], None] | None = act

    def cancel(self) -> None:
        """It won't happen."""
        self.act = None


class Timeline:
    """One run's time, chance and trace."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.now = 0.0
        self.calls = 0
        """Things that happened so far."""
        self._heap: list[tuple[float, int, Call]] = []
        self._number = 0
        self._digest = hashlib.sha256()
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)
        """The newest of the trace."""

    def chance(self, name: str) -> Random:
        """A source of its own for each part, so that a draw in one doesn't move the others."""
        return Random(f"{self.seed}/{name}")

    def at(self, moment: float, act: Callable[[], None]) -> Call:
        """Plans `act` for `moment`, at once if that is past."""
        call = Call(max(moment, self.now), act)
        self._number += 1
        heapq.heappush(self._heap, (call.at, self._number, call))
        return call

    def after(self, seconds: float, act: Callable[[], None]) -> Call:
        """Plans `act` for so long from now."""
        return self.at(self.now + seconds, act)

    def run(self, until: float) -> None:
        """Lets everything happen up to `until`."""
        while self._heap and self._heap[0][0] <= until:
            at, _, call = heapq.heappop(self._heap)
            if call.act is not None:
                self.now = at
                self.calls += 1
                call.act()
        self.now = max(self.now, until)

    def true_time(self, moment: float | None = None) -> datetime:
        """The wall time that is so, whatever any clock says; of now, or of `moment`."""
        return BEGIN + timedelta(seconds=self.now if moment is None else moment)

    def note(self, who: str, what: str) -> None:
        """Adds a line to the trace."""
        line = f"{self.now:.3f} {who}: {what}"
        self._digest.update(line.encode())
        self.lines.append(line)

    @property
    def digest(self) -> str:
        """What tells two runs apart: a sum over every line of the trace."""
        return self._digest.hexdigest()
