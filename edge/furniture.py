"""The stations of a site as site.toml describes them: each kind with the devices it is made of. Values only."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from edge.hours import Hours
from protocol.names import DeviceName, ShelfName, StationName, TagUid

Doors = Annotated[tuple[DeviceName, ...], Field(min_length=1)]


class Section(BaseModel):
    """A part of site.toml: unknown keys stop the start."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Shelf(Section):
    """One shelf: a reader's field."""

    name: ShelfName
    reader: DeviceName
    reference_tag: TagUid | None = None
    """A tag fixed to the shelf: a count that doesn't see it is a reader's fault, not an empty shelf."""
    capacity: Annotated[int, Field(ge=1, le=2000)] = 60


class _Station(Section):
    name: StationName

    def uses(self) -> Mapping[DeviceName, str]:
        """The devices it needs, each with its kind (`edge.devices.registry.KINDS`)."""
        raise NotImplementedError  # each kind of station below says its own


class Cabinet(_Station):
    """Doors with shelves behind them."""

    kind: Literal["cabinet"]
    card_reader: DeviceName
    door: Doors
    """One, or several that all unlock together."""
    shelves: Annotated[tuple[Shelf, ...], Field(min_length=1)]
    scanner: DeviceName | None = None
    """Reads patrons' phones."""

    @field_validator("door", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    def uses(self) -> Mapping[DeviceName, str]:
        """Card reader, doors, tag readers, scanner."""
        doors = dict.fromkeys(self.door, "door")
        used = {self.card_reader: "card reader", **doors, **{s.reader: "tag reader" for s in self.shelves}}
        return used | ({self.scanner: "scanner"} if self.scanner else {})


class Entrance(Section):
    """One door of a room."""

    door: DeviceName
    card_reader: DeviceName
    scanner: DeviceName | None = None
    """Beside the card reader; reads patrons' phones."""
    exit_button: DeviceName | None = None
    """A contact that only tells that the button was pressed: the button itself cuts the lock's power."""
    barrier: DeviceName | None = None
    """A contact that is on while somebody passes: each is one person."""
    hours: Hours = Hours()


class Room(_Station):
    """A reading room behind card-locked doors."""

    kind: Literal["room"]
    entrances: Annotated[tuple[Entrance, ...], Field(min_length=1)]
    fire_release: DeviceName | None = None
    """A contact that is on while the fire alarm holds the doors open; it does so by wire."""
    seats: Annotated[int, Field(ge=1, le=1000)] | None = None
    """How many may be inside; None: nobody counts."""
    announce_min: Annotated[float, Field(gt=0, le=120)] = 10
    """Minutes before closing that the screen begins to say so."""
    stay_h: Annotated[float, Field(gt=0, le=24)] = 4
    """Hours after which somebody who came in counts as gone, where nothing sees people leave."""

    def uses(self) -> Mapping[DeviceName, str]:
        """Each entrance's devices, and the fire alarm's contact."""
        used: dict[DeviceName, str] = {}
        for entrance in self.entrances:
            used |= {entrance.door: "door", entrance.card_reader: "card reader"}
            used |= {entrance.scanner: "scanner"} if entrance.scanner else {}
            used |= {name: "contact" for name in (entrance.exit_button, entrance.barrier) if name}
        return used | ({self.fire_release: "contact"} if self.fire_release else {})


class Desk(_Station):
    """A pad to lay items on, and a card reader."""

    kind: Literal["desk"]
    card_reader: DeviceName
    pad: DeviceName
    scanner: DeviceName | None = None
    """Reads the barcodes of items whose tags fail, and patrons' phones."""
    shelf: ShelfName = ShelfName("room")
    """Where items are said to be that were returned here and are put on the open shelves."""
    capacity: Annotated[int, Field(ge=1, le=20_000)] = 500
    """Items the open shelves hold."""
    set_aside: bool = False
    """Items reserved for somebody are not lent to others (else they are, and flagged)."""

    def uses(self) -> Mapping[DeviceName, str]:
        """Card reader, pad, scanner."""
        used = {self.card_reader: "card reader", self.pad: "tag reader"}
        return used | ({self.scanner: "scanner"} if self.scanner else {})


class Gate(_Station):
    """Antennas at an exit."""

    kind: Literal["gate"]
    readers: Annotated[tuple[DeviceName, ...], Field(min_length=1)]
    quiet_s: Annotated[float, Field(gt=0, le=3600)] = 30
    """After an alarm, the same tag raises no other for so long."""
    reads: Annotated[int, Field(ge=1, le=20)] = 2
    """Times a tag must be seen by any of the readers within a second: one read may be noise."""

    def uses(self) -> Mapping[DeviceName, str]:
        """Its readers."""
        return dict.fromkeys(self.readers, "tag reader")


class Locker(_Station):
    """Compartments that open one by one."""

    kind: Literal["locker"]
    card_reader: DeviceName
    board: DeviceName
    compartments: Annotated[int, Field(ge=1, le=480)]
    """How many; they are called 1, 2, 3 … with as many digits as the last needs, after the board's locks."""
    out_of_use: tuple[Annotated[int, Field(ge=1)], ...] = ()
    scanner: DeviceName | None = None
    """Reads items' barcodes and patrons' phones."""
    pad: DeviceName | None = None
    """Reads items' tags where couriers load."""
    locked_min: Annotated[float, Field(gt=0, le=1440)] = 10
    """Minutes for which no code is taken after too many wrong ones."""

    def uses(self) -> Mapping[DeviceName, str]:
        """Card reader, board, scanner, pad."""
        used = {self.card_reader: "card reader", self.board: "locker board"}
        used |= {self.scanner: "scanner"} if self.scanner else {}
        return used | ({self.pad: "tag reader"} if self.pad else {})

    def names(self) -> Mapping[ShelfName, int]:
        """Each compartment in use and its lock."""
        width = len(str(self.compartments))
        numbers = (n for n in range(1, self.compartments + 1) if n not in self.out_of_use)
        return {ShelfName(f"{n:0{width}}"): n for n in numbers}


class Drop(_Station):
    """A slot that anybody puts items through."""

    kind: Literal["drop"]
    reader: DeviceName
    """Sees what lies in the bin, or what passes the slot."""
    flap: DeviceName | None = None
    """A contact that is on while the flap is open."""
    card_reader: DeviceName | None = None
    """The courier's, where the bin is emptied behind a lock."""
    door: DeviceName | None = None
    """That lock."""
    shelf: ShelfName = ShelfName("bin")
    capacity: Annotated[int, Field(ge=1, le=5000)] = 100

    def uses(self) -> Mapping[DeviceName, str]:
        """Tag reader, flap, and what the courier needs."""
        used = {self.reader: "tag reader"}
        used |= {self.flap: "contact"} if self.flap else {}
        used |= {self.card_reader: "card reader"} if self.card_reader else {}
        return used | ({self.door: "door"} if self.door else {})


Station = Annotated[Cabinet | Room | Desk | Gate | Locker | Drop, Field(discriminator="kind")]
