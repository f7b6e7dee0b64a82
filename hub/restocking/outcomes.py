"""What became of a run, read from what its sites' shelf readers saw; nothing of it is kept.

A stop's time is from the run's day to the day of the next run that calls there, by corrected time: so it makes no
difference whether its events come at once or days later.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, select

from hub.ledger import chunks
from hub.models import Cursor, Holding, LedgerRow, Run, Scan, Stop, Transfer, Visit
from hub.projections.states import HoldingState
from hub.restock.arrivals import Errand, Handling, Line, compare
from protocol.events import Loaded, VisitKind, VisitOutcome

LOADED = str(Loaded.model_fields["type"].default)
HANDLED = (LOADED, "unloaded")
GIVEN_UP = "abandoned"
"""State of a run that nobody carries out."""


@dataclass(frozen=True, slots=True)
class AtStop:
    """What became of one stop."""

    site: str
    visits: tuple[str, ...]
    """Restock visits of the run's time."""
    visited: bool
    """One of them is settled."""
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a run."""

    stops: dict[str, AtStop]
    held: dict[str, Holding]
    """Where each of its items is now; one that nobody ever reported is missing here."""
    taken: frozenset[str]
    """Scanned out at the library for this run."""
    aboard: frozenset[str]
    """With this run's courier, for all that is known."""

    def state(self, item: str) -> HoldingState:
        """Where the item is now."""
        row = self.held.get(item)
        return HoldingState(row.state) if row else HoldingState.LIBRARY


def read(session: Session, run: Run, zone: ZoneInfo) -> Outcome:
    """The outcome of a run as far as it is known; `zone` is the library's."""
    assert run.id is not None
    transfers = list(session.exec(select(Transfer).where(Transfer.run == run.id)))
    stops = list(session.exec(select(Stop).where(Stop.run == run.id).order_by(col(Stop.number))))
    visits = {stop.site: _visits(session, run, stop.site, zone) for stop in stops}
    handled = {site: _handled(session, site, [row.visit for row in rows]) for site, rows in visits.items()}
    items = {transfer.item for transfer in transfers} | {one.item for some in handled.values() for one in some}
    held = _held(session, items)
    found: dict[str, AtStop] = {}
    for stop in stops:
        site, there = stop.site, handled[stop.site]
        touched = {one.item for one in there}
        # What was left out and done all the same was done.
        mine = [one for one in transfers if one.dropped is None or one.item in touched]
        errands = [Errand(one.item, one.target == site) for one in mine if site in (one.origin, one.target)]
        elsewhere = {one.item: one.target for one in mine if one.target not in (None, site)}
        others = _others(session, run, site) - {errand.item for errand in errands}
        found[site] = AtStop(
            site,
            tuple(row.visit for row in visits[site]),
            visited := any(row.outcome == VisitOutcome.SETTLED for row in visits[site]),
            compare(
                errands,
                [one for one in there if one.item not in others],
                visited,
                frozenset(item for item, row in held.items() if _stands_at(row, site)),
                {item: target for item, target in elsewhere.items() if target is not None},
            ),
        )
    scans = {f"scan.{row.id}": row.item for row in scans_out(session, run.id)}
    aboard = {
        item
        for item, row in held.items()
        if row.state == HoldingState.TRANSIT
        and (row.event_id in scans if row.site is None else row.site in found and row.visit in found[row.site].visits)
    }
    return Outcome(found, held, frozenset(scans.values()), frozenset(aboard))


def _stands_at(row: Holding, site: str) -> bool:
    return row.state == HoldingState.SHELF and row.site == site


def _visits(session: Session, run: Run, site: str, zone: ZoneInfo) -> list[Visit]:
    begins, ends = _time_at(session, run, site, zone)
    query = select(Visit).where(Visit.site == site, Visit.kind == VisitKind.RESTOCK, col(Visit.opened_at) >= begins)
    if ends is not None:
        query = query.where(col(Visit.opened_at) < ends)
    return list(session.exec(query.order_by(col(Visit.opened_at), col(Visit.visit))))


def _time_at(session: Session, run: Run, site: str, zone: ZoneInfo) -> tuple[datetime, datetime | None]:
    """When the run can have been at `site`: from its day on (or when it left, if earlier), before the next run's."""

    def midnight(day: date) -> datetime:
        return datetime.combine(day, time.min, zone)

    following = session.exec(
        select(func.min(Run.day))
        .join(Stop, col(Stop.run) == Run.id)
        .where(Stop.site == site, col(Stop.skipped).is_(None), Run.day > run.day, Run.state != GIVEN_UP)
    ).one()
    begins = midnight(run.day)
    if run.left_at is not None:
        begins = min(begins, run.left_at)
    return begins, midnight(following) if following is not None else None


def _handled(session: Session, site: str, visits: Iterable[str]) -> list[Handling]:
    query = (
        select(LedgerRow.item, LedgerRow.type)
        .join(Cursor, (col(Cursor.site) == LedgerRow.site) & (col(Cursor.epoch) == LedgerRow.epoch))
        .where(
            LedgerRow.site == site,
            col(LedgerRow.visit).in_(list(visits)),
            col(LedgerRow.type).in_(HANDLED),
            col(LedgerRow.duplicate_of).is_(None),
            col(LedgerRow.understood).is_(True),
        )
        .order_by(col(Cursor.ord), col(LedgerRow.seq))
    )
    return [Handling(item, kind == LOADED) for item, kind in session.exec(query) if item]


def _held(session: Session, items: Iterable[str]) -> dict[str, Holding]:
    found: dict[str, Holding] = {}
    for part in chunks(sorted(items)):
        found.update({row.item: row for row in session.exec(select(Holding).where(col(Holding.item).in_(part)))})
    return found


def scans_out(session: Session, run: int) -> list[Scan]:
    """Scans that items left the library with for the run."""
    return list(session.exec(select(Scan).where(Scan.run == run, col(Scan.out).is_(True), col(Scan.undone).is_(False))))


def _others(session: Session, run: Run, site: str) -> set[str]:
    """Items that another run of the same day moves at `site`: they are its own matter."""
    query = (
        select(Transfer.item)
        .join(Run, col(Run.id) == Transfer.run)
        .where(
            Run.day == run.day,
            Run.id != run.id,
            Run.state != GIVEN_UP,
            col(Transfer.dropped).is_(None),
            (col(Transfer.target) == site) | (col(Transfer.origin) == site),
        )
    )
    return set(session.exec(query))
