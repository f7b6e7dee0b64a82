"""Runs go out on the days their rule names, never to a site that is closed, and nobody wonders why one fell out."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.restock.calendar import (
    NTHS,
    BadRhythm,
    Choice,
    Closure,
    Daily,
    Monthly,
    Rhythm,
    Trip,
    Weekly,
    Wrong,
    choice_of,
    rule_of,
    trips,
)

JANUARY = date(2027, 1, 1)
"""A Friday."""
DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))
CHOICES: st.SearchStrategy[Choice] = st.one_of(
    st.builds(
        Weekly,
        st.integers(1, 60),
        st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
    ),
    st.builds(Daily, st.integers(1, 366)),
    st.builds(Monthly, st.sampled_from(NTHS), st.integers(0, 6)),
)


def days(text: str, first: date = JANUARY, last: date = date(2027, 3, 31)) -> list[str]:
    return [f"{day:%m-%d}" for day in Rhythm(text, first).days(first, last)]


def monday(day: date) -> date:
    return day - timedelta(day.weekday())


def said_plainly(choice: Choice, first: date, day: date) -> bool:
    """Whether a day belongs to a choice, by counting on one's fingers."""
    match choice:
        case Weekly(every, weekdays):
            weeks = (monday(day) - monday(first)).days // 7
            return day.weekday() in weekdays and weeks % every == 0
        case Daily(every):
            return (day - first).days % every == 0
        case Monthly(nth, weekday):
            same = [day + timedelta(7 * week) for week in range(-5, 6)]
            of_month = [one for one in same if (one.year, one.month) == (day.year, day.month)]
            return day.weekday() == weekday and of_month[nth - 1 if nth > 0 else nth] == day


