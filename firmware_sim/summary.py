"""What the demo's terminal shows: plain lines, and on a real terminal a block at the bottom that is drawn again."""

import shutil
import threading
from collections import deque
from collections.abc import Sequence
from typing import TextIO
from unicodedata import east_asian_width

RECENT = 8
"""Lines of what happened lately that stay above the block."""


class Summary:
    """One terminal or log. Every method may be called from any thread."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._live = out.isatty()
        self._lock = threading.Lock()
        self._drawn = 0
        self._recent: deque[str] = deque(maxlen=RECENT)

    def say(self, line: str) -> None:
        """A line that stays."""
        with self._lock:
            self._erase()
            self._out.write(line + "\n")
            self._out.flush()

    def tell(self, line: str) -> None:
        """A line on what happened: on a terminal it is pushed out by later ones."""
        if not self._live:
            self.say("  " + line)
            return
        with self._lock:
            self._recent.append(line)

    def draw(self, block: Sequence[str]) -> None:
        """The block as it is now; without a terminal its lines are simply written."""
        if not self._live:
            for line in block:
                self.say(line)
            return
        with self._lock:
            self._erase()
            width = shutil.get_terminal_size().columns
            lines = [*block, *(f"  {line}" for line in self._recent)]
            for line in lines:
                self._out.write(fitted(line, width - 1) + "\n")
            self._drawn = len(lines)
            self._out.flush()

    def finish(self) -> None:
        """The block stays as it is; what comes now goes below it."""
        with self._lock:
            self._drawn = 0

    def _erase(self) -> None:
        if self._drawn:
            self._out.write(f"\x1b[{self._drawn}F\x1b[J")
            self._drawn = 0


def fitted(line: str, width: int) -> str:
    """The line cut to so many columns; a Chinese character takes two."""
    columns = 0
    for at, letter in enumerate(line):
        columns += 2 if east_asian_width(letter) in "WF" else 1
        if columns > width:
            return line[:at]
    return line
