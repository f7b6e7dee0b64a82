"""What the agent asks of each kind of device. A driver is any class with these methods; there is no base class.

Every driver class also has `Options`, a frozen pydantic model of its section in site.toml, and is built with one.
Building touches nothing; `connect` opens. Methods block for as long as the wire needs (bounded by the driver's own
time-outs) and are called from one thread at a time. All raise DeviceGone or DeviceFault; after either, the caller
calls `close` and later `connect` again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel

from protocol.names import TagUid


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a card reader's field."""

    uid: str | None = None
    """The card's whole UID, upper-case hex, first byte on air first; None when there is none to be read."""
    several: bool = False
    """More than one card answered: none was read."""


@dataclass(frozen=True, slots=True)
class Round:
    """One inventory round of a tag reader."""

    tags: frozenset[TagUid]
    complete: bool = True
    """False when the reader said that more tags answered than it could tell apart or hold."""


@dataclass(frozen=True, slots=True)
class TagMemory:
    """What a tag holds."""

    dsfid: int
    afi: int | None
    block_size: int
    """Bytes in a block."""
    data: bytes
    """User memory from its first block, in tag order, as far as it was asked for and can be read."""
    pc: int | None = None
    """Protocol control word of a UHF tag (Gen2); None for a tag of ISO 15693."""
    epc: bytes = b""
    """What stands in a UHF tag's EPC bank behind it."""


class Device(Protocol):
    """What every device can do."""

    Options: ClassVar[type[BaseModel]]

    def __init__(self, options: Any) -> None: ...

    def connect(self) -> str:
        """Opens the device and makes sure it answers; returns what it says it is."""
        ...

    def close(self) -> None:
        """Lets go of the port or pins; never raises, may be called again, never touches other devices' pins."""
        ...


class CardReader(Device, Protocol):
    """Reads the card a patron holds to it."""

    def look(self) -> Look:
        """One short look (some 10 ms when the field is empty)."""
        ...


class TagReader(Device, Protocol):
    """Reads the tags on a shelf."""

    def round(self) -> Round:
        """One whole inventory of the field, every tag fresh: what was seen before doesn't hide it."""
        ...

    def read(self, tag: TagUid, size: int = 34) -> TagMemory:
        """`size` bytes of the tag's memory from its start, or in whole blocks a few more; fewer where it has fewer.

        Raises TagError.
        """
        ...

    def write_afi(self, tag: TagUid, afi: int) -> None:
        """Writes the tag's AFI and reads it back; raises TagError unless it then holds `afi`.

        On tags that keep the state of lending elsewhere, it is written there; `read` tells it as an AFI again.
        """
        ...


class TagWriter(TagReader, Protocol):
    """A tag reader that can also give a tag its content."""

    def write(self, tag: TagUid, data: bytes, block_size: int) -> None:
        """Writes `data`, whole blocks of `block_size` bytes, to where `read` begins. Nothing is read back.

        Raises TagError when a block can't be written; those before it may then hold what is new. Writing the same
        again does no harm, and is what the driver does where an answer was lost.
        """
        ...

    def write_dsfid(self, tag: TagUid, dsfid: int) -> None:
        """Writes the tag's DSFID and reads it back; raises TagError unless it then holds `dsfid`."""
        ...


class Door(Device, Protocol):
    """A lock and the contact that says whether the door is open."""

    def unlock(self) -> None:
        """Releases the lock for the pulse set in the options; returns at once."""
        ...

    def relock(self) -> None:
        """Ends a pulse that still runs."""
        ...

    def is_open(self) -> bool:
        """What the contact says now, not debounced."""
        ...


class LockerBoard(Device, Protocol):
    """A board with many locks, each with a contact at its door. Locks are counted from 1."""

    def unlock(self, lock: int) -> None:
        """Releases one lock once, by whatever pulse the board makes; returns when the board has said so.

        Raises UnlockUnsure when no answer came: it may have opened. Is never repeated by the driver.
        """
        ...

    def doors(self) -> Mapping[int, bool]:
        """Whether each door is open, by its lock's number; not debounced."""
        ...


class Scanner(Device, Protocol):
    """Reads printed codes: barcodes on books, QR codes on phones."""

    def scan(self) -> str | None:
        """The text of a code read since the last call, None when there is none; waits a tenth of a second at most.

        The same code held before the window is one reading, until it was away for two seconds.
        """
        ...


class Contact(Device, Protocol):
    """One switch: an exit button, a fire alarm's release, a light barrier, a tamper loop."""

    def is_on(self) -> bool:
        """Whether it is pressed, released, broken or open now, not debounced."""
        ...
