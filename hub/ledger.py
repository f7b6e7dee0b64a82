"""The ledger: every event a site ever sent, byte for byte, one dense prefix per epoch; and what is known beside it.

Everything here works within a session handed in and commits nothing. The bytes of a row never change; what could be
read from them may grow with a newer version.
"""

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import func
from sqlmodel import Session, col, select

from hub.models import (
    AsideRow,
    Backup,
    BackupCursor,
    Boot,
    Cursor,
    Gap,
    Incident,
    LedgerRow,
    Meta,
    Quarantine,
)
from hub.projections.order import bounded, happened
from protocol.cards import commitment
from protocol.envelope import ZERO, Aside, Batch, Envelope, NotUnderstood, chain, read_event
from protocol.events import CountedAnew, EpochOpened, ForeignFound, ForeignGone, ItemFact, Renewed, VisitOpened
from protocol.names import ClockTrust, EventId

_Value = TypeVar("_Value")
QUARANTINE_KEPT = 200
"""Different batches kept in quarantine per site; beyond it they are only counted in the incident."""


HUB = ""
"""Site of an incident that is the hub's own, or whose sender can't be told."""


class IncidentKind(StrEnum):
    """What people should look at."""

    GAP = "gap"
    """Events are lost: the site no longer holds what the hub never had."""
    QUARANTINE = "quarantine"
    """A batch doesn't continue what the ledger holds: two journals went on from one."""
    NEW_EPOCH = "new-epoch"
    """The site began a new journal."""
    LEDGER_BEHIND = "ledger-behind"
    """The site was told that more is stored than the ledger holds: it was restored."""
    NOT_UNDERSTOOD = "not-understood"
    """An event means nothing to this version; kept raw."""
    COMMITMENT = "commitment"
    """A visit's card is not the one its event commits to; the patron stays unknown."""
    FORGED = "forged"
    """A message on a topic that isn't its sender's."""
    MALFORMED = "malformed"
    """A message that can't be read at all."""
    FAILED = "failed"
    """A message the hub couldn't take in; dropped and counted."""
    NO_BACKUP = "no-backup"
    """The hub's own: a backup that was due couldn't be made, or the copy is not whole."""


@dataclass(slots=True)
class Touched:
    """What newly appended rows concern, to be folded again."""

    items: set[str] = field(default_factory=set)
    tags: set[tuple[str, str]] = field(default_factory=set)
    """(site, foreign tag)."""
    visits: set[tuple[str, str]] = field(default_factory=set)
    """(site, visit)."""
    openings: set[tuple[str, str]] = field(default_factory=set)
    """Visits whose patron may have become known."""
    boots: set[tuple[str, str]] = field(default_factory=set)
    """Boots with a new trusted stamp."""
    epochs: set[tuple[str, str]] = field(default_factory=set)
    """Epochs that took another place among their site's."""
    counted: set[str] = field(default_factory=set)
    """Sites of which a station was counted anew: all that ever stood there is concerned."""

    def __bool__(self) -> bool:
        return any((self.items, self.tags, self.visits, self.openings, self.boots, self.epochs, self.counted))

    def add(self, row: LedgerRow) -> None:
        """Everything `row` bears on."""
        if row.visit:
            self.visits.add((row.site, row.visit))
        if row.type == COUNTED_ANEW:
            self.counted.add(row.site)
        if row.type in FOREIGN_TYPES and row.tag:
            self.tags.add((row.site, row.tag))
        elif row.type in ITEM_TYPES and row.item:
            self.items.add(row.item)


FOREIGN_TYPES = frozenset(str(kind.model_fields["type"].default) for kind in (ForeignFound, ForeignGone))
ITEM_TYPES = frozenset(str(kind.model_fields["type"].default) for kind in (*ItemFact.__args__, Renewed)) - FOREIGN_TYPES
"""Events that an item's holding and loans are folded from."""
COUNTED_ANEW = str(CountedAnew.model_fields["type"].default)
OPENED = str(VisitOpened.model_fields["type"].default)


# ------------------------------------------------------------------------------------------------------------- meta


def ledger_id(session: Session) -> str:
    """The ledger's own id; made when there is none yet."""
    return _meta(session, "ledger", secrets.token_hex(16))


def renew_ledger_id(session: Session) -> str:
    """A new id: an operator restored this ledger."""
    row = session.get_one(Meta, "ledger") if session.get(Meta, "ledger") else Meta(key="ledger", value="")
    row.value = secrets.token_hex(16)
    session.add(row)
    return row.value


