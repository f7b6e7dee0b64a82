"""From the difference between two counts to the facts that explain it. Pure.

The whole station is looked at at once, so that an item moved to another shelf is not a return and a loan. Facts of
returning come before facts of taking, so that a limit is checked against what the patron really holds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from edge.frames.tagdata import Blank, Content, Damaged, ItemContent, PatronCard
from edge.shelf import Presence, Shelf, Sighting, Standing
from protocol.directory import ItemEntry, Lending
from protocol.events import (
    Borrowed,
    BorrowFlag,
    BorrowReversed,
    ForeignFound,
    ForeignGone,
    ForeignKind,
    Found,
    ItemFact,
    Loaded,
    Missing,
    Moved,
    Returned,
    Undecided,
    UndecidedSettled,
    Unloaded,
    VisitKind,
)
from protocol.names import Frozen, Isil, ItemId, ShelfName, StationName, TagUid, VisitId


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose tag it is."""

    item: ItemId | None = None
    owner: Isil | None = None
    foreign: ForeignKind | None = None
    lending: Lending = Lending.NORMAL


class LastVisit(Frozen):
    """The newest visit that opened the door, for as long as nothing else did."""

    visit: VisitId
    kind: VisitKind
    loan_days: int
    taken: tuple[TagUid, ...] = ()
    """Tags it was recorded to have borrowed."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What a count's differences may be laid to."""

    kind: VisitKind | None = None
    """None: no visit; differences belong to nobody."""
    visit: VisitId | None = None
    late: bool = False
    loan_days: int = 0
    limit: int | None = None
    loans: int = 0
    """What the patron had out before."""
    today: date | None = None
    last: LastVisit | None = None
    """For a count without a visit: the visit since which nobody opened the door."""


@dataclass(frozen=True, slots=True)
class Explained:
    """What the difference means, and the shelves as they now stand."""

    facts: tuple[ItemFact, ...]
    shelves: tuple[Shelf, ...]


def identify(
    content: Content | None, by_tag: ItemEntry | None, by_item: ItemEntry | None, owners: tuple[Isil, ...]
) -> Identity:
    """Whose tag it is, from the directory by its UID, else from what is written on it.

    `content` is None when the tag couldn't be read. The owner is checked, never just the barcode: another library's
    item with a number of ours is not ours.
    """
    if by_tag is not None:
        return Identity(by_tag.item, owners[0] if owners else None, None, by_tag.lending)
    match content:
        case ItemContent() if content.owner in owners:
            return Identity(content.item, content.owner, None, by_item.lending if by_item else Lending.NORMAL)
        case ItemContent() if content.owner is None:
            return Identity(content.item, None, ForeignKind.UNKNOWN_ITEM)
        case ItemContent():
            return Identity(content.item, content.owner, ForeignKind.OTHER_LIBRARY)
        case PatronCard():
            return Identity(foreign=ForeignKind.CARD)
        case Blank():
            return Identity(foreign=ForeignKind.BLANK)
        case Damaged() | None:
            return Identity(foreign=ForeignKind.DAMAGED)


def changed(shelves: Iterable[Shelf], found: Mapping[ShelfName, tuple[Sighting, ...]]) -> tuple[TagUid, ...]:
    """Tags whose identity matters to the explanation: those seen anew, missed or unsure, and those that are nobody's.

    Whose tag it is may be known by now where it wasn't: the directory came after the first count, or learnt of an item.
    """
    standings = [s for shelf in shelves for s in shelf.standings if not s.undecided]
    known, strange = {s.tag for s in standings}, {s.tag for s in standings if s.foreign is not None}
    seen = {s.tag for sightings in found.values() for s in sightings if s.now is Presence.PRESENT}
    unsure = {s.tag for sightings in found.values() for s in sightings if s.now is Presence.UNDECIDED}
    return tuple(sorted((known ^ seen) | unsure | (strange & seen)))


def explain(
    station: StationName,
    before: tuple[Shelf, ...],
    found: Mapping[ShelfName, tuple[Sighting, ...]],
    identities: Mapping[TagUid, Identity],
    cause: Cause,
) -> Explained:
    """The facts that turn `before` into what the counts `found`, shelf by shelf of one station."""
    story = _Story(station, cause, first=not any(shelf.counted for shelf in before))
    standings: dict[ShelfName, list[Standing]] = {shelf.name: [] for shelf in before}
    for tag in sorted({s.tag for sightings in found.values() for s in sightings}):
        at = [s for shelf in before for s in found[shelf.name] if s.tag == tag]
        now = _one_place(at)
        was = next((s for s in at if s.before is not None and not s.before.undecided), None) or next(
            (s for s in at if s.before is not None), None
        )
        standing = was.before if was else None
        whose = identities.get(tag) or _as_known(standing)
        after = story.tell(now, was, standing, whose)
        if after is not None:
            standings[now.shelf].append(after)
    shelves = tuple(Shelf(name=s.name, counted=True, standings=tuple(standings[s.name])) for s in before)
    return Explained(story.facts(), shelves)


