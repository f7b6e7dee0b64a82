"""One site's computer: its power, its clock, its card with the journal on it, its cable, and the agent it runs.

The agent is the real one (`edge.assembly.compose`). Threads are replaced by turns: a watch is turned when its device
could have changed, an agent when it has something to do. What polls find unchanged is left out; nothing else is.
"""

import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any, Protocol

from edge.agent import Agent
from edge.assembly import Around, compose
from edge.clock import Clock
from edge.errors import StorageFailed
from edge.link import Kind
from edge.settings import Settings
from edge.watch import ReaderWatch, Watch
from firmware_sim.city.broker import Broker, Session
from firmware_sim.city.case import CardSpot, Case, DoorLock, ShelfReader
from firmware_sim.city.disk import Disk, Mood
from firmware_sim.city.timeline import BEGIN, Call, Timeline
from protocol.cards import card_secret
from protocol.names import BootId, DeviceName, SiteId
from protocol.topics import HUB_HELLO, Down, Up, down, down_all, up

ROUND_S = 0.3
"""One inventory round."""
SETTLE_S = 0.06
"""After a contact's last bounce, until its debouncing is over."""
LIFTED_S = (0.25, 0.5, 0.75)
"""Looks after a card was taken away until its presentation is over."""
IDLE_LOOK_S = 31.0
"""After a plug was touched, until an idle reader has been asked whether it still answers."""
AGAIN_S = 10.0
"""Between starts while the journal can't be opened."""
KEEP_SYNC_S = 6 * 3600.0
"""How long a clock counts as disciplined once its source is out of reach."""
WAKES = 500
"""Rounds of one moment; more means that the agent spins."""

_secret = lru_cache(maxsize=None)(card_secret)


class Cut(BaseException):
    """The machine stopped in the middle of what it did."""


class Spinning(AssertionError):
    """The agent found something to do again and again without time passing."""


class Watcher(Protocol):
    """Who looks on (`firmware_sim.city.oracle`)."""

    def booted(self, machine: "Machine") -> None: ...
    def turned(self, machine: "Machine") -> None: ...
    def opens(self, machine: "Machine") -> None: ...


@dataclass
class Memory:
    """What is on an SD card: who the site is, and its files."""

    settings: Settings
    disk: Disk

    @property
    def site(self) -> SiteId:
        """The site the card makes of its machine."""
        return self.settings.site


