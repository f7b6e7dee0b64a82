"""What people should look at: incidents, gaps, quarantined batches, rows not understood, contradictions."""

from datetime import date, datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from hub.models import Gap, Incident, Quarantine
from hub.views.events import EventView, events
from hub.views.loans import LoanFilter, LoanView, loans
from hub.views.view import Cut, View


class IncidentView(View):
    """Something people should look at; the same again is counted."""

    site: str
    kind: str
    """hub.ledger.IncidentKind."""
    about: str
    detail: str
    first_at: datetime
    last_at: datetime
    times: int


class GapView(View):
    """Events that a site no longer holds and the hub never had."""

    site: str
    epoch: str
    from_seq: int
    to_seq: int
    noticed_at: datetime
    why: str


class QuarantineView(View):
    """A batch that doesn't continue what the ledger holds; kept whole, counted nowhere."""

    site: str
    epoch: str
    first_seq: int
    first_at: datetime
    last_at: datetime
    times: int


class Troubles(View):
    """Everything on the incidents page, newest first in each list; `counts` tells how long the lists really are."""

    incidents: list[IncidentView]
    gaps: list[GapView]
    quarantine: list[QuarantineView]
    not_understood: list[EventView]
    contradictions: list[LoanView]
    """Loans that ended because somebody else borrowed the item."""
    counts: dict[str, int]


def troubles(session: Session, today: date, limit: int) -> Troubles:
    """At most `limit` of each."""
    cut = Cut(limit)
    incidents = session.scalars(select(Incident).order_by(col(Incident.last_at).desc()).limit(limit))
    gaps = session.scalars(select(Gap).order_by(col(Gap.noticed_at).desc()).limit(limit))
    kept = session.scalars(select(Quarantine).order_by(col(Quarantine.last_at).desc()).limit(limit))
    unread = events(session, cut, understood=False)
    contradictions = loans(session, cut, today, which=LoanFilter.SUPERSEDED)
    return Troubles(
        incidents=[IncidentView.model_validate(row, from_attributes=True) for row in incidents],
        gaps=[GapView.model_validate(row, from_attributes=True) for row in gaps],
        quarantine=[QuarantineView.model_validate(row, from_attributes=True) for row in kept],
        not_understood=list(unread.rows),
        contradictions=list(contradictions.rows),
        counts={
            "incidents": _count(session, Incident),
            "gaps": _count(session, Gap),
            "quarantine": _count(session, Quarantine),
            "not_understood": unread.total,
            "contradictions": contradictions.total,
        },
    )


def at_site(session: Session, site: str, limit: int) -> list[IncidentView]:
    """The site's newest incidents."""
    rows = session.scalars(
        select(Incident).where(col(Incident.site) == site).order_by(col(Incident.last_at).desc()).limit(limit)
    )
    return [IncidentView.model_validate(row, from_attributes=True) for row in rows]


def _count(session: Session, table: type[Incident] | type[Gap] | type[Quarantine]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0
