"""From noisy rounds to a settled shelf."""

from hypothesis import given
from hypothesis import strategies as st

from edge import shelf
from edge.shelf import Limits, Presence, Shelf, Sighting, Standing, Tally, Verdict
from protocol.names import ShelfName, TagUid

LIMITS = Limits(rounds=4, absent_rounds=8, max_rounds=16, max_failures=3)
REFERENCE = TagUid("E0040100000000FF")
ONE, TWO, THREE = (TagUid(f"E00401000000000{n}") for n in (1, 2, 3))


def held(*tags: TagUid, seen: int = 4, rounds: int = 4) -> Shelf:
    return Shelf(
        name=ShelfName("A"), counted=True, standings=tuple(Standing(tag=t, seen=seen, rounds=rounds) for t in tags)
    )


def run(before: Shelf, *rounds: set[TagUid], reference: TagUid | None = REFERENCE) -> tuple[Tally, Verdict]:
    """Feeds rounds until the count is over or they run out; the last one repeats."""
    tally, verdict, number = Tally(), Verdict.MORE, 0
    while verdict is Verdict.MORE and number < 60:
        tally = shelf.add(tally, frozenset(rounds[min(number, len(rounds) - 1)]), True, reference)
        verdict = shelf.judge(tally, before, reference, LIMITS)
        number += 1
    return tally, verdict


def says(tally: Tally, before: Shelf) -> dict[TagUid, Presence]:
    return {s.tag: s.now for s in shelf.sightings(tally, before, LIMITS)}


def test_a_shelf_seen_whole_in_every_round_settles_after_the_first_few() -> None:
    tally, verdict = run(held(ONE, TWO), {ONE, TWO, REFERENCE})
    assert (verdict, tally.rounds) == (Verdict.SETTLED, LIMITS.rounds)
    assert says(tally, held(ONE, TWO)) == {ONE: Presence.PRESENT, TWO: Presence.PRESENT}


def test_a_tag_is_gone_only_after_more_rounds_have_missed_it() -> None:
    tally, verdict = run(held(ONE, TWO), {ONE, REFERENCE})
    assert (verdict, tally.rounds) == (Verdict.SETTLED, LIMITS.absent_rounds)
    assert says(tally, held(ONE, TWO))[TWO] is Presence.ABSENT


def test_one_sighting_among_many_rounds_leaves_a_tag_undecided() -> None:
    tally, verdict = run(held(ONE, TWO), {ONE, TWO, REFERENCE}, {ONE, REFERENCE})
    assert (verdict, tally.rounds) == (Verdict.SETTLED, LIMITS.max_rounds)
    assert says(tally, held(ONE, TWO))[TWO] is Presence.UNDECIDED


def test_a_few_sightings_of_a_tag_at_the_edge_of_the_field_are_enough() -> None:
    flicker = [{ONE, REFERENCE}, {REFERENCE}, {REFERENCE}, {REFERENCE}] * 4
    tally, _ = run(held(ONE), *flicker)
    assert says(tally, held(ONE))[ONE] is Presence.PRESENT


def test_a_tag_that_was_hardly_seen_before_is_not_called_gone_by_one_count() -> None:
    weak = held(ONE, seen=3, rounds=16)
    tally, _ = run(weak, {REFERENCE})
    assert says(tally, weak)[ONE] is Presence.UNDECIDED


def shelved(**known: object) -> Shelf:
    return Shelf(name=ShelfName("A"), counted=True, standings=(Standing(tag=ONE, **known),))  # type: ignore[arg-type]


def test_a_tag_undecided_before_and_missed_again_is_gone() -> None:
    before = shelved(seen=0, rounds=16, undecided=True, seen_earlier=8, rounds_earlier=16, missed=16)
    tally, verdict = run(before, {REFERENCE})
    assert verdict is Verdict.SETTLED
    assert says(tally, before)[ONE] is Presence.ABSENT


def test_a_tag_that_is_read_seldom_is_not_gone_because_two_counts_missed_it() -> None:
    before = shelved(seen=0, rounds=16, undecided=True, seen_earlier=3, rounds_earlier=16, missed=16)
    assert says(run(before, {REFERENCE})[0], before)[ONE] is Presence.UNDECIDED


