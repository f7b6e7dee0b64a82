"""Watches: each minds one device from one thread, and tells the agent what it sees.

A watch connects its device, tries again with growing pauses while it is gone, and says so once. It never decides:
it puts notices into the agent's queue and takes orders from its own. `turn` does one piece of work and answers how
long to wait before the next, so a thread, or a virtual clock, can drive it.
"""

import logging
import queue
from dataclasses import dataclass
from typing import Generic, TypeVar

from edge.devices.debounce import Debounce
from edge.devices.kinds import CardReader, Contact, Device, Door, LockerBoard, Scanner, TagMemory, TagReader
from edge.devices.presence import Presence
from edge.errors import DeviceError, DeviceFault, DeviceGone, TagError, UnlockUnsure
from edge.notices import (
    AfiWritten,
    CardShown,
    CodeScanned,
    ContactMoved,
    Down,
    LockDone,
    LockFailed,
    LockMoved,
    LockUnsure,
    Put,
    RoundRun,
    SwitchMoved,
    TagRead,
    Up,
)
from protocol.names import DeviceName, ShelfName, TagUid

log = logging.getLogger(__name__)

LOOK_S = 0.25
"""Between looks for a card."""
DOOR_S = 0.01
"""Between looks at the door's contact: short against the debounce time."""
SCAN_S = 0.05
"""Between questions for a code, each of which waits for one a little itself."""
BOARD_S = 0.1
"""Between questions to a locker board."""
IDLE_ROUND_S = 30.0
"""A tag reader nobody asked for so long is asked whether it still answers."""
MAX_FAULTS = 3
"""Faults in a row after which a device is taken for failed, closed and opened anew."""
TAG_TRIES = 3
"""Reads of one tag's memory before it is called unreadable."""


@dataclass(frozen=True, slots=True)
class RunRound:
    """Order to a tag reader: one round."""

    shelf: ShelfName
    count: int


@dataclass(frozen=True, slots=True)
class ReadTag:
    """Order to a tag reader: what does this tag hold?"""

    tag: TagUid
    count: int


@dataclass(frozen=True, slots=True)
class WriteAfi:
    """Order to a tag reader: set this tag's AFI, read back."""

    tag: TagUid
    afi: int


Order = RunRound | ReadTag | WriteAfi
_D = TypeVar("_D", bound=Device)


class Watch(Generic[_D]):
    """Keeps one device connected and works with it; a kind of device says how in `_work`."""

    def __init__(self, name: DeviceName, device: _D, put: Put, retry_s: float, retry_max_s: float) -> None:
        self.name = name
        self.device = device
        self.put = put
        self.connected = False
        self._retry = (retry_s, retry_max_s)
        self._pause = retry_s
        self._faults = 0
        self._said_down = False

    @property
    def wanted(self) -> bool:
        """Orders wait for the next turn."""
        return False

    def turn(self, now: float) -> float:
        """One piece of work; answers the seconds until the next."""
        try:
            if not self.connected:
                self._connect(now)
            wait = self._work(now)
        except DeviceGone as gone:
            return self._lost(gone)
        except DeviceError as fault:
            self._faults += 1
            if self._faults >= MAX_FAULTS or not self.connected:
                return self._lost(fault)
            return self._pause
        self._faults = 0
        return wait

    def close(self) -> None:
        """Lets go of the device."""
        self.connected = False
        self.device.close()

    def _connect(self, now: float) -> None:
        says = self.device.connect()
        self.connected = True
        self._pause = self._retry[0]
        self._said_down = False
        self.put(self._up(says, now))

    def _lost(self, error: DeviceError) -> float:
        self.close()
        self._faults = 0
        if not self._said_down:
            self._said_down = True
            self.put(Down(self.name, error.why))
        wait, self._pause = self._pause, min(self._pause * 2, self._retry[1])
        return wait

    def _up(self, says: str, now: float) -> Up:
        """What a new connection is told by."""
        return Up(self.name, says, self._fresh(now))

    def _fresh(self, now: float) -> bool | None:
        """Called on a new connection: what the agent must know at once."""
        return None

    def _work(self, now: float) -> float:
        raise NotImplementedError  # each kind of watch below has its own


