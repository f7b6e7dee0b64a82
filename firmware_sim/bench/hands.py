"""What a hand at the bench page can do to the world, and what it sees of it: actions in, plain values out."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

import httpx

from firmware_sim.cabinet import Cabinet
from firmware_sim.cable import State
from firmware_sim.catalogue import OWNER, Copy, Pass
from firmware_sim.computer import Spot
from firmware_sim.fittings import STATIONS
from firmware_sim.librarian import Librarian
from firmware_sim.lockerwall import BIN, LockerWall
from firmware_sim.readingroom import ReadingRoom
from firmware_sim.sites import Site
from firmware_sim.town import ELSEWHERE, LIBRARY, Town, bearer
from firmware_sim.transponders import Card, Tag
from protocol.directory import CardClass
from protocol.names import ShelfName, SiteId, TagUid

PHONE = "08A1B2C3"
"""What a phone shows as its UID: another one at each tap, and always beginning 08."""
LOAD = 3
"""Items a courier is handed at the library at once."""

PATIENCE_S = 3.0
"""The longest anybody pulls at a door in one go."""


class Reason(StrEnum):
    """Why not, for the person who asked; the page has each in its languages (page/words.js)."""

    NOTHING = "there is no such thing to do here"
    LOCKED = "the door is locked"
    SHUT = "the door is shut"
    NOT_HELD = "that isn't in your hands"
    NOT_THERE = "it isn't on the shelf any longer"
    FULL = "the shelf is full"
    NONE_LEFT = "there is nothing left to bring"
    NO_CARD = "pick a card first"
    NOBODY_INSIDE = "nobody is inside"
    NO_WAY_OUT = "press the exit button first"
    BOX_SHUT = "that compartment is shut"
    NO_PHONE = "the library has no code for that card"


class Clumsy(ValueError):
    """What was asked can't be done."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Hands:
    """One pair of hands for all sites. Every method may be called from any thread."""

    def __init__(self, town: Town[Any], sites: Sequence[Site], hub: str, librarian: Librarian | None = None) -> None:
        """`hub` is the hub's address, for the page's link; the `librarian` knows phones' codes and reservations."""
        self._town = town
        self._sites = {SiteId(site.spot.partner.site): site for site in sites}
        self._hub = hub
        self._librarian = librarian
        self._acts: Mapping[str, Callable[[Site, Mapping[str, Any]], None]] = {
            "tap": self._tap,
            "two-cards": self._two_cards,
            "phone": self._phone,
            "open": self._open,
            "shut": lambda site, _: town.shut(_name(site)),
            "force": lambda site, _: town.force(_name(site)),
            "take": self._take,
            "put": self._put,
            "shadow": self._shadow,
            "unplug": self._unplug,
            "power": lambda site, said: site.power(bool(said.get("on"))),
            "network": lambda site, said: site.network(bool(said.get("on"))),
            "enter": lambda site, _: _room(site).walk_in(),
            "exit": lambda site, _: _room(site).press_exit(),
            "leave": self._leave,
            "lay": self._lay,
            "lift": self._lift,
            "fire": self._fire,
            "shut-box": self._shut_box,
            "scan": self._scan,
            "phone-code": self._phone_code,
            "foreign": lambda site, said: self._hand_over(ELSEWHERE, said, 1),
            "load": lambda site, said: self._hand_over(LIBRARY, said, LOAD, self._wanted(site)),
        }

    def do(self, said: Mapping[str, Any]) -> None:
        """One action: {"act": …, "site": …, and what the act needs}. Raises Clumsy, or furniture.Unreachable."""
        act = self._acts.get(str(said.get("act")))
        site = self._sites.get(SiteId(str(said.get("site"))))
        if act is None or site is None:
            raise Clumsy(Reason.NOTHING)
        act(site, said)

    def fixed(self) -> dict[str, Any]:
        """What never changes: sites, cards, and the title behind every tag."""
        return {
            "hub": self._hub,
            "sites": [
                {
                    "site": name,
                    "name": {"zh-CN": site.spot.partner.name_zh, "en": site.spot.partner.name_en},
                    "kind": site.spot.cabinet.kind,
                    "screens": STATIONS[site.spot.cabinet.kind],
                    "plugs": site.spot.cabinet.computer.devices(),
                    "kiosk": f"http://127.0.0.1:{site.kiosk_port}/",
                }
                for name, site in self._sites.items()
            ],
            "cards": [self._card(held) for held in self._town.passes.values()],
            "titles": {tag: _title(copy) for tag, copy in self._town.copies.items()},
        }

    def state(self) -> dict[str, Any]:
        """What there is to see now, site by site, and what every card's holder has with them."""
        return {
            "sites": {name: self._site(site) for name, site in self._sites.items()},
            "bags": {uid: list(self._town.bag(bearer(held))) for uid, held in self._town.passes.items()},
        }

    def frames(self, name: str, since: int) -> list[dict[str, Any]]:
        """The newest frames on the site's wires after that number."""
        site = self._sites.get(SiteId(name))
        if site is None:
            return []
        return [
            {
                "n": f.number,
                "at": round(f.at, 3),
                "device": f.device,
                "out": f.outward,
                "hex": f.hex,
                "verdict": f.verdict,
            }
            for f in site.spot.cabinet.frames.since(since, 120)
        ]

    def _site(self, site: Site) -> dict[str, Any]:
        seen = site.spot.cabinet.snapshot()
        admitted = site.spot.admitted
        return {
            **{key: seen[key] for key in ("power", "door", "unplugged")},
            "network": site.cable.state is State.THROUGH,
            "cards": [card for spot in site.spot.cabinet.computer.spots for card in _uids(spot)],
            "screen": site.screen.kind,
            "visitor": admitted.uid if admitted is not None and seen["door"]["open"] and _owned(seen) else None,
            "shelves": [{"name": shelf["name"], "items": _items(shelf["items"])} for shelf in seen["shelves"]],
            **{key: _items(seen[key]) for key in ("pad", "gate") if key in seen},
            **{key: seen[key] for key in ("inside", "fire", "standing", "flap") if key in seen},
        }

    def _card(self, held: Pass) -> dict[str, Any]:
        members = {m.patron: m for m in self._town.stock.members}
        member = members.get(held.patron) if held.patron else None
        kind = "unknown" if not held.known else str(held.klass)
        if member is not None and member.block is not None:
            kind = str(member.block)
        return {
            "uid": held.uid,
            "name": member.name if member else held.label,
            "kind": kind,
            "site": member.site if member else None,
            "until": member.until.isoformat() if member else None,
            "group": member.group if member else None,
        }

    # --- acts ---

    def _tap(self, site: Site, said: Mapping[str, Any]) -> None:
        held = self._held(said)
        self._town.used_by_hand.add(bearer(held))
        at = str(said.get("at") or "")
        self._town.tap(_name(site), held.uid, at="" if at == "front" else at)

    def _two_cards(self, site: Site, said: Mapping[str, Any]) -> None:
        patrons = [p for p in self._town.passes.values() if p.klass is CardClass.PATRON][:2]
        site.spot.cabinet.computer.spots[0].tap_all([Card(held.uid) for held in patrons], 1.5)

    def _phone(self, site: Site, said: Mapping[str, Any]) -> None:
        site.spot.cabinet.tap(Card(PHONE))

    def _open(self, site: Site, said: Mapping[str, Any]) -> None:
        patience = said.get("patience_s", 0)
        if not isinstance(patience, int | float):
            raise Clumsy(Reason.NOTHING)
        if not self._town.open(_name(site), min(max(patience, 0.0), PATIENCE_S)):
            raise Clumsy(Reason.LOCKED)

    def _shadow(self, site: Site, said: Mapping[str, Any]) -> None:
        tag = self._tag(said)
        if site.spot.cabinet.find(tag) is None:
            raise Clumsy(Reason.NOT_THERE)
        self._town.shadow(_name(site), tag, bool(said.get("on")))

    def _take(self, site: Site, said: Mapping[str, Any]) -> None:
        tag = self._tag(said)
        if site.spot.cabinet.find(tag) is None:
            raise Clumsy(Reason.NOT_THERE)
        _reach(site, next((name for name, tags in site.spot.cabinet.contents().items() if _among(tag, tags)), ""))
        taker = site.spot.admitted
        if not isinstance(site.spot.cabinet, Cabinet):
            taker = self._held(said)  # several people may be inside, or before the wall
        if taker is not None:
            self._town.used_by_hand.add(bearer(taker))
        self._town.take(_name(site), tag, taker)

    def _lay(self, site: Site, said: Mapping[str, Any]) -> None:
        tag, held = self._tag(said), self._held(said)
        _reach(site)
        self._in_hand(tag, held)
        self._town.lay(_name(site), tag, held)

    def _lift(self, site: Site, said: Mapping[str, Any]) -> None:
        tag, held = self._tag(said), self._held(said)
        _reach(site)
        if all(lying.uid != tag for lying in _room(site).on_pad()):
            raise Clumsy(Reason.NOT_THERE)
        self._town.lift(_name(site), tag, held)

    def _leave(self, site: Site, said: Mapping[str, Any]) -> None:
        room = _room(site)
        if not room.inside:
            raise Clumsy(Reason.NOBODY_INSIDE)
        if not room.door_is_open:
            raise Clumsy(Reason.NO_WAY_OUT)
        self._town.leave(_name(site), self._town.passes.get(str(said.get("card"))))

    def _fire(self, site: Site, said: Mapping[str, Any]) -> None:
        _room(site).fire = bool(said.get("on"))

    def _put(self, site: Site, said: Mapping[str, Any]) -> None:
        tag, shelf, held = self._tag(said), ShelfName(str(said.get("shelf"))), self._held(said)
        room = self._town.sight(_name(site)).room
        if shelf not in room:
            raise Clumsy(Reason.NOTHING)
        if shelf != BIN:
            _reach(site, shelf)
        self._in_hand(tag, held)
        if room[shelf] <= 0:
            raise Clumsy(Reason.FULL)
        self._town.put(_name(site), tag, shelf, held)

    def _unplug(self, site: Site, said: Mapping[str, Any]) -> None:
        device = str(said.get("device"))
        if device not in site.spot.cabinet.computer.devices():
            raise Clumsy(Reason.NOTHING)
        site.spot.cabinet.unplug(device, bool(said.get("on")))

    def _shut_box(self, site: Site, said: Mapping[str, Any]) -> None:
        self._town.shut_box(_name(site), str(said.get("box")))

    def _scan(self, site: Site, said: Mapping[str, Any]) -> None:
        tag, held = self._tag(said), self._held(said)
        self._in_hand(tag, held)
        self._town.show(_name(site), self._town.copies[tag].item)

    def _phone_code(self, site: Site, said: Mapping[str, Any]) -> None:
        held = self._held(said)
        self._town.used_by_hand.add(bearer(held))
        try:
            if self._librarian is None or held.patron is None:
                raise Clumsy(Reason.NO_PHONE)
            code = self._librarian.phone_code(held.patron, _name(site))
        except httpx.HTTPError:
            raise Clumsy(Reason.NO_PHONE) from None
        self._town.show(_name(site), code)

    def _wanted(self, site: Site) -> frozenset[str]:
        """The titles that somebody waits for there."""
        try:
            rows = self._librarian.waiting(_name(site)) if self._librarian else ()
        except httpx.HTTPError:
            rows = ()
        return frozenset(row["title_id"] for row in rows if row["state"] == "waiting")

    def _hand_over(self, giver: str, said: Mapping[str, Any], number: int, first: frozenset[str] = frozenset()) -> None:
        held = self._held(said)
        stored = sorted(self._town.bag(giver), key=lambda tag: self._town.copies[tag].title.title_id not in first)
        given = stored[:number]
        if not given:
            raise Clumsy(Reason.NONE_LEFT)
        self._town.used_by_hand.add(bearer(held))
        for tag in given:
            self._town.give(giver, bearer(held), tag)

    def _held(self, said: Mapping[str, Any]) -> Pass:
        held = self._town.passes.get(str(said.get("card")))
        if held is None:
            raise Clumsy(Reason.NO_CARD)
        return held

    def _in_hand(self, tag: TagUid, held: Pass) -> None:
        if tag not in self._town.bag(bearer(held)):
            raise Clumsy(Reason.NOT_HELD)

    def _tag(self, said: Mapping[str, Any]) -> TagUid:
        tag = TagUid(str(said.get("tag")))
        if tag not in self._town.copies:
            raise Clumsy(Reason.NOTHING)
        return tag


