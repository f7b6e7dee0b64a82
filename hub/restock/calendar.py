"""On which days a delivery run goes out, and to which of its sites.

A rhythm is an RFC 5545 recurrence rule and the day it counts from. Of the standard there is FREQ=DAILY, WEEKLY or
MONTHLY with INTERVAL, BYDAY or BYMONTHDAY, and COUNT or UNTIL; weeks begin on Monday, and UNTIL is a day:

    FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,FR      Tuesday and Friday of every other week
    FREQ=DAILY;INTERVAL=10                  every ten days
    FREQ=MONTHLY;BYDAY=-1WE;UNTIL=20271231  the last Wednesday of a month, until the end of 2027
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from dateutil.rrule import DAILY, MO, MONTHLY, WEEKLY, rrule, weekday

LONGEST = 200
"""Characters of a rule."""
MOST_INTERVAL = 366
MOST_COUNT = 9999
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
"""As the standard names them, in the order of `date.weekday()`."""
NTHS = (1, 2, 3, 4, -1)
"""Weeks of a month that every month has; -1: the last."""

_PARTS = ("FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "COUNT", "UNTIL")
_FREQUENCIES = {"DAILY": DAILY, "WEEKLY": WEEKLY, "MONTHLY": MONTHLY}


class Wrong(StrEnum):
    """What can be wrong with a rhythm; the value is a sentence, {found} what stands there."""

    EMPTY = "there is no rule"
    LONG = f"a rule has at most {LONGEST} characters"
    FORM = "a rule is made of parts like INTERVAL=2 with ; between them, but here is “{found}”"
    PART = "“{found}” can't be part of a rule; there are " + ", ".join(_PARTS)
    TWICE = "{found} stands in the rule twice"
    FREQUENCY = "FREQ must be DAILY, WEEKLY or MONTHLY, but is “{found}”"
    INTERVAL = f"INTERVAL must be a number from 1 to {MOST_INTERVAL}, but is “{{found}}”"
    COUNT = f"COUNT must be a number from 1 to {MOST_COUNT}, but is “{{found}}”"
    UNTIL = "UNTIL must be a day like 20271231, but is “{found}”"
    WEEKDAY = "BYDAY must be weekdays like MO,TH, but has “{found}”"
    NTH = "a weekday's week of the month, from 1 to 5 or from -1 to -5, goes with FREQ=MONTHLY only: “{found}”"
    MONTH_DAY = "BYMONTHDAY must be days from 1 to 31 or from -1 to -31, but has “{found}”"
    WEEKS_HAVE_NONE = "BYMONTHDAY doesn't go with FREQ=WEEKLY"
    BOTH_DAYS = "BYDAY and BYMONTHDAY don't go together"
    BOTH_ENDS = "COUNT and UNTIL don't go together"
    NEVER = "no day ever comes of this rule: {found}"


class BadRhythm(ValueError):
    """A text is no rhythm that runs can have; speaks in a sentence."""

    def __init__(self, wrong: Wrong, found: str = "") -> None:
        self.wrong, self.found = wrong, found
        super().__init__(wrong.format(found=found))


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A rule and the day it counts from. Raises BadRhythm when made of a rule that isn't one, or that has no day."""

    text: str
    """As in the module's examples; capitals or not, RRULE: before it or not."""
    first: date
    """No day comes before it; it has a trip itself only if the rule says so."""

    def __post_init__(self) -> None:
        rule = _read(self.text)
        # Would be looked for until the year 9999.
        stuck = rule.freq == "DAILY" and rule.interval % 7 == 0
        if stuck and rule.weekdays and self.first.weekday() not in {number for number, _ in rule.weekdays}:
            raise BadRhythm(Wrong.NEVER, self.text)
        if next(iter(_rrule(rule, self.first)), None) is None:
            raise BadRhythm(Wrong.NEVER, self.text)

    def days(self, start: date, end: date) -> tuple[date, ...]:
        """Days from `start` to `end`, both included, in their order."""
        if end < start or end < self.first:
            return ()
        found = _rrule(_read(self.text), self.first).between(_midnight(start), _midnight(end), inc=True)
        return tuple(moment.date() for moment in found)


