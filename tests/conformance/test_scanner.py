"""Every registered scanner, as different makes and modes of it, on an emulated computer's serial port."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.devices import registry
from firmware_sim.computer import Computer
from tests.conformance.scanner import ScannerConformance, Scanning

SECTIONS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "gm65": [("gm65", {"mode": "continuous"}), ("em1365", {"mode": "command"})],
}
"""Of each driver, the makes of scanners and what site.toml says of them besides the port. A new one gets its line."""
PLACES = [(name, *place) for name in registry.of_kind("scanner") for place in SECTIONS[name]]


@pytest.fixture(name="rig", params=PLACES, ids=lambda place: f"{place[1]} {'/'.join(map(str, place[2].values()))}")
def connected(request: pytest.FixtureRequest) -> Iterator[Scanning]:
    name, make, options = request.param
    with tempfile.TemporaryDirectory(prefix="ml-") as folder:
        computer = Computer("scanner", Path(folder), speed=20)
        window, port = computer.scanner("scanner", make)
        computer.start()
        section = {"driver": name, "port": str(port), "check_s": 0.4, "again_s": 0.8, "gap_ms": 80, **options}
        driver = registry.build("tried", section)
        try:
            yield Scanning(driver, computer, window, driver.connect())
        finally:
            driver.close()
            computer.stop()


class TestScanner(ScannerConformance):
    pass
