"""One typed settings object, read from site.toml once and handed down; nothing else reads files or environment.

Every key is explained line by line in deploy/edge/site.toml (a test holds the two together). Durations end in
their unit. Unknown keys and placeholder secrets stop the start.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError, field_validator, model_validator

from edge.contents import EVERY, Form
from edge.errors import SettingsWrong
from edge.furniture import Section, Station
from protocol.names import DeviceName, Isil, SiteId
from protocol.wording import complaints

Seconds = Annotated[float, Field(gt=0, le=86_400)]
Language = Literal["zh-CN", "en"]


class Broker(Section):
    """Where the hub's broker is and how the site proves who it is."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8883
    tls: bool = True
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    keepalive_s: Annotated[int, Field(ge=10, le=300)] = 45

    @model_validator(mode="after")
    def _safe(self) -> "Broker":
        if not self.tls and self.host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("without tls the broker must be on this machine (host 127.0.0.1)")
        if self.tls and not (self.ca_file and self.cert_file and self.key_file):
            raise ValueError("tls needs ca_file, cert_file and key_file")
        return self


class Delivery(Section):
    """Timers of the exchange with the hub (delivery.md); the defaults are the contract's."""

    retry_s: Seconds = 5
    retry_max_s: Seconds = 300
    window: Annotated[int, Field(ge=1, le=16)] = 4
    hello_s: Seconds = 900
    heartbeat_s: Seconds = 30
    hub_hello_spread_s: Annotated[float, Field(ge=0, le=3600)] = 300
    directory_s: Seconds = 300
    """How often the site asks for directory changes."""


class Storage(Section):
    """When the disk is too full, and how long confirmed events are kept."""

    free_floor_mb: Annotated[int, Field(ge=0)] = 200
    keep_days: Annotated[int, Field(ge=0)] = 30
    journal_cap_mb: Annotated[int, Field(ge=1)] = 500


class Timing(Section):
    """How long a visit waits for what."""

    settle_s: Seconds = 6
    """From laying items on a desk's pad until they are returned without a card."""
    session_s: Seconds = 30
    """From the last thing done at a desk until its visit ends."""
    lately_s: Seconds = 120
    """For so long, what was lent at a desk isn't returned by merely lying there again."""
    unlock_s: Seconds = 10
    """From unlocking until the visit ends because nobody opened the door."""
    held_warn_s: Seconds = 60
    """From opening until the screen asks to shut the door."""
    held_alarm_s: Seconds = 120
    """From opening until the hub is told."""
    debounce_ms: Annotated[int, Field(ge=1, le=1000)] = 50
    quiet_s: Seconds = 1.5
    """From the door's shutting until the first round: hands are out, the door doesn't spring open."""
    receipt_s: Seconds = 20
    refusal_s: Seconds = 8
    recount_s: Seconds = 3600
    """Between counts while nobody is there."""
    second_look_s: Seconds = 90
    """From a visit that took something, or left something undecided, to the count that looks again."""
    self_test_at: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "03:30"
    """The site's time at which stations try themselves, once a night."""
    retry_device_s: Seconds = 0.5
    retry_device_max_s: Seconds = 30


class Counting(Section):
    """How many rounds decide (edge.shelf)."""

    rounds: Annotated[int, Field(ge=2, le=50)] = 4
    """Rounds before anything is settled."""
    absent_rounds: Annotated[int, Field(ge=2, le=100)] = 8
    """Rounds that must miss a tag before it is gone."""
    max_rounds: Annotated[int, Field(ge=2, le=200)] = 16
    """Rounds after which what is still unclear is undecided."""
    max_failures: Annotated[int, Field(ge=1, le=50)] = 3
    """Failed rounds in a row after which the reader has failed."""
    self_test_percent: Annotated[int, Field(ge=1, le=100)] = 80
    """Of the tags it last knew, so many must a shelf's reader see, or it fails its self-test."""