def test_every_other_week_keeps_its_weeks_over_the_new_year() -> None:
    found = Rhythm("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,FR", date(2026, 12, 22)).days(date(2026, 12, 1), date(2027, 1, 31))
    assert [day.isoformat() for day in found] == [
        "2026-12-22",
        "2026-12-25",
        "2027-01-05",
        "2027-01-08",
        "2027-01-19",
        "2027-01-22",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FREQ=DAILY;INTERVAL=30", ["01-01", "01-31", "03-02"]),
        ("FREQ=MONTHLY;BYDAY=-1WE", ["01-27", "02-24", "03-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31", ["01-31", "03-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1,1", ["01-01", "01-31", "02-01", "02-28", "03-01", "03-31"]),
        ("FREQ=MONTHLY", ["01-01", "02-01", "03-01"]),
        ("FREQ=WEEKLY;COUNT=2", ["01-01", "01-08"]),
        ("FREQ=WEEKLY;BYDAY=MO;COUNT=2", ["01-04", "01-11"]),
        ("FREQ=WEEKLY;UNTIL=20270115", ["01-01", "01-08", "01-15"]),
        ("rrule:freq=weekly;until=20270114", ["01-01", "01-08"]),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=FR;COUNT=2", ["01-01", "01-08"]),
    ],
)
def test_a_rule_has_the_days_that_the_standard_gives_it(text: str, expected: list[str]) -> None:
    assert days(text) == expected


def test_a_count_is_of_the_rhythm_and_not_of_the_days_looked_at() -> None:
    rhythm = Rhythm("FREQ=DAILY;COUNT=3", JANUARY)
    assert rhythm.days(date(2027, 1, 3), date(2027, 12, 31)) == (date(2027, 1, 3),)
    assert rhythm.days(date(2027, 1, 4), date(2027, 12, 31)) == ()


def test_no_day_is_outside_of_what_was_asked_for() -> None:
    rhythm = Rhythm("FREQ=DAILY", JANUARY)
    assert rhythm.days(date(2020, 1, 1), date(2026, 12, 31)) == ()
    assert rhythm.days(date(2027, 5, 2), date(2027, 5, 1)) == ()
    assert rhythm.days(JANUARY, JANUARY) == (JANUARY,)


@pytest.mark.parametrize(
    ("text", "wrong", "found"),
    [
        ("", Wrong.EMPTY, ""),
        ("RRULE:", Wrong.EMPTY, ""),
        ("FREQ=DAILY;" * 50, Wrong.LONG, ""),
        ("FREQ=DAILY;", Wrong.FORM, ""),
        ("every day", Wrong.FORM, "EVERY DAY"),
        ("FREQ=DAILY;BYHOUR=3", Wrong.PART, "BYHOUR"),
        ("FREQ=DAILY;WKST=SU", Wrong.PART, "WKST"),
        ("FREQ=DAILY;FREQ=DAILY", Wrong.TWICE, "FREQ"),
        ("INTERVAL=2", Wrong.FREQUENCY, ""),
        ("FREQ=SECONDLY", Wrong.FREQUENCY, "SECONDLY"),
        ("FREQ=DAILY;INTERVAL=0", Wrong.INTERVAL, "0"),
        ("FREQ=DAILY;INTERVAL=-1", Wrong.INTERVAL, "-1"),
        ("FREQ=DAILY;INTERVAL=367", Wrong.INTERVAL, "367"),
        ("FREQ=DAILY;INTERVAL=²", Wrong.INTERVAL, "²"),
        ("FREQ=DAILY;COUNT=0", Wrong.COUNT, "0"),
        ("FREQ=DAILY;COUNT=99999999", Wrong.COUNT, "99999999"),
        ("FREQ=DAILY;UNTIL=20270230", Wrong.UNTIL, "20270230"),
        ("FREQ=DAILY;UNTIL=20270228T000000Z", Wrong.UNTIL, "20270228T000000Z"),
        ("FREQ=WEEKLY;BYDAY=MO,", Wrong.WEEKDAY, ""),
        ("FREQ=WEEKLY;BYDAY=MON", Wrong.WEEKDAY, "MON"),
        ("FREQ=MONTHLY;BYDAY=6MO", Wrong.WEEKDAY, "6MO"),
        ("FREQ=WEEKLY;BYDAY=1MO", Wrong.NTH, "1MO"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", Wrong.MONTH_DAY, "32"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", Wrong.MONTH_DAY, "0"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", Wrong.WEEKS_HAVE_NONE, ""),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", Wrong.BOTH_DAYS, ""),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", Wrong.BOTH_ENDS, ""),
    ],
)
def test_a_rule_that_is_none_is_refused_with_what_is_wrong(text: str, wrong: Wrong, found: str) -> None:
    with pytest.raises(BadRhythm) as refused:
        Rhythm(text, JANUARY)
    assert (refused.value.wrong, refused.value.found) == (wrong, found)
    assert "{" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("FREQ=WEEKLY;UNTIL=20261231", JANUARY),
        ("FREQ=DAILY;INTERVAL=14;BYDAY=MO", JANUARY),
        ("FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31", date(2027, 2, 1)),
    ],
)
def test_a_rule_without_a_single_day_is_refused(text: str, first: date) -> None:
    with pytest.raises(BadRhythm, match="no day ever comes"):
        Rhythm(text, first)


@given(CHOICES, DAYS, DAYS, st.none() | DAYS)
def test_the_days_of_a_choice_are_those_it_says(choice: Choice, first: date, start: date, until: date | None) -> None:
    try:
        rhythm = Rhythm(rule_of(choice, until), first)
    except BadRhythm as refused:
        if refused.wrong is Wrong.NEVER and until is not None:
            return
        raise
    span = [start + timedelta(count) for count in range(70)]
    found = rhythm.days(span[0], span[-1])
    expected = [day for day in span if first <= day <= (until or day) and said_plainly(choice, first, day)]
    assert list(found) == expected


