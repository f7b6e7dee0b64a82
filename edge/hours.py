"""Opening hours of a door: "mon-fri 08:00-22:00". Pure."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([a-z,-]+)\s+(\d\d):(\d\d)-(\d\d):(\d\d)")
_DAY_MIN = 24 * 60
_WEEK_MIN = 7 * _DAY_MIN


@dataclass(frozen=True, slots=True)
class Hours:
    """Spans of a week in which a door opens; none at all means always."""

    spans: tuple[tuple[int, int], ...] = ()
    """Minutes from Monday's midnight, begin and end; an end past the week's goes on at its beginning."""

    @classmethod
    def read(cls, lines: Any) -> "Hours":
        """From lines as site.toml has them; raises ValueError naming the line.

        Days are mon … sun, single, with commas or from-to; a span that ends at or before its begin ends the next day.
        """
        if not isinstance(lines, list | tuple):
            raise ValueError('hours are a list, such as ["mon-fri 08:00-22:00", "sat,sun 09:00-18:00"]')
        return cls(tuple(sorted(span for line in lines for span in _spans(line))))

    def open_at(self, when: datetime) -> bool:
        """Whether the door opens at that time, the site's own."""
        return not self.spans or self._left(when) is not None

    def closes_in(self, when: datetime) -> timedelta | None:
        """How long it stays open; None: it is shut, or never shuts."""
        left = self._left(when) if self.spans else None
        return None if left is None else timedelta(minutes=left)

    def days(self) -> tuple[tuple[str, ...], ...]:
        """For each day of the week, Monday first, the spans that begin on it: "08:00–22:00"."""
        return tuple(
            tuple(
                f"{_clock(b % _DAY_MIN)}–{_clock(b % _DAY_MIN + e - b)}" for b, e in self.spans if b // _DAY_MIN == day
            )
            for day in range(7)
        )

    def _left(self, when: datetime) -> float | None:
        now = when.weekday() * _DAY_MIN + when.hour * 60 + when.minute + when.second / 60
        ends = [end - at for begin, end in self.spans for at in (now, now + _WEEK_MIN) if begin <= at < end]
        if not ends:
            return None
        left = max(ends)
        for _ in self.spans:  # spans that touch are one
            more = [e - b for b, e in self.spans if abs((now + left - b) % _WEEK_MIN) < 1e-6]
            if not more or left >= _WEEK_MIN:
                break
            left += max(more)
        return left

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, cls) else cls.read(value)
        )


def _clock(minute: int) -> str:
    """The time so many minutes after a midnight; the midnight that ends that day is 24:00."""
    within = minute if minute <= _DAY_MIN else minute - _DAY_MIN
    return f"{within // 60:02}:{within % 60:02}"


def _spans(line: object) -> list[tuple[int, int]]:
    found = _SPAN.fullmatch(line.strip().lower()) if isinstance(line, str) else None
    if found is None:
        raise ValueError(f'{line!r} are no hours; write "mon-fri 08:00-22:00"')
    days, *times = found.groups()
    begin, end = int(times[0]) * 60 + int(times[1]), int(times[2]) * 60 + int(times[3])
    if int(times[1]) > 59 or int(times[3]) > 59 or begin >= _DAY_MIN or end > _DAY_MIN:
        raise ValueError(f"{line!r}: there is no such time")
    if end <= begin:
        end += _DAY_MIN
    return [(day * _DAY_MIN + begin, day * _DAY_MIN + end) for day in _days(days, line)]


def _days(text: str, line: object) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(f"{line!r}: {part!r} is no day; there are {', '.join(DAYS)}")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        found += [day % 7 for day in range(begin, (end if end >= begin else end + 7) + 1)]
    return sorted(set(found))
