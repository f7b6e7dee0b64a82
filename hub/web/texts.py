"""Every word on the pages, in each language, by key. The catalogues stand in languages/."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "languages"
LANGUAGES = ("zh-CN", "en")

Text = str | dict[str, str]
"""A text, or one for exactly one and another for any other number `n`."""


class Texts:
    """The catalogues; read once."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.catalogues: dict[str, dict[str, Text]] = {
            language: dict(_flat(tomllib.loads((folder / f"{language}.toml").read_text(encoding="utf-8"))))
            for language in LANGUAGES
        }

    def has(self, key: str) -> bool:
        """There is such a text."""
        return key in self.catalogues[LANGUAGES[0]]

    def say(self, language: str, key: str, values: Mapping[str, Any]) -> str:
        """The text `key` in `language` with `values` put in; raises KeyError when there is none."""
        text = self.catalogues[language][key]
        if isinstance(text, dict):
            text = text["one" if values.get("n") == 1 else "other"]
        return text.format_map(values) if values else text


def _flat(table: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Text]]:
    found: list[tuple[str, Text]] = []
    for key, value in table.items():
        if isinstance(value, dict) and set(value) != {"one", "other"}:
            found += _flat(value, f"{prefix}{key}.")
        else:
            found.append((f"{prefix}{key}", value))
    return found