def _reach(site: Site, shelf: str = "") -> None:
    match site.spot.cabinet:
        case ReadingRoom() as room:
            if not room.inside:
                raise Clumsy(Reason.NOBODY_INSIDE)
        case LockerWall() as wall:
            if not (wall.bin_door.is_open if shelf == BIN else shelf in wall.standing()):
                raise Clumsy(Reason.BOX_SHUT)
        case cabinet if not cabinet.door_is_open:
            raise Clumsy(Reason.SHUT)


def _room(site: Site) -> ReadingRoom:
    room = site.spot.cabinet
    if not isinstance(room, ReadingRoom):
        raise Clumsy(Reason.NOTHING)
    return room


def _owned(seen: Mapping[str, Any]) -> bool:
    """Whoever the door opened for is who reaches in: one person at a time before a cabinet."""
    return bool(seen["kind"] == "cabinet")


def _among(uid: TagUid, tags: Sequence[Tag]) -> bool:
    return any(tag.uid == uid for tag in tags)


def _items(seen: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"tag": item["uid"], "hidden": item["chance"] < 1} for item in seen]


def _uids(spot: Spot) -> list[str]:
    return [card.uid for card in spot.cards()]


def _name(site: Site) -> SiteId:
    return SiteId(site.spot.partner.site)


def _title(copy: Copy) -> dict[str, Any]:
    return {"title": copy.title.title, "author": copy.title.author, "item": copy.item, "ours": copy.owner == OWNER}
