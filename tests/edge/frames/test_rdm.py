"""What RDM6300 readers say, over lines that cut, add and lose bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.frames.rdm import FRAME_BYTES, Decoder, FrameError, Reading

CARD = Reading(bytes.fromhex("010063E9AE"))
OTHER = Reading(bytes.fromhex("4500B8D4F0"))
readings = st.builds(Reading, st.binary(min_size=5, max_size=5))


def test_a_card_that_comes_byte_by_byte_is_one_card() -> None:
    decoder = Decoder()
    found = [reading for byte in bytes(CARD) for reading in decoder.feed(bytes((byte,)))]
    assert found == [CARD]
    assert decoder.rubbish == 0


def test_a_frame_cut_where_the_card_was_lifted_gives_way_to_the_next() -> None:
    for cut in range(FRAME_BYTES):
        decoder = Decoder()
        assert decoder.feed(bytes(CARD)[:cut] + bytes(OTHER)) == (OTHER,)
        assert decoder.rubbish == cut


@pytest.mark.parametrize("at", range(FRAME_BYTES * 8))
def test_no_flipped_bit_makes_another_card(at: int) -> None:
    raw = bytearray(bytes(CARD))
    raw[at // 8] ^= 1 << at % 8
    assert Decoder().feed(bytes(raw)) in ((), (CARD,))  # a capital that became a small letter is the same digit


@pytest.mark.parametrize("raw", [b"\x02010063E9AE26\x03", b"\x02010063E9AG25\x03", b"\x02 10063E9AE25\x03", b""])
def test_what_is_no_card_is_refused(raw: bytes) -> None:
    with pytest.raises(FrameError):
        Reading.from_bytes(raw)


@given(readings)
def test_what_is_written_is_read(reading: Reading) -> None:
    assert Reading.from_bytes(bytes(reading)) == reading


@given(st.lists(st.one_of(st.binary(max_size=40), st.just(b"\x02"), st.just(bytes(CARD)[:9])), max_size=20))
def test_the_decoder_survives_any_noise_in_bounds(chunks: list[bytes]) -> None:
    decoder = Decoder()
    fed = 0
    for chunk in chunks:
        fed += len(chunk) - FRAME_BYTES * len(decoder.feed(chunk))
        assert len(decoder) < FRAME_BYTES
        assert decoder.rubbish + len(decoder) == fed


@given(st.binary(max_size=40), readings)
def test_a_card_after_any_noise_is_found_at_its_second_frame_at_the_latest(noise: bytes, reading: Reading) -> None:
    assert reading in Decoder().feed(noise + bytes(reading) * 2)
