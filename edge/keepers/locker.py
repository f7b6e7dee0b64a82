"""The keeper of a locker: its board, codes typed by patrons, and items that couriers scan or lay on the pad."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from edge.access import Conditions
from edge.furniture import Locker as Furniture
from edge.keepers.keeper import Keeper
from edge.notices import (
    LockDone,
    LockFailed,
    LockMoved,
    LockUnsure,
    Notice,
    RoundRun,
    TagRead,
    Up,
)
from edge.stations import locker
from edge.stations.effects import Effect, Release
from edge.stations.inputs import (
    CompartmentMoved,
    Input,
    ItemShown,
    LockTried,
    Part,
    PartUp,
    Started,
    Surroundings,
    Tapped,
    Waiting,
    WrongCode,
)
from edge.stations.lockers import NEEDED, TRIES, Locker, Memory, Phase, Plan
from edge.stations.table import Step
from edge.stations.visit import OpenVisit
from edge.watch import BoardWatch, ReaderWatch, ReadTag, RunRound
from protocol.cards import code_tag
from protocol.directory import HoldEntry
from protocol.names import DeviceName, ItemId, ShelfName, TagUid
from protocol.status import ShelfStatus, StationStatus

PAD = ShelfName("pad")
"""What rounds of the couriers' pad are asked for as."""
ROUND_S = 0.5
"""Between rounds of it during a courier's visit."""
SHORTEST_CODE = 4
"""Digits; what is shorter was typed by mistake and counts as no attempt."""