def count_cards_change(session: Session) -> None:
    """Whoever holds a copy of the card table must read it again."""
    current = int(_meta(session, "cards", "0"))
    row = session.get_one(Meta, "cards")
    row.value = str(current + 1)


def cards_version(session: Session) -> int:
    """Counts changes of the card table."""
    row = session.get(Meta, "cards")
    return int(row.value) if row else 0


def _meta(session: Session, key: str, first: str) -> str:
    row = session.get(Meta, key)
    if row is None:
        row = Meta(key=key, value=first)
        session.add(row)
        session.flush()
    return row.value


# ---------------------------------------------------------------------------------------------------------- cursors


def cursor(session: Session, site: str, epoch: str, now: datetime) -> Cursor:
    """The site's cursor of `epoch`, locked until the commit; an unknown epoch starts at 0 and closes the others."""
    session.flush()  # reading it anew for the lock would overwrite what this session has changed
    found = session.get(Cursor, (site, epoch), with_for_update=True)
    if found is not None:
        found.last_seen = now
        return found
    others = cursors(session, site)
    successor = next((other for other in others if other.predecessor == epoch), None)
    if successor is None:
        place = others[-1].ord + 1 if others else 1
        for other in others:
            other.superseded_at = other.superseded_at or now
        if others:
            told = f"began a new journal; the one before was held up to {others[-1].stored}"
            incident(session, site, IncidentKind.NEW_EPOCH, epoch, told, now)
    else:
        place = successor.ord
        for other in others:
            other.ord += other.ord >= place
    made = Cursor(site=site, epoch=epoch, ord=place, digest=ZERO, first_seen=now, last_seen=now)
    made.superseded_at = now if successor else None
    session.add(made)
    session.flush()
    return made


def cursors(session: Session, site: str) -> list[Cursor]:
    """Every epoch of the site in order."""
    return list(session.exec(select(Cursor).where(Cursor.site == site).order_by(col(Cursor.ord))))


def lost(session: Session, of: Cursor) -> int:
    """Events of a closed epoch that were claimed by the site and came by no way: neither in it nor carried on."""
    if of.superseded_at is None or of.claimed_last <= of.stored:
        return 0
    carried = session.exec(
        select(func.count(func.distinct(LedgerRow.origin_seq))).where(
            LedgerRow.site == of.site,
            LedgerRow.origin_epoch == of.epoch,
            LedgerRow.epoch != of.epoch,
            col(LedgerRow.origin_seq) > of.stored,
            col(LedgerRow.origin_seq) <= of.claimed_last,
        )
    ).one()
    return of.claimed_last - of.stored - carried


def _follow(session: Session, opened: EpochOpened, at: Cursor, touched: Touched) -> None:
    at.reason = opened.reason
    at.predecessor = opened.predecessor
    at.predecessor_last = opened.predecessor_last
    before = session.get(Cursor, (at.site, opened.predecessor)) if opened.predecessor else None
    if before is not None and opened.predecessor_last is not None:
        before.claimed_last = max(before.claimed_last, opened.predecessor_last)
    if before is not None and before.ord > at.ord:  # heard in the wrong order: put it behind all it knows of
        last = max(other.ord for other in cursors(session, at.site))
        at.ord = last + 1
        before.superseded_at = before.superseded_at or at.first_seen
        touched.epochs.add((at.site, at.epoch))


# ---------------------------------------------------------------------------------------------------------- appending


def append(
    session: Session,
    at: Cursor,
    bodies: Sequence[bytes],
    asides: Mapping[EventId, Aside],
    now: datetime,
    touched: Touched,
) -> None:
    """Writes `bodies` at the places after `at.stored` and moves the cursor; what they bear on goes to `touched`."""
    read = [read_event(body) for body in bodies]
    known = _known(session, at.site, [event.id for event in read])
    _stamps(session, at.site, read, touched)
    for body, event in zip(bodies, read, strict=True):
        at.digest = chain(at.digest, body)
        at.stored += 1
        row = _row(at, body, event, now)
        first = known.get(row.event_id)
        session.add(row)
        if first is None:
            known[row.event_id] = row
        elif _is_earlier(session, at, first):
            _count_instead(session, row, first, touched)
            known[row.event_id] = row
        else:
            session.flush()
            row.duplicate_of = first.id
        if isinstance(event, NotUnderstood):
            incident(session, at.site, IncidentKind.NOT_UNDERSTOOD, "events", row.why_not or "", now)
            continue
        if isinstance(event.fact, EpochOpened) and first is None and at.stored == 1:
            _follow(session, event.fact, at, touched)
        if first is None:
            touched.add(row)
            _keep_aside(session, at.site, event, asides.get(event.id), now, touched)
    session.flush()


