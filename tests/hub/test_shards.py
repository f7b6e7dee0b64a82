"""Which sites a worker takes: read as written, written as short as can be."""

import pytest

from hub.shards import EVERYTHING, Shards
from protocol.topics import Up, read_up, shard, up
from tests.hub.cast import HARBOUR


@pytest.mark.parametrize(
    ("words", "count", "shown"),
    [
        ("all", 256, "all"),
        ("none", 0, "none"),
        ("00-ff", 256, "all"),
        ("00-7f", 128, "00-7f"),
        (" 80-FF , 00", 129, "00,80-ff"),
        ("0a,0b,0c", 3, "0a-0c"),
    ],
)
def test_what_is_written_is_what_is_taken(words: str, count: int, shown: str) -> None:
    shards = Shards.read(words)
    assert (len(shards.numbers), str(shards), bool(shards)) == (count, shown, count > 0)
    assert Shards.read(str(shards)) == shards


@pytest.mark.parametrize("words", ["", "7", "00-", "gg", "7f-00", "00..7f", "000-0ff", "everything", "+1-+2"])
def test_anything_else_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match=r"range of shards|ends before"):
        Shards.read(words)


def test_every_site_is_heard_by_exactly_one_of_two_halves() -> None:
    low, high = Shards.read("00-7f"), Shards.read("80-ff")
    topic = up(HARBOUR, Up.EVENTS)
    assert read_up(topic).site == HARBOUR
    heard = [topics for topics in (low.topics(), high.topics()) if any(f"/{shard(HARBOUR)}/" in t for t in topics)]
    assert len(heard) == 1
    assert EVERYTHING.topics() == ("microlib/1/+/+/up/+",)
    assert sorted(low.topics() + high.topics()) == sorted(f"microlib/1/{n:02x}/+/up/+" for n in range(256))
