"""What a site knows of its loans before the directory does, and when it forgets it again."""

from datetime import date
from typing import Any

from edge.lent import GRACE_S, Heard, News, Whose, Wrong, caught_up, heard, news, outstanding, stands, wrong
from protocol.directory import Out
from protocol.events import (
    Borrowed,
    BorrowReversed,
    Evidence,
    Found,
    Loaded,
    Missing,
    Renewed,
    Returned,
    SecurityOpen,
    SecuritySet,
    Unloaded,
)
from protocol.names import CardTag, StationName, TagUid, VisitId
from tests.edge.stations.tables import ADA, BO, item, tag

VISIT, OTHER = VisitId("1" * 32), VisitId("2" * 32)
DUE = date(2026, 12, 1)
MINE = Whose(VISIT, ADA)


def about(n: int, **more: Any) -> dict[str, Any]:
    evidence = Evidence(seen_after=3, rounds_after=3)
    found = {"station": "desk-1", "shelf": "room", "tag": tag(n), "item": item(n), "visit": VISIT, "evidence": evidence}
    return {**found, **more}


def lent(n: int, **more: Any) -> Borrowed:
    return Borrowed(**{"loan_days": 28, "due": DUE, **about(n, **more)})


def told(*facts: Any, before: int = 0) -> dict[str, News]:
    return {k: News.model_validate_json(v) for k, v in news(facts, MINE, lambda _: before).items() if v}


def test_a_loan_is_its_cards_and_a_late_one_of_another_visit_is_nobodys() -> None:
    assert told(lent(1))[f"lent/{item(1)}"] == News(lent=True, card=ADA, due=DUE)
    assert told(lent(1, visit=OTHER))[f"lent/{item(1)}"].card is None


def test_whatever_brings_an_item_back_ends_its_loan() -> None:
    for kind in (Returned, BorrowReversed, Found, Loaded):
        assert told(lent(1), kind(**about(1)))[f"lent/{item(1)}"] == News(lent=False)
    assert told(Unloaded(**about(1)))[f"lent/{item(1)}"] == News(lent=False, away=True)
    assert told(Missing(**about(1))) == {}


def test_a_renewal_counts_on_from_what_was_known() -> None:
    renewed = Renewed(station=StationName("desk-1"), visit=VISIT, item=item(1), loan_days=28, due=DUE)
    assert told(renewed, before=2)[f"lent/{item(1)}"] == News(lent=True, card=ADA, due=DUE, renewals=3)


def test_the_last_of_several_facts_stands() -> None:
    assert told(Returned(**about(1)), lent(1))[f"lent/{item(1)}"].lent
    assert wrong((Returned(**about(1)), lent(1)), {})[f"afi/{tag(1)}"] == '{"item":"30000000000001","on_loan":true}'


def test_every_tag_of_a_set_has_to_say_so() -> None:
    more = TagUid("E0040100000000FF")
    assert wrong((lent(1),), {tag(1): (more,)}).keys() == {f"afi/{tag(1)}", f"afi/{more}"}


def test_a_tag_that_was_set_or_that_a_courier_took_is_no_ones_task_here() -> None:
    done = SecuritySet(station=StationName("gate-1"), tag=tag(1), item=item(1), on_loan=True)
    failed = SecurityOpen(station=StationName("gate-1"), tag=tag(1), item=item(1), on_loan=True, why="it is locked")
    assert wrong((lent(1), done), {}) == {f"afi/{tag(1)}": None}
    assert wrong((lent(1), Unloaded(**about(1))), {}) == {f"afi/{tag(1)}": None}
    value = wrong((failed,), {})[f"afi/{tag(1)}"]
    assert value is not None
    assert Wrong.model_validate_json(value) == Wrong(item=item(1), on_loan=True, said=True)


def test_what_stands_on_a_desks_shelves_came_by_the_desk() -> None:
    desks = {StationName("desk-1")}
    assert stands((Loaded(**about(1)), Returned(**about(2))), desks) == {
        f"here/{item(1)}": "desk-1",
        f"here/{item(2)}": "desk-1",
    }
    assert stands((Loaded(**about(1, station="cabinet-1")),), desks) == {f"here/{item(1)}": None}
    assert stands((Loaded(**about(1)), lent(1)), desks) == {f"here/{item(1)}": None}


def out(n: int, due: date = DUE, **more: Any) -> Out:
    return Out(item=item(n), due=due, **more)


def test_the_patrons_loans_are_the_directorys_with_what_happened_here() -> None:
    later = date(2026, 12, 24)
    known = {
        item(1): News(lent=False),
        item(2): News(lent=True, card=ADA, due=later, renewals=1),
        item(3): News(lent=True, card=ADA, due=DUE),
        item(4): News(lent=True, card=BO, due=DUE),
        item(5): News(lent=True, card=BO, due=DUE),
    }
    found = outstanding(ADA, (out(1), out(2), out(4)), known)
    assert found == (out(3), out(2, later, renewals=1))


def test_a_site_that_isnt_told_of_loans_knows_only_its_own() -> None:
    assert outstanding(ADA, None, {}) is None
    assert outstanding(ADA, None, {item(1): News(lent=True, card=ADA, due=DUE)}) == (out(1),)
    assert outstanding(CardTag("cc" * 16), None, {item(1): News(lent=True, card=ADA, due=DUE)}) is None


def mark(version: int = 7, at: float = 0, **more: Any) -> Heard:
    return Heard(News(**{"lent": True, **more}).model_dump_json(), at, version)


def test_what_happened_here_is_forgotten_when_the_hub_had_time_to_put_it_into_a_newer_directory() -> None:
    assert caught_up(mark(), GRACE_S, 8, directory=False)
    assert not caught_up(mark(), GRACE_S - 1, 8, directory=True)
    assert not caught_up(mark(), GRACE_S, 7, directory=False)


def test_a_directory_that_never_changed_and_says_the_same_has_nothing_to_say() -> None:
    assert caught_up(mark(lent=False), GRACE_S, 7, directory=False)
    assert not caught_up(mark(renewals=1), GRACE_S, 7, directory=True)


def test_newer_news_of_the_same_item_wait_anew() -> None:
    first = heard({"lent/1": "a", "lent/2": "b"}, {}, 10, 7)
    again = heard({"lent/1": "a", "lent/2": "c"}, first, 20, 8)
    assert again == {"lent/1": Heard("a", 10, 7), "lent/2": Heard("c", 20, 8)}
