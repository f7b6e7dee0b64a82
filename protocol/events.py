"""Every fact a site can report, in the past tense, as one closed union.

The envelope (identity, place, time) is separate: `protocol.envelope`. Change only by adding: a new fact, or a new
field with a default; a recorded message of every released form stays in tests/wire for ever. No fact names a
patron: `VisitOpened` carries a commitment whose key travels beside the event and can be erased.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from protocol.names import (
    BootId,
    Count,
    DeviceName,
    EpochId,
    Frozen,
    HoldId,
    Isil,
    ItemId,
    Moment,
    Seq,
    ShelfName,
    StationName,
    TagUid,
    VisitId,
)


class VisitKind(StrEnum):
    """What the card entitles its holder to do at the shelf."""

    BORROW = "borrow"
    """Take and bring items."""
    RETURN_ONLY = "return-only"
    """Bring items; anything taken is recorded and flagged."""
    RESTOCK = "restock"
    """A courier: differences are loaded and unloaded."""
    SERVICE = "service"
    """A cleaner or technician: the door only; differences belong to nobody."""
    ENTER = "enter"
    """Into a room: what is borrowed or brought there is a visit of the desk's."""
    DROP = "drop"
    """Somebody without a card brought items back."""
    COLLECT = "collect"
    """A patron fetches what is kept for them."""


class VisitOutcome(StrEnum):
    """How a visit ended."""

    SETTLED = "settled"
    """The shelf was counted and the difference explained."""
    NO_ENTRY = "no-entry"
    """The door was never opened; nothing was counted."""
    UNSETTLED = "unsettled"
    """The reader gave no trustworthy count; nothing was guessed."""


class RefusalReason(StrEnum):
    """Why a tap opened nothing; each has a text that says what the patron can do."""

    UNKNOWN_CARD = "unknown-card"
    BLOCKED = "blocked"
    LOST_CARD = "lost-card"
    EXPIRED = "expired"
    UNVERIFIABLE = "unverifiable"
    """The site's copy of the cards is too old to say."""
    UNREADABLE = "unreadable"
    """A card whose UID names nobody (random, or several at once)."""
    BUSY = "busy"
    """Another visit is open."""
    OUT_OF_ORDER = "out-of-order"
    """A device the visit needs has failed."""
    NO_STORAGE = "no-storage"
    """The site can't write down what would happen (rule E7)."""
    CLOSED = "closed"
    FULL = "full"
    """Every seat of the room is taken."""
    NOTHING_HERE = "nothing-here"
    """Nothing is kept here for this card or code."""
    TOO_OFTEN = "too-often"
    """Wrong codes were tried too often."""
    STALE_CODE = "stale-code"
    """A phone's code whose time is over, is to come, or that was used."""
    CODE_ELSEWHERE = "code-elsewhere"
    """A phone's code for another site."""
    CODE_UNTIMED = "code-untimed"
    """The site's clock can't be believed, so that no phone's code can be told from an old one."""
    STRANGE_CODE = "strange-code"
    """Some other text than a phone's code."""


class BorrowFlag(StrEnum):
    """Why a loan, though true, needs a second look: a hand can't be refused."""

    OVER_LIMIT = "over-limit"
    NOT_FOR_LOAN = "not-for-loan"
    HELD = "held"
    """Reserved for somebody else."""
    RETURN_ONLY = "return-only"
    """Taken in a visit that allowed returns only."""


class ForeignKind(StrEnum):
    """What a tag that is none of our items turned out to be."""

    OTHER_LIBRARY = "other-library"
    UNKNOWN_ITEM = "unknown-item"
    """Ours by its owner field, but the directory doesn't know it (yet)."""
    CARD = "card"
    """A patron's card, left on the shelf."""
    BLANK = "blank"
    DAMAGED = "damaged"
    """Content that no decoder vouches for."""


class ItemTrouble(StrEnum):
    """Why a desk did with an item not what the patron wanted."""

    INCOMPLETE = "incomplete"
    """Parts of a set are missing."""
    HELD = "held"
    REFERENCE = "reference"
    OVER_LIMIT = "over-limit"
    RETURN_ONLY = "return-only"
    """The card may not borrow now."""
    NOT_OURS = "not-ours"
    UNREADABLE = "unreadable"
    RENEWED_OFTEN = "renewed-often"
    """It was renewed as often as the rule allows."""
    WANTED = "wanted"
    """Somebody waits for it: no renewal."""
    STALE = "stale"
    """The site's directory is too old to renew by."""


