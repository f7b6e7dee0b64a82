"""What commands tell the person or script that called them: results, everything else, and how far a long work is."""

import sys
import time
from collections.abc import Callable


def out(line: str) -> None:
    """A line of the result."""
    sys.stdout.write(line + "\n")


def err(line: str) -> None:
    """A line about the work."""
    sys.stderr.write(line + "\n")


def progress(what: str) -> Callable[[int, int], None]:
    """Tells how far a long work is, at most once a second."""
    told = time.monotonic()

    def tell(done: int, of: int) -> None:
        nonlocal told
        if time.monotonic() >= told + 1:
            told = time.monotonic()
            err(f"{what}: {done} of {of}")

    return tell
