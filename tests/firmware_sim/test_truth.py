"""Where items really are, and what counts as the hub being wrong about it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from firmware_sim.truth import Answer, AtLibrary, Gone, InTransit, OnShelf, Truth, WithPatron, compare, listing
from protocol.names import ItemId, ShelfName, SiteId

ATLAS = ItemId("30000000000017")
BANK, SCHOOL = SiteId("harbour-bank"), SiteId("garden-school")
A, B = ShelfName("A"), ShelfName("B")
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def minutes() -> Iterator[datetime]:
    at = START
    while True:
        yield at
        at += timedelta(minutes=1)


@pytest.fixture
def truth() -> Truth:
    clock = minutes()
    truth = Truth(lambda: next(clock))
    truth.stands(ATLAS, OnShelf(BANK, A))
    return truth


def shelf(site: SiteId = BANK, shelf: ShelfName = A) -> Answer:
    return Answer(ATLAS, "shelf", site, shelf)


def test_every_movement_is_remembered_with_its_time(truth: Truth) -> None:
    truth.moved(ATLAS, WithPatron("R1", BANK))
    truth.moved(ATLAS, OnShelf(SCHOOL, B))
    assert truth.where(ATLAS) == OnShelf(SCHOOL, B)
    assert truth.where(ATLAS, START + timedelta(seconds=90)) == WithPatron("R1", BANK)
    assert truth.where(ATLAS, START - timedelta(days=1)) == OnShelf(BANK, A)
    assert len(truth.history(ATLAS)) == 3


@pytest.mark.parametrize(
    ("place", "answer"),
    [
        (OnShelf(BANK, A), Answer(ATLAS, "shelf", BANK, A)),
        (WithPatron("R1", BANK), Answer(ATLAS, "loan", BANK, patron="R1")),
        (Gone(BANK), Answer(ATLAS, "missing", BANK)),
        (Gone(BANK), Answer(ATLAS, "undecided", BANK)),
        (InTransit(BANK), Answer(ATLAS, "transit", BANK)),
        (AtLibrary(), Answer(ATLAS, "library")),
        (AtLibrary("R1"), Answer(ATLAS, "library")),
    ],
)
def test_a_hub_that_says_what_is_so_agrees(truth: Truth, place: OnShelf, answer: Answer) -> None:
    truth.moved(ATLAS, place)
    assert compare(truth, [answer]) == ()


@pytest.mark.parametrize(
    ("place", "answer"),
    [
        (OnShelf(BANK, A), Answer(ATLAS, "shelf", BANK, B)),
        (OnShelf(BANK, A), Answer(ATLAS, "shelf", SCHOOL, A)),
        (OnShelf(BANK, A), Answer(ATLAS, "loan", BANK, patron="R1")),
        (OnShelf(BANK, A), Answer(ATLAS, "missing", BANK)),
        (WithPatron("R1", BANK), Answer(ATLAS, "loan", BANK, patron="R2")),
        (WithPatron("R1", BANK), Answer(ATLAS, "loan", BANK)),
        (WithPatron("R1", BANK), Answer(ATLAS, "loan", SCHOOL, patron="R1")),
        (WithPatron("R1", BANK), Answer(ATLAS, "undecided", BANK)),
        (WithPatron("R1", BANK), Answer(ATLAS, "shelf", BANK, A)),
        (Gone(BANK), Answer(ATLAS, "loan", BANK, patron="R1")),
        (InTransit(BANK), Answer(ATLAS, "missing", BANK)),
        (AtLibrary(), Answer(ATLAS, "shelf", BANK, A)),
    ],
)
def test_a_hub_that_says_anything_else_differs(truth: Truth, place: OnShelf, answer: Answer) -> None:
    truth.moved(ATLAS, place)
    (difference,) = compare(truth, [answer])
    assert difference.item == ATLAS
    assert str(place) in str(difference)


def test_an_item_the_hub_does_not_mention_differs(truth: Truth) -> None:
    assert "the hub says nothing" in str(compare(truth, [])[0])


def test_an_item_the_hub_invented_differs(truth: Truth) -> None:
    (difference,) = compare(truth, [shelf(), Answer(ItemId("30000000000099"), "shelf", BANK, A)])
    assert difference.item == "30000000000099"


@pytest.mark.parametrize("state", ["missing", "undecided", "shelf"])
def test_a_shadowed_item_may_be_anything_but_a_loan(truth: Truth, state: str) -> None:
    assert compare(truth, [Answer(ATLAS, state, BANK, A)], shadowed=[ATLAS]) == ()


def test_a_shadowed_item_on_loan_to_somebody_differs(truth: Truth) -> None:
    assert compare(truth, [Answer(ATLAS, "loan", BANK, patron="R1")], shadowed=[ATLAS])


def test_an_item_taken_while_it_could_not_be_seen_may_be_missing_but_never_on_somebody_elses_loan(truth: Truth) -> None:
    truth.moved(ATLAS, WithPatron("R1", BANK), hidden=True)
    assert compare(truth, [Answer(ATLAS, "missing", BANK)]) == ()
    assert compare(truth, [Answer(ATLAS, "loan", BANK, patron="R1")]) == ()
    assert compare(truth, [Answer(ATLAS, "loan", BANK, patron="R2")])


def test_once_seen_again_a_hidden_item_must_be_known(truth: Truth) -> None:
    truth.moved(ATLAS, WithPatron("R1", BANK), hidden=True)
    truth.moved(ATLAS, OnShelf(SCHOOL, B))
    assert compare(truth, [Answer(ATLAS, "missing", BANK)])


def test_the_listing_shows_truth_and_answer_side_by_side(truth: Truth) -> None:
    assert listing(truth, [shelf()]) == [f"{ATLAS}  on shelf A at harbour-bank  |  hub: on shelf A at harbour-bank"]
