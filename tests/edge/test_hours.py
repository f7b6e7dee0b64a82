"""Opening hours as site.toml has them."""

from datetime import datetime, timedelta

import pytest

from edge.hours import Hours
from edge.phrases import week

MONDAY = datetime(2026, 11, 23)  # noqa: DTZ001 (the site's own time)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


WEEK = Hours.read(["mon-fri 08:00-22:00", "sat,sun 09:00-18:00"])


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        (at(0, 7, 59), False),
        (at(0, 8), True),
        (at(4, 21, 59), True),
        (at(4, 22), False),
        (at(5, 8, 30), False),
        (at(6, 9), True),
        (at(6, 18), False),
    ],
)
def test_a_door_opens_within_its_hours_only(when: datetime, is_open: bool) -> None:
    assert WEEK.open_at(when) is is_open


def test_without_hours_it_always_opens_and_never_shuts() -> None:
    assert Hours().open_at(at(3, 3))
    assert Hours().closes_in(at(3, 3)) is None


def test_how_long_it_stays_open_is_known() -> None:
    assert WEEK.closes_in(at(1, 21, 50)) == timedelta(minutes=10)
    assert WEEK.closes_in(at(1, 23)) is None


def test_a_night_goes_on_into_the_next_day_and_over_the_end_of_the_week() -> None:
    night = Hours.read(["sun 20:00-02:00"])
    assert night.open_at(at(6, 23))
    assert night.open_at(at(0, 1, 59))
    assert not night.open_at(at(0, 2))
    assert night.closes_in(at(6, 23)) == timedelta(hours=3)


def test_spans_that_touch_are_one() -> None:
    both = Hours.read(["mon 08:00-24:00", "tue 00:00-02:00"])
    assert both.closes_in(at(0, 23)) == timedelta(hours=3)


@pytest.mark.parametrize(
    "line", ["always", "mon 8-22", "mon-fry 08:00-22:00", "mon 08:00-25:00", "mon 08:61-09:00", "mon 24:00-02:00", 7]
)
def test_hours_that_are_none_are_named(line: object) -> None:
    with pytest.raises(ValueError, match=str(line)):
        Hours.read([line])


def test_the_week_is_told_with_days_that_are_alike_together() -> None:
    assert week.told(WEEK, "zh-CN") == "周一至周五 08:00–22:00；周六、周日 09:00–18:00"
    assert week.told(WEEK, "en") == "Mon–Fri 08:00–22:00; Sat, Sun 09:00–18:00"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "day and night"),
        (["mon-sun 06:00-24:00"], "daily 06:00–24:00"),
        (["tue 09:00-12:00", "tue 14:00-18:00"], "Tue 09:00–12:00, 14:00–18:00"),
        (["fri 20:00-02:00"], "Fri 20:00–02:00"),
        (["sun,mon 08:00-10:00"], "Mon 08:00–10:00; Sun 08:00–10:00"),
    ],
)
def test_a_week_of_any_shape_is_told(lines: list[str], said: str) -> None:
    assert week.told(Hours.read(lines), "en") == said
