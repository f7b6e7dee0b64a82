"""Whoever picks walks along the shelves once, and every item has its tote."""

from dataclasses import replace
from itertools import groupby, pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.directory.marks import shelf_order
from hub.restock.picklist import Pick, PickList, pick_list

PLACES = st.none() | st.sampled_from(["park", "school", "museum", "地铁站"])
MARKS = st.one_of(
    st.just(""),
    st.text("IKTP0123456789./- 架少儿", max_size=10),
    st.builds("I247.{}/{}".format, st.integers(0, 99), st.integers(0, 2000)),
)


def pick(item: str, mark: str = "", source: str | None = None, target: str | None = "park") -> Pick:
    return Pick(item, f"B{item}", f"title {item}", "", mark, source, target)


PICKS = st.lists(st.tuples(MARKS, PLACES, PLACES), max_size=30).map(
    lambda rows: [pick(f"{at:03}", *row) for at, row in enumerate(rows)]
)


def walked(found: PickList) -> list[str]:
    return [line.pick.item for group in found.groups for line in group.lines]


@pytest.mark.parametrize(
    "marks",
    [
        ["I247.5/12", "I247.5/103", "I247.5/103:2"],
        ["I24/9", "I247/1", "I247.5/1", "I247.57/1", "I247.6/1", "I25/1", "I3/1"],
        ["005.13/2", "510/1", "510.25/1", "510.3/1", "510.3/12", "510.7/1"],
        ["K21/3", "K3/1", "TP3/1", "TP312/1"],
        ["Shelf 2", "Shelf 10"],
        ["9", "12", "103", "1000"],
        ["少儿2", "少儿10", "特藏1"],
        ["i247.5/2", "I247.5/3", "Ｉ２４７．５／４"],
        ["A", "Z", "外", ""],
        ["I247.5/A2", "I247.5/A10", "I247.5/B1"],
    ],
)
def test_marks_come_as_on_the_shelf(marks: list[str]) -> None:
    assert sorted(set(marks), key=shelf_order) == marks


@given(st.lists(st.text(max_size=8) | MARKS))
def test_any_marks_have_an_order(marks: list[str]) -> None:
    backwards = marks[::-1]
    assert sorted(marks, key=shelf_order) == sorted(backwards, key=shelf_order)


def test_the_library_comes_first_and_then_the_sites_as_the_run_comes_to_them() -> None:
    picks = [pick("1", source=None), *(pick(f"from {site}", source=site) for site in ("a", "b", "school", "park"))]
    found = pick_list(picks, 5, ["school", "b", "elsewhere"])
    assert [group.source for group in found.groups] == [None, "school", "b", "a", "park"]


def test_totes_are_numbered_for_each_target_and_filled_evenly() -> None:
    picks = [pick(f"{at:02}", f"I{at:02}", target="park") for at in range(7)]
    picks += [pick(f"s{at}", "K1", target="school") for at in range(3)]
    picks += [pick("back", "", "school", None)]
    found = pick_list(picks, 3, ["school", "park"])
    assert [(tote.target, tote.label, tote.items) for tote in found.totes] == [
        ("school", "1/1", 3),
        ("park", "1/3", 2),
        ("park", "2/3", 2),
        ("park", "3/3", 3),
        (None, "1/1", 1),
    ]
    totes = [line.tote.number for group in found.groups for line in group.lines if line.pick.target == "park"]
    assert totes == [1, 1, 2, 2, 3, 3, 3]
    assert found.items == 11


def test_no_picks_are_an_empty_list() -> None:
    assert pick_list([], 10) == PickList((), ())


def test_an_item_is_picked_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        pick_list([pick("1"), replace(pick("1"), target="school")], 10)


def test_a_tote_takes_something() -> None:
    with pytest.raises(ValueError, match="at least one"):
        pick_list([pick("1")], 0)


@given(PICKS, st.integers(1, 7), st.lists(st.sampled_from(["park", "school"])), st.randoms(use_true_random=False))
def test_a_list_holds_together(picks: list[Pick], most: int, order: list[str], chance: Random) -> None:
    found = pick_list(picks, most, order)
    shuffled = list(picks)
    chance.shuffle(shuffled)
    assert pick_list(shuffled, most, order) == found
    assert sorted(walked(found)) == sorted(one.item for one in picks)
    for group in found.groups:
        assert {line.pick.source for line in group.lines} == {group.source}
        marks = [line.pick.shelf_mark for line in group.lines]
        assert marks == sorted(marks, key=shelf_order)
    lines = [line for group in found.groups for line in group.lines]
    assert all(line.tote.target == line.pick.target for line in lines)
    for tote in found.totes:
        assert 1 <= tote.items <= most
        assert sum(line.tote == tote for line in lines) == tote.items
    for target, totes in groupby(found.totes, key=lambda tote: tote.target):
        same = list(totes)
        assert [tote.number for tote in same] == list(range(1, len(same) + 1))
        assert all(tote.of == len(same) for tote in same)
        wanted = sum(one.target == target for one in picks)
        assert len(same) == -(-wanted // most)
        assert max(tote.items for tote in same) - min(tote.items for tote in same) <= 1
        numbers = [line.tote.number for line in lines if line.pick.target == target]
        assert all(a <= b for a, b in pairwise(numbers))
