"""Where every item physically is, told by the world's own movements, and whether the hub's answer agrees.

The software under test never feeds this and never reads it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

from protocol.names import ItemId, ShelfName, SiteId


@dataclass(frozen=True, slots=True)
class OnShelf:
    """On a shelf at a site."""

    site: SiteId
    shelf: ShelfName

    def __str__(self) -> str:
        return f"on shelf {self.shelf} at {self.site}"


@dataclass(frozen=True, slots=True)
class WithPatron:
    """In the hands of the patron who took it at a site, after opening the door with their card."""

    patron: str
    site: SiteId

    def __str__(self) -> str:
        return f"with {self.patron}, who took it at {self.site}"


@dataclass(frozen=True, slots=True)
class Gone:
    """Taken at a site by somebody whose visit doesn't show who it was: a forced door, a cleaner."""

    site: SiteId

    def __str__(self) -> str:
        return f"taken at {self.site} by nobody known"


@dataclass(frozen=True, slots=True)
class InTransit:
    """With a courier who took it at a site."""

    site: SiteId

    def __str__(self) -> str:
        return f"with the courier from {self.site}"


@dataclass(frozen=True, slots=True)
class AtLibrary:
    """At the central library; `patron` has it over the counter, where no site could see it."""

    patron: str | None = None

    def __str__(self) -> str:
        return f"with {self.patron} from the library's counter" if self.patron else "at the library"


Place = OnShelf | WithPatron | Gone | InTransit | AtLibrary
_PLACES: dict[str, Callable[..., Place]] = {
    kind.__name__: kind for kind in (OnShelf, WithPatron, Gone, InTransit, AtLibrary)
}


def packed(place: Place) -> list[str | None]:
    """A place as plain values: its kind, then what it is made of."""
    return [type(place).__name__, *astuple(place)]


def unpacked(values: Sequence[str | None]) -> Place:
    """The place that `packed` made `values` of."""
    kind, *parts = values
    return _PLACES[str(kind)](*parts)


@dataclass(frozen=True, slots=True)
class Move:
    """One item came to one place."""

    at: datetime
    place: Place
    hidden: bool = False
    """The reader couldn't have seen the item before it moved: nobody can know who took it."""


class Truth:
    """Every item's movements since the start. Used under its owner's lock."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._moves: dict[ItemId, list[Move]] = {}

    def stands(self, item: ItemId, place: Place) -> None:
        """Where the item is at the start."""
        self._moves[item] = [Move(self._now(), place)]

    def moved(self, item: ItemId, place: Place, hidden: bool = False) -> None:
        """The item came to `place` just now."""
        self._moves[item].append(Move(self._now(), place, hidden))

    def where(self, item: ItemId, at: datetime | None = None) -> Place:
        """Where the item is, or was at `at`; before the start it stood where it began."""
        return self._newest(item, at).place

    def hidden(self, item: ItemId) -> bool:
        """Whether its last movement was one that no reader could see."""
        return self._newest(item).hidden

    def history(self, item: ItemId) -> tuple[Move, ...]:
        """All its movements, oldest first."""
        return tuple(self._moves[item])

    def items(self) -> tuple[ItemId, ...]:
        """All items, in order."""
        return tuple(sorted(self._moves))

    def _newest(self, item: ItemId, at: datetime | None = None) -> Move:
        moves = self._moves[item]
        return next((m for m in reversed(moves) if at is None or m.at <= at), moves[0])


@dataclass(frozen=True, slots=True)
class Answer:
    """What the hub says of one item."""

    item: ItemId
    state: str
    """The hub's word: library, shelf, loan, transit, missing, undecided, withdrawn."""
    site: str | None = None
    shelf: str | None = None
    patron: str | None = None

    def __str__(self) -> str:
        match self.state:
            case "shelf":
                return f"on shelf {self.shelf} at {self.site}"
            case "loan":
                return f"on loan to {self.patron or 'a patron it cannot name'}, from {self.site}"
            case "library":
                return "at the library"
            case "transit":
                return f"with a courier from {self.site}"
            case _:
                return f"{self.state} at {self.site}"


@dataclass(frozen=True, slots=True)
class Difference:
    """An item that isn't where the hub says."""

    item: ItemId
    truth: str
    hub: str

    def __str__(self) -> str:
        return f"{self.item} is {self.truth}; the hub says {self.hub}"


def compare(truth: Truth, answers: Iterable[Answer], shadowed: Iterable[ItemId] = ()) -> tuple[Difference, ...]:
    """Every item of which the hub says something else than is so, in order; none means that all agree.

    `shadowed` are items whose tags no reader can see just now: these, and what was taken while it couldn't be seen,
    may be missing, undecided or still on the shelf, but never on loan to somebody who hasn't got them.
    """
    said: Mapping[ItemId, Answer] = {a.item: a for a in answers}
    unseen = frozenset(shadowed)
    differences = []
    for item in truth.items():
        place, answer = truth.where(item), said.get(item)
        if answer is None:
            differences.append(Difference(item, str(place), "nothing"))
        elif not _agree(place, answer, item in unseen or truth.hidden(item)):
            differences.append(Difference(item, str(place), str(answer)))
    differences += [
        Difference(item, "nothing anybody ever saw", str(said[item])) for item in sorted(set(said) - {*truth.items()})
    ]
    return tuple(differences)


def _agree(place: Place, answer: Answer, unknowable: bool) -> bool:
    if unknowable and answer.state in ("missing", "undecided", "shelf"):
        return True
    match place:
        case OnShelf(site, shelf):
            return answer.state == "shelf" and answer.site == site and answer.shelf == shelf
        case WithPatron(patron, site):
            return answer.state == "loan" and answer.patron == patron and answer.site == site
        case Gone(site):
            nobody = answer.state == "loan" and answer.patron is None  # a card that the library couldn't name
            return (answer.state in ("missing", "undecided") or nobody) and answer.site == site
        case InTransit():
            return answer.state == "transit"
        case AtLibrary():
            return answer.state == "library"


def listing(truth: Truth, answers: Iterable[Answer]) -> list[str]:
    """One line an item: where it is, where the hub says it is."""
    said = {a.item: a for a in answers}
    return [f"{item}  {truth.where(item)}  |  hub: {said.get(item, 'nothing')}" for item in truth.items()]