@dataclass(frozen=True, slots=True)
class Weekly:
    """Every `every` weeks on some weekdays, Monday being 0; at least one."""

    every: int
    weekdays: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Daily:
    """Every `every` days."""

    every: int


@dataclass(frozen=True, slots=True)
class Monthly:
    """Every month on its `nth` (of NTHS) `weekday`, Monday being 0."""

    nth: int
    weekday: int


Choice = Weekly | Daily | Monthly
"""What a form offers."""


def rule_of(choice: Choice, until: date | None = None) -> str:
    """The rule that a plain choice is, up to and including `until`. Raises BadRhythm for a choice that is none."""
    match choice:
        case Weekly(every, weekdays):
            parts = [_every("WEEKLY", every), "BYDAY=" + ",".join(_name(day) for day in sorted(set(weekdays)))]
        case Daily(every):
            parts = [_every("DAILY", every)]
        case Monthly(nth, day):
            if nth not in NTHS:
                raise BadRhythm(Wrong.NTH, str(nth))
            parts = [_every("MONTHLY", 1), f"BYDAY={nth}{_name(day)}"]
    if until is not None:
        parts.append("UNTIL=" + until.isoformat().replace("-", ""))
    text = ";".join(parts)
    _read(text)
    return text


def choice_of(rhythm: Rhythm) -> tuple[Choice, date | None] | None:
    """The plain choice that a rhythm is, and its last day if it has one; None when no plain choice says the same."""
    rule = _read(rhythm.text)
    if rule.count is not None or rule.month_days:
        return None
    match rule.freq:
        case "WEEKLY":
            weekdays = {number for number, _ in rule.weekdays} or {rhythm.first.weekday()}
            return Weekly(rule.interval, tuple(sorted(weekdays))), rule.until
        case "DAILY":
            return None if rule.weekdays else (Daily(rule.interval), rule.until)
        case _:
            if rule.interval != 1 or len(rule.weekdays) != 1 or rule.weekdays[0][1] not in NTHS:
                return None
            number, nth = rule.weekdays[0]
            return Monthly(nth, number), rule.until


@dataclass(frozen=True, slots=True)
class Closure:
    """Days on which nothing is delivered."""

    site: str | None
    """None: to no site at all."""
    first: date
    last: date
    """Included."""
    reason: str = ""

    def holds(self, site: str, day: date) -> bool:
        return self.site in (None, site) and self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Trip:
    """One day of a rhythm."""

    day: date
    sites: tuple[str, ...]
    """Those gone to, in the run's order."""
    closed: Mapping[str, Closure]
    """Sites that fell out -> why; a closure of the site itself rather than one of all."""


@dataclass(frozen=True, slots=True)
class Trips:
    """What comes of a rhythm between two days."""

    made: tuple[Trip, ...]
    """With at least one site each."""
    off: tuple[Trip, ...]
    """Days of the rhythm without a trip, as every site is closed."""


def trips(rhythm: Rhythm, sites: Iterable[str], closures: Iterable[Closure], start: date, end: date) -> Trips:
    """The days of `rhythm` from `start` to `end`, both included, each with those of `sites` that are open."""
    stops = tuple(dict.fromkeys(sites))
    shut = sorted(closures, key=lambda one: (one.site is None, one.first, one.last, one.reason))
    found = []
    for day in rhythm.days(start, end):
        why = {site: next((one for one in shut if one.holds(site, day)), None) for site in stops}
        found.append(
            Trip(
                day,
                tuple(site for site, closure in why.items() if closure is None),
                {site: closure for site, closure in why.items() if closure is not None},
            )
        )
    return Trips(tuple(trip for trip in found if trip.sites), tuple(trip for trip in found if not trip.sites))


@dataclass(frozen=True, slots=True)
class _Rule:
    freq: str
    interval: int
    weekdays: tuple[tuple[int, int], ...]
    """(weekday, which of the month); 0: every one."""
    month_days: tuple[int, ...]
    count: int | None
    until: date | None


