"""FEIG frames over lines that cut, add and lose bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.frames import hf
from edge.frames.hf import MAX_FRAME, Answer, Decoder, FrameError, Request
from protocol.names import TagUid

ONE = Answer(0xB0, 0x00, bytes.fromhex("01033EE004010012345678"))
NONE = Answer(0xB0, 0x01)
LONG = Answer(0xB0, 0x94, bytes(range(256)) * 2, advanced=True)

answers = st.builds(
    Answer,
    command=st.integers(0, 255),
    status=st.integers(0, 255),
    data=st.binary(max_size=200),
    address=st.integers(0, 255),
    advanced=st.booleans(),
)


def test_a_frame_that_comes_byte_by_byte_is_one_frame() -> None:
    decoder = Decoder()
    found = [answer for byte in bytes(ONE) for answer in decoder.feed(bytes((byte,)))]
    assert found == [ONE]
    assert decoder.rubbish == 0


def test_frames_that_come_together_are_told_apart() -> None:
    assert Decoder().feed(bytes(ONE) + bytes(LONG) + bytes(NONE)) == (ONE, LONG, NONE)


def test_a_long_answer_has_the_advanced_form() -> None:
    assert bytes(LONG)[:3] == b"\x02" + len(bytes(LONG)).to_bytes(2, "big")
    with pytest.raises(FrameError, match="don't fit"):
        bytes(Answer(0xB0, 0, bytes(250)))


def test_noise_that_is_no_length_is_stepped_over_and_counted() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\x00\x01\x05" + bytes(ONE)) == (ONE,)
    assert decoder.rubbish == 3


def test_noise_that_looks_like_a_length_is_seen_through_when_the_line_falls_quiet() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\xff" + bytes(ONE)) == ()
    assert decoder.quiet() == (ONE,)
    assert (decoder.rubbish, len(decoder)) == (1, 0)


def test_noise_like_the_beginning_of_a_long_frame_is_seen_through_too() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\x02\x0f\xff" + bytes(ONE) + bytes(NONE)) == ()
    assert decoder.quiet() == (ONE, NONE)


def test_a_pause_inside_a_frame_loses_nothing() -> None:
    decoder = Decoder()
    raw = bytes(ONE)
    assert decoder.feed(raw[:5]) == ()
    assert decoder.quiet() == ()
    assert decoder.feed(raw[5:]) == (ONE,)


def test_a_frame_cut_short_gives_way_to_the_next() -> None:
    decoder = Decoder()
    decoder.feed(bytes(ONE)[:-3])
    found = decoder.feed(bytes(NONE)) + decoder.quiet()
    assert found == (NONE,)


@pytest.mark.parametrize("at", range(len(bytes(ONE)) * 8))
def test_no_flipped_bit_passes(at: int) -> None:
    raw = bytearray(bytes(ONE))
    raw[at // 8] ^= 1 << at % 8
    decoder = Decoder()
    assert decoder.feed(bytes(raw)) + decoder.quiet() == ()


@given(answers)
def test_what_is_written_is_read(answer: Answer) -> None:
    assert Answer.from_bytes(bytes(answer)) == answer


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_the_declared_error(raw: bytes) -> None:
    for kind in (Answer, Request):
        try:
            kind.from_bytes(raw)
        except FrameError:
            pass


@given(st.lists(st.binary(max_size=200), max_size=30), st.booleans())
def test_the_decoder_survives_any_noise_in_bounds(chunks: list[bytes], pauses: bool) -> None:
    decoder = Decoder()
    fed = 0
    for chunk in chunks:
        fed += len(chunk)
        used = sum(len(bytes(answer)) for answer in decoder.feed(chunk) + (decoder.quiet() if pauses else ()))
        fed -= used
        assert len(decoder) <= MAX_FRAME
        assert decoder.rubbish + len(decoder) == fed


@given(st.binary(max_size=40), answers)
def test_a_frame_after_any_noise_is_found_once_the_line_is_quiet(noise: bytes, answer: Answer) -> None:
    decoder = Decoder()
    found = decoder.feed(noise + bytes(answer))
    found += decoder.quiet()
    assert answer in found


def test_the_buffer_doesnt_grow_while_a_long_frame_never_comes_to_its_end() -> None:
    decoder = Decoder()
    for _ in range(100):
        decoder.feed(b"\x02\x10\x00" + bytes(97))
        assert len(decoder) <= MAX_FRAME


@pytest.mark.parametrize("data", [b"\x02" + bytes(10), b"\x01" + bytes(11), b"\xff"])
def test_an_inventory_that_doesnt_add_up_is_refused(data: bytes) -> None:
    with pytest.raises(FrameError):
        hf.parse_inventory(Answer(0xB0, 0, data))


def test_a_transponder_of_an_unknown_kind_is_counted_and_hides_no_tag() -> None:
    data = b"\x02" + b"\x09" + bytes(9) + bytes(ONE.data[1:])
    seen = hf.parse_inventory(Answer(0xB0, 0, data))
    assert (len(seen.tags), seen.others) == (1, 1)


def test_a_card_of_seven_bytes_keeps_them_all() -> None:
    data = b"\x01\x04\x00\x00" + bytes.fromhex("04A1B2C3D4E5F6")[::-1]
    assert hf.parse_inventory(Answer(0xB0, 0, data)).cards == ("04A1B2C3D4E5F6",)


@given(st.binary(max_size=60), st.integers(0, 255))
def test_parsing_any_data_raises_nothing_but_the_declared_error(data: bytes, count: int) -> None:
    answer = Answer(0xB0, 0, data)
    for parse in (hf.parse_version, hf.parse_inventory, hf.parse_system_info, lambda a: hf.parse_blocks(a, count)):
        try:
            parse(answer)
        except FrameError:
            pass


def test_only_whole_blocks_are_written_and_only_to_tags_of_eight_bytes() -> None:
    with pytest.raises(FrameError, match="whole blocks"):
        hf.write_blocks(TagUid("E004010012345678"), 0, 4, b"12345")
    with pytest.raises(FrameError, match="UID of 8"):
        hf.system_info(TagUid("DEADBEEF"))
