"""What people should look at: incidents, gaps, quarantined batches, rows not understood, contradictions."""

from datetime import datetime
from typing import Any

from pydantic import ConfigDict
from sqlalchemy import Integer, Select, String, cast, func, literal, null, select, union_all
from sqlmodel import Session, col

from hub import audit
from hub.models import Contradiction, Gap, Incident, Quarantine
from hub.views.events import EventView, events
from hub.views.view import Cut, Found, View, cut_from

_EXAMPLE: dict[str, Any] = {
    "kind": "borrowed-elsewhere",
    "site": "east-station",
    "item": "M0001234",
    "about": "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    "against": "ffeeddccbbaa99887766554433221100",
    "detail": "",
    "at": "2026-11-23T02:03:04Z",
    "times": 1,
}


class ExceptionView(View):
    """One thing people should look at, whatever its kind."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    kind: str
    """hub.ledger.IncidentKind, or hub.projections.contradictions.Kind, which says the rule that was applied."""
    site: str
    item: str | None
    """The item whose history contradicts itself; null for what concerns no item."""
    about: str
    """The event that contradicts, or what else it concerns: an epoch, a visit, a type of message."""
    against: str | None
    """The event it contradicts."""
    detail: str
    """In plain English words; empty where the kind says it all."""
    at: datetime
    """When it happened, or was last noticed."""
    times: int


class ContradictionView(View):
    """Two facts about one item that can't both be so."""

    item: str
    kind: str
    """hub.projections.contradictions.Kind."""
    site: str
    visit: str | None
    at: datetime
    event_id: str
    against: str | None
    why: str


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
    contradictions: list[ContradictionView]
    losses: list[str]
    """A sentence for each journal that was lost with events on it."""
    counts: dict[str, int]


def troubles(session: Session, limit: int) -> Troubles:
    """At most `limit` of each."""
    cut = Cut(limit)
    incidents = session.scalars(select(Incident).order_by(col(Incident.last_at).desc()).limit(limit))
    gaps = session.scalars(select(Gap).order_by(col(Gap.noticed_at).desc()).limit(limit))
    kept = session.scalars(select(Quarantine).order_by(col(Quarantine.last_at).desc()).limit(limit))
    unread = events(session, cut, understood=False)
    contradictions = session.scalars(select(Contradiction).order_by(col(Contradiction.at).desc()).limit(limit))
    return Troubles(
        incidents=[IncidentView.model_validate(row, from_attributes=True) for row in incidents],
        gaps=[GapView.model_validate(row, from_attributes=True) for row in gaps],
        quarantine=[QuarantineView.model_validate(row, from_attributes=True) for row in kept],
        not_understood=list(unread.rows),
        contradictions=[ContradictionView.model_validate(row, from_attributes=True) for row in contradictions],
        losses=audit.losses(session)[:limit],
        counts={
            "incidents": _count(session, Incident),
            "gaps": _count(session, Gap),
            "quarantine": _count(session, Quarantine),
            "not_understood": unread.total,
            "contradictions": _count(session, Contradiction),
        },
    )


def exceptions(
    session: Session, cut: Cut, *, site: str | None = None, item: str | None = None, kind: str | None = None
) -> Found[ExceptionView]:
    """Incidents and contradictions in one list, newest first."""
    noticed = select(  # type: ignore[var-annotated]
        col(Incident.kind).label("kind"),
        col(Incident.site).label("site"),
        cast(null(), String).label("item"),
        col(Incident.about).label("about"),
        cast(null(), String).label("against"),
        col(Incident.detail).label("detail"),
        col(Incident.last_at).label("at"),
        col(Incident.times).label("times"),
    )
    contradicted = select(
        col(Contradiction.kind),
        col(Contradiction.site),
        col(Contradiction.item),
        col(Contradiction.event_id),
        col(Contradiction.against),
        col(Contradiction.why),
        col(Contradiction.at),
        literal(1, Integer),
    )
    both = union_all(noticed, contradicted).subquery()
    query: Select[Any] = select(both)
    for name, wanted in (("site", site), ("item", item), ("kind", kind)):
        if wanted is not None:
            query = query.where(both.c[name] == wanted)
    names = tuple(ExceptionView.model_fields)

    def made(*values: Any) -> ExceptionView:
        return ExceptionView(**dict(zip(names, values, strict=True)))

    return cut_from(session, query.order_by(both.c["at"].desc(), both.c["about"], both.c["kind"]), cut, made)


def at_site(session: Session, site: str, limit: int) -> list[IncidentView]:
    """The site's newest incidents."""
    rows = session.scalars(
        select(Incident).where(col(Incident.site) == site).order_by(col(Incident.last_at).desc()).limit(limit)
    )
    return [IncidentView.model_validate(row, from_attributes=True) for row in rows]


def _count(session: Session, table: type[Incident | Gap | Quarantine | Contradiction]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0
