"""Door readers' bits, with some lost, some too many, and the wires swapped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.frames.wiegand import LENGTHS, MOST_BITS, FrameError, Gatherer, Number, Swapped, decode, encode

numbers = st.sampled_from(list(LENGTHS.values())).flatmap(
    lambda bits: st.builds(Number, st.integers(0, (1 << bits) - 1), st.just(bits))
)
CARD = Number(0x63E9AE, 24)


def test_what_is_printed_on_a_card_is_facility_and_number() -> None:
    assert (CARD.facility, CARD.card) == (99, 59822)


@given(numbers)
def test_what_is_sent_is_read(number: Number) -> None:
    assert decode(encode(number)) == number


@given(numbers, st.data())
def test_no_single_wrong_bit_passes(number: Number, data: st.DataObject) -> None:
    bits = list(encode(number))
    bits[data.draw(st.integers(0, len(bits) - 1))] ^= 1
    with pytest.raises(FrameError, match="a parity is wrong"):
        decode(bits)


@given(numbers)
def test_swapped_wires_are_always_noticed(number: Number) -> None:
    with pytest.raises(Swapped, match="D0 and D1 are swapped"):
        decode([1 - bit for bit in encode(number)])


@pytest.mark.parametrize("count", [0, 1, 25, 27, 33, 35, MOST_BITS])
def test_a_bit_lost_or_one_too_many_is_no_card(count: int) -> None:
    with pytest.raises(FrameError, match=f"{count} bits"):
        decode([1] * count)


@given(st.lists(st.integers(0, 1), max_size=40))
def test_no_bits_raise_anything_but_the_declared_error(bits: list[int]) -> None:
    try:
        number = decode(bits)
    except FrameError:
        return
    assert encode(number) == tuple(bits)


def test_silence_ends_a_card() -> None:
    gatherer = Gatherer(0.025)
    for n, bit in enumerate(encode(CARD)):
        gatherer.pulse(bit, 1 + n * 0.002)
    assert gatherer.over(1.06) == ()
    assert gatherer.over(1.08) == (encode(CARD),)
    assert gatherer.over(2) == ()


def test_two_cards_with_silence_between_are_two() -> None:
    gatherer = Gatherer(0.025)
    for start in (1.0, 1.5):
        for n, bit in enumerate(encode(CARD)):
            gatherer.pulse(bit, start + n * 0.001)
    assert gatherer.over(3) == (encode(CARD), encode(CARD))


@given(st.lists(st.tuples(st.integers(0, 1), st.floats(0, 0.05)), max_size=300))
def test_every_pulse_is_in_one_card_in_its_order_and_no_card_grows_without_end(pulses: list[tuple[int, float]]) -> None:
    gatherer, at = Gatherer(0.025), 0.0
    for bit, pause in pulses:
        at += pause
        gatherer.pulse(bit, at)
    over = gatherer.over(at + 1)
    assert all(len(bits) <= MOST_BITS for bits in over)
    if all(len(bits) < MOST_BITS for bits in over):
        assert [bit for bits in over for bit in bits] == [bit for bit, _ in pulses]
