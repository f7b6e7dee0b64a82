"""Every registered contact, on an emulated computer's pin."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.devices import registry
from firmware_sim.computer import Computer
from tests.conformance.cabinet import SHIMS
from tests.conformance.contact import ContactConformance, Switched

PIN = 22
LEVELS = [(name, level) for name in registry.of_kind("contact") for level in ("low", "high")]


@pytest.fixture(params=LEVELS, ids=" ".join)
def switched(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Switched]:
    name, level = request.param
    with tempfile.TemporaryDirectory(prefix="ml-") as folder:
        computer = Computer("contact", Path(folder))
        grounded = [level == "high"]
        computer.switch(PIN, lambda: grounded[0])
        monkeypatch.syspath_prepend(str(SHIMS))
        monkeypatch.setenv("MICROLIB_BOARD", str(computer.board))
        computer.start()
        driver = registry.build("tried", {"driver": name, "pin": PIN, "on": level})

        def turn(on: bool) -> None:
            grounded[0] = on == (level == "low")

        try:
            yield Switched(driver, computer, turn, driver.connect())
        finally:
            driver.close()
            computer.stop()


class TestContact(ContactConformance):
    pass
