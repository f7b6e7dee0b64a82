"""Identifiers and the few value types every message is built from.

Each identifier is its own type, so that a tag can't be passed where an item is meant. The patterns are what
goes on the wire; a value that doesn't fit is a validation error naming the field.
"""

from enum import StrEnum
from typing import Annotated, NewType, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

HEX_ID = r"^[0-9a-f]{32}$"

SiteId = NewType("SiteId", Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")])
"""A place at a partner; also the user name and client id at the broker."""
StationName = NewType("StationName", Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")])
"""One thing a patron uses at a site, unique within the site."""
ShelfName = NewType("ShelfName", Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,16}$")])
"""One shelf of a station, unique within the station."""
DeviceName = NewType("DeviceName", Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")])
"""One device in a site's settings, unique within the site."""
TitleId = NewType("TitleId", Annotated[str, StringConstraints(min_length=1, max_length=64)])
"""A work."""
ItemId = NewType("ItemId", Annotated[str, StringConstraints(pattern=r"^[!-~]{1,64}$")])
"""One physical copy: its barcode, without blanks (ISO 28560 primary item identifier)."""
TagUid = NewType("TagUid", Annotated[str, StringConstraints(pattern=r"^[0-9A-F]{8,32}$")])
"""A tag's own identifier, upper-case hex, most significant byte first (ISO 15693: E0, maker, serial)."""
Isil = NewType("Isil", Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,4}-[A-Za-z0-9/:-]{1,11}$")])
"""An owning institution, ISO 15511."""
CardTag = NewType("CardTag", Annotated[str, StringConstraints(pattern=HEX_ID)])
"""What one site knows of a card: see `protocol.cards`. Never the card's UID."""
GroupName = NewType("GroupName", Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")])
"""A group of patrons lent to under the same rule."""
EventId = NewType("EventId", Annotated[str, StringConstraints(pattern=HEX_ID)])
"""128 random bits made with a fact; its identity for ever."""
EpochId = NewType("EpochId", Annotated[str, StringConstraints(pattern=HEX_ID)])
"""128 random bits made with a journal generation."""
BootId = NewType("BootId", Annotated[str, StringConstraints(pattern=HEX_ID)])
"""128 random bits made with each start of the agent's process."""
VisitId = NewType("VisitId", Annotated[str, StringConstraints(pattern=HEX_ID)])
"""128 random bits made with a visit (tap to settled shelf)."""
HoldId = NewType("HoldId", Annotated[str, StringConstraints(pattern=r"^[!-~]{1,32}$")])
"""A reservation, by the hub's number of it."""
LedgerId = NewType("LedgerId", Annotated[str, StringConstraints(pattern=HEX_ID)])
"""128 random bits made with the hub's ledger, and anew when an operator restores one."""
DigestHex = NewType("DigestHex", Annotated[str, StringConstraints(pattern=HEX_ID)])
"""A running digest (see `protocol.envelope.chain`), hex."""

Seq = Annotated[int, Field(ge=0, le=2**53)]
"""A place in an epoch: 1, 2, 3 … dense. 0 stands before the first."""
Count = Annotated[int, Field(ge=0, le=2**53)]
Moment = Annotated[AwareDatetime, Field(description="wall time, always with its zone")]


class ClockTrust(StrEnum):
    """How far a wall time can be believed."""

    SYNCED = "synced"
    """The clock was disciplined by a time source when it was read."""
    HELD = "held"
    """It was synchronised earlier in this boot and has run free since."""
    UNSYNCED = "unsynced"
    """Nobody has told this clock the time since boot; it may be days behind."""


class Frozen(BaseModel):
    """Base of every message: immutable, unknown fields ignored so that a newer sender is understood."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def wire(self) -> bytes:
        """The message as UTF-8 JSON on one line, fields that say nothing left out."""
        return self.model_dump_json(exclude_none=True).encode()


class Malformed(ValueError):
    """A message that can't be read: `what` it was meant to be and `why` it isn't."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}")
        self.what = what
        self.why = why


_Message = TypeVar("_Message", bound=Frozen)


def read_message(kind: type[_Message], payload: bytes) -> _Message:
    """The message of `kind` in `payload`; raises Malformed naming the first field that doesn't fit."""
    try:
        return kind.model_validate_json(payload)
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "message"
        raise Malformed(kind.__name__.lower(), f"{where}: {first['msg']}") from None
