"""Titles, and the search that finds titles and items while somebody types."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ConfigDict
from sqlalchemy import ColumnElement, Select, func, select
from sqlmodel import Session, col

from hub.directory.rows import Audience
from hub.models import Campaign, CampaignSite, Holding, Item, Loan, Theme, Title, TitleSearch
from hub.projections.states import HoldingState, LoanState
from hub.restocking import themes
from hub.restocking.campaigns import State
from hub.search.find import find
from hub.views.view import Cut, Found, View, cut_from

_EXAMPLE: dict[str, Any] = {
    "title_id": "gb00004",
    "title": "To Kill a Mockingbird",
    "author": "Harper Lee",
    "isbn": "9780061120084",
    "language": "eng",
    "year": 1960,
    "themes": ["classics"],
    "region": "north-america",
    "subjects": ["classics", "coming-of-age"],
    "clc": "I712.45",
    "dewey": "813.54",
    "audience": "young",
    "items": 3,
    "on_shelf": 2,
}


MONTHS = 12
"""That loans of a title are told by."""


class TitleView(View):
    """A work."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    title_id: str
    title: str
    author: str
    isbn: str
    """ISBN-13 or empty."""
    language: str
    """MARC code."""
    year: int | None
    themes: list[str]
    """Strongest first."""
    region: str
    """One of the library's regions, or empty."""
    subjects: list[str]
    clc: str
    """Number in the Chinese Library Classification, or empty."""
    dewey: str
    """Number in the Dewey Decimal Classification, or empty."""
    audience: Audience | None
    """Whom it is for; null where nobody knows."""
    items: int
    """Copies that are ours, withdrawn ones left out."""
    on_shelf: int
    """Copies on a shelf of some site right now."""


class TakenView(View):
    """How often a title was taken at one site."""

    site: str
    months: list[int]
    """The last of them is this month, in the library's zone."""

    @property
    def times(self) -> int:
        """In all of them."""
        return sum(self.months)


class ShownView(View):
    """A campaign, running or to come, whose theme has the title."""

    campaign: int
    name: str
    theme: int
    theme_name: str
    begins: date
    ends: date
    sites: list[str]


def titles(
    session: Session,
    cut: Cut,
    *,
    q: str | None = None,
    language: str | None = None,
    theme: str | None = None,
    among: ColumnElement[bool] | None = None,
) -> Found[TitleView]:
    """Titles by name; with `q`, those that have its words or their beginnings, also in pinyin, the best first.

    `among`: only titles that this condition on Title finds.
    """
    where: list[ColumnElement[bool]] = [] if among is None else [among]
    if language is not None:
        where.append(col(Title.language) == language)
    if theme is not None:
        listed = "|" + col(Title.themes) + "|"
        where.append(listed.contains(f"|{theme}|", autoescape=True))
    if q and q.strip():
        found = find(session, q, cut, where)
        shown = {row.title_id: _view(row, *counts) for row, *counts in session.execute(_query(found.rows))}
        return Found(tuple(shown[key] for key in found.rows), found.total)
    query = _query().outerjoin(TitleSearch, col(TitleSearch.title_id) == Title.title_id).where(*where)
    return cut_from(session, query.order_by(col(TitleSearch.place), col(Title.title_id)), cut, _view)


def title(session: Session, title_id: str) -> TitleView | None:
    """One title."""
    row = session.execute(_query((title_id,))).first()
    return _view(*row) if row else None


def these(session: Session, title_ids: Collection[str]) -> list[TitleView]:
    """Titles by their ids, in no order; unknown ones are left out."""
    return [_view(*row) for row in session.execute(_query(title_ids))]


def taken(session: Session, title_id: str, now: datetime, zone: ZoneInfo) -> list[TakenView]:
    """Loans of a title by site and month, the site with most first; those taken back left out."""
    here = now.astimezone(zone)
    first = here.year * 12 + here.month - MONTHS  # months since year 0, from 0 on
    begin = datetime(first // 12, first % 12 + 1, 1, tzinfo=zone)
    query = (
        select(col(Loan.site), col(Loan.borrowed_at))
        .join(Item, col(Item.item) == col(Loan.item))
        .where(
            col(Item.title_id) == title_id,
            col(Loan.borrowed_at) >= begin,
            col(Loan.borrowed_at) <= now,
            col(Loan.state) != LoanState.REVERSED,
        )
    )
    found: dict[str, list[int]] = {}
    for site, at in session.execute(query):
        local = at.astimezone(zone)
        found.setdefault(site, [0] * MONTHS)[local.year * 12 + local.month - 1 - first] += 1
    told = [TakenView(site=site, months=months) for site, months in found.items()]
    return sorted(told, key=lambda one: (-one.times, one.site))


def shown_in(session: Session, title_id: str, today: date) -> list[ShownView]:
    """Approved campaigns that run or come, by their first day, whose theme has the title."""
    query = (
        select(Campaign, Theme)
        .join(Theme, col(Theme.id) == col(Campaign.theme))
        .where(col(Campaign.state) == State.APPROVED, col(Campaign.ends) >= today)
        .order_by(col(Campaign.begins), col(Campaign.id))
    )
    has: dict[int | None, bool] = {}
    found = []
    for campaign, theme in session.execute(query):
        if theme.id not in has:
            member = select(Title).where(col(Title.title_id) == title_id, themes.members(theme.id, theme.query))
            has[theme.id] = session.execute(member).first() is not None
        if has[theme.id]:
            sites = select(col(CampaignSite.site)).where(col(CampaignSite.campaign) == campaign.id)
            found.append(
                ShownView(
                    campaign=campaign.id,
                    name=campaign.name,
                    theme=theme.id,
                    theme_name=theme.name,
                    begins=campaign.begins,
                    ends=campaign.ends,
                    sites=list(session.scalars(sites.order_by(col(CampaignSite.site)))),
                )
            )
    return found


def _query(title_ids: Collection[str] | None = None) -> Select[Any]:
    """Titles with their counts; all, or these."""
    ours = (col(Item.title_id) == Title.title_id) & col(Item.withdrawn).is_(False)
    copies = select(func.count()).select_from(Item).where(ours).correlate(Title).scalar_subquery()
    on_shelf = (
        select(func.count())
        .select_from(Item)
        .join(Holding, col(Holding.item) == Item.item)
        .where(ours, col(Holding.state) == HoldingState.SHELF)
        .correlate(Title)
        .scalar_subquery()
    )
    query = select(Title, copies, on_shelf)
    return query if title_ids is None else query.where(col(Title.title_id).in_(title_ids))


def _view(row: Title, copies: int, on_shelf: int) -> TitleView:
    return TitleView(
        title_id=row.title_id,
        title=row.title,
        author=row.author,
        isbn=row.isbn,
        language=row.language,
        year=row.year,
        themes=_parts(row.themes),
        region=row.region,
        subjects=_parts(row.subjects),
        clc=row.clc,
        dewey=row.dewey,
        audience=Audience(row.audience) if row.audience else None,
        items=copies,
        on_shelf=on_shelf,
    )


def _parts(listed: str) -> list[str]:
    return [part for part in listed.split("|") if part]
