"""The stage of the stories: a real broker, the real hub and four real agents as processes, with simulated furniture.

Everything a story does goes over wires (cards, doors, tags) and everything it looks at comes from the hub's REST or
the kiosk, as a person's program would see it.
"""

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx

from firmware_sim.catalogue import EVERYTHING, OWNER, Pass
from firmware_sim.crowd import Crowd
from firmware_sim.fittings import DESK, DROP, GATE, LOCKER
from firmware_sim.guests import Guests
from firmware_sim.launch import STAFF, Launch, Options
from firmware_sim.librarian import Librarian
from firmware_sim.lockerwall import BIN, LockerWall
from firmware_sim.people import Pace
from firmware_sim.ports import HOST, read
from firmware_sim.readingroom import SHELF, ReadingRoom
from firmware_sim.screens import Screen
from firmware_sim.sites import Site
from firmware_sim.town import LIBRARY, Town, bearer
from firmware_sim.truth import compare
from protocol.directory import Block, CardClass
from protocol.names import ItemId, ShelfName, SiteId, TagUid

HARBOUR, EAST, GARDEN, WEST = (partner.site for partner in EVERYTHING)
A, B = ShelfName("A"), ShelfName("B")
PATIENCE_S = 25.0
STEP_S = 0.3
"""From a door's opening until somebody is through it."""
HAND_S = 1.6
"""From a compartment's springing open until it is shut again."""