def _is_earlier(session: Session, at: Cursor, known: LedgerRow) -> bool:
    """The epoch that is being heard comes before the one whose copy of the event counts: it came late."""
    if known.epoch == at.epoch:
        return False
    counted = session.get(Cursor, (at.site, known.epoch))
    return counted is not None and at.ord < counted.ord


def _count_instead(session: Session, row: LedgerRow, known: LedgerRow, touched: Touched) -> None:
    """The copy in the earliest epoch counts, or an event could come to stand before what happened before it."""
    row.received_at = min(row.received_at, known.received_at)
    session.flush()
    copies = select(LedgerRow).where(LedgerRow.site == row.site, LedgerRow.event_id == row.event_id)
    for copy in session.exec(copies):
        copy.duplicate_of = None if copy is row else row.id
    touched.add(row)


def reinterpret(session: Session, touched: Touched) -> int:
    """Reads again what an older version could not understand; answers how many rows mean something now."""
    count = 0
    for row in session.exec(select(LedgerRow).where(col(LedgerRow.understood).is_(False))):
        event = read_event(row.body)
        if isinstance(event, NotUnderstood):
            continue
        interpret(row, event)
        row.understood, row.why_not = True, None
        if row.duplicate_of is None:
            touched.add(row)
            _stamps(session, row.site, (event,), touched)
        count += 1
    session.flush()
    return count


def _known(session: Session, site: str, ids: Collection[str]) -> dict[str, LedgerRow]:
    found: dict[str, LedgerRow] = {}
    for chunk in chunks(sorted(set(ids))):
        rows = session.exec(
            select(LedgerRow).where(
                LedgerRow.site == site, col(LedgerRow.event_id).in_(chunk), col(LedgerRow.duplicate_of).is_(None)
            )
        )
        found.update({row.event_id: row for row in rows})
    return found


def _row(at: Cursor, body: bytes, event: Envelope | NotUnderstood, now: datetime) -> LedgerRow:
    row = LedgerRow(
        site=at.site,
        epoch=at.epoch,
        seq=at.stored,
        event_id=event.id,
        body=body,
        digest=at.digest,
        received_at=now,
        understood=isinstance(event, Envelope),
    )
    if isinstance(event, NotUnderstood):
        row.why_not = printable(event.why)
    else:
        interpret(row, event)
    return row


def interpret(row: LedgerRow, event: Envelope) -> None:
    """Puts into the row's columns what its event says."""
    fact = event.fact
    row.type = fact.type
    row.station = getattr(fact, "station", None)
    row.item = getattr(fact, "item", None)
    row.tag = getattr(fact, "tag", None)
    row.visit = getattr(fact, "visit", None)
    row.boot, row.up_ms, row.at, row.clock = event.boot, event.up_ms, bounded(event.at), event.clock
    row.origin_epoch, row.origin_seq = event.epoch, event.seq


def _stamps(session: Session, site: str, events: Iterable[Envelope | NotUnderstood], touched: Touched) -> None:
    """Notes the boots of which a trusted stamp came that is earlier than the one known."""
    earliest: dict[str, int] = {}
    for event in events:
        if isinstance(event, Envelope) and event.clock is ClockTrust.SYNCED:
            earliest[event.boot] = min(earliest.get(event.boot, event.up_ms), event.up_ms)
    for boot, up_ms in earliest.items():
        known = session.get(Boot, (site, boot))
        if known is None or up_ms <= known.up_ms:
            touched.boots.add((site, boot))


def _keep_aside(
    session: Session, site: str, event: Envelope, aside: Aside | None, now: datetime, touched: Touched
) -> None:
    fact = event.fact
    if not isinstance(fact, VisitOpened) or aside is None:
        return
    matches = commitment(bytes.fromhex(aside.salt), aside.card) == fact.who
    session.add(
        AsideRow(site=site, event_id=event.id, salt=aside.salt, card=aside.card, visit=fact.visit, matches=matches)
    )
    touched.openings.add((site, fact.visit))
    if not matches:
        told = f"the card sent beside visit {fact.visit} is not the one its event names; its patron stays unknown"
        incident(session, site, IncidentKind.COMMITMENT, fact.visit, told, now)


