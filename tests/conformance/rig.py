"""A rig: one driver, the cabinet at the other end of its wires, and how the two are connected."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from edge.devices import registry
from firmware_sim.cabinet import CONTACT_PIN, LOCK_PIN, RESET_PIN, Cabinet

SECTIONS: dict[str, Callable[[Cabinet], dict[str, Any]]] = {
    "mfrc522": lambda cabinet: {"reset_pin": RESET_PIN},
    "feig-obid": lambda cabinet: {"port": str(cabinet.paths.readers["A"]), "answer_s": 0.4, "retries": 2},
    "gpio-door": lambda cabinet: {"lock_pin": LOCK_PIN, "contact_pin": CONTACT_PIN, "pulse_ms": 400},
}
"""What site.toml says of each driver when it works in the emulated cabinet. A new driver gets its line here."""


@dataclass(frozen=True, slots=True)
class Rig:
    """A connected driver and its world."""

    driver: Any
    cabinet: Cabinet
    says: str

    def reconnect(self) -> None:
        """What the agent does after an error."""
        self.driver.close()
        self.driver.connect()


def driver_for(name: str, cabinet: Cabinet) -> Any:
    """The driver, not connected yet."""
    return registry.build("tried", {"driver": name, **SECTIONS[name](cabinet)})


@contextmanager
def rig(name: str, cabinet: Cabinet) -> Iterator[Rig]:
    """The driver, connected; let go of afterwards."""
    driver = driver_for(name, cabinet)
    try:
        yield Rig(driver, cabinet, driver.connect())
    finally:
        driver.close()
