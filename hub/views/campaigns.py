"""Campaigns: what they show where and when, and where they are in each other's way."""

from datetime import date, datetime
from typing import Any

from pydantic import ConfigDict
from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session, col

from hub.models import Campaign, CampaignSite, Theme
from hub.restocking import campaigns as keeping
from hub.restocking.campaigns import EXAMPLE, Clash, Overlap, Phase, State, Supply, Wish
from hub.views.view import Cut, Found, View

_CAMPAIGN: dict[str, Any] = EXAMPLE | {
    "id": 7,
    "theme_name": "长夜读史",
    "state": "approved",
    "phase": "running",
    "changed_at": "2026-11-23T02:03:05Z",
    "changed_by": "lin",
}
_OVERLAP: dict[str, Any] = {
    "kind": "crowded",
    "site": "harbour-bank",
    "first": "2026-12-24",
    "others": [{"id": 8, "name": "圣诞与新年"}],
    "wanted": 68,
    "capacity": 60,
}
_NEED: dict[str, Any] = {"site": "harbour-bank", "wanted": 15, "here": 6, "missing": 9, "short": 4}


class CampaignView(View):
    """A theme at chosen sites for a period."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CAMPAIGN]})

    id: int
    name: str
    theme: int
    theme_name: str
    sites: list[str]
    begins: date
    ends: date
    """Its last day."""
    share: float | None
    """Of each site's shelf; or `items` says how many."""
    items: int | None
    """Copies at each site."""
    state: State
    """What was decided about it."""
    phase: Phase
    """How it stands today, in the library's zone."""
    note: str
    changed_at: datetime
    changed_by: str
    """Name of the member of staff."""


class OtherCampaign(View):
    """A campaign that is in the way."""

    id: int
    name: str


class OverlapView(View):
    """Campaigns in each other's way at a site."""

    model_config = ConfigDict(json_schema_extra={"examples": [_OVERLAP]})

    kind: Clash
    """crowded: more places are asked for than there are; twice: the same theme at the same site."""
    site: str
    first: date
    """First day of the worst."""
    others: list[OtherCampaign]
    """Empty: it asks for too much by itself."""
    wanted: int
    """Places asked for on that day, all together; crowded only."""
    capacity: int


class NeedView(View):
    """What a site wants of the theme, and what it has."""

    model_config = ConfigDict(json_schema_extra={"examples": [_NEED]})

    site: str
    wanted: int
    """Copies it shall have."""
    here: int
    """Copies on its shelf that may be lent."""
    missing: int
    """Copies to be brought."""
    short: int
    """Copies that can't be had, even if this site got all there are."""


class SupplyView(View):
    """What a campaign wants against what can be had; nothing on loan, on the way, lost or not for loan counts."""

    needs: list[NeedView]
    """By site."""
    library: int
    """Copies at the library."""
    others: int
    """Copies on other sites' shelves, and more than wanted at its own."""
    promised: int
    """Copies that approved campaigns of the same theme want elsewhere in those days."""
    wanted: int
    """Copies at all its sites."""
    missing: int
    """Copies to be brought, in all."""
    spare: int
    """Copies that can be brought."""
    short: int
    """Copies that can't be had."""


class CheckView(View):
    """What is to be known before a campaign is approved."""

    overlaps: list[OverlapView]
    supply: SupplyView


def campaigns(
    session: Session,
    cut: Cut,
    today: date,
    *,
    phase: Phase | None = None,
    site: str | None = None,
    theme: int | None = None,
) -> Found[CampaignView]:
    """Campaigns by their first day; those that are over or cancelled come the newest first."""
    where: list[ColumnElement[bool]] = [] if phase is None else [*_standing(phase, today)]
    if theme is not None:
        where.append(col(Campaign.theme) == theme)
    if site is not None:
        shown = select(col(CampaignSite.campaign)).where(col(CampaignSite.site) == site)
        where.append(col(Campaign.id).in_(shown))
    begins = col(Campaign.begins)
    order = begins.desc() if phase in (Phase.OVER, Phase.CANCELLED) else begins
    total = session.scalar(select(func.count()).select_from(Campaign).where(*where)) or 0
    query = select(Campaign).where(*where).order_by(order, col(Campaign.id)).limit(cut.limit).offset(cut.offset)
    return Found(tuple(_views(session, list(session.scalars(query)), today)), total)


