"""Campaigns: a theme at chosen sites for a period; what they want, and where that can't be had."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from sqlalchemy import func
from sqlalchemy import select as columns
from sqlmodel import Session, col, delete, select

from hub.directory.rows import clean
from hub.models import Campaign, CampaignSite, Holding, Item, Site, Theme, Title
from hub.projections.states import HoldingState
from hub.restocking import themes
from hub.restocking.errors import Refused, Unknown
from hub.restocking.stock import LENDABLE
from protocol.names import SiteId

NAME, NOTE = 80, 1000
"""Characters, at most."""
LONGEST_DAYS = 731
DAYS = (date(2000, 1, 1), date(2199, 12, 31))
"""Days that a campaign may begin or end on."""
EXAMPLE: dict[str, Any] = {
    "name": "冬日读史",
    "theme": 3,
    "sites": ["harbour-bank", "east-station"],
    "begins": "2026-12-01",
    "ends": "2027-02-28",
    "share": 0.25,
    "items": None,
    "note": "",
}


class State(StrEnum):
    """What was decided about a campaign."""

    DRAFT = "draft"
    APPROVED = "approved"
    CANCELLED = "cancelled"


class Phase(StrEnum):
    """How a campaign stands on a day."""

    RUNNING = "running"
    APPROVED = "approved"
    """Before its first day."""
    DRAFT = "draft"
    OVER = "over"
    CANCELLED = "cancelled"


class CampaignDraft(BaseModel):
    """What a librarian says of a campaign: a share of each site's shelf, or a number of copies, not both."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        str_strip_whitespace=True,
        use_attribute_docstrings=True,
        json_schema_extra={"examples": [EXAMPLE]},
    )

    name: Annotated[str, Field(min_length=1, max_length=NAME)]
    theme: Annotated[int, Field(ge=1, le=2**62)]
    """Number of a theme that isn't retired."""
    sites: Annotated[tuple[SiteId, ...], Field(min_length=1, max_length=2000)]
    begins: Annotated[date, Field(ge=DAYS[0], le=DAYS[1])]
    ends: Annotated[date, Field(ge=DAYS[0], le=DAYS[1])]
    """Its last day."""
    share: Annotated[float | None, Field(gt=0, le=1, allow_inf_nan=False, validate_default=True)] = None
    """Of each site's shelf."""
    items: Annotated[int | None, Field(ge=1, le=100_000, validate_default=True)] = None
    """Copies at each site."""
    note: Annotated[str, Field(max_length=NOTE)] = ""

    @field_validator("name", "note")
    @classmethod
    def _clean(cls, value: str) -> str:
        return clean(value)

    @field_validator("sites")
    @classmethod
    def _once(cls, value: tuple[SiteId, ...]) -> tuple[SiteId, ...]:
        return tuple(dict.fromkeys(value))

    @field_validator("ends")
    @classmethod
    def _in_order(cls, value: date, info: ValidationInfo) -> date:
        begins = info.data.get("begins")
        if begins is not None and value < begins:
            raise Refused("ends-first", "the last day is before the first")
        if begins is not None and value - begins >= timedelta(days=LONGEST_DAYS):
            raise Refused("too-long", f"a campaign has at most {LONGEST_DAYS} days", n=LONGEST_DAYS)
        return value

    @field_validator("items")
    @classmethod
    def _one_measure(cls, value: int | None, info: ValidationInfo) -> int | None:
        if "share" in info.data and (value is None) == (info.data["share"] is None):
            raise Refused("measure", "either a share of the shelf or a number of copies is needed, not both")
        return value


@dataclass(frozen=True, slots=True)
class Wish:
    """What a campaign wants, saved or not."""

    theme: int
    sites: frozenset[str]
    begins: date
    ends: date
    share: float | None
    items: int | None
    campaign: int | None = None
    """None: not saved."""
    name: str = ""
    state: State = State.DRAFT

    def room(self, capacity: int) -> float:
        """Places it asks for at a site with room for `capacity`; not rounded, so that shares add up."""
        return float(self.items) if self.items is not None else (self.share or 0.0) * capacity

    def copies(self, capacity: int) -> int:
        """Copies it asks for at such a site."""
        return min(self.items if self.items is not None else round((self.share or 0.0) * capacity), capacity)

    def meets(self, other: "Wish") -> bool:
        """They have a day in common."""
        return self.begins <= other.ends and other.begins <= self.ends


class Clash(StrEnum):
    """How campaigns can be in each other's way."""

    CROWDED = "crowded"
    """At a site they ask for more places than there are."""
    TWICE = "twice"
    """They show the same theme at the same site."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Campaigns that are in the way of the one asked about."""

    kind: Clash
    site: str
    first: date
    """First day of the worst."""
    others: tuple[Wish, ...]
    """Empty: it asks for too much by itself."""
    wanted: int = 0
    """Places asked for on that day, all together; crowded only."""
    capacity: int = 0


