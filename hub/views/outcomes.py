"""What plans expected against what happened, by plan, site, theme, title and copy."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ConfigDict
from sqlmodel import Session, col, select

from hub.models import Theme, Title, Tour
from hub.restock import outcomes as thinking
from hub.restock.outcomes import Outcome, Progress, Result, Sum
from hub.restocking import balance
from hub.restocking.balance import Balance
from hub.views.view import Cut, Found, View

NEWEST = 40
"""Plans that sums are made of, at most: the newest."""
SHOWN = 8
"""Best and worst titles that are told of one plan."""
_RESULT: dict[str, Any] = {
    "key": "harbour-bank",
    "name": "",
    "begin": "2026-11-24",
    "end": "2026-12-01",
    "days": 7,
    "passed": 7,
    "progress": "whole",
    "expected": 27.9,
    "low": 21,
    "high": 35,
    "happened": 30,
    "by_now": 27.9,
    "within": True,
}
_PLAN: dict[str, Any] = {
    "plan": 7,
    "run": 3,
    "tour_name": "Tuesday round",
    "whole": _RESULT | {"key": "", "expected": 48.2, "low": 39, "high": 58, "happened": 51, "by_now": 48.2},
    "sites": [_RESULT],
    "themes": [_RESULT | {"key": "4", "name": "长夜读史", "low": None, "high": None, "within": None}],
}


class ResultView(View):
    """What was expected of a whole plan, a site or a theme, and what happened."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RESULT]})

    key: str
    """A site, or a theme's number; empty for a whole plan."""
    name: str
    """The theme's; empty for a site or a whole plan."""
    begin: date
    """Day of the run, in the library's zone."""
    end: date
    """Day of the next run, which no longer counts."""
    days: int
    """That loans were expected for."""
    passed: int
    """Days that have begun."""
    progress: Progress
    """ahead, running, whole; or cut: the next run came sooner than planned, so that nothing can be judged."""
    expected: float
    """Loans until the next run."""
    low: int | None
    """With four chances in five there are at least so many loans …"""
    high: int | None
    """… and at most so many. Null for themes: plans tell no interval for them."""
    happened: int
    """Loans so far; those taken back left out."""
    by_now: float
    """Loans that would be due by now if they came evenly."""
    within: bool | None
    """What happened lies in the interval; null when that can't be judged, or not yet."""


class OutcomeView(View):
    """One plan's expectations against what happened."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PLAN]})

    plan: int
    run: int | None
    tour_name: str | None
    whole: ResultView
    sites: list[ResultView]
    themes: list[ResultView]
    """Themes that campaigns wanted then, each at its sites."""


class TitleOutcomeView(View):
    """One title at one site."""

    title_id: str
    title: str
    site: str
    copies: int
    brought: int
    """Copies that weren't there before."""
    expected: float
    happened: int


class BroughtView(View):
    """One copy that was to be brought, and what became of it until the next run."""

    item: str
    title_id: str
    title: str
    site: str
    arrived: bool
    """It was seen on a shelf there."""
    taken: int
    """Times."""


class OutcomeDetailView(OutcomeView):
    """The same, title by title and copy by copy."""

    best: list[TitleOutcomeView]
    """Taken more often than expected, the furthest beyond first."""
    worst: list[TitleOutcomeView]
    """Taken less often than expected, the furthest below first; empty until the time is over."""
    brought: list[BroughtView]

    @property
    def taken(self) -> int:
        """Copies brought that were taken at least once."""
        return sum(one.taken > 0 for one in self.brought)

    @property
    def untaken(self) -> int:
        """Copies brought that stood there and weren't taken."""
        return sum(one.arrived and not one.taken for one in self.brought)

    @property
    def lost(self) -> int:
        """Copies that never stood there, as far as is known."""
        return sum(not one.arrived for one in self.brought)


class SumView(View):
    """Finished plans taken together, at one site or for one theme."""

    key: str
    name: str
    plans: int
    expected: float
    happened: int
    within: int
    """Results inside their interval …"""
    judged: int
    """… of so many that had one."""


