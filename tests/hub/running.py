"""A hub without broker or pages: messages in, answers out, on a clock the test owns."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import select

from hub.clock import Clock
from hub.database import Database
from hub.directory import sources
from hub.directory.rows import Kind
from hub.ingest import Ingest, Message
from hub.models import Boot, DirectoryEntry, ForeignTag, Holding, Loan, SiteState, Visit
from hub.notices import Notices
from hub.promises import Promises
from hub.settings import Settings
from protocol.names import Frozen, SiteId
from protocol.topics import Up, up
from tests.hub.cast import NOON, Journal


class Hub:
    """`send` is one message, `deliver` a whole journal; `answers` is what went out."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self.database = database
        self.now = NOON + timedelta(days=30)
        self.answers: list[tuple[str, bytes]] = []
        self.notices = Notices()
        self.promises = Promises(settings.promise_file)
        self.ingest = Ingest(
            settings,
            database,
            Clock(utc=lambda: self.now, monotonic=lambda: 0.0),
            self.notices,
            self.promises,
            lambda topic, payload: self.answers.append((topic, payload)),
        )

    def message(self, site: SiteId, what: Up, payload: bytes | Frozen) -> Message:
        return Message(up(site, what), payload if isinstance(payload, bytes) else payload.wire(), self.now)

    def send(self, site: SiteId, what: Up, payload: bytes | Frozen) -> bytes | None:
        """Sends one message; the answer to it, if there is one."""
        before = len(self.answers)
        self.ingest.take_group([self.message(site, what, payload)])
        return self.answers[-1][1] if len(self.answers) > before else None

    def deliver(self, *journals: Journal) -> None:
        for journal in journals:
            for first in range(1, len(journal.bodies) + 1, 50):
                self.send(journal.site, Up.EVENTS, journal.batch(first, 50).wire())

    def bring(self, kind: Kind, text: str, folder: Path, apply: bool = True) -> sources.Plan:
        """Imports CSV text."""
        path = folder / f"{kind}.csv"
        path.write_text(text, encoding="utf-8")
        with self.database.read() as session:
            plan = sources.read(kind, path, session, self.settings)
        if apply:
            sources.apply(plan, self.database, self.settings, self.now, lambda done, of: None)
        return plan

    def rows(self, table: Any) -> list[Any]:
        with self.database.read() as session:
            return list(session.exec(select(table)))

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """Every projection, and what sites are told, in an order of their own."""
        shown: dict[str, list[dict[str, Any]]] = {}
        for table in (Boot, Visit, Holding, Loan, ForeignTag):
            shown[table.__name__] = sorted((row.model_dump() for row in self.rows(table)), key=repr)
        shown["last visit"] = [
            {"site": row.site, "visit": row.last_visit, "at": row.last_visit_at}
            for row in sorted(self.rows(SiteState), key=lambda row: row.site)
        ]
        shown["directory"] = sorted(
            (row.model_dump(exclude={"version"}) for row in self.rows(DirectoryEntry) if not row.removed), key=repr
        )
        return shown


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
