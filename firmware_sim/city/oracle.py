"""Who looks on: every commit at a site, every receipt, every door, and at the end the hub against what is so.

It never tells the software anything. What it finds wrong is a `Violation`, named after the invariant of
docs/delivery.md that it breaks.
"""

import json
import math
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from edge.journal import Journal
from firmware_sim.city.machine import Machine
from firmware_sim.city.timeline import Timeline
from firmware_sim.truth import Answer, Truth, WithPatron, compare
from hub import agreement, ledger
from hub.models import Cursor, Gap, Holding, LedgerRow, Loan
from hub.projections.states import LoanState
from protocol.envelope import Envelope, read_event
from protocol.names import EpochId, EventId, ItemId, SiteId
from protocol.topics import Down

RECENT_S = 7200.0
"""Before a card was lost: what moved so shortly before may have been on it alone."""


class Violation(AssertionError):
    """A promise was broken; the message names it."""


@dataclass
class Epoch:
    """One journal generation as it was seen to grow."""

    ids: dict[int, EventId] = field(default_factory=dict)
    last: int = 0
    archived: int = 0


@dataclass
class Known:
    """What was ever committed at one site."""

    epochs: dict[EpochId, Epoch] = field(default_factory=lambda: defaultdict(Epoch))
    newest: EpochId | None = None
    events: dict[EventId, ItemId | None] = field(default_factory=dict)
    """Every event, and the item it concerns."""
    boots: dict[EventId, str] = field(default_factory=dict)
    safe: set[EventId] = field(default_factory=set)
    """Events the site was told are in checked backups."""
    destroyed: set[EventId] = field(default_factory=set)
    """Events on cards that were destroyed, rolled back or lied: they may never have been sent."""