class SumsView(View):
    """Finished plans taken together."""

    plans: int
    """Plans looked at, the newest."""
    sites: list[SumView]
    themes: list[SumView]

    @property
    def within(self) -> int:
        """Results of sites inside their interval."""
        return sum(one.within for one in self.sites)

    @property
    def judged(self) -> int:
        """Results of sites that had one."""
        return sum(one.judged for one in self.sites)


def outcomes(session: Session, cut: Cut, zone: ZoneInfo, today: date) -> Found[OutcomeView]:
    """Approved plans that weren't given up, those of the latest days first."""
    numbers = balance.numbers(session)
    found = balance.balances(session, numbers[cut.offset : cut.offset + cut.limit], zone, today)
    names = _themes(session, found)
    return Found(tuple(OutcomeView(**_told(session, one, names)) for one in found), len(numbers))


def outcome(session: Session, plan: int, zone: ZoneInfo, now: datetime) -> OutcomeDetailView | None:
    """One plan; None when it isn't approved, or its run was given up."""
    found = balance.balances(session, [plan], zone, now.astimezone(zone).date())
    if not found:
        return None
    one, detail = found[0], balance.detail(session, plan, zone, now)
    best = thinking.best(detail.titles, SHOWN)
    whole = one.whole.span.progress is Progress.WHOLE
    worst = thinking.worst(detail.titles, SHOWN) if whole else ()
    named = {each.line.title for each in (*best, *worst)} | {each.title for each in detail.brought}
    titles = dict(session.exec(select(Title.title_id, Title.title).where(col(Title.title_id).in_(named))).all())
    return OutcomeDetailView(
        **_told(session, one, _themes(session, found)),
        best=[_title(each, titles) for each in best],
        worst=[_title(each, titles) for each in worst],
        brought=[
            BroughtView(
                item=each.item,
                title_id=each.title,
                title=titles.get(each.title, each.title),
                site=each.site,
                arrived=each.arrived,
                taken=each.taken,
            )
            for each in detail.brought
        ],
    )


def sums(session: Session, zone: ZoneInfo, today: date) -> SumsView:
    """What the newest plans that are over came to, by site and by theme."""
    found = balance.balances(session, balance.numbers(session)[:NEWEST], zone, today)
    names = _themes(session, found)
    return SumsView(
        plans=len(found),
        sites=[_sum(one, "") for one in thinking.sums(result for each in found for result in each.sites)],
        themes=[_sum(one, names[one.key]) for one in thinking.sums(result for each in found for result in each.themes)],
    )


def _told(session: Session, one: Balance, names: dict[str, str]) -> dict[str, Any]:
    tour = session.get(Tour, one.tour) if one.tour is not None else None
    return {
        "plan": one.plan,
        "run": one.run,
        "tour_name": tour.name if tour else None,
        "whole": _result(one.whole, ""),
        "sites": [_result(each, "") for each in one.sites],
        "themes": [_result(each, names[each.key]) for each in one.themes],
    }


def _themes(session: Session, found: Sequence[Balance]) -> dict[str, str]:
    used = {int(each.key) for one in found for each in one.themes}
    return {str(row.id): row.name for row in session.exec(select(Theme).where(col(Theme.id).in_(used)))}


def _result(one: Result, name: str) -> ResultView:
    return ResultView(
        key=one.key,
        name=name,
        begin=one.span.begin,
        end=one.span.end,
        days=one.span.days,
        passed=one.span.passed,
        progress=one.span.progress,
        expected=one.expected,
        low=one.low,
        high=one.high,
        happened=one.happened,
        by_now=one.by_now,
        within=one.within,
    )


def _title(one: Outcome, titles: dict[str, str]) -> TitleOutcomeView:
    line = one.line
    return TitleOutcomeView(
        title_id=line.title,
        title=titles.get(line.title, line.title),
        site=line.site,
        copies=line.copies,
        brought=line.brought,
        expected=line.loans,
        happened=one.happened,
    )


def _sum(one: Sum, name: str) -> SumView:
    return SumView(
        key=one.key,
        name=name,
        plans=one.plans,
        expected=one.expected,
        happened=one.happened,
        within=one.within,
        judged=one.judged,
    )
