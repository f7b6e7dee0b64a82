"""The keeper of a book drop: rounds without end over its bin, whose each tag is, and the courier's door."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from edge.access import Conditions
from edge.frames import tagdata
from edge.furniture import Drop as Furniture
from edge.keepers.keeper import Keeper
from edge.notices import ContactMoved, Notice, RoundRun, TagRead, Up
from edge.notices import SwitchMoved as SwitchNoticed
from edge.pad import Here, Pad
from edge.stations import drop
from edge.stations.drop import Drop, Memory, Phase, Plan, known
from edge.stations.effects import CountBin, Effect, Relock, Unlock
from edge.stations.inputs import BinCounted, DoorMoved, Input, Lying, PadChanged, Part, PartUp, Started, SwitchMoved
from edge.stations.table import Step
from edge.stations.visit import OpenVisit
from edge.watch import DoorWatch, ReaderWatch, ReadTag, RunRound
from protocol.names import DeviceName, ShelfName, TagUid, VisitId
from protocol.status import DoorState, ShelfStatus, StationStatus

BIN = ShelfName("bin")
"""What rounds are asked for as."""
ROUND_S, PAUSE_S = 0.3, 2.0
"""Between rounds, and while the reader fails."""
NEEDED = frozenset({Part.READER, Part.STORAGE})


class DropKeeper(Keeper[Drop]):
    """One drop at work."""

    kind = "drop"
    resting = Phase.IDLE
    station: Furniture

    def __init__(self, *made: Any) -> None:
        """As every keeper."""
        super().__init__(*made)
        self._field = Pad()
        self._read: dict[TagUid, TagRead] = {}
        self._asked: set[TagUid] = set()
        self._told = PadChanged((), None)
        self._round_at: float | None = None

    def boot(self, memory: str | None, visit: str | None) -> Drop:
        """From the journal."""
        station, timing = self.station, self.site.settings.timing
        self.plan = Plan(
            station=station.name,
            shelf=station.shelf,
            capacity=station.capacity,
            has_door=station.door is not None,
            settle_s=timing.settle_s,
            held_alarm_s=timing.held_alarm_s,
            session_s=timing.session_s,
            receipt_s=timing.receipt_s,
            refusal_s=timing.refusal_s,
        )
        return drop.boot(
            self.plan,
            Memory.model_validate_json(memory) if memory else None,
            OpenVisit.model_validate_json(visit) if visit else None,
        )

    def step(self, state: Drop, given: Input) -> Step[Drop]:
        """What the drop's table answers."""
        return drop.step(state, given, self.plan)

    def parts(self) -> Mapping[Part, tuple[DeviceName, ...]]:
        """Its reader, and what else there is."""
        station = self.station
        more = {Part.SWITCH: station.flap, Part.CARD: station.card_reader, Part.DOOR: station.door}
        return {Part.READER: (station.reader,)} | {part: (name,) for part, name in more.items() if name}

    def start(self, up: Collection[DeviceName], open_doors: Mapping[DeviceName, bool | None]) -> None:
        """The first input: what doesn't answer, and whether the bin is open."""
        down = {part for part, names in self.parts().items() if any(name not in up for name in names)}
        self._round_at = self.site.clock.now()
        self.take(Started(open_doors.get(self.station.door) if self.station.door else None, frozenset(down)))

    def notice(self, notice: Notice) -> None:
        """Rounds, tags, the flap, the bin's door, cards."""
        match notice:
            case RoundRun(round=done):
                self._round_at = self.site.clock.now() + (ROUND_S if done is not None else PAUSE_S)
                if done is not None:
                    self._field = self._field.after(done.tags)
                    self._look()
            case TagRead(tag=tag):
                self._read[tag] = notice
                self._look()
            case SwitchNoticed(device=device, on=on):
                self.take(SwitchMoved(device, on))
            case ContactMoved(device=device, open=is_open):
                self.take(DoorMoved(is_open, device))
            case _:
                super().notice(notice)

    def up(self, notice: Up, part: Part, whole: bool) -> None:
        """A reader that comes back tells anew what lies there; a door says whether it is open."""
        if part is Part.READER:
            self._field, self._told = Pad(), PadChanged((), None)
        if whole:
            self.take(PartUp(part, notice.door_open, notice.device))

    def tick(self, now: float) -> None:
        """Asks for the next round when it is time, and fires the timers that are due."""
        if self._round_at is not None and now >= self._round_at:
            self._round_at = None
            self._reader().order(RunRound(BIN, 0))
        super().tick(now)

    def next_due(self) -> float:
        """When the next timer runs out, or the next round is due."""
        return min(due for due in (super().next_due(), self._round_at) if due is not None)

    def conditions(self) -> Conditions:
        """Couriers need no reader to empty it."""
        return replace(super().conditions(), working=Part.STORAGE not in self.state.down)

    def act(self, effect: Effect) -> None:
        """The bin's lock, and what is left in it."""
        match effect:
            case Unlock():
                self._door().unlock()
            case Relock():
                self._door().relock()
            case CountBin():
                failed = Part.READER in self.state.down
                self.take(BinCounted(None if failed else frozenset(self._field.lying())))
            case _:
                super().act(effect)

    def status(self) -> StationStatus:
        """The drop as its heartbeat tells it."""
        state, down = self.state, self.state.down
        door = DoorState.OPEN if state.door_open else DoorState.SHUT
        return StationStatus(
            station=self.name,
            kind=self.kind,
            phase=state.phase,
            door=door if self.station.door else DoorState.UNKNOWN,
            shelves=(
                ShelfStatus(shelf=self.station.shelf, present=len(state.memory.bin), capacity=self.station.capacity),
            ),
            last_visit_at=self.last_visit_at,
            out_of_order=", ".join(sorted(down & NEEDED)) if down & NEEDED else None,
        )

    # --- what lies there ---

    def _look(self) -> None:
        """Tells the table what lies there, once every new tag of it was read."""
        here, settled = self._field.lying(), known(self.state)
        for gone in [tag for tag in self._read if tag not in self._field.tags]:
            del self._read[gone]
        self._asked &= set(self._field.tags)
        for tag in here:
            if tag not in self._asked and tag not in settled:
                self._asked.add(tag)
                self._reader().order(ReadTag(tag, 0))
        if any(tag in self._asked and tag not in self._read for tag in here):
            return
        before = {told.tag: told for told in self._told.lying}
        lying = tuple(self._lying(tag, here[tag], before.get(tag)) for tag in sorted(here))
        now = PadChanged(lying, self.site.today(), self.site.writable())
        if now != self._told:
            self._told = now
            self.take(now)

    def _lying(self, tag: TagUid, here: Here, before: Lying | None) -> Lying:
        """One tag; evidence and the visit's name stay as they were when it was first told of."""
        read = self._read.get(tag)
        memory = read.memory if read else None
        content = self.content(memory)
        whose = self.identity(tag, content)
        entry = self.site.mirror.item(whose.item) if whose.item and whose.foreign is None else None
        stated = content if isinstance(content, tagdata.ItemContent) else None
        return Lying(
            tag=tag,
            item=whose.item,
            owner=whose.owner,
            foreign=whose.foreign,
            lending=whose.lending,
            parts=max(stated.parts if stated else 1, entry.parts if entry else 1),
            part=stated.part if stated else None,
            seen=before.seen if before else here.seen,
            rounds=before.rounds if before else here.rounds,
            visit=before.visit if before else VisitId(self.site.random(16).hex()),
        )

    def _reader(self) -> ReaderWatch:
        watch = self.watches[self.station.reader]
        assert isinstance(watch, ReaderWatch)
        return watch

    def _door(self) -> DoorWatch:
        assert self.station.door is not None
        watch = self.watches[self.station.door]
        assert isinstance(watch, DoorWatch)
        return watch
