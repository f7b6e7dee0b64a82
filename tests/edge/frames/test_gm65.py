"""Scanners' frames and the texts between them, over lines that cut, add and lose bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.frames import gm65
from edge.frames.gm65 import MAX_ANSWER, MAX_TEXT, Answer, Decoder, FrameError, Request, Text

DONE = Answer(gm65.DONE, b"\x00")
requests = st.builds(Request, st.integers(0, 255), st.integers(0, 0xFFFF), st.binary(max_size=255))
answers = st.builds(Answer, st.integers(0, 255), st.binary(min_size=1, max_size=MAX_ANSWER))
printed = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1, max_size=60)


def told(*pieces: bytes, pause: bool = True) -> list[Answer | Text]:
    decoder = Decoder()
    found = [each for piece in pieces for each in decoder.feed(piece)]
    return found + (list(decoder.quiet()) if pause else [])


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_a_text_ends_with_its_suffix(end: bytes) -> None:
    assert told(b"P100023" + end, b"P100024" + end, pause=False) == [Text("P100023"), Text("P100024")]


def test_a_text_without_suffix_ends_with_the_silence_behind_it() -> None:
    decoder = Decoder()
    assert decoder.feed(b"P1000") == decoder.feed(b"23") == ()
    assert decoder.quiet() == (Text("P100023"),)
    assert decoder.quiet() == ()


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_a_chinese_text_is_read_in_the_old_encoding_and_in_the_new(encoding: str) -> None:
    assert told("图书馆:30000000012345".encode(encoding) + b"\r") == [Text("图书馆:30000000012345")]


@pytest.mark.parametrize("at", range(8))
def test_an_answer_in_the_middle_of_a_text_is_an_answer_and_the_text_is_whole(at: int) -> None:
    text = b"P100023"
    assert told(text[:at] + bytes(DONE) + text[at:] + b"\r") in (
        [DONE, Text("P100023")],
        [Text("P100023"), DONE],
    )


def test_a_text_longer_than_any_of_ours_is_dropped_and_counted_and_the_next_is_read() -> None:
    decoder = Decoder()
    address = b"https://" + b"x" * 2040
    found = [each for at in range(0, len(address), 16) for each in decoder.feed(address[at : at + 16])]
    assert len(decoder) <= MAX_TEXT
    found += decoder.feed(b"\rP100023\r")
    assert (found, decoder.dropped) == ([Text("P100023")], 1)


@pytest.mark.parametrize("cut", range(1, len(bytes(DONE))))
def test_what_is_left_of_a_broken_answer_never_becomes_part_of_a_text(cut: int) -> None:
    decoder = Decoder()
    found = decoder.feed(bytes(DONE)[:cut] + b"P100023\rP100024\r") + decoder.quiet()
    assert found == (Text("P100024"),)
    assert decoder.dropped == 1


def test_a_broken_answer_before_silence_takes_nothing_with_it() -> None:
    assert told(bytes(DONE)[:3]) == []
    decoder = Decoder()
    decoder.feed(bytes(DONE)[:5])
    decoder.quiet()
    assert decoder.feed(bytes(DONE)) == (DONE,)


def test_what_is_printed_between_blanks_is_read_without_them() -> None:
    assert told(b"  P100023 \r") == [Text("P100023")]


def test_bytes_in_no_encoding_are_dropped() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\xff\xff\xff\r") == ()
    assert decoder.dropped == 1


@pytest.mark.parametrize("at", range(len(bytes(DONE)) * 8))
def test_no_flipped_bit_makes_an_answer(at: int) -> None:
    raw = bytearray(bytes(DONE))
    raw[at // 8] ^= 1 << at % 8
    assert not [each for each in told(bytes(raw)) if isinstance(each, Answer)]


@given(requests)
def test_a_request_that_is_written_is_read(request_made: Request) -> None:
    assert Request.from_bytes(bytes(request_made)) == request_made


@given(answers)
def test_an_answer_that_is_written_is_read(answer: Answer) -> None:
    assert Answer.from_bytes(bytes(answer)) == answer
    assert told(bytes(answer), pause=False) == [answer]


@given(printed)
def test_any_printed_text_is_read(text: str) -> None:
    found = told(text.encode() + b"\r")
    assert found == ([Text(text)] if len(text.encode()) <= MAX_TEXT else [])


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_the_declared_error(raw: bytes) -> None:
    for kind in (Request, Answer):
        try:
            kind.from_bytes(raw)
        except FrameError:
            pass


pieces = st.one_of(st.binary(max_size=200), st.just(b"\x02"), st.just(b"\x02\x00\x00\x20"), st.just(b"x" * 250))


@given(st.lists(pieces, max_size=30), st.booleans())
def test_the_decoder_survives_any_noise_in_bounds(chunks: list[bytes], pauses: bool) -> None:
    decoder = Decoder()
    for chunk in chunks:
        decoder.feed(chunk)
        if pauses:
            decoder.quiet()
        assert len(decoder) <= MAX_TEXT + MAX_ANSWER + 6


@given(st.binary(max_size=40), answers)
def test_an_answer_after_any_noise_is_found_once_the_line_is_quiet(noise: bytes, answer: Answer) -> None:
    assert answer in told(noise + bytes(answer) * 2)


@given(st.binary(max_size=40), printed)
def test_a_text_after_any_noise_and_a_silence_is_read(noise: bytes, text: str) -> None:
    decoder = Decoder()
    decoder.feed(noise)
    decoder.quiet()
    assert decoder.feed(text.encode() + b"\r") == (Text(text),)
