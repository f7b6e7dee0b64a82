"""A plan that was approved and carried out while the cast's library went on, and a run of today: written down."""

from datetime import date, timedelta

from sqlmodel import Session

from hub.models import Campaign, CampaignSite, Plan, PlanLine, Run, Theme, Transfer
from hub.restocking import runs
from hub.restocking.runs import Wanted
from tests.hub.cast import HARBOUR, NOON, STATION

TODAY = date(2026, 4, 1)
"""Of the cast's library: NOON and 30 days."""
DAY = TODAY - timedelta(days=5)
"""Of the run; the day before M0002 (t02), M0003 and M0004 (t04) were taken at the harbour, M0003 for nothing. Then
M0023 (t03) and M0005 (t05) there; and at the station, M0041 (t01) and M0004 the day before TODAY."""


def add_plan(
    session: Session, day: date = DAY, cycle: int = 5, state: str = "approved", run_state: str | None = "closed"
) -> int:
    """A plan of Harbour Bank (expected 3.5 loans, 2 to 5) and East Station (6, 5 to 9); its number."""
    plan = Plan(
        day=day, cycle=cycle, state=state, sites=[HARBOUR, STATION], made_at=NOON, made_by="lin",
        outlook={
            "moves": 4, "expected": 9.5, "low": 7, "high": 12, "before": 7.0,
            "sites": {
                site: {
                    "room": 50, "copies_before": 40, "copies_after": 42, "loans_before": 3.0, "loans_after": loans,
                    "low": low, "high": high,
                }
                for site, loans, low, high in ((HARBOUR, 3.5, 2, 5), (STATION, 6.0, 5, 9))
            },
        },
    )  # fmt: skip
    session.add(plan)
    session.flush()
    rows = (
        ("t02", None, HARBOUR, 1, 0.4),
        ("t02", HARBOUR, HARBOUR, 3, 1.1),
        ("t03", None, HARBOUR, 2, 0.2),
        ("t06", HARBOUR, HARBOUR, 3, 1.8),
        ("t07", STATION, None, 1, 0.0),
        ("t01", HARBOUR, STATION, 1, 6.0),
    )
    session.add_all(
        PlanLine(plan=plan.id, number=n, title_id=title, origin=origin, target=target, count=count, loans=loans,
                 forgone=0.0)
        for n, (title, origin, target, count, loans) in enumerate(rows)
    )  # fmt: skip
    if run_state is not None:
        run = Run(plan=plan.id, day=day, name="Friday", state=run_state)
        session.add(run)
        session.flush()
        session.add_all(
            Transfer(run=run.id, item=item, title_id=title, target=target, dropped=dropped)
            for item, title, target, dropped in (
                ("M0002", "t02", HARBOUR, None),
                ("M0023", "t03", HARBOUR, None),
                ("M0013", "t03", HARBOUR, None),
                ("M0090", "t10", HARBOUR, "not-found"),
                ("M0077", "t07", None, None),
                ("M0091", "t01", STATION, None),
            )
        )
    session.flush()
    assert plan.id is not None
    return plan.id


def add_campaign(session: Session, query: str, *sites: str, begins: date = DAY, ends: date = TODAY) -> int:
    """An approved campaign of a theme called as its query; the theme's number."""
    theme = Theme(name=query, query=query, changed_at=NOON)
    session.add(theme)
    session.flush()
    campaign = Campaign(
        name=query, theme=theme.id, begins=begins, ends=ends, items=5, state="approved", changed_at=NOON,
        changed_by="lin",
    )  # fmt: skip
    session.add(campaign)
    session.flush()
    session.add_all(CampaignSite(campaign=campaign.id, site=site) for site in sites)
    session.flush()
    assert theme.id is not None
    return theme.id


def add_run(session: Session, day: date) -> int:
    """A run of M0086 to M0088 to the harbour, and M0010 from there to the station; its number."""
    why = [{"because": "taken", "count": 3, "days": 60, "left": 0, "site": HARBOUR}]
    return runs.make(
        session,
        day=day,
        name="Tuesday",
        stops=[(HARBOUR, 12), (STATION, None)],
        transfers=[
            *(Wanted(f"M00{n}", f"t{n - 80:02}", None, HARBOUR, why) for n in (86, 87, 88)),
            Wanted("M0010", "t10", HARBOUR, STATION),
        ],
    )
