"""The forecast leans on what is alike where little was seen, learns nothing from the future, and knows its limits."""

from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.calibration import score
from firmware_sim.year.demand import SHAPES
from hub.restock.forecast import Catalogue, Exposure, Exposures, Forecast, Settings, fit, quantiles, tails, worth
from hub.restock.planner import BadWorld

WEEK = 7
CITY = Catalogue(4, 3, 2, np.array([0, 1, 2, 2]), np.array([0, 0, 0, 1]))


def week(title: int, site: int, number: int, loans: int, days: float = WEEK) -> Exposure:
    return Exposure(title, site, number * WEEK, (number + 1) * WEEK, days, loans)


def learned(*rows: Exposure, until: int = 1000, catalogue: Catalogue = CITY, **options: Any) -> Forecast:
    return fit(Exposures.of(rows), catalogue, until, Settings(**{"half_life": 1e6, **options}))


def rates(forecast: Forecast) -> np.ndarray:
    title, site = np.indices((4, 3))
    return forecast.expected(title.ravel(), site.ravel(), 1.0).reshape(4, 3)


def usual(*, titles: int = 60, sites: int = 6, weeks: int = 12, seed: int = 1) -> tuple[list[Exposure], Catalogue]:
    """Titles everywhere alike but for chance."""
    chance = np.random.default_rng(seed)
    rows = [
        week(title, site, number, int(chance.poisson(0.3)))
        for number in range(weeks)
        for site in range(sites)
        for title in chance.choice(titles, 20, replace=False)
    ]
    return rows, Catalogue(titles, sites)


# --- shrinkage ---


def test_with_nothing_seen_everything_is_the_usual_rate_and_very_uncertain() -> None:
    forecast = learned(rate=0.02)
    assert rates(forecast) == pytest.approx(np.full((4, 3), 0.02))
    interval = forecast.interval([0], [0], 500.0)
    assert interval.low[0] <= 2
    assert interval.high[0] >= 20


def test_a_title_never_seen_is_expected_to_do_as_its_topic_does() -> None:
    liked = [week(0, site, number, 3) for site in (0, 1) for number in range(20)]
    sat = [week(3, site, number, 0) for site in (0, 1) for number in range(20)]
    found = rates(learned(*liked, *sat))
    assert found[1, 2] > 3 * found[3, 2]
    assert found[0, 2] > found[1, 2]


def test_much_evidence_of_a_title_at_a_site_outweighs_all_else() -> None:
    rows = [week(0, 0, number, 2) for number in range(400)] + [week(1, 0, number, 0) for number in range(400)]
    found = rates(learned(*rows, until=4000))
    assert found[0, 0] == pytest.approx(2 / WEEK, rel=0.02)
    assert found[1, 0] < 0.01 / WEEK


def test_one_loan_moves_a_title_less_the_more_alike_titles_are() -> None:
    rows, catalogue = usual()
    before = learned(*rows, catalogue=catalogue).expected([0], [0], 1.0)
    more = learned(*rows, *[week(0, 0, 50, 3)], catalogue=catalogue).expected([0], [0], 1.0)
    assert before[0] < more[0] < 1.5 * before[0]


def test_a_site_without_history_gets_the_mean_of_the_others() -> None:
    rows, catalogue = usual()
    here = [row for row in rows if row.site != 5]
    forecast = learned(*here, catalogue=catalogue)
    titles = np.arange(60)
    others = np.mean([forecast.expected(titles, site, 1.0).sum() for site in range(5)])
    assert forecast.expected(titles, 5, 1.0).sum() == pytest.approx(others, rel=0.15)
    assert (forecast.rate(titles, 5)[0] < forecast.rate(titles, 0)[0].max()).all()


def test_popularity_known_before_helps_a_title_nobody_saw() -> None:
    chance = np.random.default_rng(3)
    popularity = np.linspace(0, 3, 100)
    rows = [
        week(t, s, n, int(chance.poisson(popularity[t] / 3))) for t in range(99) for s in range(2) for n in range(6)
    ]
    popular = learned(*rows, catalogue=Catalogue(100, 2, popularity=popularity))
    unknown = learned(*rows, catalogue=Catalogue(100, 2))
    assert popular.expected([99], [0], WEEK)[0] > 1.4 * unknown.expected([99], [0], WEEK)[0]