@given(CHOICES, DAYS, st.none() | st.dates(date(2036, 1, 1), date(9000, 1, 1)))
def test_a_form_shows_the_choice_that_was_made(choice: Choice, first: date, until: date | None) -> None:
    assert choice_of(Rhythm(rule_of(choice, until), first)) == (choice, until)


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=DAILY;COUNT=3",
        "FREQ=DAILY;BYDAY=MO",
        "FREQ=MONTHLY",
        "FREQ=MONTHLY;BYDAY=MO",
        "FREQ=MONTHLY;BYDAY=5MO",
        "FREQ=MONTHLY;BYDAY=1MO,1TU",
        "FREQ=MONTHLY;INTERVAL=2;BYDAY=1MO",
        "FREQ=MONTHLY;BYMONTHDAY=1",
    ],
)
def test_a_rule_that_no_form_offers_is_no_choice(text: str) -> None:
    assert choice_of(Rhythm(text, JANUARY)) is None


def test_a_week_without_weekdays_is_on_the_first_days() -> None:
    assert choice_of(Rhythm("FREQ=WEEKLY", JANUARY)) == (Weekly(1, (4,)), None)


@pytest.mark.parametrize("choice", [Weekly(1, ()), Weekly(1, (7,)), Weekly(0, (1,)), Daily(999), Monthly(5, 1)])
def test_a_choice_that_no_form_offers_is_no_rule(choice: Choice) -> None:
    with pytest.raises(BadRhythm):
        rule_of(choice)


# --- trips ---

WEEKLY = Rhythm("FREQ=WEEKLY;BYDAY=FR", JANUARY)


def test_a_closed_site_falls_out_and_the_others_are_gone_to() -> None:
    shut = Closure("park", date(2027, 1, 4), date(2027, 1, 8), "painting")
    found = trips(WEEKLY, ["school", "park"], [shut], JANUARY, date(2027, 1, 15))
    assert found.made == (
        Trip(date(2027, 1, 1), ("school", "park"), {}),
        Trip(date(2027, 1, 8), ("school",), {"park": shut}),
        Trip(date(2027, 1, 15), ("school", "park"), {}),
    )
    assert found.off == ()


def test_a_day_on_which_every_site_is_closed_has_no_trip() -> None:
    feast = Closure(None, date(2027, 1, 8), date(2027, 1, 8), "feast")
    own = Closure("park", date(2027, 1, 8), date(2027, 1, 9), "painting")
    found = trips(WEEKLY, ["school", "park"], [feast, own], JANUARY, date(2027, 1, 15))
    assert [trip.day.day for trip in found.made] == [1, 15]
    assert found.off == (Trip(date(2027, 1, 8), (), {"school": feast, "park": own}),)


def test_a_closure_elsewhere_says_nothing() -> None:
    elsewhere = Closure("museum", JANUARY, date(2027, 12, 31))
    found = trips(WEEKLY, ["school"], [elsewhere], JANUARY, JANUARY)
    assert found.made == (Trip(JANUARY, ("school",), {}),)


@given(
    CHOICES,
    st.lists(st.sampled_from("abcd"), unique=True),
    st.lists(st.builds(Closure, st.none() | st.sampled_from("abcd"), DAYS, DAYS)),
    DAYS,
)
def test_every_site_of_every_day_is_gone_to_or_told_to_be_closed(
    choice: Choice, sites: list[str], closures: list[Closure], start: date
) -> None:
    rhythm = Rhythm(rule_of(choice), start)
    end = start + timedelta(100)
    found = trips(rhythm, sites, closures, start, end)
    assert sorted(trip.day for trip in (*found.made, *found.off)) == list(rhythm.days(start, end))
    assert all(trip.sites for trip in found.made)
    assert not any(trip.sites for trip in found.off)
    for trip in (*found.made, *found.off):
        assert {*trip.sites, *trip.closed} == set(sites)
        assert not any(closure.holds(site, trip.day) for site in trip.sites for closure in closures)
        assert all(closure.holds(site, trip.day) for site, closure in trip.closed.items())
