"""What can happen to a station: the inputs of its table. Values only; the agent makes them from devices and timers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from edge.access import Decision
from edge.circulation import Identity
from protocol.directory import Lending, Out
from protocol.envelope import Aside
from protocol.events import ForeignKind, Tested
from protocol.names import CardTag, DeviceName, HoldId, Isil, ItemId, ShelfName, TagUid, TitleId, VisitId


class Part(StrEnum):
    """What a station needs to serve patrons."""

    DOOR = "door"
    CARD = "card"
    READER = "reader"
    """Any of its shelves' readers."""
    SHELF = "shelf"
    """The readers answer, but a count of the shelf can't be trusted."""
    BOARD = "board"
    """The locks of a locker."""
    PAD = "pad"
    SCANNER = "scanner"
    SWITCH = "switch"
    """A button, a barrier, a flap, an alarm's contact."""
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
    SESSION = "session"
    """Nothing happened for long: the visit ends."""
    SETTLE = "settle"
    """What lies there has lain still for a moment."""
    LOCK = "lock"
    """The next of several locks."""
    EXIT = "exit"
    """An exit button was pressed a while ago."""
    LATELY = "lately"
    """What was lent or renewed a while ago is an item like any other again."""


@dataclass(frozen=True, slots=True)
class Started:
    """The agent is up and has tried every device once."""

    door_open: bool | None
    """None when the contact can't be read."""
    down: frozenset[Part] = frozenset()
    contacts: Mapping[DeviceName, bool | None] = field(default_factory=dict)
    """Every door's and switch's contact, where the station has several: open, or on."""
    out: frozenset[DeviceName] = frozenset()
    """The devices that don't answer."""
    compartments: Mapping[ShelfName, bool] = field(default_factory=dict)
    """A locker's, each open or not."""


@dataclass(frozen=True, slots=True)
class KeptItem:
    """An item on the shelf that is reserved, or for reading there only."""

    tag: TagUid
    item: ItemId | None
    lending: Lending


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
    device: DeviceName | None = None
    """The reader it was shown to."""
    kept: tuple[KeptItem, ...] = ()
    """What stands on the station's shelves and isn't for everybody to take."""


@dataclass(frozen=True, slots=True)
class DoorMoved:
    """The contact changed and stayed so for the debounce time."""

    open: bool
    door: DeviceName | None = None
    """Which, where the station has several."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button of the screen was pressed, or digits were typed."""

    what: str


@dataclass(frozen=True, slots=True)
class SwitchMoved:
    """A contact changed and stayed so for the debounce time."""

    switch: DeviceName
    on: bool


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
    door: DeviceName | None = None
    """Whose, where each door has its own."""


@dataclass(frozen=True, slots=True)
class PartDown:
    """A device, or the storage, failed."""

    part: Part
    device: DeviceName | None = None


@dataclass(frozen=True, slots=True)
class PartUp:
    """It works again."""

    part: Part
    door_open: bool | None = None
    """For the door, or a switch: what its contact says now."""
    device: DeviceName | None = None
    doors: Mapping[DeviceName, bool] = field(default_factory=dict)
    """Every door's contact, where the station has several."""
    compartments: Mapping[ShelfName, bool] = field(default_factory=dict)
    """A locker's, when its board is back."""


@dataclass(frozen=True, slots=True)
class RecountAsked:
    """Somebody entitled wants the shelves counted now."""


@dataclass(frozen=True, slots=True)
class MemoryDoubted:
    """The hub knows of things that this site's journal has lost: what the station remembers may be older than it."""


@dataclass(frozen=True, slots=True)
class Lying:
    """One tag that lies on a desk's pad, or an item whose barcode was scanned there, and what is known of it."""

    tag: TagUid
    item: ItemId | None = None
    owner: Isil | None = None
    foreign: ForeignKind | None = None
    lending: Lending = Lending.NORMAL
    lent: bool = False
    here: bool = False
    """It stood on this desk's open shelves, as far as the desk has seen it."""
    kept_for: tuple[CardTag, ...] = ()
    """Cards of patrons who wait for its title."""
    parts: int = 1
    part: int | None = 1
    """None: the tag doesn't say."""
    seen: int = 0
    rounds: int = 0
    """Both 0: scanned."""
    sure: bool = True
    """The newest round saw it, too: nobody has just lifted it."""
    visit: VisitId | None = None
    """A name for the visit that it may be returned in."""


