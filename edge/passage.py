"""What goes through a gate, from rounds of all its readers: each tag once, as soon as it is no noise. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from protocol.names import TagUid

WITHIN_S = 1.0
"""The reads that make a tag believed lie within this."""
GONE_S = 2.0
"""A tag nobody saw for so long has gone; it may come again."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One tag in the gate."""

    reads: tuple[float, ...]
    """When it was seen, the latest of them, monotonic seconds."""
    told: bool = False
    """It has been said to come."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A gate over time."""

    reads: int = 2
    """Within a second, by any of the readers, before a tag is believed."""
    tags: Mapping[TagUid, Trace] = field(default_factory=dict)

    def after(self, seen: frozenset[TagUid], now: float) -> tuple["Passage", frozenset[TagUid]]:
        """The gate after one more round of one of its readers, and the tags that have come for sure."""
        tags = {tag: trace for tag, trace in self.tags.items() if now - trace.reads[-1] < GONE_S}
        came = set()
        for tag in seen:
            before = tags.get(tag, Trace(()))
            reads = (*(at for at in before.reads if now - at < WITHIN_S), now)[-self.reads :]
            if len(reads) == self.reads and not before.told:
                came.add(tag)
            tags[tag] = Trace(reads, before.told or tag in came)
        return replace(self, tags=tags), frozenset(came)
