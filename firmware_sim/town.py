"""The demo's physical world: cabinets at their sites, items on shelves and in bags, and whose card opened which door.

Every movement goes through here, whether a simulated person makes it or a hand at the bench page, and every movement
is told to the truth. Nothing here knows what the software makes of it.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from firmware_sim.catalogue import OWNER, Copy, Partner, Pass, Stock
from firmware_sim.furniture import Unreachable
from firmware_sim.lockerwall import LockerWall
from firmware_sim.people import Person, Role, Sight, Thing
from firmware_sim.readingroom import ReadingRoom
from firmware_sim.transponders import Card, Tag, Transponder, item_tag
from firmware_sim.truth import AtLibrary, Gone, InTransit, OnShelf, Place, Truth, WithPatron, packed, unpacked
from protocol.directory import CardClass
from protocol.names import ItemId, ShelfName, SiteId, TagUid

LIBRARY = "library"
"""Whose bag holds what is at the central library."""
ELSEWHERE = "another library"
"""Whose bag holds what another library owns and nobody has brought yet."""
NOBODY = "nobody known"
"""Whose bag holds what was taken without a card."""
TROUBLED = 3.0
"""How much more often patrons come whose cards shouldn't open a door: there are few of them, and they matter."""
ROLES = {CardClass.PATRON: Role.PATRON, CardClass.COURIER: Role.COURIER, CardClass.SERVICE: Role.CLEANER}


def bearer(held: Pass | None) -> str:
    """Whose bag goes with a card: the patron's, or the card's own where it belongs to none."""
    return NOBODY if held is None else held.patron or held.label


class Handled(Protocol):
    """A cabinet as hands know it, whatever its devices are made of (`firmware_sim.cabinet.Cabinet` explains each)."""

    @property
    def door_is_open(self) -> bool: ...
    @property
    def strike_energised(self) -> bool: ...
    def on_change(self, callback: Callable[[Any], None], /) -> None: ...
    def capacity(self, shelf: str) -> int: ...
    def stock(self, shelf: str, tags: Iterable[Tag]) -> None: ...
    def contents(self) -> dict[str, list[Tag]]: ...
    def tap(self, card: Card) -> None: ...
    def open_door(self, patience_s: float = 0.0) -> bool: ...
    def force_door(self) -> None: ...
    def close_door(self) -> None: ...
    def take(self, uid: str) -> Tag: ...
    def put(self, tag: Tag, shelf: str) -> None: ...
    def shadow(self, uid: str, on: bool = True) -> None: ...


_Case = TypeVar("_Case", bound=Handled)


@dataclass
class Spot(Generic[_Case]):
    """One cabinet at its site, and whose door it is just now."""

    partner: Partner
    cabinet: _Case
    tapped: Pass | None = None
    """The card tapped last."""
    admitted: Pass | None = None
    """The card that the lock last answered to; None once the door was forced."""
    _energised: bool = field(default=False, init=False)

    def notice(self, _: object = None) -> None:
        """The lock answered to a card when its strike came on: that card's holder is who enters."""
        energised = self.cabinet.strike_energised
        if energised and not self._energised:
            self.admitted = self.tapped
        self._energised = energised

    @property
    def calm(self) -> bool:
        """The door is shut and locked."""
        return not self.cabinet.door_is_open and not self.cabinet.strike_energised


