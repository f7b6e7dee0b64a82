"""International standard book numbers: found in a text, checked, made 13 digits long (ISO 2108)."""

import re

_BARE = re.compile(r"[\s\-‐-―]")
_LEADING = re.compile(r"[\dXx\s\-‐-―]+")


def isbn13(text: str) -> str | None:
    """The 13 digits of the number `text` begins with, whatever stands after it; None when it is none or mistyped.

    Ten digits become thirteen; "7-02-000220-X (精装)" and the like are understood.
    """
    begins = _LEADING.match(text.strip())
    bare = _BARE.sub("", begins.group()).upper() if begins else ""
    if re.fullmatch(r"\d{9}[\dX]", bare):
        weighed = sum((10 - place) * (10 if digit == "X" else int(digit)) for place, digit in enumerate(bare))
        return None if weighed % 11 else _closed("978" + bare[:9])
    if re.fullmatch(r"97[89]\d{10}", bare) and _closed(bare[:12]) == bare:
        return bare
    return None


def isbn10(thirteen: str) -> str | None:
    """The older form of ten of bare `thirteen` digits; None where it has none."""
    if not re.fullmatch(r"978\d{10}", thirteen):
        return None
    digits = thirteen[3:12]
    rest = -sum((10 - place) * int(digit) for place, digit in enumerate(digits)) % 11
    return digits + ("X" if rest == 10 else str(rest))


def bare(text: str) -> str:
    """`text` without blanks and hyphens."""
    return _BARE.sub("", text)


def _closed(twelve: str) -> str:
    """With its check digit."""
    weighed = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(twelve))
    return twelve + str(-weighed % 10)
