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


def rows(page: Path, heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without its own head."""
    section = page.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    table = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return table[1:]


@pytest.mark.parametrize(("heading", "cells", "least"), [("What holds", 3, 14), ("When things break", 4, 30)])
def test_every_promise_and_every_fault_names_a_test_of_it(heading: str, cells: int, least: int) -> None:
    table = [row for row in rows(ROOT / "docs" / "delivery.md", heading) if not row[0].startswith("---")]
    assert len(table) >= least
    assert [row[0] for row in table if len(row) != cells] == []
    for row in table:
        named = re.findall(r"`(tests/[\w./]+)`", row[-1])
        assert named, row[0]
        assert [path for path in named if not (ROOT / path).is_file()] == [], row[0]


def test_both_newcomers_pages_show_the_same_pictures_and_lead_to_the_same_places() -> None:
    english, chinese = (
        set(re.findall(r"\]\(([^)\s]+)\)", (ROOT / name).read_text(encoding="utf-8")))
        for name in ("README.md", "README.zh-CN.md")
    )
    assert english - {"README.zh-CN.md"} == chinese - {"README.md"}
