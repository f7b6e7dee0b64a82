"""The first page of a librarian's day tells what needs her, and nothing else."""

from datetime import timedelta

import pytest

from hub.models import Campaign, CampaignSite, Run, Task, Theme
from hub.restocking import plans
from tests.hub.cast import HARBOUR
from tests.hub.library import Library


def fill(own: Library) -> None:
    now = own.hub.now
    today = now.astimezone(own.settings.zone).date()
    with own.hub.database.write() as session:
        plans.ask(session, day=today + timedelta(days=1), cycle=7, sites=[HARBOUR], by="lin", now=now)
        theme = Theme(name="春天", query="language:chi", changed_at=now)
        session.add(theme)
        session.flush()
        for name, begins, state in (
            ("now", 0, "approved"), ("soon", 3, "draft"), ("far", 60, "draft"), ("past", -90, "approved"),
        ):  # fmt: skip
            first = today + timedelta(days=begins)
            campaign = Campaign(
                name=f"campaign {name}", theme=theme.id, begins=first, ends=first + timedelta(days=5), items=3,
                state=state, changed_at=now, changed_by="lin",
            )  # fmt: skip
            session.add(campaign)
            session.flush()
            session.add(CampaignSite(campaign=campaign.id, site=HARBOUR))
        session.add(Run(day=today - timedelta(days=1), name="yesterday's", state="underway", courier="Zhou"))
        session.add(Run(day=today - timedelta(days=1), name="closed one", state="closed"))
        session.add(Task(key="a", kind="short", made_at=now))
        session.add(Task(key="b", kind="short", made_at=now, done_at=now, done_by="lin"))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Restock plan for 2 Apr", "One thing to look after", "5 more days", "East Metro Station", "overdue")),
        ("zh-CN", ("4月2日 的补书计划", "有 1 件事待处理", "还有 5 天", "东站地铁", "逾期借阅 1 笔")),
    ],
)
def test_what_needs_somebody_is_there_in_both_languages(own: Library, language: str, words: tuple[str, ...]) -> None:
    fill(own)
    page = own.librarian(language).get("/overview").text
    assert [word for word in words if word not in page] == []
    assert ("campaign now" in page, "campaign soon" in page, "yesterday&#39;s" in page) == (True, True, True)
    assert ("campaign far" in page, "campaign past" in page, "closed one" in page) == (False, False, False)


def test_programs_read_the_same(own: Library) -> None:
    fill(own)
    told = own.program().get("/api/v1/overview").json()
    assert [plan["state"] for plan in told["plans"]] == ["making"]
    assert (told["tasks"], told["overdue"], told["undecided"], told["missing"]) == (1, 1, 1, 1)
    assert told["troubles"][0]["site"] == "east-station"
    assert [run["courier"] for run in told["runs"]] == ["Zhou"]


def test_a_quiet_day_says_so(own: Library) -> None:
    page = own.librarian().get("/overview").text
    assert ("No plan or campaign waits for you" in page, "There is no run today" in page) == (True, True)
