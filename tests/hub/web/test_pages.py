"""What staff read on each page, in both languages."""

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
