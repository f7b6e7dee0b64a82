"""What is wrong with a cell, in a sentence; never the words of the library that found out."""

from collections.abc import Mapping
from typing import Any

_NAME = "lower-case letters, digits and hyphens, 32 at most"
_BARCODE = "letters, digits and signs without blanks, 64 at most"
_LOOKS = {
    "item": _BARCODE,
    "barcode": _BARCODE,
    "tag": "8 to 32 hexadecimal digits",
    "home": _NAME,
    "site": _NAME,
    "group": _NAME,
    "owner": "an ISIL such as CN-110105001",
    "isbn": "13 digits, or 10 of which the last one checks the others",
}
"""What the values of a column look like."""


def sentence(error: Mapping[str, Any], column: str, value: str) -> str:
    """Why `value` doesn't fit `column`, of one error of a pydantic ValidationError."""
    shown = f"{value[:60]!r} "
    limits = error.get("ctx", {})
    match error["type"]:
        case "string_too_short" | "missing":
            return "is empty"
        case "string_pattern_mismatch":
            return f"{shown}isn't {_LOOKS.get(column, 'of the right form')}" if value else "is empty"
        case "string_too_long":
            return f"has {len(value)} characters; {limits['max_length']} are the most"
        case "enum":
            return f"{shown}is none of {limits['expected']}"
        case "greater_than_equal":
            return f"{shown}is less than {limits['ge']}"
        case "less_than_equal":
            return f"{shown}is more than {limits['le']}"
        case "value_error":
            said = str(limits["error"])
            return said if said.startswith(("holds", "is empty")) else shown + said
        case kind if kind.startswith("int_"):
            return f"{shown}isn't a whole number" if value else "is empty"
        case kind if kind.startswith("date_"):
            return f"{shown}isn't a date such as 2026-11-23"
    return f"{shown}doesn't fit"


def of_csv(said: str) -> str:
    """What the reader of CSV says, in other words."""
    if "end of data" in said:
        return "a quotation mark is opened and never closed"
    if "expected after" in said:
        return "something stands between a closing quotation mark and the next comma; inside a cell double the mark"
    if "field limit" in said:
        return "a cell is longer than 131072 characters; a quotation mark may be missing"
    return "can't be read as comma-separated cells"
