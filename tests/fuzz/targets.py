"""What is fuzzed: everything that makes frames, contents or answers of bytes from outside.

A target takes any bytes and comes back, having raised nothing but what the decoder declares (which it swallows). What
a decoder holds is bounded by its own limit; a target that finds more raises.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from edge.frames import epcdata, gm65, hf, m810, r200, rdm, tagdata, uhf18, wiegand
from edge.frames.kerong import Cu12, Cu16, Cu48
from edge.frames.lockboard import Lockboard
from edge.frames.wkly import LONGEST, Wkly
from firmware_sim.faults import Faults
from firmware_sim.makes import MAKES, Around
from firmware_sim.transponders import Card, item_tag
from tests.wire import golden

Target = Callable[[bytes], None]
BLOCK_SIZES = (1, 4, 8, 32)


class Grew(AssertionError):
    """A decoder holds more than it says it ever does."""


def pieces(data: bytes) -> Iterator[bytes]:
    """The data in pieces whose sizes it says itself, so that a fuzzer finds the cuts that matter."""
    at, size = 0, 1 + (data[0] % 7 if data else 0)
    while at < len(data):
        yield data[at : at + size]
        at += size
        size = 1 + data[min(at, len(data)) - 1] % 9


def decoder(make: Callable[[], Any], most: int) -> Target:
    """A stream decoder: fed in pieces, with a pause now and then."""

    def run(data: bytes) -> None:
        stream = make()
        for number, piece in enumerate(pieces(data)):
            stream.feed(piece)
            if number % 5 == 4 and hasattr(stream, "quiet"):
                stream.quiet()
            if len(stream) > most + len(piece):
                raise Grew(f"{len(stream)} bytes held, {most} at most")

    return run


def parser(parse: Callable[[bytes], Any], *declared: type[Exception]) -> Target:
    """A function from bytes that raises its declared errors only."""

    def run(data: bytes) -> None:
        try:
            parse(data)
        except declared:
            return

    return run


def _hf_answers(data: bytes) -> None:
    answer = hf.Answer.from_bytes(data)
    for parse in (hf.parse_version, hf.parse_system_info, lambda a: hf.parse_blocks(a, data[0] if data else 1)):
        try:
            parse(answer)
        except hf.FrameError:
            continue


def chip(make: str) -> Target:
    """An emulated device: any bytes, at any pace."""

    def run(data: bytes) -> None:
        tags = [item_tag("30000000012345", "CN-110105001")]
        made = MAKES[make].build(Around(Faults(), "reader-A", tags=lambda: tags, cards=lambda: [Card("DEADBEEF")]))
        at = 0.0
        for piece in pieces(data):
            at += 0.001 * (piece[0] % 40)
            for exchange in made.feed(piece, at):
                bytes(exchange.answer)

    return run


TARGETS: Mapping[str, Target] = {
    "frames-hf": decoder(hf.Decoder, hf.MAX_FRAME),
    "frames-hf-answers": parser(_hf_answers, hf.FrameError),
    "frames-uhf18": decoder(uhf18.Decoder, uhf18.MAX_FRAME),
    "frames-r200": decoder(r200.Decoder, r200.MAX_FRAME),
    "frames-wiegand": parser(lambda data: wiegand.decode([byte & 1 for byte in data]), wiegand.FrameError),
    "frames-cu16": decoder(lambda: Cu16().stream(), 9),
    "frames-cu48": decoder(lambda: Cu48().stream(), 12),
    "frames-cu12": decoder(lambda: Cu12().stream(), 10),
    "frames-wkly": decoder(lambda: Wkly().stream(), LONGEST),
    "frames-8a": decoder(lambda: Lockboard(50, "first-first", 0).stream(), 11),
    "frames-m810": decoder(m810.Decoder, m810.MAX_FRAME),
    "frames-rdm": decoder(rdm.Decoder, rdm.FRAME_BYTES),
    "frames-gm65": decoder(gm65.Decoder, gm65.MAX_TEXT + gm65.MAX_ANSWER + 6),
    "epcdata": lambda data: [read(data, data[::-1]) for read in (epcdata.national, epcdata.university)] and None,
    "tagdata": lambda data: [tagdata.decode(data[0] if data else 0, data[1:], s) for s in BLOCK_SIZES] and None,
    **{f"chip-{name}": chip(name) for name in MAKES},
}
"""By name. A new decoder gets its line here."""


def seeds() -> list[bytes]:
    """The manuals' own frames, to begin from."""
    return [frame.raw for device in golden.devices() for frame in golden.frames(device)]
