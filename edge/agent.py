"""The composition root of a site: builds every part and runs the one thread that owns the journal and the tables.

Everything else (devices, broker, kiosk) runs beside it and only puts notices into its inbox. Nothing here decides:
`edge.stations` does, and `edge.keepers` perform.
"""

import contextlib
import logging
import queue
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from edge.errors import StorageFailed
from edge.keepers.keeper import Keeper
from edge.link import Link
from edge.notices import ButtonPressed, ContactMoved, Down, Notice, SwitchMoved, Up
from edge.site import Site
from edge.stations.inputs import MemoryDoubted, Part, PartDown, PartUp
from edge.tally import Tally
from edge.watch import Watch
from protocol import __version__
from protocol.events import AgentStarted, AgentStopped, Fact
from protocol.names import BootId, CardTag, DeviceName, EpochId, StationName
from protocol.status import Alarm, Status

log = logging.getLogger(__name__)

START_GRACE_S = 8.0
"""Devices that haven't answered so long after the start count as down."""
PROBE_S = 10.0
"""Between attempts to write while the storage fails."""
PROBES = 12
"""Attempts in a row after which the journal is opened anew: damage met while running is salvaged only then."""
LOANS_S = 60.0
"""Between looks whether the directory has heard of what happened here."""
EPOCH = "epoch"
"""What the journal keeps the epoch as that the stations' memories belong to."""
HOUSEKEEPING_S = 3600.0
"""Between forgetting old events and shortening files."""


