"""What the patron reads."""

import re
from datetime import date

import pytest

from edge import screen
from edge.phrases import common
from edge.phrases.book import BOOKS, Texts
from edge.screen import Change, View, ViewItem, ViewKind
from protocol.events import BorrowFlag, ItemTrouble, RefusalReason, VisitKind
from protocol.names import ItemId, TagUid

BOTH = ("zh-CN", "en")
TAG, ITEM = TagUid("E004010012345678"), ItemId("30000000012345")


def known(item: ViewItem) -> tuple[str, str] | None:
    return ("红楼梦", "曹雪芹")


def unknown(item: ViewItem) -> tuple[str, str] | None:
    return None


def every_view() -> list[View]:
    plain = [View(kind) for kind in ViewKind if kind is not ViewKind.REFUSED]
    refused = [View(ViewKind.REFUSED, reason=reason) for reason in RefusalReason]
    visits = [View(kind, visit) for kind in (ViewKind.WELCOME, ViewKind.OPEN, ViewKind.RECEIPT) for visit in VisitKind]
    return plain + refused + visits


@pytest.mark.parametrize("view", every_view(), ids=str)
def test_every_view_is_said_in_every_language_chinese_first(view: View) -> None:
    drawn = screen.render(view, known, BOTH)
    assert [said.lang for said in drawn.said] == list(BOTH)
    assert all(said.title for said in drawn.said)
    assert any("\u4e00" <= c <= "\u9fff" for c in drawn.said[0].title)


@pytest.mark.parametrize("texts", [common.TEXTS, *BOOKS.values()], ids=["common", *BOOKS])
def test_both_languages_have_every_text_with_the_same_blanks(texts: Texts) -> None:
    chinese, english = texts["zh-CN"], texts["en"]
    assert chinese.keys() == english.keys()
    for key in chinese:
        assert blanks(chinese[key]) == blanks(english[key]), key


def blanks(lines: tuple[str, ...]) -> set[str]:
    return set(re.findall(r"{(\w+)}", " ".join(lines)))


def test_what_happens_to_an_item_and_why_not_is_said_in_both_languages() -> None:
    items = [ViewItem(change, TAG, ITEM) for change in Change]
    items += [ViewItem(Change.REFUSED, TAG, ITEM, why=why) for why in ItemTrouble]
    drawn = screen.render(View(ViewKind.RECEIPT, items=tuple(items)), known, BOTH)
    said = [tuple(text.text for text in line.said) for line in drawn.items]
    assert len(set(said)) == len(items)
    assert all(chinese != english for chinese, english in said)


def test_every_refusal_tells_the_patron_what_to_do() -> None:
    for reason in RefusalReason:
        drawn = screen.render(View(ViewKind.REFUSED, reason=reason), known, BOTH)
        assert all(said.lines for said in drawn.said)
        assert drawn.tone == "stop"


def test_a_receipt_lists_titles_outcomes_and_due_dates() -> None:
    items = (
        ViewItem(Change.BORROWED, TAG, ITEM, date(2026, 12, 21), (BorrowFlag.OVER_LIMIT,)),
        ViewItem(Change.RETURNED, TAG, ITEM),
    )
    drawn = screen.render(View(ViewKind.RECEIPT, VisitKind.BORROW, items=items), known, BOTH)
    assert drawn.items[0].title == "红楼梦"
    assert [t.text for t in drawn.items[0].said] == [
        "请在12月21日前归还；超出可借册数",
        "due 21 December; over your limit",
    ]
    assert [t.text for t in drawn.items[1].said] == ["已归还", "returned"]


def test_an_undecided_item_is_said_to_be_so_and_no_due_date_is_invented() -> None:
    items = (ViewItem(Change.UNDECIDED, TAG, ITEM),)
    drawn = screen.render(View(ViewKind.RECEIPT, VisitKind.BORROW, items=items), known, BOTH)
    assert "to be confirmed" in drawn.items[0].said[1].text
    assert "confirm" in drawn.said[1].title


def test_an_item_the_directory_does_not_know_is_shown_by_its_barcode() -> None:
    items = (ViewItem(Change.RETURNED, TAG, ITEM),)
    drawn = screen.render(View(ViewKind.RECEIPT, items=items), unknown, BOTH)
    assert drawn.items[0].author == ITEM


def test_a_visit_that_changed_nothing_says_so() -> None:
    drawn = screen.render(View(ViewKind.RECEIPT, VisitKind.BORROW), known, ("en",))
    assert drawn.said[0].title == "Nothing borrowed or returned"


@pytest.mark.parametrize(
    ("age_s", "version", "english"),
    [
        (60, 7, []),
        (7 * 3600, 7, ["Site data is 7 h old"]),
        (3 * 86_400, 7, ["Site data is 3 d old"]),
        (None, 0, ["This site has no data from the library yet"]),
    ],
)
def test_old_site_data_is_said_to_be_old(age_s: int | None, version: int, english: list[str]) -> None:
    assert [t.text for t in screen.stale(age_s, version, ("en",))] == english


def test_the_screen_names_no_card_and_no_patron() -> None:
    fields = set(screen.Screen.model_fields) | set(screen.Line.model_fields)
    assert not fields & {"card", "patron", "name", "tag"}
