"""Seeds and mutants take minutes of a processor and wait for nothing, most other tests wait and take little.

So they begin in processes of their own once it is known which tests will run, give way to everything else, and the
tests that want their results come last.
"""

import os
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from firmware_sim.city.city import Report, plan, run
from firmware_sim.city.soak import give_way
from tests.city.mutants import MUTANTS, first_caught

SEEDS = tuple(range(1, 69))
"""Two hundred weeks of a site, three sites at a time."""
LAST = ("test_seeds.py", "test_mutants.py")
_POOL = pytest.StashKey[ProcessPoolExecutor]()
_REPORTS = pytest.StashKey[list[Future[Report]]]()
_CAUGHT = pytest.StashKey[list[Future[Any]]]()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name in LAST)


def pytest_collection_finish(session: pytest.Session) -> None:
    wanted = {item.path.name for item in session.items}
    if session.config.option.collectonly or not wanted & set(LAST):
        return
    others = any(item.path.name not in LAST for item in session.items)
    jobs = max(1, (os.cpu_count() or 1) - others)
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=give_way)
    session.config.stash[_POOL] = pool
    if "test_mutants.py" in wanted:
        session.config.stash[_CAUGHT] = [pool.submit(first_caught, number) for number in range(len(MUTANTS))]
    if "test_seeds.py" in wanted:
        session.config.stash[_REPORTS] = [pool.submit(run, plan(seed, 3, 7.0)) for seed in SEEDS]


def pytest_sessionfinish(session: pytest.Session) -> None:
    pool = session.config.stash.get(_POOL, None)
    if pool is not None:
        pool.shutdown(wait=False, cancel_futures=True)


@pytest.fixture(scope="session")
def reports(pytestconfig: pytest.Config) -> list[Report]:
    """What every seed showed."""
    return [future.result() for future in pytestconfig.stash[_REPORTS]]


@pytest.fixture(scope="session")
def caught(pytestconfig: pytest.Config) -> list[Any]:
    """For each mutant the first seed that caught it, and what the city said; None where none did."""
    return [future.result() for future in pytestconfig.stash[_CAUGHT]]
