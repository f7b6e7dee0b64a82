"""The map of a site's shelves tells apart what goes and what sits."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.restock.shelves import BLINK, LATELY, SITS, Delivery, Goer, Pace, Sitter, deliveries, shelves, steady
from hub.restock.stays import DAY_S, Stay, Step

NOW = 200.0


def day(number: float) -> float:
    return number * DAY_S


def stay(item: str, begin: float, end: float, taken: bool = False, site: str = "bank", ended: bool = True) -> Stay:
    return Stay(item, site, day(begin), day(end), taken, ended)


def standing(item: str, begin: float, site: str = "bank") -> Stay:
    return stay(item, begin, NOW, site=site, ended=False)


def walked(*found: Stay) -> list[Step]:
    steps = []
    for one in found:
        steps.append(Step(one.item, one.begin, one.site, True))
        steps += [Step(one.item, one.end, one.site, False, one.taken)] if one.ended else []
    return steps


def test_copies_are_told_apart_by_how_they_do() -> None:
    found = shelves(
        walked(
            *(stay("a1", begin, begin + 5, taken=True) for begin in (150, 160, 170)),
            standing("a1", 180),
            stay("b1", 100, 150, taken=True),
            standing("b1", 151),
            standing("c1", 171),
            standing("d1", 165),
            standing("e1", 20),
            standing("f1", 20, site="school"),
        ),
        "bank",
        {item: day(199) for item in ("a1", "b1", "c1", "d1", "e1", "g1", "x")},
        {item: item[0] for item in ("a1", "b1", "c1", "d1", "e1", "f1", "g1")},
        day(NOW),
    )
    assert {copy.item: (copy.pace, copy.days) for copy in found.copies} == {
        "a1": (Pace.OFTEN, 20),
        "b1": (Pace.TAKEN, 49),
        "c1": (Pace.FRESH, 29),
        "d1": (Pace.SITS, 35),
        "e1": (Pace.STALE, 180),
        "g1": (Pace.FRESH, 1),
        "x": (Pace.FRESH, 1),
    }
    assert found.goers == (Goer("a", 3, 1), Goer("b", 1, 1))
    assert found.sitters == (Sitter("e", 1, 180), Sitter("d", 1, 35)), "what came lately has had no time"


def test_what_went_is_told_when_no_copy_is_left() -> None:
    found = shelves(walked(stay("a1", 150, 190, taken=True)), "bank", {}, {"a1": "a"}, day(NOW))
    assert found.goers == (Goer("a", 1, 0),)


def test_a_reader_that_loses_sight_of_a_copy_makes_it_no_newer() -> None:
    seen = [stay("a", 10, 100), stay("a", 103, 110), standing("a", 110.5)]
    assert list(steady(seen)) == [standing("a", 10)]
    taken = [stay("a", 10, 100, taken=True), standing("a", 103)]
    assert list(steady(taken)) == taken
    away = [stay("a", 10, 100), standing("a", 100 + BLINK + 1)]
    assert list(steady(away)) == away


def test_days_of_couriers_are_the_newest_first() -> None:
    steps = [
        Step("a", day(1), "bank", True, carried=True),
        Step("b", day(1.2), "bank", True, carried=True),
        Step("a", day(8), "bank", False, carried=True),
        Step("c", day(8), "bank", False, taken=True),
        Step("d", day(8), "school", True, carried=True),
    ]
    first = date(1970, 1, 1)
    found = deliveries(steps, "bank", lambda at: first + timedelta(days=at // DAY_S))
    assert found == (Delivery(date(1970, 1, 9), 0, 1), Delivery(date(1970, 1, 2), 2, 0))


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"), st.floats(0, NOW), st.sampled_from(["bank", "school"]), st.booleans(), st.booleans()
        ),
        max_size=40,
    ),
    st.frozensets(st.sampled_from("abc")),
)
def test_every_copy_stands_once_and_goes_or_sits_or_came_lately(
    rows: list[tuple[str, float, str, bool, bool]], there: frozenset[str]
) -> None:
    steps = [Step(item, day(at), site, stands, taken and not stands) for item, at, site, stands, taken in sorted(rows)]
    found = shelves(steps, "bank", dict.fromkeys(there, day(NOW)), {c: c for c in "abc"}, day(NOW))
    assert [copy.item for copy in found.copies] == sorted(there)
    assert {one.title for one in found.goers}.isdisjoint(one.title for one in found.sitters)
    fresh = {copy.item for copy in found.copies if copy.days < SITS}
    assert there <= {one.title for one in found.goers} | {one.title for one in found.sitters} | fresh
    assert all(copy.days >= 0 for copy in found.copies)
    late = sum(step.taken and day(NOW - LATELY) <= step.at < day(NOW) and step.site == "bank" for step in steps)
    assert sum(one.times for one in found.goers) == late
