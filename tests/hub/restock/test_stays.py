"""How long titles stood on shelves and how often they were taken, from what happened to their items."""

from hypothesis import given
from hypothesis import strategies as st

from hub.restock.stays import DAY_S, Stay, Step, exposures, stays


def day(number: float) -> float:
    return number * DAY_S


def test_a_stay_ends_when_the_item_is_taken_or_comes_to_stand_elsewhere() -> None:
    found = stays(
        [
            Step("a", day(1), "bank", True),
            Step("a", day(3), "bank", False, taken=True),
            Step("a", day(5), "school", True),
            Step("a", day(6), "bank", True),
            Step("b", day(2), "bank", True),
        ],
        until=day(10),
    )
    assert list(found) == [
        Stay("a", "bank", day(1), day(3), taken=True),
        Stay("a", "school", day(5), day(6), taken=False),
        Stay("a", "bank", day(6), day(10), taken=False, ended=False),
        Stay("b", "bank", day(2), day(10), taken=False, ended=False),
    ]


def test_that_a_site_misses_what_stands_elsewhere_ends_nothing() -> None:
    steps = [Step("a", day(1), "bank", True), Step("a", day(2), "school", False)]
    assert list(stays(steps, day(4))) == [Stay("a", "bank", day(1), day(4), taken=False, ended=False)]


def test_nothing_after_the_day_is_looked_at() -> None:
    steps = [Step("a", day(1), "bank", True), Step("a", day(5), "bank", False, taken=True)]
    assert list(stays(steps, day(4))) == [Stay("a", "bank", day(1), day(4), taken=False, ended=False)]


def test_two_copies_beside_each_other_make_a_title_no_easier_to_see() -> None:
    found = [
        Stay("a", "bank", day(0), day(3), taken=True),
        Stay("b", "bank", day(1), day(5), taken=False),
        Stay("a", "bank", day(6), day(6.5), taken=True),
    ]
    (one,) = exposures(found, {"a": 0, "b": 0}, {"bank": 0}, until=7, cycle=7)
    assert (one.begin, one.end, one.days, one.loans) == (0, 7, 5.5, 2.0)


def test_a_stay_is_shared_out_to_the_cycles_it_was_in() -> None:
    found = [Stay("a", "bank", day(1), day(9), taken=True)]
    rows = list(exposures(found, {"a": 4}, {"bank": 2}, until=14, cycle=7))
    assert [(one.title, one.site, one.begin, one.days, one.loans) for one in rows] == [
        (4, 2, 0, 6.0, 0.0),
        (4, 2, 7, 2.0, 1.0),
    ]


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.floats(0, 30), st.sampled_from(["x", "y"]), st.booleans(), st.booleans()),
        max_size=30,
    ),
    st.integers(1, 30),
    st.integers(1, 10),
)
def test_no_days_and_no_loans_are_made_up(
    rows: list[tuple[str, float, str, bool, bool]], until: int, cycle: int
) -> None:
    steps = [Step(item, day(at), site, there, taken and not there) for item, at, site, there, taken in sorted(rows)]
    found = list(stays(steps, day(until)))
    assert all(0 <= stay.begin <= stay.end <= day(until) for stay in found)
    seen = list(exposures(found, {"a": 0, "b": 1}, {"x": 0, "y": 1}, until, cycle))
    assert sum(one.loans for one in seen) == sum(stay.taken for stay in found)
    assert all(0 < one.days <= one.end - one.begin and one.end <= until for one in seen)
