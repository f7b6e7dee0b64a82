"""The pick list of a run on A4: what to take from where, to be ticked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from hub.papers.sheet import Sheet
from hub.papers.words import Language, Name, day_of, say
from hub.restock.picklist import Group, Line, PickList

WIDTH, HEIGHT, MARGIN = 210.0, 297.0, 12.0
INNER = WIDTH - 2 * MARGIN
BOTTOM = HEIGHT - 16.0
ROW, BAND = 16.0, 9.0
MARK, TITLE, CODE, TARGET = 9.0, 38.0, 102.0, 156.0
"""Where columns begin, from the margin."""
SHORTENED = 28
"""Characters of a site's name where all sites are listed."""
MOST_LINES = 36
"""Of that list: leaves room for some of the first page's items."""


@dataclass(frozen=True, slots=True)
class Run:
    """The run that papers are for."""

    number: str
    """As staff know it; ASCII, short: it is in the totes' barcodes."""
    day: date
    route: tuple[str, ...] = ()
    """Sites in the order they are come to."""


@dataclass(frozen=True, slots=True)
class _Block:
    """What stands together on a page: a place's heading or one line of it."""

    group: Group
    line: Line | None = None
    continued: bool = False

    @property
    def height(self) -> float:
        return BAND if self.line is None else ROW


def pick_list(
    run: Run, picks: PickList, names: Mapping[str, Name], language: Language, font: Path | None = None
) -> bytes:
    """The list as PDF; a site without a name in `names` is called by its key.

    The same values give the same bytes. Raises FontMissing.
    """
    sheet = Sheet(f"{say(language, 'pick_list')} {run.number}", language, run.day, font)
    heading = _heading(sheet, run, picks, names, language)
    pages = _paged(picks, MARGIN + sum(height for _, _, height in heading) + 3)
    for number, blocks in enumerate(pages, 1):
        sheet.page(WIDTH, HEIGHT)
        y = MARGIN
        for text, size, height in heading if number == 1 else heading[:1]:
            sheet.text(MARGIN, y, text, size)
            y += height
        sheet.ending(WIDTH - MARGIN, MARGIN + 2, day_of(language, run.day), 11)
        y += 3
        if not picks.groups:
            sheet.text(MARGIN, y, say(language, "nothing"), 11)
        for block in blocks:
            if block.line is None:
                _band(sheet, y, block, names, language)
            else:
                _row(sheet, y, block.line, names, language)
            y += block.height
        foot = say(language, "page", page=number, of=len(pages))
        sheet.text(MARGIN, HEIGHT - 12, say(language, "run", run=run.number), 8, grey=True)
        sheet.ending(WIDTH - MARGIN, HEIGHT - 12, foot, 8, grey=True)
    return sheet.content()


def place(site: str | None, names: Mapping[str, Name], language: Language) -> str:
    """What a source or target is called."""
    if site is None:
        return say(language, "library")
    return names.get(site, Name()).within(language) or site


def _heading(
    sheet: Sheet, run: Run, picks: PickList, names: Mapping[str, Name], language: Language
) -> list[tuple[str, float, float]]:
    """Lines above the first page's list: text, size, height. Only the first is on every page."""

    def short(site: str | None) -> str:
        name = place(site, names, language)
        return name if len(name) <= SHORTENED else name[: SHORTENED - 1] + "…"

    def amount(totes: int, items: int) -> str:
        counted = {"totes": say(language, "totes", n=totes), "items": say(language, "items", n=items)}
        return say(language, "amount", **counted)

    found = [(f"{say(language, 'pick_list')} – {say(language, 'run', run=run.number)}", 17.0, 10.0)]
    found.append((amount(len(picks.totes), picks.items), 11, 6))
    loads = {
        tote.target: (tote.of, sum(other.items for other in picks.totes if other.target == tote.target))
        for tote in picks.totes
    }
    places = [
        say(language, "for", place=short(site), amount=amount(*loads[site])) if site in loads else short(site)
        for site in dict.fromkeys((*run.route, *loads))
    ]
    if places:
        first, between = ("route", "arrow") if run.route else ("totes_of", "list")
        text = say(language, first) + say(language, between).join(places)
        found += [(line, 9.5, 4.8) for line in sheet.lines(text, INNER, 9.5, MOST_LINES)]
    return found


def _paged(picks: PickList, top: float) -> list[list[_Block]]:
    """Blocks of each page; the first one's begin at `top`. A heading stands above at least one line of its place."""
    pages: list[list[_Block]] = [[]]
    y = top
    for group in picks.groups:
        blocks = [_Block(group), *(_Block(group, line) for line in group.lines)]
        for at, block in enumerate(blocks):
            needed = block.height + (ROW if block.line is None else 0)
            if y + needed > BOTTOM:
                pages.append([])
                y = MARGIN + 13
                if at:
                    pages[-1].append(_Block(group, continued=True))
                    y += BAND
            pages[-1].append(block)
            y += block.height
    return pages


def _band(sheet: Sheet, y: float, block: _Block, names: Mapping[str, Name], language: Language) -> None:
    sheet.band(MARGIN, y + 1, INNER, BAND - 2)
    text = say(language, "from", place=place(block.group.source, names, language))
    text += say(language, "continued") if block.continued else ""
    sheet.text(MARGIN + 2, y + 2.2, *_one_line(sheet, text, INNER - 34, 12))
    sheet.ending(WIDTH - MARGIN - 2, y + 2.6, say(language, "items", n=len(block.group.lines)), 10)


def _row(sheet: Sheet, y: float, line: Line, names: Mapping[str, Name], language: Language) -> None:
    pick = line.pick
    sheet.box(MARGIN + 1.5, y + 4.5, 5, 5)
    mark = pick.shelf_mark or say(language, "unmarked")
    size = 11 if pick.shelf_mark else 8
    for at, text in enumerate(sheet.lines(mark, TITLE - MARK - 2, size, 2)):
        sheet.text(MARGIN + MARK, y + 2 + at * 5, text, size, grey=not pick.shelf_mark)
    titles = sheet.lines(pick.title, CODE - TITLE - 2, 10, 2)
    for at, text in enumerate(titles):
        sheet.text(MARGIN + TITLE, y + 1.6 + at * 4.4, text, 10)
    (author,) = sheet.lines(pick.author, CODE - TITLE - 2, 8, 1)
    sheet.text(MARGIN + TITLE, y + 2 + len(titles) * 4.4, author, 8, grey=True)
    sheet.barcode(MARGIN + CODE, y + 1.8, TARGET - CODE - 2, ROW - 3.4, pick.barcode, 7.5)
    for at, text in enumerate(sheet.lines(place(pick.target, names, language), INNER - TARGET, 9, 2)):
        sheet.text(MARGIN + TARGET, y + 1.6 + at * 4, text, 9)
    sheet.text(MARGIN + TARGET, y + 9.8, say(language, "tote", label=line.tote.label), 11)
    sheet.rule(MARGIN, y + ROW, INNER)


def _one_line(sheet: Sheet, text: str, width: float, size: float) -> tuple[str, float]:
    return sheet.lines(text, width, size, 1)[0], size
