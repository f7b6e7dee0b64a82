"""A site's shelves as a map: which copies stand there, what goes, what sits, and what was brought and taken away.

Moments are seconds, days 86 400 of them, as in hub.restock.stays.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from hub.restock.stays import DAY_S, Stay, Step, stays

LATELY = 60
"""Days that are looked back."""
OFTEN = 3
"""Times that a title must have been taken lately to go often."""
SITS, STALE = 30, 60
"""Days from which on a copy that nobody took sits, and sits too long."""
BLINK = 7
"""Days that a copy may be out of sight and still stand where it stood: nobody took it, the reader didn't see it."""


class Pace(StrEnum):
    """How a copy does on its shelf."""

    OFTEN = "often"
    """Its title was taken several times lately."""
    TAKEN = "taken"
    """… once or twice."""
    FRESH = "fresh"
    """Not taken lately, and not long there."""
    SITS = "sits"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy on a shelf."""

    item: str
    title: str | None
    """None when the catalogue doesn't know it."""
    days: int
    """That it has stood there."""
    times: int
    """That its title was taken here lately."""
    pace: Pace


@dataclass(frozen=True, slots=True)
class Goer:
    """A title that was taken lately."""

    title: str
    times: int
    there: int
    """Copies that stand here now."""


@dataclass(frozen=True, slots=True)
class Sitter:
    """A title that stands here, wasn't taken lately and has had SITS days for it."""

    title: str
    there: int
    days: int
    """Since it was last taken here, or came."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What couriers did on one day."""

    day: date
    loaded: int
    unloaded: int


@dataclass(frozen=True, slots=True)
class Shelves:
    """What stands at a site, and how it does."""

    copies: tuple[Copy, ...]
    """By item."""
    goers: tuple[Goer, ...]
    """The most often taken first."""
    sitters: tuple[Sitter, ...]
    """The longest first."""


def steady(found: Iterable[Stay]) -> Iterator[Stay]:
    """Stays of items one after the other, as `hub.restock.stays.stays` gives them, those joined that a reader only lost
    sight of in between."""
    held: Stay | None = None
    for stay in found:
        if held is not None:
            same = (stay.item, stay.site) == (held.item, held.site)
            if same and not held.taken and stay.begin - held.end <= BLINK * DAY_S:
                held = replace(stay, begin=held.begin)
                continue
            yield held
        held = stay
    if held is not None:
        yield held


def shelves(
    steps: Sequence[Step], site: str, standing: Mapping[str, float], titles: Mapping[str, str], now: float
) -> Shelves:
    """What stands at `site`: the items of `standing`, each with the moment since when for those no step tells of.

    `steps` of one item stand together, in order; they needn't reach back further than people want to know.
    """
    since = dict(standing)
    for stay in steady(stays(steps, now)):
        if stay.site == site and not stay.ended and stay.item in since:
            since[stay.item] = stay.begin
    times: Counter[str] = Counter()
    last: dict[str, float] = {}
    for step in steps:
        title = titles.get(step.item)
        if step.taken and step.site == site and step.at < now and title is not None:
            last[title] = max(step.at, last.get(title, step.at))
            times[title] += step.at >= now - LATELY * DAY_S
    copies = [_copy(item, titles.get(item), moment, times, now) for item, moment in sorted(since.items())]
    there: dict[str, list[Copy]] = defaultdict(list)
    for copy in copies:
        if copy.title is not None:
            there[copy.title].append(copy)
    goers = [Goer(title, count, len(there.get(title, ()))) for title, count in times.items() if count]
    sitters = []
    for title, some in there.items():
        if not times[title]:
            longest = max(copy.days for copy in some)
            idle = _days(now, last[title]) if title in last else longest
            if min(idle, longest) >= SITS:
                sitters.append(Sitter(title, len(some), min(idle, longest)))
    return Shelves(
        tuple(copies),
        tuple(sorted(goers, key=lambda one: (-one.times, one.title))),
        tuple(sorted(sitters, key=lambda one: (-one.days, one.title))),
    )


def deliveries(steps: Iterable[Step], site: str, day_of: Callable[[float], date]) -> tuple[Delivery, ...]:
    """Days on which couriers came to `site`, the newest first."""
    loaded: Counter[date] = Counter()
    unloaded: Counter[date] = Counter()
    for step in steps:
        if step.carried and step.site == site:
            (loaded if step.there else unloaded)[day_of(step.at)] += 1
    days = sorted(loaded.keys() | unloaded.keys(), reverse=True)
    return tuple(Delivery(day, loaded[day], unloaded[day]) for day in days)


def _copy(item: str, title: str | None, since: float, times: Counter[str], now: float) -> Copy:
    days, count = _days(now, since), times[title] if title is not None else 0
    if count:
        pace = Pace.OFTEN if count >= OFTEN else Pace.TAKEN
    else:
        pace = Pace.FRESH if days < SITS else Pace.SITS if days < STALE else Pace.STALE
    return Copy(item, title, days, count, pace)


def _days(now: float, since: float) -> int:
    return max(int((now - since) // DAY_S), 0)