class LockerKeeper(Keeper[Locker]):
    """One locker at work."""

    kind = "locker"
    resting = Phase.IDLE
    station: Furniture

    def __init__(self, *made: Any) -> None:
        """As every keeper."""
        self._round_at: float | None = None
        self._lying: frozenset[TagUid] = frozenset()
        super().__init__(*made)

    def boot(self, memory: str | None, visit: str | None) -> Locker:
        """From the journal."""
        station, timing = self.station, self.site.settings.timing
        self._locks = dict(station.names())
        self._shelves = {lock: shelf for shelf, lock in self._locks.items()}
        self.plan = Plan(
            station=station.name,
            compartments=tuple(self._locks),
            unlock_s=timing.unlock_s,
            held_warn_s=timing.held_warn_s,
            held_alarm_s=timing.held_alarm_s,
            session_s=timing.session_s,
            receipt_s=timing.receipt_s,
            refusal_s=timing.refusal_s,
            locked_s=station.locked_min * 60,
        )
        return locker.boot(
            self.plan,
            Memory.model_validate_json(memory) if memory else None,
            OpenVisit.model_validate_json(visit) if visit else None,
        )

    def step(self, state: Locker, given: Input) -> Step[Locker]:
        """What the locker's table answers."""
        return locker.step(state, given, self.plan)

    def parts(self) -> Mapping[Part, tuple[DeviceName, ...]]:
        """Card reader, board, scanner, pad."""
        found = {Part.CARD: (self.station.card_reader,), Part.BOARD: (self.station.board,)}
        found |= {Part.SCANNER: (self.station.scanner,)} if self.station.scanner else {}
        return found | ({Part.PAD: (self.station.pad,)} if self.station.pad else {})

    def start(self, up: Collection[DeviceName], open_doors: Mapping[DeviceName, bool | None]) -> None:
        """The first input: what doesn't answer, and which compartments stand open."""
        down = {part for part, names in self.parts().items() if any(name not in up for name in names)}
        self.take(Started(None, frozenset(down), compartments=self._named(self._board().doors)))

    def up(self, notice: Up, part: Part, whole: bool) -> None:
        """A board that is back tells every door."""
        if part is Part.BOARD:
            self.take(PartUp(part, device=notice.device, compartments=self._named(notice.locks or {})))
        else:
            super().up(notice, part, whole)

    def take(self, given: Input) -> None:
        """Who waits for what, and which day it is, is told first where it matters."""
        if isinstance(given, Tapped | ItemShown | CompartmentMoved | Started | PartUp):
            super().take(Surroundings(tuple(_waiting(hold) for hold in self.site.mirror.holds()), self.site.today()))
        super().take(given)

    def notice(self, notice: Notice) -> None:
        """Cards, doors, what came of an order, what a courier shows."""
        match notice:
            case LockMoved(lock=lock, open=is_open) if lock in self._shelves:
                self.take(CompartmentMoved(self._shelves[lock], is_open))
            case LockDone(lock=lock, order=order):
                self.take(LockTried(self._shelves[lock], order, sure=True))
            case LockUnsure(lock=lock, order=order):
                self.take(LockTried(self._shelves[lock], order, sure=None))
            case LockFailed(lock=lock, order=order):
                self.take(LockTried(self._shelves[lock], order, sure=False))
            case RoundRun(round=done):
                self._round_at = self.site.clock.now() + ROUND_S
                if done is not None:
                    came, self._lying = done.tags - self._lying, done.tags
                    for tag in sorted(came):
                        self._reader().order(ReadTag(tag, 0))
            case TagRead(tag=tag):
                self._laid(tag, notice)
            case _:
                super().notice(notice)

    def pressed(self, what: str) -> None:
        """A button; or digits, which are a patron's code."""
        if what.isdecimal() and self.state.phase is Phase.IDLE:
            self._typed(what)
        else:
            super().pressed(what)

    def tick(self, now: float) -> None:
        """Asks for the pad's next round during a courier's visit, and fires the timers that are due."""
        if self.station.pad and self.state.phase is Phase.LOADING:
            if self._round_at is None or now >= self._round_at:
                self._round_at = now + 60  # until this one is answered
                self._reader().order(RunRound(PAD, 0))
        elif self.state.visit is None:
            self._round_at, self._lying = None, frozenset()
        super().tick(now)

    def next_due(self) -> float | None:
        """When the next timer runs out, or the next round is due."""
        loading = self.state.phase is Phase.LOADING and self._round_at is not None
        dues = [due for due in (super().next_due(), self._round_at if loading else None) if due is not None]
        return min(dues) if dues else None

    def conditions(self) -> Conditions:
        """A locker serves with its board alone."""
        return replace(super().conditions(), working=not self.state.down & NEEDED)

    def act(self, effect: Effect) -> None:
        """Releases a lock."""
        match effect:
            case Release(shelf, order):
                self._board().unlock(self._locks[shelf], order)
            case _:
                super().act(effect)

    def status(self) -> StationStatus:
        """The locker as its heartbeat tells it: each item in a compartment is one."""
        state, down = self.state, self.state.down
        shelf = ShelfStatus(
            shelf=ShelfName("all"), present=len(state.memory.boxes), capacity=len(self.plan.compartments)
        )
        return StationStatus(
            station=self.name,
            kind=self.kind,
            phase=state.phase,
            shelves=(shelf,),
            last_visit_at=self.last_visit_at,
            out_of_order=", ".join(sorted(down)) if state.phase is Phase.OUT else None,
        )

    # --- codes and items ---

    def _typed(self, digits: str) -> None:
        """A right code stands for the card of whoever it was sent to."""
        if len(digits) < SHORTEST_CODE:
            return
        tag = code_tag(self.site.key, digits)
        hold = next((hold for hold in self.site.mirror.holds() if hold.code == tag and hold.cards), None)
        if hold is None or self.state.memory.wrong >= TRIES:
            self.take(WrongCode())
            return
        self.card_shown(hold.cards[0], self.station.card_reader)

    def code_read(self, text: str, device: DeviceName) -> None:
        """An item that a courier shows."""
        entry = self.site.mirror.item(ItemId("".join(text.split()).upper()))
        if entry is None:
            self.take(ItemShown(None, None))
        else:
            self.take(ItemShown(entry.tag, entry.item, title_id=entry.title_id))

    def _laid(self, tag: TagUid, read: TagRead) -> None:
        memory = read.memory
        content = self.content(memory)
        whose = self.identity(tag, content)
        entry = self.site.mirror.item(whose.item) if whose.item and whose.foreign is None else None
        if entry is None:
            self.take(ItemShown(tag, None))
        else:
            self.take(ItemShown(tag, entry.item, whose.owner, entry.title_id))

    # --- devices ---

    def _named(self, doors: Mapping[int, bool]) -> Mapping[ShelfName, bool]:
        return {self._shelves[lock]: is_open for lock, is_open in doors.items() if lock in self._shelves}

    def _board(self) -> BoardWatch:
        watch = self.watches[self.station.board]
        assert isinstance(watch, BoardWatch)
        return watch

    def _reader(self) -> ReaderWatch:
        assert self.station.pad is not None
        watch = self.watches[self.station.pad]
        assert isinstance(watch, ReaderWatch)
        return watch


def _waiting(hold: HoldEntry) -> Waiting:
    return Waiting(hold.hold, hold.title_id, hold.cards)
