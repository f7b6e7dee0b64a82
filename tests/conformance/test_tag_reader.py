"""Every registered tag reader, in the emulated cabinet."""

from collections.abc import Iterator

import pytest

from edge.devices import registry
from firmware_sim.cabinet import Cabinet
from tests.conformance.rig import Rig, rig
from tests.conformance.tag_reader import TagReaderConformance


@pytest.fixture(name="rig", params=registry.of_kind("tag reader"))
def connected(request: pytest.FixtureRequest, cabinet: Cabinet) -> Iterator[Rig]:
    with rig(request.param, cabinet) as made:
        yield made


class TestTagReader(TagReaderConformance):
    pass
