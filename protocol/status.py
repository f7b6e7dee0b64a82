"""A site's heartbeat: how it is right now. Presence and health, never the record; nothing here is kept for ever."""

from enum import StrEnum

from protocol.names import BootId, ClockTrust, Count, DeviceName, Frozen, Moment, Seq, ShelfName, StationName


class DoorState(StrEnum):
    """What the contact says."""

    SHUT = "shut"
    OPEN = "open"
    UNKNOWN = "unknown"


class DeviceState(StrEnum):
    """Whether a device does its work."""

    OK = "ok"
    FAILED = "failed"
    STARTING = "starting"


class ShelfStatus(Frozen):
    """One shelf, as last settled."""

    shelf: ShelfName
    present: Count
    undecided: Count = 0
    foreign: Count = 0
    capacity: Count


class StationStatus(Frozen):
    """One station."""

    station: StationName
    kind: str
    phase: str
    """The state of the station's table."""
    door: DoorState = DoorState.UNKNOWN
    shelves: tuple[ShelfStatus, ...] = ()
    last_visit_at: Moment | None = None
    people: Count | None = None
    """How many are in the room, as far as something counts them."""
    seats: Count | None = None
    out_of_order: str | None = None
    """Why patrons are turned away, when they are."""


class Alarm(StrEnum):
    """What nobody at the site can see and somebody must look at."""

    UNHEARD = "unheard"
    """There is a connection, and the hub doesn't answer."""
    LEDGERS = "two-ledgers"
    """Answers name one ledger, then another: two hubs are live."""
    STORAGE = "storage"
    """The journal can't be written."""
    JOURNAL_FULL = "journal-full"
    """The journal has reached its cap: nothing is lent."""


class DeviceStatus(Frozen):
    """One device."""

    device: DeviceName
    driver: str
    state: DeviceState
    detail: str = ""


class Status(Frozen):
    """Site to hub on `up/status`, every interval and when something changes."""

    v: int = 1
    boot: BootId
    connection: Count
    at: Moment
    up_ms: Count
    clock: ClockTrust
    every_s: Count
    """The site's heartbeat interval: two and a half of these without a word is offline."""
    stations: tuple[StationStatus, ...]
    devices: tuple[DeviceStatus, ...]
    queue: Count
    """Events the hub hasn't confirmed."""
    last: Seq
    directory_version: Count
    directory_age_s: Count | None = None
    free_mb: Count
    alarms: tuple[Alarm, ...] | None = None
    """None when there are none."""
