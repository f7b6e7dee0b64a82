"""Two ways to do comparable work, run in turns so that a busy machine slows both alike."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Turn = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Contest:
    """Two makers of work: each call makes ready, untimed, and answers a turn that does some units and says how many."""

    unit: str
    ours: str
    our_turn: Callable[[], Turn]
    reference: str
    reference_turn: Callable[[], Turn]
    notes: Callable[[], tuple[str, ...]] = tuple
    """What else was seen, asked for once all turns are over."""
    rounds: int | None = None
    """How many turns of each, none of them uncounted, where a turn takes long; None for as many as are asked for."""


@dataclass(frozen=True, slots=True)
class Result:
    """Medians over all rounds."""

    contest: Contest
    rate: float
    """Units a second, ours."""
    reference_rate: float
    ratio: float
    """Ours to reference, median of the rounds' own ratios."""


def run(contest: Contest, rounds: int) -> Result:
    """Runs both in turns `rounds` times, after one turn that doesn't count."""
    uncounted = 1 if contest.rounds is None else 0
    many = rounds if contest.rounds is None else contest.rounds
    pairs = [(_rate(contest.our_turn), _rate(contest.reference_turn)) for _ in range(many + uncounted)][uncounted:]
    return Result(
        contest,
        statistics.median(ours for ours, _ in pairs),
        statistics.median(reference for _, reference in pairs),
        statistics.median(ours / reference for ours, reference in pairs),
    )


def peak() -> float:
    """The most memory this process held so far, in megabytes: of its own, which `getrusage` mixes with its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _rate(ready: Callable[[], Turn]) -> float:
    turn = ready()
    start = time.perf_counter()
    done = turn()
    return done / (time.perf_counter() - start)
