"""One stage for all stories of a broker: they follow each other as visitors do, and each leaves it as it should be."""

import os
from collections.abc import Iterator

import pytest

from firmware_sim.broker import mosquitto
from tests.stories.stage import Stage, staged


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/stories" in str(item.path):
            item.add_marker(pytest.mark.story)


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """On Mosquitto where it is installed, and always in CI; else on amqtt."""
    kind = "mosquitto" if mosquitto() or os.environ.get("CI") == "true" else "amqtt"
    with staged(tmp_path_factory.mktemp("stories"), kind) as stage:
        yield stage


@pytest.fixture
def stage(town: Stage) -> Iterator[Stage]:
    """The stage, and after the story the question that comes first: does the hub know where every item really is?"""
    yield town
    town.mend()
    town.agrees()
