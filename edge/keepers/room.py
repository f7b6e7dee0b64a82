"""The keeper of a reading room: doors, the readers beside them, and the contacts that tell who goes out."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from edge import access
from edge.access import Decision
from edge.furniture import Room as Furniture
from edge.keepers.keeper import Keeper
from edge.notices import ContactMoved, Notice, Up
from edge.notices import SwitchMoved as SwitchNoticed
from edge.settings import Settings
from edge.stations import room
from edge.stations.effects import Effect, Relock, Unlock
from edge.stations.hall import Entrance, Memory, Phase, Plan, Room, Way
from edge.stations.inputs import ClockRead, DoorMoved, Input, Part, PartUp, Started, SwitchMoved
from edge.stations.table import Step
from edge.watch import DoorWatch
from protocol.directory import CardEntry
from protocol.names import CardTag, ClockTrust, DeviceName
from protocol.status import DoorState, StationStatus

CLOCK_S = 60.0
"""Between looks at the clock."""


class RoomKeeper(Keeper[Room]):
    """One room at work."""

    kind = "room"
    resting = Phase.IDLE
    station: Furniture

    def __init__(self, *made: Any) -> None:
        """As every keeper."""
        super().__init__(*made)
        self._clock_at = self._told_at = self.site.clock.now()

    def boot(self, memory: str | None, visit: str | None) -> Room:
        """From the journal; doors follow the settings."""
        self.plan = plan_of(self.station, self.site.settings)
        return room.boot(self.plan, Memory.model_validate_json(memory) if memory else None)

    def step(self, state: Room, given: Input) -> Step[Room]:
        """What the room's table answers."""
        return room.step(state, given, self.plan)

    def parts(self) -> Mapping[Part, tuple[DeviceName, ...]]:
        """Doors, card readers, contacts; a door serves without its scanner."""
        kinds = {"door": Part.DOOR, "card reader": Part.CARD, "contact": Part.SWITCH}
        uses = self.station.uses()
        return {part: tuple(name for name, used in uses.items() if used == kind) for kind, part in kinds.items()}

    def start(self, up: Collection[DeviceName], open_doors: Mapping[DeviceName, bool | None]) -> None:
        """The first input: what time it is, what every contact says, and what doesn't answer."""
        self._read_clock()
        out = frozenset(name for names in self.parts().values() for name in names if name not in up)
        self.take(Started(None, contacts=open_doors, out=out))

    def up(self, notice: Up, part: Part, whole: bool) -> None:
        """Each device counts by itself: a door serves while another one is out of order."""
        says = notice.on if notice.door_open is None else notice.door_open
        self.take(PartUp(part, says, notice.device))

    def notice(self, notice: Notice) -> None:
        """Cards and contacts."""
        match notice:
            case ContactMoved(door, is_open):
                self.take(DoorMoved(is_open, door))
            case SwitchNoticed(switch, on):
                self.take(SwitchMoved(switch, on))
            case _:
                super().notice(notice)

    def card_shown(self, tag: CardTag, device: DeviceName) -> None:
        """As every station's; the door's hours are looked up by the clock of this moment."""
        self._read_clock()
        super().card_shown(tag, device)

    def beside(self, scanner: DeviceName) -> DeviceName:
        """The card reader at the same door."""
        return next(e.card_reader for e in self.station.entrances if e.scanner == scanner)

    def decide(self, card: CardEntry | None, tag: CardTag, device: DeviceName) -> Decision:
        """Whether the card may come in by that reader's door."""
        entrance = next(e for e in self.plan.entrances if e.card_reader == device)
        rule = self.site.mirror.rule(card.group) if card else None
        works = self.state.serves(entrance) and self.state.doorways[entrance.door].way is not Way.BLIND
        here = replace(self.conditions(), working=works)
        return access.decide(card, rule, self.taken_since(card, tag), here)

    def tick(self, now: float) -> None:
        """Tells the time every minute."""
        if now >= self._clock_at:
            self._read_clock()
        super().tick(now)

    def next_due(self) -> float | None:
        """The next timer, or the next minute."""
        due = super().next_due()
        return self._clock_at if due is None else min(due, self._clock_at)

    def at_rest(self) -> bool:
        """Nobody is on the way in or out; who is inside isn't disturbed."""
        ways = {doorway.way for doorway in self.state.doorways.values()}
        return self.state.phase in (Phase.IDLE, Phase.OUT) and ways <= {Way.SHUT, Way.BLIND}

    def status(self) -> StationStatus:
        """The room as its heartbeat tells it: open while any door is."""
        doors = [doorway.is_open for doorway in self.state.doorways.values()]
        door = DoorState.OPEN if any(doors) else DoorState.UNKNOWN if None in doors else DoorState.SHUT
        return StationStatus(
            station=self.name,
            kind=self.kind,
            phase=self.state.phase,
            door=door,
            last_visit_at=self.last_visit_at,
            people=self.state.people,
            seats=self.plan.seats,
            out_of_order=", ".join(sorted(self.state.out)) or None if self.state.phase is Phase.OUT else None,
        )

    @property
    def open_visits(self) -> int:
        """Everybody on the way in."""
        return len(self.state.memory.entries)

    def act(self, effect: Effect) -> None:
        """Locks."""
        match effect:
            case Unlock(door) if door is not None:
                self._door(door).unlock()
            case Relock(door) if door is not None:
                self._door(door).relock()
            case _:
                super().act(effect)

    def _door(self, name: DeviceName) -> DoorWatch:
        watch = self.watches[name]
        assert isinstance(watch, DoorWatch)
        return watch

    def _read_clock(self) -> None:
        now = self.site.clock.now()
        passed_s, self._told_at = now - self._told_at, now
        here = self.site.here()
        self._clock_at = now + CLOCK_S - here.second
        trusted = self.site.clock.stamp().clock is not ClockTrust.UNSYNCED
        self.take(ClockRead(here, trusted, max(0.0, passed_s)))


def plan_of(station: Furniture, settings: Settings) -> Plan:
    """A room's fixed facts, from its settings."""
    timing = settings.timing
    return Plan(
        station=station.name,
        entrances=tuple(Entrance(e.door, e.card_reader, e.exit_button, e.barrier, e.hours) for e in station.entrances),
        fire_release=station.fire_release,
        seats=station.seats,
        announce_s=station.announce_min * 60,
        stay_s=station.stay_h * 3600,
        unlock_s=timing.unlock_s,
        held_warn_s=timing.held_warn_s,
        held_alarm_s=timing.held_alarm_s,
        quiet_s=timing.quiet_s,
        refusal_s=timing.refusal_s,
    )
