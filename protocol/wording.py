"""What is wrong with settings and fields, in sentences; never the words of the library that found out."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

_KINDS = {
    "string": "text in quotes",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "dict": "a table",
    "model": "a table",
    "path": "a path in quotes",
    "date": "a date such as 2026-11-23",
    "datetime": "a time such as 2026-11-23T08:00:00Z",
    "timezone": "a time with its zone, such as 2026-11-23T08:00:00Z",
    "bytes": "text in quotes",
    "literal": "one of ",
    "enum": "one of ",
}


def complaints(wrong: ValidationError, whole: str) -> str:
    """Every fault as "where: what", with "; " between; what concerns everything is laid to `whole`."""
    errors = [e for e in wrong.errors(include_url=False) if not _follows(e, wrong)]
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or whole}: {sentence(e)}" for e in errors)


def _follows(error: Mapping[str, Any], wrong: ValidationError) -> bool:
    """A list that is too short only because something in it is wrong, which is said anyway."""
    where = error["loc"]
    return error["type"] == "too_short" and any(
        len(e["loc"]) > len(where) and e["loc"][: len(where)] == where for e in wrong.errors(include_url=False)
    )


def sentence(error: Mapping[str, Any]) -> str:
    """What one error of a ValidationError says of its value, without saying where."""
    limits = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "no such setting"
        case "value_error" | "assertion_error":
            return str(limits["error"])
        case "string_pattern_mismatch":
            return f"must look like {limits['pattern']}"
        case "string_too_short" | "too_short":
            return f"is too short; {limits['min_length']} at least"
        case "string_too_long" | "too_long":
            return f"is too long; {limits['max_length']} at most"
        case "greater_than_equal":
            return f"must be {limits['ge']} or more"
        case "greater_than":
            return f"must be more than {limits['gt']}"
        case "less_than_equal":
            return f"must be {limits['le']} or less"
        case "less_than":
            return f"must be less than {limits['lt']}"
        case "int_from_float":
            return "must be a whole number"
        case "union_tag_invalid":
            return f"{limits['discriminator'].strip(chr(39))} must be one of {limits['expected_tags']}"
        case "union_tag_not_found":
            return f"{limits['discriminator'].strip(chr(39))} is missing"
        case "literal_error" | "enum":
            return f"must be one of {limits['expected']}"
        case kind:
            return f"must be {_KINDS.get(kind.split('_')[0], 'something else')}"
