"""One page's voice: texts in its language."""

from dataclasses import dataclass
from typing import Any

from hub.web.texts import Texts


@dataclass(frozen=True, slots=True)
class Say:
    """`say(key, name=value)` is the text in the page's language."""

    texts: Texts
    language: str

    def __call__(self, key: str, **values: Any) -> str:
        """The text `key`; raises KeyError when there is none."""
        return self.texts.say(self.language, key, values)

    def word(self, kind: str, name: str | None) -> str:
        """The text `<kind>.<name>`, or `name` itself when a newer site says what this hub has no word for."""
        key = f"{kind}.{name}"
        return self(key) if name is not None and self.texts.has(key) else name or ""
