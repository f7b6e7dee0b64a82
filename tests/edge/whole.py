"""A whole agent in one process: real journal, directory, tables and link; devices, broker and time are the test's."""

import json
import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from edge.agent import Agent
from edge.assembly import Around, compose
from edge.clock import Clock
from edge.devices.kinds import Look, Round, TagMemory
from edge.errors import DeviceGone, TagError
from edge.frames import tagdata
from edge.link import Kind
from edge.notices import ButtonPressed
from edge.settings import Settings
from edge.site import Site
from protocol.cards import card_secret, card_tag
from protocol.directory import CardEntry, ItemEntry, Page, PolicyEntry, RuleEntry
from protocol.envelope import Envelope, read_event
from protocol.events import Fact
from protocol.names import BootId, GroupName, Isil, ItemId, ShelfName, StationName, TagUid
from protocol.topics import Up

SALT = "00112233445566778899aabbccddeeff"
KEY = bytes(range(32))
OURS = Isil("CN-110105001")
ADA, BO, LOST = "DEADBEEF", "04A1B2C3D4E5F6", "CAFEBABE"
A = ShelfName("A")
REFERENCE = TagUid("E0040100000000FA")


def tag(n: int) -> TagUid:
    return TagUid(f"E00401000001{n:04X}")


def item(n: int) -> ItemId:
    return ItemId(f"3000000000{n:04d}")


class _Thing:
    """What every device of the test can do: be there or not."""

    Options = BaseModel

    def __init__(self, options: Any = None) -> None:
        self.gone = False
        self.connects = 0

    def connect(self) -> str:
        self._there()
        self.connects += 1
        return "a test's device"

    def close(self) -> None:
        """Nothing to let go of."""

    def _there(self) -> None:
        if self.gone:
            raise DeviceGone(type(self).__name__, "unplugged")


class Cards(_Thing):
    uid: str | None = None

    def look(self) -> Look:
        self._there()
        return Look(self.uid)


class Tags(_Thing):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[TagUid] = {tag(1), tag(2), tag(3)}
        self.deaf = False
        self.slow = False
        """Each round says that more tags answered than it could tell apart."""
        self.rounds = 0
        self.memories: dict[TagUid, TagMemory] = {}

    def round(self) -> Round:
        self._there()
        self.rounds += 1
        seen = frozenset() if self.deaf else frozenset(self.tags | {REFERENCE})
        return Round(seen, complete=not self.slow)

    def read(self, uid: TagUid, size: int = 34) -> TagMemory:
        self._there()
        if uid not in self.memories:
            raise TagError(uid, "no answer")
        return self.memories[uid]

    def write_afi(self, uid: TagUid, afi: int) -> None:
        raise TagError(uid, "a cabinet never writes")


class Lock(_Thing):
    def __init__(self) -> None:
        super().__init__()
        self.open = False
        self.pulses = 0
        self.before_pulse: Any = lambda: None

    def unlock(self) -> None:
        self._there()
        self.before_pulse()
        self.pulses += 1

    def relock(self) -> None:
        self._there()

    def is_open(self) -> bool:
        self._there()
        return self.open


class Codes(_Thing):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def scan(self) -> str | None:
        self._there()
        return self.texts.pop(0) if self.texts else None


class Board(_Thing):
    """Compartments by their locks' numbers; a released one springs open, unless it jams."""

    def __init__(self, locks: int = 6) -> None:
        super().__init__()
        self.open = dict.fromkeys(range(1, locks + 1), False)
        self.pulls: list[int] = []
        self.jammed: set[int] = set()
        self.answer: Exception | None = None
        """What releasing a lock raises instead of an answer; it has been released all the same, unless it jams."""
        self.before_pull: Any = lambda lock: None

    def unlock(self, lock: int) -> None:
        self._there()
        self.before_pull(lock)
        self.pulls.append(lock)
        if lock not in self.jammed:
            self.open[lock] = True
        if self.answer is not None:
            raise self.answer

    def doors(self) -> dict[int, bool]:
        self._there()
        return dict(self.open)


class Switch(_Thing):
    on = False

    def is_on(self) -> bool:
        self._there()
        return self.on


class Nowhere:
    """A broker that can't be reached; `connected` set, one that takes everything and answers nothing."""

    def __init__(self, connected: int | None = None) -> None:
        self.connected = connected

    def publish(self, what: Up, payload: bytes) -> bool:
        return False

    def take(self) -> list[tuple[Kind, bytes]]:
        return []