@dataclass(frozen=True, slots=True)
class PadChanged:
    """What lies on the pad for sure, each tag identified; or something about it is known anew."""

    lying: tuple[Lying, ...]
    today: date | None
    writable: bool = True
    """Whether anything can be written down at all."""


@dataclass(frozen=True, slots=True)
class BinCounted:
    """What is left in a drop's bin; None: its reader can't say."""

    tags: frozenset[TagUid] | None


@dataclass(frozen=True, slots=True)
class CodeUnknown:
    """A barcode was scanned that is no item's here."""


@dataclass(frozen=True, slots=True)
class LoansKnown:
    """The loans of the visit's patron, for the list on the screen."""

    out: tuple[Out, ...] | None
    """None: the site isn't told."""
    renewals: int
    """How often each may be renewed."""
    loan_days: int
    fresh: bool
    """The directory is new enough to renew by."""
    today: date | None
    held: frozenset[ItemId] = frozenset()
    """Those that are reserved for somebody already."""
    allowed: bool = True
    """The card may borrow, and so renew."""


@dataclass(frozen=True, slots=True)
class SecurityTried:
    """A tag's security was to be set; `why` is None when it was, and read back."""

    tag: TagUid
    on_loan: bool
    why: str | None
    item: ItemId | None = None
    tell: bool = True
    """It is news: the first failure, or what settles one that was told."""


@dataclass(frozen=True, slots=True)
class Passed:
    """Something went through a gate that its keeper holds to be unlent."""

    tag: TagUid
    item: ItemId | None
    owner: Isil | None
    afi: int | None
    """None when it couldn't be read."""


@dataclass(frozen=True, slots=True)
class ClockRead:
    """What time it is at the site; told every minute, and before each tap."""

    local: datetime
    """As the clock has it, right or wrong."""
    trusted: bool
    """Somebody vouches for it."""
    passed_s: float = 0.0
    """Since it was last told, by the clock that only counts."""


@dataclass(frozen=True, slots=True)
class SelfTestAsked:
    """The station is to try itself while nobody is there."""

    parts: tuple[Tested, ...]
    """What has been tried already: all but what needs the station's own counting."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody waits for a title at this site."""

    hold: HoldId
    title_id: TitleId
    cards: tuple[CardTag, ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Who waits for what, and which day it is; told before whatever they matter for."""

    waiting: tuple[Waiting, ...]
    """Whoever has waited longest comes first."""
    today: date | None


@dataclass(frozen=True, slots=True)
class ItemShown:
    """A courier scanned an item's barcode, or laid it on the pad."""

    tag: TagUid | None
    item: ItemId | None
    """None: it is no item that is known here."""
    owner: Isil | None = None
    title_id: TitleId | None = None


@dataclass(frozen=True, slots=True)
class WrongCode:
    """Digits were typed that are nobody's code here, or while none is taken."""


@dataclass(frozen=True, slots=True)
class LockTried:
    """What a locker's board says of an order."""

    shelf: ShelfName
    order: int
    sure: bool | None
    """True: the lock was released, as the board says; False: surely not; None: nobody knows."""


@dataclass(frozen=True, slots=True)
class CompartmentMoved:
    """A compartment's door opened or shut for good."""

    shelf: ShelfName
    open: bool


Input = (
    Surroundings
    | BinCounted
    | MemoryDoubted
    | ItemShown
    | WrongCode
    | LockTried
    | CompartmentMoved
    | Pressed
    | PadChanged
    | CodeUnknown
    | LoansKnown
    | SecurityTried
    | Passed
    | SwitchMoved
    | Started
    | Tapped
    | DoorMoved
    | RoundDone
    | RoundFailed
    | Identified
    | TimedOut
    | PartDown
    | PartUp
    | RecountAsked
    | ClockRead
    | SelfTestAsked
)
