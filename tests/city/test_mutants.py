"""A build with one rule broken must be caught within forty seeds: else the city proves nothing."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from firmware_sim.city.city import plan, run
from firmware_sim.city.soak import give_way, jobs
from tests.city.mutants import MUTANTS, Patch, broken

SEEDS = range(1, 41)


def first_caught(number: int) -> tuple[int, str] | None:
    """The first of SEEDS in which the city catches mutant `number`, and what it says."""
    for seed in SEEDS:
        with broken(MUTANTS[number]):
            report = run(plan(seed, 3, 5.0))
        if report.violations:
            return seed, report.violations[0]
    return None


@pytest.fixture(scope="module")
def caught() -> Iterator[dict[Patch, tuple[int, str] | None]]:
    with ProcessPoolExecutor(jobs(), mp_context=get_context("spawn"), initializer=give_way) as pool:
        yield dict(zip(MUTANTS, pool.map(first_caught, range(len(MUTANTS))), strict=True))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.__name__)
def test_a_broken_build_is_caught(mutant: Patch, caught: dict[Patch, tuple[int, str] | None]) -> None:
    assert caught[mutant] is not None
