"""What a title is found by, whatever database keeps it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.search.sounds import cuts, syllables
from hub.search.tokens import In, Work, entry, folded, isbns, squeezed
from hub.search.wanted import is_met, phrase, typed, whole

DREAM = Work("t01", "红楼梦", "曹雪芹", ("古典小说",), ("classics",), "east-asia", "9787020002207", "I242.4", "895.13")


def finds(text: str, work: Work) -> bool:
    wanted = typed(text)
    return wanted is not None and is_met(wanted, entry(work).tokens)


@pytest.mark.parametrize(
    "text",
    [
        "hongloumeng", "hlm", "hong lou meng", "红楼", "红楼梦", "楼", "紅樓夢", "hongl", "hong lo", "honglm", "hloum",
        "hlmeng", "HongLouMeng", "hong'lou'meng", "loumeng", "红lou", "caoxueqin", "cxq", "曹雪芹 红楼", "hlm cao",
        "xiaoshuo", "classics", "class", "east-asia", "eastasia", "978-7-02-000220-7", "978 7 02 000220 7", "978702",
        "702000220X", "7-02-000220-x", "I242.4", "i24", "895.13", "t01",
    ],
)  # fmt: skip
def test_a_title_is_found_by(text: str) -> None:
    assert finds(text, DREAM)


@pytest.mark.parametrize(
    "text", ["honglu", "mlh", "梦红", "红楼z", "hongloumengs", "loul", "cao wang", "9787020002208", "242"]
)
def test_a_title_is_not_found_by(text: str) -> None:
    assert not finds(text, DREAM)


@pytest.mark.parametrize("text", ["", " ", "…", "%_%", "';", "*"])
def test_what_has_no_word_asks_for_nothing(text: str) -> None:
    assert typed(text) is None


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("lv ye", "绿野仙踪"), ("lu ye", "绿野仙踪"), ("lü", "绿野仙踪"), ("lyxz", "绿野仙踪"),
        ("chongqing yinhang", "重庆银行史"), ("cqyh", "重庆银行史"), ("qianlong", "乾隆皇帝"), ("ganlong", "乾隆皇帝"),
        ("2001tai", "2001太空漫游"),
        ("java bc", "Java编程思想"), ("javabiancheng", "Java编程思想"), ("jbcsx", "Java编程思想"),
        ("garcia", "Gabriel García Márquez"), ("GARCÍA", "Gabriel Garcia"), ("strasse", "Die Straße"),
        ("oersted", "Ørsted, ou Oersted"), ("moby dick", "Moby-Dick"), ("mobydick", "Moby-Dick"),
        ("dont", "Don't Look"), ("don't", "Don’t Look"), ("tp311", "ＴＰ３１１ 教程"), ("1q84", "1Q84"),
        ("война", "Война и мир"), ("ノルウェイ", "ノルウェイの森"), ("𠀀", "𠀀字"), ("xi'an", "西安"), ("zhg", "中国"),
    ],
)  # fmt: skip
def test_writing_differs_and_still_finds(text: str, title: str) -> None:
    assert finds(text, Work("x", title))


def test_titles_sound_as_their_words_do() -> None:
    assert syllables("银行") == ("yin", "hang")
    assert syllables("长大") == ("zhang", "da")
    assert syllables("绿") == ("lu",)


def test_letters_are_cut_into_syllables_and_initials() -> None:
    assert ("hlm", ("loumeng",)) in [(mixed.initials, mixed.runs) for mixed in cuts("hloumeng")]
    assert ("hlm", ("hongl",)) in [(mixed.initials, mixed.runs) for mixed in cuts("honglm")]
    assert cuts("hongloumeng") == cuts("hlm") == cuts("v" * 9) == cuts("l" * 200) == ()


def test_titles_are_ordered_by_letters_chinese_by_its_pinyin() -> None:
    places = [entry(Work("x", title)).place for title in ("红楼梦", "Hong Kong", "安徒生", "Zoo", "紅樓夢研究")]
    assert sorted(places) == ["an tu sheng", "hong kong", "hong lou meng", "hong lou meng yan jiu", "zoo"]


def test_an_isbn_has_both_lengths() -> None:
    assert isbns("9787020002207") == ("9787020002207", "702000220x")
    assert isbns("9780306406157") == ("9780306406157", "0306406152")
    assert isbns("9780804429573") == ("9780804429573", "080442957x")
    assert isbns("9791032305690") == ("9791032305690",)
    assert isbns("") == ()


def test_a_phrase_keeps_its_order_and_its_field() -> None:
    tokens = entry(Work("x", "War and Peace", subjects=("space travel", "红楼 研究"))).tokens
    assert is_met(phrase("war AND peace", In.TITLE), tokens)
    assert not is_met(phrase("peace and war", In.TITLE), tokens)
    assert not is_met(phrase("war peace", In.TITLE), tokens)
    assert not is_met(phrase("war and peace", In.SUBJECT), tokens)
    assert not is_met(phrase("travel 红", In.SUBJECT), tokens)
    assert is_met(phrase("红楼研", In.SUBJECT), tokens)
    assert is_met(phrase("space tra", In.SUBJECT, begins=True), tokens)
    assert not is_met(phrase("space tra", In.SUBJECT), tokens)


def test_a_whole_value_is_compared_without_blanks_and_signs() -> None:
    tokens = entry(DREAM).tokens
    assert is_met(whole("I 242.4", In.CLC), tokens)
    assert not is_met(whole("I242", In.CLC), tokens)
    assert is_met(whole("I242", In.CLC, begins=True), tokens)
    assert not is_met(whole("…", In.CLC, begins=True), tokens)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.text(
    st.sampled_from("红楼夢绿hong'lm -·éß9.ノ"), max_size=30
)


@given(TEXTS)
def test_tokens_hold_nothing_that_a_database_would_read_otherwise(text: str) -> None:
    for token in entry(Work("x", text, text, (text,), (text,), text, text, text, text)).tokens:
        assert re.fullmatch(r"[0-9a-z\u0080-\U0010ffff]+", token)
        assert not any(letter.isspace() for letter in token)


@given(TEXTS)
def test_whatever_a_title_is_called_it_is_found_by_its_words_and_sound(text: str) -> None:
    made = entry(Work("x", text))
    for asked in (text, made.spelled, made.initials):
        wanted = typed(asked) if asked == text or asked.isascii() else None
        assert wanted is None or is_met(wanted, made.tokens)


@given(TEXTS)
def test_folding_again_changes_nothing_that_counts(text: str) -> None:
    assert squeezed(folded(text)) == squeezed(text)
