"""The keeper of a desk: what lies on its pad or was scanned there, whose it is, and the security of its tags."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from edge.access import Conditions
from edge.circulation import Identity
from edge.frames import tagdata
from edge.furniture import Desk as Furniture
from edge.keepers.keeper import Keeper
from edge.keepers.security import Security
from edge.notices import AfiWritten, Notice, RoundRun, TagRead, Up
from edge.pad import Here, Pad
from edge.stations import desk
from edge.stations.effects import Effect, ListLoans, SetSecurity
from edge.stations.inputs import (
    CodeUnknown,
    Input,
    LoansKnown,
    Lying,
    PadChanged,
    Part,
    PartDown,
    Pressed,
    Started,
    Tapped,
    TimedOut,
    Timer,
)
from edge.stations.table import Step
from edge.stations.tabletop import NEEDED, Desk, Memory, Phase, Plan
from edge.stations.visit import OpenVisit
from edge.watch import ReaderWatch, ReadTag, RunRound
from protocol.directory import ItemEntry, Lending
from protocol.events import VisitKind
from protocol.names import CardTag, DeviceName, ItemId, ShelfName, TagUid, VisitId
from protocol.status import ShelfStatus, StationStatus

PAD = ShelfName("pad")
"""What rounds of the pad are asked for as."""
BUSY_S, QUIET_S = 0.3, 1.0
"""Between rounds while something lies there or a visit is open, and else."""


class DeskKeeper(Keeper[Desk]):
    """One desk at work."""

    kind = "desk"
    resting = Phase.IDLE
    station: Furniture

    def __init__(self, *made: Any) -> None:
        """As every keeper."""
        super().__init__(*made)
        self._pad = Pad()
        self._read: dict[TagUid, TagRead] = {}
        """What the tags hold that lie there, where that matters."""
        self._asked: set[TagUid] = set()
        self._scanned: dict[TagUid, float] = {}
        """Tags of items whose barcodes were scanned, and until when they count as lying there."""
        self._security = Security(self.site, self.take)
        self._told = PadChanged((), None)
        self._round_at: float | None = None
        self._waiting: list[Input] = []
        """Inputs that act upon what lies there, until a round has said what does."""
        self._number = 0
        """Of the newest round that was asked for because something waits for it."""
        self._seen = False
        """It has been run; tags may still be asked what they hold."""

    def boot(self, memory: str | None, visit: str | None) -> Desk:
        """From the journal."""
        station, timing = self.station, self.site.settings.timing
        self.plan = Plan(
            station=station.name,
            shelf=station.shelf,
            set_aside=station.set_aside,
            settle_s=timing.settle_s,
            session_s=timing.session_s,
            lately_s=timing.lately_s,
            receipt_s=timing.receipt_s,
            refusal_s=timing.refusal_s,
        )
        return desk.boot(
            self.plan,
            Memory.model_validate_json(memory) if memory else None,
            OpenVisit.model_validate_json(visit) if visit else None,
        )

    def step(self, state: Desk, given: Input) -> Step[Desk]:
        """What the desk's table answers."""
        return desk.step(state, given, self.plan)

    def parts(self) -> Mapping[Part, tuple[DeviceName, ...]]:
        """Card reader, pad, scanner."""
        scanner = {Part.SCANNER: (self.station.scanner,)} if self.station.scanner else {}
        return {Part.CARD: (self.station.card_reader,), Part.PAD: (self.station.pad,), **scanner}

    def start(self, up: Collection[DeviceName], open_doors: Mapping[DeviceName, bool | None]) -> None:
        """The first input: what doesn't answer."""
        down = {part for part, names in self.parts().items() if any(name not in up for name in names)}
        self._round_at = self.site.clock.now()
        self.take(Started(None, frozenset(down)))

    def up(self, notice: Up, part: Part, whole: bool) -> None:
        """A pad that comes back tells anew what lies there: nobody saw what was done meanwhile."""
        super().up(notice, part, whole)
        if part is Part.PAD:
            self._pad, self._told = Pad(), PadChanged((), None)
            self._forget_lifted()

    def take(self, given: Input) -> None:
        """What acts upon what lies there waits for a round begun after it: a book just lifted is nobody's loan."""
        acts = isinstance(given, Tapped | Pressed) or given == TimedOut(Timer.SETTLE)
        if acts and self._pad.tags and Part.PAD not in self.state.down:
            self._waiting.append(given)
            self._number += 1
            self._seen = False
            if self._round_at is not None:
                self._round_at = self.site.clock.now()
            return
        super().take(given)
        if isinstance(given, PartDown) and given.part is Part.PAD:
            self._go_on()

    def notice(self, notice: Notice) -> None:
        """Cards, rounds, tags, what came of writing them."""
        match notice:
            case RoundRun(count=number, round=done):
                busy = self._pad.tags or self.state.phase is not Phase.IDLE
                self._round_at = self.site.clock.now() + (BUSY_S if busy else QUIET_S)
                if done is not None:
                    self._pad = self._pad.after(done.tags)
                    self._seen = bool(self._waiting) and number == self._number
                    self._look()
                if self._waiting and not self._seen:
                    self._round_at = self.site.clock.now() + (0 if done is not None else BUSY_S)
            case TagRead(tag=tag):
                self._read[tag] = notice
                self._look()
            case AfiWritten(tag=tag, afi=afi, why=why):
                self._security.tried(tag, afi, why)
            case _:
                super().notice(notice)

    def tick(self, now: float) -> None:
        """Asks for the next round when it is time, and fires the timers that are due."""
        if self._round_at is not None and now >= self._round_at:
            self._round_at = None
            self._reader().order(RunRound(PAD, self._number))
        super().tick(now)

    def next_due(self) -> float:
        """When the next timer runs out, or the next round is due."""
        dues = [due for due in (super().next_due(), self._round_at) if due is not None]
        return min(dues)

    def conditions(self) -> Conditions:
        """A desk serves without its scanner."""
        return replace(super().conditions(), working=not self.state.down & NEEDED)

    def status(self) -> StationStatus:
        """The desk as its heartbeat tells it; on its open shelves stands what it has seen go there."""
        station, down = self.station, self.state.down
        return StationStatus(
            station=self.name,
            kind=self.kind,
            phase=self.state.phase,
            shelves=(
                ShelfStatus(
                    shelf=station.shelf, present=self.site.loans.standing(self.name), capacity=station.capacity
                ),
            ),
            last_visit_at=self.last_visit_at,
            out_of_order=", ".join(sorted(down)) if self.state.phase is Phase.OUT else None,
        )

    def act(self, effect: Effect) -> None:
        """Sets tags, lists loans."""
        match effect:
            case SetSecurity(tag, on_loan):
                self._security.set(self._reader(), tag, on_loan)
            case ListLoans():
                self.take(self._loans())
            case _:
                super().act(effect)

    # --- what lies there ---

    def _look(self) -> None:
        """Tells the table what lies there, once every tag of it is known."""
        here = self._pad.lying()
        self._forget_lifted()
        for tag in here:
            if tag not in self._asked and self._matters(tag):
                self._asked.add(tag)
                self._reader().order(ReadTag(tag, 0))
        if any(tag in self._asked and tag not in self._read for tag in here):
            return
        for tag in here:
            self._security.mend(self._reader(), tag)
        self._tell()

    def _tell(self) -> None:
        here, known = self._pad.lying(), {told.tag: told for told in self._told.lying}
        scanned = [tag for tag in self._scanned if tag not in here]
        lying = tuple(self._lying(tag, here.get(tag, Here()), known.get(tag)) for tag in sorted([*here, *scanned]))
        now = PadChanged(lying, self.site.today(), self.site.writable())
        if now != self._told:
            self._told = now
            self.take(now)
        if self._seen:
            self._go_on()

    def _go_on(self) -> None:
        """What waited for a round needn't any more."""
        waiting, self._waiting, self._seen = self._waiting, [], False
        for given in waiting:
            super().take(given)

    def _forget_lifted(self) -> None:
        """What isn't there any more is asked anew when it comes back; so is what was scanned, after a while."""
        for tag in [tag for tag in self._read if tag not in self._pad.tags]:
            del self._read[tag]
        self._security.reach(self._pad.tags)
        self._asked &= set(self._pad.tags)
        now, idle = self.site.clock.now(), self.state.visit is None
        self._scanned = {tag: until for tag, until in self._scanned.items() if now < until or not idle}

    def _matters(self, tag: TagUid) -> bool:
        """What is written on the tag tells more than the directory: whose it is, which part of a set, or a loan."""
        entry = self.site.mirror.item_of_tag(tag)
        return entry is None or entry.parts > 1 or not (entry.lent or self.site.loans.news(entry.item))

    def _lying(self, tag: TagUid, here: Here, before: Lying | None) -> Lying:
        """One tag as it lies there; evidence and the visit's name stay as they were when it was first told of."""
        read = self._read.get(tag)
        memory = read.memory if read else None
        content = self.content(memory)
        whose = self.identity(tag, content)
        entry = self.site.mirror.item(whose.item) if whose.item and whose.foreign is None else None
        stated = content if isinstance(content, tagdata.ItemContent) else None
        parts = max(stated.parts if stated else 1, entry.parts if entry else 1)
        return Lying(
            tag=tag,
            item=whose.item,
            owner=whose.owner,
            foreign=whose.foreign,
            lending=whose.lending,
            lent=self._lent(whose, None if memory is None else memory.afi),
            here=whose.item is not None and self.site.loans.here(whose.item) == self.name,
            kept_for=self._kept_for(entry),
            parts=parts,
            part=stated.part if stated else None,
            seen=before.seen if before else here.seen,
            rounds=before.rounds if before else here.rounds,
            sure=not here.missed,
            visit=before.visit if before else VisitId(self.site.random(16).hex()),
        )

    def _lent(self, whose: Identity, afi: int | None) -> bool:
        """On loan by what is known of it; where nothing is, since it was lent far away today, by what its tag says."""
        if whose.item is None or whose.foreign is not None:
            return False
        unheard = self.site.loans.news(whose.item) is None
        return self.site.loans.lent(whose.item) or (unheard and afi == self.site.settings.tags.afi_on_loan)

    def _kept_for(self, entry: ItemEntry | None) -> tuple[CardTag, ...]:
        if entry is None or entry.lending is not Lending.HELD or entry.title_id is None:
            return ()
        return tuple(
            card for hold in self.site.mirror.holds() if hold.title_id == entry.title_id for card in hold.cards
        )

    def code_read(self, text: str, device: DeviceName) -> None:
        """An item whose barcode is read counts as lying there; its tag, which may be broken, is the directory's."""
        entry = self.site.mirror.item(ItemId("".join(text.split()).upper()))
        if entry is None or entry.tag is None:
            self.take(CodeUnknown())
            return
        self._scanned[entry.tag] = self.site.clock.now() + self.plan.session_s
        self._tell()

    def _loans(self) -> LoansKnown:
        """The patron's loans: the directory's, with what happened here since."""
        site, visit = self.site, self.state.visit
        tag = visit.card if visit else None
        card = site.mirror.card(tag) if tag else None
        rule = site.mirror.rule(card.group) if card else None
        policy = site.mirror.policy()
        age = site.directory_age_s()
        out = site.loans.out(tag) if tag else None
        entries = [site.mirror.item(one.item) for one in out or ()]
        return LoansKnown(
            out=out,
            renewals=rule.renewals if rule else 0,
            loan_days=visit.loan_days if visit else 0,
            fresh=age is not None and policy is not None and age <= policy.trust_days * 86_400,
            today=site.today(),
            held=frozenset(entry.item for entry in entries if entry and entry.lending is Lending.HELD),
            allowed=visit is not None and visit.kind is VisitKind.BORROW,
        )

    def _reader(self) -> ReaderWatch:
        watch = self.watches[self.station.pad]
        assert isinstance(watch, ReaderWatch)
        return watch
