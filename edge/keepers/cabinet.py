"""The keeper of a cabinet: doors, shelves' readers, and whose the tags on them are."""

from collections.abc import Collection, Mapping
from typing import Any

from edge.circulation import Identity
from edge.frames import tagdata
from edge.furniture import Cabinet as Furniture
from edge.keepers.keeper import Keeper
from edge.notices import ContactMoved, Notice, RoundRun, TagRead, Up
from edge.settings import Settings
from edge.shelf import Limits, Standing
from edge.stations import cabinet
from edge.stations.effects import Doubt, Effect, Identify, ReadRound, Relock, Trust, Unlock
from edge.stations.inputs import (
    DoorMoved,
    Identified,
    Input,
    KeptItem,
    Part,
    PartUp,
    RoundDone,
    RoundFailed,
    SelfTestAsked,
    Started,
    Timer,
)
from edge.stations.state import Cabinet, Memory, Phase, Plan
from edge.stations.table import Step
from edge.stations.visit import OpenVisit
from edge.watch import DoorWatch, ReaderWatch, ReadTag, RunRound
from protocol.directory import Lending
from protocol.names import DeviceName, ShelfName, TagUid
from protocol.status import DoorState, ShelfStatus, StationStatus

LOCK_GAP_S = 0.3
"""Between two of a cabinet's locks."""
SOLENOID_S = 1.0
"""A pulse as short as this moves a solenoid."""


