"""The language of themes: what is read, what is written, and what is said of mistakes."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.restock.query import EXACT, YEARS, And, Field, Not, Or, Query, QueryWrong, Words, Years, parse, write

A, B, C = Words("a"), Words("b"), Words("c")


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("a", A),
        ("  a\n", A),
        ("a b", And((A, B))),
        ("a AND b c", And((A, B, C))),
        ("a b OR c", Or((And((A, B)), C))),
        ("a (b OR c)", And((A, Or((B, C))))),
        ("NOT a b", And((Not(A), B))),
        ("NOT (a b)", Not(And((A, B)))),
        ("a AND NOT b", And((A, Not(B)))),
        ("or and not", And((Words("or"), Words("and"), Words("not")))),
        ("a*", Words("a", begins=True)),
        ('"a b"*', Words("a b", begins=True)),
        ('"AND"', Words("AND")),
        (r'"say \"a\" \\"', Words('say "a" \\')),
        ("Subject:x", Words("x", Field.SUBJECT)),
        ("title: x", Words("x", Field.TITLE)),
        ("clc:I2*", Words("I2", Field.CLC, begins=True)),
        ("dewey:813.54", Words("813.54", Field.DEWEY)),
        ("clc:TP311.1-43", Words("TP311.1-43", Field.CLC)),
        ("主题词：“航天 科学”", Words("航天 科学", Field.SUBJECT)),
        ("（a OR b）语种：chi", And((Or((A, B)), Words("chi", Field.LANGUAGE)))),
        ("“科学（上）”", Words("科学（上）")),
        ("year:2010", Years(2010, 2010)),
        ("year:2010-2020", Years(2010, 2020)),
        ("年份：2010－2020", Years(2010, 2020)),
        ("year:2010-", Years(2010, None)),
        ("year:-2020", Years(None, 2020)),
        ("year:-300--200", Years(-300, -200)),
    ],
)
def test_a_text_is_read_as(text: str, query: Query) -> None:
    assert parse(text) == query


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "character 1: there is nothing to look for"),
        ("   ", "character 1: there is nothing to look for"),
        ("a AND", "character 6: a value was expected, but here is the end"),
        ("OR a", "character 1: a value was expected, but here is “OR”"),
        ("a NOT OR", "character 7: a value was expected, but here is “OR”"),
        ("a (b", "character 3: this bracket is never closed"),
        ("a) b", "character 2: this bracket was never opened"),
        ("()", "character 2: a value was expected, but here is “)”"),
        ('title:"x', "character 7: this quote is never closed"),
        ("title:", "character 7: a value was expected, but here is the end"),
        ("title:author:x", "character 7: a value was expected, but here is “author:”"),
        ("a: b", "character 1: no field is called “a”; there are title, author, "),
        ("a *", "character 3: * must stand right behind a value, and “*” doesn't have one there"),
        ("a **", "character 3: * must"),
        ("language:e*", "character 11: language and audience are codes: * can't stand behind “e”"),
        ("year:soon", "character 6: a year or years like 2010-2020, 2010- or -2020 were expected, but here is “soon”"),
        ("year:-", "character 6: a year or years"),
        ("year:9999", "character 6: a year or years"),
        ('year:"2010"', "character 6: a year or years"),
        ("year:2020-2010", "character 6: the first year is after the last in “2020-2010”"),
        ("a …", "character 3: a value needs a letter or a digit, but here is “…”"),
        ("a\\b", "character 2: “\\” must stand in quotes to be looked for"),
        ("x" * 201, "character 1: a value has at most 200 characters"),
        ("x " * 2001, "character 4001: a query has at most 4000 characters"),
        ("NOT " * 21 + "a", "character 81: at most 20 brackets or NOTs may stand within each other"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, said: str) -> None:
    with pytest.raises(QueryWrong) as wrong:
        parse(text)
    assert str(wrong.value).startswith(said)
    assert 1 <= wrong.value.at <= len(text) + 1


TEXTS = (
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
    | st.text(st.sampled_from('a红"“”\\＼()（）:：*＊-－ \nORN'), min_size=1, max_size=12)
    | st.sampled_from(["AND", "OR", "NOT"])
).filter(lambda text: any(letter.isalnum() for letter in text))
FIELDS = st.none() | st.sampled_from([field for field in Field if field is not Field.YEAR])


@st.composite
def words(draw: st.DrawFn) -> Words:
    field = draw(FIELDS)
    return Words(draw(TEXTS), field, field not in EXACT and draw(st.booleans()))


@st.composite
def years(draw: st.DrawFn) -> Years:
    year = st.none() | st.integers(YEARS[0], YEARS[-1])
    first, last = draw(year), draw(year)
    if first is None and last is None:
        last = draw(st.integers(YEARS[0], YEARS[-1]))
    if first is not None and last is not None:
        first, last = min(first, last), max(first, last)
    return Years(first, last)


QUERIES = st.recursive(
    words() | years(),
    lambda inner: (
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts)))
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts)))
        | inner.map(Not)
    ),
    max_leaves=10,
)


@given(QUERIES)
def test_what_is_written_is_read_as_the_same(query: Query) -> None:
    assert parse(write(query)) == query


@given(st.text(st.sampled_from(string.ascii_letters[:3] + ' "()*:-\\1ORANDT红year:' + "“：）"), max_size=30))
def test_any_text_is_a_query_that_is_written_alike_or_has_its_mistake_named(text: str) -> None:
    try:
        query = parse(text)
    except QueryWrong as wrong:
        at = wrong.at
    else:
        at = 1
        assert parse(write(query)) == query
    assert 1 <= at <= len(text) + 1
