"""A station tries itself at night, while nobody is there: when, and what a shelf's count says of its reader. Pure.

Nothing is moved for it: no lock is released. It makes way for whoever comes.
"""

from datetime import date, datetime, time, timedelta

from edge.shelf import Shelf, Tally
from edge.stations.state import Cabinet, Count, Plan
from protocol.events import SelfTested, Tested
from protocol.names import Frozen, StationName, TagUid

APART_S = 12 * 3600.0
"""Between two self-tests, at least: one that was caught up by day puts off the next night's."""
SOON_S = 1.0
LONGEST_S = 25 * 3600.0
"""A clock that stands still, or begins anew at each start, puts off none for longer than this."""


class Trial(Frozen):
    """The last self-test of a station; kept in the journal, as `trial/<station>`."""

    night: date
    """The date on which its hour had last struck, by the clock of then."""
    fact: SelfTested


def night_of(here: datetime, at: time) -> date:
    """The date on which that hour last struck."""
    return here.date() if here.time() >= at else here.date() - timedelta(days=1)


def due_s(here: datetime, trusted: bool, at: time, last: date | None, since_s: float | None, up_s: float) -> float:
    """Seconds until a self-test is due, at least one, or 0 when it is: once after each time that hour `at` strikes.

    `here` is the site's time, `trusted` whether somebody vouches for it, `last` the night of the last self-test,
    `since_s` how long ago that was if it was in this process, `up_s` how long the process runs. A night that lies
    ahead was noted by a clock that was wrong; which of the two clocks that is, only a trusted one can tell.
    """
    if since_s is not None and since_s < APART_S:
        return max(SOON_S, APART_S - since_s)
    night = night_of(here, at)
    missed = last is None or night > last or (trusted and night < last)
    if missed or (up_s if since_s is None else since_s) >= LONGEST_S:
        return 0.0
    strikes = datetime.combine(night + timedelta(days=1), at, here.tzinfo)
    return max(SOON_S, (strikes - here).total_seconds())


def told(station: StationName, parts: tuple[Tested, ...]) -> SelfTested:
    """The fact of a self-test that tried these."""
    return SelfTested(station=station, ok=all(part.ok for part in parts), parts=parts)


def tried_shelf(before: Shelf, tally: Tally, reference: TagUid | None, percent: int) -> Tested:
    """What a count says of the shelf's reader: whether it sees the reference tag, and enough of what it last knew."""
    known = [s.tag for s in before.present]
    seen = sum(tag in tally.seen for tag in known)
    clear = tally.clear > 0
    words = f"{seen} of {len(known)} known tags in {tally.rounds} rounds"
    if reference is not None:
        words += f", reference tag in {tally.clear}" if clear else ", reference tag not seen"
    return Tested(part=before.name, ok=clear and seen * 100 >= percent * len(known), says=words)


def counted(state: Cabinet, count: Count, plan: Plan) -> SelfTested:
    """The self-test whose count has come to its end, well or not; the state is as it was before the count."""
    shelves = {shelf.name: shelf for shelf in state.memory.shelves}
    parts = [
        tried_shelf(shelves[name], count.tallies[name], reference, plan.tags_percent)
        if count.tallies[name].rounds
        else Tested(part=name, ok=False, says="could not be counted")
        for name, reference in plan.shelves.items()
    ]
    return told(plan.station, (*(count.tried or ()), *parts))


def uncounted(tried: tuple[Tested, ...], plan: Plan) -> SelfTested:
    """A self-test while no shelf can be counted."""
    parts = tuple(Tested(part=name, ok=False, says="out of order, not counted") for name in plan.shelves)
    return told(plan.station, (*tried, *parts))
