"""What decoding an answer costs, length and checksum and all, beside copying the same bytes once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.stopwatch import Contest
from edge.frames.hf import Answer, Command, Decoder, Status

TAGS = 20
FRAMES = 200
COPIES = 200_000


@contextmanager
def contest(folder: Path) -> Iterator[Contest]:
    """Inventory answers of 20 tags, some 200 bytes each; a reader's line brings at most 3,840 bytes a second."""
    seen = [bytes((0x03, 0x00)) + bytes.fromhex(f"E0040150{number:08X}") for number in range(TAGS)]
    frame = bytes(Answer(Command.TAG, Status.OK, bytes((TAGS,)) + b"".join(seen)))
    decoder = Decoder()
    if len(decoder.feed(frame)) != 1:
        raise RuntimeError("the decoder doesn't know its own answer")

    def decode() -> int:
        for _ in range(FRAMES):
            decoder.feed(frame)
        return FRAMES * len(frame)

    def copy() -> int:
        for _ in range(COPIES):
            bytearray(frame)
        return COPIES * len(frame)

    yield Contest("bytes", "decode inventory answers", lambda: decode, "copy the same bytes", lambda: copy)