# --- time on the shelf, age, fatigue ---


def test_time_out_on_loan_isnt_held_against_a_title() -> None:
    taken_at_once = [week(0, 0, number, 1, days=1.0) for number in range(30)]
    sat_the_week = [week(1, 0, number, 1) for number in range(30)]
    found = rates(learned(*taken_at_once, *sat_the_week))
    assert found[0, 0] > 4 * found[1, 0]


def test_old_evidence_counts_less() -> None:
    rows = [week(0, 0, number, 3 if number < 20 else 0) for number in range(40)]
    slow, quick = learned(*rows, until=280), learned(*rows, until=280, half_life=30.0)
    assert quick.expected([0], [0], 1.0)[0] < 0.5 * slow.expected([0], [0], 1.0)[0]


def test_with_fatigue_sitting_there_says_less_of_a_title_and_lowers_what_it_does_next() -> None:
    rows = [week(0, 0, number, 0) for number in range(10)] + [week(1, 0, number, 1) for number in range(10)]
    rested, tired = learned(*rows, until=70), learned(*rows, until=70, fatigue=0.3)
    assert tired.expected([0], [0], 1.0)[0] > rested.expected([0], [0], 1.0)[0]
    assert tired.stale([0, 1, 2], [0, 0, 0]).tolist() == [10.0, 0.0, 0.0]
    assert tired.expected([0], [0], 1.0, stale=2)[0] == pytest.approx(tired.expected([0], [0], 1.0)[0] * 0.7**2)


def test_a_title_is_fresh_again_after_its_rest() -> None:
    forecast = learned(*[week(0, 0, number, 0) for number in range(10)], until=70 + 29, rest=28.0)
    assert forecast.stale([0], [0])[0] == 0.0


# --- nothing from the future ---


