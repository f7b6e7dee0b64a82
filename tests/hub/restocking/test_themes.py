"""Themes: which titles they are, what there is of them, and who may change what."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlmodel import Session, select

from hub.models import Title
from hub.restock.query import QueryWrong, Wrong
from hub.restocking import themes
from hub.restocking.errors import Refused, Unknown
from hub.restocking.themes import Place, ThemeDraft
from tests.hub.cast import HARBOUR, NOON, STATION
from tests.hub.library import SCHOOL, WORKS

CHINESE = ["t01", "t02", "t03", "t04", "t05"]


def made(session: Session, query: str = "language:chi", name: str = "theme") -> int:
    row = themes.create(session, ThemeDraft(name=name, query=query), by="lin", now=NOON)
    assert row.id is not None
    return row.id


def decide(session: Session, theme: int, title: str, chosen: bool | None) -> bool | None:
    return themes.decide(session, theme, title, chosen, by="mei", now=NOON)


def test_a_theme_is_what_its_query_finds_with_what_was_picked_and_without_what_was_left_out(session: Session) -> None:
    theme = made(session)
    assert themes.titles_of(session, theme) == CHINESE
    assert decide(session, theme, "t06", True) is None
    assert decide(session, theme, "t01", False) is None
    assert themes.titles_of(session, theme) == ["t02", "t03", "t04", "t05", "t06"]
    assert decide(session, theme, "t01", None) is False
    assert decide(session, theme, "t06", False) is True
    assert themes.titles_of(session, theme) == CHINESE
    assert themes.get(session, theme).changed_by == "mei"


def test_without_a_query_a_theme_is_what_was_picked(session: Session) -> None:
    theme = made(session, "")
    assert themes.titles_of(session, theme) == []
    decide(session, theme, "t09", True)
    assert themes.titles_of(session, theme) == ["t09"]


def test_the_stock_of_a_theme_is_told_place_by_place(session: Session) -> None:
    spread = themes.spread(session, themes.members(None, "language:chi OR language:eng"))
    places = {place.site: place for place in spread.places}

    assert (spread.titles, spread.copies) == (len(WORKS), 90)
    assert places[None] == Place(None, here=5, titles=5)
    assert places[HARBOUR] == Place(HARBOUR, here=35, titles=10, loan=3, elsewhere=1)
    assert places[STATION].loan == 2
    assert places[STATION].elsewhere == 1
    assert places[SCHOOL].here == 24
    assert sum(place.here + place.loan + place.elsewhere for place in spread.places) == 90
    assert (spread.loan, spread.elsewhere) == (6, 2)


def test_two_themes_are_never_called_the_same(session: Session) -> None:
    first, second = made(session), made(session, name="other")
    with pytest.raises(Refused) as refused:
        themes.change(session, second, ThemeDraft(name="theme"), by="lin", now=NOON)
    assert refused.value.code == "theme-name"
    kept = themes.change(session, first, ThemeDraft(name="theme", note="n"), by="lin", now=NOON)
    assert (kept.note, kept.query) == ("n", "")


def test_a_retired_theme_can_be_brought_back(session: Session) -> None:
    theme = made(session)
    for retired in (True, False):
        assert themes.retire(session, theme, retired, by="lin", now=NOON).retired is retired


def test_what_is_not_there_is_said_by_name(session: Session) -> None:
    with pytest.raises(Unknown, match="there is no theme 7"):
        themes.titles_of(session, 7)


def test_a_title_nobody_has_is_in_no_theme(session: Session) -> None:
    theme = made(session)
    with pytest.raises(Unknown, match="there is no title nobody"):
        themes.decide(session, theme, "nobody", True, by="lin", now=NOON)


def test_a_wrong_query_is_said_at_its_character() -> None:
    with pytest.raises(ValidationError) as wrong:
        ThemeDraft(name="x", query="language:chi (a")
    found = wrong.value.errors()[0]["ctx"]["error"]
    assert isinstance(found, QueryWrong)
    assert (found.wrong, found.at) == (Wrong.OPEN, 14)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["", "language:chi", "NOT language:chi", "author:austen OR clc:I242"]),
    st.dictionaries(st.sampled_from([work[0] for work in WORKS]), st.booleans()),
)
def test_whatever_is_decided_by_hand_holds(session: Session, query: str, by_hand: dict[str, bool]) -> None:
    theme = made(session, query, name="any")
    for title, chosen in by_hand.items():
        decide(session, theme, title, chosen)
    found = set(themes.titles_of(session, theme))
    plain = set(session.exec(select(Title.title_id).where(themes.members(None, query))))
    session.rollback()

    picked = {title for title, chosen in by_hand.items() if chosen}
    assert found == (plain | picked) - (by_hand.keys() - picked)
