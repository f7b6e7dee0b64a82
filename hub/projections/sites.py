"""What is known of a site: whether it is online, what it has, and its visits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hub.projections.order import Placed
from protocol.events import (
    Borrowed,
    BorrowReversed,
    ForeignFound,
    ForeignGone,
    Loaded,
    Moved,
    Renewed,
    Returned,
    Undecided,
    Unloaded,
    VisitEnded,
    VisitOpened,
)

_OTHER = Loaded | Unloaded | ForeignFound | ForeignGone | BorrowReversed | Moved | Renewed


@dataclass(frozen=True, slots=True)
class Visited:
    """One row of the visit table, without site, visit and patron."""

    station: str
    kind: str | None = None
    opened_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: str | None = None
    recovered: bool = False
    time_trusted: bool = True
    borrowed: int = 0
    returned: int = 0
    undecided: int = 0
    other: int = 0


def online(heard_at: datetime | None, gone: bool, every_s: float, now: datetime, factor: float) -> bool:
    """Heard within `factor` heartbeat intervals, and its newest connection hasn't died since."""
    if heard_at is None or gone:
        return False
    return now - heard_at <= timedelta(seconds=factor * every_s)


def kinds(status: Mapping[str, Any] | None) -> frozenset[str]:
    """Which kinds of station a site has, by its newest heartbeat (`SiteState.status`); none while it told nothing."""
    return frozenset(station["kind"] for station in (status or {}).get("stations", ()))


def fold_visit(history: Iterable[Placed]) -> Visited | None:
    """One visit after its events (in order); None when none of them tells its station."""
    now = None
    for placed in history:
        fact = placed.event.fact
        station = getattr(fact, "station", None)
        if station is None:
            continue
        now = now or Visited(station=station)
        now = replace(now, time_trusted=now.time_trusted and placed.trusted)
        match fact:
            case VisitOpened():
                now = replace(now, station=station, kind=fact.kind, opened_at=placed.when)
            case VisitEnded():
                now = replace(now, outcome=fact.outcome, recovered=fact.recovered, ended_at=placed.when)
            case Borrowed():
                now = replace(now, borrowed=now.borrowed + 1)
            case Returned():
                now = replace(now, returned=now.returned + 1)
            case Undecided():
                now = replace(now, undecided=now.undecided + 1)
            case _ if isinstance(fact, _OTHER):
                now = replace(now, other=now.other + 1)
    return now
