"""In which order the events of one item happened, whichever order its sites were heard in.

Within a site the order is its epochs' and their places', never the clock's. Across sites it is corrected time: true
time of the boot where it ever saw a trusted clock. A boot that never did has only bounds: not before what the site did
before it, not after the hub heard of it, nor after what the site did next by a trusted clock; between these, what its
clock said. Corrected time must never contradict a site's own order, so each site's runs through a maximum. What is left
equal is decided by name.

The central library has no shelf reader: what staff scan there stands among the sites' events by its time, which is the
hub's own clock's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from protocol.events import Fact, ItemFact
from protocol.names import ClockTrust

ZERO = datetime(1970, 1, 1, tzinfo=UTC)
FAR = datetime(9000, 1, 1, tzinfo=UTC)
"""Moments outside ZERO..FAR are a broken clock's; they are moved to the nearer end so that any zone can show them."""
_MS = timedelta(milliseconds=1)

Offsets = Mapping[tuple[str, str], int]
"""(site, boot) -> milliseconds since 1970 at which the boot's monotonic clock stood at 0."""
Begun = Mapping[tuple[str, str], datetime]
"""(site, visit) -> when the visit was opened."""


LIBRARY = ""
"""The central library, where an event or what ended a loan names a site."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """A member of staff held the item at the central library."""

    out: bool
    """It leaves with a run; else it has come in."""


@dataclass(frozen=True, slots=True)
class Event:
    """One understood event that counts, as the ledger holds it; or a scan at the library."""

    site: str
    """LIBRARY for a scan."""
    ord: int
    """Of its epoch among the site's."""
    seq: int
    event_id: str
    boot: str
    up_ms: int
    at: datetime
    clock: ClockTrust
    received_at: datetime
    fact: Fact | Scanned


@dataclass(frozen=True, slots=True)
class Placed:
    """An event and when it happened."""

    event: Event
    when: datetime
    trusted: bool
    """`when` comes from a clock somebody vouched for."""


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """A trusted pair of one boot: monotonic milliseconds and the boot's offset. The smallest of a boot is taken."""

    up_ms: int
    offset_ms: int


def stamp(up_ms: int, at: datetime) -> Stamp:
    """The pair that an event with a synchronised clock vouches for."""
    return Stamp(up_ms, (at - ZERO) // _MS - up_ms)


def happened(site: str, boot: str, up_ms: int, at: datetime, offsets: Offsets) -> tuple[datetime, bool]:
    """Corrected time, and whether anybody vouches for it."""
    offset = offsets.get((site, boot))
    if offset is None:
        return bounded(at), False
    return ZERO + min(max(offset + up_ms, 0), (FAR - ZERO) // _MS) * _MS, True


def bounded(at: datetime) -> datetime:
    """`at` in UTC and whole milliseconds, as the ledger keeps moments, within ZERO..FAR."""
    within = min(max(at, ZERO), FAR).astimezone(UTC)
    return within.replace(microsecond=within.microsecond // 1000 * 1000)


def in_order(events: Iterable[Event], offsets: Offsets, begun: Begun | None = None) -> list[Placed]:
    """Events of one item (or visit, or tag) as they happened; the same for every order of `events`.

    A fact explained late happened in its visit, not when a later count explained it: by then the item may have been
    brought back somewhere else. It is placed where the visit was opened, the earliest it can have been.
    """
    newest: dict[str, datetime] = {}
    placed = []
    for event, told, trusted in _bounded_by_what_followed(sorted(events, key=_place), offsets):
        when = told
        visit = late_visit(event)
        if visit is not None and begun:
            when = min(when, begun.get(visit, when))
        before = newest.get(event.site)
        if before is not None and before > when:
            when = before
        newest[event.site] = when
        placed.append(Placed(event, when, trusted))
    return sorted(placed, key=lambda p: (p.when, *_place(p.event)))


def scan(number: int, at: datetime, out: bool) -> Placed:
    """The scan with this number, as an event."""
    event = Event(LIBRARY, 0, number, f"scan.{number}", "", 0, at, ClockTrust.SYNCED, at, Scanned(out))
    return Placed(event, at, True)


def with_scans(events: Iterable[Placed], scans: Iterable[Placed]) -> list[Placed]:
    """Both in the order they happened; `events` are in order among themselves, and stay so."""
    return sorted([*events, *scans], key=lambda p: (p.when, *_place(p.event)))


def _bounded_by_what_followed(events: list[Event], offsets: Offsets) -> list[tuple[Event, datetime, bool]]:
    """Each event (in its site's order) with its time; one that no clock vouches for not later than it can have been."""
    upto: dict[str, datetime] = {}
    found = []
    for event in reversed(events):
        when, trusted = happened(event.site, event.boot, event.up_ms, event.at, offsets)
        if trusted:
            upto[event.site] = when
        else:
            when = min(when, event.received_at, upto.get(event.site, when))
        found.append((event, when, trusted))
    return found[::-1]


def late_visit(event: Event) -> tuple[str, str] | None:
    """The visit, by site, in which an item fact explained late really happened; None for every other event."""
    fact = event.fact
    if isinstance(fact, ItemFact) and fact.late and fact.visit is not None:
        return event.site, fact.visit
    return None


def _place(event: Event) -> tuple[str, int, int]:
    return event.site, event.ord, event.seq
