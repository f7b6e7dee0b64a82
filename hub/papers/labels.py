"""Labels for a run's totes: one to an A6 page, or eight to an A4 sheet to be cut."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from hub.papers.picking import Run
from hub.papers.sheet import Sheet
from hub.papers.words import Language, Name, day_of, say
from hub.restock.picklist import Tote


class Format(StrEnum):
    """What labels are printed on."""

    A6 = "a6"
    """Upright, one to a page."""
    EIGHT = "eight"
    """A4, two columns of four."""


SIZES = {Format.A6: (105.0, 148.0, 1, 1), Format.EIGHT: (210.0, 297.0, 2, 4)}
"""Width and height of the page, columns and rows of labels on it."""
LANGUAGES: tuple[Language, Language] = ("zh-CN", "en")


def tote_code(run: Run, position: int) -> str:
    """What a tote's barcode says: the run, and the tote's place among all of the run's totes, from 1."""
    return f"{run.number}/{position}"


def tote_labels(
    run: Run, totes: Sequence[Tote], names: Mapping[str, Name], form: Format = Format.A6, font: Path | None = None
) -> bytes:
    """A label for each of a pick list's totes, in their order, as PDF; in both languages.

    The same values give the same bytes. Raises FontMissing, and ValueError when there is no tote.
    """
    if not totes:
        raise ValueError("without totes there are no labels")
    sheet = Sheet(f"{say('zh-CN', 'tote_labels')} {run.number}", "zh-CN", run.day, font)
    width, height, columns, rows = SIZES[form]
    for at, tote in enumerate(totes):
        row, column = divmod(at % (columns * rows), columns)
        if row == column == 0:
            sheet.page(width, height)
        place = (column * width / columns, row * height / rows, width / columns, height / rows)
        if form is Format.EIGHT:
            sheet.box(*place)
        _label(sheet, *place, run, tote, tote_code(run, at + 1), names)
    return sheet.content()


def _label(
    sheet: Sheet,
    x: float,
    y: float,
    width: float,
    height: float,
    run: Run,
    tote: Tote,
    code: str,
    names: Mapping[str, Name],
) -> None:
    """One label at this place; what is on it grows with its height."""
    edge = 7.0
    inner, middle, unit = width - 2 * edge, x + width / 2, height / 74.25
    chinese, english = _names(tote.target, names)
    top = y + 5 * unit
    # On a small label there is room for two lines of the first only.
    for text, (largest, middling, smallest) in ((chinese, (26, 18, 12)), (english, (14, 10 if unit > 1 else 0, 7))):
        if text:
            size, lines = _fitted(sheet, text, inner, largest * unit**0.4, middling * unit**0.4, smallest * unit**0.4)
            for line in lines:
                sheet.centred(middle, top, line, size)
                top += size * 0.44
    size = 44 * unit**0.7
    sheet.centred(middle, y + 25 * unit, tote.label, size)
    days = " – ".join(day_of(language, run.day) for language in LANGUAGES)
    items = " – ".join(say(language, "items", n=tote.items) for language in LANGUAGES)
    for at, text in enumerate((days, items)):
        fitted, (line,) = sheet.fitting(text, inner, 10 * unit**0.5, 7, 1)
        sheet.centred(middle, y + (43.5 + 5 * at) * unit, line, fitted)
    sheet.barcode(x + edge, y + 54.5 * unit, inner, 16 * unit, code, 8 * unit**0.5)


def _fitted(
    sheet: Sheet, text: str, width: float, largest: float, middling: float, smallest: float
) -> tuple[float, list[str]]:
    """On one line, unless it would be smaller than `middling`; then on two. Always on one when that is 0."""
    if not middling:
        return sheet.fitting(text, width, largest, smallest, 1)
    if len(sheet.lines(text, width, middling, 2)) == 1:
        return sheet.fitting(text, width, largest, middling, 1)
    return sheet.fitting(text, width, middling, smallest, 2)


def _names(site: str | None, names: Mapping[str, Name]) -> tuple[str, str]:
    if site is None:
        return say("zh-CN", "library"), say("en", "library")
    name = names.get(site, Name())
    return name.chinese or name.english or site, name.english if name.chinese else ""
