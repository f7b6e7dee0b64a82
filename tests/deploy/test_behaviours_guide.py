"""The list of behaviours names stories that there are, and tests that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "behaviours.md").read_text(encoding="utf-8")
STORIES = (ROOT / "tests" / "stories" / "test_behaviours.py").read_text(encoding="utf-8")


def test_each_of_the_fifteen_has_its_class_of_stories() -> None:
    told = re.findall(r"^\| (\d+) \|.*`(Test\d\d\w+)`", GUIDE, re.MULTILINE)
    assert [int(number) for number, _ in told] == list(range(1, 16))
    parts = re.split(r"^class (Test\d\d\w+):", STORIES, flags=re.MULTILINE)
    assert [name for _, name in told] == parts[1::2]
    assert [name for name, body in zip(parts[1::2], parts[2::2], strict=True) if "    def test_" not in body] == []


def test_what_also_shows_them_is_there() -> None:
    named = re.findall(r"`(tests/[\w/.]+)`", GUIDE)
    assert len(named) >= 10
    assert [path for path in named if not (ROOT / path).exists()] == []
