"""Prints, for each part, its speed, a plain reference's, and their ratio, which means the same on any machine."""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks import city, frames, ingest, journal, search, stopwatch

ALL = {
    "journal": journal.contest,
    "ingest": ingest.contest,
    "frames": frames.contest,
    "city": city.contest,
    "search": search.contest,
}


def main() -> int:
    """Runs the benchmarks named on the command line, all by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(ALL)} (default: all)")
    parser.add_argument("--rounds", type=int, default=5, help="turns for each (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=Path.cwd(), help="on the disk to measure (default: here)")
    args = parser.parse_args()
    unknown = sorted(set(args.names) - set(ALL))
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(ALL)}")
    for name in args.names or ALL:
        scratch = tempfile.TemporaryDirectory(prefix=".bench-", dir=args.folder)
        with scratch as folder, ALL[name](Path(folder)) as contest:
            show(name, stopwatch.run(contest, args.rounds))
    return 0


def show(name: str, result: stopwatch.Result) -> None:
    """One paragraph of three lines."""
    contest = result.contest
    print(f"{name}: {result.ratio:.3g} of the reference")
    print(f"  {result.rate:>12,.1f} {contest.unit}/s  {contest.ours}")
    print(f"  {result.reference_rate:>12,.1f} {contest.unit}/s  {contest.reference}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