def _one_place(at: list[Sighting]) -> Sighting:
    """Where the tag is, of all shelves whose readers have a say: surest first, then where it was, then best seen."""
    rank = {Presence.PRESENT: 2, Presence.UNDECIDED: 1, Presence.ABSENT: 0}
    return max(at, key=lambda s: (rank[s.now], s.before is not None, s.seen))


def _earlier(standing: Standing | None) -> dict[str, int]:
    """The newest count that saw the tag, as evidence of how well it is read; later ones that missed it say nothing."""
    if standing is None:
        return {}
    if standing.seen:
        return {"seen_earlier": standing.seen, "rounds_earlier": standing.rounds}
    return {"seen_earlier": standing.seen_earlier, "rounds_earlier": standing.rounds_earlier}


def _as_known(standing: Standing | None) -> Identity:
    if standing is None:
        return Identity(foreign=ForeignKind.DAMAGED)
    return Identity(standing.item, standing.owner, standing.foreign)


class _Story:
    """Collects the facts of one count; `tell` is called once a tag."""

    def __init__(self, station: StationName, cause: Cause, first: bool) -> None:
        self.station = station
        self.cause = cause
        self.first = first
        self._calm: list[ItemFact] = []
        self._brought: list[ItemFact] = []
        self._taken: list[tuple[Sighting, Identity, Cause]] = []

    def tell(self, now: Sighting, was: Sighting | None, standing: Standing | None, whose: Identity) -> Standing | None:
        """Notes what happened to one tag; answers how it stands from now on, None when it is gone."""
        if now.now is Presence.UNDECIDED:
            return self._unsure(now, standing, whose)
        if now.now is Presence.PRESENT:
            if standing is None:
                self._appeared(now, whose)
            elif standing.undecided:
                self._sure_present(now, was, standing, whose)
            elif standing.foreign is not None and whose.foreign is None:
                self._recognised(now, standing, whose)
            elif was is not None and was.shelf != now.shelf:
                self._calm.append(Moved(**self._about(now, whose), visit=self.cause.visit, from_shelf=was.shelf))
            return Standing(
                tag=now.tag,
                item=whose.item,
                owner=whose.owner,
                foreign=whose.foreign,
                seen=now.seen,
                rounds=now.rounds,
                **_earlier(standing),
            )
        if standing is not None:
            if standing.undecided:
                self._sure_absent(now, standing, whose)
            else:
                self._gone(now, whose)
        return None

    def facts(self) -> tuple[ItemFact, ...]:
        """All facts, what was brought before what was taken."""
        returned = sum(isinstance(f, Returned) and f.visit == self.cause.visit for f in self._brought)
        loans = max(0, self.cause.loans - returned)
        taken = []
        for sighting, whose, cause in self._taken:
            loans += 1
            taken.append(self._borrowed(sighting, whose, cause, loans))
        return (*self._calm, *self._brought, *taken)

    def _about(self, now: Sighting, whose: Identity) -> dict[str, Any]:
        return {
            "station": self.station,
            "shelf": now.shelf,
            "tag": now.tag,
            "item": whose.item,
            "owner": whose.owner,
            "evidence": now.evidence,
            "late": self.cause.late,
        }

    def _appeared(self, now: Sighting, whose: Identity) -> None:
        cause, about = self.cause, self._about(now, whose)
        if whose.foreign is not None:
            self._calm.append(ForeignFound(**about, visit=cause.visit, kind=whose.foreign))
        elif cause.kind in (VisitKind.BORROW, VisitKind.RETURN_ONLY):
            self._brought.append(Returned(**about, visit=cause.visit))
        elif cause.kind is VisitKind.RESTOCK:
            self._brought.append(Loaded(**about, visit=cause.visit))
        elif cause.kind is None and cause.last is not None and now.tag in cause.last.taken:
            self._calm.append(BorrowReversed(**about, visit=cause.last.visit))
        else:
            self._calm.append(Found(**about, visit=cause.visit, first_count=self.first))

    def _recognised(self, now: Sighting, standing: Standing, whose: Identity) -> None:
        """A tag that was nobody's is an item of ours: it was here all the time, whoever brought it."""
        strange = Identity(standing.item, standing.owner, standing.foreign)
        self._calm.append(ForeignGone(**self._about(now, strange), visit=None, kind=standing.foreign))
        self._calm.append(Found(**self._about(now, whose), visit=None))

    def _gone(self, now: Sighting, whose: Identity) -> None:
        cause, about = self.cause, self._about(now, whose)
        if whose.foreign is not None:
            self._calm.append(ForeignGone(**about, visit=cause.visit, kind=whose.foreign))
        elif cause.kind in (VisitKind.BORROW, VisitKind.RETURN_ONLY):
            self._taken.append((now, whose, cause))
        elif cause.kind is VisitKind.RESTOCK:
            self._calm.append(Unloaded(**about, visit=cause.visit))
        else:
            self._calm.append(Missing(**about, visit=cause.visit))

    def _unsure(self, now: Sighting, standing: Standing | None, whose: Identity) -> Standing:
        missed = 0 if now.seen else (standing.missed if standing else 0) + now.rounds
        told = {"seen": now.seen, "rounds": now.rounds, "missed": missed, **_earlier(standing)}
        if standing is not None and standing.undecided:
            return standing.model_copy(update=told)
        self._calm.append(
            Undecided(**self._about(now, whose), visit=self.cause.visit, was_present=standing is not None)
        )
        return Standing(
            tag=now.tag,
            item=whose.item,
            owner=whose.owner,
            foreign=whose.foreign,
            **told,
            undecided=True,
            was_present=standing is not None,
            visit=self.cause.visit,
        )

    def _sure_present(self, now: Sighting, was: Sighting | None, standing: Standing, whose: Identity) -> None:
        about = self._about(now, whose) | {"late": True}
        origin = self._only_since(standing)
        if standing.was_present:
            self._calm.append(UndecidedSettled(**about, visit=standing.visit, present=True))
            if standing.foreign is not None and whose.foreign is None:
                self._recognised(now, standing, whose)
            elif was is not None and was.shelf != now.shelf:
                self._calm.append(Moved(**self._about(now, whose), visit=self.cause.visit, from_shelf=was.shelf))
        elif origin is not None and whose.foreign is None and origin.kind is VisitKind.RESTOCK:
            self._brought.append(Loaded(**about, visit=origin.visit))
        elif origin is not None and whose.foreign is None and origin.kind is not VisitKind.SERVICE:
            self._brought.append(Returned(**about, visit=origin.visit))
        else:
            self._appeared(now, whose)

    def _sure_absent(self, now: Sighting, standing: Standing, whose: Identity) -> None:
        about = self._about(now, whose) | {"late": True}
        origin = self._only_since(standing)
        if not standing.was_present:
            self._calm.append(UndecidedSettled(**about, visit=standing.visit, present=False))
        elif whose.foreign is not None:
            self._calm.append(ForeignGone(**about, visit=standing.visit, kind=whose.foreign))
        elif origin is None or origin.kind is VisitKind.SERVICE:
            self._calm.append(Missing(**about, visit=None))
        elif origin.kind is VisitKind.RESTOCK:
            self._calm.append(Unloaded(**about, visit=origin.visit))
        else:
            late = Cause(origin.kind, origin.visit, True, origin.loan_days, today=self.cause.today)
            self._taken.append((now, whose, late))

    def _only_since(self, standing: Standing) -> LastVisit | None:
        """The visit that left the tag undecided, when nobody has opened the door since."""
        last = self.cause.last
        if self.cause.kind is None and last is not None and standing.visit == last.visit:
            return last
        return None

    def _borrowed(self, now: Sighting, whose: Identity, cause: Cause, loans: int) -> Borrowed:
        flags = []
        if cause.limit is not None and loans > cause.limit:
            flags.append(BorrowFlag.OVER_LIMIT)
        if whose.lending is Lending.REFERENCE:
            flags.append(BorrowFlag.NOT_FOR_LOAN)
        if whose.lending is Lending.HELD:
            flags.append(BorrowFlag.HELD)
        if cause.kind is VisitKind.RETURN_ONLY:
            flags.append(BorrowFlag.RETURN_ONLY)
        due = cause.today + timedelta(days=cause.loan_days) if cause.today else None
        about = self._about(now, whose) | {"late": cause.late}
        return Borrowed(**about, visit=cause.visit, loan_days=cause.loan_days, due=due, flags=tuple(flags))
