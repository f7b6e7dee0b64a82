"""What can happen to a station: the inputs of its table. Values only; the agent makes them from devices and timers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from edge.access import Decision
from edge.circulation import Identity
from protocol.envelope import Aside
from protocol.names import CardTag, ShelfName, TagUid, VisitId


class Part(StrEnum):
    """What a station needs to serve patrons."""

    DOOR = "door"
    CARD = "card"
    READER = "reader"
    """Any of its shelves' readers."""
    SHELF = "shelf"
    """The readers answer, but a count of the shelf can't be trusted."""
    STORAGE = "storage"


class Timer(StrEnum):
    """What a station can be reminded of."""

    UNLOCK = "unlock"
    HELD = "held"
    ALARM = "alarm"
    QUIET = "quiet"
    SCREEN = "screen"
    RECOUNT = "recount"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Started:
    """The agent is up and has tried every device once."""

    door_open: bool | None
    """None when the contact can't be read."""
    down: frozenset[Part] = frozenset()


@dataclass(frozen=True, slots=True)
class Tapped:
    """A card was presented, and `edge.access` has decided."""

    decision: Decision
    visit: VisitId
    """The name of the visit it may begin."""
    card: CardTag | None = None
    """None when its UID names nobody."""
    who: str | None = None
    """Commitment to the card; `aside` is its key."""
    aside: Aside | None = None
    directory_version: int = 0
    directory_age_s: int | None = None


@dataclass(frozen=True, slots=True)
class DoorMoved:
    """The contact changed and stayed so for the debounce time."""

    open: bool


@dataclass(frozen=True, slots=True)
class RoundDone:
    """A read round of one shelf, for the count it was asked for."""

    shelf: ShelfName
    count: int
    tags: frozenset[TagUid]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class RoundFailed:
    """A read round brought nothing but an error."""

    shelf: ShelfName
    count: int
    why: str


@dataclass(frozen=True, slots=True)
class Identified:
    """Whose the tags are that a count asked about."""

    count: int
    identities: Mapping[TagUid, Identity]
    today: date | None
    """None when the clock can't be believed."""


@dataclass(frozen=True, slots=True)
class TimedOut:
    """A timer ran out."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class PartDown:
    """A device, or the storage, failed."""

    part: Part


@dataclass(frozen=True, slots=True)
class PartUp:
    """It works again."""

    part: Part
    door_open: bool | None = None
    """For the door: what its contact says now."""


@dataclass(frozen=True, slots=True)
class RecountAsked:
    """Somebody entitled wants the shelves counted now."""


Input = (
    Started | Tapped | DoorMoved | RoundDone | RoundFailed | Identified | TimedOut | PartDown | PartUp | RecountAsked
)
