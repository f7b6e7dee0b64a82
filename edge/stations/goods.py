"""What lies on a desk's pad, item by item: tags gathered into items, sets checked for all their parts. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from edge.stations.inputs import Lying
from protocol.directory import Lending
from protocol.events import ForeignKind, ItemTrouble
from protocol.names import CardTag, Isil, ItemId, TagUid, VisitId


@dataclass(frozen=True, slots=True)
class Goods:
    """One item with all its tags that lie there; or one tag that is no item of ours."""

    tags: tuple[TagUid, ...]
    item: ItemId | None
    owner: Isil | None
    foreign: ForeignKind | None
    lending: Lending
    lent: bool
    here: bool
    kept_for: tuple[CardTag, ...]
    whole: bool
    """All parts of it lie there."""
    seen: int
    rounds: int
    sure: bool
    """The newest round saw all of it: nothing is done with what may have been lifted just now."""
    visit: VisitId | None
    """A name for the visit that it may be returned in."""

    @property
    def trouble(self) -> ItemTrouble | None:
        """Why nothing can be done with it, whoever asks."""
        if self.foreign in (ForeignKind.DAMAGED, ForeignKind.BLANK):
            return ItemTrouble.UNREADABLE
        if self.foreign is not None or self.item is None:
            return ItemTrouble.NOT_OURS
        return None if self.whole else ItemTrouble.INCOMPLETE


def gathered(lying: Iterable[Lying]) -> tuple[Goods, ...]:
    """Items in the order of their tags; each once, however many tags it has there."""
    groups: dict[tuple[str, str], list[Lying]] = {}
    for tag in sorted(lying, key=lambda one: one.tag):
        ours = tag.item is not None and tag.foreign is None
        groups.setdefault(("item", str(tag.item)) if ours else ("tag", tag.tag), []).append(tag)
    return tuple(_one(group) for group in groups.values())


def _one(group: list[Lying]) -> Goods:
    first = group[0]
    parts = max(tag.parts for tag in group)
    return Goods(
        tags=tuple(tag.tag for tag in group),
        item=first.item,
        owner=first.owner,
        foreign=first.foreign,
        lending=first.lending,
        lent=any(tag.lent for tag in group),
        here=first.here,
        kept_for=first.kept_for,
        whole=_different(group) >= parts,
        seen=min(tag.seen for tag in group),
        rounds=max(tag.rounds for tag in group),
        sure=all(tag.sure for tag in group),
        visit=first.visit,
    )


def _different(group: list[Lying]) -> int:
    """Parts that lie there: tags that say the same are one part twice, one that doesn't say is a part of its own."""
    said = {tag.part for tag in group} - {None}
    return len(said) + sum(tag.part is None for tag in group)
