"""Every registered card reader, in the emulated cabinet."""

from collections.abc import Iterator

import pytest

from edge.devices import registry
from firmware_sim.cabinet import Cabinet
from tests.conformance.card_reader import CardReaderConformance
from tests.conformance.rig import Rig, rig


@pytest.fixture(name="rig", params=registry.of_kind("card reader"))
def connected(request: pytest.FixtureRequest, cabinet: Cabinet) -> Iterator[Rig]:
    with rig(request.param, cabinet) as made:
        yield made


class TestCardReader(CardReaderConformance):
    pass
