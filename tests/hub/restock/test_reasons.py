"""Every line has a reason, and the sentence says it with its numbers."""

import pytest

from hub.restock.planner.lines import Kind, Line
from hub.restock.planner.reasons import Because, Facts, Why, clause, reasons, sentence


def line(origin: str | None, target: str | None, kind: Kind, *, pinned: bool = False) -> Line:
    return Line("title", origin, target, 2, kind, 1.25, 0.5, pinned)


BRING, HOME = line(None, "mill", Kind.BRING), line("quay", None, Kind.HOME)
ON, STAY = line("quay", "mill", Kind.MOVE_ON), line("mill", "mill", Kind.STAY)


@pytest.mark.parametrize(
    ("told", "facts", "said"),
    [
        (ON, Facts(taken=6, days=40, idle=2), "taken 6 times in 40 days here, none left; 2 idle at quay for 40 days"),
        (BRING, Facts(taken=1, days=1, left=1), "taken once in a day here, 1 left; some 1.2 loans expected here"),
        (BRING, Facts(waiting=1, theme="the sea", theme_wants=5), "a patron waits for it here; the sea wants 5 here"),
        (BRING, Facts(waiting=3), "3 patrons wait for it here; some 1.2 loans expected here"),
        (HOME, Facts(idle=2, days=60), "2 idle at quay for 60 days; only some 0.5 loans expected at quay"),
        (HOME, Facts(barred=True), "not to be at quay; only some 0.5 loans expected at quay"),
        (HOME, Facts(taken=9, days=9, waiting=4), "only some 0.5 loans expected at quay"),
        (ON, Facts(), "some 1.2 loans expected here, 0.5 at quay"),
        (STAY, Facts(idle=3, days=9, barred=True), "some 1.2 loans expected here"),
        (line(None, "mill", Kind.BRING, pinned=True), Facts(), "decided by hand; some 1.2 loans expected here"),
    ],
)
def test_a_line_says_why(told: Line, facts: Facts, said: str) -> None:
    assert sentence(reasons(told, facts)) == said


def test_every_kind_of_reason_has_words_of_its_own() -> None:
    said = {clause(Why(because, 2, 3, 1, 1.0, 2.0, "quay", "the sea")) for because in Because}
    assert len(said) == len(Because)


def test_reasons_stand_strongest_first() -> None:
    facts = Facts(taken=1, days=2, waiting=1, theme="t", theme_wants=1, idle=1, barred=True)
    kinds = [why.because for why in reasons(line("quay", "mill", Kind.MOVE_ON, pinned=True), facts)]
    assert kinds == [because for because in Because if because not in (Because.ROOM, Because.EXPECTED)]
