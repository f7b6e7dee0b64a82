"""A year of one town under five policies, over many seeds: loans, transfers and stale shelves, ours beside the others.

`python -m benchmarks.years --seeds 10` prints the table of docs/restock.md. The rota moves as many copies as it does;
ours, popular and even may move as many a week as the rota did on the average in the same town.
"""

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.restocking import ours
from firmware_sim.year.policies import even, nothing, popular, rota
from firmware_sim.year.readers import Scale, town
from firmware_sim.year.year import Policy, live

OTHERS: dict[str, Callable[[], Policy]] = {"popular": popular, "even": even, "nothing": nothing}
NAMES = ("ours", "rota", *OTHERS)
QUANTILE = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57, 7: 2.45, 8: 2.36, 9: 2.31, 10: 2.26, 15: 2.14, 20: 2.09}
"""Student's t for 95 %, by the number of towns; of larger numbers 1.96 is near enough."""


@dataclass(frozen=True, slots=True)
class Year:
    """What a policy made of a town's year."""

    loans: int
    moves: int
    stale: float


def years(seed: int, scale: Scale = Scale()) -> dict[str, Year]:  # noqa: B008 (a value)
    """One town under every policy."""
    place = town(seed, scale)
    led = live(place, rota())
    allowed = led.moves // scale.weeks
    found = {"rota": Year(led.loans, led.moves, led.stale)}
    for name, policy in ({"ours": ours} | OTHERS).items():
        lived = live(place, policy(), allowed)
        found[name] = Year(lived.loans, lived.moves, lived.stale)
    return found


def ahead(ours_: Sequence[int], theirs: Sequence[int]) -> tuple[float, float]:
    """How much more is lent, as a share: the mean over towns, and half the width of its 95 % interval."""
    shares = np.array(ours_) / np.array(theirs) - 1
    spread = shares.std(ddof=1) / math.sqrt(len(shares)) if len(shares) > 1 else math.inf
    known = min((n for n in QUANTILE if n >= len(shares)), default=0)
    return float(shares.mean()), float(QUANTILE.get(known, 1.96) * spread)


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.years", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="towns (default: %(default)s)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (default: %(default)s)")
    parser.add_argument("--weeks", type=int, default=52, help="of each year (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: %(default)s)")
    args = parser.parse_args()
    seeds = range(args.first, args.first + args.seeds)
    found: list[dict[str, Year]] = []
    with ProcessPoolExecutor(args.jobs) as pool:
        for made in pool.map(partial(years, scale=Scale(weeks=args.weeks)), seeds):
            found.append(made)
            sys.stderr.write(f"\r{len(found)} of {args.seeds} towns")
    sys.stderr.write("\n")
    print("| policy | loans a year | ours is ahead by | transfers a year | stale |")
    print("|---|---|---|---|---|")
    best = [year["ours"].loans for year in found]
    for name in NAMES:
        mine = [year[name] for year in found]
        mean, half = ahead(best, [year.loans for year in mine])
        told = "–" if name == "ours" else f"{mean:+.1%} ± {half:.1%}"
        loans, moves = np.mean([year.loans for year in mine]), np.mean([year.moves for year in mine])
        print(f"| {name} | {loans:,.0f} | {told} | {moves:,.0f} | {np.mean([year.stale for year in mine]):.0%} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
