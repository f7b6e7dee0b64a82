"""One typed settings object, read from hub.toml and the environment once and handed down; nobody else reads either.

Every key is explained line by line in deploy/hub/hub.toml (a test holds the two together). MICROLIB_HUB_* in the
environment wins over the file; `__` steps into a section (MICROLIB_HUB_BROKER__HOST). Durations end in their unit.
Unknown keys and placeholder secrets stop the start.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from hub.errors import SettingsWrong
from hub.shards import Shards
from protocol.names import Isil
from protocol.wording import complaints

ENV_PREFIX = "MICROLIB_HUB_"
Language = Literal["zh-CN", "en"]
ItemField = Annotated[str, Field(pattern=r"^[0-9A-Z]{3} [a-z0-9]( [a-z0-9]+)?$")]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
LOOPBACK = ("127.0.0.1", "::1", "localhost")
PLACEHOLDERS = ("changeme", "change-me", "change me", "secret", "placeholder", "replace-me", "example", "<")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Broker(_Section):
    """Where the MQTT broker is and how the hub proves who it is."""

    host: str = "127.0.0.1"
    """Name or address of the broker."""
    port: Annotated[int, Field(ge=1, le=65535)] = 8883
    """Its port: 8883 with TLS by custom."""
    tls: bool = True
    """Encrypt, and prove both ends by certificates. May only be false when the broker is on this machine."""
    ca_file: Path | None = None
    """Certificate of the authority that signed the broker's certificate."""
    cert_file: Path | None = None
    """The hub's own certificate."""
    key_file: Path | None = None
    """The key to it; readable by the hub alone."""
    client_id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")] = "hub"
    """What the hub calls itself at the broker. No site may have this name."""
    keepalive_s: Annotated[int, Field(ge=10, le=300)] = 30
    """How long the connection may be silent before a ping."""

    @model_validator(mode="after")
    def _safe(self) -> "Broker":
        if not self.tls and self.host not in LOOPBACK:
            raise ValueError("without tls the broker must be on this machine (host 127.0.0.1)")
        if self.tls and not (self.ca_file and self.cert_file and self.key_file):
            raise ValueError("tls needs ca_file, cert_file and key_file")
        return self


class Listen(_Section):
    """Where the pages and the API are served."""

    host: str = "127.0.0.1"
    """Address to listen at; leave it on this machine and put a TLS proxy before it."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """Port to listen at; 0 takes any free one."""
    behind_proxy: bool = False
    """A TLS proxy stands before the hub: cookies are sent over https only, and its forwarded headers are believed."""


class Ingest(_Section):
    """How events are taken in."""

    group_batches: Annotated[int, Field(ge=1, le=1024)] = 64
    """Batches written in one commit, at most."""
    group_ms: Annotated[int, Field(ge=0, le=1000)] = 20
    """How long a commit may wait for more batches while they keep coming."""
    shards: str = "all"
    """Which sites' messages this process takes in: all, none (pages only), or shards like 00-7f (hub.shards)."""
    queue_messages: Annotated[int, Field(ge=1, le=1_000_000)] = 5000
    """Messages waiting to be taken in; the newest beyond this are dropped and counted, and sites send them again."""
    hello_spread_s: Annotated[int, Field(ge=0, le=3600)] = 300
    """Sites spread their answers to a starting hub over this many seconds."""
    offline_factor: Annotated[float, Field(ge=1, le=100)] = 2.5
    """Heartbeat intervals of silence after which a site is shown as offline."""

    @field_validator("shards")
    @classmethod
    def _shards(cls, value: str) -> str:
        return str(Shards.read(value))


class Keeping(_Section):
    """Backups: each is restored somewhere else and checked before it counts."""

    folder: Path | None = None
    """Where they go; another disk than the database's. Empty is data_dir/backups."""
    every_hours: Annotated[float, Field(ge=0, le=24 * 30)] = 24
    """Hours between two; 0 makes none but by `microlib-hub backup`."""
    keep: Annotated[int, Field(ge=2, le=10_000)] = 14
    """How many are kept. Sites forget only what the second newest holds, so never fewer than two."""


class Marc(_Section):
    """How records of other catalogues are read. An item field: its tag, the barcode's subfield, the shelf mark's."""

    id_prefix: Annotated[str, Field(max_length=24)] = ""
    """Put before a record's number (001) to make the title's id; "003": the record's own 003 and a colon."""
    marc_items: tuple[ItemField, ...] = ("852 p hi", "949 i a")
    """Fields of MARC21 that tell of copies; the first that a record has is taken."""
    unimarc_items: tuple[ItemField, ...] = ("905 b de", "930 b a")
    """The same for UNIMARC and CNMARC."""


class Sessions(_Section):
    """How long a login holds."""

    hours: Annotated[int, Field(ge=1, le=24 * 30)] = 12
    """Hours after which staff must log in again."""


