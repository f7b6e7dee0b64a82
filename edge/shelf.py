"""From noisy read rounds to a settled shelf, and the difference between two. Pure.

A tag that is not read is not an item that was taken, and a reader that failed is not an empty shelf. So a tag ends
present, absent or undecided, over several rounds, and only rounds that saw the shelf's own reference tag can speak
for a tag's absence.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from protocol.events import Evidence, ForeignKind
from protocol.names import Frozen, Isil, ItemId, ShelfName, TagUid, VisitId

STRONG_SIGHTINGS = 3
"""So many sightings make a tag present, however many rounds missed it."""
LUCK = 1e-6
"""A tag is gone when missing it so often would be rarer luck than this, by how well it was read before."""
MASS_LOSS = 8
"""So many tags gone at once, and more than half the shelf: more likely a shadow than a hand."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many rounds decide; `edge.settings.Counting` says what each is for."""

    rounds: int
    absent_rounds: int
    max_rounds: int
    max_failures: int


class Presence(StrEnum):
    """What a count says of one tag."""

    PRESENT = "present"
    ABSENT = "absent"
    UNDECIDED = "undecided"


class Standing(Frozen):
    """One tag as last settled: on the shelf, or undecided."""

    tag: TagUid
    item: ItemId | None = None
    owner: Isil | None = None
    foreign: ForeignKind | None = None
    """Set when it is none of our items."""
    seen: int = 0
    rounds: int = 0
    """Evidence of the count that settled it."""
    undecided: bool = False
    was_present: bool = True
    """For an undecided tag: whether it had been on the shelf before."""
    visit: VisitId | None = None
    """For an undecided tag: the visit that left it so."""

    seen_earlier: int = 0
    rounds_earlier: int = 0
    """Evidence of the count before that one."""
    missed: int = 0
    """Rounds in a row, over all counts, that didn't see it though it isn't known to be gone."""

    @property
    def rate(self) -> float:
        """How likely a round sees it while it is there, by its last two counts; never quite 0 or 1."""
        seen, rounds = self.seen_earlier, self.rounds_earlier
        if self.seen:
            seen, rounds = seen + self.seen, rounds + self.rounds
        return (seen + 1) / (rounds + 2)

    def luck(self, missed: int) -> float:
        """How likely so many more rounds miss it though it is there."""
        return float((1 - self.rate) ** (self.missed + missed))


class Shelf(Frozen):
    """The settled set of tags on one shelf, reference tag left out."""

    name: ShelfName
    counted: bool = False
    """Ever counted."""
    standings: tuple[Standing, ...] = ()

    def of(self, tag: TagUid) -> Standing | None:
        """The tag's standing, or None when it isn't here."""
        return next((s for s in self.standings if s.tag == tag), None)

    @property
    def present(self) -> tuple[Standing, ...]:
        """What is certainly on it."""
        return tuple(s for s in self.standings if not s.undecided)


@dataclass(frozen=True, slots=True)
class Tally:
    """A count under way: what the rounds saw so far."""

    rounds: int = 0
    clear: int = 0
    """Rounds that were complete and saw the reference tag: these can speak for absence."""
    failures: int = 0
    """Failed rounds in a row."""
    seen: Mapping[TagUid, int] = field(default_factory=dict)


class Verdict(StrEnum):
    """What a count needs next."""

    MORE = "more"
    SETTLED = "settled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a finished count says of one tag that was there before or was seen."""

    tag: TagUid
    shelf: ShelfName
    before: Standing | None
    now: Presence
    seen: int
    rounds: int

    @property
    def evidence(self) -> Evidence:
        """Rounds that saw it, of rounds run, in the count before and in this one."""
        before = self.before
        return Evidence(
            seen_before=before.seen if before else 0,
            rounds_before=before.rounds if before else 0,
            seen_after=self.seen,
            rounds_after=self.rounds,
        )


def add(tally: Tally, tags: frozenset[TagUid], complete: bool, reference: TagUid | None) -> Tally:
    """The tally after one more round."""
    clear = complete and (reference is None or reference in tags)
    seen = dict(tally.seen)
    for tag in tags:
        if tag != reference:
            seen[tag] = seen.get(tag, 0) + 1
    return Tally(tally.rounds + 1, tally.clear + clear, 0, seen)


def failed(tally: Tally) -> Tally:
    """The tally after a round that brought nothing."""
    return Tally(tally.rounds, tally.clear, tally.failures + 1, tally.seen)


def judge(tally: Tally, before: Shelf, reference: TagUid | None, limits: Limits) -> Verdict:
    """Whether the count is over, needs another round, or shows that the reader can't be trusted.

    Without a reference tag, a count that sees nothing at all of a shelf that held several items is a failure too.
    """
    if tally.failures >= limits.max_failures:
        return Verdict.FAILED
    over = tally.rounds >= limits.max_rounds
    blind = reference is None and not tally.seen and len(before.present) > 1
    if tally.clear < limits.rounds or blind:
        return Verdict.FAILED if over else Verdict.MORE
    if over or all(s.now is not Presence.UNDECIDED for s in sightings(tally, before, limits)):
        return Verdict.SETTLED
    return Verdict.MORE


def sightings(tally: Tally, before: Shelf, limits: Limits) -> tuple[Sighting, ...]:
    """What the rounds so far say of every tag that was there before or was seen, in the order of their tags."""
    known = {s.tag: s for s in before.standings}
    tags = sorted({*known, *tally.seen})
    found = [
        Sighting(
            tag,
            before.name,
            known.get(tag),
            _presence(known.get(tag), tally.seen.get(tag, 0), tally, limits),
            tally.seen.get(tag, 0),
            tally.rounds,
        )
        for tag in tags
    ]
    return tuple(found)


def _presence(before: Standing | None, seen: int, tally: Tally, limits: Limits) -> Presence:
    if seen >= STRONG_SIGHTINGS or (seen and seen * 2 >= tally.rounds):
        return Presence.PRESENT
    if seen or tally.clear < limits.absent_rounds:
        return Presence.UNDECIDED
    doubtful = before is not None and before.was_present and before.luck(tally.clear) > _rare(limits)
    return Presence.UNDECIDED if doubtful else Presence.ABSENT


def _rare(limits: Limits) -> float:
    """What counts as rare: LUCK, but never more than the fewest rounds can show of a tag that every round saw."""
    return max(LUCK, 1.001 * (1 / (limits.rounds + 2)) ** limits.absent_rounds)


def doubt_mass_loss(found: tuple[Sighting, ...], before: Shelf) -> tuple[Sighting, ...]:
    """The same sightings, with a loss too large for a pair of hands made undecided until the next count."""
    gone = [s for s in found if s.now is Presence.ABSENT and s.before is not None and not s.before.undecided]
    if len(gone) < MASS_LOSS or len(gone) * 2 <= len(before.present):
        return found
    doubted = {s.tag for s in gone}
    return tuple(
        Sighting(s.tag, s.shelf, s.before, Presence.UNDECIDED, s.seen, s.rounds) if s.tag in doubted else s
        for s in found
    )
