"""What plans expected against what happened: loans from a run to the next, by site, by theme, by title, by copy.

Days are the library's; moments are seconds, as in hub.restock.stays.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from hub.restock.stays import Stay


class Progress(StrEnum):
    """How far the time is that loans were expected for."""

    AHEAD = "ahead"
    """Its first day is still to come."""
    RUNNING = "running"
    WHOLE = "whole"
    """It is over, and what happened can be judged."""
    CUT = "cut"
    """The next run came sooner than was planned for: what happened can't be judged."""


_UNDONE = (Progress.AHEAD, Progress.RUNNING, Progress.CUT, Progress.WHOLE)
"""What is said of several, the first of them."""


@dataclass(frozen=True, slots=True)
class Span:
    """The time from a run to the next at one site."""

    begin: date
    end: date
    """The first day that no longer counts."""
    days: int
    """That loans were expected for."""
    progress: Progress
    passed: int
    """Days of it that have begun."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a plan expected at one site."""

    site: str
    loans: float
    low: int
    high: int
    """With four chances in five the loans lie between these."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a plan wanted of one title at one site."""

    title: str
    site: str
    copies: int
    brought: int
    """Of the copies: those that weren't there before."""
    loans: float
    """Expected."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One loan that counts."""

    title: str | None
    """None when the catalogue doesn't know the item."""
    site: str
    day: date


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme that campaigns wanted at sites of a plan."""

    number: int
    titles: frozenset[str] = field(repr=False)
    sites: frozenset[str]


@dataclass(frozen=True, slots=True)
class Result:
    """What was expected of a site or a theme, and what happened."""

    key: str
    """A site, or a theme's number; empty for a whole plan."""
    span: Span
    expected: float
    low: int | None
    high: int | None
    """None: no interval was told."""
    happened: int

    @property
    def within(self) -> bool | None:
        """What happened lies in the interval; None when that can't be judged (yet)."""
        if self.low is None or self.high is None or self.span.progress is not Progress.WHOLE:
            return None
        return self.low <= self.happened <= self.high

    @property
    def by_now(self) -> float:
        """What would have happened by now if loans came evenly."""
        return self.expected * min(self.span.passed / self.span.days, 1.0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One title at one site: what was expected, and what happened."""

    line: Line
    happened: int

    @property
    def beyond(self) -> float:
        """Loans more than expected; below 0: fewer."""
        return self.happened - self.line.loans


@dataclass(frozen=True, slots=True)
class Brought:
    """One copy that was to be brought to a site, and what became of it until the next run."""

    item: str
    title: str
    site: str
    arrived: bool
    """It was seen on a shelf there."""
    taken: int
    """Times."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Finished results of one site or theme, taken together."""

    key: str
    plans: int
    expected: float
    happened: int
    within: int
    """Results inside their interval …"""
    judged: int
    """… of those that had one."""


def span(day: date, cycle: int, following: date | None, today: date) -> Span:
    """The time from a run on `day` to the next one, `cycle` days later unless one came sooner, as it stands today."""
    planned = day + timedelta(days=cycle)
    cut = following is not None and day < following < planned
    end = following if cut and following is not None else planned
    if today < day:
        progress = Progress.AHEAD
    elif today < end:
        progress = Progress.RUNNING
    else:
        progress = Progress.CUT if cut else Progress.WHOLE
    passed = min(max((today - day).days + 1, 0), (end - day).days)
    return Span(day, end, cycle, progress, passed)


def together(spans: Iterable[Span]) -> Span:
    """The time of several sites of one plan: over when all are. There must be one."""
    found = list(spans)
    progress = next(one for one in _UNDONE if any(span.progress is one for span in found))
    longest = max(found, key=lambda span: span.end)
    return Span(longest.begin, longest.end, longest.days, progress, max(span.passed for span in found))


def by_site(
    expected: Sequence[Expected], spans: Mapping[str, Span], taken: Iterable[Taken], low: int, high: int
) -> tuple[Result, tuple[Result, ...]]:
    """A whole plan, with its interval `low` to `high`, and each of its sites: every loan there counts."""
    counted = Counter(one.site for one in _counting(taken, spans))
    sites = tuple(
        Result(one.site, spans[one.site], one.loans, one.low, one.high, counted[one.site]) for one in expected
    )
    loans = sum(one.loans for one in expected)
    return Result("", together(spans.values()), loans, low, high, counted.total()), sites


def by_theme(
    themes: Iterable[Theme], lines: Sequence[Line], spans: Mapping[str, Span], taken: Iterable[Taken]
) -> tuple[Result, ...]:
    """Each theme at the sites where it was wanted; plans tell no interval for themes."""
    counting = list(_counting(taken, spans))
    found = []
    for theme in themes:
        here = [site for site in sorted(theme.sites) if site in spans]
        if here:
            expected = sum(line.loans for line in lines if line.title in theme.titles and line.site in theme.sites)
            happened = sum(one.title in theme.titles and one.site in theme.sites for one in counting)
            united = together(spans[site] for site in here)
            found.append(Result(str(theme.number), united, expected, None, None, happened))
    return tuple(found)


def by_title(lines: Iterable[Line], spans: Mapping[str, Span], taken: Iterable[Taken]) -> tuple[Outcome, ...]:
    """Each line in its order."""
    counted = Counter((one.title, one.site) for one in _counting(taken, spans))
    return tuple(Outcome(line, counted[line.title, line.site]) for line in lines if line.site in spans)


def best(outcomes: Iterable[Outcome], most: int) -> tuple[Outcome, ...]:
    """Those taken more often than expected, the furthest beyond first."""
    beyond = (one for one in outcomes if one.beyond > 0)
    return tuple(sorted(beyond, key=lambda one: (-one.beyond, one.line.site, one.line.title))[:most])


def worst(outcomes: Iterable[Outcome], most: int) -> tuple[Outcome, ...]:
    """Those taken less often than expected, the furthest below first."""
    below = (one for one in outcomes if one.beyond < 0)
    return tuple(sorted(below, key=lambda one: (one.beyond, one.line.site, one.line.title))[:most])


def brought(
    wanted: Iterable[tuple[str, str, str]], stays: Iterable[Stay], times: Mapping[str, tuple[float, float]]
) -> tuple[Brought, ...]:
    """Copies (item, title, site) that were to be brought, by their stays; `times`: when each site's begins and ends."""
    at: dict[tuple[str, str], list[Stay]] = defaultdict(list)
    for stay in stays:
        begin, end = times.get(stay.site, (0.0, 0.0))
        if stay.begin < end and stay.end >= begin:
            at[stay.item, stay.site].append(stay)
    return tuple(
        Brought(
            item,
            title,
            site,
            bool(at[item, site]),
            sum(stay.taken and stay.end < times[site][1] for stay in at[item, site]),
        )
        for item, title, site in wanted
    )


def sums(results: Iterable[Result]) -> tuple[Sum, ...]:
    """Finished results by key, in the order of keys."""
    found: dict[str, list[Result]] = defaultdict(list)
    for one in results:
        if one.span.progress is Progress.WHOLE:
            found[one.key].append(one)
    return tuple(
        Sum(
            key,
            len(part),
            sum(one.expected for one in part),
            sum(one.happened for one in part),
            sum(one.within is True for one in part),
            sum(one.within is not None for one in part),
        )
        for key, part in sorted(found.items())
    )


def _counting(taken: Iterable[Taken], spans: Mapping[str, Span]) -> Iterable[Taken]:
    for one in taken:
        span = spans.get(one.site)
        if span is not None and span.begin <= one.day < span.end:
            yield one
