"""Looks, in the background, whether news from sites makes or resolves tasks: of runs that are over, of sites.

A look reads the ledger's newest rows only; most change nothing that a task is about.
"""

import logging
import threading
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, func, select

from hub.clock import Clock
from hub.database import Database
from hub.ledger import ITEM_TYPES
from hub.models import LedgerRow, Visit
from hub.notices import Notice, Notices
from hub.restocking import faults, kept, outcomes, review, scans
from hub.settings import Settings
from protocol.events import ClockSynced, VisitKind

LOOK_S = 5.0
"""Between looks."""
OVERLAP = 500
"""Rows looked at again: on PostgreSQL a row may be seen after one with a higher number."""
CORRECTS = str(ClockSynced.model_fields["type"].default)
log = logging.getLogger(__name__)


class Steward:
    """One thread, between `start` and `stop`; several processes may have one each."""

    def __init__(self, settings: Settings, database: Database, clock: Clock, notices: Notices) -> None:
        self._settings, self._database, self._clock, self._notices = settings, database, clock, notices
        self._seen: int | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins with every run that ended lately, and every site."""
        self._thread = threading.Thread(target=self._work, name="steward", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
            except DBAPIError as wrong:  # away, or another process was quicker: the next look sees the same
                log.warning("tasks couldn't be looked at: %s", wrong.orig)
            except Exception:  # whatever it was, later news must still be looked at
                log.exception("tasks couldn't be looked at")
            self._stopping.wait(LOOK_S)

    def look(self) -> list[int]:
        """Reviews what news there is; the runs whose tasks changed."""
        now = self._clock.utc()
        with self._database.read() as session:
            newest = session.exec(select(func.max(LedgerRow.id))).one() or 0
            due = kept.due(session, now)
            if newest == self._seen and not due:
                return []
            news = None if self._seen is None else _news(session, self._seen - OVERLAP)
        zone = self._settings.zone
        changed: list[int] = []
        places: set[str] = set()
        if news is None or news or due:
            with self._database.write() as session:
                kept.lapse(session, now)
                if news is None:
                    changed = review.every(session, zone, now)
                    places = faults.review(session, faults.every(session) | due, now)
                else:
                    changed = review.about(session, items=news.items, sites=news.sites, zone=zone, now=now)
                    concerned = faults.about(session, items=news.items, sites=news.faulty)
                    places = faults.review(session, concerned | due, now)
        self._seen = newest
        for run in changed:
            self._notices.publish(scans.notice(run))
        for site in sorted(places):
            self._notices.publish(Notice(site))
        return changed


@dataclass(frozen=True, slots=True)
class _News:
    """What was said lately."""

    items: set[str]
    """Something was said of them."""
    sites: set[str]
    """There is news of restock visits."""
    faulty: set[str]
    """They told of what is amiss, or well again."""

    def __bool__(self) -> bool:
        return bool(self.items or self.sites or self.faulty)


def _news(session: Session, after: int) -> _News:
    """What was said since row `after`."""
    fresh = col(LedgerRow.id) > after
    said = select(LedgerRow.item).where(fresh, col(LedgerRow.type).in_(ITEM_TYPES), col(LedgerRow.item).is_not(None))
    kinds = (*outcomes.HANDLED, CORRECTS)
    sites = set(session.exec(select(LedgerRow.site).where(fresh, col(LedgerRow.type).in_(kinds)).distinct()))
    visited = (
        select(LedgerRow.site)
        .join(Visit, (col(Visit.site) == LedgerRow.site) & (col(Visit.visit) == LedgerRow.visit))
        .where(fresh, Visit.kind == VisitKind.RESTOCK)
    )
    faulty = select(LedgerRow.site).where(fresh, col(LedgerRow.type).in_(faults.TYPES))
    return _News(
        {item for item in session.exec(said.distinct()) if item},
        sites | set(session.exec(visited.distinct())),
        set(session.exec(faulty.distinct())),
    )