@dataclass(frozen=True, slots=True)
class Need:
    """What one site wants of the theme, and what it has."""

    site: str
    wanted: int
    here: int
    """Copies on its shelf that may be lent."""

    @property
    def missing(self) -> int:
        """Copies to be brought."""
        return max(self.wanted - self.here, 0)


@dataclass(frozen=True, slots=True)
class Supply:
    """What a campaign wants against what can be had; nothing on loan, on the way, lost or not for loan counts."""

    needs: tuple[Need, ...]
    """By site, as asked."""
    library: int
    """Copies at the library."""
    others: int
    """Copies on shelves of sites that the campaign isn't shown at, and more than wanted at those it is."""
    promised: int
    """Copies that approved campaigns of the same theme want elsewhere in those days."""

    @property
    def wanted(self) -> int:
        """Copies at all its sites."""
        return sum(need.wanted for need in self.needs)

    @property
    def missing(self) -> int:
        """Copies to be brought, in all."""
        return sum(need.missing for need in self.needs)

    @property
    def spare(self) -> int:
        """Copies that can be brought."""
        return max(self.library + self.others - self.promised, 0)

    @property
    def short(self) -> int:
        """Copies that can't be had."""
        return max(self.missing - self.spare, 0)

    def short_at(self, need: Need) -> int:
        """Copies that can't be had for one site, even if it got all there are."""
        return max(need.missing - self.spare, 0)


# ------------------------------------------------------------------------------------------------------------- changing


def create(session: Session, draft: CampaignDraft, *, by: str, now: datetime) -> Campaign:
    """A new campaign, as a draft. Raises Unknown; Refused: theme-retired."""
    row = Campaign(name="", theme=0, begins=draft.begins, ends=draft.ends, changed_at=now, changed_by=by)
    return _written(session, row, draft, by, now)


def change(session: Session, campaign: int, draft: CampaignDraft, *, by: str, now: datetime, today: date) -> Campaign:
    """The campaign is what `draft` says; approved, it stays so.

    Raises Unknown; Refused: campaign-ended, theme-retired.
    """
    row = get(session, campaign)
    _living(row, today)
    return _written(session, row, draft, by, now)


def decide(session: Session, campaign: int, state: State, *, by: str, now: datetime, today: date) -> State:
    """Approves, makes a draft again or cancels; what it was before. Raises Unknown; Refused: campaign-over."""
    row = get(session, campaign)
    before = State(row.state)
    if row.ends < today and State.APPROVED in (before, state) and state is not before:
        raise Refused("campaign-over", "the campaign is over; copy it to show it again")
    row.state = state
    _touched(session, row, by, now)
    return before


def copy(session: Session, campaign: int, *, by: str, now: datetime, today: date) -> Campaign:
    """The same as a new draft, as long, from the day after it ends or from today. Raises Unknown; Refused: days."""
    row = get(session, campaign)
    begins = max(row.ends + timedelta(days=1), today)
    if (ends := begins + (row.ends - row.begins)) > DAYS[1]:
        raise Refused("days", "there is no room for it in the calendar")
    made = Campaign(
        name=row.name, theme=row.theme, begins=begins, ends=ends, share=row.share, items=row.items, note=row.note,
        changed_at=now, changed_by=by,
    )  # fmt: skip
    _touched(session, made, by, now)
    _set_sites(session, made, sites_of(session, [_number(row)])[_number(row)])
    return made


# -------------------------------------------------------------------------------------------------------------- reading


def get(session: Session, campaign: int) -> Campaign:
    """The campaign; raises Unknown."""
    row = session.get(Campaign, campaign)
    if row is None:
        raise Unknown("campaign", campaign)
    return row


def phase(state: str, begins: date, ends: date, today: date) -> Phase:
    """How a campaign stands on `today`, in the library's zone."""
    if state != State.APPROVED:
        return Phase(state)
    return Phase.OVER if ends < today else Phase.RUNNING if begins <= today else Phase.APPROVED


def sites_of(session: Session, campaigns: Collection[int]) -> dict[int, tuple[str, ...]]:
    """Campaign -> its sites, by id."""
    found: dict[int, list[str]] = {campaign: [] for campaign in campaigns}
    query = select(CampaignSite).where(col(CampaignSite.campaign).in_(found)).order_by(CampaignSite.site)
    for row in session.exec(query):
        found[row.campaign].append(row.site)
    return {campaign: tuple(sites) for campaign, sites in found.items()}


def between(session: Session, first: date, last: date, *states: State) -> list[Wish]:
    """Campaigns in `states` with a day from `first` to `last`, by their first day."""
    query = (
        select(Campaign)
        .where(col(Campaign.state).in_(states), col(Campaign.begins) <= last, col(Campaign.ends) >= first)
        .order_by(col(Campaign.begins), col(Campaign.id))
    )
    rows = list(session.exec(query))
    sites = sites_of(session, [_number(row) for row in rows])
    return [wish(row, sites[_number(row)]) for row in rows]


def wish(row: Campaign, sites: Iterable[str]) -> Wish:
    """What a saved campaign wants."""
    return Wish(
        row.theme, frozenset(sites), row.begins, row.ends, row.share, row.items, row.id, row.name, State(row.state)
    )


