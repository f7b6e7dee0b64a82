"""A stage for a cabinet's table: plays inputs, keeps what the journal would keep, answers what the readers would."""

from dataclasses import dataclass, field, replace
from datetime import date

from edge.access import Admitted, Decision
from edge.circulation import Identity
from edge.screen import View
from edge.shelf import Limits, Shelf, Standing
from edge.stations import cabinet
from edge.stations.effects import Effect, Identify, ReadRound, Record, Show, Unlock
from edge.stations.inputs import (
    DoorMoved,
    Identified,
    Input,
    KeptItem,
    Part,
    RoundDone,
    RoundFailed,
    Started,
    Tapped,
    TimedOut,
    Timer,
)
from edge.stations.state import Cabinet, Memory, Phase, Plan
from edge.stations.visit import OpenVisit
from protocol.directory import Lending
from protocol.events import Fact, VisitKind
from protocol.names import CardTag, DeviceName, Isil, ItemId, ShelfName, StationName, TagUid, VisitId

OURS = Isil("CN-110105001")
A, B = ShelfName("A"), ShelfName("B")
REFERENCES = {A: TagUid("E0040100000000FA"), B: TagUid("E0040100000000FB")}
ADA, BO = CardTag("aa" * 16), CardTag("bb" * 16)
TODAY = date(2026, 11, 23)
PLAN = Plan(
    station=StationName("cabinet-1"),
    doors=(DeviceName("door"),),
    shelves=REFERENCES,
    limits=Limits(rounds=4, absent_rounds=8, max_rounds=16, max_failures=3),
    unlock_s=10,
    held_warn_s=60,
    held_alarm_s=120,
    quiet_s=1.5,
    receipt_s=20,
    refusal_s=8,
    recount_s=3600,
    second_look_s=90,
    lock_gap_s=0.8,
    tags_percent=80,
)


def tag(n: int) -> TagUid:
    return TagUid(f"E00401000001{n:04X}")


def item(n: int) -> ItemId:
    return ItemId(f"3000000000{n:04d}")


def ours(n: int) -> Identity:
    return Identity(item(n), OURS)


@dataclass
class Stage:
    """One cabinet, its shelves as they physically are, and all it said and did."""

    shelves: dict[ShelfName, set[TagUid]] = field(default_factory=lambda: {A: {tag(1), tag(2)}, B: {tag(3)}})
    hidden: set[TagUid] = field(default_factory=set)
    """Tags no round sees."""
    foreign: dict[TagUid, Identity] = field(default_factory=dict)
    lending: dict[TagUid, Lending] = field(default_factory=dict)
    """What isn't lent like any other item."""
    masked: set[ShelfName] = field(default_factory=set)
    """Shelves whose reference tags nothing sees."""
    dead: bool = False
    """The readers answer with errors."""
    doors: tuple[DeviceName, ...] = PLAN.doors
    state: Cabinet = field(init=False)
    facts: list[Fact] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    kept: tuple[Memory, OpenVisit | None] = field(init=False)
    visits: int = 0

    def __post_init__(self) -> None:
        self.plan = replace(PLAN, doors=self.doors)
        known = tuple(
            Shelf(
                name=name,
                counted=True,
                standings=tuple(
                    Standing(tag=t, item=item(int(t[-4:], 16)), owner=OURS, seen=4, rounds=4) for t in sorted(tags)
                ),
            )
            for name, tags in self.shelves.items()
        )
        self.kept = Memory(shelves=known), None
        self.start()

    def start(
        self, door_open: bool = False, down: frozenset[Part] = frozenset(), *, ajar: tuple[DeviceName, ...] = ()
    ) -> None:
        """The agent starts with what the journal kept, and counts what it finds; `ajar` of several doors are open."""
        self.state = cabinet.boot(self.plan, *self.kept)
        contacts = {door: door in ajar for door in self.doors} if len(self.doors) > 1 else {}
        self.give(Started(door_open or bool(ajar), down, contacts))

    def give(self, *inputs: Input) -> list[Effect]:
        """Plays inputs, and whatever the readers and the directory answer to what they lead to."""
        waiting, done = list(inputs), []
        while waiting:
            after = cabinet.step(self.state, waiting.pop(0), self.plan)
            assert after.state.phase is self.state.phase or after.known
            self.state = after.state
            for effect in after.effects:
                done.append(effect)
                waiting += self._answer(effect)
        self.effects += done
        return done

    def tap(self, card: CardTag = ADA, decision: Decision | None = None, kept: tuple[KeptItem, ...] = ()) -> VisitId:
        self.visits += 1
        visit = VisitId(f"{self.visits:032x}")
        self.give(Tapped(decision or Admitted(VisitKind.BORROW, 28, 5, 0), visit, card, who="0" * 64, kept=kept))
        return visit

    def visit(
        self, *, take: set[TagUid] = frozenset(), put: dict[TagUid, ShelfName] | None = None, **tap: object
    ) -> VisitId:  # type: ignore[assignment]  # a frozen empty set as default
        """A whole visit: tap, open, hands, shut, count."""
        visit = self.tap(**tap)  # type: ignore[arg-type]  # card= or decision=
        self.give(DoorMoved(True))
        self.hands(take, put or {})
        self.give(DoorMoved(False), TimedOut(Timer.QUIET))
        return visit

    def hands(self, take: set[TagUid], put: dict[TagUid, ShelfName] | None = None) -> None:
        for tags in self.shelves.values():
            tags -= take
        for t, name in (put or {}).items():
            self.shelves[name].add(t)

    def said(self, *kinds: type[Fact]) -> list[Fact]:
        return [f for f in self.facts if isinstance(f, kinds)] if kinds else self.facts

    def fresh(self) -> None:
        self.facts.clear()
        self.views.clear()
        self.effects.clear()

    def _ours(self, t: TagUid) -> Identity:
        return replace(ours(int(t[-4:], 16)), lending=self.lending.get(t, Lending.NORMAL))

    def _answer(self, effect: Effect) -> list[Input]:
        match effect:
            case Record(facts):
                self.facts += facts
                self.kept = self.state.memory, self.state.visit
            case Show(view):
                self.views.append(view)
            case ReadRound(shelf, count) if self.dead:
                return [RoundFailed(shelf, count, "no answer")]
            case ReadRound(shelf, count):
                reference = set() if shelf in self.masked else {REFERENCES[shelf]}
                return [RoundDone(shelf, count, frozenset(self.shelves[shelf] - self.hidden | reference))]
            case Identify(tags, count):
                whose = {t: self.foreign.get(t) or self._ours(t) for t in tags}
                return [Identified(count, whose, TODAY)]
            case _:
                pass
        return []


__all__ = ["ADA", "BO", "OURS", "PLAN", "A", "B", "Phase", "Stage", "Unlock", "item", "ours", "tag"]
