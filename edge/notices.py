"""What the watches of devices, and the kiosk, tell the agent. Values only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge.devices.kinds import Look, Round, TagMemory
from protocol.names import DeviceName, ShelfName, StationName, TagUid


@dataclass(frozen=True, slots=True)
class Up:
    """The device answers."""

    device: DeviceName
    says: str
    door_open: bool | None = None
    on: bool | None = None
    """For a contact: what it says at first."""
    locks: Mapping[int, bool] | None = None
    """For a locker board: each door, by its lock's number, and whether it is open."""


@dataclass(frozen=True, slots=True)
class Down:
    """The device doesn't do its work; said once an outage."""

    device: DeviceName
    why: str


@dataclass(frozen=True, slots=True)
class CardShown:
    """A card was presented."""

    device: DeviceName
    look: Look


@dataclass(frozen=True, slots=True)
class ContactMoved:
    """The door's contact changed for good."""

    device: DeviceName
    open: bool


@dataclass(frozen=True, slots=True)
class CodeScanned:
    """A printed code, or one on a phone, was held before a scanner."""

    device: DeviceName
    text: str


@dataclass(frozen=True, slots=True)
class SwitchMoved:
    """A switch changed for good."""

    device: DeviceName
    on: bool


@dataclass(frozen=True, slots=True)
class RoundRun:
    """What a round brought: tags, or why not."""

    device: DeviceName
    shelf: ShelfName
    count: int
    round: Round | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class TagRead:
    """What a tag holds; None when it can't be read."""

    device: DeviceName
    tag: TagUid
    count: int
    memory: TagMemory | None


@dataclass(frozen=True, slots=True)
class AfiWritten:
    """What came of setting a tag's AFI; `why` is None when it now holds it."""

    device: DeviceName
    tag: TagUid
    afi: int
    why: str | None


@dataclass(frozen=True, slots=True)
class LockMoved:
    """The door of one of a board's locks opened or shut for good."""

    device: DeviceName
    lock: int
    open: bool


@dataclass(frozen=True, slots=True)
class LockDone:
    """The board has released the lock, as it says."""

    device: DeviceName
    lock: int
    order: int
    """Which order this answers."""


@dataclass(frozen=True, slots=True)
class LockUnsure:
    """The lock may have been released; nobody said so."""

    device: DeviceName
    lock: int
    order: int
    why: str


@dataclass(frozen=True, slots=True)
class LockFailed:
    """The lock surely wasn't released."""

    device: DeviceName
    lock: int
    order: int
    why: str


@dataclass(frozen=True, slots=True)
class ButtonPressed:
    """Somebody pressed a button of a station's screen, or typed digits there; no device's."""

    station: StationName
    what: str


Notice = (
    Up
    | Down
    | CardShown
    | ContactMoved
    | CodeScanned
    | SwitchMoved
    | RoundRun
    | TagRead
    | AfiWritten
    | LockMoved
    | LockDone
    | LockUnsure
    | LockFailed
    | ButtonPressed
)
Put = Callable[[Notice], None]
