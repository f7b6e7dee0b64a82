"""A build with one rule broken must be caught within forty seeds: else the city proves nothing."""

import pytest

from tests.city.mutants import MUTANTS

pytestmark = pytest.mark.timeout(2400)  # the first waits for every mutant


@pytest.mark.parametrize("number", range(len(MUTANTS)), ids=[mutant.__name__ for mutant in MUTANTS])
def test_a_broken_build_is_caught(number: int, caught: list[tuple[int, str] | None]) -> None:
    assert caught[number] is not None
