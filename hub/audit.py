"""The ledger checked against itself: chains, places, columns, copies, and what was lost, in plain words.

Nothing here repairs: the ledger is what everything else is made from.
"""

from collections.abc import Callable, Iterator

from sqlalchemy import case, func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from hub import ledger
from hub.models import Cursor, Gap, LedgerRow, SiteState
from protocol.envelope import ZERO, Envelope, chain, read_event

Progress = Callable[[int, int], None]
"""(rows done, of)."""
STEP = 1000
"""Rows read at once, and between two calls of `progress`."""
COLUMNS = (
    "event_id",
    "type",
    "station",
    "item",
    "tag",
    "visit",
    "boot",
    "up_ms",
    "at",
    "clock",
    "origin_epoch",
    "origin_seq",
)
"""What a row repeats of its event."""
MEANINGS = {
    "the clock of boot": "times shown of what happened then may be wrong, and so may be what came first",
    "visit": "pages show a visit otherwise than it went",
    "where item": "pages and the directory sent to sites have items in places where they aren't",
    "loan": "patrons may be asked for what they don't have, or not for what they have",
    "contradiction": "the list of contradictions isn't what the events say",
    "the newest visit of": "the site's page shows an older visit as its newest",
    "foreign tag": "pages show other institutions' items otherwise than sites saw them",
}
"""What it means for people when a table differs, by the words its differences begin with."""


def audit(session: Session, progress: Progress = lambda done, of: None) -> list[str]:
    """A sentence for each thing in which the ledger isn't what the sites sent; none when all is."""
    cursors = session.exec(select(Cursor).order_by(Cursor.site, col(Cursor.ord))).all()
    of, done = sum(at.stored for at in cursors), 0
    found: list[str] = []
    for at in cursors:
        before = done

        def tell(rows: int, before: int = before) -> None:
            progress(before + rows, of)

        found += [f"{at.site}, journal {at.epoch[:8]}: {wrong}" for wrong in _epoch(session, at, tell)]
        done += at.stored
        progress(done, of)
    return found + list(_strays(session)) + list(_copies(session))


def losses(session: Session) -> list[str]:
    """A sentence for each gap and each closed epoch of which the site claimed more than ever came."""
    found = [
        f"{gap.site}, journal {gap.epoch[:8]}: events {gap.from_seq} to {gap.to_seq} are lost: {gap.why}"
        for gap in session.exec(select(Gap).order_by(col(Gap.id)))
    ]
    for at in session.exec(select(Cursor).order_by(Cursor.site, col(Cursor.ord))):
        lost = ledger.lost(session, at)
        if lost:
            found.append(f"{at.site}, journal {at.epoch[:8]}: {lost} events are lost with the journal that held them")
    return found


def parted(session: Session) -> list[str]:
    """A sentence for each site whose newest word about its open journal isn't what the ledger holds at that place."""
    found = []
    for state in session.exec(select(SiteState).order_by(SiteState.site)):
        hello = state.hello or {}
        place, digest = hello.get("stored", 0), hello.get("digest", "")
        at = session.get(Cursor, (state.site, hello.get("epoch", "")))
        held = _digest_of_row(session, state.site, at.epoch, place) if at and at.superseded_at is None else None
        if held is not None and held.hex() != digest:
            found.append(
                f"{state.site}, journal {hello['epoch'][:8]}: the site's own differs from the ledger up to event "
                f"{place}; it begins a new one when it hears so"
            )
    return found


def meanings(differences: list[str]) -> list[str]:
    """For each table that differs: in how much, and what that means for people."""
    told = []
    for words, meaning in MEANINGS.items():
        count = sum(difference.startswith(f"{words} ") for difference in differences)
        if count:
            told.append(f"{count} × {words}: {meaning}")
    return told


def holds(session: Session, site: str, epoch: str, seq: int, digest: bytes) -> bool:
    """Whether the ledger goes through `digest` at that place of the epoch."""
    if seq == 0:
        return digest == ZERO
    row = _digest_of_row(session, site, epoch, seq)
    if row is not None:
        return row == digest
    at = session.get(Cursor, (site, epoch))
    if at is not None and at.stored == seq:  # its end, after a gap
        return at.digest == digest
    behind = session.exec(
        select(LedgerRow.body, LedgerRow.digest).where(
            LedgerRow.site == site, LedgerRow.epoch == epoch, LedgerRow.seq == seq + 1
        )
    ).first()
    return behind is not None and chain(digest, behind[0]) == behind[1]


def _digest_of_row(session: Session, site: str, epoch: str, seq: int) -> bytes | None:
    return session.exec(
        select(LedgerRow.digest).where(LedgerRow.site == site, LedgerRow.epoch == epoch, LedgerRow.seq == seq)
    ).first()


