"""A card that lies on the reader is one tap."""

from hypothesis import given
from hypothesis import strategies as st

from edge.devices.kinds import Look
from edge.devices.presence import MISSES, Heard, Presence

NOTHING, ONE, TWO, SEVERAL = Look(), Look("DEADBEEF"), Look("04A1B2C3D4E5F6"), Look(several=True)


def shown(*looks: Look) -> list[Look]:
    presence = Presence()
    return [tap for look in looks if (tap := presence.see(look)) is not None]


def test_a_card_held_is_one_tap() -> None:
    assert shown(*[ONE] * 20) == [ONE]


def test_a_look_or_two_that_miss_dont_end_the_presentation() -> None:
    assert shown(ONE, NOTHING, ONE, NOTHING, NOTHING, ONE) == [ONE]


def test_after_three_misses_the_same_card_is_a_new_tap() -> None:
    assert shown(ONE, *[NOTHING] * MISSES, ONE) == [ONE, ONE]


def test_a_second_card_is_a_tap_of_its_own_and_the_first_one_isnt_again() -> None:
    assert shown(ONE, TWO, ONE, TWO) == [ONE, TWO]


def test_several_cards_are_said_once_and_the_one_left_is_a_tap() -> None:
    assert shown(SEVERAL, SEVERAL, ONE, SEVERAL, ONE) == [SEVERAL, ONE]


def test_a_card_served_with_another_beside_it_is_not_asked_for_again() -> None:
    assert shown(ONE, SEVERAL, ONE, SEVERAL) == [ONE]


@given(st.lists(st.sampled_from([NOTHING, ONE, TWO, SEVERAL])))
def test_every_card_looked_at_is_tapped_at_least_once_and_never_twice_without_a_gap(looks: list[Look]) -> None:
    presence, tapped, missed = Presence(), set[Look](), 0
    for look in looks:
        tap = presence.see(look)
        missed = missed + 1 if look == NOTHING else 0
        if missed >= MISSES:
            tapped.clear()
        assert tap is None or tap not in tapped
        tapped |= {tap} if tap else set()
        assert look.uid is None or look in tapped


def test_a_card_that_is_told_of_again_and_again_lies_there_and_a_little_longer() -> None:
    heard = Heard(0.3)
    assert heard.look(0.0) == NOTHING
    for n in range(10):
        heard.hear("DEADBEEF", n * 0.065)
        assert heard.look(n * 0.065 + 0.01) == ONE
    assert heard.look(0.585 + 0.29) == ONE
    assert heard.look(0.585 + 0.31) == NOTHING


def test_a_card_told_of_once_is_seen_at_the_next_look_however_late_that_is() -> None:
    heard = Heard(0.3)
    heard.hear("DEADBEEF", 1.0)
    assert [heard.look(9.0), heard.look(9.1)] == [ONE, NOTHING]


def test_of_two_cards_told_of_the_later_one_lies_there() -> None:
    heard = Heard(0.3)
    heard.hear("DEADBEEF", 1.0)
    heard.hear("04A1B2C3D4E5F6", 1.1)
    assert [heard.look(1.2), heard.look(1.3)] == [TWO, TWO]
