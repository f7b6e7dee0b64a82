"""What is taken from where for a run, in the order of the walk, and into which tote it goes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from hub.directory.marks import shelf_order


@dataclass(frozen=True, slots=True)
class Pick:
    """One item of a run."""

    item: str
    barcode: str
    title: str
    author: str
    shelf_mark: str
    """Empty: unknown."""
    source: str | None
    """The site it is taken from; None: the library."""
    target: str | None
    """The site it goes to; None: back to the library."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Tote:
    """One box of a run."""

    target: str | None
    """The site it is for; None: the library."""
    number: int
    """From 1, of that target's."""
    of: int
    """Totes for that target."""
    items: int

    @property
    def label(self) -> str:
        """As 2/3."""
        return f"{self.number}/{self.of}"


@dataclass(frozen=True, slots=True)
class Line:
    """One item to be taken."""

    pick: Pick
    tote: Tote


@dataclass(frozen=True, slots=True)
class Group:
    """What is taken from one place."""

    source: str | None
    """None: the library."""
    lines: tuple[Line, ...]
    """By shelf mark; never empty."""


@dataclass(frozen=True, slots=True)
class PickList:
    """Everything a run takes along; each item once."""

    groups: tuple[Group, ...]
    """The library first, then sites in the run's order."""
    totes: tuple[Tote, ...]
    """Targets in the run's order, the library last."""

    @property
    def items(self) -> int:
        return sum(tote.items for tote in self.totes)


def pick_list(picks: Iterable[Pick], most: int, order: Sequence[str] = ()) -> PickList:
    """The list of a run whose totes take `most` items each.

    `order`: the run's sites in their order; others come after them, by name. A target gets as few totes as do, filled
    evenly and in the order of the walk. The same picks in any order give the same list. Raises ValueError when an
    item is picked twice, or a tote takes nothing.
    """
    if most < 1:
        raise ValueError(f"a tote takes at least one item, not {most}")
    rank = {site: at for at, site in enumerate(dict.fromkeys(order))}

    def by_source(pick: Pick) -> tuple[bool, int, str]:
        return pick.source is not None, rank.get(pick.source or "", len(rank)), pick.source or ""

    def by_target(pick: Pick) -> tuple[bool, int, str]:
        return pick.target is None, rank.get(pick.target or "", len(rank)), pick.target or ""

    walk = sorted(picks, key=lambda pick: (by_source(pick), shelf_order(pick.shelf_mark), pick.title, pick.item))
    if len({pick.item for pick in walk}) < len(walk):
        raise ValueError("an item is picked twice")
    totes: list[Tote] = []
    packed: dict[str, Tote] = {}
    for _, group in groupby(sorted(walk, key=by_target), key=by_target):
        for tote, content in _filled(list(group), most):
            totes.append(tote)
            packed |= {pick.item: tote for pick in content}
    return PickList(
        tuple(
            Group(lines[0].source, tuple(Line(pick, packed[pick.item]) for pick in lines))
            for lines in (list(group) for _, group in groupby(walk, key=by_source))
        ),
        tuple(totes),
    )


def _filled(picks: list[Pick], most: int) -> list[tuple[Tote, list[Pick]]]:
    """All picks of one target, cut into totes that differ by one item at most."""
    of = -(-len(picks) // most)
    cuts = [len(picks) * number // of for number in range(of + 1)]
    contents = [picks[start:end] for start, end in pairwise(cuts)]
    return [(Tote(picks[0].target, at, of, len(content)), content) for at, content in enumerate(contents, 1)]
