"""A calendar that other programs subscribe to (RFC 5545): delivery runs and closures as events."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

import icalendar

PRODUCT = "-//microlib//restock//EN"

_UNSENDABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class State(StrEnum):
    """How sure an event is; the values are the standard's."""

    PLANNED = "TENTATIVE"
    FIXED = "CONFIRMED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Event:
    """One entry: whole days, or from one moment to another. Raises ValueError for a mixture, or an end before it."""

    uid: str
    """The same for the same thing for ever, and nobody else's: with the library's host name in it. Not empty."""
    title: str
    first: date
    """A day, or a moment with its time zone."""
    last: date
    """As `first`; a day is included."""
    place: str = ""
    text: str = ""
    url: str = ""
    """Without blanks; empty: none."""
    state: State = State.FIXED

    def __post_init__(self) -> None:
        if not self.uid.strip():
            raise ValueError("an event needs a uid")
        if isinstance(self.first, datetime) != isinstance(self.last, datetime):
            raise ValueError(f"{self.uid} begins on a day and ends at a moment, or the other way round")
        if _naive(self.first) or _naive(self.last):
            raise ValueError(f"{self.uid} has a moment without its time zone")
        if self.last < self.first:
            raise ValueError(f"{self.uid} ends before it begins")
        if re.search(r"\s", self.url):
            raise ValueError(f"{self.uid} has blanks in its address")


def feed(name: str, events: Iterable[Event], stamp: datetime) -> bytes:
    """The calendar called `name`: UTF-8, lines folded at 75 bytes; its events in the order given.

    `stamp`: when all this was known, with its time zone. Moments are told in UTC; signs that no calendar can hold are
    left out of texts.
    """
    if _naive(stamp):
        raise ValueError("the stamp needs its time zone")
    calendar = icalendar.Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODUCT)
    calendar.add("method", "PUBLISH")
    # The name's older spelling is what most programs read still.
    for key in ("name", "x-wr-calname"):
        calendar.add(key, icalendar.vText(_clean(name)))
    for event in events:
        calendar.add_component(_entry(event, stamp))
    return bytes(calendar.to_ical())


def _entry(event: Event, stamp: datetime) -> icalendar.Event:
    entry = icalendar.Event()
    entry.add("uid", _clean(event.uid))
    entry.add("dtstamp", stamp.astimezone(UTC))
    if isinstance(event.first, datetime) and isinstance(event.last, datetime):
        entry.add("dtstart", event.first.astimezone(UTC))
        entry.add("dtend", event.last.astimezone(UTC))
    else:
        entry.add("dtstart", event.first)
        # The standard names the day after.
        entry.add("dtend", event.last + timedelta(days=1))
        entry.add("transp", "TRANSPARENT")
    entry.add("summary", _clean(event.title))
    entry.add("status", event.state.value)
    for key, value in (("location", event.place), ("description", event.text), ("url", event.url)):
        if value:
            entry.add(key, _clean(value))
    return entry


def _naive(moment: date) -> bool:
    return isinstance(moment, datetime) and moment.utcoffset() is None


def _clean(text: str) -> str:
    return _UNSENDABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
