"""What a station wants done: the effects its table returns, performed by the agent in their order."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.screen import View
from edge.stations.inputs import Timer
from protocol.envelope import Aside
from protocol.events import Fact
from protocol.names import DeviceName, ShelfName, TagUid


@dataclass(frozen=True, slots=True)
class Record:
    """Write the facts and the station's open visit and shelves, in one synced transaction."""

    facts: tuple[Fact, ...]
    aside: Aside | None = None
    """Key of the commitment in the first fact."""
    promise: bool = False
    """What follows tells the patron it is done: if this fails, the step never happened."""
    others: Mapping[TagUid, tuple[TagUid, ...]] = field(default_factory=dict)
    """Further tags of an item, by the one that its fact names: their security follows it."""


@dataclass(frozen=True, slots=True)
class Unlock:
    """Release the lock for its pulse."""

    door: DeviceName | None = None
    """Which, where the station has several."""


@dataclass(frozen=True, slots=True)
class Relock:
    """End the pulse."""

    door: DeviceName | None = None
    """Which; None: every door's."""


@dataclass(frozen=True, slots=True)
class ReadRound:
    """Run one read round of a shelf and report it under this count's number."""

    shelf: ShelfName
    count: int


@dataclass(frozen=True, slots=True)
class Identify:
    """Find out whose these tags are."""

    tags: tuple[TagUid, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """A shelf's count can't be trusted though its reader answers: report it as a failure."""

    shelf: ShelfName
    why: str


@dataclass(frozen=True, slots=True)
class Trust:
    """All shelves were counted well: what was doubted works again."""


@dataclass(frozen=True, slots=True)
class Show:
    """Put this on the screen."""

    view: View
    page: str = ""
    """Which of the station's pages, where it has several; "" is the one all see."""


@dataclass(frozen=True, slots=True)
class Remind:
    """Send TimedOut(timer) in `seconds`; an earlier one for the same timer is forgotten."""

    timer: Timer
    seconds: float
    door: DeviceName | None = None
    """Whose, where each door has its own."""


@dataclass(frozen=True, slots=True)
class Forget:
    """Don't send TimedOut(timer) after all."""

    timer: Timer
    door: DeviceName | None = None


@dataclass(frozen=True, slots=True)
class SetSecurity:
    """Make a tag say that its item is on loan, or in stock, and read it back; answered by SecurityTried."""

    tag: TagUid
    on_loan: bool


@dataclass(frozen=True, slots=True)
class ListLoans:
    """Find out what the visit's patron has on loan; answered by LoansKnown."""


@dataclass(frozen=True, slots=True)
class Release:
    """Release a compartment's lock, once; answered by LockTried with the same order."""

    shelf: ShelfName
    order: int


@dataclass(frozen=True, slots=True)
class CountBin:
    """Find out what is left in a drop's bin; answered by BinCounted."""


Effect = (
    CountBin
    | Record
    | Unlock
    | Relock
    | ReadRound
    | Identify
    | Doubt
    | Trust
    | Show
    | Remind
    | Forget
    | SetSecurity
    | ListLoans
    | Release
)
