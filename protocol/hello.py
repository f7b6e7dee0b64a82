"""How both ends make themselves known: the site's hello, its will, and the hub's own hello (delivery.md section 2)."""

from typing import Annotated

from pydantic import Field

from protocol.names import BootId, ClockTrust, Count, DigestHex, EpochId, Frozen, LedgerId, Moment, Seq


class Versions(Frozen):
    """What runs at the site."""

    agent: str
    python: str
    sqlite: str
    protocol: int = 1


class Hello(Frozen):
    """Site to hub on `up/hello`: on connect, on the hub's hello, every 15 minutes, and until answered by a receipt."""

    v: int = 1
    epoch: EpochId
    boot: BootId
    connection: Count
    """Counts the boot's connections: a will is believed only for the newest one seen."""
    req: Count
    base: Seq
    last: Seq
    stored: Seq
    """What the site believes is stored."""
    digest: DigestHex
    """The chain's value at `stored`."""
    nonce: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    """Commands must name it; new with every connection."""
    versions: Versions
    at: Moment
    up_ms: Count
    clock: ClockTrust
    free_mb: Count
    ok: bool
    """Every device does its work."""


class Gone(Frozen):
    """The site's will on `up/gone`, left with the broker at connect."""

    v: int = 1
    epoch: EpochId
    boot: BootId
    connection: Count


class HubHello(Frozen):
    """Hub to all on `hub/hello`, at its start: sites answer with a hello after a random 0-300 s."""

    v: int = 1
    ledger: LedgerId
    at: Moment
    spread_s: Count = 300
    """Sites spread their answers over this many seconds."""