class Stuck(StrEnum):
    """What is wrong with a compartment's door."""

    DID_NOT_OPEN = "did-not-open"
    LEFT_OPEN = "left-open"
    OPENED_ALONE = "opened-alone"
    """Nobody had asked for it."""
    UNSURE = "unsure"
    """The board didn't say whether it opened, and its contact doesn't tell."""


class Evidence(Frozen):
    """What the shelf reader saw of one tag: read rounds that saw it, of rounds run, before and after."""

    seen_before: Count = 0
    rounds_before: Count = 0
    seen_after: Count
    rounds_after: Count


class _StationFact(Frozen):
    station: StationName


class _VisitFact(_StationFact):
    visit: VisitId


class VisitOpened(_VisitFact):
    """A card was accepted, and the visit written down before the door was unlocked."""

    type: Literal["visit_opened"] = "visit_opened"
    kind: VisitKind
    who: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    """Commitment to the card's tag (`protocol.cards.commitment`)."""
    directory_version: Count = 0
    directory_age_s: Count | None = None
    """How old the site's copy of the directory was; None when it never had one."""


class VisitEnded(_VisitFact):
    """The visit is over; what it changed is in the facts committed with this one."""

    type: Literal["visit_ended"] = "visit_ended"
    outcome: VisitOutcome
    recovered: bool = False
    """The agent was restarted in the middle of it."""
    items: Count | None = None
    """Tags on the station's shelves after it, reference tags left out; None when not counted."""
    people: Count | None = None
    """People who went in, where something counts them; more than one shared the visit."""
    shared: bool | None = None
    """More went on than one card can be held to: another card during it, several people, a door held open."""


class CardRefused(_StationFact):
    """A card was tapped and the door stayed shut."""

    type: Literal["card_refused"] = "card_refused"
    reason: RefusalReason
    visit: VisitId | None = None
    """The visit that was open, when that was the reason."""


class _ItemFact(_StationFact):
    shelf: ShelfName
    tag: TagUid
    item: ItemId | None = None
    """None when the tag's content couldn't be read."""
    owner: Isil | None = None
    visit: VisitId | None = None
    evidence: Evidence
    late: bool = False
    """Explained by a later count with no visit between (reader back, power back): it happened in `visit`, earlier
    than the envelope says."""


class Borrowed(_ItemFact):
    """A patron's visit took the item off the shelf."""

    type: Literal["borrowed"] = "borrowed"
    visit: VisitId
    loan_days: Count
    due: date | None = None
    """The date the patron was shown; None when the site's clock couldn't be believed."""
    flags: tuple[BorrowFlag, ...] = ()


class Returned(_ItemFact):
    """A patron's visit put the item on the shelf, whoever had borrowed it."""

    type: Literal["returned"] = "returned"
    visit: VisitId


class BorrowReversed(_ItemFact):
    """An item recorded as borrowed was seen on the shelf again with no visit between: it was never taken."""

    type: Literal["borrow_reversed"] = "borrow_reversed"
    visit: VisitId
    """The visit the loan had been attributed to."""


class Undecided(_ItemFact):
    """The reader saw too much to say the item is gone, or too little to say it is there."""

    type: Literal["undecided"] = "undecided"
    was_present: bool


class UndecidedSettled(_ItemFact):
    """A later count showed that an undecided item had not moved after all."""

    type: Literal["undecided_settled"] = "undecided_settled"
    present: bool


class Missing(_ItemFact):
    """The item is no longer seen, and no patron's visit explains it. Never a loan."""

    type: Literal["missing"] = "missing"


class Found(_ItemFact):
    """The item is on the shelf, and no patron's visit explains it."""

    type: Literal["found"] = "found"
    first_count: bool = False
    """Seen in the station's very first count."""


class Moved(_ItemFact):
    """The item changed shelves within its station; nothing else about it changed."""

    type: Literal["moved"] = "moved"
    from_shelf: ShelfName