class WallClock:
    """A machine's idea of the time, and whether anybody vouches for it."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self.error_s = 0.0
        self.synced_until = math.inf

    def wall(self) -> float:
        """Seconds since 1970."""
        return BEGIN.timestamp() + self._timeline.now + self.error_s

    def synced(self) -> bool:
        """A time source disciplines it."""
        return self._timeline.now < self.synced_until

    def sync(self) -> None:
        """The right time is set."""
        self.error_s, self.synced_until = 0.0, math.inf

    def wander(self, error_s: float) -> None:
        """It is wrong, and nobody vouches for it."""
        self.error_s, self.synced_until = error_s, -math.inf


class Machine:
    """One site's computer in its cabinet."""

    def __init__(
        self, timeline: Timeline, broker: Broker, watcher: Watcher, memory: Memory, case: Case, chance: Random
    ) -> None:
        self.timeline = timeline
        self.memory = memory
        self.case = case
        self.clock = WallClock(timeline)
        self.agent: Agent | None = None
        self.network = True
        self.boots = 0
        self.excuse = ""
        """What was done to the card since the last start that may have cost it rows; "" for nothing."""
        self.unsynced: dict[BootId, bool] = {}
        """Boot -> True while no clock was ever vouched for in it."""
        self._broker = broker
        self._watcher = watcher
        self._chance = chance
        self._stack = contextlib.ExitStack()
        self._session: Session | None = None
        self._connections = 0
        self._inbox: list[tuple[Kind, bytes]] = []
        self._gone: Callable[[int], bytes] = lambda number: b""
        self._kinds: dict[str, Kind] = {}
        self._due: dict[DeviceName, float] = {}
        self._looks: list[float] = []
        self._wake: Call | None = None
        self._busy = False
        self._start: Call | None = None
        self._sync: Call | None = None
        self._failed = self._powerless = False
        self._away_s = 0.0
        self._down_since: float | None = 0.0
        case.changed = self._touched
        case.before_pulse = self._opens

    @property
    def site(self) -> SiteId:
        """Who it is just now."""
        return self.memory.site

    @property
    def disk(self) -> Disk:
        """Its card's files."""
        return self.memory.disk

    @property
    def up(self) -> bool:
        """An agent runs."""
        return self.agent is not None

    @property
    def at_rest(self) -> bool:
        """An agent runs that neither counts nor has a visit to explain."""
        states = [keeper.state for keeper in self.agent.keepers.values()] if self.agent else []
        return bool(states) and all(s.count is None and s.visit is None and s.memory.pending is None for s in states)

    # --- power ---

    def start(self, after_s: float = 0.0) -> None:
        """Is switched on, or starts its agent again, in so long; an earlier plan falls."""
        if self._start is not None:
            self._start.cancel()
        self._start = self.timeline.after(after_s, self._boot)

    def fail(self, away_s: float, power: bool = True) -> None:
        """The power fails for so long; or, `power` False, only the process dies."""
        self._failed, self._powerless, self._away_s = True, self._powerless or power, away_s
        self.disk.stop()
        self._collapse()

    def struck(self) -> None:
        """The disk's planned power cut has struck; the rest follows once the agent's turn is over."""
        self._failed = self._powerless = True
        self._away_s = self._chance.uniform(20, 7200)

    def settle_files(self) -> None:
        """What the power cut leaves of the files is decided now: they go elsewhere."""
        self.disk.restart(power_failed=True)
        self.disk.stop()

    def end(self) -> None:
        """The story is over."""
        self.disk.stop()
        self._stack.close()
        self.agent = None

    def _collapse(self) -> None:
        """Everything of the process is gone."""
        if self._busy:
            return
        self._stack.close()
        self._stack = contextlib.ExitStack()
        self.agent = None
        if self._down_since is None:
            self._down_since = self.timeline.now
        if self._wake is not None:
            self._wake.cancel()
        if self._sync is not None:
            self._sync.cancel()
        if self._session is not None:
            self._session = None
            self._broker.drop(self.site, will_after=self._chance.uniform(0, 70), tell=False)
        self._inbox.clear()
        if self._powerless:
            if self.disk.lying:
                self.excuse = "the card lied"
            self.case.power(False)
        else:
            self.case.relock()
        self.timeline.note(self.site, "is down" if self._powerless else "died")
        self.start(self._away_s)

    def _boot(self) -> None:
        if self.agent is not None:
            return
        self.disk.restart(self._powerless)
        self._set_clock()
        self._failed = self._powerless = False
        self.case.power(True)
        self.boots += 1
        chance = self.timeline.chance(f"{self.case.name}/{self.boots}")
        self._kinds = {HUB_HELLO: "hub-hello", **{down(self.site, kind): kind for kind in Down}}
        self._connections = 0
        boot = BootId(chance.randbytes(16).hex())
        self.unsynced[boot] = not self.clock.synced()
        around = Around(
            clock=Clock(self.clock.wall, lambda: self.timeline.now, self.clock.synced),
            boot=boot,
            random=chance.randbytes,
            device=self._device,
            transport=self._wire,
            show=lambda station, screen: None,
            tell=None,
            notify=lambda _: None,
            alive=lambda: True,
            free_mb=lambda: 0 if self.disk.mood is Mood.FULL else 10_000,
            secret=_secret,
            look_s=6 * 3600.0,
        )
        with self._guarded():
            try:
                self.agent = self._stack.enter_context(compose(self.memory.settings, around))
            except StorageFailed as failed:
                self.timeline.note(self.site, f"can't start: {str(failed).split(':')[-1].strip()}")
                self._stack.close()
                self.start(AGAIN_S)
            else:
                self.timeline.note(self.site, f"boots, epoch {self.agent.site.journal.epoch[:8]}")
                self._down_since = None
                self._due = dict.fromkeys(self.agent.watches, self.timeline.now)
                self._watcher.booted(self)
                self.excuse = ""
                self.timeline.after(self._chance.uniform(1, 10), self._connect)
                self._plan_sync()
        self._poke()

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """What the agent does ends where the machine does."""
        self._busy = True
        try:
            yield
        except Cut:
            pass
        finally:
            self._busy = False
        if self._failed:
            self._collapse()

    # --- turns ---

    def _touched(self) -> None:
        """A device could have seen something."""
        if self.agent is None:
            return
        now = self.timeline.now
        self._looks = [now + s for s in (SETTLE_S, *LIFTED_S, IDLE_LOOK_S)]
        for name in self._due:
            self._due[name] = now
        self._poke()

    def _poke(self) -> None:
        if self.agent is not None and not self._busy:
            self._plan(self.timeline.now)

    def _plan(self, at: float) -> None:
        if self._wake is not None:
            self._wake.cancel()
        self._wake = self.timeline.at(at, self._turn)

    def _turn(self) -> None:
        agent = self.agent
        if agent is None:
            return
        now = self.timeline.now
        self._looks = [at for at in self._looks if at > now or self._look_now()]
        with self._guarded():
            for _ in range(WAKES):
                self._turn_watches(agent, now)
                agent.drain()
                if not self._inbox and not self._watches_due(agent, now) and agent.next_due() > now:
                    break
            else:
                raise Spinning(f"{self.site} finds work at {now:.3f} without end")
            self._watcher.turned(self)
        if self.agent is None:
            return
        if agent.given_up:
            self.fail(1.0, power=False)
            return
        due = min([agent.next_due(), *self._due.values(), *self._looks])
        self._plan(max(due, now + 0.001))

    def _look_now(self) -> bool:
        for name in self._due:
            self._due[name] = self.timeline.now
        return False

    def _turn_watches(self, agent: Agent, now: float) -> None:
        for name, watch in agent.watches.items():
            if self._is_due(name, watch, now):
                self._due[name] = self._next(watch, watch.turn(now), now)

    def _watches_due(self, agent: Agent, now: float) -> bool:
        return any(self._is_due(name, watch, now) for name, watch in agent.watches.items())

    def _is_due(self, name: DeviceName, watch: Watch[Any], now: float) -> bool:
        due = self._due[name]
        return due <= now or (watch.wanted and due == math.inf)

    @staticmethod
    def _next(watch: Watch[Any], wait: float, now: float) -> float:
        if not watch.connected:
            return now + wait
        return now + ROUND_S if isinstance(watch, ReaderWatch) and wait == 0.0 else math.inf

    def _device(self, name: DeviceName) -> Any:
        if name == "card":
            return CardSpot(self.case, name)
        if name == "door":
            return DoorLock(self.case, name)
        return ShelfReader(self.case, name, name.removeprefix("reader-").upper())

    def _opens(self) -> None:
        """The strike is about to be released."""
        if self._failed:
            raise Cut
        self._watcher.opens(self)

    # --- clock ---

    def _set_clock(self) -> None:
        """A machine without a battery begins where it stopped, until somebody tells it the time."""
        if self._powerless and self._down_since is not None:
            self.clock.wander(self.clock.error_s - (self.timeline.now - self._down_since))

    def _plan_sync(self) -> None:
        if self._sync is not None:
            self._sync.cancel()
        if not self.clock.synced() or self.clock.synced_until < math.inf:
            self._sync = self.timeline.after(self._chance.uniform(20, 400), self._try_sync)

    def _try_sync(self) -> None:
        if self.agent is None:
            return
        if self.network:
            self.clock.sync()
            self.unsynced[self.agent.boot] = False
            self._poke()
        else:
            self._plan_sync()

    def lose_time(self, error_s: float) -> None:
        """The wall clock jumps and is nobody's word any more, until it is set right."""
        self.clock.wander(error_s)
        self._poke()
        self._plan_sync()

    # --- the cable and the connection; `self` is the link's transport ---

    def plug(self, on: bool) -> None:
        """The network is there, or not."""
        self.network = on
        if not on:
            self._cut_line()
            if self.clock.synced():
                self.clock.synced_until = min(self.clock.synced_until, self.timeline.now + KEEP_SYNC_S)
        elif self.agent is not None:
            self._plan_sync()

    def _cut_line(self) -> None:
        if self._session is not None:
            self._broker.drop(self.site, will_after=self._chance.uniform(0, 70))

    def _wire(self, gone: Callable[[int], bytes]) -> "Machine":
        self._gone = gone
        return self

    def _connect(self) -> None:
        agent = self.agent
        if agent is None or self._session is not None:
            return
        if self.network:
            number = self._connections + 1
            ended = self._ended
            will = (up(self.site, Up.GONE), self._gone(number))
            session = self._broker.connect(self.site, (down_all(self.site), HUB_HELLO), self._deliver, ended, will)
            if session is not None:
                self._connections, self._session = number, session
                self._inbox.clear()
                self._poke()
                return
        self.timeline.after(self._chance.uniform(5, 60), self._connect)

    def _ended(self) -> None:
        self._session = None
        self._poke()
        self.timeline.after(self._chance.uniform(1, 10), self._connect)

    def _deliver(self, topic: str, payload: bytes) -> None:
        kind = self._kinds.get(topic)
        if kind is not None and self.agent is not None:
            self._inbox.append((kind, payload))
            self._poke()

    @property
    def connected(self) -> int | None:
        """The connection's number."""
        return self._connections if self._session is not None else None

    def publish(self, what: Up, payload: bytes) -> bool:
        """Hands a message to the connection."""
        if self._failed:
            raise Cut
        if self._session is None:
            return False
        return self._broker.publish(self._session, up(self.site, what), payload)

    def take(self) -> list[tuple[Kind, bytes]]:
        """What has come."""
        taken, self._inbox = self._inbox, []
        return taken


