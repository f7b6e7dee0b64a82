"""What the guides point at is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")])
TOP = "protocol|edge|hub|firmware_sim|deploy|docs|tests|benchmarks"


def dangling(text: str, folder: Path) -> list[str]:
    """Links to files that aren't there, relative to `folder`, and paths between backticks, relative to the project."""
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    paths = re.findall(rf"`((?:{TOP})/[A-Za-z0-9_./-]*)", text)
    return [link for link in links if link and not (folder / link).exists()] + [
        path for path in paths if not (ROOT / path).exists()
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_points_at_nothing_that_is_not_there(page: Path) -> None:
    assert dangling(page.read_text(encoding="utf-8"), page.parent) == []


def test_a_dangling_pointer_is_found() -> None:
    text = "[here](README.md) [gone](gone.md) `edge/settings.py` `edge/gone.py` [web](https://example.org/x)"
    assert dangling(text, ROOT) == ["gone.md", "edge/gone.py"]


def test_both_newcomers_pages_show_the_same_pictures_and_lead_to_the_same_places() -> None:
    english, chinese = (
        set(re.findall(r"\]\(([^)\s]+)\)", (ROOT / name).read_text(encoding="utf-8")))
        for name in ("README.md", "README.zh-CN.md")
    )
    assert english - {"README.zh-CN.md"} == chinese - {"README.md"}
