"""What can't be done about restocks, said so that a page can say it in the reader's language."""

from typing import Any


class Refused(ValueError):
    """Nothing was changed; `code` is the text `refused.<code>` of the pages, `values` what stands in it."""

    def __init__(self, code: str, sentence: str, **values: Any) -> None:
        """`sentence` says the same in English, for the API and logs."""
        super().__init__(sentence)
        self.code, self.values = code, values


class Unknown(LookupError):
    """There is no such thing: what kind, and the number or name that was asked for."""

    def __init__(self, what: str, key: object) -> None:
        super().__init__(f"there is no {what} {str(key)[:80]}")
        self.what, self.key = what, key