class CardWatch(Watch[CardReader]):
    """Looks for cards; a card held to the reader is one presentation."""

    def _fresh(self, now: float) -> bool | None:
        self._presence = Presence()
        return None

    def _work(self, now: float) -> float:
        shown = self._presence.see(self.device.look())
        if shown is not None:
            self.put(CardShown(self.name, shown))
        return LOOK_S


class DoorWatch(Watch[Door]):
    """Looks at the contact, and works the lock when told to."""

    def __init__(
        self, name: DeviceName, device: Door, put: Put, retry_s: float, retry_max_s: float, debounce_s: float
    ) -> None:
        super().__init__(name, device, put, retry_s, retry_max_s)
        self._debounce_s = debounce_s
        self._orders: queue.SimpleQueue[bool] = queue.SimpleQueue()

    @property
    def open(self) -> bool | None:
        """What the contact was last believed to say; None before it was read."""
        return self._debounce.value if self.connected else None

    @property
    def pulse_s(self) -> float:
        """How long one pulse releases the lock for; a driver that doesn't say has a coil that pulls for a second."""
        return float(getattr(self.device, "pulse_s", 1.0))

    @property
    def wanted(self) -> bool:
        """A pulse, or its end, is asked for."""
        return not self._orders.empty()

    def unlock(self) -> None:
        """Asks for one pulse; dropped when the lock can't be reached, since a pulse late is a door open to nobody."""
        self._orders.put(True)

    def relock(self) -> None:
        """Asks for the pulse to end."""
        self._orders.put(False)

    def _fresh(self, now: float) -> bool | None:
        while not self._orders.empty():
            self._orders.get_nowait()
        open_now = self.device.is_open()
        self._debounce = Debounce(self._debounce_s, open_now)
        return open_now

    def _work(self, now: float) -> float:
        while not self._orders.empty():
            self._work_lock(self._orders.get_nowait())
        edge = self._debounce.see(self.device.is_open(), now)
        if edge is not None:
            self.put(ContactMoved(self.name, edge))
        return DOOR_S

    def _work_lock(self, release: bool) -> None:
        try:
            if release:
                self.device.unlock()
            else:
                self.device.relock()
        except DeviceError as error:
            raise DeviceGone(error.device, error.why) from error  # a lock that failed once is not to be trusted


class ContactWatch(Watch[Contact]):
    """Looks at a switch: a button, a barrier, a flap, an alarm."""

    def __init__(
        self, name: DeviceName, device: Contact, put: Put, retry_s: float, retry_max_s: float, debounce_s: float
    ) -> None:
        super().__init__(name, device, put, retry_s, retry_max_s)
        self._debounce_s = debounce_s

    def _up(self, says: str, now: float) -> Up:
        on = self.device.is_on()
        self._debounce = Debounce(self._debounce_s, on)
        return Up(self.name, says, on=on)

    def _work(self, now: float) -> float:
        edge = self._debounce.see(self.device.is_on(), now)
        if edge is not None:
            self.put(SwitchMoved(self.name, edge))
        return DOOR_S


