"""Every registered driver that writes tags, at an emulated desk."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.devices import registry
from firmware_sim.desk import Desk
from tests.conformance.tag_writer import AtDesk, TagWriterConformance

SECTIONS: dict[str, dict[str, Any]] = {"feig-obid": {"answer_s": 0.4, "retries": 2}}
"""What site.toml would say of each driver besides its port. A new writer gets its line here."""


@pytest.fixture(name="at", params=registry.writers())
def at_desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AtDesk]:
    desk = Desk(tmp_path, speed=50)
    desk.start()
    section = {"driver": request.param, "port": str(desk.port), **SECTIONS[request.param]}
    driver = registry.build("desk", section)
    try:
        driver.connect()
        yield AtDesk(driver, desk)
    finally:
        driver.close()
        desk.stop()


class TestTagWriter(TagWriterConformance):
    pass
