"""What staff read on each page, in both languages."""

import html
import re

import pytest

from tests.hub.cast import HARBOUR, STATION
from tests.hub.library import SCHOOL, Library

PAGES = (
    "/",
    f"/sites/{HARBOUR}",
    f"/sites/{STATION}",
    f"/sites/{SCHOOL}",
    "/sites/west-park",
    "/items/M0004",
    "/items/M0003",
    "/items/M0007",
    "/items/M0090",
    "/titles/t01",
    "/search?q=red",
    "/search?q=红",
    "/loans",
    "/loans?state=overdue",
    "/loans?state=flagged",
    "/loans?state=all",
    "/loans?state=superseded",
    "/patrons/P001",
    "/incidents",
)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_readable_in_both_languages(served: Library, page: str, language: str) -> None:
    answer = served.librarian(language).get(page)

    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    assert "Undefined" not in answer.text
    assert not re.search(r"\{\w+\}", re.sub(r"<meta name=\"htmx-config.*?>", "", answer.text))


def _read(answer_text: str) -> str:
    """What a page says, without its marks."""
    body = answer_text.split("<main", 1)[-1]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_the_board_says_in_plain_words_how_each_site_is(served: Library) -> None:
    said = _read(served.librarian().get("/").text)

    assert "2 of 4 online" in said
    assert "Harbour Bank 海港银行 online" in said
    assert "Garden Primary School 花园小学 offline 3 hours ago" in said
    assert "West Park 西园 never heard" in said
    assert "cabinet-1 turns patrons away: shelf-reader failed." in said
    assert "130 events wait at the site." in said
    assert "The site's clock is not set" in said


def test_a_site_shows_who_came_and_what_moved(served: Library) -> None:
    said = _read(served.librarian().get(f"/sites/{HARBOUR}").text)

    assert "Waiting for a card" in said
    assert "↑" not in said, "arrows are drawn by the style sheet, not read aloud"
    assert "Borrowed 三国演义" in said
    assert "Returned 西游记" in said
    assert "over the limit" in said
    assert "35 of 60 · 1 undecided" in said
    assert "Card refused: unknown card" in said


def test_an_item_answers_where_it_is_and_how_that_is_known(served: Library) -> None:
    said = _read(served.librarian().get("/items/M0004").text)

    assert "Where is it now? On loan, borrowed at East Metro Station" in said
    assert "With P002" in said
    assert "Before 4/4 After 0/8" in said
    assert "Borrowed at Harbour Bank, from shelf A" in said
    assert "contradicted" in said
    assert re.search(r"row \d+", said)


def test_a_borrow_that_was_taken_back_is_explained(served: Library) -> None:
    said = _read(served.librarian().get("/items/M0003").text)

    assert "Borrow taken back: it was on shelf A at Harbour Bank all the time" in said
    assert "from a later count with no visit in between" in said
    assert "it had never been taken. The loan does not count." in said


def test_an_undecided_item_is_said_to_be_undecided(served: Library) -> None:
    said = _read(served.librarian().get("/items/M0007").text)

    assert "Perhaps at Harbour Bank, cabinet-1, shelf A" in said
    assert "A later count decides." in said


def test_overdue_loans_are_listed_by_themselves(served: Library) -> None:
    said = _read(served.librarian().get("/loans?state=overdue").text)

    assert "M0001" in said
    assert "M0005" not in said
    assert "1–1 of 1" in said


def test_a_patron_s_page_shows_cards_by_label_and_never_their_numbers(served: Library) -> None:
    page = served.librarian().get("/patrons/P001").text

    assert "读者证 0001" in page
    assert "04A1B2C3D4E5F6" not in page
    assert "2 open loans" in page


def test_incidents_list_what_was_not_understood_and_what_contradicts(served: Library) -> None:
    said = _read(served.librarian().get("/incidents").text)

    assert "An event is not understood by this version · Garden Primary School" in said
    assert "Contradictions 1" in said
    assert "No event is known to be lost" in said


