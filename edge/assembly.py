"""Puts an agent together from its settings: on a machine of its own with threads, or in surroundings handed in."""

import contextlib
import itertools
import platform
import queue
import random as chance
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from edge.agent import Agent
from edge.clock import Clock
from edge.devices import registry
from edge.directory import Asker, Mirror
from edge.errors import SettingsWrong
from edge.furniture import Station
from edge.health import Health, free_mb, sd_notify
from edge.journal import Journal
from edge.keepers.cabinet import CabinetKeeper
from edge.keepers.desk import DeskKeeper
from edge.keepers.drop import DropKeeper
from edge.keepers.gate import GateKeeper
from edge.keepers.keeper import Keeper
from edge.keepers.locker import LockerKeeper
from edge.keepers.room import RoomKeeper
from edge.kiosk import Kiosk
from edge.link import CHANGE_S, Link, Transport
from edge.mqtt import Mqtt
from edge.notices import ButtonPressed, Notice
from edge.outbox import Outbox, Vitals
from edge.settings import Settings
from edge.site import Site
from edge.watch import BoardWatch, CardWatch, ContactWatch, DoorWatch, ReaderWatch, ScanWatch, Watch
from protocol import __version__
from protocol.cards import card_secret
from protocol.hello import Gone, Versions
from protocol.names import BootId, DeviceName, StationName

KEEPERS: tuple[type[Keeper[Any]], ...] = (CabinetKeeper, RoomKeeper, DeskKeeper, GateKeeper, LockerKeeper, DropKeeper)
"""One for each kind of station."""


@dataclass(frozen=True)
class Around:
    """What an agent is put into: a machine's clock, chance, devices and ways out; or a simulation's."""

    clock: Clock
    boot: BootId
    random: Callable[[int], bytes]
    """`random(n)` gives n bytes nobody can guess."""
    device: Callable[[DeviceName], Any]
    """Builds the adapter of a configured device."""
    transport: Callable[[Callable[[int], bytes]], Transport]
    """Makes the connection to the broker, given what makes the will of its connection number n."""
    show: Callable[[StationName, str], None]
    """Puts a screen (JSON) on a station's page."""
    tell: Callable[[str], None] | None
    """Takes the status as JSON every second; None where nobody wants it."""
    notify: Callable[[str], None]
    alive: Callable[[], bool]
    free_mb: Callable[[], int]
    """MiB that may still be written where the journal is."""
    presses: Callable[[Callable[[StationName, str], None]], None] = lambda press: None
    """Given what takes the presses of buttons on the stations' pages."""
    secret: Callable[[str, bytes], bytes] = card_secret
    """The slow part of a card's name."""
    look_s: float = CHANGE_S
    """Between looks for a change in the site's status that is worth a message."""


@contextlib.contextmanager
def assemble(settings: Settings, random: Callable[[int], bytes]) -> Iterator[Agent]:
    """The agent, its threads running; everything is let go of in order afterwards.

    Raises SettingsWrong, or StorageFailed when the journal can't be opened at all.
    """
    with contextlib.ExitStack() as stack:
        kiosk = open_kiosk(settings)
        stack.callback(kiosk.stop)
        threads = Threads()
        stack.callback(threads.stop)
        broker: list[Mqtt] = []

        def transport(gone: Callable[[int], bytes]) -> Mqtt:
            broker.append(
                Mqtt(settings.site, settings.broker, gone=gone, dice=chance.Random(int.from_bytes(random(8))))
            )
            return broker[0]

        around = Around(
            clock=Clock.system(settings.clock.source),
            boot=BootId(random(16).hex()),
            random=random,
            device=lambda name: registry.build(name, settings.device[name]),
            transport=transport,
            show=kiosk.show,
            presses=kiosk.on_press,
            tell=kiosk.tell,
            notify=sd_notify,
            alive=lambda: threads.alive() and broker[0].alive,
            free_mb=lambda: free_mb(settings.data_dir),
        )
        agent = stack.enter_context(compose(settings, around))
        broker[0].start()
        stack.callback(broker[0].stop)
        for watch in agent.watches.values():
            threads.run(watch)
        stack.callback(threads.stop)
        yield agent


