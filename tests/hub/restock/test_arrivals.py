"""The cabinet's own counts are the receipt: what a run meant against what the courier did."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from hub.restock.arrivals import AMISS, Errand, Handling, Line, Outcome, compare

LOAD, TAKE = True, False


def outcomes(
    errands: Mapping[str, bool],
    handled: list[tuple[str, bool]],
    visited: bool = True,
    on_shelf: frozenset[str] = frozenset(),
    elsewhere: Mapping[str, str] | None = None,
) -> dict[str, Outcome]:
    lines = compare(
        [Errand(item, load) for item, load in errands.items()],
        [Handling(item, loaded) for item, loaded in handled],
        visited,
        on_shelf,
        elsewhere or {},
    )
    return {line.item: line.outcome for line in lines}


def test_what_was_meant_and_done_is_done() -> None:
    said = outcomes({"a": LOAD, "b": TAKE}, [("a", LOAD), ("b", TAKE)], on_shelf=frozenset({"a"}))
    assert said == {"a": Outcome.LOADED, "b": Outcome.UNLOADED}


def test_nothing_is_short_before_the_courier_was_there() -> None:
    assert outcomes({"a": LOAD, "b": TAKE}, [], visited=False, on_shelf=frozenset({"b"})) == {
        "a": Outcome.OPEN,
        "b": Outcome.OPEN,
    }


def test_what_was_not_brought_is_short_and_what_was_not_taken_stayed_or_is_out() -> None:
    said = outcomes({"a": LOAD, "b": TAKE, "c": TAKE}, [], on_shelf=frozenset({"b"}))
    assert said == {"a": Outcome.SHORT, "b": Outcome.STAYED, "c": Outcome.OUT}


def test_what_a_visit_could_not_settle_and_a_later_count_found_is_where_it_should_be() -> None:
    assert outcomes({"a": LOAD}, [], on_shelf=frozenset({"a"})) == {"a": Outcome.LOADED}


def test_what_was_loaded_and_borrowed_since_was_loaded() -> None:
    assert outcomes({"a": LOAD}, [("a", LOAD)]) == {"a": Outcome.LOADED}


def test_another_stops_item_is_surplus_and_says_whose_and_a_strange_one_is_a_stray() -> None:
    lines = compare(
        [], [Handling("a", LOAD), Handling("z", LOAD), Handling("y", TAKE)], True, frozenset(), {"a": "pier"}
    )
    assert lines == (
        Line("a", Outcome.SURPLUS, "pier"),
        Line("y", Outcome.REMOVED),
        Line("z", Outcome.STRAY),
    )


def test_loaded_and_taken_away_again_is_as_if_it_had_not_been_touched() -> None:
    assert outcomes({"a": LOAD}, [("a", LOAD), ("a", TAKE)]) == {"a": Outcome.SHORT}
    assert outcomes({}, [("z", LOAD), ("z", TAKE)]) == {}
    assert outcomes({"a": LOAD}, [("a", LOAD), ("a", TAKE), ("a", LOAD)]) == {"a": Outcome.LOADED}


def test_the_same_said_twice_is_one_thing() -> None:
    assert outcomes({"a": LOAD}, [("a", LOAD), ("a", LOAD)]) == {"a": Outcome.LOADED}


ITEMS = st.sampled_from("abcdef")


@given(
    st.dictionaries(ITEMS, st.booleans()),
    st.lists(st.tuples(ITEMS, st.booleans())),
    st.booleans(),
    st.frozensets(ITEMS),
)
def test_every_errand_has_exactly_one_outcome_and_nothing_else_is_invented(
    errands: dict[str, bool], handled: list[tuple[str, bool]], visited: bool, on_shelf: frozenset[str]
) -> None:
    lines = compare(
        [Errand(i, x) for i, x in errands.items()], [Handling(i, x) for i, x in handled], visited, on_shelf, {}
    )
    named = [line.item for line in lines]
    assert named == sorted(set(named))
    assert errands.keys() <= set(named) <= errands.keys() | {item for item, _ in handled}
    for line in lines:
        if line.item not in errands:
            assert line.outcome in {Outcome.STRAY, Outcome.REMOVED} <= AMISS
