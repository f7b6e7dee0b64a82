"""What needs a librarian today, gathered from everything that can."""

from datetime import date, datetime, timedelta

from sqlmodel import Session, col, func, select

from hub.models import Holding, Run, Task
from hub.projections.states import HoldingState
from hub.restocking.campaigns import Phase
from hub.restocking.stock import OPEN_RUNS
from hub.settings import Settings
from hub.views import campaigns, loans, plans, sites
from hub.views.campaigns import CampaignView
from hub.views.loans import LoanFilter
from hub.views.plans import PlanView
from hub.views.sites import Problem
from hub.views.view import Cut, View

SOON = timedelta(days=14)
"""A draft that begins so soon has to be decided."""
SHOWN = 12


class RunLine(View):
    """A run of today, or one that isn't over."""

    id: int
    name: str
    day: date
    state: str
    """hub.restocking.runs.State."""
    courier: str


class Trouble(View):
    """A site with something wrong."""

    site: str
    problems: list[Problem]


class OverviewView(View):
    """What needs somebody today."""

    plans: list[PlanView]
    """To be approved, or that couldn't be made."""
    drafts: list[CampaignView]
    """Campaigns that begin soon and aren't approved."""
    running: list[CampaignView]
    """The one that ends first stands first."""
    runs: list[RunLine]
    tasks: int
    """Things to look after that nobody has."""
    troubles: list[Trouble]
    """Sites with problems, the gravest first."""
    overdue: int
    """Loans."""
    undecided: int
    """Items that can't be told to be there or not."""
    missing: int


def overview(session: Session, settings: Settings, now: datetime, today: date) -> OverviewView:
    """Everything at `today`, in the library's zone."""
    drafts = campaigns.campaigns(session, Cut(SHOWN), today, phase=Phase.DRAFT).rows
    running = campaigns.campaigns(session, Cut(SHOWN), today, phase=Phase.RUNNING).rows
    troubles = [
        Trouble(site=site.site, problems=site.problems) for site in sites.sites(session, settings, now) if site.problems
    ]
    states = select(Holding.state, func.count()).group_by(Holding.state)
    counts = {HoldingState(state): count for state, count in session.exec(states)}
    return OverviewView(
        plans=list(plans.plans(session, Cut(SHOWN), only_open=True).rows),
        drafts=[draft for draft in drafts if draft.begins <= today + SOON],
        running=sorted(running, key=lambda campaign: campaign.ends),
        runs=_runs(session, today),
        tasks=session.exec(select(func.count()).select_from(Task).where(col(Task.done_at).is_(None))).one(),
        troubles=sorted(troubles, key=lambda trouble: not any(problem.grave for problem in trouble.problems)),
        overdue=loans.counts(session, today)[LoanFilter.OVERDUE],
        undecided=counts.get(HoldingState.UNDECIDED, 0),
        missing=counts.get(HoldingState.MISSING, 0),
    )


def _runs(session: Session, today: date) -> list[RunLine]:
    query = (
        select(Run).where(col(Run.state).in_(OPEN_RUNS) | (col(Run.day) == today)).order_by(col(Run.day), col(Run.id))
    )
    return [
        RunLine(id=row.id or 0, name=row.name, day=row.day, state=row.state, courier=row.courier)
        for row in session.exec(query.limit(SHOWN))
    ]
