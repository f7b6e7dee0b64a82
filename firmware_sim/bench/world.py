"""What the page to play with needs of a world: sites with cabinets, cards, what is in whose hands, mains and network.

A demo implements it; the page and its server know nothing of brokers, hubs or agents. Methods that move something
raise `firmware_sim.cabinet.Unreachable` when nobody can do that now. All may be called from any thread.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from firmware_sim.cabinet import Cabinet
from protocol.names import ItemId, ShelfName, SiteId, TagUid


class CardKind(StrEnum):
    """What happens to whoever taps it, roughly; the page sorts and colours by it."""

    PATRON = "patron"
    BLOCKED = "blocked"
    LOST = "lost"
    EXPIRED = "expired"
    COURIER = "courier"
    SERVICE = "service"
    UNKNOWN = "unknown"


class Supply(StrEnum):
    """Where an item comes from that a person brings along."""

    LIBRARY = "library"
    """The central library's stacks, as a courier brings them."""
    ELSEWHERE = "elsewhere"
    """Another library's item, which ours doesn't know."""


@dataclass(frozen=True, slots=True)
class Place:
    """One site; it stays the same as long as the world runs."""

    site: SiteId
    name_zh: str
    name_en: str
    kiosk: str
    """The address of its kiosk page, empty where it has none."""
    cabinet: Cabinet
    capacity: int = 60
    """Items that fit on one shelf."""


@dataclass(frozen=True, slots=True)
class Held:
    """One card somebody can tap."""

    uid: str
    name: str
    """Who it belongs to, as the page shows it."""
    kind: CardKind
    note: str = ""
    """What else is printed on it: a patron number, "phone"."""


@dataclass(frozen=True, slots=True)
class Face:
    """An item as people see it."""

    tag: TagUid
    item: ItemId
    title: str
    author: str
    language: str
    """MARC code."""
    ours: bool = True


@dataclass(frozen=True, slots=True)
class Hands:
    """Who stands before a cabinet, and what they have with them."""

    card: str | None = None
    """The UID of the card they came in with; None for somebody without one."""
    tags: tuple[TagUid, ...] = ()


class World(Protocol):
    """Everything the page shows and moves."""

    @property
    def hub(self) -> str:
        """The address of the hub's pages, empty where there is none."""

    def sites(self) -> Sequence[Place]:
        """All sites, in the order of the tabs."""

    def cards(self) -> Sequence[Held]:
        """Every card that can be tapped."""

    def face(self, tag: TagUid) -> Face:
        """What is printed on an item; raises KeyError for a tag of no item."""

    def hands(self, site: SiteId) -> Hands:
        """Whose visit it is at the site, or was last, and what they hold."""

    def powered(self, site: SiteId) -> bool:
        """Whether the site has mains."""

    def networked(self, site: SiteId) -> bool:
        """Whether the site's cable to the hub is whole."""

    def tap(self, site: SiteId, uid: str) -> None:
        """Holds a card to the reader for as long as people do; returns at once."""

    def pull(self, site: SiteId, patience_s: float) -> bool:
        """Pulls at the door for that long; whether it is open then."""

    def force(self, site: SiteId) -> None:
        """Opens the door by force."""

    def shut(self, site: SiteId) -> None:
        """Shuts the door."""

    def take(self, site: SiteId, tag: TagUid) -> None:
        """An item comes off its shelf into the hands of whoever stands there."""

    def put(self, site: SiteId, tag: TagUid, shelf: ShelfName) -> None:
        """An item goes from those hands to a shelf."""

    def bring(self, site: SiteId, supply: Supply) -> TagUid:
        """Puts an item from elsewhere into those hands; Unreachable when there is none left."""

    def shadow(self, site: SiteId, tag: TagUid, on: bool) -> None:
        """Hides an item's tag from its reader, or shows it again."""

    def power(self, site: SiteId, on: bool) -> None:
        """Cuts or restores the site's mains."""

    def network(self, site: SiteId, on: bool) -> None:
        """Cuts or mends the site's cable to the hub."""

    def people(self) -> bool:
        """Whether simulated people come and go by themselves."""

    def invite(self, on: bool) -> None:
        """Lets simulated people come, or keeps them away once those inside have left."""

    def on_change(self, callback: Callable[[SiteId], None]) -> None:
        """Calls back after every change that isn't the cabinet's own: mains, network, hands. Be quick."""
