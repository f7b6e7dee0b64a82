"""Programs die at the worst moments there are: around every commit, every message and every receipt."""

import pytest

from tests.stories.kills.whole import ON_SQLITE, Whole
from tests.stories.stage import until

AGENTS = {
    "harbour-bank": ("journal-before@4", "journal-after@8"),
    "east-station": ("insert-after@5", "receipt-before@3"),
    "garden-school": ("send-after@6", "receipt-after@4"),
}
HUBS = ("ledger-before@3", "ledger-after@4", "fold-before@3", "answer-before@2", "append-after@2", "answer-after@4")
"""Shared out among those of the hub's processes that take messages in."""


@pytest.mark.parametrize("world", [ON_SQLITE], indirect=True, ids=str)
def test_every_point_between_a_fact_and_its_receipt_is_a_good_one_to_die_at(world: Whole) -> None:
    takers = [name for name in world.mortals.names() if name in world.takers]
    dooms = AGENTS | {name: HUBS[place :: len(takers)] for place, name in enumerate(takers)}
    expected = sorted(point.partition("@")[0] for points in dooms.values() for point in points)
    before = world.mortals.crashes()
    for name, points in dooms.items():
        world.mortals.doom(name, *points)
        world.mortals.strike(name)
    with world.people(visits=None, seed=2):
        until("a death at every point", lambda: len(world.mortals.crashes()) - len(before) == len(expected), 90)
    assert sorted(world.mortals.crashes()[len(before) :]) == expected
    world.agrees()
