"""Which sites an ingest worker takes: some of the 256 shards that sites are spread over (protocol.topics)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from protocol.topics import up_all

ALL = frozenset(range(256))


@dataclass(frozen=True, slots=True)
class Shards:
    """A set of shards; written as "all", "none", or ranges of two hex digits: "00-7f", "00-3f,80,c0-ff"."""

    numbers: frozenset[int]

    @classmethod
    def read(cls, words: str) -> "Shards":
        """The shards that `words` names; raises ValueError saying what can't be read."""
        match words.strip().lower():
            case "all":
                return cls(ALL)
            case "none":
                return cls(frozenset())
        return cls(frozenset(number for part in words.split(",") for number in _range(part.strip())))

    def __bool__(self) -> bool:
        return bool(self.numbers)

    def __str__(self) -> str:
        if self.numbers == ALL:
            return "all"
        shown = [f"{low:02x}-{high:02x}" if high > low else f"{low:02x}" for low, high in self._runs()]
        return ",".join(shown) or "none"

    @property
    def everything(self) -> bool:
        """Nobody else is left anything."""
        return self.numbers == ALL

    def topics(self) -> tuple[str, ...]:
        """What to subscribe to."""
        if self.everything:
            return (up_all(),)
        return tuple(up_all(f"{number:02x}") for number in sorted(self.numbers))

    def _runs(self) -> Iterator[tuple[int, int]]:
        for low in sorted(self.numbers):
            if low - 1 not in self.numbers:
                high = low
                while high + 1 in self.numbers:
                    high += 1
                yield low, high


EVERYTHING = Shards(ALL)


def _range(part: str) -> range:
    low, dash, high = part.partition("-")
    try:
        first, last = _number(low), _number(high if dash else low)
    except ValueError:
        raise ValueError(f"{part!r} is no range of shards; say all, none, or like 00-7f,c0") from None
    if last < first:
        raise ValueError(f"{part!r} ends before it begins")
    return range(first, last + 1)


def _number(digits: str) -> int:
    if not re.fullmatch("[0-9a-fA-F]{2}", digits):
        raise ValueError
    return int(digits, 16)