class Tags(Section):
    """What is written on tags."""

    afi_in_stock: Annotated[int, Field(ge=0, le=255)] = 0x07
    """Gates alarm at it."""
    afi_on_loan: Annotated[int, Field(ge=0, le=255)] = 0xC2
    forms: Annotated[tuple[Form, ...], Field(min_length=1)] = EVERY
    """How tags here may be written; what is written otherwise is nobody's."""
    owner_of_unnamed: Isil | None = None
    """Whose the items are whose tags name no owner; None: nobody's that is known, so never our loan."""

    @model_validator(mode="after")
    def _different(self) -> "Tags":
        if self.afi_in_stock == self.afi_on_loan:
            raise ValueError("afi_in_stock and afi_on_loan are the same")
        return self


class Kiosk(Section):
    """The local page."""

    host: Literal["127.0.0.1", "::1"] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080


class Clock(Section):
    """Who vouches for the wall clock."""

    source: Literal["kernel", "host"] = "kernel"
    """kernel: the kernel's own synchronised flag; host: believed as it is (virtual machines, the demo)."""


class Settings(Section):
    """All of a site's settings."""

    site: SiteId
    name: dict[Language, str]
    data_dir: Path
    timezone: str = "Asia/Shanghai"
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = ("zh-CN", "en")
    fleet_salt: Annotated[str, Field(pattern=r"^[0-9a-f]{16,64}$")]
    """The library's own salt for card UIDs, hex; the same at every site."""
    site_key_file: Path
    """File of 64 hex digits, mode 0600: this site's key for card tags."""
    broker: Broker
    delivery: Delivery = Delivery()
    storage: Storage = Storage()
    timing: Timing = Timing()
    counting: Counting = Counting()
    tags: Tags = Tags()
    kiosk: Kiosk = Kiosk()
    clock: Clock = Clock()
    station: Annotated[tuple[Station, ...], Field(min_length=1)]
    device: dict[DeviceName, dict[str, Any]]
    """Each has `driver`, the rest is the driver's own (`edge.devices.registry`)."""

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"no time zone is called {value!r}") from None
        return value

    @model_validator(mode="after")
    def _whole(self) -> "Settings":
        if set(self.fleet_salt) == {"0"}:
            raise ValueError("fleet_salt is a placeholder; take the one the hub was set up with")
        names = [s.name for s in self.station]
        if len(set(names)) != len(names):
            raise ValueError("two stations have the same name")
        kinds: dict[DeviceName, str] = {}
        for station in self.station:
            for name, kind in station.uses().items():
                if name not in self.device:
                    raise ValueError(f"station {station.name} uses device {name}, which has no [device.{name}]")
                if kinds.setdefault(name, kind) != kind:
                    raise ValueError(f"device {name} is used as a {kinds[name]} and as a {kind}")
        for name, section in self.device.items():
            if not isinstance(section.get("driver"), str):
                raise ValueError(f'[device.{name}] needs driver = "…"')
        return self

    def devices(self) -> Mapping[DeviceName, str]:
        """Every device that a station uses, and its kind (`edge.devices.registry.KINDS`)."""
        return {name: kind for station in self.station for name, kind in station.uses().items()}

    def site_key(self) -> bytes:
        """This site's key, 32 bytes; raises SettingsWrong when its file isn't 64 hex digits."""
        try:
            key = bytes.fromhex(self.site_key_file.read_text().strip())
        except (OSError, ValueError) as wrong:
            raise SettingsWrong(f"site_key_file {self.site_key_file}: {wrong}") from None
        if len(key) != 32 or key == bytes(32):
            raise SettingsWrong(f"site_key_file {self.site_key_file}: must hold 64 hex digits, not all zero")
        return key


def load(path: Path) -> Settings:
    """The settings in `path`; raises SettingsWrong naming the file, the key and what is wrong with it."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as wrong:
        raise SettingsWrong(f"{path}: {wrong}") from None
    try:
        return Settings.model_validate(raw)
    except ValidationError as wrong:
        raise SettingsWrong(f"{path}: {complaints(wrong, 'site')}") from None
