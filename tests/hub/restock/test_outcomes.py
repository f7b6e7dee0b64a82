"""What a plan expected is compared with what happened, and judged only when its time is over."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.restock import outcomes
from hub.restock.outcomes import Expected, Line, Progress, Result, Sum, Taken, Theme, span
from hub.restock.stays import Stay

DAY = date(2026, 3, 3)
WHOLE = span(DAY, 7, None, DAY + timedelta(days=30))


def after(days: int) -> date:
    return DAY + timedelta(days=days)


def result(happened: int, low: int | None = 3, high: int | None = 8, key: str = "bank") -> Result:
    return Result(key, WHOLE, 5.0, low, high, happened)


@pytest.mark.parametrize(
    ("today", "following", "progress", "passed"),
    [
        (-1, None, Progress.AHEAD, 0),
        (0, None, Progress.RUNNING, 1),
        (6, 9, Progress.RUNNING, 7),
        (7, None, Progress.WHOLE, 7),
        (3, 4, Progress.RUNNING, 4),
        (4, 4, Progress.CUT, 4),
        (40, 7, Progress.WHOLE, 7),
    ],
)
def test_time_is_over_when_the_next_run_comes(
    today: int, following: int | None, progress: Progress, passed: int
) -> None:
    found = span(DAY, 7, after(following) if following is not None else None, after(today))
    assert (found.progress, found.passed) == (progress, passed)


def test_only_loans_between_the_runs_count_and_those_of_the_first_day_do() -> None:
    spans = {"bank": WHOLE, "school": WHOLE}
    taken = [Taken("a", "bank", after(day)) for day in (-1, 0, 6, 7)] + [Taken(None, "school", after(2))]
    expected = [Expected("bank", 2.5, 1, 4), Expected("school", 0.5, 0, 0)]
    whole, sites = outcomes.by_site(expected, spans, taken, 1, 5)
    assert [(one.key, one.happened, one.within) for one in (whole, *sites)] == [
        ("", 3, True),
        ("bank", 2, True),
        ("school", 1, False),
    ]


def test_while_a_cycle_runs_nothing_is_judged_and_only_its_share_is_due() -> None:
    running = Result("bank", span(DAY, 10, None, after(4)), 20.0, 10, 30, 3)
    assert (running.within, running.by_now) == (None, 10.0)


def test_a_plan_that_one_site_cut_short_is_not_judged_as_a_whole() -> None:
    spans = {"bank": WHOLE, "school": span(DAY, 7, after(3), after(30))}
    expected = [Expected("bank", 1.0, 0, 2), Expected("school", 1.0, 0, 2)]
    whole, (bank, school) = outcomes.by_site(expected, spans, [], 0, 4)
    assert (whole.within, bank.within, school.within) == (None, True, None)


def test_a_theme_counts_where_it_was_wanted_only() -> None:
    lines = [Line("a", "bank", 1, 1, 0.5), Line("a", "school", 1, 0, 0.7), Line("b", "bank", 1, 0, 0.9)]
    taken = [Taken("a", "bank", DAY), Taken("a", "school", DAY), Taken("b", "bank", DAY)]
    theme = Theme(4, frozenset({"a"}), frozenset({"bank", "elsewhere"}))
    (found,) = outcomes.by_theme([theme], lines, {"bank": WHOLE, "school": WHOLE}, taken)
    assert (found.key, found.expected, found.happened, found.within) == ("4", 0.5, 1, None)
    assert outcomes.by_theme([theme], lines, {"school": WHOLE}, taken) == ()


def test_the_best_and_the_worst_are_furthest_from_what_was_expected() -> None:
    lines = [Line(title, "bank", 1, 1, loans) for title, loans in (("a", 0.2), ("b", 1.5), ("c", 0.9), ("d", 2.0))]
    taken = [Taken(title, "bank", DAY) for title in "aabdd"]
    found = outcomes.by_title(lines, {"bank": WHOLE}, taken)
    assert [one.line.title for one in outcomes.best(found, 5)] == ["a"]
    assert [one.line.title for one in outcomes.worst(found, 5)] == ["c", "b"]
    assert [one.line.title for one in outcomes.worst(found, 1)] == ["c"]


def test_a_brought_copy_counts_as_arrived_when_it_stood_there_in_time() -> None:
    stays = [
        Stay("i1", "bank", 10.0, 20.0, taken=True),
        Stay("i1", "bank", 30.0, 200.0, taken=True),
        Stay("i2", "bank", 40.0, 300.0, taken=False, ended=False),
        Stay("i3", "school", 40.0, 50.0, taken=True),
        Stay("i4", "bank", 0.0, 4.0, taken=True),
    ]
    wanted = [(f"i{n}", "t", "bank") for n in range(1, 5)]
    found = outcomes.brought(wanted, stays, {"bank": (5.0, 100.0)})
    assert [(one.arrived, one.taken) for one in found] == [(True, 1), (True, 0), (False, 0), (False, 0)]


def test_sums_are_of_finished_results_and_count_those_inside_their_interval() -> None:
    cut = Result("bank", span(DAY, 7, after(2), after(30)), 9.0, 0, 99, 9)
    found = outcomes.sums([result(4), result(9), result(1, None, None), cut, result(3, key="a")])
    assert found == (Sum("a", 1, 5.0, 3, 1, 1), Sum("bank", 3, 15.0, 14, 1, 2))


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["bank", "school"]), st.integers(-3, 12)), max_size=40),
    st.integers(-2, 20),
    st.one_of(st.none(), st.integers(1, 12)),
)
def test_every_loan_is_counted_at_most_once_and_none_is_made_up(
    rows: list[tuple[str, str, int]], today: int, following: int | None
) -> None:
    spans = {
        "bank": span(DAY, 7, after(following) if following else None, after(today)),
        "school": span(DAY, 7, None, after(today)),
    }
    taken = [Taken(title, site, after(day)) for title, site, day in rows]
    lines = [Line(title, site, 1, 0, 0.5) for title in "ab" for site in spans]
    whole, sites = outcomes.by_site([Expected(site, 1.0, 0, 3) for site in spans], spans, taken, 0, 6)
    themes = outcomes.by_theme([Theme(1, frozenset("ab"), frozenset(spans))], lines, spans, taken)
    counted = sum(one.happened for one in sites)
    assert whole.happened == counted == sum(one.happened for one in outcomes.by_title(lines, spans, taken))
    assert (themes[0].happened, themes[0].expected) == (counted, 2.0)
    assert counted <= len(rows)
    assert (whole.within is None) == any(one.span.progress is not Progress.WHOLE for one in sites)