_WEEKDAY = re.compile(rf"([+-]?[1-5])?({'|'.join(WEEKDAYS)})")
_MONTH_DAY = re.compile(r"[+-]?(?:0?[1-9]|[12][0-9]|3[01])")


def _read(text: str) -> _Rule:
    parts = _parts(text)
    freq = parts.get("FREQ", "")
    if freq not in _FREQUENCIES:
        raise BadRhythm(Wrong.FREQUENCY, freq)
    if "BYDAY" in parts and "BYMONTHDAY" in parts:
        raise BadRhythm(Wrong.BOTH_DAYS)
    if "COUNT" in parts and "UNTIL" in parts:
        raise BadRhythm(Wrong.BOTH_ENDS)
    if freq == "WEEKLY" and "BYMONTHDAY" in parts:
        raise BadRhythm(Wrong.WEEKS_HAVE_NONE)
    return _Rule(
        freq,
        _number(parts.get("INTERVAL", "1"), MOST_INTERVAL, Wrong.INTERVAL),
        tuple(_weekday(one, freq) for one in parts["BYDAY"].split(",")) if "BYDAY" in parts else (),
        tuple(_month_day(one) for one in parts["BYMONTHDAY"].split(",")) if "BYMONTHDAY" in parts else (),
        _number(parts["COUNT"], MOST_COUNT, Wrong.COUNT) if "COUNT" in parts else None,
        _day(parts["UNTIL"]) if "UNTIL" in parts else None,
    )


def _parts(text: str) -> dict[str, str]:
    if len(text) > LONGEST:
        raise BadRhythm(Wrong.LONG)
    rule = text.strip().upper().removeprefix("RRULE:")
    if not rule:
        raise BadRhythm(Wrong.EMPTY)
    parts: dict[str, str] = {}
    for part in rule.split(";"):
        name, sign, value = part.partition("=")
        if not (name and sign and value):
            raise BadRhythm(Wrong.FORM, part)
        if name not in _PARTS:
            raise BadRhythm(Wrong.PART, name)
        if name in parts:
            raise BadRhythm(Wrong.TWICE, name)
        parts[name] = value
    return parts


def _number(text: str, most: int, wrong: Wrong) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 1 <= int(text) <= most:
        raise BadRhythm(wrong, text)
    return int(text)


def _weekday(text: str, freq: str) -> tuple[int, int]:
    found = _WEEKDAY.fullmatch(text)
    if found is None:
        raise BadRhythm(Wrong.WEEKDAY, text)
    if found[1] and freq != "MONTHLY":
        raise BadRhythm(Wrong.NTH, text)
    return WEEKDAYS.index(found[2]), int(found[1] or 0)


def _month_day(text: str) -> int:
    if not _MONTH_DAY.fullmatch(text):
        raise BadRhythm(Wrong.MONTH_DAY, text)
    return int(text)


def _day(text: str) -> date:
    if re.fullmatch(r"[0-9]{8}", text):
        try:
            return date(int(text[:4]), int(text[4:6]), int(text[6:]))
        except ValueError:
            pass
    raise BadRhythm(Wrong.UNTIL, text)


def _every(freq: str, every: int) -> str:
    return f"FREQ={freq}" if every == 1 else f"FREQ={freq};INTERVAL={every}"


def _name(day: int) -> str:
    if not 0 <= day < len(WEEKDAYS):
        raise BadRhythm(Wrong.WEEKDAY, str(day))
    return WEEKDAYS[day]


def _rrule(rule: _Rule, first: date) -> rrule:
    return rrule(
        _FREQUENCIES[rule.freq],
        dtstart=_midnight(first),
        interval=rule.interval,
        wkst=MO,
        byweekday=[weekday(number, nth or None) for number, nth in rule.weekdays] or None,
        bymonthday=rule.month_days or None,
        count=rule.count,
        until=None if rule.until is None else _midnight(rule.until),
        cache=False,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())
