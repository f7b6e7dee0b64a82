"""What approved plans expected against what happened, read from the database; the comparison is hub.restock.outcomes'.

A plan's time at a site is from the day of its run to the day of the next run of a plan that calls there. Nothing is
kept: a site that tells its days late changes what is read.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from hub.models import Campaign, CampaignSite, Item, Loan, Plan, PlanLine, Run, Transfer
from hub.projections.order import ZERO
from hub.projections.states import LoanState
from hub.restock import outcomes
from hub.restock.outcomes import Brought, Expected, Line, Outcome, Result, Span, Taken, Theme, span
from hub.restock.stays import stays
from hub.restocking import themes
from hub.restocking.campaigns import State as Approved
from hub.restocking.errors import Unknown
from hub.restocking.evidence import steps
from hub.restocking.outcomes import GIVEN_UP
from hub.restocking.plans import State


@dataclass(frozen=True, slots=True)
class Balance:
    """One plan's expectations, and what became of them so far."""

    plan: int
    tour: int | None
    run: int | None
    whole: Result
    sites: tuple[Result, ...]
    themes: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class Detail:
    """Title by title, copy by copy."""

    titles: tuple[Outcome, ...]
    brought: tuple[Brought, ...]


@dataclass(frozen=True, slots=True)
class _Carried:
    """A plan that is carried out, or is about to be."""

    plan: Plan
    run: int | None
    day: date
    expected: tuple[Expected, ...]


def numbers(session: Session) -> list[int]:
    """Plans that were approved and not given up, those of the latest days first."""
    return [_number(one.plan) for one in reversed(_carried(session))]


def balances(session: Session, plans: Collection[int], zone: ZoneInfo, today: date) -> list[Balance]:
    """These of `numbers`, in that order. `zone` and `today` are the library's."""
    every = _carried(session)
    wanted = [one for one in every if one.plan.id in plans]
    if not wanted:
        return []
    spans = {one.plan.id: _spans(one, every, today) for one in wanted}
    begin = min(span.begin for found in spans.values() for span in found.values())
    end = max(span.end for found in spans.values() for span in found.values())
    taken = _taken(session, {site for found in spans.values() for site in found}, begin, end, zone)
    wishes = _wishes(session, begin, end)
    members = _Members(session)
    shown = []
    for one in reversed(wanted):
        told = one.plan.outlook
        here = spans[one.plan.id]
        whole, sites = outcomes.by_site(one.expected, here, taken, told["low"], told["high"])
        about = _themes_of(wishes, one, members)
        lines = _lines(session, _number(one.plan)) if about else ()
        shown.append(
            Balance(
                _number(one.plan), one.plan.tour, one.run, whole, sites, outcomes.by_theme(about, lines, here, taken)
            )
        )
    return shown


def detail(session: Session, plan: int, zone: ZoneInfo, now: datetime) -> Detail:
    """One of `numbers` title by title and copy by copy. Raises Unknown."""
    every = _carried(session)
    one = next((one for one in every if one.plan.id == plan), None)
    if one is None:
        raise Unknown("outcome of a plan", plan)
    spans = _spans(one, every, now.astimezone(zone).date())
    begin, end = min(span.begin for span in spans.values()), max(span.end for span in spans.values())
    taken = _taken(session, spans, begin, end, zone)
    moved = columns(col(Transfer.item)).where(col(Transfer.run) == one.run)
    wanted = session.execute(
        columns(col(Transfer.item), col(Transfer.title_id), col(Transfer.target))
        .where(col(Transfer.run) == one.run, col(Transfer.dropped).is_(None), col(Transfer.target).in_(spans))
        .order_by(col(Transfer.target), col(Transfer.id))
    )
    times = {site: (_seconds(span.begin, zone), _seconds(span.end, zone)) for site, span in spans.items()}
    found = stays(steps(session, moved), (now - ZERO).total_seconds())
    return Detail(
        outcomes.by_title(_lines(session, plan), spans, taken),
        outcomes.brought(((item, title, site) for item, title, site in wanted), found, times),
    )


