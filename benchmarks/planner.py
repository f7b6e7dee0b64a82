"""How long a whole plan takes and how good it is, beside HiGHS solving the linear program alone, which is the bound."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.stopwatch import Contest, Turn


def sized(sites: int, copies: int, rounds: int | None = None) -> Callable[[Path], AbstractContextManager[Contest]]:
    """The contest at one size; `rounds` where it takes long."""

    @contextmanager
    def contest(folder: Path) -> Iterator[Contest]:
        size, asked = (str(sites), str(copies)), str(folder / "program.npz")
        subprocess.run([sys.executable, "-m", "benchmarks.planning", *size, asked], check=True)
        seen: dict[str, dict[str, Any]] = {}

        def ready(name: str, *command: str) -> Turn:
            child = subprocess.Popen(
                [sys.executable, "-m", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            _told(child)

            def turn() -> int:
                seen[name] = json.loads(_told(child, "go"))
                if name == "ours":
                    seen["again"] = {}
                return 1

            waiting.append((name, child))
            return turn

        waiting: list[tuple[str, subprocess.Popen[str]]] = []

        def settled() -> None:
            """Has the plan made anew after an edit, untimed by the stopwatch, and lets the processes go."""
            for name, child in waiting:
                if name == "ours":
                    seen["again"] = json.loads(_told(child, "go"))
                child.communicate()
            waiting.clear()

        def our_turn() -> Turn:
            settled()
            return ready("ours", "benchmarks.planning", *size)

        def reference_turn() -> Turn:
            settled()
            return ready("reference", "benchmarks.reference", asked)

        def notes() -> tuple[str, ...]:
            settled()
            ours, again, best = seen["ours"], seen["again"], seen["reference"]
            quality = ours["objective"] / best["value"]
            return (
                f"{quality:.4%} of the best bound, {1 - ours['gap']:.4%} of the one it proves",
                f"{ours['memory']:,.0f} MB at most, {best['memory']:,.0f} MB the reference",
                f"after one edit {again['seconds']:.2f} s, {1 - again['gap']:.4%} of the bound it proves",
            )

        try:
            yield Contest(
                "plans",
                f"a plan for {sites:,} sites and {copies:,} copies, whole copies, every limit kept",
                our_turn,
                "HiGHS, the linear program alone, copies in parts",
                reference_turn,
                notes,
                rounds,
            )
        finally:
            for _, child in waiting:
                child.kill()
                child.communicate()

    return contest


def _told(child: "subprocess.Popen[str]", word: str | None = None) -> str:
    """What `child` answers to `word`."""
    assert child.stdin is not None
    assert child.stdout is not None
    if word is not None:
        child.stdin.write(word + "\n")
        child.stdin.flush()
    answer = child.stdout.readline()
    if not answer:
        raise RuntimeError(f"{child.args!r} ended with {child.wait()} before it answered")
    return answer


small = sized(10, 2_000)
medium = sized(100, 50_000, 5)
large = sized(1_000, 500_000, 1)
