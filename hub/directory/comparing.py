"""What an import would change, before it does: how many records are new, changed, unchanged, withdrawn."""

from dataclasses import dataclass, field

from sqlmodel import Session

from hub.directory.plan import Plan, Progress
from hub.directory.records import meetings

SHOWN = 10
"""Differences told one by one, at most."""


@dataclass(slots=True)
class Changes:
    """Numbers of records, and the first differences in words."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    """Items that would be taken out of stock; counted here only."""
    first: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.new} new, {self.changed} changed, {self.unchanged} unchanged, {self.withdrawn} withdrawn"


def compare(session: Session, plan: Plan, owner: str, progress: Progress, shown: int = SHOWN) -> Changes:
    """What `plan` would change; cards aren't compared, for that takes a slow hash of each."""
    changes = Changes()
    for met in meetings(session, plan, owner, progress):
        if met.known is None:
            changes.new += 1
            told = "is new"
        elif not met.values:
            changes.unchanged += 1
            continue
        elif met.values.get("withdrawn"):
            changes.withdrawn += 1
            told = "is withdrawn"
        else:
            changes.changed += 1
            told = "; ".join(
                f"{name} {_shown(getattr(met.known, name))} becomes {_shown(value)}"
                for name, value in met.values.items()
            )
        if len(changes.first) < shown:
            changes.first.append(f"{plan.place(met.line, '')}, {met.key}: {told}")
    return changes


def _shown(value: object) -> str:
    return "nothing" if value in (None, "") else repr(str(value)[:60])