@dataclass
class Whole:
    """The running agent and the world it lives in."""

    folder: Path
    seed: int = 1
    now: float = 1000.0
    cards: Cards = field(default_factory=Cards)
    tags: Tags = field(default_factory=Tags)
    lock: Lock = field(default_factory=Lock)
    screens: list[str] = field(default_factory=list)
    free_mb: int = 999
    transport: Any = None
    devices: dict[str, Any] | None = None
    """The site's devices by name; without them a cabinet's."""
    stations: tuple[dict[str, Any], ...] | None = None
    """The site's stations as in site.toml; without them a cabinet."""
    entries: tuple[Any, ...] = ()
    """What the directory holds besides the usual."""
    shown: dict[str, str] = field(default_factory=dict)
    """The newest screen of each station, and of each page of it."""
    wall: float = 1_800_000_000
    """Seconds since 1970 at the moment 0: 16:00 of a Friday in Shanghai."""
    synced: bool = True
    agent: Agent = field(init=False)
    site: Site = field(init=False)

    @contextmanager
    def running(self) -> Iterator["Whole"]:
        """One process of the agent; leaving is a power cut as far as the table is concerned."""
        self.seed += 1
        dice = random.Random(self.seed)
        clock = Clock(lambda: self.wall + self.now, lambda: self.now, lambda: self.synced)
        devices = self.devices or {"card": self.cards, "door": self.lock, "shelf-a": self.tags}
        settings = settings_in(self.folder, self.stations or (CABINET,), devices)
        around = Around(
            clock=clock,
            boot=BootId(dice.randbytes(16).hex()),
            random=dice.randbytes,
            device=lambda name: devices[name],
            transport=lambda gone: self.transport or Nowhere(),
            show=self._show,
            tell=lambda _: None,
            notify=lambda _: None,
            alive=lambda: True,
            free_mb=lambda: self.free_mb,
        )
        with compose(settings, around) as agent:
            self.agent, self.site = agent, agent.site
            self.site.mirror.apply(directory(*self.entries), clock.stamp())
            self._due = dict.fromkeys(agent.watches, self.now)
            yield self

    def _show(self, station: str, text: str) -> None:
        self.screens.append(text)
        self.shown[station] = text

    def screen(self, station: str) -> dict[str, Any]:
        """What a station shows now."""
        shown: dict[str, Any] = json.loads(self.shown[station])
        return shown

    def press(self, station: str, what: str) -> None:
        """A button of its screen."""
        self.agent.notice(ButtonPressed(StationName(station), what))
        self.live(0.2)

    def live(self, seconds: float) -> None:
        """Time passes."""
        end = self.now + seconds
        while self.now < end:
            self.now = round(self.now + 0.05, 3)
            for name, watch in self.agent.watches.items():
                if self.now >= self._due[name]:
                    self._due[name] = self.now + watch.turn(self.now)
            self.agent.drain()

    def tap(self, uid: str = ADA) -> None:
        self.cards.uid = uid
        self.live(0.5)
        self.cards.uid = None
        self.live(1)

    def visit(self, take: set[TagUid] | None = None, put: set[TagUid] | None = None, uid: str = ADA) -> None:
        self.tap(uid)
        self.lock.open = True
        self.live(1)
        self.tags.tags -= take or set()
        self.tags.tags |= put or set()
        self.lock.open = False
        self.live(4)

    def facts(self) -> list[Fact]:
        events = [read_event(row.body) for row in self.site.journal.after(0, 10_000)]
        return [event.fact for event in events if isinstance(event, Envelope)]

    def said(self, kind: type[Any]) -> list[Any]:
        return [fact for fact in self.facts() if isinstance(fact, kind)]


CABINET: dict[str, Any] = {
    "name": "cabinet-1",
    "kind": "cabinet",
    "card_reader": "card",
    "door": "door",
    "shelves": [{"name": "A", "reader": "shelf-a", "reference_tag": REFERENCE}],
}


def settings_in(
    folder: Path,
    stations: tuple[dict[str, Any], ...] = (CABINET,),
    devices: Iterable[str] = ("card", "door", "shelf-a"),
) -> Settings:
    (folder / "site.key").write_text(KEY.hex())
    return Settings.model_validate(
        {
            "site": "harbour-bank",
            "name": {"zh-CN": "海港银行", "en": "Harbour Bank"},
            "data_dir": str(folder),
            "fleet_salt": SALT,
            "site_key_file": str(folder / "site.key"),
            "broker": {"tls": False, "port": 1883},
            "storage": {"free_floor_mb": 200},
            "station": list(stations),
            "device": {name: {"driver": "test"} for name in devices},
        }
    )


def directory(*more: Any) -> Page:
    secret = card_secret(ADA, bytes.fromhex(SALT))
    other = card_secret(BO, bytes.fromhex(SALT))
    lost = card_secret(LOST, bytes.fromhex(SALT))
    entries: list[Any] = [
        CardEntry(tag=card_tag(KEY, secret), group=GroupName("adult")),
        CardEntry(tag=card_tag(KEY, other), group=GroupName("adult")),
        CardEntry.model_validate({"tag": card_tag(KEY, lost), "group": "adult", "block": "lost"}),
        RuleEntry(group=GroupName("adult"), loan_days=28, limit=2),
        PolicyEntry(owners=(OURS,)),
        *(ItemEntry(item=item(n), tag=tag(n), title=f"Title {n}", author="Somebody") for n in range(1, 10)),
        *more,
    ]
    return Page(
        boot=BootId("b0" * 16),
        req=1,
        since=0,
        reset=True,
        version=7,
        mark="m7",
        more=False,
        at=datetime(2026, 11, 23, tzinfo=UTC) + timedelta(),
        entries=tuple(e.model_dump(mode="json", exclude_none=True) for e in entries),
    )


def written(number: int, owner: Isil | None) -> TagMemory:
    content = tagdata.ItemContent(item=item(number), owner=owner)
    return TagMemory(dsfid=0x3E, afi=0x07, block_size=4, data=tagdata.encode(content))
