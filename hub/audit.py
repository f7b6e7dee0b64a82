"""The ledger checked against itself: every chain of digests, every place, and what was lost, in plain words."""

from collections.abc import Callable

from sqlmodel import Session, col, select

from hub import ledger
from hub.models import Cursor, Gap, LedgerRow
from protocol.envelope import ZERO, chain

Progress = Callable[[int, int], None]
"""(rows done, of)."""
STEP = 1000
"""Rows between two calls of `progress`."""


def audit(session: Session, progress: Progress = lambda done, of: None) -> list[str]:
    """A sentence for each epoch whose rows aren't what the sites sent, densely up to its cursor; none when all are."""
    found = []
    cursors = session.exec(select(Cursor).order_by(Cursor.site, col(Cursor.ord))).all()
    of, done = sum(at.stored for at in cursors), 0
    for at in cursors:
        wrong = _epoch(session, at)
        if wrong is not None:
            found.append(f"{at.site}, journal {at.epoch[:8]}: {wrong}")
        done += at.stored
        progress(done, of)
    return found


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


def digest_at(session: Session, site: str, epoch: str, seq: int) -> bytes | None:
    """The chain's value at a place of the ledger; None where it holds none."""
    if seq == 0:
        return ZERO
    row = session.exec(
        select(LedgerRow.digest).where(LedgerRow.site == site, LedgerRow.epoch == epoch, LedgerRow.seq == seq)
    ).first()
    if row is not None:
        return row
    at = session.get(Cursor, (site, epoch))
    return at.digest if at is not None and at.stored == seq else None


def _epoch(session: Session, at: Cursor) -> str | None:
    gaps = {
        gap.from_seq: gap.to_seq for gap in session.exec(select(Gap).where(Gap.site == at.site, Gap.epoch == at.epoch))
    }
    rows = session.exec(
        select(LedgerRow.seq, LedgerRow.body, LedgerRow.digest)
        .where(LedgerRow.site == at.site, LedgerRow.epoch == at.epoch)
        .order_by(col(LedgerRow.seq))
    )
    seq: int = 0
    digest: bytes | None = ZERO
    for place, body, told in rows:
        seq, digest = _over_gaps(seq, digest, gaps)
        if place != seq + 1:
            return f"place {seq + 1} is missing"
        if digest is not None and chain(digest, body) != told:
            return f"event {place} isn't what the site sent"
        seq, digest = place, told
    seq, digest = _over_gaps(seq, digest, gaps)
    if seq != at.stored:
        return f"its rows end at {seq}, its cursor says {at.stored}"
    if digest is not None and digest != at.digest:
        return f"its cursor's digest isn't that of row {seq}"
    return None


def _over_gaps(seq: int, digest: bytes | None, gaps: dict[int, int]) -> tuple[int, bytes | None]:
    """Past the gaps that begin here; the chain behind one begins anew, at what the site said."""
    while seq + 1 in gaps:
        seq, digest = gaps[seq + 1], None
    return seq, digest