class Loaded(_ItemFact):
    """A courier put the item on the shelf, or into a compartment."""

    type: Literal["loaded"] = "loaded"
    visit: VisitId
    hold: HoldId | None = None
    """The reservation it is kept for there."""


class Unloaded(_ItemFact):
    """A courier took the item off the shelf."""

    type: Literal["unloaded"] = "unloaded"
    visit: VisitId


class ForeignFound(_ItemFact):
    """A tag that is none of our known items appeared on the shelf: accepted, belongs to nobody's loan."""

    type: Literal["foreign_found"] = "foreign_found"
    kind: ForeignKind


class ForeignGone(_ItemFact):
    """Such a tag is on the shelf no longer."""

    type: Literal["foreign_gone"] = "foreign_gone"
    kind: ForeignKind


class ShelfCounted(_StationFact):
    """A shelf was counted outside any visit (at start, on request, at night)."""

    type: Literal["shelf_counted"] = "shelf_counted"
    shelf: ShelfName
    rounds: Count
    present: Count
    undecided: Count


class CountedAnew(_StationFact):
    """The station counted all its shelves knowing nothing of before: a new site, or a journal that was lost.

    What was thought to stand here and isn't among the items found with this fact is gone, and nobody can say when.
    """

    type: Literal["counted_anew"] = "counted_anew"
    items: Count
    """Tags that are ours, on all shelves."""


class DoorOpened(_StationFact):
    """The contact says open, within a visit."""

    type: Literal["door_opened"] = "door_opened"
    visit: VisitId
    door: DeviceName | None = None


class DoorClosed(_StationFact):
    """The contact says shut and stayed so."""

    type: Literal["door_closed"] = "door_closed"
    visit: VisitId | None = None
    door: DeviceName | None = None


class DoorHeld(_StationFact):
    """The door was left open past the warning and the alarm."""

    type: Literal["door_held"] = "door_held"
    visit: VisitId | None = None
    open_s: Count
    door: DeviceName | None = None
    """Which, where the station has several; so in every fact about a door."""


class DoorForced(_StationFact):
    """The door opened without a visit; what happened behind it belongs to nobody."""

    type: Literal["door_forced"] = "door_forced"
    found_open: bool = False
    """It already stood open when the agent started."""
    door: DeviceName | None = None


class Renewed(_VisitFact):
    """A patron keeps an item longer; said at a desk."""

    type: Literal["renewed"] = "renewed"
    item: ItemId
    loan_days: Count
    """From today on."""
    due: date | None = None
    """The date the patron was shown; None when the site's clock couldn't be believed."""


class ItemRefused(_StationFact):
    """An item lay there, and what the patron wanted wasn't done with it."""

    type: Literal["item_refused"] = "item_refused"
    visit: VisitId | None = None
    tag: TagUid | None = None
    item: ItemId | None = None
    why: ItemTrouble


class SecurityOpen(_StationFact):
    """A tag's security couldn't be set as the loan has it; somebody must, and the station tries again when it can."""

    type: Literal["security_open"] = "security_open"
    tag: TagUid
    item: ItemId | None = None
    on_loan: bool
    """What it should say."""
    why: str


class SecuritySet(_StationFact):
    """A tag whose security was wrong says the truth now, read back."""

    type: Literal["security_set"] = "security_set"
    tag: TagUid
    item: ItemId | None = None
    on_loan: bool


class GateAlarmed(_StationFact):
    """An item went through the gate without a loan."""

    type: Literal["gate_alarmed"] = "gate_alarmed"
    tag: TagUid
    item: ItemId | None = None
    owner: Isil | None = None
    afi: Annotated[int, Field(ge=0, le=255)] | None = None
    """What its security said; None when it couldn't be read and the directory decided."""


class RoomLeft(_StationFact):
    """The room's door was opened from inside, by the exit button."""

    type: Literal["room_left"] = "room_left"
    door: DeviceName


class FireReleased(_StationFact):
    """The fire alarm has released the doors, or no longer does. The wire does it, not this program."""

    type: Literal["fire_released"] = "fire_released"
    released: bool


class CompartmentStuck(_StationFact):
    """A compartment of a locker can't be used; another one is."""

    type: Literal["compartment_stuck"] = "compartment_stuck"
    shelf: ShelfName
    """The compartment."""
    why: Stuck
    visit: VisitId | None = None


