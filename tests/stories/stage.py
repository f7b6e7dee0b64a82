"""The stage of the stories: a real broker, the real hub and two real agents as processes, with simulated cabinets.

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
from typing import Any

import httpx

from firmware_sim.catalogue import OWNER, PARTNERS, Pass
from firmware_sim.launch import STAFF, Launch, Options
from firmware_sim.librarian import Librarian
from firmware_sim.ports import HOST, read
from firmware_sim.sites import Site
from firmware_sim.town import Town, bearer
from firmware_sim.truth import compare
from protocol.directory import Block, CardClass
from protocol.names import ItemId, ShelfName, SiteId, TagUid

HARBOUR, EAST = PARTNERS[0].site, PARTNERS[1].site
A, B = ShelfName("A"), ShelfName("B")
PATIENCE_S = 25.0


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
        until(f"{self.name} idle and all sent", lambda: self.site.unrest() is None and self.site.screen.kind == "idle")

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


class Stage:
    """The running whole."""

    def __init__(self, launch: Launch, librarian: Librarian, sites: list[Site]) -> None:
        self.launch = launch
        self.librarian = librarian
        self.harbour, self.east = (Corner(self, site) for site in sites[:2])
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
        for corner in (self.harbour, self.east):
            corner.idle()
        town = self.launch.town
        until(
            "truth and hub agree",
            lambda: not compare(town.truth, self.librarian.answers(), town.shadowed()),
        )

    def mend(self) -> None:
        for corner in (self.harbour, self.east):
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
            ports=read("free"),
            broker=broker,
            people=False,
            speed=4.0,
            seed=5,
            partners=PARTNERS,
        )
        launch = Launch(options, stack, lambda line: None)
        launch.start_broker()
        librarian = launch.start_hub()
        stage = Stage(launch, librarian, launch.start_sites())
        stack.callback(stage.close)
        yield stage


__all__ = ["EAST", "HARBOUR", "OWNER", "A", "B", "Corner", "Stage", "staged", "until"]
