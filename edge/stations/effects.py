"""What a station wants done: the effects its table returns, performed by the agent in their order."""

from dataclasses import dataclass

from edge.screen import View
from edge.stations.inputs import Timer
from protocol.envelope import Aside
from protocol.events import Fact
from protocol.names import ShelfName, TagUid


@dataclass(frozen=True, slots=True)
class Record:
    """Write the facts and the station's open visit and shelves, in one synced transaction."""

    facts: tuple[Fact, ...]
    aside: Aside | None = None
    """Key of the commitment in the first fact."""
    promise: bool = False
    """What follows tells the patron it is done: if this fails, the step never happened."""


@dataclass(frozen=True, slots=True)
class Unlock:
    """Release the lock for its pulse."""


@dataclass(frozen=True, slots=True)
class Relock:
    """End the pulse."""


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


@dataclass(frozen=True, slots=True)
class Remind:
    """Send TimedOut(timer) in `seconds`; an earlier one for the same timer is forgotten."""

    timer: Timer
    seconds: float


@dataclass(frozen=True, slots=True)
class Forget:
    """Don't send TimedOut(timer) after all."""

    timer: Timer


Effect = Record | Unlock | Relock | ReadRound | Identify | Doubt | Trust | Show | Remind | Forget
