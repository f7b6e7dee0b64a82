"""Prints, for each part, its speed, a plain reference's, and their ratio, which means the same on any machine."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks import city, frames, ingest, journal, planner, search, stopwatch

Maker = Callable[[Path], AbstractContextManager[stopwatch.Contest]]

ALL: dict[str, Maker] = {
    "journal": journal.contest,
    "ingest": ingest.contest,
    "frames": frames.contest,
    "city": city.contest,
    "planner": planner.small,
    "search": search.contest,
}
LARGE: dict[str, Maker] = {"planner-m": planner.medium, "planner-l": planner.large}
"""Only where they are named, or asked for all at once: they take minutes and gigabytes."""


def main() -> int:
    """Runs the benchmarks named on the command line, all by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(ALL)} (default: all)")
    parser.add_argument("--rounds", type=int, default=5, help="turns for each (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=Path.cwd(), help="on the disk to measure (default: here)")
    parser.add_argument("--large", action="store_true", help=f"with {' and '.join(LARGE)} (minutes, gigabytes)")
    args = parser.parse_args()
    known = ALL | LARGE
    unknown = sorted(set(args.names) - set(known))
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(known)}")
    for name in args.names or (known if args.large else ALL):
        scratch = tempfile.TemporaryDirectory(prefix=".bench-", dir=args.folder)
        with scratch as folder, known[name](Path(folder)) as contest:
            show(name, stopwatch.run(contest, args.rounds))
    return 0


def show(name: str, result: stopwatch.Result) -> None:
    """One paragraph: the ratio, both rates, and what else was seen."""
    contest = result.contest
    print(f"{name}: {result.ratio:.3g} of the reference")
    print(f"  {speed(result.rate, contest.unit)}  {contest.ours}")
    print(f"  {speed(result.reference_rate, contest.unit)}  {contest.reference}", flush=True)
    for note in contest.notes():
        print(f"  {note}", flush=True)


def speed(rate: float, unit: str) -> str:
    """So many a second, or so many seconds for one."""
    return f"{rate:>12,.1f} {unit}/s" if rate >= 1 else f"{1 / rate:>12,.1f} s each"


if __name__ == "__main__":
    sys.exit(main())
