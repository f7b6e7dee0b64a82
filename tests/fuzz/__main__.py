"""`make fuzz`: atheris, each target for some seconds in a process of its own; ends with how much was tried.

A target that raises, takes more than five seconds for one input, or passes 512 MB ends the run with exit code 1 and
the input's name. What was found interesting stays in the folder and is where the next run begins.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

ONE_S, MEMORY_MB = 5, 512
_EXECUTED = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_PEAK = re.compile(r"stat::peak_rss_mb:\s*(\d+)")


def main() -> int:
    """All targets one after the other, or the one named."""
    if "--one" in sys.argv:
        return _one(sys.argv[1], [word for word in sys.argv[2:] if word != "--one"])
    from tests.fuzz.targets import TARGETS

    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", nargs="*", choices=[*TARGETS, []], help="default: all")
    parser.add_argument("--seconds", type=int, default=20, help="for each target (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=Path(".fuzz"), help="default: %(default)s")
    args = parser.parse_args()
    bad = 0
    for name in args.target or TARGETS:
        bad += not _tried(name, args.seconds, args.folder / name)
    return 1 if bad else 0


def _tried(name: str, seconds: int, folder: Path) -> bool:
    from tests.fuzz.targets import seeds

    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (folder / f"golden-{number}").write_bytes(seed)
    limits = (f"-max_total_time={seconds}", f"-timeout={ONE_S}", f"-rss_limit_mb={MEMORY_MB}", "-max_len=2048")
    words = (sys.executable, "-m", "tests.fuzz", name, "--one", *limits, "-print_final_stats=1")
    done = subprocess.run((*words, f"-artifact_prefix={folder}-", str(folder)), capture_output=True, text=True)
    executed, peak = _EXECUTED.search(done.stderr), _PEAK.search(done.stderr)
    count = int(executed[1]) if executed else 0
    sys.stdout.write(f"{name:24} {count:>10,} inputs  {peak[1] if peak else '?':>4} MB  ")
    well = done.returncode == 0 and count > 0
    sys.stdout.write("ok\n" if well else f"FAILED ({done.returncode})\n{done.stderr[-3000:]}\n")
    sys.stdout.flush()
    return well


def _one(name: str, words: list[str]) -> int:
    import atheris  # only here: it is no part of what `make test` installs, and must be there before what it watches

    with atheris.instrument_imports(include=["edge", "firmware_sim", "tests"]):
        from tests.fuzz.targets import TARGETS
    atheris.Setup([sys.argv[0], *words], TARGETS[name])
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
