"""The benchmarks still run, so that `make bench` is there when somebody asks how fast."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from benchmarks import search, stopwatch
from benchmarks.__main__ import ALL
from benchmarks.stopwatch import Contest


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_benchmark_does_units_of_work_on_both_sides(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "TITLES", 500)  # that it runs is asked here, not how fast
    contest: Callable[[Path], AbstractContextManager[Contest]] = ALL[name]
    with contest(tmp_path) as ready:
        assert ready.our_turn()() > 0
        assert ready.reference_turn()() > 0


def test_the_ratio_is_ours_to_the_reference() -> None:
    done = iter([1, 1, 10**15, 1])
    turns = Contest("units", "ours", lambda: lambda: next(done), "reference", lambda: lambda: next(done))
    result = stopwatch.run(turns, rounds=1)
    assert result.ratio == result.rate / result.reference_rate
    assert result.rate > result.reference_rate
