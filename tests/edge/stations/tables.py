"""A stage for a desk's table: hands, cards and a pad; keeps what the journal would, answers as the keeper would."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from edge.access import Admitted, Decision
from edge.errors import StorageFailed
from edge.lent import News, Whose, Wrong, news, wrong
from edge.screen import View
from edge.stations import desk
from edge.stations.effects import Effect, Forget, ListLoans, Record, Remind, SetSecurity, Show
from edge.stations.inputs import (
    Input,
    LoansKnown,
    Lying,
    PadChanged,
    Part,
    PartDown,
    PartUp,
    Pressed,
    SecurityTried,
    Started,
    Tapped,
    TimedOut,
    Timer,
)
from edge.stations.tabletop import Desk, Memory, Plan
from edge.stations.visit import OpenVisit
from protocol.directory import Out
from protocol.events import Fact, VisitKind
from protocol.names import CardTag, Isil, ItemId, ShelfName, StationName, TagUid, VisitId

OURS = Isil("CN-110105001")
ADA, BO = CardTag("aa" * 16), CardTag("bb" * 16)
TODAY = date(2026, 11, 23)
PLAN = Plan(
    station=StationName("desk-1"),
    shelf=ShelfName("room"),
    set_aside=True,
    settle_s=6,
    session_s=30,
    lately_s=120,
    receipt_s=20,
    refusal_s=8,
)
BORROW = Admitted(VisitKind.BORROW, 28, 5, 0)
RESTOCK = Admitted(VisitKind.RESTOCK)


def tag(n: int, part: int = 0) -> TagUid:
    return TagUid(f"E0040100{part:04X}{n:04X}")


def item(n: int) -> ItemId:
    return ItemId(f"3000000000{n:04d}")


@dataclass
class Counter:
    """One desk, what lies on it, and all it said and did."""

    lent: set[int] = field(default_factory=set)
    """Items on loan as the directory has it."""
    out: tuple[Out, ...] | None = None
    """The patron's loans as the directory has them."""
    renewals: int = 1
    things: dict[int, dict[str, Any]] = field(default_factory=dict)
    """What is special about an item."""
    pad: dict[TagUid, Lying] = field(default_factory=dict)
    stuck: set[TagUid] = field(default_factory=set)
    """Tags that can't be written."""
    slow: bool = False
    """Tags are written later, by `write`."""
    full: bool = False
    """The disk takes nothing."""
    security: dict[TagUid, bool] = field(default_factory=dict)
    """What tags say: on loan."""
    state: Desk = field(init=False)
    facts: list[Fact] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    kept: tuple[Memory, OpenVisit | None] = (Memory(), None)
    known: dict[str, str] = field(default_factory=dict)
    """What the journal keeps of loans and tags."""
    timers: dict[Timer, float] = field(default_factory=dict)
    orders: list[SetSecurity] = field(default_factory=list)
    unsaid: tuple[Fact, ...] = ()
    """Facts that couldn't be written down, and are with the next that can."""
    visits: int = 0

    def __post_init__(self) -> None:
        self.start()

    def start(self, *down: Part) -> None:
        """The agent starts with what the journal kept, and looks at the pad; orders to the reader are lost."""
        self.state = desk.boot(PLAN, *self.kept)
        self.timers.clear()
        self.orders.clear()
        self.unsaid = ()
        self.give(Started(None, frozenset(down)))
        if Part.PAD not in down:
            self.look()

    def give(self, given: Input) -> None:
        """One input, performed as a keeper does it: what can't be promised never happened."""
        before = self.state
        after = desk.step(before, given, PLAN)
        if not after.known:
            return
        assert after.state.phase in desk.TABLE[before.phase, type(given)].to
        self.state = after.state
        for effect in after.effects:
            self.effects.append(effect)
            try:
                self._perform(effect)
            except StorageFailed:
                if isinstance(effect, Record) and effect.promise:
                    self.state = before
                    self.give(PartDown(Part.STORAGE))
                    return
                self.unsaid += effect.facts if isinstance(effect, Record) else ()
                if Part.STORAGE not in self.state.down:
                    self.give(PartDown(Part.STORAGE))
        while self.orders and not self.slow:
            self.write(self.orders.pop(0))

    def lay(self, *numbers: int, part: int = 0, **more: Any) -> None:
        """Items are laid down and lie there for some rounds."""
        for n in numbers:
            about = {"item": item(n), "owner": OURS, "seen": 3, "rounds": 3, **self.things.get(n, {}), **more}
            self.visits += 1
            name = VisitId(f"{0xD000 + self.visits:032x}")
            self.pad[tag(n, part)] = Lying(tag(n, part), visit=name, part=part or 1, **about)
        self.look()

    def lift(self, *numbers: int) -> None:
        gone = {tag(n, part) for n in numbers for part in range(4)} if numbers else set(self.pad)
        self.pad = {uid: lying for uid, lying in self.pad.items() if uid not in gone}
        self.look()

    def look(self, writable: bool = True) -> None:
        """The keeper tells what lies there, and mends the tags it finds wrong."""
        for uid in self.pad:
            left = self.known.get(f"afi/{uid}")
            if left is not None and not self.slow:
                self.write(SetSecurity(uid, Wrong.model_validate_json(left).on_loan), late=True)
        lying = tuple(replace(one, lent=self._lent(one.item)) for one in self.pad.values())
        self.give(PadChanged(lying, TODAY, writable))

    def tap(self, card: CardTag = ADA, decision: Decision = BORROW) -> VisitId:
        self.visits += 1
        visit = VisitId(f"{self.visits:032x}")
        self.give(Tapped(decision, visit, card, who="0" * 64))
        return visit

    def press(self, what: str) -> None:
        self.give(Pressed(what))

    def wait(self, timer: Timer) -> None:
        """That timer runs out, if it runs at all."""
        if self.timers.pop(timer, None) is not None:
            self.give(TimedOut(timer))

    def fail(self, part: Part) -> None:
        self.give(PartDown(part))

    def mend(self, part: Part) -> None:
        if part is Part.STORAGE:
            self._perform(Record(()))
        self.give(PartUp(part))
        if part is Part.PAD:
            self.look()

    def write(self, order: SetSecurity, late: bool = False) -> None:
        """The reader writes one tag; what comes of it is told as a keeper tells it."""
        left = self.known.get(f"afi/{order.tag}")
        known = None if left is None else Wrong.model_validate_json(left)
        right = known is not None and known.on_loan == order.on_loan
        whose = known.item if known else None
        if order.tag in self.stuck or order.tag not in self.pad:
            news_ = right and known is not None and not known.said
            self.give(SecurityTried(order.tag, order.on_loan, "it is locked", whose, tell=news_))
            return
        self.security[order.tag] = order.on_loan
        news_ = right and (late or (known is not None and known.said))
        if right and not news_:
            del self.known[f"afi/{order.tag}"]
        self.give(SecurityTried(order.tag, order.on_loan, None, whose, tell=news_))

    def said(self, *kinds: type[Fact]) -> list[Any]:
        return [f for f in self.facts if isinstance(f, kinds)] if kinds else list(self.facts)

    @property
    def shows(self) -> str:
        return str(self.views[-1].kind)

    def lines(self) -> dict[ItemId | None, str]:
        return {line.item: str(line.why or line.change) for line in self.views[-1].items}

    def _lent(self, which: ItemId | None) -> bool:
        last = self.known.get(f"lent/{which}")
        if last is not None:
            return News.model_validate_json(last).lent
        return which in {item(n) for n in self.lent}

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Record(facts, _, _, others):
                if self.full:
                    raise StorageFailed("full")
                visit = self.kept[1] or self.state.visit
                whose = Whose(visit.visit, visit.card) if visit else Whose()
                self._keep({**news(facts, whose, lambda _: 0), **wrong(facts, others)})
                self.facts += (*self.unsaid, *facts)
                self.unsaid = ()
                self.kept = self.state.memory, self.state.visit
            case Show(view):
                self.views.append(view)
            case Remind(timer, seconds):
                self.timers[timer] = seconds
            case Forget(timer):
                self.timers.pop(timer, None)
            case SetSecurity():
                self.orders.append(effect)
            case ListLoans():
                self.give(LoansKnown(self.out, self.renewals, 28, True, TODAY))
            case _:
                raise AssertionError(f"a desk doesn't {effect}")

    def _keep(self, changes: dict[str, str | None]) -> None:
        for key, value in changes.items():
            if value is None:
                self.known.pop(key, None)
            else:
                self.known[key] = value


def kinds(facts: Iterable[Fact]) -> list[str]:
    return [fact.type for fact in facts]
