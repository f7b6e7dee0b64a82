"""A PDF to draw texts, boxes and barcodes on; lengths in millimetres from the top left, sizes of type in points."""

import re
from datetime import UTC, date, datetime, time
from pathlib import Path

from fpdf import FPDF

from hub.papers.bars import QUIET, bars
from hub.papers.fonts import find
from hub.papers.words import Language

POINT = 25.4 / 72
NARROWEST, WIDEST = 0.18, 0.4
"""A barcode's module, as scanners and printers need it and as there is room."""

_FAMILY = "papers"
# A word stays together; of Chinese every sign may begin a line, but what closes or ends something stays with it.
_CLOSING = "）》」』”】，。；：、！？"
_PIECES = re.compile(rf"[（《「『“【]*(?:[^\s⺀-鿿豈-﫿＀-￯]+|\S)[{_CLOSING}]*\s*")


class Sheet:
    """The document; every page is begun by `page`."""

    def __init__(self, title: str, language: Language, day: date, font: Path | None = None) -> None:
        """`day` is told as the day it was made, so that the same content is the same bytes. Raises FontMissing."""
        face = find(font)
        self._pdf = FPDF(unit="mm", format="A4")
        self._pdf.set_auto_page_break(False)
        self._pdf.set_margin(0)
        self._pdf.c_margin = 0
        self._pdf.add_font(_FAMILY, "", face.path, collection_font_number=face.number)
        self._pdf.set_font(_FAMILY, size=10)
        self._pdf.set_title(plain(title))
        self._pdf.set_lang(language)
        self._pdf.set_creation_date(datetime.combine(day, time(), UTC))

    def page(self, width: float, height: float) -> None:
        """A new page."""
        self._pdf.add_page(format=(width, height))

    def width(self, text: str, size: float) -> float:
        """What `text` takes on one line."""
        self._pdf.set_font_size(size)
        return self._pdf.get_string_width(text)

    def lines(self, text: str, width: float, size: float, most: int) -> list[str]:
        """`text` broken to lines of `width`, at most `most`; the last ends in … when something was left out."""
        found: list[str] = []
        line = ""
        for piece in _PIECES.findall(plain(text)):
            if line and self.width((line + piece).rstrip(), size) > width:
                found.append(line.rstrip())
                line = ""
            line += piece
            while self.width(line.rstrip(), size) > width and len(line.rstrip()) > 1:
                head = self._beginning(line, width, size)
                if line[len(head)] in _CLOSING and len(head) > 1:
                    head = head[:-1]
                found.append(head)
                line = line[len(head) :]
        found.append(line.rstrip())
        if len(found) > most:
            head = self._beginning(found[most - 1] + " " + found[most], width - self.width("…", size), size)
            return [*found[: most - 1], head.rstrip() + "…"]
        return found

    def _beginning(self, text: str, width: float, size: float) -> str:
        """As many signs as fit, at least one."""
        end = next((end for end in range(2, len(text) + 1) if self.width(text[:end], size) > width), len(text) + 1)
        return text[: end - 1]

    def text(self, x: float, y: float, text: str, size: float, *, grey: bool = False) -> None:
        """One line whose top is at `y`."""
        self._pdf.set_font_size(size)
        self._pdf.set_text_color(90 if grey else 0)
        self._pdf.text(x, y + 0.88 * size * POINT, plain(text))

    def ending(self, x: float, y: float, text: str, size: float, *, grey: bool = False) -> None:
        """One line that ends at `x`."""
        self.text(x - self.width(plain(text), size), y, text, size, grey=grey)

    def centred(self, x: float, y: float, text: str, size: float, *, grey: bool = False) -> None:
        """One line around `x`."""
        self.text(x - self.width(plain(text), size) / 2, y, text, size, grey=grey)

    def fitting(self, text: str, width: float, largest: float, smallest: float, most: int) -> tuple[float, list[str]]:
        """The largest size in which `text` needs `most` lines of `width`, and these lines; shortened at `smallest`."""
        size = largest
        while size > smallest and len(self.lines(text, width, size, most + 1)) > most:
            size = max(smallest, size * 0.95)
        return size, self.lines(text, width, size, most)

    def box(self, x: float, y: float, width: float, height: float) -> None:
        """A frame."""
        self._pdf.set_draw_color(0)
        self._pdf.set_line_width(0.3)
        self._pdf.rect(x, y, width, height)

    def band(self, x: float, y: float, width: float, height: float) -> None:
        """A light ground to write on."""
        self._pdf.set_fill_color(228)
        self._pdf.rect(x, y, width, height, style="F")

    def rule(self, x: float, y: float, width: float) -> None:
        """A thin line."""
        self._pdf.set_draw_color(170)
        self._pdf.set_line_width(0.15)
        self._pdf.line(x, y, x + width, y)

    def barcode(self, x: float, y: float, width: float, height: float, text: str, size: float) -> None:
        """Code 128 of `text` in the middle of this place, and `text` below it; only that when there can't be bars."""
        below = size * POINT * 1.3
        stripes = bars(text) or ()
        modules = sum(count for _, count in stripes)
        module = min(WIDEST, width / (modules + 2 * QUIET))
        if stripes and module >= NARROWEST:
            at = x + (width - modules * module) / 2
            self._pdf.set_fill_color(0)
            for black, count in stripes:
                if black:
                    self._pdf.rect(at, y, count * module, height - below - 0.3, style="F")
                at += count * module
        (line,) = self.lines(text, width, size, 1)
        self.centred(x + width / 2, y + height - below, line, size)

    def content(self) -> bytes:
        """The PDF."""
        return bytes(self._pdf.output())


def plain(text: str) -> str:
    """`text` on one line, without signs that can't be printed."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
