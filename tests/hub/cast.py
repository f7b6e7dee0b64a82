"""The cast of the hub's tests: a library with two sites, and a site's journal as it would send it."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from hub.settings import Settings
from protocol.cards import card_secret, card_tag, commitment, site_key
from protocol.envelope import ZERO, Aside, Batch, BatchHead, Envelope, chain_all
from protocol.events import Borrowed, EpochOpened, Evidence, Fact, Found, Renewed, Returned, VisitEnded, VisitOpened
from protocol.hello import Hello, Versions
from protocol.names import CardTag, ClockTrust, SiteId
from protocol.status import StationStatus, Status

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
"""Midday in Beijing."""
HARBOUR, STATION = SiteId("harbour-bank"), SiteId("east-station")
MASTER = bytes(range(32))
SALT = bytes(range(8, 24))
UID = "04A1B2C3D4E5F6"
OWNER = "CN-110105001"
SEEN = Evidence(seen_before=4, rounds_before=4, seen_after=0, rounds_after=8)


def hex_id(*parts: object) -> str:
    """32 hex digits made of `parts`, always the same."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def settings_in(folder: Path, database_url: str = "", **more: Any) -> Settings:
    """Settings of a library that lives in `folder`."""
    key = folder / "master.key"
    key.write_text(MASTER.hex())
    return Settings(
        data_dir=folder,
        database_url=database_url,
        fleet_salt=SALT.hex(),
        master_key_file=key,
        owners=(OWNER,),
        broker={"tls": False, "port": 1883},
        **more,
    )


@cache
def tag_at(site: SiteId, uid: str = UID) -> CardTag:
    """What `site` calls the card with `uid`."""
    return card_tag(site_key(MASTER, site), card_secret(uid, SALT))


@dataclass
class Journal:
    """One epoch of one site's journal: facts go in, batches come out."""

    site: SiteId
    name: str = "first"
    boot: str = "b1"
    start: datetime = NOON
    clock: ClockTrust = ClockTrust.SYNCED
    bodies: list[bytes] = field(default_factory=list)
    asides: dict[str, Aside] = field(default_factory=dict)
    up_ms: int = 0
    base: int = 1

    @property
    def epoch(self) -> str:
        return hex_id(self.site, "epoch", self.name)

    @property
    def boot_id(self) -> str:
        return hex_id(self.site, "boot", self.boot)

    def write(self, *facts: Fact, minutes: float = 1, at: datetime | None = None) -> None:
        """Adds facts, all committed `minutes` after the last."""
        self.up_ms += int(minutes * 60_000)
        stamp = at or self.start + timedelta(milliseconds=self.up_ms)
        for fact in facts:
            seq = len(self.bodies) + 1
            event = Envelope(
                id=hex_id(self.site, self.name, seq),
                epoch=self.epoch,
                seq=seq,
                boot=self.boot_id,
                up_ms=self.up_ms,
                at=stamp,
                clock=self.clock,
                fact=fact,
            )
            self.bodies.append(event.wire())

    def open_visit(self, visit: str, uid: str = UID, kind: str = "borrow") -> None:
        """A tap; whose card it was goes beside the event."""
        salt, tag = hex_id(visit, "salt"), tag_at(self.site, uid)
        self.write(
            VisitOpened(station="cabinet-1", visit=hex_id(visit), kind=kind, who=commitment(bytes.fromhex(salt), tag))
        )
        self.asides[hex_id(self.site, self.name, len(self.bodies))] = Aside(salt=salt, card=tag)

    def visit(self, visit: str, *facts: Fact, uid: str = UID) -> None:
        """A whole visit with what it changed."""
        self.open_visit(visit, uid)
        self.write(*facts, VisitEnded(station="cabinet-1", visit=hex_id(visit), outcome="settled"))

    def batch(self, first: int = 1, count: int | None = None, req: int = 1) -> Batch:
        """Events from `first` on as they travel."""
        bodies = tuple(self.bodies[first - 1 :][:count])
        head = BatchHead(
            epoch=self.epoch,
            boot=self.boot_id,
            req=req,
            base=self.base,
            last=len(self.bodies),
            first=first,
            digest=self.digest(first - 1).hex(),
            asides=self.asides,
        )
        return Batch(head, bodies)

    def digest(self, seq: int) -> bytes:
        return chain_all(ZERO, self.bodies[:seq])

    def hello(self, stored: int = 0, connection: int = 1, **more: Any) -> Hello:
        return Hello(
            epoch=self.epoch,
            boot=more.get("boot", self.boot_id),
            connection=connection,
            req=1,
            base=self.base,
            last=len(self.bodies),
            stored=stored,
            digest=self.digest(stored).hex(),
            nonce=hex_id("nonce"),
            versions=Versions(agent="0.1.0", python="3.11", sqlite="3.40"),
            at=NOON,
            up_ms=0,
            clock=self.clock,
            free_mb=1000,
            ok=True,
        )


def status(
    journal: Journal, connection: int = 1, every_s: int = 30, stations: tuple[StationStatus, ...] = ()
) -> Status:
    """A heartbeat of the journal's boot."""
    return Status(
        boot=journal.boot_id,
        connection=connection,
        at=NOON,
        up_ms=1,
        clock="synced",
        every_s=every_s,
        stations=stations,
        devices=(),
        queue=0,
        last=1,
        directory_version=0,
        free_mb=100,
    )


def has(*kinds: str) -> tuple[StationStatus, ...]:
    """A station of each kind, waiting, for a heartbeat."""
    return tuple(StationStatus(station=f"{kind}-1", kind=kind, phase="idle") for kind in kinds)


def opened(predecessor: str | None = None, last: int | None = None, reason: str = "new") -> EpochOpened:
    return EpochOpened(reason=reason, predecessor=predecessor, predecessor_last=last)


def tag_of(item: str) -> str:
    return "E004" + hashlib.sha256(item.encode()).hexdigest()[:12].upper()


def of(fact: type[Fact], item: str, visit: str | None = None, /, **more: Any) -> Any:
    """An item fact, on shelf A of cabinet-1."""
    values = {"station": "cabinet-1", "shelf": "A", "tag": tag_of(item), "item": item, "evidence": SEEN} | more
    return fact.model_validate(values | ({"visit": hex_id(visit)} if visit else {}))


def found(item: str) -> Any:
    return of(Found, item)


def borrowed(item: str, visit: str, due: date | None = None, days: int = 28, **more: Any) -> Any:
    return of(Borrowed, item, visit, due=due, loan_days=days, **more)


def renewed(item: str, visit: str, due: date | None = None, days: int = 28) -> Any:
    return of(Renewed, item, visit, station="desk-1", due=due, loan_days=days)


def returned(item: str, visit: str) -> Any:
    return of(Returned, item, visit)


def carried(old: Journal, name: str, above: int, reason: str = "rewound") -> Journal:
    """A new epoch that carries what `old` holds above `above` on, with its own ids."""
    new = Journal(old.site, name, old.boot, old.start, old.clock, up_ms=old.up_ms)
    new.write(opened(old.epoch, len(old.bodies), reason))
    new.bodies += old.bodies[above:]
    new.asides = dict(old.asides)
    return new
