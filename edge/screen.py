"""What the patron reads: a view of a station, said in every language of the site, Chinese first. Pure.

A `View` is what the station's table asks to be shown; `render` turns it into the `Screen` the kiosk page draws. No
patron's name is ever on it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from edge.hours import Hours
from edge.phrases import book, week
from protocol.events import BorrowFlag, ItemTrouble, RefusalReason, VisitKind
from protocol.names import Frozen, ItemId, TagUid


class ViewKind(StrEnum):
    """What is going on."""

    STARTING = "starting"
    IDLE = "idle"
    WELCOME = "welcome"
    OPEN = "open"
    HELD = "held"
    CLOSING = "closing"
    COUNTING = "counting"
    RECEIPT = "receipt"
    REFUSED = "refused"
    BUSY = "busy"
    GOODBYE = "goodbye"
    UNSETTLED = "unsettled"
    OUT_OF_ORDER = "out-of-order"
    INTRUDED = "intruded"


class Change(StrEnum):
    """What happened to an item, in the patron's eyes."""

    BORROWED = "borrowed"
    RETURNED = "returned"
    UNDECIDED = "undecided"
    FOREIGN = "foreign"
    RENEWED = "renewed"
    REFUSED = "refused"
    """What the patron wanted wasn't done with it; `ViewItem.why` says why."""
    OUT = "out"
    """One of the patron's loans, listed."""
    LOADED = "loaded"
    UNLOADED = "unloaded"
    LYING = "lying"
    """It lies there; nothing has been done yet."""
    RESERVED = "reserved"
    """It stands on the shelf for whoever ordered it."""
    REFERENCE = "reference"
    """It stands on the shelf to be read there."""


@dataclass(frozen=True, slots=True)
class ViewItem:
    """One line of a receipt."""

    change: Change
    tag: TagUid | None
    item: ItemId | None
    due: date | None = None
    flags: tuple[BorrowFlag, ...] = ()
    why: ItemTrouble | None = None
    press: str = ""
    """What pressing the line says (`Pressed`); nothing: it can't be pressed."""


@dataclass(frozen=True, slots=True)
class View:
    """What the station's table asks to be shown."""

    kind: StrEnum
    """A ViewKind, or one of the station's own."""
    visit_kind: VisitKind | None = None
    reason: RefusalReason | None = None
    items: tuple[ViewItem, ...] = ()
    seconds: float | None = None
    """How long it stays; None until something happens."""
    values: tuple[tuple[str, str], ...] = ()
    """What stands in the texts' {…}: name and value."""
    remarks: tuple[str, ...] = ()
    """Further lines, by their keys."""
    hours: Hours | None = None
    """Opening hours, for {hours} in the texts."""
    choices: tuple[str, ...] = ()
    """Buttons, by what pressing them says (`Pressed`); the text is "choice-" and that."""
    keypad: bool = False
    """Digits can be typed; the whole number is what is pressed then."""


class Said(Frozen):
    """A heading and its lines in one language."""

    lang: str
    title: str
    lines: tuple[str, ...] = ()


class Text(Frozen):
    """A short text in one language."""

    lang: str
    text: str


class Line(Frozen):
    """One item on the screen."""

    change: Change
    title: str
    author: str = ""
    said: tuple[Text, ...] = ()
    press: str = ""


class Button(Frozen):
    """Something to press."""

    what: str
    said: tuple[Text, ...]


class Screen(Frozen):
    """What the kiosk page draws; its JSON form is what travels to the page."""

    kind: str
    tone: str
    said: tuple[Said, ...]
    items: tuple[Line, ...] = ()
    seconds: float | None = None
    site: tuple[Text, ...] = ()
    stale: tuple[Text, ...] = ()
    at: str = ""
    buttons: tuple[Button, ...] = ()
    keypad: bool = False


Name = Callable[[ViewItem], tuple[str, str] | None]
"""Title and author of an item, or None when the directory doesn't know it."""