class Town(Generic[_Case]):
    """All sites and everything that can be moved. Every method may be called from any thread."""

    def __init__(
        self,
        stock: Stock,
        cabinets: Mapping[SiteId, _Case],
        partners: Sequence[Partner],
        truth: Truth,
        saved: Mapping[str, Any] | None = None,
    ) -> None:
        """`saved` is what `save` gave when an earlier run ended; without it everything is where the stock begins."""
        self.stock = stock
        self.truth = truth
        self.spots = {p.site: Spot(p, cabinets[p.site]) for p in partners}
        self.passes = {held.uid: held for held in stock.passes}
        self.copies: dict[TagUid, Copy] = {c.tag: c for c in (*stock.copies, *stock.strangers)}
        self.used_by_hand: set[str] = set()
        """Whose cards somebody at the bench page has taken over: simulated people leave these alone."""
        self._lock = threading.RLock()
        self._tags = {c.tag: item_tag(c.item, c.owner, c.tag, label=c.title.title) for c in self.copies.values()}
        self._bags: dict[str, list[TagUid]] = {}
        self._clouded: dict[TagUid, bool] = {}
        self._lying: dict[TagUid, str] = {}
        """What lies on a desk's pad, and out of whose bag."""
        if saved is None:
            self._furnish()
        else:
            self._restore(saved)
        for spot in self.spots.values():
            spot.cabinet.on_change(spot.notice)

    def save(self) -> dict[str, Any]:
        """Where everything is, as plain values."""
        with self._lock:
            return {
                "shelves": {site: self._shelved(site) for site in self.spots},
                "bags": self._bags,
                "truth": {item: packed(self.truth.where(item)) for item in self.truth.items()},
            }

    def _restore(self, saved: Mapping[str, Any]) -> None:
        for site, shelves in saved["shelves"].items():
            for shelf, tags in shelves.items():
                self.spots[site].cabinet.stock(shelf, [self._tags[tag] for tag in tags])
        self._bags = {key: list(tags) for key, tags in saved["bags"].items()}
        for item, place in saved["truth"].items():
            self.truth.stands(ItemId(item), unpacked(place))

    def _furnish(self) -> None:
        """Puts everything where it begins: before any agent has counted, with the doors still off."""
        for copy in self.stock.copies:
            start = copy.start
            if start.site is not None and start.shelf is not None:
                self.spots[start.site].cabinet.stock(start.shelf, [self._tags[copy.tag]])
                self.truth.stands(copy.item, OnShelf(start.site, start.shelf))
            else:
                self._bag(start.patron or LIBRARY).append(copy.tag)
                self.truth.stands(copy.item, AtLibrary(start.patron))
        self._bag(ELSEWHERE).extend(c.tag for c in self.stock.strangers)

    # --- what people do ---

    def tap(self, site: SiteId, uid: str, at: str = "") -> None:
        """Holds a card to the site's reader for as long as people do: its first, or the one at that place."""
        spot: Spot[Any] = self.spots[site]
        held = self.passes[uid]
        if not at:
            spot.tapped = held
            spot.cabinet.tap(Card(uid))
        elif isinstance(spot.cabinet, ReadingRoom | LockerWall) and at in spot.cabinet.spots:
            spot.tapped = held if isinstance(spot.cabinet, LockerWall) else spot.tapped  # a desk's opens no door
            spot.cabinet.tap(Card(uid), at=at)
        else:
            raise Unreachable(f"{site} has no card reader at the {at}")

    def show(self, site: SiteId, text: str) -> None:
        """Holds a barcode or a phone before the wall's scanner for as long as people do; raises Unreachable."""
        self._wall(site).show(text)

    def shut_box(self, site: SiteId, box: str) -> bool:
        """Pushes a compartment's door; whether it is shut then. Raises Unreachable."""
        return self._wall(site).shut(box)

    def open(self, site: SiteId, patience_s: float = 0.0) -> bool:
        """Pulls at the door for that long; True when it gave."""
        spot = self.spots[site]
        opened = spot.cabinet.open_door(patience_s)
        spot.notice()
        return opened

    def force(self, site: SiteId) -> None:
        """Opens the door whatever the lock says; whose visit it was until then no longer matters."""
        spot = self.spots[site]
        if not spot.cabinet.door_is_open:
            spot.admitted = None
            spot.cabinet.force_door()

    def shut(self, site: SiteId) -> None:
        """Shuts the door."""
        self.spots[site].cabinet.close_door()

    def take(self, site: SiteId, tag: TagUid, held: Pass | None) -> None:
        """Takes an item off its shelf into the bag of the card's holder; raises Unreachable."""
        with self._lock:
            self.spots[site].cabinet.take(tag).chance = 1.0
            self._bag(bearer(held)).append(tag)
            copy = self.copies[tag]
            if copy.owner == OWNER:
                self.truth.moved(copy.item, _taken(held, site), hidden=tag in self._clouded)
            self._clouded.pop(tag, None)

    def put(self, site: SiteId, tag: TagUid, shelf: ShelfName, held: Pass | None) -> None:
        """Puts an item out of the bag of the card's holder on a shelf; raises Unreachable."""
        with self._lock:
            bag = self._bag(bearer(held))
            if tag not in bag:
                raise Unreachable(f"{tag} isn't in the bag of {bearer(held)}")
            self.spots[site].cabinet.put(self._tags[tag], shelf)
            bag.remove(tag)
            copy = self.copies[tag]
            if copy.owner == OWNER:
                self.truth.moved(copy.item, OnShelf(site, shelf))

    def lay(self, site: SiteId, tag: TagUid, held: Pass | None) -> None:
        """Lays an item out of the bag of the card's holder on the desk's pad; raises Unreachable."""
        with self._lock:
            bag = self._bag(bearer(held))
            if tag not in bag:
                raise Unreachable(f"{tag} isn't in the bag of {bearer(held)}")
            self._room(site).lay(self._tags[tag])
            bag.remove(tag)
            self._lying[tag] = bearer(held)

    def lift(self, site: SiteId, tag: TagUid, held: Pass | None) -> None:
        """Takes an item off the pad into the bag of the card's holder; raises Unreachable."""
        with self._lock:
            if not self._room(site).clear_pad(self._tags[tag]):
                raise Unreachable(f"{tag} doesn't lie there")
            self._lying.pop(tag, None)
            self._bag(bearer(held)).append(tag)

    def leave(self, site: SiteId, held: Pass | None) -> None:
        """The card's holder goes out through the gate with all they have; raises Unreachable."""
        with self._lock:
            self._room(site).walk_out([self._tags[tag] for tag in self._bag(bearer(held))])

    def give(self, giver: str, taker: str, tag: TagUid) -> None:
        """An item goes from one bag to another, away from any site."""
        with self._lock:
            self._bag(giver).remove(tag)
            self._bag(taker).append(tag)

    # --- what goes wrong with tags ---

    def shadow(self, site: SiteId, tag: TagUid, on: bool) -> None:
        """Hides an item's tag from its reader, or shows it again; it stays doubtful until the shelf is next counted."""
        with self._lock:
            if on or tag in self._clouded:
                self.spots[site].cabinet.shadow(tag, on)
                self._clouded[tag] = on

    def tidy(self) -> None:
        """Every door is shut, every pad is clear, and no tag hidden any longer."""
        with self._lock:
            for site, spot in self.spots.items():
                for tags in self._shelved(site).values():
                    for tag in tags:
                        self.shadow(site, tag, False)
                if spot.cabinet.door_is_open:
                    spot.cabinet.close_door()
                if isinstance(spot.cabinet, ReadingRoom):
                    for lying in spot.cabinet.clear_pad():
                        self._bag(self._lying.pop(TagUid(lying.uid), NOBODY)).append(TagUid(lying.uid))

    def counted(self, site: SiteId) -> None:
        """The site's shelves have been counted since any tag was last shown again there."""
        with self._lock:
            here = {tag for shelf in self._shelved(site).values() for tag in shelf}
            self._clouded = {tag: hidden for tag, hidden in self._clouded.items() if hidden or tag not in here}

    def doubtful(self, tag: TagUid) -> bool:
        """Its reader may not have seen the item in the last count."""
        with self._lock:
            return tag in self._clouded

    def shadowed(self) -> frozenset[ItemId]:
        """Our items whose tags no reader can see just now."""
        with self._lock:
            return frozenset(self.copies[tag].item for tag, hidden in self._clouded.items() if hidden)

    # --- what people see ---

    def sight(self, site: SiteId) -> Sight:
        """What can be taken and where there is room; items that a reader may not have seen aren't touched."""
        with self._lock:
            shelves = self._shelved(site)
            seen = {
                name: tuple(self.thing(tag) for tag in tags if tag not in self._clouded)
                for name, tags in shelves.items()
            }
            room = self.spots[site].cabinet.capacity
            return Sight(seen, {name: room(name) - len(tags) for name, tags in shelves.items()})

    def bag(self, key: str) -> tuple[TagUid, ...]:
        """What somebody has with them."""
        with self._lock:
            return tuple(self._bags.get(key, ()))

    def bags(self) -> dict[str, int]:
        """How much everybody has with them."""
        with self._lock:
            return {key: len(tags) for key, tags in self._bags.items()}

    def tag(self, tag: TagUid) -> Transponder:
        """The transponder itself, wherever it is."""
        return self._tags[tag]

    def thing(self, tag: TagUid) -> Thing:
        """An item as people see it."""
        title = self.copies[tag].title
        return Thing(tag, title.themes, title.language, self.copies[tag].owner == OWNER)

    def people(self) -> tuple[Person, ...]:
        """Everybody who has a card: patrons with theirs, and each card that belongs to none."""
        patrons = [
            Person(
                member.patron,
                tuple(p.uid for p in self.stock.passes if p.patron == member.patron),
                member.site,
                tastes=member.tastes,
                language=member.language,
                often=1.0 if member.block is None and member.until >= self.stock.today else TROUBLED,
            )
            for member in self.stock.members
        ]
        first = next(iter(self.spots))
        others = [
            Person(bearer(held), (held.uid,), first, ROLES[held.klass] if held.known else Role.STRANGER)
            for held in self.stock.passes
            if held.patron is None
        ]
        return (*patrons, *others)

    def _shelved(self, site: SiteId) -> dict[ShelfName, list[TagUid]]:
        contents = self.spots[site].cabinet.contents()
        return {ShelfName(name): [TagUid(tag.uid) for tag in tags] for name, tags in contents.items()}

    def _room(self, site: SiteId) -> ReadingRoom:
        room = self.spots[site].cabinet
        if not isinstance(room, ReadingRoom):
            raise Unreachable(f"{site} has no desk")
        return room

    def _wall(self, site: SiteId) -> LockerWall:
        wall = self.spots[site].cabinet
        if not isinstance(wall, LockerWall):
            raise Unreachable(f"{site} has no locker")
        return wall

    def _bag(self, key: str) -> list[TagUid]:
        return self._bags.setdefault(key, [])


def _taken(held: Pass | None, site: SiteId) -> Place:
    if held is None or held.klass is CardClass.SERVICE:
        return Gone(site)
    if held.klass is CardClass.COURIER:
        return InTransit(site)
    return WithPatron(held.patron, site) if held.patron else Gone(site)
