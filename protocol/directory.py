"""What sites must know of cards, items and rules, and how they ask for it.

The hub numbers every change; a site asks "since v" and gets pages, and a new site gets everything the same way. A
record is known by its kind and key; the newest version of it wins. No names of patrons travel, and no UIDs.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from protocol.names import (
    HEX_ID,
    BootId,
    CardTag,
    Count,
    Frozen,
    GroupName,
    HoldId,
    Isil,
    ItemId,
    Moment,
    TagUid,
    TitleId,
)


class CardClass(StrEnum):
    """What a card is for."""

    PATRON = "patron"
    COURIER = "courier"
    SERVICE = "service"


class Block(StrEnum):
    """Why a card may not borrow."""

    BLOCKED = "blocked"
    LOST = "lost"


class Lending(StrEnum):
    """Whether an item may leave the shelf."""

    NORMAL = "normal"
    REFERENCE = "reference"
    HELD = "held"
    """Reserved for a patron who is to collect it."""


class Out(Frozen):
    """One item that a card's patron has out, for a desk's list of loans."""

    item: ItemId
    due: date
    renewals: Count = 0
    wanted: bool = False
    """Somebody waits for it."""


class CardEntry(Frozen):
    """One card; key is `tag`."""

    kind: Literal["card"] = "card"
    tag: CardTag
    klass: CardClass = CardClass.PATRON
    group: GroupName
    until: date | None = None
    """Last day it is valid."""
    block: Block | None = None
    loans: Count = 0
    """Items its patron has out, as the hub knew when it wrote this."""
    out: tuple[Out, ...] | None = None
    """Which they are; only sites with a desk are told."""
    phone: Annotated[str, Field(pattern=HEX_ID)] | None = None
    """The key that its codes on a phone are made with, this site's own (`protocol.phone`); None: it has none."""


class ItemEntry(Frozen):
    """One item of ours; key is `item`."""

    kind: Literal["item"] = "item"
    item: ItemId
    tag: TagUid | None = None
    title_id: TitleId | None = None
    title: str
    author: str = ""
    lending: Lending = Lending.NORMAL
    lent: bool = False
    """On loan, as the hub knew when it wrote this: a gate asks where a tag doesn't tell."""
    parts: Annotated[int, Field(ge=1)] = 1
    """Tags that belong to it: a set is lent and returned whole."""


class RuleEntry(Frozen):
    """How a group of patrons is lent to; key is `group`."""

    kind: Literal["rule"] = "rule"
    group: GroupName
    loan_days: Count
    limit: Count
    """Items out at once."""
    renewals: Count = 0
    """How often a loan may be renewed."""


class PolicyEntry(Frozen):
    """What this site allows; one record, key is ""."""

    kind: Literal["policy"] = "policy"
    owners: tuple[Isil, ...]
    """Institutions whose items are ours."""
    return_only: bool = True
    """Blocked, expired and unverifiable cards may open the door to bring items back."""
    trust_days: Count = 14
    """How old the directory may be and still vouch for a card."""


class HoldEntry(Frozen):
    """A patron waits for a title at this site; key is `hold`. Only that site is told."""

    kind: Literal["hold"] = "hold"
    hold: HoldId
    title_id: TitleId
    cards: tuple[CardTag, ...]
    """The patron's cards."""
    since: Moment
    """Who has waited longest comes first."""
    code: Annotated[str, Field(pattern=HEX_ID)] | None = None
    """What the patron may type instead of a card, by `protocol.cards.code_tag`; never the code itself."""
    keep_days: Count = 7
    """How long an item is kept for them once it lies there."""


class Removed(Frozen):
    """The record is gone; `of` and `key` say which."""

    kind: Literal["removed"] = "removed"
    of: Literal["card", "item", "rule", "policy", "hold"]
    key: str


Entry = Annotated[CardEntry | ItemEntry | RuleEntry | PolicyEntry | HoldEntry | Removed, Field(discriminator="kind")]
_ENTRY: TypeAdapter[Entry] = TypeAdapter(Entry)

PAGE_ENTRIES = 200
"""Records in a page, at most."""


class Ask(Frozen):
    """Site to hub on `up/ask`: what changed since `since`?"""

    v: int = 1
    boot: BootId
    req: Count
    since: Count
    mark: str = ""
    """The hub's mark at `since`: differs when the hub's numbering was wound back, and then everything is sent."""


class Page(Frozen):
    """Hub to site on `down/directory`: records in the order of their versions."""

    v: int = 1
    boot: BootId
    req: Count
    since: Count
    """Echo of the request; 0 with `reset`."""
    reset: bool = False
    """Forget everything first: this is the first page of a whole directory."""
    version: Count
    """The site's copy stands at this version once the page is applied."""
    mark: str
    more: bool
    """Ask again from `version`."""
    at: Moment
    entries: tuple[dict[str, Any], ...]
    """Read one by one with `read_entry`, so that a kind this version doesn't know costs only itself."""


def read_entry(raw: dict[str, Any]) -> Entry | None:
    """The record in `raw`, or None when this version can't understand it."""
    try:
        return _ENTRY.validate_python(raw, strict=False)
    except ValidationError:
        return None


def key_of(entry: CardEntry | ItemEntry | RuleEntry | PolicyEntry | HoldEntry) -> str:
    """What a record is known by among its kind."""
    match entry:
        case CardEntry():
            return entry.tag
        case ItemEntry():
            return entry.item
        case RuleEntry():
            return entry.group
        case PolicyEntry():
            return ""
        case HoldEntry():
            return entry.hold
