"""Pictures of real numbers, drawn on the server as SVG; colours come from the style sheet by class."""

from collections.abc import Sequence

from markupsafe import Markup, escape

from hub.restock.shelves import Pace
from hub.views.outcomes import ResultView
from hub.views.shelves import CellView
from hub.views.visits import Activity, Fill

SPINES = 48
"""Spines on a drawn shelf, at most; with more room each stands for several items."""
WIDTH, HEIGHT = 480.0, 120.0
CELLS = 16
"""Copies in one row of a map."""
DOT = 8.0
"""Half the width of a dot, with its rim."""


def spines(present: int, undecided: int, capacity: int, told: str) -> Markup:
    """A shelf of book spines: standing ones, doubtful ones, and the room that is left. `told` says it in words."""
    room = max(capacity, present + undecided, 1)
    slots = min(room, SPINES)
    standing = _share(present, room, slots)
    doubtful = min(_share(undecided, room, slots), slots - standing)
    step = WIDTH / slots
    drawn = []
    for number in range(slots):
        kind = "spine" if number < standing else "doubt" if number < standing + doubtful else "room"
        tall = 26 + (number * 7 + number * number * 3) % 11 if kind != "room" else 6
        width = step * (0.82 if kind == "spine" and number % 5 else 0.64)
        drawn.append(
            f'<rect class="{kind}" x="{number * step:.1f}" y="{40 - tall}" width="{width:.1f}" height="{tall}"/>'
        )
    return _svg("spines", 44, told, "".join(drawn) + _rect("board", 0, 40, WIDTH, 3))


def rounds(seen: int, of: int, told: str) -> Markup:
    """One dot for each read round: full where it saw the tag."""
    shown = min(of, 16)
    full = _share(seen, of, shown) if of else 0
    dots = "".join(
        f'<circle class="{"seen" if number < full else "unseen"}" cx="{5 + number * 11}" cy="6" r="4"/>'
        for number in range(shown)
    )
    width = max(shown, 1) * 11
    size = f'width="{width}" height="12" viewBox="0 0 {width} 12"'
    return Markup(f'<svg class="rounds" {size} role="img" aria-label="{escape(told)}">{dots}</svg>')


def top(activity: Activity) -> int:
    """The highest number in the picture."""
    return max(max(point.visits, point.borrowed, point.returned) for point in activity.points)


def busy(activity: Activity, told: str) -> Markup:
    """Visits as pale columns; in each what was borrowed and returned."""
    highest = max(top(activity), 1)
    step = WIDTH / len(activity.points)
    drawn = []
    for number, point in enumerate(activity.points):
        for kind, count, start, width in (
            ("visits", point.visits, 0.06, 0.88),
            ("borrowed", point.borrowed, 0.18, 0.3),
            ("returned", point.returned, 0.52, 0.3),
        ):
            tall = HEIGHT * count / highest
            if count:
                drawn.append(_rect(kind, (number + start) * step, HEIGHT - tall, width * step, tall))
    return _svg("chart", HEIGHT, told, "".join(drawn) + _floor())


def course(points: Sequence[Fill], capacity: int, told: str) -> Markup:
    """Items on the shelves after each visit, as steps over time."""
    begin, end = points[0].at, points[-1].at
    span = max((end - begin).total_seconds(), 1.0)
    highest = max(capacity, *(point.items for point in points), 1)
    path = ""
    y = 0.0
    for point in points:
        x = WIDTH * (point.at - begin).total_seconds() / span
        before, y = y, HEIGHT - HEIGHT * point.items / highest
        path += f"L{x:.1f} {before:.1f}L{x:.1f} {y:.1f}" if path else f"M{x:.1f} {y:.1f}"
    line = f'<path class="line" d="{path}"/>'
    area = f'<path class="area" d="{path}L{WIDTH:.0f} {y:.1f}V{HEIGHT:.0f}H0Z"/>'
    return _svg("chart", HEIGHT, told, area + line + _floor())


