"""Builds a real site's agent from its settings: real clock, real devices, real broker, one thread a device."""

import contextlib
import itertools
import platform
import queue
import random as chance
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from edge.agent import Agent
from edge.clock import Clock
from edge.devices import registry
from edge.directory import Asker, Mirror
from edge.errors import SettingsWrong
from edge.health import Health, free_mb, sd_notify
from edge.journal import Journal
from edge.keeper import Keeper, Site
from edge.kiosk import Kiosk
from edge.link import Link
from edge.mqtt import Mqtt
from edge.outbox import Outbox, Vitals
from edge.settings import Settings
from edge.watch import CardWatch, DoorWatch, Notice, ReaderWatch, Watch
from protocol import __version__
from protocol.hello import Gone, Versions
from protocol.names import BootId, DeviceName


@contextlib.contextmanager
def assemble(settings: Settings, random: Callable[[int], bytes]) -> Iterator[Agent]:
    """The agent, its threads running; everything is let go of in order afterwards.

    Raises SettingsWrong, or StorageFailed when the journal can't be opened at all.
    """
    with contextlib.ExitStack() as stack:
        clock = Clock.system(settings.clock.source)
        boot = BootId(random(16).hex())
        site = Site(
            settings=settings,
            key=settings.site_key(),
            clock=clock,
            journal=stack.enter_context(
                Journal.open(
                    settings.data_dir,
                    boot=boot,
                    random=random,
                    stamp=clock.stamp(),
                    cap_mb=settings.storage.journal_cap_mb,
                )
            ),
            mirror=stack.enter_context(contextlib.closing(Mirror.open(settings.data_dir))),
            health=Health({name: str(section["driver"]) for name, section in settings.device.items()}),
            random=random,
        )
        inbox: queue.SimpleQueue[Notice] = queue.SimpleQueue()
        watches = _watches(settings, inbox.put)
        kiosk = open_kiosk(settings)
        stack.callback(kiosk.stop)
        keepers = {
            station.name: Keeper(
                site,
                station,
                door=_of(watches, station.door, DoorWatch),
                readers={shelf.name: _of(watches, shelf.reader, ReaderWatch) for shelf in station.shelves},
                show=kiosk.show,
            )
            for station in settings.station
        }
        dice = chance.Random(int.from_bytes(random(8)))
        numbers = itertools.count(1)
        outbox = Outbox(
            site.journal,
            boot=boot,
            timing=settings.delivery,
            versions=versions(),
            vitals=lambda: Vitals(clock.stamp(), free_mb(settings.data_dir), site.health.ok),
            next_req=lambda: next(numbers),
            dice=dice,
            nonce=random,
        )
        asker = Asker(site.mirror, boot=boot, timing=settings.delivery, next_req=lambda: next(numbers), dice=dice)
        mqtt = Mqtt(
            settings.site,
            settings.broker,
            gone=lambda number: Gone(epoch=site.journal.epoch, boot=boot, connection=number).wire(),
            dice=chance.Random(int.from_bytes(random(8))),
        )
        link = Link(mqtt, outbox, asker, stamp=clock.stamp, heartbeat_s=settings.delivery.heartbeat_s)
        threads = Threads()
        stack.callback(threads.stop)
        agent = Agent(
            site,
            boot,
            link,
            watches,
            keepers,
            inbox,
            alive=lambda: threads.alive() and mqtt.alive,
            notify=sd_notify,
            tell=kiosk.tell,
        )
        mqtt.start()
        stack.callback(mqtt.stop)
        for watch in watches.values():
            threads.run(watch)
        yield agent


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


def _watches(settings: Settings, put: Callable[[Notice], None]) -> dict[DeviceName, Watch[Any]]:
    timing = settings.timing
    retry = timing.retry_device_s, timing.retry_device_max_s
    made: dict[DeviceName, Watch[Any]] = {}
    for station in settings.station:
        door, reader = station.door, station.card_reader
        if door not in made:
            device: Any = registry.build(door, settings.device[door])
            made[door] = DoorWatch(door, device, put, *retry, debounce_s=timing.debounce_ms / 1000)
        if reader not in made:
            made[reader] = CardWatch(reader, registry.build(reader, settings.device[reader]), put, *retry)
        for shelf in station.shelves:
            if shelf.reader not in made:
                device = registry.build(shelf.reader, settings.device[shelf.reader])
                made[shelf.reader] = ReaderWatch(shelf.reader, device, put, *retry)
    return made


_W = TypeVar("_W", bound=Watch[Any])


def _of(watches: dict[DeviceName, Watch[Any]], name: DeviceName, kind: type[_W]) -> _W:
    watch = watches[name]
    if not isinstance(watch, kind):
        raise SettingsWrong(f"device {name} is used as two different kinds of device")
    return watch
