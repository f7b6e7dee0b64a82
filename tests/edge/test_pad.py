"""What lies on a pad, from rounds that go on and on."""

from edge.pad import Pad
from protocol.names import TagUid
from tests.edge.stations.tables import tag

ONE, NONE = frozenset({tag(1)}), frozenset[TagUid]()


def test_a_tag_seen_once_doesnt_lie_there() -> None:
    pad = Pad().after(ONE)
    assert pad.lying() == {}
    for _ in range(2):
        pad = pad.after(ONE)
    assert (pad.lying()[tag(1)].seen, pad.lying()[tag(1)].rounds) == (3, 3)


def test_a_tag_missed_for_a_moment_still_lies_there_and_one_missed_for_long_is_gone() -> None:
    pad = Pad()
    for seen in (ONE, ONE, ONE, NONE, NONE):
        pad = pad.after(seen)
    assert pad.lying().keys() == ONE
    pad = pad.after(NONE)
    assert pad.tags == {}


def test_a_tag_that_comes_again_proves_itself_again() -> None:
    pad = Pad(steady=2, gone=1)
    for seen in (ONE, ONE, NONE, ONE):
        pad = pad.after(seen)
    assert pad.lying() == {}