def settings_of(site: SiteId, case: Case, folder: Path, salt: str, key: bytes) -> Settings:
    """A site's settings: the contract's timers but for what would only fill the trace while nothing happens."""
    (folder / "site.key").write_text(key.hex())
    devices = ("card", "door", *(f"reader-{s.lower()}" for s in case.shelves))
    return Settings.model_validate(
        {
            "site": site,
            "name": {"zh-CN": site, "en": site},
            "data_dir": str(folder / "data"),
            "fleet_salt": salt,
            "site_key_file": str(folder / "site.key"),
            "broker": {"tls": False, "port": 1883},
            "delivery": {"hello_s": 4 * 3600, "heartbeat_s": 6 * 3600, "directory_s": 4 * 3600},
            "storage": {"keep_days": 2},
            "timing": {"recount_s": RECOUNT_S},
            "station": [
                {
                    "name": "cabinet-1",
                    "kind": "cabinet",
                    "card_reader": "card",
                    "door": "door",
                    "shelves": [
                        {"name": s, "reader": f"reader-{s.lower()}", "reference_tag": shelf.reference.uid}
                        for s, shelf in case.shelves.items()
                    ],
                }
            ],
            "device": {name: {"driver": "city"} for name in devices},
        }
    )


RECOUNT_S = 4 * 3600.0
"""Between counts while nobody is there."""