@given(st.integers(0, 12), st.integers(1, 60), st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_nothing_that_ends_after_the_day_planned_for_changes_anything(cut: int, wild: int, seed: int) -> None:
    rows, catalogue = usual(weeks=12)
    until = cut * WEEK
    past = [row for row in rows if row.end <= until]
    future = [row._replace(loans=wild) for row in rows if row.end > until]
    across = [Exposure(1, 1, until - 3, until + 1, 2.0, 50)] if until >= 3 else []
    mixed = [*past, *future, *across]
    Random(seed).shuffle(mixed)
    titles, sites = (column.ravel() for column in np.indices((60, 6)))
    clean = learned(*past, until=until, catalogue=catalogue).rate(titles, sites)
    leaky = learned(*mixed, until=until, catalogue=catalogue).rate(titles, sites)
    assert clean[0] == pytest.approx(leaky[0], rel=1e-9)
    assert clean[1] == pytest.approx(leaky[1], rel=1e-9)


def test_what_ended_on_the_day_before_is_learned_from() -> None:
    row = week(0, 0, 0, 5)
    assert rates(learned(row, until=7))[0, 0] > rates(learned(row, until=6))[0, 0]


# --- counts ---


shapes = st.floats(0.05, 1e4)
means = st.floats(0.0, 60.0)


@given(shapes, means, st.integers(1, 4), st.floats(1, 60), st.floats(0, 90))
@settings(deadline=None)
def test_each_further_copy_is_worth_no_more_than_the_one_before(
    shape: float, mean: float, copies: int, cycle: float, out: float
) -> None:
    row = worth(np.array([shape]), np.array([mean]), copies, cycle, out)[0]
    assert (np.diff(row) <= 1e-12).all()
    assert (row >= 0).all()
    assert row.sum() <= mean * (1 + 1e-6) + 1e-9


@given(shapes, st.floats(0.01, 60.0), st.floats(1.01, 3.0))
@settings(deadline=None)
def test_more_demand_makes_a_copy_worth_no_less(shape: float, mean: float, more: float) -> None:
    low, high = worth(np.array([shape, shape]), np.array([mean, mean * more]), 3, 14, 5).cumsum(axis=1)
    assert (high >= low - 1e-9).all()


def test_a_copy_that_stays_away_longer_than_the_cycle_is_lent_once_at_most() -> None:
    assert worth(np.array([1e9]), np.array([1.0]), 2, 7, 14)[0] == pytest.approx([1 - np.exp(-1), 1 - 2 * np.exp(-1)])


def test_a_copy_that_comes_back_is_lent_again() -> None:
    chance = np.random.default_rng(1)
    lent = []
    for _ in range(20_000):
        at, loans = chance.exponential(1 / 0.3), 0
        while at <= 14:
            loans += 1
            at += 5 + chance.exponential(1 / 0.3)
        lent.append(loans)
    assert worth(np.array([1e9]), np.array([14 * 0.3]), 1, 14, 5)[0, 0] == pytest.approx(np.mean(lent), rel=0.02)


@given(shapes, st.floats(0.0, 40.0), st.floats(0.01, 0.99))
@settings(deadline=None)
def test_a_quantile_is_the_first_count_that_chance_rarely_exceeds(shape: float, mean: float, chance: float) -> None:
    found = int(quantiles(np.array([shape]), np.array([mean]), chance)[0])
    exceeding = np.concatenate([[1.0], tails(np.array([shape]), np.array([mean]), found + 1)[0]])
    assert 1 - exceeding[found + 1] >= chance - 1e-6
    assert found == 0 or 1 - exceeding[found] < chance + 1e-6


def test_quantiles_of_large_counts_go_on_where_those_of_small_ones_end() -> None:
    shape, mean = np.full(2, 5.0), np.array([999.9, 1000.1])
    for chance in (0.1, 0.5, 0.9):
        low, high = quantiles(shape, mean, chance)
        assert high == pytest.approx(low, rel=0.01)


def test_a_group_is_less_sure_than_its_members_would_be_alone_for_they_share_a_site() -> None:
    rows, catalogue = usual()
    forecast = learned(*rows, catalogue=catalogue)
    titles = np.arange(60)
    group = forecast.totals(titles, 0, 28.0, np.zeros(60, int), 1)
    shape, rate = forecast.rate(titles, 0)
    apart = ((shape / rate * 28) ** 2 / shape).sum()
    assert group.expected[0] == pytest.approx(forecast.expected(titles, 0, 28.0).sum())
    assert group.expected[0] ** 2 / group.shape[0] > apart


def test_a_group_of_one_title_is_as_sure_as_the_title() -> None:
    rows, catalogue = usual()
    forecast = learned(*rows, catalogue=catalogue)
    one = forecast.totals([3], [2], 28.0, [0], 1)
    shape, _ = forecast.rate([3], [2])
    assert one.shape[0] == pytest.approx(shape[0], rel=0.1)


# --- against what is true ---


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_it_knows_more_than_the_world_or_the_shelf_alone_and_how_much(shape: str) -> None:
    found = score(shape, 1)
    assert found.ours < found.everywhere
    assert found.ours < found.own
    assert 0.75 <= found.topics <= 0.85
    assert 0.75 <= found.titles <= 0.85


# --- what can't be meant ---


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (Exposure(0, 0, 0, 7, 7, -1), "loans: row 0 is -1"),
        (Exposure(0, 0, 0, 7, -2, 0), "days: row 0 is -2"),
        (Exposure(0, 0, 0, 7, 8, 0), "8 days on the shelf between 0 and 7"),
        (Exposure(0, 0, 0, 7, 0, 2), "2 loans in no time"),
        (Exposure(-1, 0, 0, 7, 7, 0), "title: row 0 is -1"),
        (Exposure(4, 0, 0, 7, 7, 0), "title: row 0 is 4, but there are 4"),
        (Exposure(0, 3, 0, 7, 7, 0), "site: row 0 is 3, but there are 3"),
    ],
)
def test_an_exposure_that_cant_be_meant_is_refused_with_what_and_where(row: Exposure, said: str) -> None:
    with pytest.raises(BadWorld, match=said):
        learned(row)


def test_asking_for_a_title_that_isnt_there_says_so() -> None:
    with pytest.raises(BadWorld, match="titles: 0 to 4 were asked, but there are 4"):
        learned().rate([0, 4], [0, 0])


@pytest.mark.parametrize(
    "option", [{"fatigue": 1.0}, {"half_life": 0.0}, {"rest": -1.0}, {"cycle": 0.0}, {"rate": 0.0}]
)
def test_settings_that_cant_be_meant_are_refused(option: dict[str, float]) -> None:
    with pytest.raises(BadWorld, match=next(iter(option))):
        Settings(**option)