def _carried(session: Session) -> list[_Carried]:
    """In the order of their days; a run that left on another day than was planned counts from its own."""
    runs = {run.plan: run for run in session.exec(select(Run).where(col(Run.plan).is_not(None)).order_by(col(Run.id)))}
    found = []
    for plan in session.exec(select(Plan).where(Plan.state == State.APPROVED)):
        run = runs.get(plan.id)
        expected = tuple(
            Expected(site, told["loans_after"], told["low"], told["high"])
            for site, told in plan.outlook.get("sites", {}).items()
        )
        if expected and (run is None or run.state != GIVEN_UP):
            found.append(_Carried(plan, run.id if run else None, run.day if run else plan.day, expected))
    return sorted(found, key=lambda one: (one.day, one.plan.id))


def _spans(one: _Carried, every: Sequence[_Carried], today: date) -> dict[str, Span]:
    following: dict[str, date] = {}
    for other in every:
        if other.day > one.day:
            for there in other.expected:
                following.setdefault(there.site, other.day)
    return {there.site: span(one.day, one.plan.cycle, following.get(there.site), today) for there in one.expected}


def _taken(session: Session, sites: Iterable[str], begin: date, end: date, zone: ZoneInfo) -> list[Taken]:
    query = (
        columns(col(Item.title_id), col(Loan.site), col(Loan.borrowed_at))
        .select_from(Loan)
        .outerjoin(Item, col(Item.item) == col(Loan.item))
        .where(
            col(Loan.borrowed_at) >= _midnight(begin, zone),
            col(Loan.borrowed_at) < _midnight(end, zone),
            col(Loan.site).in_(list(sites)),
            col(Loan.state) != LoanState.REVERSED,
        )
    )
    return [Taken(title, site, at.astimezone(zone).date()) for title, site, at in session.execute(query)]


def _lines(session: Session, plan: int) -> tuple[Line, ...]:
    """What the plan wanted of each title at each site, the first line of it first."""
    query = (
        select(PlanLine).where(PlanLine.plan == plan, col(PlanLine.target).is_not(None)).order_by(col(PlanLine.number))
    )
    found: dict[tuple[str, str], list[PlanLine]] = defaultdict(list)
    for row in session.exec(query):
        assert row.target is not None
        found[row.title_id, row.target].append(row)
    return tuple(
        Line(
            title,
            site,
            sum(row.count for row in rows),
            sum(row.count for row in rows if row.origin != row.target),
            sum(row.loans for row in rows),
        )
        for (title, site), rows in found.items()
    )


# --------------------------------------------------------------------------------------------------------------- themes


class _Members:
    """Titles of themes, each looked up once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[int, frozenset[str]] = {}

    def of(self, theme: int) -> frozenset[str]:
        if theme not in self._known:
            self._known[theme] = frozenset(themes.titles_of(self._session, theme))
        return self._known[theme]


def _wishes(session: Session, begin: date, end: date) -> list[tuple[Campaign, str]]:
    """Campaigns of those days, each with every site it is shown at; those since called off wanted nothing."""
    query = (
        columns(Campaign, col(CampaignSite.site))
        .join(CampaignSite, col(CampaignSite.campaign) == Campaign.id)
        .where(
            col(Campaign.state) == Approved.APPROVED,
            col(Campaign.begins) < end,
            col(Campaign.ends) >= begin,
        )
        .order_by(col(Campaign.theme))
    )
    return [(campaign, site) for campaign, site in session.execute(query)]


def _themes_of(wishes: Iterable[tuple[Campaign, str]], one: _Carried, members: _Members) -> list[Theme]:
    """Those that the plan saw: of campaigns that ran on its day or began before its next run."""
    last = one.day + timedelta(days=one.plan.cycle - 1)
    sites: dict[int, set[str]] = defaultdict(set)
    for campaign, site in wishes:
        if campaign.begins <= last and campaign.ends >= one.day:
            sites[campaign.theme].add(site)
    return [Theme(theme, members.of(theme), frozenset(there)) for theme, there in sorted(sites.items())]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _seconds(day: date, zone: ZoneInfo) -> float:
    return (_midnight(day, zone) - ZERO).total_seconds()


def _number(plan: Plan) -> int:
    assert plan.id is not None
    return plan.id