class Agent:
    """One site, running. Built whole by `edge.cli`, or by a simulation with its own clock, devices and connection."""

    def __init__(
        self,
        site: Site,
        boot: BootId,
        link: Link,
        watches: Mapping[DeviceName, Watch[Any]],
        keepers: Mapping[StationName, Keeper[Any]],
        inbox: "queue.SimpleQueue[Notice]",
        alive: Callable[[], bool],
        notify: Callable[[str], None],
        tell: Callable[[str], None] | None,
    ) -> None:
        """`alive` says whether every thread works, `notify` tells systemd, `tell` publishes the status locally (None:
        nobody there wants it)."""
        self.site = site
        self.boot = boot
        self.link = link
        self.watches = watches
        self.keepers = keepers
        self._inbox = inbox
        self._alive = alive
        self._notify = notify
        self._tell = tell
        self._unsaid: list[Fact] = []
        self._alarmed: tuple[Alarm, ...] = ()
        self._probes = 0
        self._started = False
        self._epoch = site.journal.value(EPOCH)
        """The journal's epoch that the stations' memories belong to; None: they begin with it."""
        self._up: set[DeviceName] = set()
        self._contacts: dict[DeviceName, bool | None] = {}
        """What each door's or switch's contact said last."""
        now = site.clock.now()
        self._began = now
        self._next = {
            "clock": now,
            "probe": now,
            "house": now + HOUSEKEEPING_S,
            "screen": now + 60,
            "loans": now + LOANS_S,
        }
        open_visits = sum(keeper.open_visits for keeper in keepers.values())
        self.say(AgentStarted(version=__version__, open_visits=open_visits))

    # --- the loop ---

    def turn(self, notice: Notice | None) -> None:
        """One round of the loop: a notice if there is one, then whatever is due."""
        if notice is not None:
            self.notice(notice)
        now = self.site.clock.now()
        if not self._started and (self._up >= set(self.watches) or now >= self._began + START_GRACE_S):
            self._start()
        for keeper in self.keepers.values():
            keeper.tick(now)
        self._chores(now)
        self.link.pump(now, self.status)
        if self._started and self.site.storage_ok and self._epoch != self.site.journal.epoch:
            self._go_on_in(self.site.journal.epoch)

    def _go_on_in(self, epoch: EpochId) -> None:
        """The hub's record contradicts the journal: what stations remember may be older than what it knows."""
        if self._epoch is not None:
            for keeper in self.keepers.values():
                keeper.take(MemoryDoubted())
        try:
            self.site.journal.commit((), self.site.clock.stamp(), keep={EPOCH: epoch})
            self._epoch = epoch
        except StorageFailed as failed:
            self._storage_failed(failed)

    def drain(self) -> None:
        """One round for every notice that waits, and one more."""
        with contextlib.suppress(queue.Empty):
            while True:
                self.turn(self._inbox.get_nowait())
        self.turn(None)

    def next_due(self) -> float:
        """When there is work again though no notice comes, monotonic seconds.

        Left out is what merely comes round every second or minute (`wait_s` has it), so that a simulation may sleep.
        """
        dues = [self.link.next_due(), self._next["house"]]
        dues += [due for keeper in self.keepers.values() if (due := keeper.next_due()) is not None]
        if not self._started:
            dues.append(self._began + START_GRACE_S)
        if not self.site.storage_ok:
            dues.append(self._next["probe"])
        return min(dues)

    def wait_s(self) -> float:
        """How long the loop may sleep for, when no notice comes."""
        due = min(self.next_due(), *self._next.values())
        return min(max(due - self.site.clock.now(), 0.0), 0.1)

    def run(self, stop: threading.Event) -> None:
        """Works until `stop` is set, then writes down that it stopped in order.

        Ends sooner when the journal can't be written for long: built again, the agent opens it anew.
        """
        self._notify("READY=1")
        while not stop.is_set() and not self.given_up:
            try:
                notice: Notice | None = self._inbox.get(timeout=self.wait_s())
            except queue.Empty:
                notice = None
            self.turn(notice)
        if stop.is_set():
            self._notify("STOPPING=1")
            self.say(AgentStopped())
            self.link.pump(self.site.clock.now(), self.status)

    @property
    def given_up(self) -> bool:
        """The journal couldn't be written for so long that it must be opened anew."""
        return self._probes >= PROBES

    # --- notices ---

    def notice(self, notice: Notice) -> None:
        """Routes what was seen to the stations it concerns."""
        match notice:
            case Up():
                self._device_up(notice)
            case Down(device, why):
                self._device_down(device, why)
            case ButtonPressed(station, what):
                if station in self.keepers:
                    self.keepers[station].pressed(what)
            case _:
                if isinstance(notice, ContactMoved | SwitchMoved):
                    self._contacts[notice.device] = notice.open if isinstance(notice, ContactMoved) else notice.on
                for keeper in self.keepers.values():
                    if notice.device in keeper.devices:
                        keeper.notice(notice)

    def _device_up(self, notice: Up) -> None:
        self._up.add(notice.device)
        self.say(self.site.health.up(notice.device, notice.says, self.site.clock.now()))
        if notice.door_open is not None or notice.on is not None:
            self._contacts[notice.device] = notice.on if notice.door_open is None else notice.door_open
        if self._started:
            for keeper, part in self._using(notice.device):
                keeper.up(notice, part, all(name in self._up for name in keeper.parts()[part]))

    def _device_down(self, device: DeviceName, why: str) -> None:
        self._up.discard(device)
        self.say(self.site.health.down(device, why, self.site.clock.now()))
        if self._started:
            for keeper, part in self._using(device):
                keeper.take(PartDown(part, device))

    def _start(self) -> None:
        """Every device answered, or had its time: tell the stations what there is."""
        self._started = True
        for keeper in self.keepers.values():
            keeper.start(self._up, self._contacts)

    def _using(self, device: DeviceName) -> list[tuple[Keeper[Any], Part]]:
        """The stations that a device belongs to, and as which part."""
        return [(k, part) for k in self.keepers.values() for part, names in k.parts().items() if device in names]

    # --- facts of the site itself ---

    def say(self, *facts: Fact | None) -> None:
        """Writes down facts that belong to no station; what can't be written now is said when it can."""
        self._unsaid += [f for f in facts if f is not None]
        if not self._unsaid:
            return
        try:
            self.site.journal.commit(tuple(self._unsaid), self.site.clock.stamp())
        except StorageFailed as failed:
            self._storage_failed(failed)
        else:
            self._unsaid.clear()

    def status(self) -> Status:
        """How the site is right now."""
        site = self.site
        stamp = site.clock.stamp()
        return Status(
            boot=self.boot,
            connection=self.link.connection or 0,
            at=stamp.at,
            up_ms=stamp.up_ms,
            clock=stamp.clock,
            every_s=round(site.settings.delivery.heartbeat_s),
            stations=tuple(k.status() for k in self.keepers.values()),
            devices=site.health.devices(),
            queue=site.journal.last - site.journal.stored,
            last=site.journal.last,
            directory_version=site.mirror.version,
            directory_age_s=site.directory_age_s(),
            free_mb=site.free_mb(),
            alarms=self._alarms() or None,
        )

    def _alarms(self) -> tuple[Alarm, ...]:
        """What is wrong just now; each change is logged once."""
        storage = () if self.site.storage_ok else (Alarm.STORAGE,)
        full = (Alarm.JOURNAL_FULL,) if self.site.journal.full else ()
        alarms = (*self.link.alarms(self.site.clock.now()), *storage, *full)
        for alarm in sorted(set(alarms) - set(self._alarmed)):
            log.error("alarm: %s", alarm)
        for alarm in sorted(set(self._alarmed) - set(alarms)):
            log.info("over: %s", alarm)
        self._alarmed = alarms
        return alarms

    def _storage_failed(self, failed: StorageFailed) -> None:
        if self.site.storage_ok:
            log.error("the journal can't be written: %s", failed)
        self.site.storage_ok = False
        for keeper in self.keepers.values():
            keeper.take(PartDown(Part.STORAGE))

    def _chores(self, now: float) -> None:
        if now >= self._next["clock"]:
            self._next["clock"] = now + 1
            self.say(self.site.clock.watch())
            if self._tell is not None:
                self._tell(self.status().model_dump_json(exclude_none=True))
            if self._alive():
                self._notify("WATCHDOG=1")
        if now >= self._next["probe"]:
            self._next["probe"] = now + PROBE_S
            if not self.site.storage_ok:
                self._probe()
        if now >= self._next["screen"]:
            self._next["screen"] = now + 60
            for keeper in self.keepers.values():
                keeper.refresh()
        if now >= self._next["loans"]:
            self._next["loans"] = now + LOANS_S
            self._settle_loans(now)
        if now >= self._next["house"]:
            self._next["house"] = now + HOUSEKEEPING_S
            self._housekeep()

    def _probe(self) -> None:
        try:
            self.site.journal.check()
        except StorageFailed:
            self._probes += 1
            return
        self._probes = 0
        self.site.storage_ok = True
        self.say()
        for keeper in self.keepers.values():
            keeper.take(PartUp(Part.STORAGE))

    def _housekeep(self) -> None:
        keep = timedelta(days=self.site.settings.storage.keep_days)
        stamp = self.site.clock.stamp()
        try:
            self.site.journal.forget(stamp, keep)
            self.site.journal.commit((), stamp, keep=dict.fromkeys(self._settled_tallies()))
            self.site.journal.rest()
        except StorageFailed as failed:
            self._storage_failed(failed)

    def _settle_loans(self, now: float) -> None:
        over = self.site.loans.settled(now) if self.site.has_pads and self.site.storage_ok else {}
        try:
            if over:
                self.site.journal.commit((), self.site.clock.stamp(), keep=over)
        except StorageFailed as failed:
            self._storage_failed(failed)

    def _settled_tallies(self) -> list[str]:
        """Keys of the tallies that the directory has caught up with."""
        tallies = {key: Tally.model_validate_json(kept) for key, kept in self.site.journal.kept("tally/").items()}
        cards = {key: self.site.mirror.card(CardTag(key.removeprefix("tally/"))) for key in tallies}
        return [key for key, card in cards.items() if card is None or card.loans != tallies[key].base]
