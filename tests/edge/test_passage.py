"""What goes through a gate, and what is noise."""

from edge.passage import Passage
from protocol.names import TagUid
from tests.edge.stations.tables import tag

ONE = frozenset({tag(1)})
NOBODY: frozenset[TagUid] = frozenset()


def through(*rounds: tuple[float, frozenset[TagUid]], reads: int = 2) -> list[float]:
    """When the tag was said to come."""
    passage, came = Passage(reads), []
    for at, seen in rounds:
        passage, now = passage.after(seen, at)
        came += [at] * bool(now)
    return came


def test_one_read_is_noise_and_two_within_a_second_are_a_tag() -> None:
    assert through((0, ONE), (0.1, NOBODY)) == []
    assert through((0, ONE), (0.9, ONE)) == [0.9]
    assert through((0, ONE), (1.5, ONE)) == []


def test_a_tag_that_stays_comes_once_and_comes_again_after_it_was_gone() -> None:
    assert through(*((n / 10, ONE) for n in range(50))) == [0.1]
    assert through((0, ONE), (0.1, ONE), (1, ONE), (3.5, ONE), (3.6, ONE)) == [0.1, 3.6]


def test_how_many_reads_it_takes_is_a_setting() -> None:
    assert through((0, ONE), reads=1) == [0]
    assert through((0, ONE), (0.1, ONE), (0.2, ONE), reads=3) == [0.2]
