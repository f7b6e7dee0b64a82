"""What `microlib-edge check` does: tries every device once, and the shelves, clock and disk as the self-test does.

The agent must not run meanwhile, which needs the devices for itself; its journal is only read.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from edge import salvage, shelf
from edge.clock import Clock
from edge.devices import registry
from edge.devices.kinds import CardReader, Contact, Device, Door, LockerBoard, Scanner, TagReader
from edge.errors import DeviceError
from edge.furniture import Cabinet
from edge.furniture import Shelf as Fitted
from edge.generation import Damaged, reach, read_head, read_kept
from edge.health import free_mb
from edge.settings import Settings
from edge.shelf import Shelf, Tally
from edge.stations import selftest
from edge.stations.selftest import Trial
from edge.stations.state import Memory
from protocol.events import Tested
from protocol.names import ClockTrust, DeviceName, StationName


def check(settings: Settings, out: TextIO) -> int:
    """Says line by line what answers and what doesn't; answers how many of those failed."""
    kept = _kept(settings.data_dir)
    fitted = _fitted(settings, kept)
    shelves: dict[StationName, list[Tested]] = {}
    bad = 0
    for name, section in settings.device.items():
        device = registry.build(name, section)
        try:
            says = f"{device.connect()}; {_try(device)}"
            for owner, place, known in fitted.get(name, ()):
                shelves.setdefault(owner, []).append(_count(device, place, known, settings))
            out.write(f"{name:16} ok      {section['driver']}: {says}\n")
        except DeviceError as error:
            bad += 1
            out.write(f"{name:16} FAILED  {section['driver']}: {error.why}\n")
        finally:
            device.close()
    out.write(f"{len(settings.device) - bad} of {len(settings.device)} devices answer\n")
    site = _site(settings)
    for heading, parts in (("the site", site), *((str(name), found) for name, found in shelves.items())):
        out.write(f"{heading}:\n" + "".join(_line(part) for part in parts))
    for station in settings.station:
        out.write(_last(kept.get(f"trial/{station.name}"), station.name))
    return bad + sum(not part.ok for parts in (site, *shelves.values()) for part in parts)


def _line(part: Tested) -> str:
    return f"  {part.part:14} {'ok' if part.ok else 'FAILED':7} {part.says}\n"


def _site(settings: Settings) -> list[Tested]:
    """A clock that isn't set yet is no failure here: it may be a minute after the start."""
    trust, free = Clock.system(settings.clock.source).trust(), free_mb(settings.data_dir)
    floor = settings.storage.free_floor_mb
    words = "synchronised" if trust is ClockTrust.SYNCED else "not synchronised yet"
    return [
        Tested(part="clock", ok=True, says=words),
        Tested(part="disk", ok=free >= floor, says=f"{free} MB free, {floor} needed"),
    ]


def _last(kept: str | None, station: StationName) -> str:
    """What came of the last self-test, as the journal has it."""
    if kept is None:
        return f"{station}: no self-test yet\n"
    trial = Trial.model_validate_json(kept)
    failed = [part for part in trial.fact.parts if not part.ok]
    word = "all well" if trial.fact.ok else f"{len(failed)} of {len(trial.fact.parts)} parts failed"
    return f"{station}: self-test of the night of {trial.night}: {word}\n" + "".join(_line(part) for part in failed)


# --- shelves ---

_Places = dict[DeviceName, list[tuple[StationName, Fitted, Shelf]]]


def _fitted(settings: Settings, kept: dict[str, str]) -> _Places:
    """The shelves of each reader, with what the journal last knew to stand on them."""
    places: _Places = {}
    for station in settings.station:
        if isinstance(station, Cabinet):
            memory = kept.get(f"shelf/{station.name}")
            known = {s.name: s for s in Memory.model_validate_json(memory).shelves} if memory else {}
            for place in station.shelves:
                there = known.get(place.name, Shelf(name=place.name))
                places.setdefault(place.reader, []).append((station.name, place, there))
    return places


def _count(reader: TagReader, place: Fitted, known: Shelf, settings: Settings) -> Tested:
    tally = Tally()
    for _ in range(settings.counting.rounds):
        seen = reader.round()
        tally = shelf.add(tally, seen.tags, seen.complete, place.reference_tag)
    return selftest.tried_shelf(known, tally, place.reference_tag, settings.counting.self_test_percent)


def _kept(folder: Path) -> dict[str, str]:
    """What the journal there keeps; nothing where there is none, or none that can be read."""
    try:
        db = reach(f"{(folder.absolute() / salvage.NAME).as_uri()}?mode=ro")
    except sqlite3.Error:
        return {}
    try:
        return read_kept(db, read_head(db))
    except (sqlite3.Error, Damaged):
        return {}
    finally:
        db.close()


# --- devices ---


def _try(device: Device) -> str:
    """What the device does when asked for its work once."""
    actions: tuple[tuple[str, Callable[[Any], str]], ...] = (
        ("look", _tried_card),
        ("round", _tried_shelf),
        ("is_open", _tried_door),
        ("doors", _tried_board),
        ("scan", _tried_scanner),
        ("is_on", _tried_contact),
    )
    return next((act(device) for method, act in actions if hasattr(device, method)), "")


def _tried_card(device: CardReader) -> str:
    look = device.look()
    return "several cards in the field" if look.several else "a card is there" if look.uid else "no card in the field"


def _tried_shelf(device: TagReader) -> str:
    return f"{len(device.round().tags)} tags in the field"


def _tried_door(device: Door) -> str:
    return "the door is open" if device.is_open() else "the door is shut"


def _tried_board(device: LockerBoard) -> str:
    doors = device.doors()
    shut = len(doors) - sum(doors.values())
    return f"{len(doors)} doors, {'all shut' if shut == len(doors) else f'{shut} shut'}"


def _tried_scanner(device: Scanner) -> str:
    return "no code before it" if device.scan() is None else "a code is before it"


def _tried_contact(device: Contact) -> str:
    return "it is on" if device.is_on() else "it is off"
