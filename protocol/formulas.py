"""Cells that a spreadsheet would run as a formula: quoted on the way out, unquoted on the way in."""

import re

_RUNS = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def guard(cell: str) -> str:
    """`cell` so that no spreadsheet takes it for a formula: an apostrophe goes before it; plain numbers stay."""
    return f"'{cell}" if _RUNS.match(cell) and not _NUMBER.fullmatch(cell) else cell


def unguard(cell: str) -> str:
    """What `guard` was given."""
    return cell[1:] if cell.startswith("'") and _RUNS.match(cell) else cell
