"""What lies in a reader's field, from rounds that go on and on: steady once seen often enough, gone once missed. Pure.

One round proves nothing: a tag is believed to lie there when it was seen in `steady` rounds, and to be gone when it
was missed in `gone` rounds in a row. A round that failed says nothing at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from protocol.names import TagUid


@dataclass(frozen=True, slots=True)
class Here:
    """One tag in the field."""

    seen: int = 0
    """Rounds that saw it, since it came."""
    rounds: int = 0
    """Rounds since then."""
    missed: int = 0
    """Rounds in a row that missed it last."""


@dataclass(frozen=True, slots=True)
class Pad:
    """One reader's field over time."""

    steady: int = 3
    gone: int = 3
    tags: Mapping[TagUid, Here] = field(default_factory=dict)

    def after(self, seen: frozenset[TagUid]) -> "Pad":
        """The field after one more round."""
        now = {tag: _met(self.tags.get(tag, Here()), tag in seen) for tag in {*self.tags, *seen}}
        return replace(self, tags={tag: here for tag, here in now.items() if here.missed < self.gone})

    def lying(self) -> Mapping[TagUid, Here]:
        """The tags that are believed to lie there."""
        return {tag: here for tag, here in self.tags.items() if here.seen >= self.steady}


def _met(here: Here, seen: bool) -> Here:
    return Here(here.seen + seen, here.rounds + 1, 0 if seen else here.missed + 1)
