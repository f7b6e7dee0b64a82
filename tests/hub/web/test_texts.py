"""Every word on the pages stands in the catalogues, in both languages."""

import re
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter

import pytest

from hub.web import texts
from hub.web.texts import LANGUAGES, Texts

TEMPLATES = sorted((Path(texts.__file__).parent / "templates").rglob("*.html"))
READ_ALOUD = ("title", "alt", "placeholder", "aria-label", "value", "data-label")
SEPARATORS = re.compile(r"[\s·–/:()%]*")


def _fields(text: texts.Text) -> set[str]:
    forms = text.values() if isinstance(text, dict) else [text]
    return {name for form in forms for _, name, _, _ in Formatter().parse(form) if name}


def test_no_text_is_missing_in_either_language() -> None:
    chinese, english = (set(Texts().catalogues[language]) for language in LANGUAGES)

    assert chinese == english


def test_both_languages_of_a_text_are_filled_in_with_the_same_values() -> None:
    chinese, english = (Texts().catalogues[language] for language in LANGUAGES)
    differing = {key for key in english if _fields(chinese[key]) - {"n"} != _fields(english[key]) - {"n"}}

    assert differing == set()


def test_no_text_is_empty_and_the_chinese_ones_are_chinese() -> None:
    same_everywhere = {"app.brand", "language.en", "language.zh-CN", "list.joint", "evidence.ratio"}
    chinese, english = (Texts().catalogues[language] for language in LANGUAGES)
    unsaid = {key for key in english if not str(english[key]).strip()}
    untranslated = {key for key in chinese if chinese[key] == english[key]} - same_everywhere

    assert unsaid == set()
    assert untranslated <= {"where.shelf", "loan.state"} | {key for key in chinese if _only_places(chinese[key])}


def _only_places(text: texts.Text) -> bool:
    return isinstance(text, str) and re.sub(r"\{\w+\}|[\s·/]", "", text) == ""


class _Words(HTMLParser):
    """Collects what a template says without asking the catalogue."""

    def __init__(self) -> None:
        super().__init__()
        self.literal: list[str] = []

    def handle_data(self, data: str) -> None:
        if not SEPARATORS.fullmatch(data):
            self.literal.append(data.strip())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.literal += [
            f"{tag} {name}={value}" for name, value in attrs if name in READ_ALOUD and re.search(r"\w", value or "")
        ]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_says_nothing_by_itself(template: Path) -> None:
    source = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", "", template.read_text(encoding="utf-8"), flags=re.S)
    reader = _Words()
    reader.feed(source)

    assert reader.literal == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_text_a_template_asks_for_exists(template: Path) -> None:
    asked = re.findall(r"say\(\"([\w.-]+)\"[),]|say\('([\w.-]+)'[),]", template.read_text(encoding="utf-8"))
    known = Texts()

    assert [key for pair in asked for key in pair if key and not known.has(key)] == []


def test_one_and_many_are_said_apart() -> None:
    known = Texts()

    assert known.say("en", "time.minutes", {"n": 1}) == "1 minute ago"
    assert known.say("en", "time.minutes", {"n": 2}) == "2 minutes ago"
    assert known.say("zh-CN", "time.minutes", {"n": 1}) == "1 分钟前"
