"""What plans expected is read back beside what patrons did."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session

from hub.restock import outcomes as thinking
from hub.restock.outcomes import Progress
from hub.restocking import balance
from hub.restocking.errors import Unknown
from hub.views import outcomes
from hub.views.view import Cut
from tests.hub.cast import HARBOUR, NOON, STATION
from tests.hub.library import SCHOOL
from tests.hub.restocking.planned import DAY, TODAY, add_campaign, add_plan

ZONE = ZoneInfo("Asia/Shanghai")
NOW = NOON + timedelta(days=30)


def test_loans_between_two_runs_are_held_against_what_was_expected(session: Session) -> None:
    plan = add_plan(session)
    (one,) = balance.balances(session, [plan], ZONE, TODAY)
    assert [(part.key, part.happened, part.within) for part in (one.whole, *one.sites)] == [
        ("", 6, False),
        (HARBOUR, 4, True),
        (STATION, 2, False),
    ]
    assert one.whole.span.progress is Progress.WHOLE


def test_a_loan_that_was_taken_back_and_one_after_the_next_run_are_no_loans(session: Session) -> None:
    plan = add_plan(session)
    add_plan(session, day=TODAY - timedelta(days=1))
    (one,) = balance.balances(session, [plan], ZONE, TODAY)
    assert {part.key: (part.span.progress, part.happened) for part in one.sites} == {
        HARBOUR: (Progress.CUT, 4),
        STATION: (Progress.CUT, 0),
    }


def test_themes_count_where_campaigns_wanted_them_then(session: Session) -> None:
    plan = add_plan(session)
    english = add_campaign(session, "language:eng", HARBOUR)
    chinese = add_campaign(session, "language:chi", HARBOUR, SCHOOL)
    add_campaign(session, "author:Dickens", HARBOUR, begins=TODAY + timedelta(days=9), ends=TODAY + timedelta(days=30))
    (one,) = balance.balances(session, [plan], ZONE, TODAY)
    assert [(part.key, round(part.expected, 6), part.happened) for part in one.themes] == [
        (str(english), 1.8, 0),
        (str(chinese), 1.7, 4),
    ]


def test_copies_that_were_brought_are_followed_one_by_one(session: Session) -> None:
    plan = add_plan(session)
    detail = balance.detail(session, plan, ZONE, NOW)
    assert {one.item: (one.arrived, one.taken) for one in detail.brought} == {
        "M0002": (True, 1),
        "M0023": (True, 1),
        "M0013": (True, 0),
        "M0091": (False, 0),
    }
    assert [one.line.title for one in thinking.best(detail.titles, 9)] == ["t03"]
    assert [one.line.title for one in thinking.worst(detail.titles, 9)] == ["t01", "t06", "t02"]
    (second,) = (one for one in detail.titles if one.line.title == "t02")
    assert (second.line.copies, second.line.brought, second.line.loans, second.happened) == (4, 1, 1.5, 1)


def test_only_approved_plans_whose_run_was_not_given_up_have_an_outcome(session: Session) -> None:
    kept = [add_plan(session), add_plan(session, day=DAY - timedelta(days=20), run_state=None)]
    lost = [add_plan(session, state="ready"), add_plan(session, run_state="abandoned")]
    assert balance.numbers(session) == kept
    assert balance.balances(session, lost, ZONE, TODAY) == []
    with pytest.raises(Unknown):
        balance.detail(session, lost[0], ZONE, NOW)
    assert outcomes.outcome(session, lost[1], ZONE, NOW) is None


def test_finished_plans_are_summed_and_counted_against_their_interval(session: Session) -> None:
    add_plan(session)
    add_plan(session, day=DAY - timedelta(days=5))
    add_plan(session, day=TODAY, cycle=7)
    add_campaign(session, "language:chi", HARBOUR)
    found = outcomes.sums(session, ZONE, TODAY)
    assert (found.plans, found.within, found.judged) == (3, 1, 4)
    assert {one.key: (one.plans, one.happened, one.within) for one in found.sites} == {
        HARBOUR: (2, 4, 1),
        STATION: (2, 2, 0),
    }
    assert [(one.name, one.plans, one.happened) for one in found.themes] == [("language:chi", 1, 4)]
    listed = outcomes.outcomes(session, Cut(2), ZONE, TODAY)
    assert (listed.total, [one.whole.progress for one in listed.rows]) == (3, [Progress.RUNNING, Progress.WHOLE])


def test_nothing_is_said_before_there_is_a_plan(session: Session) -> None:
    found = outcomes.sums(session, ZONE, TODAY)
    assert (found.plans, found.judged, found.sites, found.themes) == (0, 0, [], [])
    assert outcomes.outcomes(session, Cut(), ZONE, TODAY).rows == ()