class CabinetKeeper(Keeper[Cabinet]):
    """One cabinet at work."""

    kind = "cabinet"
    resting = Phase.IDLE
    station: Furniture

    def __init__(self, *made: Any) -> None:
        """As every keeper."""
        self._asked: dict[TagUid, Identity | None] = {}
        super().__init__(*made)
        self._directory = self.site.mirror.version
        """The version the shelf was last looked at with."""

    def boot(self, memory: str | None, visit: str | None) -> Cabinet:
        """From the journal; shelves follow the settings."""
        pulses = [watch.pulse_s for watch in self.watches.values() if isinstance(watch, DoorWatch)]
        self.plan = plan_of(self.station, self.site.settings, max(pulses))
        return cabinet.boot(
            self.plan,
            Memory.model_validate_json(memory) if memory else None,
            OpenVisit.model_validate_json(visit) if visit else None,
        )

    def step(self, state: Cabinet, given: Input) -> Step[Cabinet]:
        """What the cabinet's table answers."""
        return cabinet.step(state, given, self.plan)

    def parts(self) -> Mapping[Part, tuple[DeviceName, ...]]:
        """Door, card reader, tag readers; a cabinet serves without its scanner."""
        station = self.station
        return {
            Part.DOOR: station.door,
            Part.CARD: (station.card_reader,),
            Part.READER: tuple(s.reader for s in station.shelves),
        }

    def start(self, up: Collection[DeviceName], open_doors: Mapping[DeviceName, bool | None]) -> None:
        """The first input: what the door says, and what doesn't answer."""
        down = {part for part, names in self.parts().items() if any(name not in up for name in names)}
        doors = {door: open_doors.get(door) if door in up else None for door in self.station.door}
        self.take(Started(doors[self.station.door[0]], frozenset(down), doors))

    def up(self, notice: Up, part: Part, whole: bool) -> None:
        """A device answers (again); of several doors, each says at once how it stands."""
        if part is Part.DOOR and notice.door_open is not None and not whole:
            self.take(DoorMoved(notice.door_open, notice.device))
        elif part is Part.DOOR and whole:
            contacts = {door: self._door(door).open for door in self.station.door}
            told = {door: is_open for door, is_open in contacts.items() if is_open is not None}
            self.take(PartUp(part, notice.door_open, notice.device, told))
        else:
            super().up(notice, part, whole)

    def notice(self, notice: Notice) -> None:
        """Cards, the door's contact, rounds, tags."""
        match notice:
            case ContactMoved(door, is_open):
                self.take(DoorMoved(is_open, door))
            case RoundRun(_, shelf, count, done, why):
                failed = RoundFailed(shelf, count, why)
                self.take(failed if done is None else RoundDone(shelf, count, done.tags, done.complete))
            case TagRead(_, tag, count, memory):
                self.read(tag, count, self.content(memory))
            case _:
                super().notice(notice)

    def tick(self, now: float) -> None:
        """Fires the timers that are due; a directory that tells whose a strange tag is has the shelf counted anew."""
        if self._directory != self.site.mirror.version and self.state.phase is Phase.IDLE:
            self._directory = self.site.mirror.version  # a page that came during a count is looked at after it
            if self._recognises():
                self._timers[Timer.RECOUNT] = now
        super().tick(now)

    def read(self, tag: TagUid, count: int, memory: tagdata.Content | None) -> None:
        """What a tag holds that an Identify asked about; None when it couldn't be read."""
        state = self.state
        if state.count is None or state.count.number != count or tag not in self._asked:
            return
        self._asked[tag] = self.identity(tag, memory)
        self._answer_identify(count)

    def status(self) -> StationStatus:
        """The station as its heartbeat tells it."""
        state = self.state
        door = DoorState.UNKNOWN if state.door_open is None or Part.DOOR in state.down else DoorState.SHUT
        if state.door_open and Part.DOOR not in state.down:
            door = DoorState.OPEN
        capacities = {s.name: s.capacity for s in self.station.shelves}
        return StationStatus(
            station=self.name,
            kind=self.kind,
            phase=state.phase,
            door=door,
            shelves=tuple(
                ShelfStatus(
                    shelf=s.name,
                    present=sum(x.foreign is None for x in s.present),
                    undecided=len(s.standings) - len(s.present),
                    foreign=sum(x.foreign is not None for x in s.present),
                    capacity=capacities[s.name],
                )
                for s in state.memory.shelves
            ),
            last_visit_at=self.last_visit_at,
            out_of_order=", ".join(sorted(state.down)) if state.phase is Phase.OUT else None,
        )

    # --- effects ---

    def act(self, effect: Effect) -> None:
        """Locks, rounds, tags, doubts."""
        match effect:
            case Unlock(door):
                self._door(door or self.station.door[0]).unlock()
            case Relock(door):
                for name in (door,) if door else self.station.door:
                    self._door(name).relock()
            case ReadRound(shelf, count):
                self._reader(shelf).order(RunRound(shelf, count))
            case Identify(tags, count):
                self._identify(tags, count)
            case Doubt(shelf, why):
                self.say(self.site.health.doubt(self._reader(shelf).name, why, self.site.clock.now()))
            case Trust():
                for fitted in self.station.shelves:
                    self.say(self.site.health.trust(fitted.reader, self.site.clock.now()))
            case _:
                super().act(effect)

    def visit_kept(self) -> OpenVisit | None:
        """Also one that ended unsettled, and that a count explains late."""
        visit = super().visit_kept()
        memory = self._kept.get(f"shelf/{self.name}")
        return visit or (Memory.model_validate_json(memory).pending if memory else None)

    def at_rest(self) -> bool:
        """Nobody is there, and nothing is under way; out of order is rest, too."""
        return self.state.phase in (Phase.IDLE, Phase.OUT) and self.state.visit is None

    def test(self) -> None:
        """As every station's; then the shelves are counted for it."""
        self.take(SelfTestAsked(self.tried()))

    def kept_items(self) -> tuple[KeptItem, ...]:
        """What is reserved, or for reading here only, by the directory of now."""
        standings = [s for shelf in self.state.memory.shelves for s in shelf.present if s.foreign is None]
        entries = [(s, self.site.mirror.item(s.item)) for s in standings if s.item is not None]
        return tuple(
            KeptItem(standing.tag, standing.item, entry.lending)
            for standing, entry in entries
            if entry is not None and entry.lending is not Lending.NORMAL
        )

    def _door(self, name: DeviceName) -> DoorWatch:
        watch = self.watches[name]
        assert isinstance(watch, DoorWatch)
        return watch

    def _reader(self, shelf: ShelfName) -> ReaderWatch:
        watch = self.watches[next(s.reader for s in self.station.shelves if s.name == shelf)]
        assert isinstance(watch, ReaderWatch)
        return watch

    # --- whose tag is it ---

    def _identify(self, tags: tuple[TagUid, ...], count: int) -> None:
        """Answers from the directory and the settled shelf where they know, else asks the reader that saw the tag."""
        self._asked = {tag: self._known(tag) for tag in tags}
        for tag in [tag for tag, identity in self._asked.items() if identity is None]:
            shelf = self._seen_on(tag)
            if shelf is None:
                self._asked[tag] = self.identity(tag, None)
            else:
                self._reader(shelf).order(ReadTag(tag, count))
        self._answer_identify(count)

    def _answer_identify(self, count: int) -> None:
        found = {tag: identity for tag, identity in self._asked.items() if identity is not None}
        if len(found) == len(self._asked):
            self._asked = {}
            self.take(Identified(count, found, self.site.today()))

    def _known(self, tag: TagUid) -> Identity | None:
        mirror = self.site.mirror
        if mirror.item_of_tag(tag) is not None:
            return self.identity(tag, None)
        for shelf in self.state.memory.shelves:
            standing = shelf.of(tag)
            if standing is not None:
                return self._as_stood(standing)
        return None

    def _as_stood(self, standing: Standing) -> Identity:
        """Whose a settled tag was found to be; ours after all where its owner has turned out to be ours."""
        mirror = self.site.mirror
        policy = mirror.policy()
        ours = standing.foreign is None or (policy is not None and standing.owner in policy.owners)
        entry = mirror.item(standing.item) if standing.item and ours else None
        return Identity(
            standing.item,
            standing.owner,
            None if ours else standing.foreign,
            entry.lending if entry else Lending.NORMAL,
        )

    def _recognises(self) -> bool:
        """A tag on the shelf that was nobody's can be told by now."""
        strange = [s for shelf in self.state.memory.shelves for s in shelf.standings if s.foreign and not s.undecided]
        return any((known := self._known(s.tag)) is not None and known.foreign is None for s in strange)

    def _seen_on(self, tag: TagUid) -> ShelfName | None:
        found = self.state.count.found if self.state.count else None
        return next((name for name, seen in (found or {}).items() if any(s.tag == tag and s.seen for s in seen)), None)


def plan_of(station: Furniture, settings: Settings, pulse_s: float) -> Plan:
    """A cabinet's fixed facts, from its settings; `pulse_s` is how long its locks' pulses last.

    A coil that is pulled by pulses (a solenoid) is off again before the next one pulls; a strike that stays released
    for seconds draws little once it has pulled, and nobody should wait for it.
    """
    timing, counting = settings.timing, settings.counting
    return Plan(
        station=station.name,
        doors=station.door,
        lock_gap_s=LOCK_GAP_S + (pulse_s if pulse_s <= SOLENOID_S else 0.0),
        tags_percent=counting.self_test_percent,
        shelves={s.name: s.reference_tag for s in station.shelves},
        limits=Limits(counting.rounds, counting.absent_rounds, counting.max_rounds, counting.max_failures),
        unlock_s=timing.unlock_s,
        held_warn_s=timing.held_warn_s,
        held_alarm_s=timing.held_alarm_s,
        quiet_s=timing.quiet_s,
        receipt_s=timing.receipt_s,
        refusal_s=timing.refusal_s,
        recount_s=timing.recount_s,
        second_look_s=timing.second_look_s,
    )
