"""What a site's settings say of the furniture that stands there: its stations and its devices.

`fitted` answers what `settings.write_site` puts into site.toml; the agent itself checks it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_sim import lockerwall, readingroom
from firmware_sim.cabinet import CONTACT_PIN, D0_PIN, D1_PIN, LOCK_PIN, RESET_PIN, Cabinet
from firmware_sim.catalogue import SHELVES, Partner
from firmware_sim.lockerwall import LockerWall
from firmware_sim.readingroom import ReadingRoom
from protocol.names import ShelfName

CABINET, ROOM, DESK, GATE, LOCKER, DROP = "cabinet-1", "room-1", "desk-1", "gate-1", "locker-1", "drop-1"
"""What stations are called."""
STATIONS = {"cabinet": (CABINET,), "room": (ROOM, DESK, GATE), "locker": (LOCKER, DROP)}
"""The stations of each kind of furniture; each has a screen."""
PULSE_MS = 4000
"""Of current through the strike, unless the door is opened before: a hand at the bench page needs so long."""
SEATS = 12


@dataclass(frozen=True, slots=True)
class Fitted:
    """The sections of site.toml."""

    stations: Sequence[Mapping[str, Any]]
    devices: Mapping[str, Mapping[str, Any]]


def furnish(partner: Partner, wires: Path, *, seed: int = 0, speed: float = 1.0) -> Any:
    """The furniture that stands at a partner's site, its wires in that folder; off."""
    match partner.kind:
        case "cabinet":
            return Cabinet(partner.site, wires, SHELVES, seed=seed, speed=speed)
        case "room":
            return ReadingRoom(partner.site, wires, seed=seed, speed=speed)
        case "locker":
            return LockerWall(partner.site, wires, seed=seed, speed=speed)
        case _:
            raise ValueError(f"nobody makes a {partner.kind}")


def fitted(furniture: Any) -> Fitted:
    """The sections of site.toml for that piece of furniture."""
    match furniture:
        case Cabinet():
            return cabinet(furniture)
        case ReadingRoom():
            return room(furniture)
        case LockerWall():
            return wall(furniture)
        case _:
            raise TypeError(f"nobody knows how to fit {furniture!r}")


def cabinet(made: Cabinet) -> Fitted:
    """A card reader, a door, and a tag reader for each shelf."""
    shelves = [
        {
            "name": name,
            "reader": reader_name(ShelfName(name)),
            "reference_tag": shelf.reference.uid,
            "capacity": made.capacity(name),
        }
        for name, shelf in made.shelves.items()
    ]
    station = {"name": CABINET, "kind": "cabinet", "card_reader": "card", "door": "door", "shelves": shelves}
    readers = {
        reader_name(ShelfName(name)): {"driver": made.reader_driver, "port": str(port)}
        for name, port in made.paths.readers.items()
    }
    return Fitted(
        (station,),
        {
            "card": card_reader(made),
            "door": {"driver": "gpio-door", "lock_pin": LOCK_PIN, "contact_pin": CONTACT_PIN, "pulse_ms": PULSE_MS},
            **readers,
        },
    )


def card_reader(made: Cabinet) -> Mapping[str, Any]:
    """The section of a cabinet's card reader."""
    if made.card_driver == "mfrc522":
        return {"driver": "mfrc522", "reset_pin": RESET_PIN}
    if made.paths.card is not None:
        return {"driver": made.card_driver, "port": str(made.paths.card)}
    return {"driver": made.card_driver, "d0_pin": D0_PIN, "d1_pin": D1_PIN}


def room(made: ReadingRoom) -> Fitted:
    """A door with a card reader outside and a button inside, a desk with a pad, a gate."""
    stations: tuple[dict[str, Any], ...] = (
        {
            "name": ROOM,
            "kind": "room",
            "seats": SEATS,
            "fire_release": "fire",
            "entrances": [
                {"door": "door-front", "card_reader": "card-front", "exit_button": "exit", "barrier": "barrier"}
            ],
        },
        {
            "name": DESK,
            "kind": "desk",
            "card_reader": "card-desk",
            "pad": "pad",
            "shelf": readingroom.SHELF,
            "capacity": made.capacity(readingroom.SHELF),
        },
        {"name": GATE, "kind": "gate", "readers": ["gate"]},
    )
    front, desk = readingroom.RESET_PINS
    return Fitted(
        stations,
        {
            "card-front": {"driver": "mfrc522", "reset_pin": front},
            "card-desk": {"driver": "mfrc522", "device": 1, "reset_pin": desk},
            "door-front": {
                "driver": "gpio-door",
                "lock_pin": readingroom.LOCK_PIN,
                "contact_pin": readingroom.CONTACT_PIN,
                "pulse_ms": PULSE_MS,
            },
            "exit": {"driver": "gpio-contact", "pin": readingroom.EXIT_PIN},
            "barrier": {"driver": "gpio-contact", "pin": readingroom.BARRIER_PIN},
            "fire": {"driver": "gpio-contact", "pin": readingroom.FIRE_PIN},
            "pad": {"driver": made.pad_driver, "port": str(made.paths.pad)},
            "gate": {"driver": made.gate_driver, "port": str(made.paths.gate)},
        },
    )


def wall(made: LockerWall) -> Fitted:
    """Compartments with a card reader and a scanner; a book drop whose bin couriers open by card."""
    stations: tuple[dict[str, Any], ...] = (
        {
            "name": LOCKER,
            "kind": "locker",
            "card_reader": "card-wall",
            "board": "locks",
            "compartments": len(made.latches),
            "scanner": "scanner",
        },
        {
            "name": DROP,
            "kind": "drop",
            "reader": "bin",
            "flap": "flap",
            "card_reader": "card-bin",
            "door": "door-bin",
            "shelf": lockerwall.BIN,
            "capacity": made.capacity(lockerwall.BIN),
        },
    )
    front, behind = lockerwall.RESET_PINS
    return Fitted(
        stations,
        {
            "card-wall": {"driver": "mfrc522", "reset_pin": front},
            "card-bin": {"driver": "mfrc522", "device": 1, "reset_pin": behind},
            "locks": {"driver": made.lock_driver, "port": str(made.paths.locks), "boards": [0]},
            "scanner": {"driver": "gm65", "port": str(made.paths.scanner)},
            "bin": {"driver": made.bin_driver, "port": str(made.paths.bin)},
            "flap": {"driver": "gpio-contact", "pin": lockerwall.FLAP_PIN},
            "door-bin": {
                "driver": "gpio-door",
                "lock_pin": lockerwall.LOCK_PIN,
                "contact_pin": lockerwall.CONTACT_PIN,
                "pulse_ms": PULSE_MS,
            },
        },
    )


def reader_name(shelf: ShelfName) -> str:
    """The device that reads a cabinet's shelf."""
    return f"shelf-{shelf.lower()}"
