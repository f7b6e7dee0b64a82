"""Themes' queries against the catalogue, and against a plain reading of what they mean."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from hub.database import Database
from hub.models import Title
from hub.restock.query import And, Field, Not, Or, Query, Words, Years, parse
from hub.search.select import chosen
from tests.hub.search.works import WORKS


def found(database: Database, query: Query) -> list[str]:
    with database.read() as session:
        return list(session.exec(select(Title.title_id).where(chosen(query)).order_by(col(Title.title_id))))


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("红楼梦", ["t01", "t02"]),
        ("hlm", []),
        ("pride", ["t06", "t07", "t12"]),
        ("prid", []),
        ("prid*", ["t06", "t07", "t12"]),
        ("subject:science", ["t12", "t13", "t14"]),
        ('subject:"science fiction"', ["t13"]),
        ('subject:"children\'s science"', ["t14"]),
        ("theme:science", ["t12"]),
        ("theme:science*", ["t12", "t13"]),
        ("theme:classics language:eng", ["t06"]),
        ("theme:classics NOT language:eng", ["t01", "t03"]),
        ("theme:classics (language:eng OR year:1980)", ["t03", "t06"]),
        ("year:2007", ["t10", "t11"]),
        ("year:-1900", ["t06", "t09"]),
        ("year:2015-", ["t05", "t07", "t12"]),
        ("NOT year:-2020", ["t13", "t14", "t15"]),
        ("isbn:978-7-02-000220-7", ["t01"]),
        ("isbn:9780802*", ["t10"]),
        ('author:"jane austen"', ["t06"]),
        ("author:austen pride", ["t06"]),
        ("title:austen", []),
        ("region:east-asia OR region:Latin-America", ["t01", "t08"]),
        ("language:ENG year:2000-2010", ["t10"]),
        ("作者：行者", ["t05"]),
        ("clc:I2*", ["t01"]),
        ("clc:I*", ["t01", "t04"]),
        ("clc:I2", []),
        ("clc:P159-49", ["t14"]),
        ("dewey:823*", ["t06"]),
        ("class:I242.4 OR class:823.7", ["t01", "t06"]),
        ("audience:children", ["t04", "t14"]),
        ("audience:Children clc:P*", ["t14"]),
    ],
)
def test_a_query_finds(catalogue: Database, query: str, titles: list[str]) -> None:
    assert found(catalogue, parse(query)) == titles


LEAVES = {
    Words("pride"): {"t06", "t07", "t12"},
    Words("classics", Field.THEME): {"t01", "t03", "t06"},
    Words("eng", Field.LANGUAGE): {"t06", "t07", "t09", "t10", "t12", "t13"},
    Words("小说", Field.SUBJECT): {"t01"},
    Years(2000, None): {"t04", "t05", "t07", "t10", "t11", "t12"},
    Words("nowhere", Field.REGION, begins=True): set(),
}
QUERIES = st.recursive(
    st.sampled_from(list(LEAVES)),
    lambda inner: (
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts)))
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts)))
        | inner.map(Not)
    ),
    max_leaves=8,
)


def meant(query: Query) -> set[str]:
    match query:
        case And(parts):
            return set.intersection(*map(meant, parts))
        case Or(parts):
            return set.union(*map(meant, parts))
        case Not(part):
            return {work.title_id for work in WORKS} - meant(part)
    return LEAVES[query]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(query=QUERIES)
def test_and_or_and_not_mean_what_they_say(catalogue: Database, query: Query) -> None:
    assert found(catalogue, query) == sorted(meant(query))
