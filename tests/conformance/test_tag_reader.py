"""Every make of tag reader, in an emulated cabinet."""

from collections.abc import Iterator

import pytest

from edge.devices import registry
from firmware_sim.makes import MAKES, Air
from tests.conformance.cabinet import standing
from tests.conformance.rig import TAG_READERS, Reading, reading
from tests.conformance.tag_reader import HfConformance, PadConformance, UhfConformance


def of(air: Air) -> list[str]:
    """The makes that hear tags of this kind."""
    return [name for name, make in MAKES.items() if make.kind == "tag reader" and make.air is air]


def test_every_driver_of_tag_readers_has_a_make_and_every_make_is_tried() -> None:
    assert {MAKES[name].driver for name in TAG_READERS} == set(registry.of_kind("tag reader"))
    assert set(TAG_READERS) == {*of(Air.HF), *of(Air.UHF)}


@pytest.fixture(name="rig")
def connected(request: pytest.FixtureRequest) -> Iterator[Reading]:
    make = request.param
    with standing(make) as cabinet, reading(make, cabinet) as made:
        yield made


PADS = [name for name in of(Air.HF) if MAKES[name].block_size]


@pytest.mark.parametrize("rig", [name for name in of(Air.HF) if name not in PADS], indirect=True)
class TestHf(HfConformance):
    pass


@pytest.mark.parametrize("rig", PADS, indirect=True)
class TestPad(PadConformance):
    pass


@pytest.mark.parametrize("rig", of(Air.UHF), indirect=True)
class TestUhf(UhfConformance):
    pass