class ReaderWatch(Watch[TagReader]):
    """Runs rounds and reads tags when told to, and looks now and then whether the reader still answers."""

    def __init__(self, name: DeviceName, device: TagReader, put: Put, retry_s: float, retry_max_s: float) -> None:
        super().__init__(name, device, put, retry_s, retry_max_s)
        self._orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self._asked = 0.0

    @property
    def wanted(self) -> bool:
        """Rounds or reads are asked for."""
        return not self._orders.empty()

    def order(self, order: Order) -> None:
        """Queues one piece of work; it is always answered with a notice, also by a failure."""
        self._orders.put(order)

    def _fresh(self, now: float) -> bool | None:
        self._asked = now
        return None

    def turn(self, now: float) -> float:
        """As every watch's; an order to a reader that is gone is answered at once."""
        wait = super().turn(now)
        if not self.connected:
            while not self._orders.empty():
                self._refuse(self._orders.get_nowait(), "the reader is not there")
        return wait

    def _work(self, now: float) -> float:
        if self._orders.empty():
            if now - self._asked >= IDLE_ROUND_S:
                self._asked = now
                self.device.round()
            return 0.02
        self._asked = now
        order = self._orders.get_nowait()
        try:
            match order:
                case RunRound(shelf, count):
                    self.put(RoundRun(self.name, shelf, count, self.device.round()))
                case ReadTag(tag, count):
                    self.put(TagRead(self.name, tag, count, self._memory(tag)))
                case WriteAfi(tag, afi):
                    self.put(AfiWritten(self.name, tag, afi, self._afi(tag, afi)))
        except DeviceError as error:
            self._refuse(order, error.why)
            raise
        return 0.0

    def _refuse(self, order: Order, why: str) -> None:
        match order:
            case RunRound(shelf, count):
                self.put(RoundRun(self.name, shelf, count, None, why))
            case ReadTag(tag, count):
                self.put(TagRead(self.name, tag, count, None))
            case WriteAfi(tag, afi):
                self.put(AfiWritten(self.name, tag, afi, why))

    def _afi(self, tag: TagUid, afi: int) -> str | None:
        why = ""
        for _ in range(TAG_TRIES):
            try:
                self.device.write_afi(tag, afi)
            except TagError as error:
                why = error.why
            else:
                return None
        return why

    def _memory(self, tag: TagUid) -> TagMemory | None:
        for _ in range(TAG_TRIES):
            try:
                return self.device.read(tag)
            except TagError as error:
                log.debug("%s", error)
        return None


class ScanWatch(Watch[Scanner]):
    """Passes on what is scanned."""

    def _work(self, now: float) -> float:
        text = self.device.scan()
        if text is not None:
            self.put(CodeScanned(self.name, text))
        return SCAN_S


class BoardWatch(Watch[LockerBoard]):
    """Looks at the doors of a locker's locks, and releases one when told to: once, whatever comes of it."""

    def __init__(
        self, name: DeviceName, device: LockerBoard, put: Put, retry_s: float, retry_max_s: float, debounce_s: float
    ) -> None:
        super().__init__(name, device, put, retry_s, retry_max_s)
        self._debounce_s = debounce_s
        self._steady: dict[int, Debounce] = {}
        self._orders: queue.SimpleQueue[tuple[int, int]] = queue.SimpleQueue()

    @property
    def doors(self) -> dict[int, bool]:
        """Each door, by its lock's number, as last believed; none before they were seen."""
        return {lock: door.value for lock, door in self._steady.items()} if self.connected else {}

    @property
    def wanted(self) -> bool:
        """A lock is to be released."""
        return not self._orders.empty()

    def unlock(self, lock: int, order: int) -> None:
        """Asks for one lock to be released, once. Always answered by LockDone, LockUnsure or LockFailed."""
        self._orders.put((lock, order))

    def turn(self, now: float) -> float:
        """As every watch's; an order to a board that is gone is answered at once."""
        wait = super().turn(now)
        if not self.connected:
            while not self._orders.empty():
                lock, order = self._orders.get_nowait()
                self.put(LockFailed(self.name, lock, order, "the board is not there"))
        return wait

    def _up(self, says: str, now: float) -> Up:
        doors = dict(self.device.doors())
        self._steady = {lock: Debounce(self._debounce_s, is_open) for lock, is_open in doors.items()}
        return Up(self.name, says, locks=doors)

    def _work(self, now: float) -> float:
        if not self._orders.empty():
            self._release(*self._orders.get_nowait())
            return 0.0
        for lock, is_open in self.device.doors().items():
            edge = self._steady[lock].see(is_open, now)
            if edge is not None:
                self.put(LockMoved(self.name, lock, edge))
        return BOARD_S

    def _release(self, lock: int, order: int) -> None:
        try:
            self.device.unlock(lock)
        except (UnlockUnsure, DeviceGone) as unsure:
            self.put(LockUnsure(self.name, lock, order, unsure.why))
            raise
        except DeviceFault as fault:
            self.put(LockFailed(self.name, lock, order, fault.why))
            raise
        self.put(LockDone(self.name, lock, order))
