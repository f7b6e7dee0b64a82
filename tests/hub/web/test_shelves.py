"""A site's page shows what sits and what goes."""

from tests.hub.cast import HARBOUR
from tests.hub.library import Library
from tests.hub.web.test_pages import _read


def test_a_site_shows_each_copy_by_how_it_does_and_says_it_in_words_too(served: Library) -> None:
    page = served.librarian().get(f"/sites/{HARBOUR}").text
    said = _read(page)

    # 35 copies stand there; one each of t01 to t05 (M0001, M0002, M0023, M0004, M0005) was taken in 60 days.
    assert page.count('<rect class="taken"') == 16
    assert page.count('<rect class="sits"') == 19
    assert "classics 35" in said
    assert "taken 16" in said
    assert "not taken, 30 to 60 days 19" in said
    assert "三国演义 taken once · 3 copies here" in said
    assert "Pride and Prejudice untaken for" in said
    assert "No courier has brought or taken anything yet." in said


def test_a_site_nobody_heard_of_yet_has_no_map(served: Library) -> None:
    said = _read(served.librarian("zh-CN").get("/sites/west-park").text)

    assert "60 天内没有借出。" in said
    assert "还没有送书或取书。" in said
