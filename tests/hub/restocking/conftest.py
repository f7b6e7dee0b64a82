"""A library with stock, history and a campaign, ready to be planned for."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from hub.database import Database
from hub.models import Campaign, CampaignSite, Plan, Theme
from hub.restocking import plans
from hub.restocking.desk import Desk
from hub.restocking.world import Terms
from tests.databases import fresh
from tests.hub.cast import HARBOUR, STATION, settings_in
from tests.hub.library import SCHOOL, fill
from tests.hub.running import Hub


class Planning:
    """`ask` makes a plan and answers its row; everything at the hub's own now."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.desk = Desk(hub.database, hub.notices)
        self.day = hub.now.astimezone(hub.settings.zone).date() + timedelta(days=1)

    def ask(self, *sites: str, **terms: object) -> Plan:
        with self.hub.database.write() as session:
            number = plans.ask(
                session,
                day=self.day,
                cycle=14,
                sites=sites or (HARBOUR, SCHOOL, STATION),
                by="lin",
                now=self.hub.now,
                terms=Terms(**terms),  # type: ignore[arg-type]
            )
        self.desk.work_out(number)
        return self.row(number)

    def row(self, plan: int) -> Plan:
        with self.hub.database.read() as session:
            return plans.get(session, plan)

    def again(self, plan: int) -> Plan:
        self.desk.work_out(plan)
        return self.row(plan)

    def campaign(self, query: str, items: int, *sites: str) -> None:
        with self.hub.database.write() as session:
            theme = Theme(name=query, query=query, changed_at=self.hub.now)
            session.add(theme)
            session.flush()
            campaign = Campaign(
                name=query, theme=theme.id, begins=self.day, ends=self.day + timedelta(days=30), items=items,
                state="approved", changed_at=self.hub.now, changed_by="lin",
            )  # fmt: skip
            session.add(campaign)
            session.flush()
            session.add_all(CampaignSite(campaign=campaign.id, site=site) for site in sites)


@pytest.fixture
def planning(hub: Hub, tmp_path: Path) -> Planning:
    fill(hub, tmp_path)
    return Planning(hub)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stocked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The cast's library, for tests that keep nothing."""
    folder = tmp_path_factory.mktemp("stocked")
    with fresh(request, folder) as url:
        database = Database(url)
        try:
            fill(Hub(settings_in(folder, url), database), folder)
            yield database
        finally:
            database.close()


@pytest.fixture
def session(stocked: Database) -> Iterator[Session]:
    """A session whose changes are gone after the test."""
    with Session(stocked.engine, expire_on_commit=False) as session:
        yield session
        session.rollback()