def test_search_answers_pinyin_in_either_script_and_turns_pages_without_scripts(served: Library) -> None:
    librarian = served.librarian()
    typing = {"HX-Request": "true"}
    for typed in ("hlm", "hongl", "hong lou", "紅樓", "cao xueqin"):
        assert "红楼梦" in librarian.get("/search", params={"q": typed}, headers=typing).text, typed
    assert "Show all" not in librarian.get("/search?q=h", headers=typing).text
    assert "Show all 10 titles" in librarian.get("/search?q=classics", headers=typing).text
    assert 'class="paging"' not in librarian.get("/search?q=classics").text
    beyond = librarian.get("/search?q=classics&offset=30").text
    assert ">Back</a>" in beyond
    assert "Nothing found" not in beyond


def test_search_finds_titles_authors_and_barcodes_while_typing(served: Library) -> None:
    librarian = served.librarian()
    typing = {"HX-Request": "true"}

    assert "红楼梦" in librarian.get("/search?q=曹雪芹", headers=typing).text
    assert "Pride and Prejudice" in librarian.get("/search?q=pride aust", headers=typing).text
    assert "/items/M0012" in librarian.get("/search?q=m001", headers=typing).text
    assert "Nothing found" in librarian.get("/search?q=zzzz", headers=typing).text
    assert "<html" not in librarian.get("/search?q=m001", headers=typing).text


def test_a_whole_barcode_leads_straight_to_its_item(served: Library) -> None:
    assert served.librarian().get("/search?q=M0012").headers["location"] == "/items/M0012"


def test_a_wildcard_of_the_database_is_just_a_character(served: Library) -> None:
    assert "Nothing found" in served.librarian().get("/search?q=%25_%25").text


def test_what_staff_type_is_shown_as_text_only(served: Library) -> None:
    page = served.librarian().get("/search", params={"q": '"><script>alert(1)</script>'}).text

    assert "<script>alert" not in page


def test_only_the_changed_part_is_sent_to_an_open_page(served: Library) -> None:
    librarian = served.librarian()
    part = librarian.get(f"/sites/{HARBOUR}/now").text
    mark = re.search(r"record\?after=(\d+)", librarian.get(f"/sites/{HARBOUR}").text)
    assert mark

    assert "<html" not in part
    assert "Waiting for a card" in part
    assert librarian.get(f"/sites/{HARBOUR}/record?after={mark[1]}").status_code == 204
    assert librarian.get(f"/sites/{HARBOUR}/record?after=0").status_code == 200


@pytest.mark.parametrize("page", ["/items/none", "/sites/none", "/titles/none", "/patrons/none", "/nowhere"])
def test_what_is_not_there_is_said_on_a_page(served: Library, page: str) -> None:
    answer = served.librarian().get(page)

    assert answer.status_code == 404
    assert "There is no such page" in answer.text


def test_an_unreadable_address_is_said_on_a_page(served: Library) -> None:
    answer = served.librarian().get("/loans?state=eaten")

    assert answer.status_code == 400
    assert "can't be read" in html.unescape(answer.text)


def test_the_chosen_language_holds_in_the_browser_and_is_remembered_for_the_staff(served: Library) -> None:
    librarian = served.librarian("zh-CN")
    token = librarian.get("/").text.split('name="token" value="')[1].split('"')[0]
    moved = librarian.post("/language", data={"language": "en", "next": "/loans", "token": token})

    assert moved.headers["location"] == "/loans"
    assert '<html lang="en">' in librarian.get("/loans").text
    librarian.cookies.delete("microlib_language")
    assert '<html lang="en">' in librarian.get("/loans").text


def test_pages_allow_nothing_from_elsewhere_and_are_kept_in_no_cache(served: Library) -> None:
    said = served.librarian().get("/").headers

    assert "default-src 'none'" in said["content-security-policy"]
    assert "unsafe" not in said["content-security-policy"]
    assert said["cache-control"] == "no-store"
    assert said["x-frame-options"] == "DENY"


def test_scripts_together_stay_small_and_every_one_is_kept_by_browsers(served: Library) -> None:
    page = served.visitor().get("/login").text
    sizes = []
    for address in re.findall(r'src="(/static/[^"]+\.js[^"]*)"', page):
        script = served.visitor().get(address)
        assert "immutable" in script.headers["cache-control"]
        sizes.append(len(script.content))

    assert len(sizes) == 3
    assert sum(sizes) < 60_000


def test_nothing_is_claimed_about_a_site_that_is_silent(served: Library) -> None:
    said = _read(served.librarian().get(f"/sites/{SCHOOL}").text)

    assert "Not known while the site is silent" in said
    assert "Waiting for a card" not in said
    assert "door shut" not in said
