"""Simulated people: who comes, what they mean to do at a cabinet, and what they get wrong. Pure.

`plan` turns a person, what they carry and what they see into a script of steps. Whoever performs it meets what really
happens: a door that stays shut ends the script, and an item that is gone by then is passed over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from protocol.names import ShelfName, SiteId, TagUid

_Any = TypeVar("_Any")


class Chance(Protocol):
    """What is used of a random.Random."""

    def random(self) -> float: ...
    def choice(self, seq: Sequence[_Any]) -> _Any: ...
    def choices(self, population: Sequence[_Any], weights: Sequence[float]) -> list[_Any]: ...
    def sample(self, population: Sequence[_Any], k: int) -> list[_Any]: ...
    def randint(self, a: int, b: int) -> int: ...
    def shuffle(self, x: list[_Any]) -> None: ...


class Role(StrEnum):
    """Why somebody comes."""

    PATRON = "patron"
    COURIER = "courier"
    CLEANER = "cleaner"
    STRANGER = "stranger"
    """Has a card the library never issued."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with at least one card."""

    key: str
    """The patron, or a name for those who are none."""
    cards: tuple[str, ...]
    """UIDs; the first is the one they mostly use."""
    site: SiteId
    """Where they mostly go."""
    role: Role = Role.PATRON
    tastes: tuple[str, ...] = ()
    language: str = ""
    """MARC code of what they prefer to read."""
    often: float = 1.0
    """How often they come, against others of their role."""


@dataclass(frozen=True, slots=True)
class Thing:
    """An item as a person sees it."""

    tag: TagUid
    themes: tuple[str, ...] = ()
    language: str = ""
    ours: bool = True
    """False: another library's."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody before an open cabinet sees."""

    shelves: Mapping[ShelfName, tuple[Thing, ...]]
    """What can be taken, by shelf."""
    room: Mapping[ShelfName, int]
    """Items each shelf still has room for."""


class Intention(StrEnum):
    """What somebody comes for."""

    BORROW = "borrow"
    RETURN = "return"
    BOTH = "return and borrow"
    BROWSE = "browse and put back"
    FOREIGN = "bring another library's item"
    RESTOCK = "restock"
    CLEAN = "clean"


class Mistake(StrEnum):
    """What they get wrong."""

    NONE = "none"
    NO_ENTRY = "never opens the door"
    DAWDLE = "leaves the door open"
    DOUBLE_TAP = "taps twice"
    SECOND_CARD = "taps a second card"
    PUT_BACK = "takes an item and puts it back"
    WRONG_SHELF = "puts an item on the other shelf"


@dataclass(frozen=True, slots=True)
class Tap:
    """Holds a card to the reader."""

    card: str


@dataclass(frozen=True, slots=True)
class Pull:
    """Pulls at the door until it gives; walks off when it doesn't within the patience."""

    patience_s: float


@dataclass(frozen=True, slots=True)
class Take:
    """Takes an item off its shelf."""

    tag: TagUid


@dataclass(frozen=True, slots=True)
class Put:
    """Puts an item on a shelf."""

    tag: TagUid
    shelf: ShelfName


@dataclass(frozen=True, slots=True)
class Linger:
    """Stands there."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Shut:
    """Shuts the door."""


@dataclass(frozen=True, slots=True)
class Read:
    """Waits for the screen to say what was counted, for so long at most."""

    patience_s: float


Step = Tap | Pull | Take | Put | Linger | Shut | Read


@dataclass(frozen=True, slots=True)
class Pace:
    """How long people take, in seconds."""

    hand_s: float = 0.4
    """Between two movements."""
    pull_s: float = 3.0
    dawdle_s: float = 8.0
    read_s: float = 12.0


@dataclass(frozen=True, slots=True)
class Plan:
    """One coming of one person."""

    person: Person
    intention: Intention
    mistake: Mistake
    steps: tuple[Step, ...]


MISTAKES: Mapping[Mistake, float] = {
    Mistake.NONE: 70,
    Mistake.NO_ENTRY: 4,
    Mistake.DAWDLE: 3,
    Mistake.DOUBLE_TAP: 6,
    Mistake.SECOND_CARD: 4,
    Mistake.PUT_BACK: 7,
    Mistake.WRONG_SHELF: 6,
}
"""How often each happens, against the others."""
FAVOURITE = 3.0
"""How much more often somebody comes to the site they mostly go to."""
ROLES: Mapping[Role, float] = {Role.PATRON: 1.0, Role.COURIER: 2.0, Role.CLEANER: 0.6, Role.STRANGER: 1.5}
"""How often one person of each role comes, against a patron: the city has many patrons and one courier."""
CARRYING = 3.0
"""How much more often somebody comes who has something to bring back."""


def next_visitor(chance: Chance, people: Sequence[Person], carrying: Mapping[str, int], site: SiteId) -> Person | None:
    """Who comes to the site next, of those who are free; None when nobody is."""
    if not people:
        return None
    weights = [
        ROLES[p.role] * p.often * (FAVOURITE if p.site == site else 1.0) * (CARRYING if carrying.get(p.key) else 1.0)
        for p in people
    ]
    return chance.choices(people, weights)[0]


def plan(
    chance: Chance, person: Person, bag: Sequence[Thing], sight: Sight, other_card: str, pace: Pace = Pace()
) -> Plan:
    """What the person is going to do; `bag` is what they have with them, `other_card` somebody else's."""
    intention = _intention(chance, person, bag, sight)
    mistake = _mistake(chance, person)
    inside = _inside(chance, person, bag, sight, intention)
    if mistake is Mistake.PUT_BACK:
        inside += _look_at(chance, sight, inside, 1)
    if mistake is Mistake.WRONG_SHELF:
        inside += _misplace(chance, sight, inside)
    steps: list[Step] = [Tap(chance.choice(person.cards) if chance.random() < 0.3 else person.cards[0])]
    if mistake is Mistake.NO_ENTRY:
        return Plan(person, intention, mistake, (*steps, Linger(pace.pull_s)))
    if mistake is Mistake.DOUBLE_TAP:
        steps += [Linger(pace.hand_s), steps[0]]
    steps.append(Pull(pace.pull_s))
    if mistake is Mistake.SECOND_CARD:
        steps.append(Tap(other_card))
    for step in inside:
        steps += [Linger(pace.hand_s), step]
    steps.append(Linger(pace.dawdle_s if mistake is Mistake.DAWDLE else pace.hand_s))
    return Plan(person, intention, mistake, (*steps, Shut(), Read(pace.read_s)))


