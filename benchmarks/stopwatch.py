"""Two ways to do comparable work, run in turns so that a busy machine slows both alike."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contest:
    """Each work does some of its units when called and returns how many; making ready is not part of it."""

    unit: str
    ours: str
    do_ours: Callable[[], int]
    reference: str
    do_reference: Callable[[], int]


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
    pairs = [(_rate(contest.do_ours), _rate(contest.do_reference)) for _ in range(rounds + 1)][1:]
    return Result(
        contest,
        statistics.median(ours for ours, _ in pairs),
        statistics.median(reference for _, reference in pairs),
        statistics.median(ours / reference for ours, reference in pairs),
    )


def _rate(work: Callable[[], int]) -> float:
    start = time.perf_counter()
    done = work()
    return done / (time.perf_counter() - start)