class CompartmentWorks(_StationFact):
    """It was seen to open and shut again."""

    type: Literal["compartment_works"] = "compartment_works"
    shelf: ShelfName


class Tested(Frozen):
    """One part in a self-test."""

    part: str
    """The device's name, or the shelf's."""
    ok: bool
    says: str
    """One line for people, in English."""


class SelfTested(_StationFact):
    """A station tried its locks, readers and reference tags while nobody was there."""

    type: Literal["self_tested"] = "self_tested"
    ok: bool
    parts: tuple[Tested, ...]


class DeviceFailed(Frozen):
    """A device no longer does its work; said once per outage."""

    type: Literal["device_failed"] = "device_failed"
    device: DeviceName
    driver: str
    why: str


class DeviceRecovered(Frozen):
    """The device works again."""

    type: Literal["device_recovered"] = "device_recovered"
    device: DeviceName
    driver: str
    out_s: Count


class AgentStarted(Frozen):
    """A process of the site's agent began; its envelope's boot names it."""

    type: Literal["agent_started"] = "agent_started"
    version: str
    open_visits: Count = 0
    """Visits found open in the journal: the last process died in the middle of them."""


class AgentStopped(Frozen):
    """The agent was asked to stop and did so in order."""

    type: Literal["agent_stopped"] = "agent_stopped"


class EpochReason(StrEnum):
    """Why a journal generation began."""

    NEW = "new"
    """No journal was there: a new site or a replaced card."""
    DAMAGED = "damaged"
    """The old file failed its check; what its digest vouched for was carried over."""
    REWOUND = "rewound"
    """The hub knows more than this journal holds: an old image was put back, or a card forgot."""
    DIVERGED = "diverged"
    """The hub's digest differs: two journals went on from one."""
    SWAPPED = "swapped"
    """The card held another site's journal, or has come back from another site with this one's."""


class EpochOpened(Frozen):
    """First event of every epoch (rule E6)."""

    type: Literal["epoch_opened"] = "epoch_opened"
    reason: EpochReason
    predecessor: EpochId | None = None
    predecessor_last: Seq | None = None
    carried: Count = 0
    """Events of the predecessor that follow this one with their own ids."""


class ClockSynced(Frozen):
    """The clock became trustworthy: this event's envelope pairs its boot's monotonic time with true time."""

    type: Literal["clock_synced"] = "clock_synced"
    stepped_ms: int
    """By how much the wall clock moved against monotonic time since the last look; positive is forward."""


class ClockJumped(Frozen):
    """The wall clock moved against monotonic time, for whatever reason."""

    type: Literal["clock_jumped"] = "clock_jumped"
    before: Moment
    after: Moment


class CommandSettled(Frozen):
    """What became of a command (rule of delivery.md section 6)."""

    type: Literal["command_settled"] = "command_settled"
    command: str
    verb: str
    outcome: Literal["done", "refused", "failed", "unknown"]
    why: str | None = None
    boot_issued: BootId | None = None


Fact = Annotated[
    VisitOpened
    | VisitEnded
    | CardRefused
    | Borrowed
    | Returned
    | BorrowReversed
    | Undecided
    | UndecidedSettled
    | Missing
    | Found
    | Moved
    | Loaded
    | Unloaded
    | ForeignFound
    | ForeignGone
    | ShelfCounted
    | CountedAnew
    | DoorOpened
    | DoorClosed
    | DoorHeld
    | DoorForced
    | Renewed
    | ItemRefused
    | SecurityOpen
    | SecuritySet
    | GateAlarmed
    | RoomLeft
    | FireReleased
    | CompartmentStuck
    | CompartmentWorks
    | SelfTested
    | DeviceFailed
    | DeviceRecovered
    | AgentStarted
    | AgentStopped
    | EpochOpened
    | ClockSynced
    | ClockJumped
    | CommandSettled,
    Field(discriminator="type"),
]

ItemFact = (
    Borrowed
    | Returned
    | BorrowReversed
    | Undecided
    | UndecidedSettled
    | Missing
    | Found
    | Moved
    | Loaded
    | Unloaded
    | ForeignFound
    | ForeignGone
)
"""The facts that say where an item is: these are folded, per item, into holdings and loans."""