def happened_at(row: LedgerRow, offsets: dict[tuple[str, str], int]) -> tuple[datetime | None, bool]:
    """Corrected time of a row and whether a clock vouches for it; None when it wasn't understood."""
    if row.at is None or row.boot is None or row.up_ms is None:
        return None, False
    when, trusted = happened(row.site, row.boot, row.up_ms, row.at, offsets)
    return (when if trusted else min(when, row.received_at)), trusted


def offsets_of(session: Session, boots: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """(site, boot) -> offset, for those of `boots` that ever saw a trusted clock."""
    wanted = set(boots)
    found: dict[tuple[str, str], int] = {}
    for chunk in chunks(sorted({boot for _, boot in wanted})):
        rows = session.exec(select(Boot).where(col(Boot.boot).in_(chunk)))
        found.update({(r.site, r.boot): r.offset_ms for r in rows if (r.site, r.boot) in wanted})
    return found


def chunks(values: Sequence[_Value], size: int = 500) -> Iterable[Sequence[_Value]]:
    """`values` in parts a database takes as parameters."""
    return (values[start : start + size] for start in range(0, len(values), size))


# ------------------------------------------------------------------------------------------------- gaps and incidents


def gap(session: Session, at: Cursor, upto: int, digest: bytes, now: datetime) -> None:
    """Writes down that `at.stored + 1 .. upto` will never come, and moves the cursor over them (rule H2)."""
    first = at.stored + 1
    why = f"the site holds nothing before {upto + 1} any more, and the ledger ended at {at.stored}"
    session.add(Gap(site=at.site, epoch=at.epoch, from_seq=first, to_seq=upto, noticed_at=now, why=why))
    told = f"events {first} to {upto} of this journal are lost: {why}"
    incident(session, at.site, IncidentKind.GAP, f"{at.epoch} {first}", told, now)
    at.stored, at.digest = upto, digest


def quarantine(session: Session, at: Cursor, batch: Batch, sha256: str, now: datetime) -> None:
    """Keeps a batch whose digest differs (rule H4); the same again is counted."""
    told = f"a batch from {batch.head.first} does not continue what the ledger holds up to {at.stored}"
    incident(session, at.site, IncidentKind.QUARANTINE, at.epoch, told, now)
    first = batch.head.first
    same = session.exec(
        select(Quarantine).where(
            Quarantine.site == at.site,
            Quarantine.epoch == at.epoch,
            Quarantine.first_seq == first,
            Quarantine.sha256 == sha256,
        )
    ).first()
    if same is not None:
        same.times += 1
        same.last_at = now
        return
    kept = session.exec(select(func.count()).select_from(Quarantine).where(Quarantine.site == at.site)).one()
    if kept < QUARANTINE_KEPT:
        session.add(
            Quarantine(
                site=at.site,
                epoch=at.epoch,
                first_seq=first,
                sha256=sha256,
                payload=batch.wire(),
                stored=at.stored,
                expected=at.digest,
                first_at=now,
                last_at=now,
            )
        )
        session.flush()


def incident(session: Session, site: str, kind: IncidentKind, about: str, detail: str, now: datetime) -> None:
    """Writes an incident down, or counts it when it is known."""
    known = session.exec(
        select(Incident).where(Incident.site == site, Incident.kind == kind, Incident.about == about)
    ).first()
    if known is None:
        session.add(Incident(site=site, kind=kind, about=about, detail=printable(detail), first_at=now, last_at=now))
        session.flush()
    else:
        known.times += 1
        known.last_at = now
        known.detail = printable(detail)


def printable(text: str) -> str:
    """`text` cut to 500 characters, without what a database refuses in text (NUL, lone surrogates)."""
    return text[:500].replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


# ----------------------------------------------------------------------------------------------------------- archived


def archived(session: Session, at: Cursor) -> int:
    """How far the second newest verified backup holds the epoch; 0 without one (rule H9). Never above `stored`."""
    backups = session.exec(
        select(Backup.id)
        .where(col(Backup.verified_at).is_not(None))
        .order_by(col(Backup.made_at).desc(), col(Backup.id))
        .limit(2)
    ).all()
    if len(backups) < 2:
        return 0
    held = session.get(BackupCursor, (backups[1], at.site, at.epoch))
    return min(held.stored, at.stored) if held else 0


def archived_in_all(session: Session) -> int:
    """Places of all journals together that the second newest verified backup holds."""
    return sum(archived(session, at) for at in session.exec(select(Cursor)))


def count_rows(session: Session) -> int:
    """Rows of the ledger."""
    return session.exec(select(func.count()).select_from(LedgerRow)).one()
