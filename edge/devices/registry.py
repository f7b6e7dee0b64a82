"""Drivers by name. What is installed as an entry point of the group microlib.devices is what there is."""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic import ValidationError

from edge.errors import SettingsWrong
from protocol.wording import complaints

GROUP = "microlib.devices"
KINDS = {
    "look": "card reader",
    "round": "tag reader",
    "is_open": "door",
    "doors": "locker board",
    "scan": "scanner",
    "is_on": "contact",
}
"""A method that only one kind has (`edge.devices.kinds`), and the kind."""


def names() -> tuple[str, ...]:
    """Every driver's name."""
    return tuple(sorted(_points()))


def of_kind(kind: str) -> tuple[str, ...]:
    """Names of the drivers of a kind, one of KINDS. Loads every driver."""
    return tuple(name for name in names() if kind_of(load(name)) == kind)


def writers() -> tuple[str, ...]:
    """Names of the tag readers that can write tags, too. Loads every driver."""
    return tuple(name for name in of_kind("tag reader") if hasattr(load(name), "write"))


def kind_of(driver: type) -> str:
    """Which kind of device a driver is for."""
    return next(kind for method, kind in KINDS.items() if hasattr(driver, method))


def load(name: str) -> Any:
    """The driver's class; raises SettingsWrong when there is none of that name, or it can't be loaded here."""
    points = _points()
    if name not in points:
        raise SettingsWrong(f"there is no driver {name!r}; there are: {', '.join(sorted(points))}")
    try:
        return points[name].load()
    except ImportError as missing:
        raise SettingsWrong(f"driver {name}: {missing}; is microlib installed with [edge]?") from missing


def build(name: str, section: Mapping[str, Any]) -> Any:
    """The device `name` as its section in site.toml says; raises SettingsWrong with device, key and reason.

    Touches nothing: the device is opened by its `connect`.
    """
    try:
        driver = load(section["driver"])
        options = driver.Options.model_validate({key: value for key, value in section.items() if key != "driver"})
    except SettingsWrong as wrong:
        raise SettingsWrong(f"[device.{name}] {wrong}") from None
    except ValidationError as wrong:
        raise SettingsWrong(f"[device.{name}] {complaints(wrong, 'section')}") from None
    return driver(options)


def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}
