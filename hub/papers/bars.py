"""Code 128: the bars of a text."""

import re
from itertools import groupby

from barcode.codex import Code128

LONGEST = 48
"""Characters."""
QUIET = 10
"""Modules that must stay white on either side."""

_ENCODABLE = re.compile(rf"[ -~]{{1,{LONGEST}}}")


class _Code(Code128):  # type: ignore[misc]
    """The library takes the digits 99 right behind the start for a change of code, and drops them."""

    def _try_to_optimize(self, encoded: list[int]) -> list[int]:
        return encoded if self.code.startswith("99") else super()._try_to_optimize(encoded)


def bars(text: str) -> tuple[tuple[bool, int], ...] | None:
    """Stripes of a barcode from the left, without white around: black or not, and how many modules wide.

    None when the code can't hold `text`: empty, long, or with other signs than ASCII's printable ones.
    """
    if not _ENCODABLE.fullmatch(text):
        return None
    (modules,) = _Code(text).build()
    return tuple((module == "1", len(list(same))) for module, same in groupby(modules))
