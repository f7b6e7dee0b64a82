"""Where an item stands at the library: its mark, and the order of marks along the shelves."""

import re
from unicodedata import normalize

Order = tuple[bool, str, str, tuple[tuple[bool, int, str], ...], str]


def shelf_mark(own: str, clc: str, dewey: str) -> str:
    """The item's `own` mark, else its title's Chinese class number, else Dewey's; empty when there is none of them."""
    return own or clc or dewey


_CHINESE = re.compile(r"([A-Z]{1,2})([0-9]+(?:\.[0-9]+)*)")
_DEWEY = re.compile(r"([0-9]+)\.([0-9]+)")
_RUNS = re.compile(r"([0-9]+)|([^0-9]+)")


def shelf_order(mark: str) -> Order:
    """What to sort marks by so that they come as on the shelf; those that are empty come last.

    A class number at the beginning is read digit by digit, as libraries shelve (I247.5, I247.57, I3; 510.25, 510.3),
    numbers behind it as numbers (I247.5/12 before I247.5/103); any other mark as letters by their code and numbers as
    numbers.
    """
    text = normalize("NFKC", mark).upper().strip()
    letters = digits = ""
    runs: tuple[tuple[bool, int, str], ...] = ()
    if found := _CHINESE.match(text):
        letters, digits = found[1], found[2].replace(".", "")
    elif found := _DEWEY.match(text):
        runs = ((False, int(found[1]), found[2]),)
    rest = text[found.end() :] if found else text
    runs += tuple((not number, int(number or 0), other) for number, other in _RUNS.findall(rest))
    return not text, letters, digits, runs, mark