class Runs(_Section):
    """Delivery runs: where they start, how fast they are, and what their papers are printed with."""

    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    """Of the library that runs start from, WGS84. Without it stops come in the order of their names."""
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    """The same."""
    speed_kmh: Annotated[float, Field(ge=1, le=200)] = 25
    """Of the van through the city."""
    detour: Annotated[float, Field(ge=1, le=5)] = 1.4
    """How much longer ways are than the straight line."""
    minutes_at_stop: Annotated[int, Field(ge=0, le=480)] = 15
    """Of work at a site."""
    font: Path | None = None
    """A TrueType or OpenType font with Chinese, for papers; None: one of the usual, such as Debian's fonts-noto-cjk."""


class Settings(BaseSettings):
    """All of the hub's settings."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        use_attribute_docstrings=True,
        validate_default=True,
    )

    data_dir: Path = Path("data")
    """Folder of the database file (SQLite) and of the record of promises; the hub must own it."""
    database_url: str = ""
    """sqlite:///absolute/path or postgresql+psycopg://name:password@host/database; empty is data_dir/hub.sqlite3."""
    fleet_salt: Annotated[str, Field(pattern=r"^[0-9a-f]{16,64}$")]
    """The library's own salt for card UIDs, hex; the same at every site, never changed once cards are imported."""
    master_key_file: Path
    """File of 64 hex digits, mode 0600, from which every site's key for card tags is derived."""
    owners: Annotated[tuple[Isil, ...], Field(min_length=1)]
    """ISIL of every institution whose items are ours."""
    phone_codes: bool = False
    """Patrons may show a code on their phone instead of a card; sites are told a key for each card then."""
    timezone: str = "Asia/Shanghai"
    """The library's own zone: due dates and pages are in it."""
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = ("zh-CN", "en")
    """Languages of the pages, the first is the default."""
    broker: Broker
    """Section [broker]."""
    listen: Listen = Listen()
    """Section [listen]."""
    ingest: Ingest = Ingest()
    """Section [ingest]."""
    backup: Keeping = Keeping()
    """Section [backup]."""
    marc: Marc = Marc()
    """Section [marc]."""
    runs: Runs = Runs()
    """Section [runs]."""
    sessions: Sessions = Sessions()
    """Section [sessions]."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then what `load` read from the file; no .env files, no secrets folder."""
        return env_settings, init_settings

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"no time zone is called {value!r}") from None
        return value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if not value:
            return value
        try:
            url = make_url(value)
        except ArgumentError:
            raise ValueError("is no database address; see hub.toml for the two forms") from None
        if url.drivername not in ("sqlite", "postgresql+psycopg"):
            raise ValueError(f"begins with sqlite:/// or postgresql+psycopg://, not {url.drivername}://")
        if url.password is not None and _placeholder(str(url.password)):
            raise ValueError("holds a placeholder password; put the database's own there")
        return value

    @model_validator(mode="after")
    def _whole(self) -> "Settings":
        if set(self.fleet_salt) == {"0"}:
            raise ValueError("fleet_salt is a placeholder; make one with: openssl rand -hex 16")
        if len(self.fleet_salt) % 2:
            raise ValueError("fleet_salt needs an even number of hex digits")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The library's zone."""
        return ZoneInfo(self.timezone)

    @property
    def url(self) -> str:
        """The database's address, the default filled in."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'hub.sqlite3').resolve()}"

    @property
    def backup_folder(self) -> Path:
        """Where backups go, the default filled in."""
        return self.backup.folder or self.data_dir / "backups"

    @property
    def promise_file(self) -> Path:
        """Where the highest `archived` ever told is kept, beside the database (rule H9)."""
        return self.data_dir / "promise.json"

    @property
    def salt(self) -> bytes:
        """`fleet_salt` as bytes."""
        return bytes.fromhex(self.fleet_salt)

    def master_key(self) -> bytes:
        """32 bytes; raises SettingsWrong when `master_key_file` holds anything but 64 hex digits."""
        return read_key(self.master_key_file, "master_key_file")


def read_key(path: Path, name: str) -> bytes:
    """32 bytes from a file of 64 hex digits; raises SettingsWrong naming the setting `name`."""
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as wrong:
        raise SettingsWrong(f"{name} {path}: {wrong}") from None
    if len(key) != 32 or len(set(key)) == 1:
        raise SettingsWrong(f"{name} {path}: must hold 64 hex digits, not a placeholder (openssl rand -hex 32)")
    return key


def load(path: Path | None, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the file (None: environment alone); raises SettingsWrong naming file, key and what is wrong."""
    where = str(path) if path else "environment"
    raw: dict[str, Any] = {}
    if path:
        try:
            raw = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as wrong:
            raise SettingsWrong(f"{path}: {wrong}") from None
    _refuse_unknown_environment(os.environ if environ is None else environ)
    try:
        return Settings(**raw)
    except ValidationError as wrong:
        raise SettingsWrong(f"{where}: {complaints(wrong, 'hub')}") from None


def _refuse_unknown_environment(environ: Mapping[str, str]) -> None:
    known = {name.upper() for name in Settings.model_fields}
    for key in sorted(environ):
        if key.startswith(ENV_PREFIX) and key.removeprefix(ENV_PREFIX).split("__")[0] not in known:
            raise SettingsWrong(f"environment: {key} names no setting")


def _placeholder(value: str) -> bool:
    return any(mark in value.lower() for mark in PLACEHOLDERS)