_TONES: Mapping[str, str] = {
    "alarm": "stop",
    ViewKind.WELCOME: "good",
    ViewKind.RECEIPT: "good",
    ViewKind.HELD: "attention",
    ViewKind.BUSY: "attention",
    ViewKind.UNSETTLED: "attention",
    ViewKind.INTRUDED: "attention",
    ViewKind.REFUSED: "stop",
    ViewKind.OUT_OF_ORDER: "stop",
    "closed": "stop",
    "full": "attention",
    "free": "attention",
    "closing-soon": "attention",
    "closed-inside": "attention",
}

FRESH_S = 6 * 3600
"""A directory younger than this needs no remark."""
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def render(view: View, name: Name, languages: tuple[str, ...], station: str = "cabinet") -> Screen:
    """The view of a station of that kind in the site's languages, in their order; `name` looks titles up."""
    return Screen(
        kind=view.kind,
        tone=_TONES.get(view.kind, "calm"),
        said=tuple(_said(view, station, lang) for lang in languages),
        items=tuple(_line(item, name, station, languages) for item in view.items),
        seconds=view.seconds,
        buttons=tuple(
            Button(what=c, said=tuple(_words(station, f"choice-{c}", lang) for lang in languages)) for c in view.choices
        ),
        keypad=view.keypad,
    )


def stale(age_s: int | None, version: int, languages: tuple[str, ...]) -> tuple[Text, ...]:
    """How old the site's copy of the directory is, in words; nothing while it is fresh."""
    if version == 0:
        return tuple(Text(lang=lang, text=_text("stale-never", lang)) for lang in languages)
    if age_s is None or age_s < FRESH_S:
        return ()
    unit, n = ("days", age_s // 86_400) if age_s >= 2 * 86_400 else ("hours", age_s // 3600)
    return tuple(
        Text(lang=lang, text=_text("stale", lang).format(age=_text(unit, lang).format(n=n))) for lang in languages
    )


def _key(view: View, station: str) -> str:
    if view.kind is ViewKind.REFUSED and view.reason is not None:
        return f"refused-{view.reason}"
    if view.kind is ViewKind.RECEIPT:
        if any(i.change is Change.UNDECIDED for i in view.items):
            return "receipt-undecided"
        return "receipt" if view.items or view.visit_kind is VisitKind.RESTOCK else "receipt-nothing"
    special = f"{view.kind}-{view.visit_kind}"
    return special if book.has(station, "en", special) else view.kind


def _said(view: View, station: str, lang: str) -> Said:
    values = dict(view.values)
    if view.hours is not None:
        values["hours"] = week.told(view.hours, lang)
    keys = (_key(view, station), *view.remarks)
    title, *lines = (text.format(**values) for key in keys for text in book.said(station, lang, key))
    return Said(lang=lang, title=title, lines=tuple(lines))


def _words(station: str, key: str, lang: str) -> Text:
    return Text(lang=lang, text=book.said(station, lang, key)[0])


def _text(key: str, lang: str) -> str:
    return book.said("", lang, key)[0]


def _line(item: ViewItem, name: Name, station: str, languages: tuple[str, ...]) -> Line:
    known = name(item)
    if known is None:
        key = "unnamed" if item.item else "unnamed-tag"
        known = " / ".join(_text(key, lang) for lang in languages), item.item or ""
    return Line(
        change=item.change,
        title=known[0],
        author=known[1],
        said=tuple(Text(lang=lang, text=_outcome(item, station, lang)) for lang in languages),
        press=item.press,
    )


def _outcome(item: ViewItem, station: str, lang: str) -> str:
    key = f"line-{item.change}"
    dated = f"{key}-due"
    if item.due is not None and book.has(station, lang, dated):
        outcome = book.said(station, lang, dated)[0].format(due=_day(item.due, lang))
    else:
        outcome = book.said(station, lang, key)[0]
    remarks = [_text(f"flag-{flag}", lang) for flag in item.flags]
    if item.why is not None:
        remarks.append(_text(f"trouble-{item.why}", lang))
    return ("；" if lang == "zh-CN" else "; ").join([outcome, *remarks])


def _day(day: date, lang: str) -> str:
    return f"{day.month}月{day.day}日" if lang == "zh-CN" else f"{day.day} {_MONTHS[day.month - 1]}"