def _epoch(session: Session, at: Cursor, progress: Callable[[int], None]) -> list[str]:
    """What is wrong with one epoch: the first break of its chain, and rows that say otherwise than their events."""
    gaps = {
        gap.from_seq: gap.to_seq for gap in session.exec(select(Gap).where(Gap.site == at.site, Gap.epoch == at.epoch))
    }
    found: list[str] = []
    seq: int = 0
    digest: bytes | None = ZERO
    said = LedgerRow(
        site=at.site,
        epoch=at.epoch,
        seq=0,
        event_id="",
        body=b"",
        digest=ZERO,
        received_at=at.first_seen,
        understood=True,
    )
    for row in _rows(session, at):
        seq, digest = _over_gaps(seq, digest, gaps)
        if row.seq != seq + 1:
            return [*found, f"place {seq + 1} is missing"]
        if digest is not None and chain(digest, row.body) != row.digest:
            return [*found, f"event {row.seq} isn't what the site sent"]
        differing = _misread(row, said)
        if differing:
            found.append(f"event {row.seq}: {', '.join(differing)} in its row isn't what the event says")
        seq, digest = row.seq, row.digest
        if seq % STEP == 0:
            progress(seq)
    seq, digest = _over_gaps(seq, digest, gaps)
    if seq != at.stored:
        found.append(f"its rows end at {seq}, its cursor says {at.stored}")
    elif digest is not None and digest != at.digest:
        found.append(f"its cursor's digest isn't that of row {seq}")
    return found


def _rows(session: Session, at: Cursor) -> Iterator[LedgerRow]:
    """The epoch's rows in order, read in parts."""
    seq = 0
    while True:
        part = session.exec(
            select(LedgerRow)
            .where(LedgerRow.site == at.site, LedgerRow.epoch == at.epoch, col(LedgerRow.seq) > seq)
            .order_by(col(LedgerRow.seq))
            .limit(STEP)
        ).all()
        yield from part
        if len(part) < STEP:
            return
        seq = part[-1].seq


def _over_gaps(seq: int, digest: bytes | None, gaps: dict[int, int]) -> tuple[int, bytes | None]:
    """Past the gaps that begin here; the chain behind one begins anew, at what the site said."""
    while seq + 1 in gaps:
        seq, digest = gaps[seq + 1], None
    return seq, digest


def _misread(row: LedgerRow, said: LedgerRow) -> list[str]:
    """Columns that don't repeat what the bytes say; a row that another version understood isn't judged.

    `said` is written over: making a row is the dearest part of reading one.
    """
    event = read_event(row.body)
    if not isinstance(event, Envelope) or not row.understood:
        return [] if row.event_id == event.id else ["event_id"]
    said.event_id = event.id
    ledger.interpret(said, event)
    return [name for name in COLUMNS if getattr(row, name) != getattr(said, name)]


def _strays(session: Session) -> Iterator[str]:
    """Rows of a journal that no cursor speaks of: no receipt and no projection knows them."""
    query = (
        select(LedgerRow.site, LedgerRow.epoch, func.count())
        .outerjoin(Cursor, (col(Cursor.site) == LedgerRow.site) & (col(Cursor.epoch) == LedgerRow.epoch))
        .where(col(Cursor.site).is_(None))
        .group_by(LedgerRow.site, LedgerRow.epoch)
        .order_by(LedgerRow.site, LedgerRow.epoch)
    )
    for site, epoch, count in session.exec(query):
        yield f"{site}, journal {epoch[:8]}: {count} rows, but the ledger has no cursor of it"


def _copies(session: Session) -> Iterator[str]:
    """Events that count twice or never: of an event's rows one counts, and the others say which."""
    counting = func.sum(case((col(LedgerRow.duplicate_of).is_(None), 1), else_=0))
    query = (
        select(LedgerRow.site, LedgerRow.event_id, counting)
        .group_by(LedgerRow.site, LedgerRow.event_id)
        .having(counting != 1)
        .order_by(LedgerRow.site, LedgerRow.event_id)
    )
    for site, event_id, times in session.exec(query):
        yield f"{site}, event {event_id[:8]}: counts {times} times"
    first = aliased(LedgerRow)
    wrong = (col(first.id).is_(None)) | (first.site != LedgerRow.site) | (first.event_id != LedgerRow.event_id)
    strangers = (
        select(LedgerRow.site, LedgerRow.epoch, LedgerRow.seq)
        .outerjoin(first, col(first.id) == LedgerRow.duplicate_of)
        .where(col(LedgerRow.duplicate_of).is_not(None), wrong)
        .order_by(LedgerRow.site, LedgerRow.epoch, col(LedgerRow.seq))
    )
    for site, epoch, seq in session.exec(strangers):
        yield f"{site}, journal {epoch[:8]}: event {seq} is called a copy of one that it isn't"
