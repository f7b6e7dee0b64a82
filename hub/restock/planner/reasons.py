"""Why a line is in a plan: as data first, then as an English sentence that a librarian can check against the shelf."""

from dataclasses import dataclass
from enum import StrEnum

from hub.restock.planner.lines import Kind, Line


class Because(StrEnum):
    """The kinds of reason, strongest first: a line's reasons stand in this order."""

    PINNED = "pinned"
    """Somebody decided so."""
    BARRED = "barred"
    """It may not be where it was."""
    WAITED_FOR = "waited_for"
    """`count` patrons wait for it at the target."""
    TAKEN = "taken"
    """Taken `count` times in `days` days at the target, where `left` are now."""
    THEME = "theme"
    """The target wants `count` copies of `theme`."""
    IDLE = "idle"
    """`count` copies have sat at the origin for `days` days untaken."""
    BETTER = "better"
    """Expected to be lent `loans` times at the target, and `forgone` times where it was."""
    ROOM = "room"
    """What its place at the origin is used for is expected to be lent more than `forgone` times."""
    EXPECTED = "expected"
    """Expected to be lent `loans` times at the target."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a line's group at both ends; whatever isn't known is left out."""

    taken: int = 0
    """Times it was taken at the target in `days`."""
    days: int = 0
    """Days that `taken` and `idle` look back."""
    left: int = 0
    """Copies of it at the target before the run."""
    waiting: int = 0
    """Patrons who wait for it at the target."""
    theme: str | None = None
    """A theme that it belongs to and the target wants."""
    theme_wants: int = 0
    """Copies of that theme the target is to have at least."""
    idle: int = 0
    """Copies of it that sat at the origin untaken for `days`."""
    barred: bool = False
    """Whether it may not be at the origin."""


@dataclass(frozen=True, slots=True)
class Why:
    """One reason with its numbers; those that its kind doesn't speak of are 0 or None."""

    because: Because
    count: int = 0
    days: int = 0
    left: int = 0
    loans: float = 0.0
    forgone: float = 0.0
    site: str | None = None
    """The site that the reason speaks of."""
    theme: str | None = None


def reasons(line: Line, facts: Facts) -> tuple[Why, ...]:
    """All that speaks for `line`, strongest first; never nothing."""
    found: list[Why] = []
    leaves, comes = line.origin != line.target and line.origin is not None, line.target is not None
    if line.pinned:
        found.append(Why(Because.PINNED))
    if leaves and facts.barred:
        found.append(Why(Because.BARRED, site=line.origin))
    if comes and facts.waiting:
        found.append(Why(Because.WAITED_FOR, count=facts.waiting, site=line.target))
    if comes and facts.taken and facts.days:
        found.append(Why(Because.TAKEN, count=facts.taken, days=facts.days, left=facts.left, site=line.target))
    if comes and facts.theme and facts.theme_wants:
        found.append(Why(Because.THEME, count=facts.theme_wants, theme=facts.theme, site=line.target))
    if leaves and facts.idle and facts.days:
        found.append(Why(Because.IDLE, count=facts.idle, days=facts.days, site=line.origin))
    if line.kind is Kind.MOVE_ON:
        found.append(Why(Because.BETTER, loans=line.loans, forgone=line.forgone, site=line.origin))
    elif line.kind is Kind.HOME:
        found.append(Why(Because.ROOM, forgone=line.forgone, site=line.origin))
    else:
        found.append(Why(Because.EXPECTED, loans=line.loans, site=line.target))
    return tuple(found)


def sentence(whys: tuple[Why, ...]) -> str:
    """The two strongest reasons in English: "taken 6 times in 40 days here, none left; 2 idle at Riverside"."""
    return "; ".join(clause(why) for why in whys[:2])


def clause(why: Why) -> str:
    """One reason in English; "here" is where the copies end up."""
    match why.because:
        case Because.PINNED:
            return "decided by hand"
        case Because.BARRED:
            return f"not to be at {why.site}"
        case Because.WAITED_FOR:
            return "a patron waits for it here" if why.count == 1 else f"{why.count} patrons wait for it here"
        case Because.TAKEN:
            left = f"{why.left} left" if why.left else "none left"
            return f"taken {_times(why.count)} in {_days(why.days)} here, {left}"
        case Because.THEME:
            return f"{why.theme} wants {why.count} here"
        case Because.IDLE:
            return f"{why.count} idle at {why.site} for {_days(why.days)}"
        case Because.BETTER:
            return f"some {why.loans:.1f} loans expected here, {why.forgone:.1f} at {why.site}"
        case Because.ROOM:
            return f"only some {why.forgone:.1f} loans expected at {why.site}"
        case Because.EXPECTED:
            return f"some {why.loans:.1f} loans expected here"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _days(days: int) -> str:
    return "a day" if days == 1 else f"{days} days"
