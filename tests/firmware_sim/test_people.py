"""What simulated people set out to do, whatever the seed."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.people import (
    Intention,
    Linger,
    Mistake,
    Person,
    Plan,
    Pull,
    Put,
    Read,
    Role,
    Shut,
    Sight,
    Take,
    Tap,
    Thing,
    next_visitor,
    plan,
)
from protocol.names import ShelfName, SiteId, TagUid

BANK, SCHOOL = SiteId("harbour-bank"), SiteId("garden-school")
A, B = ShelfName("A"), ShelfName("B")
NOVELS = tuple(Thing(TagUid(f"E0040100000000{n:02X}"), ("classics",), "eng") for n in range(6))
POEMS = tuple(Thing(TagUid(f"E0040100000001{n:02X}"), ("poetry-drama",), "chi") for n in range(6))
CABINET = Sight({A: NOVELS, B: POEMS}, {A: 4, B: 4})
READER = Person("R1", ("11223344", "55667788"), BANK, tastes=("classics",), language="eng")
BROUGHT = (Thing(TagUid("E004010000000201")), Thing(TagUid("E004010000000202")))
STRANGE = (Thing(TagUid("E004010000000301"), ours=False),)
OTHER = "99AABBCC"


def planned(seed: int, person: Person = READER, bag: tuple[Thing, ...] = (), sight: Sight = CABINET) -> Plan:
    return plan(Random(seed), person, bag, sight, OTHER)


def many(person: Person = READER, bag: tuple[Thing, ...] = ()) -> list[Plan]:
    return [planned(seed, person, bag) for seed in range(400)]


@given(st.integers(), st.sampled_from([(), BROUGHT, STRANGE]))
def test_nobody_takes_what_is_not_there_or_puts_what_they_do_not_have(seed: int, bag: tuple[Thing, ...]) -> None:
    there = {t.tag for t in (*NOVELS, *POEMS)}
    hands = {t.tag for t in bag}
    for step in planned(seed, bag=bag).steps:
        if isinstance(step, Take):
            assert step.tag in there
            there.remove(step.tag)
            hands.add(step.tag)
        if isinstance(step, Put):
            assert step.tag in hands
            hands.remove(step.tag)
            there.add(step.tag)


@given(st.integers())
def test_the_door_is_shut_by_whoever_opened_it_and_then_the_screen_is_read(seed: int) -> None:
    steps = planned(seed).steps
    assert isinstance(steps[0], Tap)
    if any(isinstance(s, Pull) for s in steps):
        assert isinstance(steps[-2], Shut)
        assert isinstance(steps[-1], Read)


@given(st.integers())
def test_hands_move_only_while_the_door_is_open(seed: int) -> None:
    steps = planned(seed, bag=BROUGHT).steps
    inside = [i for i, s in enumerate(steps) if isinstance(s, Take | Put)]
    if inside:
        opened = next(i for i, s in enumerate(steps) if isinstance(s, Pull))
        shut = next(i for i, s in enumerate(steps) if isinstance(s, Shut))
        assert opened < inside[0] <= inside[-1] < shut


def test_the_same_seed_gives_the_same_plan() -> None:
    assert planned(7) == planned(7)


def test_every_intention_and_every_mistake_comes_up() -> None:
    plans = many(bag=BROUGHT) + many(bag=STRANGE)
    assert {p.intention for p in plans} >= {
        Intention.BORROW,
        Intention.RETURN,
        Intention.BOTH,
        Intention.BROWSE,
        Intention.FOREIGN,
    }
    assert {p.mistake for p in plans} == set(Mistake)


def test_most_visits_go_without_a_mistake() -> None:
    assert Counter(p.mistake for p in many())[Mistake.NONE] > 200


def test_who_has_nothing_brings_nothing() -> None:
    assert all(p.intention in (Intention.BORROW, Intention.BROWSE) for p in many())


def test_borrowers_take_one_to_three_items_and_rather_what_they_like() -> None:
    taken = [
        [s.tag for s in p.steps if isinstance(s, Take)]
        for p in many()
        if p.intention is Intention.BORROW and p.mistake is Mistake.NONE
    ]
    assert {len(tags) for tags in taken} == {1, 2, 3}
    liked = {t.tag for t in NOVELS}
    assert sum(tag in liked for tags in taken for tag in tags) > 1.5 * sum(
        tag not in liked for tags in taken for tag in tags
    )


def test_who_browses_leaves_everything_where_it_was() -> None:
    for p in many():
        if p.intention is Intention.BROWSE and p.mistake is not Mistake.WRONG_SHELF:
            where = {t.tag: name for name, shelf in CABINET.shelves.items() for t in shelf}
            assert all(where[s.tag] == s.shelf for s in p.steps if isinstance(s, Put))


def test_who_misplaces_puts_an_item_on_the_other_shelf() -> None:
    misplaced = next(p for p in many() if p.mistake is Mistake.WRONG_SHELF and p.intention is Intention.BORROW)
    puts = [s for s in misplaced.steps if isinstance(s, Put)]
    assert len(puts) == 1
    assert puts[0].tag not in {t.tag for t in CABINET.shelves[puts[0].shelf]}


def test_a_second_card_is_somebody_elses() -> None:
    steps = next(p for p in many() if p.mistake is Mistake.SECOND_CARD).steps
    assert [s.card for s in steps if isinstance(s, Tap)][1] == OTHER


def test_who_never_opens_the_door_only_taps() -> None:
    steps = next(p for p in many() if p.mistake is Mistake.NO_ENTRY).steps
    assert [type(s) for s in steps] == [Tap, Linger]


def test_nobody_puts_anything_on_a_full_shelf() -> None:
    full = Sight({A: NOVELS, B: POEMS}, {A: 0, B: 0})
    for seed in range(200):
        hands = {t.tag for t in BROUGHT}
        assert not any(isinstance(s, Put) and s.tag in hands for s in planned(seed, bag=BROUGHT, sight=full).steps)


def test_a_courier_brings_everything_and_takes_foreign_items_away() -> None:
    courier = Person("Courier 1", ("0A0B0C0D",), BANK, Role.COURIER)
    with_stranger = Sight({A: (*NOVELS, *STRANGE), B: POEMS}, {A: 4, B: 4})
    steps = planned(3, courier, BROUGHT, with_stranger).steps
    assert {s.tag for s in steps if isinstance(s, Put)} == {t.tag for t in BROUGHT}
    assert STRANGE[0].tag in {s.tag for s in steps if isinstance(s, Take)}


def test_a_cleaner_touches_no_item() -> None:
    cleaner = Person("Cleaner 1", ("0A0B0C0D",), BANK, Role.CLEANER)
    assert not any(isinstance(s, Take | Put) for s in planned(3, cleaner).steps)


def test_an_empty_cabinet_is_survived() -> None:
    for seed in range(100):
        planned(seed, sight=Sight({A: (), B: ()}, {A: 60, B: 60}))


def test_people_mostly_come_to_their_own_site_and_with_something_to_bring() -> None:
    here, there, bearer = (Person(k, ("1",), s) for k, s in (("here", BANK), ("there", SCHOOL), ("bearer", BANK)))
    came: Counter[str] = Counter()
    for seed in range(1000):
        visitor = next_visitor(Random(seed), [here, there, bearer], {"bearer": 1}, BANK)
        assert visitor is not None
        came[visitor.key] += 1
    assert came["bearer"] > came["here"] > came["there"] > 0


def test_nobody_comes_when_nobody_is_free() -> None:
    assert next_visitor(Random(1), [], {}, BANK) is None


@pytest.mark.parametrize("role", list(Role))
def test_every_role_has_its_share(role: Role) -> None:
    assert next_visitor(Random(1), [Person("x", ("1",), BANK, role)], {}, BANK) is not None