class Oracle:
    """One run's witness."""

    def __init__(self, timeline: Timeline, truth: Truth, hub_file: Path) -> None:
        self.counts: Counter[str] = Counter()
        """What rare paths were reached."""
        self.violations: list[str] = []
        self.tainted: dict[ItemId, float] = {}
        """Items of which what happened until then was on a lost card alone; once they move they are known again."""
        self.known: dict[SiteId, Known] = defaultdict(Known)
        self._unseen: set[ItemId] = set()
        self._timeline = timeline
        self._truth = truth
        self._hub_file = hub_file

    def violate(self, what: str) -> None:
        """Notes a broken promise."""
        told = f"{self._timeline.now / 86_400:.3f} d: {what}"
        self._timeline.note("ORACLE", what)
        if len(self.violations) < 50:
            self.violations.append(told)

    # --- at the sites ---

    def booted(self, machine: Machine) -> None:
        """A site's agent has opened its journal: nothing may be missing that wasn't destroyed."""
        journal = self._journal(machine)
        known = self.known[machine.site]
        before = known.newest
        if before is not None:
            self._compare(machine, journal, known, before)
        self.turned(machine)

    def _compare(self, machine: Machine, journal: Journal, known: Known, before: EpochId) -> None:
        now = known.epochs[journal.epoch]
        places = {row.seq: row.id for row in journal.after(0, 1_000_000)}
        vanished = known.events.keys() - set(places.values()) - known.safe - known.destroyed
        same = {seq: event for seq, event in now.ids.items() if seq < journal.base or places.get(seq) == event}
        if not machine.excuse:
            if journal.epoch != before:
                self.violate(f"{machine.site}: a whole journal was given up for a new one")
            elif len(same) < len(now.ids):
                self.violate(f"{machine.site}: {len(now.ids) - len(same)} committed events are gone after a restart")
            return
        self.counts[f"excused: {machine.excuse}"] += 1
        known.destroyed |= vanished
        self.taint_recent(machine.site, RECENT_S)
        self._taint((known.events[event] for event in vanished), self._timeline.now)
        now.ids, now.last = same, max(same, default=0)
        now.archived = min(now.archived, max(journal.archived, journal.base - 1))  # a restored hub says less again

    def taint_recent(self, site: SiteId, seconds: float) -> None:
        """Items that moved at the site within the last `seconds` may be known to a lost card alone."""
        since = self._timeline.true_time(self._timeline.now - seconds)
        for item in self._truth.items():
            for move in self._truth.history(item)[1:]:
                if move.at >= since and getattr(move.place, "site", None) == site:
                    self._taint((item,), self._timeline.now)

    def _taint(self, items: Iterable[ItemId | None], until: float) -> None:
        self.tainted.update({item: until for item in items if item is not None})

    def _unknowable(self, item: ItemId) -> bool:
        moved = self._truth.history(item)[-1].at
        until = self.tainted.get(item)
        return until is not None and (until == math.inf or moved <= self._timeline.true_time(until))

    def stolen_unseen(self, items: Iterable[ItemId]) -> None:
        """Somebody broke into a site without power: a visit that was open when it failed may answer for it."""
        self._unseen |= set(items)

    def turned(self, machine: Machine) -> None:
        """The agent has worked: what it committed is on record here too."""
        journal = self._journal(machine)
        known = self.known[machine.site]
        epoch = known.epochs[journal.epoch]
        if journal.epoch != known.newest:
            self._new_epoch(machine, journal, known)
        if journal.last < epoch.last:
            self.violate(f"{machine.site}: the journal shrank from {epoch.last} to {journal.last} while running")
        if journal.archived > journal.stored or journal.stored > journal.last:
            self.violate(f"{machine.site}: archived {journal.archived}, stored {journal.stored}, last {journal.last}")
        if journal.base > max(epoch.archived, journal.archived) + 1:
            self.violate(f"I5 {machine.site}: row {journal.base - 1} was forgotten above archived {epoch.archived}")
        if journal.archived > epoch.archived:
            known.safe |= {epoch.ids[n] for n in range(epoch.archived + 1, journal.archived + 1) if n in epoch.ids}
            epoch.archived = journal.archived
        if journal.last == epoch.last:
            return
        for row in journal.after(epoch.last, 1_000_000):
            event = read_event(row.body)
            if row.id not in known.events:
                item = getattr(event.fact, "item", None) if isinstance(event, Envelope) else None
                known.events[row.id] = item
                if isinstance(event, Envelope):
                    known.boots[row.id] = event.boot
                    self.counts[f"event {event.fact.type}"] += 1
                    self._timeline.note(machine.site, f"{event.fact.type} {item or ''}")
            epoch.ids[row.seq] = row.id
        epoch.last = journal.last

    def _new_epoch(self, machine: Machine, journal: Journal, known: Known) -> None:
        first = journal.after(0, 1)
        event = read_event(first[0].body) if first and first[0].seq == 1 else None
        if isinstance(event, Envelope) and known.newest is not None:
            self.counts[f"epoch {getattr(event.fact, 'reason', '?')}"] += 1
        known.newest = journal.epoch

    @staticmethod
    def _journal(machine: Machine) -> Journal:
        if machine.agent is None:
            raise Violation(f"{machine.site} was looked at while it is down")
        return machine.agent.site.journal

    def opens(self, machine: Machine) -> None:
        """A strike is about to be released: the decision must be on record, and on the disk."""
        kept = self._journal(machine).kept("visit/")
        if not kept:
            self.violate(f"I12 {machine.site}: a door opens without a visit on record")
        if not machine.disk.settled(machine.memory.settings.data_dir / "journal.db-wal"):
            self.violate(f"E1 {machine.site}: a door opens while the decision isn't on the disk yet")
        self.counts["doors opened"] += 1

    # --- at the hub ---

    def sent(self, topic: str, payload: bytes) -> None:
        """The hub is about to send; a receipt may only say what is committed."""
        if not topic.endswith(f"/{Down.RECEIPT}"):
            return
        receipt = json.loads(payload)
        site = topic.split("/")[3]
        with sqlite3.connect(f"file:{self._hub_file}?mode=ro", uri=True) as db:
            row = db.execute(
                "SELECT stored FROM cursor WHERE site = ? AND epoch = ?", (site, receipt["epoch"])
            ).fetchone()
        db.close()
        if receipt["stored"] > (row[0] if row else 0):
            self.violate(f"I4 {site}: a receipt for {receipt['stored']}, committed is {row[0] if row else 0}")
        if receipt["archived"] > receipt["stored"]:
            self.violate(f"I4 {site}: archived {receipt['archived']} above stored {receipt['stored']}")
        self.counts["receipts"] += 1

    # --- at the end ---

    def judge(self, session: Session, zone: ZoneInfo, machines: Iterable[Machine], shadowed: Iterable[ItemId]) -> None:
        """Everything has come to rest: the hub must know all of it, once, and be right."""
        for machine in machines:
            journal = self._journal(machine)
            if journal.stored != journal.last:
                self.violate(f"I9 {machine.site}: stored {journal.stored} of {journal.last} after everything healed")
            for boot, unsynced in machine.unsynced.items():
                if unsynced:
                    self._taint_boot(machine.site, boot)
        self._judge_ledger(session)
        for line in agreement.differences(session, zone)[:5]:
            self.violate(f"I7 {line}")
        self._judge_places(session, frozenset(shadowed))
        self._judge_loans(session)

    def _taint_boot(self, site: SiteId, boot: str) -> None:
        known = self.known[site]
        items = {known.events[event] for event, of in known.boots.items() if of == boot}
        self._taint(items, math.inf)

    def _judge_ledger(self, session: Session) -> None:
        rows: dict[str, list[LedgerRow]] = defaultdict(list)
        for row in session.exec(select(LedgerRow)):
            rows[row.site].append(row)
        for site, known in self.known.items():
            held = Counter(row.event_id for row in rows[site] if row.duplicate_of is None)
            missing = known.events.keys() - held.keys() - known.destroyed
            if missing:
                self.violate(f"I1 {site}: {len(missing)} of {len(known.events)} events never reached the ledger")
            if twice := [event for event, times in held.items() if times > 1]:
                self.violate(f"I1 {site}: {len(twice)} events count twice")
            if invented := held.keys() - known.events.keys():
                self.violate(f"I2 {site}: {len(invented)} events in the ledger that the site never committed")
            self.counts["events"] += len(known.events)
            self.counts["destroyed"] += len(known.events.keys() - held.keys())
            self.counts["cross-epoch duplicates"] += sum(row.duplicate_of is not None for row in rows[site])
        self._judge_density(session, rows)

    def _judge_density(self, session: Session, rows: Mapping[str, list[LedgerRow]]) -> None:
        for cursor in session.exec(select(Cursor)):
            places = {row.seq for row in rows[cursor.site] if row.epoch == cursor.epoch}
            gaps = session.exec(select(Gap).where(Gap.site == cursor.site, Gap.epoch == cursor.epoch)).all()
            for gap in gaps:
                places |= set(range(gap.from_seq, gap.to_seq + 1))
            if places != set(range(1, cursor.stored + 1)):
                self.violate(f"I3 {cursor.site}: the ledger's prefix of an epoch has holes below {cursor.stored}")
            if gaps:
                self.violate(f"H2 {cursor.site}: {len(gaps)} gaps though every restore kept the promise")
            self._judge_losses(session, cursor)

    def _judge_losses(self, session: Session, cursor: Cursor) -> None:
        """What a closed epoch lost is counted: exactly what was claimed and came by no way (I8)."""
        known = self.known[SiteId(cursor.site)]
        epoch = known.epochs.get(EpochId(cursor.epoch))
        if epoch is None or cursor.superseded_at is None:
            return
        told = ledger.lost(session, cursor)
        self.counts["lost and counted"] += told
        if told and not known.destroyed:
            self.violate(f"I8 {cursor.site}: {told} events are reported lost, and no card was")

    def _judge_places(self, session: Session, shadowed: frozenset[ItemId]) -> None:
        held = {row.item: row for row in session.exec(select(Holding))}
        said = {item: _answer(item, held.get(item)) for item in self._truth.items()}
        for difference in compare(self._truth, said.values(), shadowed):
            state = said[difference.item].state
            if difference.item in self._unseen and state == "loan":
                self.counts["laid to a visit cut short"] += 1
            elif self._unknowable(difference.item) and state != "shelf":
                self.counts["unknowable"] += 1
            else:
                self.violate(f"TRUTH {difference}")
        for item, answer in said.items():
            if answer.state == "loan" and answer.patron and not self._may_have(item, answer.patron):
                self.violate(f"TRUTH {item} is on loan to {answer.patron}, who never took it")

    def _may_have(self, item: ItemId, patron: str) -> bool:
        took = {m.place.patron for m in self._truth.history(item) if isinstance(m.place, WithPatron)}
        return patron in took or item in self._unseen

    def _judge_loans(self, session: Session) -> None:
        """Nobody ever had a loan of what they didn't take; a reversed one is none."""
        for loan in session.exec(select(Loan).where(col(Loan.state) != LoanState.REVERSED)):
            if loan.patron is not None and not self._may_have(ItemId(loan.item), loan.patron):
                self.violate(f"TRUTH {loan.item} was lent to {loan.patron} at {loan.site}, who never took it")


def _answer(item: ItemId, row: Holding | None) -> Answer:
    """What the hub says of an item, as the truth compares it."""
    if row is None:
        return Answer(item, "library")
    return Answer(item, str(row.state), row.site, row.shelf, row.patron)
