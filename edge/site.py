"""What all stations of a site share: settings, key, clock, journal, directory and health."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from edge.clock import Clock
from edge.directory import Mirror
from edge.health import Health
from edge.journal import Journal
from edge.loans import Loans
from edge.phones import Phones
from edge.settings import Settings
from protocol.cards import card_secret
from protocol.names import ClockTrust

LAST_PART = 4
"""Below this part of the floor not even returns begin: the floor of the floor."""


@dataclass
class Site:
    """What all stations of a site share."""

    settings: Settings
    key: bytes
    clock: Clock
    journal: Journal
    mirror: Mirror
    health: Health
    random: Callable[[int], bytes]
    free_mb: Callable[[], int]
    secret: Callable[[str, bytes], bytes] = card_secret
    storage_ok: bool = True
    loans: Loans = field(init=False)
    phones: Phones = field(init=False)

    def __post_init__(self) -> None:
        desks = frozenset(station.name for station in self.settings.station if station.kind == "desk")
        self.loans = Loans(self.journal, self.mirror, desks)
        self.phones = Phones(self.settings.site, self.journal, self.mirror, self.clock)

    def local(self) -> datetime | None:
        """The time at the site; None while nobody vouches for the clock."""
        return None if self.clock.stamp().clock is ClockTrust.UNSYNCED else self.here()

    def here(self) -> datetime:
        """The time at the site as its clock has it, right or wrong."""
        return self.clock.stamp().at.astimezone(ZoneInfo(self.settings.timezone))

    @property
    def has_pads(self) -> bool:
        """Some station here reads single tags, and so must know what was lent here and which tags say otherwise."""
        return any(station.kind in ("desk", "gate") for station in self.settings.station)

    def today(self) -> date | None:
        """The date at the site; None while nobody vouches for the clock."""
        now = self.local()
        return None if now is None else now.date()

    def directory_age_s(self) -> int | None:
        """How old the directory is; None when it can't be told."""
        age = self.mirror.age_s(self.clock.stamp())
        return None if age is None else max(0, int(age))

    def writable(self) -> bool:
        """Whether any visit may begin: its events will find room."""
        return self.storage_ok and self.free_mb() >= self.settings.storage.free_floor_mb // LAST_PART

    def roomy(self) -> bool:
        """Whether a visit may borrow (rules E5 and E7): neither the disk nor the journal nears its end."""
        return not self.journal.full and self.free_mb() >= self.settings.storage.free_floor_mb