def capacities(session: Session) -> dict[str, int]:
    """Site -> places on its shelves."""
    return dict(session.exec(select(Site.site, Site.capacity)).all())


def overlaps(asked: Wish, others: Iterable[Wish], room: Mapping[str, int]) -> list[Overlap]:
    """Where `asked` and the drafts and approved campaigns among `others` are in each other's way, by site.

    Of a theme shown twice at a site only the campaign that asks for more takes places there.
    """
    near = [other for other in others if other.campaign != asked.campaign or asked.campaign is None]
    near = [other for other in near if other.state is not State.CANCELLED and other.meets(asked)]
    found = []
    for site in sorted(asked.sites):
        there = [other for other in near if site in other.sites]
        found += [
            Overlap(Clash.TWICE, site, max(asked.begins, other.begins), (other,))
            for other in there
            if other.theme == asked.theme
        ]
        worst = max((_crowd(asked, there, site, room, day) for day in _days(asked, there)), key=lambda one: one.wanted)
        if worst.wanted > worst.capacity:
            found.append(worst)
    return found


def supply(session: Session, asked: Wish, room: Mapping[str, int]) -> Supply:
    """What `asked` wants against what can be had now. Raises Unknown when there is no such theme."""
    wanted = themes.members(asked.theme, themes.get(session, asked.theme).query)
    query = (
        columns(col(Holding.state), col(Holding.site), func.count())
        .select_from(Item)
        .join(Title, col(Title.title_id) == Item.title_id)
        .outerjoin(Holding, col(Holding.item) == Item.item)
        .where(*LENDABLE, wanted)
        .group_by(col(Holding.state), col(Holding.site))
    )
    library, shelves = 0, defaultdict[str, int](int)
    for state, site, count in session.execute(query):
        if state in (None, HoldingState.LIBRARY):
            library += count
        elif state == HoldingState.SHELF:
            shelves[site] += count
    needs = tuple(Need(site, asked.copies(room.get(site, 0)), shelves[site]) for site in sorted(asked.sites))
    more = sum(max(need.here - need.wanted, 0) for need in needs)
    others = more + sum(count for site, count in shelves.items() if site not in asked.sites)
    return Supply(needs, library, others, _promised(session, asked, room))


def _promised(session: Session, asked: Wish, room: Mapping[str, int]) -> int:
    at: dict[str, int] = {}
    for other in between(session, asked.begins, asked.ends, State.APPROVED):
        if other.theme == asked.theme and other.campaign != asked.campaign:
            for site in other.sites - asked.sites:
                at[site] = max(at.get(site, 0), other.copies(room.get(site, 0)))
    return sum(at.values())


def _days(asked: Wish, there: list[Wish]) -> list[date]:
    """Days on which something begins: one of them is the worst."""
    return sorted({asked.begins, *(other.begins for other in there if other.begins > asked.begins)})


def _crowd(asked: Wish, there: list[Wish], site: str, room: Mapping[str, int], day: date) -> Overlap:
    capacity = room.get(site, 0)
    present = tuple(other for other in there if other.begins <= day <= other.ends)
    by_theme: dict[int, float] = {}
    for one in (asked, *present):
        by_theme[one.theme] = max(by_theme.get(one.theme, 0.0), one.room(capacity))
    wanted = ceil(sum(by_theme.values()) - 1e-6)  # shares like 0.1 aren't told exactly, and their sum still less
    return Overlap(Clash.CROWDED, site, day, present, wanted, capacity)


def _written(session: Session, row: Campaign, draft: CampaignDraft, by: str, now: datetime) -> Campaign:
    theme = session.get(Theme, draft.theme)
    if theme is None:
        raise Unknown("theme", draft.theme)
    if theme.retired and row.theme != draft.theme:
        raise Refused("theme-retired", f"the theme {theme.name} is retired", field="theme", name=theme.name)
    known = set(session.exec(select(Site.site).where(col(Site.site).in_(draft.sites))))
    for site in draft.sites:
        if site not in known:
            raise Unknown("site", site)
    row.name, row.theme, row.note = draft.name, draft.theme, draft.note
    row.begins, row.ends, row.share, row.items = draft.begins, draft.ends, draft.share, draft.items
    _touched(session, row, by, now)
    _set_sites(session, row, draft.sites)
    return row


def _set_sites(session: Session, row: Campaign, sites: Iterable[str]) -> None:
    session.exec(delete(CampaignSite).where(col(CampaignSite.campaign) == _number(row)))
    session.add_all(CampaignSite(campaign=_number(row), site=site) for site in sites)
    session.flush()


def _living(row: Campaign, today: date) -> None:
    if row.state == State.CANCELLED or (row.state == State.APPROVED and row.ends < today):
        raise Refused("campaign-ended", "the campaign is over or cancelled; copy it to show it again")


def _touched(session: Session, row: Campaign, by: str, now: datetime) -> None:
    row.changed_at, row.changed_by = now, by
    session.add(row)
    session.flush()


def _number(row: Campaign) -> int:
    assert row.id is not None
    return row.id
