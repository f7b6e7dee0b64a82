"""UHFReader18 frames over lines that cut, add and lose bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.frames import uhf18
from edge.frames.uhf18 import MAX_FRAME, Answer, Decoder, FrameError, Request

ONE = Answer(0x01, 0x01, bytes.fromhex("010CE28011606000020500001234"))
NONE = Answer(0x01, 0xFB)

answers = st.builds(
    Answer,
    command=st.integers(0, 255),
    status=st.integers(0, 255),
    data=st.binary(max_size=250),
    address=st.integers(0, 255),
)


def test_a_frame_that_comes_byte_by_byte_is_one_frame() -> None:
    decoder = Decoder()
    found = [answer for byte in bytes(ONE) for answer in decoder.feed(bytes((byte,)))]
    assert found == [ONE]
    assert decoder.rubbish == 0


def test_frames_that_come_together_are_told_apart() -> None:
    assert Decoder().feed(bytes(ONE) + bytes(NONE)) == (ONE, NONE)


def test_noise_that_looks_like_a_length_is_seen_through_when_the_line_falls_quiet() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\xff" + bytes(ONE)) == ()
    assert decoder.quiet() == (ONE,)
    assert (decoder.rubbish, len(decoder)) == (1, 0)


def test_a_frame_cut_short_gives_way_to_the_next() -> None:
    decoder = Decoder()
    decoder.feed(bytes(ONE)[:-3])
    assert decoder.feed(bytes(NONE)) + decoder.quiet() == (NONE,)


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
        fed -= sum(len(bytes(answer)) for answer in decoder.feed(chunk) + (decoder.quiet() if pauses else ()))
        assert len(decoder) <= MAX_FRAME
        assert decoder.rubbish + len(decoder) == fed


@given(st.binary(max_size=40), answers)
def test_a_frame_after_any_noise_is_found_once_the_line_is_quiet(noise: bytes, answer: Answer) -> None:
    decoder = Decoder()
    assert answer in decoder.feed(noise + bytes(answer)) + decoder.quiet()


@given(st.binary(max_size=80), st.integers(0, 255), st.integers(0, 255))
def test_parsing_any_data_raises_nothing_but_the_declared_error(data: bytes, status: int, count: int) -> None:
    answer = Answer(0x01, status, data)
    for parse in (
        uhf18.parse_info,
        uhf18.parse_work_mode,
        uhf18.parse_inventory,
        uhf18.parse_inventory_288,
        lambda a: uhf18.parse_words(a, count),
    ):
        try:
            parse(answer)
        except FrameError:
            pass


@pytest.mark.parametrize("data", ["01", "010C", "010CE280", "02 02AABB", "01 02AABB 00"])
def test_an_inventory_that_doesnt_add_up_is_refused(data: str) -> None:
    with pytest.raises(FrameError, match="announced"):
        uhf18.parse_inventory(Answer(0x01, 0x01, bytes.fromhex(data)))


def test_a_tag_can_only_be_meant_by_whole_words_of_its_epc_and_not_too_many() -> None:
    for epc in (b"", b"\0", bytes(32)):
        with pytest.raises(FrameError, match="can't be meant"):
            uhf18.read(epc, 1, 0, 1)
    with pytest.raises(FrameError, match="whole words"):
        uhf18.write(bytes(12), 3, 0, b"\0")
    with pytest.raises(FrameError, match="don't fit"):
        bytes(Answer(0x01, 0, bytes(251)))


def test_to_stop_scanning_leaves_the_other_settings_as_they_are() -> None:
    mode = uhf18.parse_work_mode(Answer(0x36, 0, bytes.fromhex("001E0A0F 010204000100 0800")))
    assert not mode.waits
    assert mode.waiting().hex() == "000204000100"
