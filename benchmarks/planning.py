"""One plan in a process of its own, its peak memory with it: `python -m benchmarks.planning SITES COPIES [FILE]`.

Says "ready" when the town stands, plans when told to go, and answers with figures as JSON. With FILE nothing is
planned: the linear program that the reference solves is written there.
"""

import json
import sys
import time
from dataclasses import replace

import numpy as np

from benchmarks.stopwatch import peak
from benchmarks.towns import town
from hub.restock.planner import LIBRARY, Kind, Pairs, Plan, plan
from hub.restock.planner.problem import build
from hub.restock.planner.program import program


def main() -> None:
    """Reads the size from the command line, and "go" from standard input."""
    world = town(int(sys.argv[1]), int(sys.argv[2]))
    if len(sys.argv) > 3:
        asked = program(build(world))
        np.savez(
            sys.argv[3],
            **{name: getattr(asked, name) for name in ("cost", "top", "row", "column", "entry", "low", "high")},
        )
        return
    print("ready", flush=True)
    sys.stdin.readline()
    made = plan(world)
    print(json.dumps(figures(made)), flush=True)
    sys.stdin.readline()
    first = int(np.flatnonzero(made.lines.kind == Kind.BRING)[0])
    edit = Pairs(made.lines.group[first : first + 1], made.lines.target[first : first + 1])
    start = time.perf_counter()
    again = plan(replace(world, barred=edit), after=made)
    print(json.dumps({"seconds": time.perf_counter() - start, **figures(again)}), flush=True)


def figures(made: Plan) -> dict[str, float]:
    """What a plan reached; memory in megabytes, the highest so far."""
    return {
        "objective": made.objective,
        "gap": made.gap,
        "moves": made.moves,
        "out": int(made.lines.count[made.lines.target != LIBRARY].sum()),
        "memory": peak(),
    }


if __name__ == "__main__":
    main()
