"""Seeds and mutants take minutes of a processor and wait for nothing, most other tests wait and take little.

So they begin in a process of their own once it is known which tests will run, give way to everything else, and the
tests that want their results come last, when every processor can be put to it.
"""

import os
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import pytest

from firmware_sim.city.city import Report, plan, run
from firmware_sim.city.soak import give_way
from tests.city.mutants import MUTANTS, first_caught

SEEDS = tuple(range(1, 69))
"""Two hundred weeks of a site, three sites at a time."""
LAST = ("test_seeds.py", "test_mutants.py")


class Crew:
    """Processes that take their work from one queue; another can join at any time."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]] = SimpleQueue()
        self._pools: list[ProcessPoolExecutor] = []

    def give(self, work: Callable[..., Any], *about: Any) -> Future[Any]:
        """Work for whoever is free first."""
        future: Future[Any] = Future()
        self._queue.put((future, work, about))
        return future

    def grow(self, size: int) -> None:
        """Lets processes join until there are `size`."""
        while len(self._pools) < size:
            pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=give_way)
            self._pools.append(pool)
            Thread(target=self._take, args=(pool,), daemon=True).start()

    def _take(self, pool: ProcessPoolExecutor) -> None:
        while True:
            try:
                future, work, about = self._queue.get_nowait()
            except Empty:
                return
            try:
                future.set_result(pool.submit(work, *about).result())
            except Exception as error:  # noqa: BLE001 (the test that asks for the result hears of it)
                future.set_exception(error)

    def dismiss(self) -> None:
        """Nobody wants what isn't done yet."""
        while not self._queue.empty():
            self._queue.get_nowait()
        for pool in self._pools:
            pool.shutdown(wait=False, cancel_futures=True)


_CREW = pytest.StashKey[Crew]()
_REPORTS = pytest.StashKey[list[Future[Report]]]()
_CAUGHT = pytest.StashKey[list[Future[Any]]]()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name in LAST)


def pytest_collection_finish(session: pytest.Session) -> None:
    wanted = {item.path.name for item in session.items}
    if session.config.option.collectonly or not wanted & set(LAST):
        return
    crew = session.config.stash[_CREW] = Crew()
    if "test_mutants.py" in wanted:
        session.config.stash[_CAUGHT] = [crew.give(first_caught, number) for number in range(len(MUTANTS))]
    if "test_seeds.py" in wanted:
        session.config.stash[_REPORTS] = [crew.give(run, plan(seed, 3, 7.0)) for seed in SEEDS]
    crew.grow(1)


def pytest_sessionfinish(session: pytest.Session) -> None:
    crew = session.config.stash.get(_CREW, None)
    if crew is not None:
        crew.dismiss()


@pytest.fixture(scope="session")
def everyone(pytestconfig: pytest.Config) -> None:
    """No other test needs a processor any more."""
    pytestconfig.stash[_CREW].grow(os.cpu_count() or 1)


@pytest.fixture(scope="session")
def reports(pytestconfig: pytest.Config, everyone: None) -> list[Report]:
    """What every seed showed."""
    return [future.result() for future in pytestconfig.stash[_REPORTS]]


@pytest.fixture(scope="session")
def caught(pytestconfig: pytest.Config, everyone: None) -> list[Any]:
    """For each mutant the first seed that caught it, and what the city said; None where none did."""
    return [future.result() for future in pytestconfig.stash[_CAUGHT]]
