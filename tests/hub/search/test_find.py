"""Finding titles, the same on SQLite and PostgreSQL."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col

from hub.database import Database
from hub.models import Title
from hub.search.find import find
from hub.search.index import work_of
from hub.search.tokens import entry
from hub.search.wanted import is_met, typed
from hub.views.view import Cut
from tests.hub.search.works import WORKS


def found(database: Database, text: str, cut: Cut | None = None) -> list[str]:
    with database.read() as session:
        return list(find(session, text, cut or Cut()).rows)


@pytest.mark.parametrize(
    ("text", "best_first"),
    [
        ("红楼梦", ["t01", "t02"]),
        ("紅樓夢", ["t01", "t02"]),
        ("hlm", ["t01", "t02"]),
        ("hongloumengyanjiu", ["t02"]),
        ("hong lou", ["t01", "t02"]),
        ("pride", ["t07", "t06", "t12"]),
        ("prid", ["t06", "t07", "t12"]),
        ("pride aust", ["t06"]),
        ("whale", ["t10", "t09"]),
        ("the whale", ["t10", "t09"]),
        ("marquez soledad", ["t08"]),
        ("science", ["t12", "t13", "t14"]),
        ("space", ["t13", "t14"]),
        ("080271390", ["t10"]),
        ("9780802713902", ["t10"]),
        ("t09", ["t09"]),
        ("moby zebra", []),
        ("…", []),
        ("", []),
    ],
)
def test_the_best_comes_first(catalogue: Database, text: str, best_first: list[str]) -> None:
    assert found(catalogue, text) == best_first


def test_pages_hold_each_title_once_and_the_total(catalogue: Database) -> None:
    with catalogue.read() as session:
        whole = find(session, "h", Cut())
        pages = [find(session, "h", Cut(2, offset)) for offset in range(0, whole.total + 2, 2)]
        nothing = find(session, "h", Cut(0))
    assert whole.total == len(whole.rows) >= 5
    assert {page.total for page in pages} == {whole.total}
    assert [key for page in pages for key in page.rows] == list(whole.rows)
    assert (nothing.rows, nothing.total) == ((), whole.total)


def test_conditions_narrow_what_is_found(catalogue: Database) -> None:
    with catalogue.read() as session:
        assert find(session, "pride", Cut(), [col(Title.year) > 2000]).rows == ("t07", "t12")


SYLLABLES = st.lists(st.sampled_from(["hong", "lou", "meng", "h", "l", "m", "lv", "ye", "xi", "cao", "x"]), max_size=4)
QUERIES = (
    st.text(st.sampled_from("红楼樓梦夢研究西游记曹王绿pride&whale- ñáí'\"*:()9780|·…"), max_size=12)
    | SYLLABLES.map("".join)
    | SYLLABLES.map(" ".join)
    | st.sampled_from([work.title for work in WORKS] + [work.author for work in WORKS])
)
TOKENS = {work.title_id: entry(work_of(work)).tokens for work in WORKS}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(text=QUERIES)
def test_the_database_finds_just_what_the_tokens_say(catalogue: Database, text: str) -> None:
    wanted = typed(text)
    said = {key for key, tokens in TOKENS.items() if wanted is not None and is_met(wanted, tokens)}
    assert set(found(catalogue, text)) == said