def campaign(session: Session, number: int, today: date) -> CampaignView:
    """One campaign; raises Unknown."""
    (found,) = _views(session, [keeping.get(session, number)], today)
    return found


def check(session: Session, asked: Wish) -> CheckView:
    """Overlaps and shortages of a campaign, saved or not. Raises Unknown when there is no such theme."""
    room = keeping.capacities(session)
    near = keeping.between(session, asked.begins, asked.ends, State.DRAFT, State.APPROVED)
    return CheckView(
        overlaps=[_overlap(one) for one in keeping.overlaps(asked, near, room)],
        supply=_supply(keeping.supply(session, asked, room)),
    )


def check_saved(session: Session, number: int) -> CheckView:
    """The same of a saved one; raises Unknown."""
    row = keeping.get(session, number)
    return check(session, keeping.wish(row, keeping.sites_of(session, [number])[number]))


def crowded(session: Session, shown: list[CampaignView]) -> dict[int, int]:
    """Campaign -> how many overlaps it has, of those among `shown` that have some."""
    asked = [one for one in shown if one.phase in (Phase.DRAFT, Phase.APPROVED, Phase.RUNNING)]
    if not asked:
        return {}
    first, last = min(one.begins for one in asked), max(one.ends for one in asked)
    near = keeping.between(session, first, last, State.DRAFT, State.APPROVED)
    room, known = keeping.capacities(session), {one.id for one in asked}
    counts = {one.campaign: len(keeping.overlaps(one, near, room)) for one in near if one.campaign in known}
    return {number: count for number, count in counts.items() if number is not None and count}


def _standing(phase: Phase, today: date) -> tuple[ColumnElement[bool], ...]:
    state = col(Campaign.state)
    match phase:
        case Phase.RUNNING:
            return state == State.APPROVED, col(Campaign.begins) <= today, col(Campaign.ends) >= today
        case Phase.APPROVED:
            return state == State.APPROVED, col(Campaign.begins) > today
        case Phase.OVER:
            return state == State.APPROVED, col(Campaign.ends) < today
        case _:
            return (state == phase.value,)


def _views(session: Session, rows: list[Campaign], today: date) -> list[CampaignView]:
    sites = keeping.sites_of(session, [row.id for row in rows if row.id is not None])
    known = select(Theme).where(col(Theme.id).in_({row.theme for row in rows}))
    names = {theme.id: theme.name for theme in session.scalars(known)}
    return [
        CampaignView(
            id=row.id,
            name=row.name,
            theme=row.theme,
            theme_name=names[row.theme],
            sites=list(sites[row.id]),
            begins=row.begins,
            ends=row.ends,
            share=row.share,
            items=row.items,
            state=State(row.state),
            phase=keeping.phase(row.state, row.begins, row.ends, today),
            note=row.note,
            changed_at=row.changed_at,
            changed_by=row.changed_by,
        )
        for row in rows
        if row.id is not None
    ]


def _overlap(found: Overlap) -> OverlapView:
    others = [OtherCampaign(id=one.campaign, name=one.name) for one in found.others if one.campaign is not None]
    return OverlapView(
        kind=found.kind,
        site=found.site,
        first=found.first,
        others=others,
        wanted=found.wanted,
        capacity=found.capacity,
    )


def _supply(found: Supply) -> SupplyView:
    return SupplyView(
        needs=[
            NeedView(
                site=need.site,
                wanted=need.wanted,
                here=need.here,
                missing=need.missing,
                short=found.short_at(need),
            )
            for need in found.needs
        ],
        library=found.library,
        others=found.others,
        promised=found.promised,
        wanted=found.wanted,
        missing=found.missing,
        spare=found.spare,
        short=found.short,
    )