@contextlib.contextmanager
def compose(settings: Settings, around: Around) -> Iterator[Agent]:
    """The agent as it is put together everywhere, journal and directory open; whoever made it turns it.

    Raises SettingsWrong, or StorageFailed when the journal can't be opened at all.
    """
    clock, boot, random, timing = around.clock, around.boot, around.random, settings.delivery
    with contextlib.ExitStack() as stack:
        journal = Journal.open(
            settings.data_dir,
            boot=boot,
            random=random,
            stamp=clock.stamp(),
            site=settings.site,
            cap_mb=settings.storage.journal_cap_mb,
        )
        site = Site(
            settings=settings,
            key=settings.site_key(),
            clock=clock,
            journal=stack.enter_context(journal),
            mirror=stack.enter_context(contextlib.closing(Mirror.open(settings.data_dir, settings.site))),
            health=Health({name: str(section["driver"]) for name, section in settings.device.items()}),
            random=random,
            free_mb=around.free_mb,
            secret=around.secret,
        )
        inbox: queue.SimpleQueue[Notice] = queue.SimpleQueue()
        around.presses(lambda station, what: inbox.put(ButtonPressed(station, what)))
        watches = {
            name: _watch(settings, name, kind, around.device(name), inbox.put)
            for name, kind in settings.devices().items()
        }
        keepers = {
            station.name: _keeper(station, site, station, {n: watches[n] for n in station.uses()}, around.show)
            for station in settings.station
        }
        dice = chance.Random(int.from_bytes(random(8)))
        numbers = itertools.count(1)
        outbox = Outbox(
            site.journal,
            boot=boot,
            timing=timing,
            versions=versions(),
            vitals=lambda: Vitals(clock.stamp(), around.free_mb(), site.health.ok),
            next_req=lambda: next(numbers),
            dice=dice,
            nonce=random,
        )
        asker = Asker(site.mirror, boot=boot, timing=timing, next_req=lambda: next(numbers), dice=dice)
        transport = around.transport(lambda number: Gone(epoch=site.journal.epoch, boot=boot, connection=number).wire())
        link = Link(transport, outbox, asker, stamp=clock.stamp, heartbeat_s=timing.heartbeat_s, look_s=around.look_s)
        yield Agent(site, boot, link, watches, keepers, inbox, around.alive, around.notify, around.tell)


def versions() -> Versions:
    """What runs here."""
    return Versions(agent=__version__, python=platform.python_version(), sqlite=sqlite3.sqlite_version)


def open_kiosk(settings: Settings) -> Kiosk:
    """The local page, being served; raises SettingsWrong when its address is taken."""
    kiosk = Kiosk(settings.kiosk.host, settings.kiosk.port)
    try:
        kiosk.start()
    except OSError as taken:
        raise SettingsWrong(f"[kiosk] {settings.kiosk.host}:{settings.kiosk.port} can't be served: {taken}") from None
    return kiosk


class Threads:
    """One thread a watch, all watched over by `alive`."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def run(self, watch: Watch[Any]) -> None:
        """Drives a watch from a thread of its own until `stop`."""
        thread = threading.Thread(target=self._drive, args=(watch,), name=f"watch-{watch.name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def alive(self) -> bool:
        """Whether every thread still works; when one doesn't, the service manager's watchdog restarts the agent."""
        return all(thread.is_alive() for thread in self._threads)

    def stop(self) -> None:
        """Ends every thread and lets go of its device."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=5)

    def _drive(self, watch: Watch[Any]) -> None:
        try:
            while not self._stop.is_set():
                self._stop.wait(watch.turn(time.monotonic()))
        finally:
            watch.close()


def _watch(settings: Settings, name: DeviceName, kind: str, device: Any, put: Callable[[Notice], None]) -> Watch[Any]:
    """What minds a device of that kind."""
    timing = settings.timing
    retry = timing.retry_device_s, timing.retry_device_max_s
    match kind:
        case "door":
            return DoorWatch(name, device, put, *retry, debounce_s=timing.debounce_ms / 1000)
        case "card reader":
            return CardWatch(name, device, put, *retry)
        case "tag reader":
            return ReaderWatch(name, device, put, *retry)
        case "scanner":
            return ScanWatch(name, device, put, *retry)
        case "locker board":
            return BoardWatch(name, device, put, *retry, debounce_s=timing.debounce_ms / 1000)
        case "contact":
            return ContactWatch(name, device, put, *retry, debounce_s=timing.debounce_ms / 1000)
        case _:
            raise SettingsWrong(f"device {name}: nothing here minds a {kind}")


def _keeper(station: Station, *made: Any) -> Keeper[Any]:
    """What keeps a station of that kind."""
    kinds = {keeper.kind: keeper for keeper in KEEPERS}
    if station.kind not in kinds:
        raise SettingsWrong(f"station {station.name}: nothing here keeps a {station.kind}")
    return kinds[station.kind](*made)
