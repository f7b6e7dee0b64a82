"""Makes tasks of what is amiss at sites, and lets go of those that were put right.

That is what a site said (hub.restock.faults), and what lies there for nobody (hub.restocking.kept).
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select

from hub.histories import history, placed
from hub.ledger import chunks
from hub.models import Holding, LedgerRow, Task
from hub.projections.order import Placed
from hub.projections.states import HoldingState
from hub.restock.faults import Fault, FaultKind, Telling, fold
from hub.restocking import kept, tasks
from hub.restocking.tasks import Kind, Matter
from protocol.events import CompartmentStuck, CompartmentWorks, SecurityOpen, SecuritySet

LOOKED_BACK = timedelta(days=60)
"""Alarms, refused items and self-tests that were told of longer ago are nobody's task any more."""


def _types(*facts: type) -> frozenset[str]:
    return frozenset(str(fact.model_fields["type"].default) for fact in facts)  # type: ignore[attr-defined]


TYPES = _types(*Telling.__args__)
SECURITY = _types(SecurityOpen, SecuritySet)
LASTING = SECURITY | _types(CompartmentStuck, CompartmentWorks)
"""What stays so until somebody puts it right, however long ago it was said."""


def review(session: Session, sites: Iterable[str], now: datetime) -> set[str]:
    """Makes the tasks of `sites` say what is amiss there now; answers those where any changed."""
    changed = set()
    for site in sorted(sites):
        matters = [*_matters(session, site, now), *kept.matters(session, site)]
        if tasks.settle_site(session, site, matters, now):
            changed.add(site)
    return changed


def about(session: Session, *, items: Collection[str] = (), sites: Collection[str] = ()) -> set[str]:
    """Sites whose tasks news of `items`, or something told of faults at `sites`, can bear on."""
    found = set(sites)
    still = select(Task.site).where(col(Task.done_at).is_(None), col(Task.run).is_(None))
    if sites:
        found |= {site for site in session.exec(still.where(Task.kind == Kind.SECURITY).distinct()) if site}
    for part in chunks(sorted(items)):
        found |= {site for site in session.exec(still.where(col(Task.item).in_(part)).distinct()) if site}
    return found


def every(session: Session) -> set[str]:
    """Sites that ever told of a fault, and those with tasks."""
    told = session.exec(select(LedgerRow.site).where(col(LedgerRow.type).in_(TYPES)).distinct())
    still = session.exec(select(Task.site).where(col(Task.done_at).is_(None), col(Task.run).is_(None)).distinct())
    return {*told, *(site for site in still if site)}


def _matters(session: Session, site: str, now: datetime) -> list[Matter]:
    faults = [fault for fault in fold(_told(session, site, now)) if fault.site == site]
    items = sorted({fault.item for fault in faults if fault.item})
    held: dict[str, Holding] = {}
    for part in chunks(items):
        held.update({row.item: row for row in session.exec(select(Holding).where(col(Holding.item).in_(part)))})
    return [
        Matter(
            Kind(fault.kind),
            fault.item,
            site,
            {"station": fault.station, **fault.about},
            event=fault.event_id,
            when=fault.when,
        )
        for fault in faults
        if not _over(fault, held.get(fault.item or ""))
    ]


def _told(session: Session, site: str, now: datetime) -> list[Placed]:
    """What the site told of faults, and what others told of the security of the same tags, in order."""
    tags = select(LedgerRow.tag).where(col(LedgerRow.site) == site, col(LedgerRow.type).in_(SECURITY))
    lately = col(LedgerRow.received_at) >= now - LOOKED_BACK
    here = (col(LedgerRow.site) == site) & col(LedgerRow.type).in_(TYPES - SECURITY)
    where = or_(
        here & or_(col(LedgerRow.type).in_(LASTING), lately),
        col(LedgerRow.type).in_(SECURITY) & col(LedgerRow.tag).in_(tags),
    )
    return placed(session, history(session, where, lambda row: ""), None).get("", [])


def _over(fault: Fault, held: Holding | None) -> bool:
    """The item was seen since; or what left through a gate had been lent, as is known by now."""
    if fault.kind not in (FaultKind.ALARM, FaultKind.INCOMPLETE) or held is None:
        return False
    if fault.kind is FaultKind.ALARM and held.state == HoldingState.LOAN:
        return True
    return held.since is not None and held.since > fault.when