def until(what: str, true: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
    """Waits for the world to get there; answers what `true` found, or fails the story saying what never came."""
    end = time.monotonic() + patience_s
    while True:
        found = true()
        if found:
            return found
        assert time.monotonic() < end, f"never came: {what}"
        time.sleep(0.1)


@dataclass
class Corner:
    """One site in the hands of a story."""

    stage: "Stage"
    site: Site

    @property
    def name(self) -> SiteId:
        return SiteId(self.site.spot.partner.site)

    @property
    def town(self) -> Town:
        return self.stage.launch.town

    @property
    def cabinet(self) -> Any:
        return self.site.spot.cabinet

    def screen(self, *kinds: str) -> None:
        """Waits for one of these screens."""
        until(f"screen {' or '.join(kinds)} at {self.name}", lambda: self.site.screen.kind in kinds)

    def idle(self) -> None:
        until(
            f"{self.name} idle and all sent",
            lambda: self.site.unrest() is None and all(s.kind == "idle" for s in self.site.screens.values()),
        )

    def tap(self, card: Pass) -> None:
        """Taps, as often as it takes a person: a card may be shown while the last screen still stands."""
        self.idle()
        self.town.tap(self.name, card.uid)

    def enter(self, card: Pass) -> None:
        """Taps and opens the door."""
        self.tap(card)
        self.screen("welcome")
        assert self.town.open(self.name, 3)
        self.screen("open")

    def leave(self, *kinds: str) -> None:
        """Shuts the door and waits for what the screen says at the end."""
        self.town.shut(self.name)
        self.screen(*(kinds or ("receipt",)))

    def visit(
        self, card: Pass, take: tuple[TagUid, ...] = (), put: tuple[TagUid, ...] = (), shelf: ShelfName = A
    ) -> None:
        """A whole visit in which nothing goes wrong."""
        self.enter(card)
        for tag in put:
            self.town.put(self.name, tag, shelf, card)
        for tag in take:
            self.town.take(self.name, tag, card)
        self.leave()
        self.idle()

    def items(self, count: int, shelf: ShelfName = A) -> tuple[TagUid, ...]:
        """Tags of items that stand on the shelf."""
        return tuple(thing.tag for thing in self.town.sight(self.name).shelves[shelf] if thing.ours)[:count]

    def said(self, kind: str, after: int = 0) -> list[dict[str, Any]]:
        """The site's events of one kind that the hub wrote down after that row, oldest first."""
        rows = self.stage.ask("events", site=self.name, type=kind, order="oldest", limit="500")["rows"]
        return [row for row in rows if row["id"] > after and row["duplicate_of"] is None]


class Room(Corner):
    """The reading room in the hands of a story: everybody knows how to get in, to use the desk and to leave."""

    @property
    def desk(self) -> Screen:
        return self.site.screens[DESK]

    @property
    def gate(self) -> Screen:
        return self.site.screens[GATE]

    @property
    def furniture(self) -> ReadingRoom:
        found = self.cabinet
        assert isinstance(found, ReadingRoom)
        return found

    def furnish(self) -> None:
        """A courier puts what stands there on record, once."""
        crowd = Crowd(self.town, {self.name: self.site.screen}, None)
        hasty = Pace(hand_s=0.1)
        Guests(crowd, self.name, Random(1), hasty, 1.0, lambda line: None, desk=self.desk).furnish()

    def come_in(self, card: Pass) -> None:
        self.idle()
        self.town.tap(self.name, card.uid)
        assert self.town.open(self.name, 5), f"the door stayed shut, its screen says {self.site.screen.kind}"
        time.sleep(STEP_S)
        self.furniture.walk_in()
        time.sleep(STEP_S)
        self.town.shut(self.name)

    def go_out(self, card: Pass) -> None:
        self.furniture.press_exit()
        self.town.leave(self.name, card)
        self.town.shut(self.name)

    def fetch(self, card: Pass, count: int = 1) -> tuple[TagUid, ...]:
        """Takes books off the shelves into the hand."""
        books = self.items(count, ShelfName(SHELF))
        for book in books:
            self.town.take(self.name, book, card)
        return books

    def lay(self, card: Pass, *tags: TagUid) -> None:
        for tag in tags:
            self.town.lay(self.name, tag, card)

    def lift(self, card: Pass, *tags: TagUid) -> None:
        for tag in tags:
            self.town.lift(self.name, tag, card)

    def shelve(self, card: Pass, *tags: TagUid) -> None:
        for tag in tags:
            self.town.put(self.name, tag, ShelfName(SHELF), card)

    def borrow(self, card: Pass, *tags: TagUid) -> None:
        """At the desk, with a card, until the screen says so."""
        self.lay(card, *tags)
        self.town.tap(self.name, card.uid, at="desk")
        self.desk_says("borrowed", *tags)

    def bring_back(self, card: Pass, *tags: TagUid) -> None:
        """At the desk, without a card, until the screen says so."""
        self.lay(card, *tags)
        self.desk_says("returned", *tags)

    def desk_says(self, change: str, *tags: TagUid) -> None:
        """Waits until the desk's screen has each of them in a line with that."""
        titles = {self.town.copies[tag].title.title for tag in tags}
        until(
            f"{change} on the desk's screen, not {self.desk.kind} {self.desk.lines()}",
            lambda: titles <= {title for title, what in self.desk.lines() if what == change},
        )

    def done(self) -> None:
        """Whoever stood at the desk says so, and has put the card away."""
        self.desk.press("done")
        until("the desk is free", lambda: self.desk.kind == "idle")

    def afi(self, tag: TagUid) -> int | None:
        """What the tag itself says of its security, wherever it is."""
        return self.town.tag(tag).afi


class Wall(Corner):
    """The locker wall in the hands of a story."""

    @property
    def locker(self) -> Screen:
        return self.site.screens[LOCKER]

    @property
    def drop(self) -> Screen:
        return self.site.screens[DROP]

    @property
    def furniture(self) -> LockerWall:
        found = self.cabinet
        assert isinstance(found, LockerWall)
        return found

    def standing(self) -> str:
        """Waits for a compartment to spring open."""
        return str(until(f"an open compartment, screen {self.locker.kind}", self.furniture.standing)[0])

    def shut_box(self, box: str) -> None:
        time.sleep(HAND_S)
        assert self.town.shut_box(self.name, box)

    def wish(self, patron: Pass, tag: TagUid) -> dict[str, Any]:
        """A reservation of the item's title, once the site knows of it: what the hub says of it."""
        before = self.version()
        title = self.town.copies[tag].title.title_id
        wish = {"patron": patron.patron, "title_id": title, "site": self.name}
        made = self.stage.librarian.send("reservations", wish)
        until("the wish at the site", lambda: self.version() > before)
        return made

    def version(self) -> int:
        """Up to which of the hub's changes the site's directory goes."""
        said = self.site.status()
        return said["directory_version"] if said else 0

    def load(self, courier: Pass, tag: TagUid) -> str:
        """A courier's whole visit with one item; the compartment it lies in."""
        self.idle()
        self.town.tap(self.name, courier.uid)
        self.screen("loading")
        box = self.put_in(courier, tag)
        self.screen("loading")
        self.locker.press("done")
        self.idle()
        return box

    def put_in(self, courier: Pass, tag: TagUid) -> str:
        """Scans an item and puts it into what opens."""
        self.town.show(self.name, self.town.copies[tag].item)
        box = self.standing()
        self.town.put(self.name, tag, ShelfName(box), courier)
        self.shut_box(box)
        return box

    def collect(self, card: Pass, tag: TagUid) -> None:
        """Takes the item out of what stands open, and shuts it."""
        box = self.standing()
        self.town.take(self.name, tag, card)
        self.shut_box(box)

    def drop_in(self, card: Pass, tag: TagUid) -> None:
        """Puts an item through the slot."""
        self.town.put(self.name, tag, ShelfName(BIN), card)


class Stage:
    """The running whole."""

    def __init__(self, launch: Launch, librarian: Librarian, sites: list[Site]) -> None:
        self.launch = launch
        self.librarian = librarian
        harbour, east, garden, west = sites
        self.harbour, self.east = Corner(self, harbour), Corner(self, east)
        self.room, self.wall = Room(self, garden), Wall(self, west)
        self.corners: tuple[Corner, ...] = (self.harbour, self.east, self.room, self.wall)
        self._web = httpx.Client(
            base_url=f"http://{HOST}:{launch.options.ports.hub}", auth=(STAFF, launch.password), trust_env=False
        )
        self._queue = deque(launch.stock.passes)

    def close(self) -> None:
        self._web.close()

    def ask(self, what: str, **asked: str) -> Any:
        return self._web.get(f"/api/v1/{what}", params=asked).raise_for_status().json()

    def mark(self) -> int:
        """The newest row of the ledger: what comes later belongs to this story."""
        rows = self.ask("events", limit="1")["rows"]
        return int(rows[0]["id"]) if rows else 0

    def patron(self) -> Pass:
        """A patron in good standing with empty hands: whoever hasn't played for longest."""
        held = next(p for p in self._queue if self._ordinary(p))
        self._queue.remove(held)
        self._queue.append(held)
        return held

    def staff(self, klass: CardClass) -> Pass:
        """A courier's or a cleaner's card."""
        return next(p for p in self.launch.stock.passes if p.klass is klass)

    def blocked(self, block: Block) -> Pass:
        """The card of a patron with that block."""
        patron = next(m.patron for m in self.launch.stock.members if m.block is block)
        return next(p for p in self.launch.stock.passes if p.patron == patron)

    def expired(self) -> Pass:
        """The card of a patron whose time has run out."""
        patron = next(m.patron for m in self.launch.stock.members if m.until < datetime.now(UTC).date())
        return next(p for p in self.launch.stock.passes if p.patron == patron)

    def stranger(self) -> Pass:
        """A card the library never issued."""
        return next(p for p in self.launch.stock.passes if not p.known)

    def stored(self, count: int) -> tuple[TagUid, ...]:
        """Items at the library whose titles nobody waits for."""
        town = self.launch.town
        waited = {row["title_id"] for row in self.ask("reservations", waiting="true", limit="500")["rows"]}
        free = [tag for tag in town.bag(LIBRARY) if town.copies[tag].title.title_id not in waited]
        return tuple(free[:count])

    def item(self, tag: TagUid) -> ItemId:
        return self.launch.town.copies[tag].item

    def holding(self, tag: TagUid) -> Any:
        """What the hub says of where the item is."""
        return self.ask(f"items/{self.item(tag)}")["holding"]

    def becomes(self, tag: TagUid, state: str, **more: str | None) -> None:
        """Waits until the hub says so of the item."""
        wanted = {"state": state, **more}

        def says() -> bool:
            held = self.holding(tag)
            return all(held[key] == value for key, value in wanted.items())

        until(f"{self.item(tag)} {wanted}, not {self.holding(tag)}", says)

    def loans(self, tag: TagUid) -> list[dict[str, Any]]:
        """Every loan of the item, newest first."""
        found: list[dict[str, Any]] = self.ask("loans", item=self.item(tag))["rows"]
        return found

    def agrees(self) -> None:
        """After any story: the hub knows where every item really is, and who has it."""
        for corner in self.corners:
            corner.idle()
        town = self.launch.town
        until(
            "truth and hub agree",
            lambda: not compare(town.truth, self.librarian.answers(), town.shadowed()),
        )

    def mend(self) -> None:
        while self.room.furniture.inside:
            self.room.furniture.press_exit()
            self.room.furniture.walk_out()
        for corner in self.corners:
            if corner.cabinet.door_is_open:
                corner.town.shut(corner.name)
            corner.site.mend()
        self.launch.town.tidy()

    def _ordinary(self, held: Pass) -> bool:
        members = {m.patron: m for m in self.launch.stock.members}
        member = members.get(held.patron or "")
        return (
            member is not None
            and member.block is None
            and member.group == "adult"
            and member.until > datetime.now(UTC).date() + timedelta(days=2)
            and not self.launch.town.bag(bearer(held))
            and sum(p.patron == held.patron for p in self.launch.stock.passes) == 1
        )


@contextlib.contextmanager
def staged(folder: Path, broker: str) -> Iterator[Stage]:
    """Everything started, and stopped in order afterwards."""
    with contextlib.ExitStack() as stack:
        options = Options(
            folder=folder / "town",
            ports=read("free", len(EVERYTHING)),
            broker=broker,
            people=False,
            speed=4.0,
            seed=5,
            partners=EVERYTHING,
        )
        launch = Launch(options, stack, lambda line: None)
        launch.start_broker()
        librarian = launch.start_hub()
        stage = Stage(launch, librarian, launch.start_sites())
        stack.callback(stage.close)
        stage.room.furnish()
        yield stage


__all__ = ["EAST", "HARBOUR", "OWNER", "A", "B", "Corner", "Stage", "staged", "until"]
