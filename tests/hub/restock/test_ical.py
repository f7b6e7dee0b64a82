"""What other calendar programs read is what was said, in whatever language."""

from datetime import UTC, date, datetime, timedelta, timezone

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.restock.ical import Event, State, feed

STAMP = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
BEIJING = timezone(timedelta(hours=8))
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.just("\n"), max_size=200)
DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(BEIJING)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)


def read(content: bytes) -> list[icalendar.Event]:
    calendar = icalendar.Calendar.from_ical(content)
    assert calendar.errors == []
    found = list(calendar.walk("VEVENT"))
    assert all(isinstance(event, icalendar.Event) and event.errors == [] for event in found)
    return found


def run(**changed: object) -> Event:
    values = {"uid": "run-1@example.org", "title": "配送：地铁站", "first": date(2027, 1, 5), "last": date(2027, 1, 5)}
    return Event(**{**values, **changed})  # type: ignore[arg-type]


def test_a_whole_day_ends_before_the_next() -> None:
    content = feed("微图书馆 runs", [run()], STAMP)
    assert content.decode("utf-8").split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//microlib//restock//EN",
        "METHOD:PUBLISH",
        "NAME:微图书馆 runs",
        "X-WR-CALNAME:微图书馆 runs",
        "BEGIN:VEVENT",
        "SUMMARY:配送：地铁站",
        "DTSTART;VALUE=DATE:20270105",
        "DTEND;VALUE=DATE:20270106",
        "DTSTAMP:20270102T030405Z",
        "UID:run-1@example.org",
        "STATUS:CONFIRMED",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


def test_moments_are_told_in_universal_time() -> None:
    start = datetime(2027, 1, 5, 7, 30, tzinfo=BEIJING)
    content = feed("runs", [run(first=start, last=start + timedelta(hours=2), state=State.CANCELLED)], STAMP)
    assert b"DTSTART:20270104T233000Z\r\nDTEND:20270105T013000Z\r\n" in content
    assert b"STATUS:CANCELLED\r\n" in content


def test_the_same_events_are_the_same_bytes() -> None:
    assert feed("runs", [run(), run(uid="2")], STAMP) == feed("runs", [run(), run(uid="2")], STAMP)


@given(
    TEXTS,
    st.lists(
        st.builds(
            lambda uid, title, spell, place, text, state: Event(
                uid, title, min(spell), max(spell), place, text, "https://example.org/r?a=1,2;b", state
            ),
            st.from_regex(r"[a-z0-9-]{1,80}@example\.org", fullmatch=True),
            TEXTS,
            st.tuples(DAYS, DAYS) | st.tuples(MOMENTS, MOMENTS),
            TEXTS,
            TEXTS,
            st.sampled_from(State),
        ),
        max_size=4,
    ),
)
def test_what_is_read_is_what_was_said(name: str, events: list[Event]) -> None:
    content = feed(name, events, STAMP)
    assert max(len(line) for line in content.split(b"\r\n")) <= 75
    for event, entry in zip(events, read(content), strict=True):
        assert str(entry["uid"]) == event.uid
        assert str(entry["summary"]) == event.title
        assert str(entry.get("location", "")) == event.place
        assert str(entry.get("description", "")) == event.text
        assert str(entry["url"]) == event.url
        assert str(entry["status"]) == event.state
        whole = timedelta(0) if isinstance(event.last, datetime) else timedelta(1)
        assert (entry["dtstart"].dt, entry["dtend"].dt - whole) == (event.first, event.last)
        assert entry["dtstamp"].dt == STAMP


def test_signs_that_no_calendar_can_hold_are_left_out() -> None:
    (entry,) = read(feed("runs", [run(title="a\x00b\x07c\rd\r\ne\ud800")], STAMP))
    assert str(entry["summary"]) == "abc\nd\ne"


NAIVE = datetime(2027, 1, 5)  # noqa: DTZ001


@pytest.mark.parametrize(
    "changed",
    [
        {"uid": " "},
        {"first": date(2027, 1, 6)},
        {"first": datetime(2027, 1, 5, tzinfo=UTC)},
        {"first": NAIVE, "last": NAIVE},
        {"url": "https://example.org/a\r\nSUMMARY:x"},
    ],
)
def test_an_event_that_makes_no_sense_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        run(**changed)


def test_a_stamp_without_its_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="stamp"):
        feed("runs", [], NAIVE)