def _intention(chance: Chance, person: Person, bag: Sequence[Thing], sight: Sight) -> Intention:
    if person.role is Role.COURIER:
        return Intention.RESTOCK
    if person.role is Role.CLEANER:
        return Intention.CLEAN
    if any(not thing.ours for thing in bag):
        return Intention.FOREIGN
    bringing = bool(bag) and any(sight.room.values())
    weights = {
        Intention.BORROW: 45.0,
        Intention.RETURN: 30.0 if bringing else 0.0,
        Intention.BOTH: 25.0 if bringing else 0.0,
        Intention.BROWSE: 12.0,
    }
    return chance.choices(list(weights), list(weights.values()))[0]


def _mistake(chance: Chance, person: Person) -> Mistake:
    """Those who come for work know the cabinet."""
    if person.role in (Role.COURIER, Role.CLEANER):
        return Mistake.NONE
    return chance.choices(list(MISTAKES), list(MISTAKES.values()))[0]


def _inside(chance: Chance, person: Person, bag: Sequence[Thing], sight: Sight, intention: Intention) -> list[Step]:
    """What happens between the door's opening and shutting, mistakes that are movements left out."""
    match intention:
        case Intention.BORROW:
            return _borrow(chance, person, sight)
        case Intention.RETURN:
            return _bring(chance, bag, sight)
        case Intention.BOTH:
            return _bring(chance, bag, sight) + _borrow(chance, person, sight)
        case Intention.BROWSE:
            return _look_at(chance, sight, [], chance.randint(1, 2))
        case Intention.FOREIGN:
            return _bring(chance, bag, sight)
        case Intention.RESTOCK:
            return _restock(chance, bag, sight)
        case Intention.CLEAN:
            return []


def _borrow(chance: Chance, person: Person, sight: Sight) -> list[Step]:
    """One to three of our items, rather those the person likes."""
    things = [t for shelf in sight.shelves.values() for t in shelf if t.ours]
    wanted: list[Step] = []
    for _ in range(chance.choices((1, 2, 3), (5, 3, 2))[0]):
        if things:
            weights = [1.0 + 4.0 * bool(set(t.themes) & set(person.tastes)) + 3.0 * (t.language == person.language)
                       for t in things]  # fmt: skip
            chosen = chance.choices(things, weights)[0]
            things.remove(chosen)
            wanted.append(Take(chosen.tag))
    return wanted


def _bring(chance: Chance, bag: Sequence[Thing], sight: Sight) -> list[Step]:
    """What is in the bag goes on shelves with room; mostly all of it."""
    brought = list(bag)
    if len(brought) > 1 and chance.random() < 0.3:
        brought = chance.sample(brought, len(brought) - 1)
    room = dict(sight.room)
    steps: list[Step] = []
    for thing in brought:
        free = [name for name, places in room.items() if places > 0]
        if free:
            shelf = chance.choice(free)
            room[shelf] -= 1
            steps.append(Put(thing.tag, shelf))
    return steps


def _restock(chance: Chance, bag: Sequence[Thing], sight: Sight) -> list[Step]:
    """A courier brings everything, and takes what is another library's and a few of ours."""
    things = [t for shelf in sight.shelves.values() for t in shelf]
    foreign = [t for t in things if not t.ours]
    ours = [t for t in things if t.ours]
    away = foreign + chance.sample(ours, min(len(ours), chance.randint(1, 3)))
    return [*_bring_all(bag, sight), *(Take(t.tag) for t in away)]


def _bring_all(bag: Sequence[Thing], sight: Sight) -> list[Step]:
    room = dict(sight.room)
    steps: list[Step] = []
    for thing in bag:
        roomiest = max(room, key=lambda name: room[name])
        if room[roomiest] > 0:
            room[roomiest] -= 1
            steps.append(Put(thing.tag, roomiest))
    return steps


def _look_at(chance: Chance, sight: Sight, busy_with: Sequence[Step], number: int) -> list[Step]:
    """Takes a few items and puts each back where it was."""
    taken = {step.tag for step in busy_with if isinstance(step, Take | Put)}
    things = [(t, name) for name, shelf in sight.shelves.items() for t in shelf if t.tag not in taken]
    steps: list[Step] = []
    for thing, name in chance.sample(things, min(number, len(things))):
        steps += [Take(thing.tag), Put(thing.tag, name)]
    return steps


def _misplace(chance: Chance, sight: Sight, busy_with: Sequence[Step]) -> list[Step]:
    """Takes an item and puts it on another shelf with room."""
    taken = {step.tag for step in busy_with if isinstance(step, Take | Put)}
    moves = [
        (t, other)
        for name, shelf in sight.shelves.items()
        for t in shelf
        for other, places in sight.room.items()
        if other != name and places > len(busy_with) and t.tag not in taken
    ]
    if not moves:
        return []
    thing, other = chance.choice(moves)
    return [Take(thing.tag), Put(thing.tag, other)]
