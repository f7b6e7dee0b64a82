"""Every registered door, in the emulated cabinet."""

import json
from collections.abc import Iterator

import pytest

from edge.devices import registry
from firmware_sim.cabinet import Cabinet
from tests.conformance.door import DoorConformance
from tests.conformance.rig import SECTIONS, Rig, rig


@pytest.fixture(name="rig", params=registry.of_kind("door"))
def connected(request: pytest.FixtureRequest, cabinet: Cabinet) -> Iterator[Rig]:
    with rig(request.param, cabinet) as made:
        yield made


@pytest.fixture
def section(request: pytest.FixtureRequest, cabinet: Cabinet) -> str:
    """What site.toml says of the door, as JSON, with a pulse longer than any test."""
    name = request.node.callspec.params["rig"]
    return json.dumps({"driver": name, **SECTIONS[name](cabinet), "pulse_ms": 5000})


class TestDoor(DoorConformance):
    pass
