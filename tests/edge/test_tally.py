"""What a card took that the directory doesn't know of yet."""

from edge.tally import after, since
from protocol.events import Borrowed, Evidence, Returned
from protocol.names import ShelfName, StationName, TagUid, VisitId

ABOUT = {
    "station": StationName("cabinet-1"),
    "shelf": ShelfName("A"),
    "tag": TagUid("E004010012345678"),
    "visit": VisitId("0a" * 16),
    "evidence": Evidence(seen_after=0, rounds_after=8),
}
LOAN, BACK = Borrowed(**ABOUT, loan_days=28), Returned(**ABOUT)


def test_loans_made_here_count_until_the_directory_knows_of_them() -> None:
    tally = after(None, 1, [LOAN, LOAN, BACK])
    assert since(tally, 1) == 1
    assert since(tally, 2) == 0


def test_visits_offline_add_up() -> None:
    tally = after(after(None, 0, [LOAN, LOAN]), 0, [LOAN])
    assert since(tally, 0) == 3


def test_a_tally_starts_over_when_the_directory_has_moved_on() -> None:
    tally = after(after(None, 0, [LOAN, LOAN]), 2, [BACK])
    assert since(tally, 2) == -1


def test_no_visits_no_tally() -> None:
    assert since(None, 4) == 0
