"""A stage for a room's table: plays inputs and keeps what the journal would keep."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from edge.access import Admitted, Decision
from edge.hours import Hours
from edge.screen import View
from edge.stations import room
from edge.stations.effects import Effect, Forget, Record, Remind, Show
from edge.stations.hall import Entrance, Memory, Plan, Room, Way
from edge.stations.inputs import (
    ClockRead,
    DoorMoved,
    Input,
    Part,
    PartUp,
    Started,
    SwitchMoved,
    Tapped,
    TimedOut,
    Timer,
)
from protocol.events import Fact, VisitKind
from protocol.names import CardTag, DeviceName, StationName, VisitId

EAST, WEST, FIRE = DeviceName("east"), DeviceName("west"), DeviceName("fire")
EXIT, BARRIER = DeviceName("east-exit"), DeviceName("east-barrier")
READERS = {EAST: DeviceName("east-card"), WEST: DeviceName("west-card")}
ADA, BO, CY = (CardTag(letter * 32) for letter in "abc")
ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 23, 12, tzinfo=ZONE)
"""A Monday."""
HOURS = Hours.read(["mon-fri 08:00-22:00"])
PLAN = Plan(
    station=StationName("room-1"),
    entrances=(Entrance(EAST, READERS[EAST], EXIT, None, HOURS), Entrance(WEST, READERS[WEST])),
    fire_release=FIRE,
    seats=None,
    announce_s=600,
    stay_s=4 * 3600,
    unlock_s=10,
    held_warn_s=60,
    held_alarm_s=120,
    quiet_s=1.5,
    refusal_s=8,
)


@dataclass
class Hall:
    """One room, and all it said and did."""

    plan: Plan = PLAN
    state: Room = field(init=False)
    kept: Memory | None = None
    now: datetime = NOON
    facts: list[Fact] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    pages: dict[str, View] = field(default_factory=dict)
    timers: set[tuple[Timer, DeviceName | None]] = field(default_factory=set)
    visits: int = 0
    storage: bool = True
    """Records come through; else what was promised by one never happened, and other facts wait for the next."""
    unsaid: list[Fact] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start()

    def start(
        self, *ajar: DeviceName, on: tuple[DeviceName, ...] = (), out: frozenset[DeviceName] = frozenset()
    ) -> None:
        """The agent starts with what the journal kept; `ajar` are open, `on` are switches."""
        self.timers.clear()
        self.state = room.boot(self.plan, self.kept)
        contacts: dict[DeviceName, bool | None] = {e.door: e.door in ajar for e in self.plan.entrances}
        contacts |= dict.fromkeys((EXIT, BARRIER, FIRE), False) | dict.fromkeys(on, True)
        self.tell()
        self.give(Started(None, contacts=contacts, out=frozenset(out)))

    def tell(self, passed_s: float = 0.0, trusted: bool = True) -> None:
        self.give(ClockRead(self.now, trusted, passed_s))

    def pass_by(self, seconds: float, trusted: bool = True) -> None:
        """Time passes; what it brings is only told, no timer runs out."""
        self.now += timedelta(seconds=seconds)
        self.tell(seconds, trusted)

    def give(self, *inputs: Input) -> None:
        for given in inputs:
            before = self.state
            after = room.step(before, given, self.plan)
            assert after.known or after.state is before
            self.state = after.state
            flush = (Record(()),) if self.unsaid and given == PartUp(Part.STORAGE) else ()
            for effect in (*flush, *after.effects):
                if isinstance(effect, Record) and not self.storage:
                    if effect.promise:
                        self.state = before
                        break
                    self.unsaid += effect.facts
                    continue
                self._perform(effect)

    def _perform(self, effect: Effect) -> None:
        self.effects.append(effect)
        match effect:
            case Record(facts):
                self.facts += [*self.unsaid, *facts]
                self.unsaid.clear()
                self.kept = self.state.memory
            case Show(view, page):
                self.pages[page] = view
            case Remind(timer, _, door):
                self.timers.add((timer, door))
            case Forget(timer, door):
                self.timers.discard((timer, door))

    # --- people ---

    def tap(self, card: CardTag | None = ADA, door: DeviceName = EAST, decision: Decision | None = None) -> VisitId:
        self.visits += 1
        visit = VisitId(f"{self.visits:032x}")
        admitted = decision or Admitted(VisitKind.BORROW, 28, 5, 0)
        self.give(Tapped(admitted, visit, card, who="0" * 64, device=READERS[door]))
        return visit

    def opens(self, door: DeviceName = EAST) -> None:
        self.give(DoorMoved(True, door))

    def shuts(self, door: DeviceName = EAST) -> None:
        self.give(DoorMoved(False, door))

    def rings(self, timer: Timer, door: DeviceName = EAST) -> None:
        """A timer that was asked for runs out."""
        assert (timer, door) in self.timers, f"nobody asked to be reminded of {timer} at {door}"
        self.timers.discard((timer, door))
        self.give(TimedOut(timer, door))

    def enter(self, card: CardTag = ADA, door: DeviceName = EAST, *, people: int = 0) -> VisitId:
        """Taps, goes in, and the door is shut."""
        visit = self.tap(card, door)
        self.opens(door)
        for _ in range(people):
            self.passes()
        self.shuts(door)
        self.rings(Timer.QUIET, door)
        return visit

    def passes(self) -> None:
        self.give(SwitchMoved(BARRIER, True), SwitchMoved(BARRIER, False))

    def presses(self) -> None:
        self.give(SwitchMoved(EXIT, True), SwitchMoved(EXIT, False))

    def leave(self, people: int = 0) -> None:
        """Presses the exit button of the east door and goes out."""
        self.presses()
        self.opens()
        for _ in range(people):
            self.passes()
        self.shuts()

    # --- what came of it ---

    def said(self, *kinds: type) -> list:
        return [f for f in self.facts if isinstance(f, kinds)] if kinds else self.facts

    def did(self, kind: type) -> list:
        return [e for e in self.effects if isinstance(e, kind)]

    def way(self, door: DeviceName = EAST) -> Way:
        return self.state.doorways[door].way

    def fresh(self) -> None:
        self.facts.clear()
        self.effects.clear()
