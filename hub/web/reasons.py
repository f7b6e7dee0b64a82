"""Sentences about plans: why something is moved, what binds, what is missed, what can't be done."""

from collections.abc import Sequence

from hub.restocking.errors import Refused, Unknown
from hub.views.plans import LineView, MissedView, ScarceView, WhyView
from hub.web import words
from hub.web.say import Say
from hub.web.words import Names, site

SHOWN = 2
"""Reasons told of a line, the strongest first."""
WEAK = frozenset({"better", "room", "expected"})
"""Reasons that only give a number: behind another they are told when it is one worth telling."""
TELLING = 0.05
"""Loans."""


def place(say: Say, key: str | None, names: Names) -> str:
    """A site, or the library."""
    return site(say, key, names) if key is not None else say("plan.library")


def whys(say: Say, line: LineView, names: Names) -> str:
    """Why a line is in its plan."""
    told = [one for n, one in enumerate(line.whys) if n == 0 or one.because not in WEAK or one.loans >= TELLING]
    return say("why.between").join(why(say, one, names) for one in told[:SHOWN])


def why(say: Say, one: WhyView, names: Names) -> str:
    """One reason."""
    kind = one.because
    if kind == "taken" and not one.left:
        kind = "taken-none-left"
    return say(
        f"why.{kind}",
        n=one.count,
        days=one.days,
        left=one.left,
        loans=f"{one.loans:.1f}",
        forgone=f"{one.forgone:.1f}",
        site=place(say, one.site, names),
        theme=one.theme or "",
    )


def scarce(say: Say, one: ScarceView, names: Names) -> str:
    """A limit that binds, and what one more would bring."""
    return say(
        f"scarce.{one.limit}",
        site=place(say, one.site, names),
        theme=one.theme or "",
        used=one.used,
        allowed=one.allowed,
        brings=f"{one.brings:.2f}",
    )


def missed(say: Say, one: MissedView, names: Names, titles: dict[str, str]) -> str:
    """A wish that isn't met, and what stands in its way."""
    told = say(
        f"missed.{one.wish}",
        site=place(say, one.site, names),
        theme=one.theme or "",
        title=titles.get(one.group or "", one.group or ""),
        wanted=one.wanted,
        there=one.there,
    )
    if one.lacking:
        told += say("missed.lacking", n=one.lacking)
    if one.cost > 0:
        told += say("missed.cost", cost=f"{one.cost:.1f}")
    return told


def refused(say: Say, wrong: Refused | Unknown) -> str:
    """Why nothing was changed."""
    return say("refused.unknown", what=wrong.key) if isinstance(wrong, Unknown) else words.refusal(say, wrong)


def failed(say: Say, why: str) -> Sequence[str]:
    """Why no plan could be made, a sentence each; those of the planner are English."""
    return [say("plan.unexpected")] if why == "unexpected" else why.splitlines()
