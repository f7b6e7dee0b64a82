"""A city's run is decided by its plan alone, and what is found wrong in one can be made small and told."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from firmware_sim.__main__ import main
from firmware_sim.city import faults
from firmware_sim.city.city import Plan, plan, run
from firmware_sim.city.shrink import shrink, story
from tests.city import mutants

TELL = """
import sys
import time
from pathlib import Path
from firmware_sim.city.city import plan, run
report = run(plan(int(sys.argv[1]), 2, 2.0))
print(report.digest, report.counts["events"])
"""


def told(seed: int, hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", TELL, str(seed)],
        env={"PYTHONHASHSEED": hash_seed, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


def test_the_same_seed_is_the_same_run_byte_for_byte_in_any_process() -> None:
    first = told(3, "1")
    assert first == told(3, "2")
    assert first != told(4, "1")
    assert int(first.split()[1]) > 50


def test_without_faults_everything_is_known_and_nothing_lost() -> None:
    report = run(plan(1, 2, 3.0, ()))
    assert report.violations == []
    assert report.counts["people entered"] > 10
    assert report.counts["events"] > 100
    assert report.counts["unknowable"] == report.counts["destroyed"] == 0


def test_a_failing_run_is_made_smaller_and_told_as_a_test() -> None:
    with mutants.broken(mutants.journal_synchronous_normal):
        report = run(plan(7, 1, 2.0))
        small = shrink(report, run, runs=6)
    assert small.violations
    assert small.plan.days < 2 or len(small.plan.occurrences) < len(report.plan.occurrences)
    names: dict[str, object] = {"Plan": Plan, "run": run, "Occurrence": faults.Occurrence}
    exec(story(small), names)
    pasted = names["test_seed_7"]
    assert callable(pasted)
    pasted()  # the build is whole again
    with mutants.broken(mutants.journal_synchronous_normal), pytest.raises(AssertionError):
        pasted()


def test_every_fault_can_be_asked_for_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert faults.named(["all"]) == tuple(faults.FAULTS)
    assert faults.named(["none"]) == ()
    assert main(["city", "--faults", "earthquake"]) == 2
    assert "'earthquake' is no fault" in capsys.readouterr().err


def test_the_command_tells_what_was_run_and_what_was_reached(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["city", "--sites", "2", "--days", "1", "--seed", "5", "--faults", "power-cut,offline"]) == 0
    out = capsys.readouterr().out
    assert "seed 5 (1 of 1): every promise held" in out
    assert "every promise held\n" in out.splitlines(keepends=True)[-1]


def test_the_command_fails_on_a_broken_build(capsys: pytest.CaptureFixture[str]) -> None:
    with mutants.broken(mutants.receipt_before_commit):
        code = main(["city", "--sites", "1", "--days", "1", "--faults", "none", "--jobs", "1", "--as-it-is"])
    assert code == 1
    assert "BROKEN" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [["--days", "never"], ["--sites", "0"], ["--seeds", "-1"]])
def test_wrong_words_are_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["city", *wrong])
    assert end.value.code == 2
    assert "is no number" in capsys.readouterr().err


def children(parent: int) -> set[int]:
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return {int(number) for number in listed.split()}


@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_soak_that_is_stopped_leaves_no_process_behind(how: signal.Signals, code: int, tmp_path: Path) -> None:
    words = ["-m", "firmware_sim", "city", "--sites", "1", "--days", "0.5", "--seeds", "500", "--jobs", "2"]
    env = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True, env=env) as soak:
        assert soak.stdout is not None
        assert soak.stdout.readline().startswith("seed ")
        left = children(soak.pid)
        assert len(left) >= 2
        soak.send_signal(how)
        soak.stdout.read()
        assert soak.wait(60) == code
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{number}/fd/0").exists() for number in left) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not [number for number in left if Path(f"/proc/{number}/fd/0").exists()]
    if how is signal.SIGTERM:
        assert not list(tmp_path.iterdir()), "and no folder"
