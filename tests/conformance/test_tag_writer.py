"""Every make of tag reader whose driver writes tags, at an emulated desk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.devices import registry
from firmware_sim.desk import Desk
from firmware_sim.makes import MAKES
from tests.conformance.rig import reader_for
from tests.conformance.tag_writer import AtDesk, TagWriterConformance

WRITERS = [name for name, make in MAKES.items() if make.driver in registry.writers()]


@pytest.fixture(name="at", params=WRITERS)
def at_desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AtDesk]:
    desk = Desk(tmp_path, reader=request.param, speed=50)
    desk.start()
    driver = reader_for(request.param, desk.port)
    try:
        driver.connect()
        yield AtDesk(driver, desk)
    finally:
        driver.close()
        desk.stop()


class TestTagWriter(TagWriterConformance):
    pass