def test_where_few_rounds_are_asked_for_a_tag_that_each_saw_is_still_gone_after_them() -> None:
    few = Limits(rounds=2, absent_rounds=3, max_rounds=6, max_failures=3)
    tally = Tally(rounds=3, clear=3)
    (gone,) = shelf.sightings(tally, shelved(seen=2, rounds=2), few)
    assert gone.now is Presence.ABSENT


def test_how_often_a_tag_must_be_missed_depends_on_how_well_it_was_read() -> None:
    well, half = shelved(seen=4, rounds=4, seen_earlier=4, rounds_earlier=4), shelved(seen=2, rounds=4)
    assert run(well, {REFERENCE})[0].rounds == 8
    tally, _ = run(half, {REFERENCE})
    assert (tally.rounds, says(tally, half)[ONE]) == (16, Presence.UNDECIDED)


def test_rounds_without_the_reference_tag_cannot_make_an_item_absent() -> None:
    tally, verdict = run(held(ONE, TWO), {ONE})
    assert verdict is Verdict.FAILED
    assert tally.clear == 0


def test_a_reader_that_sees_nothing_at_all_is_not_an_empty_shelf() -> None:
    assert run(held(ONE, TWO), set())[1] is Verdict.FAILED
    assert run(held(ONE, TWO), set(), reference=None)[1] is Verdict.FAILED


def test_an_empty_shelf_with_its_reference_tag_is_empty() -> None:
    tally, verdict = run(held(), {REFERENCE})
    assert verdict is Verdict.SETTLED
    assert says(tally, held()) == {}


def test_the_reference_tag_is_never_an_item() -> None:
    tally, _ = run(held(), {REFERENCE, ONE})
    assert set(says(tally, held())) == {ONE}


def test_an_incomplete_round_speaks_for_what_it_saw_but_not_for_what_it_missed() -> None:
    tally = Tally()
    for _ in range(8):
        tally = shelf.add(tally, frozenset({ONE, REFERENCE}), False, REFERENCE)
    assert tally.clear == 0
    assert says(tally, held(ONE, TWO)) == {ONE: Presence.PRESENT, TWO: Presence.UNDECIDED}


def test_failed_rounds_in_a_row_fail_the_count_and_a_good_one_starts_over() -> None:
    tally = shelf.failed(shelf.failed(Tally()))
    assert shelf.judge(tally, held(ONE), REFERENCE, LIMITS) is Verdict.MORE
    assert shelf.judge(shelf.failed(tally), held(ONE), REFERENCE, LIMITS) is Verdict.FAILED
    again = shelf.add(tally, frozenset({ONE, REFERENCE}), True, REFERENCE)
    assert again.failures == 0


def test_a_loss_too_large_for_a_pair_of_hands_is_doubted() -> None:
    many = [TagUid(f"E00401000000{n:04X}") for n in range(12)]
    before = held(*many)
    tally, _ = run(before, {REFERENCE, *many[:3]})
    doubted = {s.tag: s.now for s in shelf.doubt_mass_loss(shelf.sightings(tally, before, LIMITS), before)}
    assert {doubted[t] for t in many[3:]} == {Presence.UNDECIDED}
    assert {doubted[t] for t in many[:3]} == {Presence.PRESENT}


def test_taking_a_few_of_many_is_believed() -> None:
    many = [TagUid(f"E00401000000{n:04X}") for n in range(12)]
    before = held(*many)
    tally, _ = run(before, {REFERENCE, *many[4:]})
    found = shelf.sightings(tally, before, LIMITS)
    assert shelf.doubt_mass_loss(found, before) == found


@given(st.lists(st.sets(st.sampled_from([ONE, TWO, THREE, REFERENCE])), max_size=60), st.booleans())
def test_every_count_ends_and_no_seen_tag_is_ever_called_absent(rounds: list[set[TagUid]], complete: bool) -> None:
    before = held(ONE, TWO)
    tally, verdict = Tally(), Verdict.MORE
    for number in range(LIMITS.max_rounds):
        tags = frozenset(rounds[number % len(rounds)]) if rounds else frozenset()
        tally = shelf.add(tally, tags, complete, REFERENCE)
        verdict = shelf.judge(tally, before, REFERENCE, LIMITS)
        if verdict is not Verdict.MORE:
            break
    assert verdict is not Verdict.MORE
    found: tuple[Sighting, ...] = shelf.sightings(tally, before, LIMITS)
    assert all(s.seen == 0 for s in found if s.now is Presence.ABSENT)
    assert all(tally.clear >= LIMITS.absent_rounds for s in found if s.now is Presence.ABSENT)
