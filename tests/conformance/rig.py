"""A rig: one driver, the cabinet at the other end of its wires, and how the two are connected."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.devices import registry
from firmware_sim.cabinet import CONTACT_PIN, D0_PIN, D1_PIN, LOCK_PIN, RESET_PIN, Cabinet
from firmware_sim.makes import MAKES, Make

SECTIONS: dict[str, Callable[[Cabinet], dict[str, Any]]] = {
    "mfrc522": lambda cabinet: {"reset_pin": RESET_PIN},
    "rdm6300": lambda cabinet: {"port": str(cabinet.paths.card)},
    "wiegand": lambda cabinet: {"d0_pin": D0_PIN, "d1_pin": D1_PIN, "gap_ms": 100},
    "gpio-door": lambda cabinet: {"lock_pin": LOCK_PIN, "contact_pin": CONTACT_PIN, "pulse_ms": 400},
}
"""What site.toml says of each driver when it works in the emulated cabinet. A new driver gets its line here."""
TAG_READERS: dict[str, dict[str, Any]] = {
    "feig-obid": {"answer_s": 0.4, "retries": 2},
    "feig-cpr": {"answer_s": 0.3, "retries": 2},
    "feig-less-one": {"answer_s": 0.3, "retries": 2},
    "3m-810": {"answer_s": 0.3},
    "uhfreader18": {"answer_s": 0.3, "scan_s": 0.5},
    "uhfreader288": {"answer_s": 0.3, "scan_s": 0.5, "form": "288"},
    "uhf-r200": {"answer_s": 0.3},
}
"""The same of each make of tag reader (`firmware_sim.makes`), besides driver and port. A new make gets its line."""


@dataclass(frozen=True, slots=True)
class Rig:
    """A connected driver and its world."""

    name: str
    """The driver's, in site.toml."""
    driver: Any
    cabinet: Cabinet
    says: str

    def reconnect(self) -> None:
        """What the agent does after an error."""
        self.driver.close()
        self.driver.connect()


@dataclass(frozen=True, slots=True)
class Reading(Rig):
    """The same of a tag reader."""

    make: Make


def driver_for(name: str, cabinet: Cabinet) -> Any:
    """The driver, not connected yet."""
    return registry.build("tried", {"driver": name, **SECTIONS[name](cabinet)})


def reader_for(make: str, port: Path) -> Any:
    """The driver for a tag reader of that make, not connected yet."""
    return registry.build("tried", {"driver": MAKES[make].driver, "port": str(port), **TAG_READERS[make]})


@contextmanager
def reading(make: str, cabinet: Cabinet) -> Iterator[Reading]:
    """The driver for shelf A of a cabinet with readers of that make, connected; let go of afterwards."""
    driver = reader_for(make, cabinet.paths.readers["A"])
    try:
        yield Reading(MAKES[make].driver, driver, cabinet, driver.connect(), MAKES[make])
    finally:
        driver.close()


@contextmanager
def rig(name: str, cabinet: Cabinet) -> Iterator[Rig]:
    """The driver, connected; let go of afterwards."""
    driver = driver_for(name, cabinet)
    try:
        yield Rig(name, driver, cabinet, driver.connect())
    finally:
        driver.close()
