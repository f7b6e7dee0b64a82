"""R200 frames over lines that cut, add and lose bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.frames import r200
from edge.frames.r200 import ENDS, MAX_DATA, MAX_FRAME, Command, Decoder, Frame, FrameError, Type

TAG = Frame.from_bytes(bytes.fromhex("BB02220011C9 3000 BB7E00227EBB010203040506 27F2 F07E"))
NONE = Frame(Type.ANSWER, Command.ERROR, b"\x15")

kinds = pytest.mark.parametrize("ends", list(ENDS.values()), ids=list(ENDS))
messages = st.builds(
    Frame,
    type=st.integers(0, 255),
    command=st.integers(0, 255),
    data=st.binary(max_size=MAX_DATA),
    ends=st.sampled_from(list(ENDS.values())),
)


def test_head_and_tail_inside_a_frame_dont_end_it() -> None:
    decoder = Decoder()
    found = [frame for byte in bytes(TAG) for frame in decoder.feed(bytes((byte,)))]
    assert found == [TAG]
    assert decoder.rubbish == 0


@kinds
def test_frames_that_come_together_are_told_apart(ends: bytes) -> None:
    one, two = Frame(1, 0x28, b"\0", ends), Frame(2, 0x22, bytes(17), ends)
    assert Decoder(ends).feed(bytes(one) + bytes(two)) == (one, two)


def test_firmware_with_other_ends_isnt_understood_unless_it_is_expected() -> None:
    other = Frame(1, 0x28, b"\0", ENDS["aadd"])
    assert bytes(other).hex() == "aa0128000100" + "2a" + "dd"
    assert Decoder().feed(bytes(other)) == ()
    assert Decoder(ENDS["aadd"]).feed(bytes(other)) == (other,)


def test_noise_that_looks_like_a_head_is_seen_through_when_the_line_falls_quiet() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\xbb\x01\x22\x00\x80" + bytes(NONE)) == ()
    assert decoder.quiet() == (NONE,)


def test_a_frame_longer_than_any_is_no_frame() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\xbb\x01\x22\xff\xff" + bytes(NONE)) == (NONE,)
    assert decoder.rubbish == 5


@pytest.mark.parametrize("at", range(len(bytes(TAG)) * 8))
def test_no_flipped_bit_passes(at: int) -> None:
    raw = bytearray(bytes(TAG))
    raw[at // 8] ^= 1 << at % 8
    decoder = Decoder()
    assert decoder.feed(bytes(raw)) + decoder.quiet() == ()


def test_two_flipped_bits_that_cheat_the_sum_dont_cheat_the_tags_own_checksum() -> None:
    raw = bytearray(TAG.data)
    raw[3], raw[5] = raw[3] ^ 1, raw[5] ^ 1
    frame = Frame(TAG.type, TAG.command, bytes(raw))
    assert bytes(frame)[-2] == bytes(TAG)[-2]
    with pytest.raises(FrameError, match="checksum"):
        r200.parse_seen(frame)


def test_words_between_pc_and_epc_are_left_out() -> None:
    frame = Frame(Type.ANSWER, Command.READ, bytes.fromhex("08 0A00 0001 1122 3344"))
    with pytest.raises(FrameError):
        r200.parse_words(Frame(Type.ANSWER, Command.READ, bytes.fromhex("08 2200 0001 1122 3344")), 1)
    assert r200.parse_words(frame, 0).epc.hex() == "3344"


@given(messages)
def test_what_is_written_is_read(frame: Frame) -> None:
    assert Frame.from_bytes(bytes(frame), frame.ends) == frame


@given(st.binary(max_size=300), st.sampled_from(list(ENDS.values())))
def test_no_bytes_raise_anything_but_the_declared_error(raw: bytes, ends: bytes) -> None:
    try:
        Frame.from_bytes(raw, ends)
    except FrameError:
        pass


pieces = st.one_of(st.binary(max_size=200), st.just(b"\xbb"), st.just(b"\xbb\x02\x22\x00\x11"))


@given(st.lists(pieces, max_size=30), st.booleans())
def test_the_decoder_survives_any_noise_in_bounds(chunks: list[bytes], pauses: bool) -> None:
    decoder = Decoder()
    fed = 0
    for chunk in chunks:
        fed += len(chunk)
        fed -= sum(len(bytes(frame)) for frame in decoder.feed(chunk) + (decoder.quiet() if pauses else ()))
        assert len(decoder) <= MAX_FRAME
        assert decoder.rubbish + len(decoder) == fed


@given(st.binary(max_size=40), messages)
def test_a_frame_after_any_noise_is_found_once_the_line_is_quiet(noise: bytes, frame: Frame) -> None:
    decoder = Decoder(frame.ends)
    assert frame in decoder.feed(noise + bytes(frame)) + decoder.quiet()


@given(st.integers(0, 3), st.integers(0, 255), st.binary(max_size=60), st.integers(0, 40))
def test_parsing_any_frame_raises_nothing_but_the_declared_error(
    kind: int, command: int, data: bytes, count: int
) -> None:
    for frame in (Frame(kind, command, data), Frame(Type.NOTIFICATION, Command.POLL, data)):
        for parse in (
            r200.parse_seen,
            r200.parse_written,
            r200.parse_done,
            r200.parse_version,
            r200.parse_refusal,
            lambda f: r200.parse_words(f, count),
        ):
            try:
                parse(frame)
            except FrameError:
                pass


def test_only_whole_words_are_written() -> None:
    with pytest.raises(FrameError, match="whole words"):
        r200.write(3, 0, b"\0")