def bar(parts: Sequence[tuple[str, int]], most: int, told: str) -> Markup:
    """Counts, each with its class, beside each other in one bar; `most` is the longest bar's whole length."""
    step = WIDTH / max(most, sum(count for _, count in parts), 1)
    drawn, x = [], 0.0
    for kind, count in parts:
        if count > 0:
            drawn.append(_rect(kind, x, 0, count * step, 10))
            x += count * step
    return _svg("bar", 10, told, _rect("room", 0, 0, WIDTH, 10) + "".join(drawn))


def _share(part: int, whole: int, slots: int) -> int:
    """`part` of `whole` in slots; something is never drawn as nothing."""
    share = round(part * slots / whole)
    return max(share, 1) if part else 0


def _floor() -> str:
    return _rect("floor", 0, HEIGHT - 1, WIDTH, 1)


def _rect(kind: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def _svg(kind: str, height: float, told: str, drawn: str) -> Markup:
    return Markup(
        f'<svg class="{kind}" viewBox="0 0 {WIDTH:.0f} {height:.0f}" preserveAspectRatio="none"'
        f' role="img" aria-label="{escape(told)}">{drawn}</svg>'
    )


def against(found: ResultView, most: float, told: str) -> Markup:
    """What was expected, as a mark with its interval as a band; what happened, as a dot. On a scale to `most`."""
    scale = (WIDTH - 2 * DOT) / max(most, 1.0)
    drawn = _rect("floor", DOT, 11.5, WIDTH - 2 * DOT, 1)
    if found.low is not None and found.high is not None:
        drawn += _rect("band", DOT + found.low * scale, 4, max((found.high - found.low) * scale, 2.0), 16)
    drawn += _rect("expected", DOT + found.expected * scale - 1.5, 2, 3, 20)
    kind = {True: "within", False: "beyond", None: "sofar"}[found.within]
    drawn += f'<circle class="{kind}" cx="{DOT + found.happened * scale:.1f}" cy="12" r="{DOT - 1:.0f}"/>'
    return _drawing("against", WIDTH, 24, told, drawn)


def months(counts: Sequence[int], most: int, told: str) -> Markup:
    """A small column for each month; on a scale to `most`."""
    drawn = _rect("floor", 0, 31, len(counts) * 12, 1)
    for number, count in enumerate(counts):
        tall = 30 * count / max(most, 1)
        drawn += _rect("borrowed" if count else "room", number * 12 + 1, 31 - max(tall, 1), 10, max(tall, 1))
    return _drawing("months", len(counts) * 12, 32, told, drawn)


def _drawing(kind: str, width: float, height: float, told: str, drawn: str) -> Markup:
    """One that keeps its proportions, so that circles stay round."""
    return Markup(
        f'<svg class="{kind}" viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(told)}">'
        f"{drawn}</svg>"
    )


def cells(shown: Sequence[CellView], told: str) -> Markup:
    """A small book for each copy, in rows; how it does is its colour, and its sign."""
    drawn = ""
    for number, cell in enumerate(shown):
        x, y = number % CELLS * 15, number // CELLS * 21
        drawn += (
            f'<g><title>{escape(cell.title)}</title><rect class="{cell.pace}" x="{x + 1}" y="{y + 1}" width="12"'
            f' height="18" rx="2"/>{_sign(cell.pace, x, y)}</g>'
        )
    return _drawing("cells", CELLS * 15, max((len(shown) + CELLS - 1) // CELLS, 1) * 21, told, drawn)


def _sign(pace: Pace, x: int, y: int) -> str:
    """What tells those that go often and those that sit apart without colour."""
    if pace is Pace.OFTEN:
        return f'<circle class="sign" cx="{x + 7}" cy="{y + 10}" r="2.5"/>'
    if pace in (Pace.SITS, Pace.STALE):
        lower = f'<path class="sign" d="M{x + 4} {y + 13}h6"/>'
        return lower if pace is Pace.SITS else lower + f'<path class="sign" d="M{x + 4} {y + 8}h6"/>'
    return ""
