"""A failing run made small: fault kinds are left out, then single occurrences, sites and days, while it still fails.

What is left is told as a story that can be pasted into tests/city/test_stories.py.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import ceil

from firmware_sim.city.city import Plan, Report
from firmware_sim.city.faults import Occurrence
from firmware_sim.city.timeline import DAY

RUNS = 120
"""Runs the search may take."""
Try = Callable[[Plan], Report]


def shrink(report: Report, attempt: Try, runs: int = RUNS) -> Report:
    """The smallest plan found that breaks the same promise as `report`'s first violation, and what it showed."""
    promise = _promise(report)
    best, left = report, runs
    progress = True
    while progress and left > 0:
        progress = False
        for smaller in _smaller(best.plan):
            if left <= 0:
                break
            left -= 1
            tried = attempt(smaller)
            if tried.violations and _promise(tried) == promise:
                best, progress = tried, True
                break
    return best


def _promise(report: Report) -> str:
    """What the first violation calls the promise: I1, TRUTH, …"""
    told = report.violations[0].split(": ", 1)[-1]
    return told.split(" ", 1)[0]


def _smaller(plan: Plan) -> Iterator[Plan]:
    """Plans with less in them, the boldest first."""
    kinds = sorted({o.fault for o in plan.occurrences})
    for kind in kinds:
        yield replace(plan, occurrences=tuple(o for o in plan.occurrences if o.fault != kind))
    if plan.rough:
        yield replace(plan, rough=False)
    for part in _parts(plan.occurrences):
        yield replace(plan, occurrences=part)
    if plan.days > 1:
        days = float(ceil(plan.days * 0.6))
        if days < plan.days:
            kept = tuple(o for o in plan.occurrences if o.at < days * DAY)
            yield replace(plan, days=days, occurrences=kept)
    if plan.sites > 1:
        fewer = plan.sites - 1
        yield replace(plan, sites=fewer, occurrences=tuple(o for o in plan.occurrences if o.site < fewer))


def _parts(occurrences: Sequence[Occurrence]) -> Iterator[tuple[Occurrence, ...]]:
    """Without one half, quarter, … down to without single ones."""
    size = len(occurrences) // 2
    while size >= 1:
        for start in range(0, len(occurrences), size):
            yield (*occurrences[:start], *occurrences[start + size :])
        size //= 2


def story(report: Report) -> str:
    """The run as a test to be pasted."""
    plan = report.plan
    lines = [f"def test_seed_{plan.seed}() -> None:", f'    """{report.violations[0]}"""', "    story = Plan("]
    lines += [f"        seed={plan.seed},", f"        sites={plan.sites},", f"        days={plan.days},"]
    lines += [f"        visits={plan.visits},", f"        rough={plan.rough},", "        occurrences=("]
    lines += [f"            {occurrence!r}," for occurrence in plan.occurrences]
    lines += ["        ),", "    )", "    assert run(story).violations == []"]
    return "\n".join(lines)
