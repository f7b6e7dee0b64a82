"""What the patron reads: a view of a station, said in every language of the site, Chinese first. Pure.

A `View` is what the station's table asks to be shown; `render` turns it into the `Screen` the kiosk page draws. No
patron's name is ever on it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from protocol.events import BorrowFlag, RefusalReason, VisitKind
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


@dataclass(frozen=True, slots=True)
class ViewItem:
    """One line of a receipt."""

    change: Change
    tag: TagUid
    item: ItemId | None
    due: date | None = None
    flags: tuple[BorrowFlag, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """What the station's table asks to be shown."""

    kind: ViewKind
    visit_kind: VisitKind | None = None
    reason: RefusalReason | None = None
    items: tuple[ViewItem, ...] = ()
    seconds: float | None = None
    """How long it stays; None until something happens."""


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


Name = Callable[[ViewItem], tuple[str, str] | None]
"""Title and author of an item, or None when the directory doesn't know it."""

_TONES = {
    ViewKind.WELCOME: "good",
    ViewKind.RECEIPT: "good",
    ViewKind.HELD: "attention",
    ViewKind.BUSY: "attention",
    ViewKind.UNSETTLED: "attention",
    ViewKind.INTRUDED: "attention",
    ViewKind.REFUSED: "stop",
    ViewKind.OUT_OF_ORDER: "stop",
}

_ZH: Mapping[str, tuple[str, ...]] = {
    "starting": ("正在启动", "请稍候"),
    "idle": ("请刷读者卡", "把卡贴近读卡区，柜门会打开"),
    "welcome": ("门已开锁", "请拉开柜门"),
    "welcome-return-only": ("门已开锁，本次只能还书", "请拉开柜门，把书放回书架"),
    "welcome-restock": ("配送：门已开锁", "装卸完毕请关门，系统自动清点"),
    "welcome-service": ("维护：门已开锁", "完成后请关门"),
    "open": ("请取书或还书", "取走就是借阅，放上书架就是归还", "完成后请关好柜门"),
    "open-return-only": ("请把书放回书架", "本次只能还书，取走的书会记在您的名下"),
    "open-restock": ("请装卸图书", "完成后请关好柜门"),
    "open-service": ("维护中", "完成后请关好柜门"),
    "held": ("请关好柜门", "关门后才能完成登记"),
    "closing": ("柜门已关", "请稍候"),
    "counting": ("正在清点书架", "几秒钟就好，请稍候"),
    "receipt": ("登记完成", "谢谢，欢迎再来"),
    "receipt-nothing": ("没有借还", "书架没有变化"),
    "receipt-undecided": ("登记完成，有书待确认", "标有“待确认”的书暂不记借，系统稍后会再清点"),
    "goodbye": ("柜门没有打开", "如需借还请重新刷卡"),
    "unsettled": ("本次暂时无法清点", "书架读取器没有响应。您的借还会在修复后登记，不会多记"),
    "busy": ("请稍候", "上一位读者还未结束"),
    "intruded": ("请关好柜门", "柜门在无人刷卡时被打开"),
    "out-of-order": ("暂停服务", "设备故障，已通知图书馆。还书请到其他网点"),
    "refused-unknown-card": ("没有找到这张卡", "请到任一图书馆办理或激活读者卡"),
    "refused-blocked": ("这张卡暂时不能借书", "请联系图书馆了解原因"),
    "refused-lost-card": ("这张卡已挂失", "请联系图书馆"),
    "refused-expired": ("读者卡已过期", "请到图书馆或线上续期"),
    "refused-unverifiable": ("暂时无法核对这张卡", "本站与图书馆失去联系较久，请过些时候再来"),
    "refused-unreadable": ("读不出这张卡", "请一次只放一张卡；手机和会变号的卡不能使用"),
    "refused-busy": ("请稍候", "上一位读者还未结束"),
    "refused-out-of-order": ("暂停服务", "设备故障，已通知图书馆"),
    "refused-no-storage": ("暂停服务", "本站无法保存记录，已通知图书馆"),
    "refused-closed": ("现在不开放", "请在开放时间再来"),
    "line-returned": ("已归还",),
    "line-borrowed": ("已借出",),
    "line-borrowed-due": ("请在{due}前归还",),
    "line-undecided": ("待确认，暂不记借",),
    "line-foreign": ("不是本馆图书，已收下并通知馆员",),
    "flag-over-limit": ("超出可借册数",),
    "flag-not-for-loan": ("仅供馆内阅览，请尽快归还",),
    "flag-held": ("已被他人预约，请尽快归还",),
    "flag-return-only": ("本次不能借书，请放回",),
    "unnamed": ("未登记的图书",),
    "unnamed-tag": ("无法识别的标签",),
    "stale-never": ("本站还没有收到图书馆的数据",),
    "stale": ("本站数据更新于{age}前",),
    "hours": ("{n}小时",),
    "days": ("{n}天",),
}
_EN: Mapping[str, tuple[str, ...]] = {
    "starting": ("Starting", "One moment, please"),
    "idle": ("Tap your library card", "Hold it to the reader and the door unlocks"),
    "welcome": ("The door is unlocked", "Please open it"),
    "welcome-return-only": ("Unlocked for returns only", "Open the door and put your books on a shelf"),
    "welcome-restock": ("Delivery: the door is unlocked", "Shut the door when you are done; the shelf counts itself"),
    "welcome-service": ("Service: the door is unlocked", "Shut the door when you are done"),
    "open": (
        "Take books or bring them back",
        "What you take is borrowed, what you put on a shelf is returned",
        "Then shut the door",
    ),
    "open-return-only": ("Put your books on a shelf", "Returns only: a book you take is recorded in your name"),
    "open-restock": ("Load and unload", "Then shut the door"),
    "open-service": ("Under service", "Shut the door when you are done"),
    "held": ("Please shut the door", "Your visit is only recorded once it is shut"),
    "closing": ("The door is shut", "One moment, please"),
    "counting": ("Counting the shelf", "This takes a few seconds"),
    "receipt": ("All recorded", "Thank you, and see you soon"),
    "receipt-nothing": ("Nothing borrowed or returned", "The shelf is as it was"),
    "receipt-undecided": (
        "Recorded, with something to confirm",
        "Books marked “to be confirmed” are not lent yet; we will count again",
    ),
    "goodbye": ("The door was not opened", "Tap again to borrow or return"),
    "unsettled": (
        "We can't count the shelf right now",
        "The shelf reader does not answer. Your visit is recorded once it does, and never twice",
    ),
    "busy": ("One moment, please", "Somebody's visit is not over yet"),
    "intruded": ("Please shut the door", "It was opened without a card"),
    "out-of-order": ("Out of order", "The library has been told. Please return books elsewhere"),
    "refused-unknown-card": ("We don't know this card", "Any library can register or activate it for you"),
    "refused-blocked": ("This card can't borrow now", "Please ask the library why"),
    "refused-lost-card": ("This card was reported lost", "Please ask the library"),
    "refused-expired": ("This card has expired", "Renew it at a library or online"),
    "refused-unverifiable": (
        "We can't check this card now",
        "This site has been offline for long; please come back later",
    ),
    "refused-unreadable": ("This card can't be read", "Hold one card at a time; phones and changing cards don't work"),
    "refused-busy": ("One moment, please", "Somebody's visit is not over yet"),
    "refused-out-of-order": ("Out of order", "The library has been told"),
    "refused-no-storage": ("Out of order", "This site can't keep records now; the library has been told"),
    "refused-closed": ("Closed now", "Please come back in opening hours"),
    "line-returned": ("returned",),
    "line-borrowed": ("borrowed",),
    "line-borrowed-due": ("due {due}",),
    "line-undecided": ("to be confirmed, not lent yet",),
    "line-foreign": ("not one of ours: kept safe, the library is told",),
    "flag-over-limit": ("over your limit",),
    "flag-not-for-loan": ("for reading here only: please bring it back soon",),
    "flag-held": ("reserved for somebody: please bring it back soon",),
    "flag-return-only": ("returns only today: please put it back",),
    "unnamed": ("A book not in our list yet",),
    "unnamed-tag": ("A tag we can't read",),
    "stale-never": ("This site has no data from the library yet",),
    "stale": ("Site data is {age} old",),
    "hours": ("{n} h",),
    "days": ("{n} d",),
}
TEXTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {"zh-CN": _ZH, "en": _EN}
"""Language -> key -> heading and lines."""

FRESH_S = 6 * 3600
"""A directory younger than this needs no remark."""
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def render(view: View, name: Name, languages: tuple[str, ...]) -> Screen:
    """The view in the site's languages, in their order; `name` looks titles up."""
    return Screen(
        kind=view.kind,
        tone=_TONES.get(view.kind, "calm"),
        said=tuple(_said(_key(view), lang) for lang in languages),
        items=tuple(_line(item, name, languages) for item in view.items),
        seconds=view.seconds,
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


def _key(view: View) -> str:
    if view.kind is ViewKind.REFUSED and view.reason is not None:
        return f"refused-{view.reason}"
    if view.kind is ViewKind.RECEIPT:
        if any(i.change is Change.UNDECIDED for i in view.items):
            return "receipt-undecided"
        return "receipt" if view.items or view.visit_kind is VisitKind.RESTOCK else "receipt-nothing"
    special = f"{view.kind}-{view.visit_kind}"
    return special if special in _ZH else view.kind


def _said(key: str, lang: str) -> Said:
    title, *lines = TEXTS[lang][key]
    return Said(lang=lang, title=title, lines=tuple(lines))


def _text(key: str, lang: str) -> str:
    return TEXTS[lang][key][0]


def _line(item: ViewItem, name: Name, languages: tuple[str, ...]) -> Line:
    known = name(item)
    if known is None:
        key = "unnamed" if item.item else "unnamed-tag"
        known = " / ".join(_text(key, lang) for lang in languages), item.item or ""
    return Line(
        change=item.change,
        title=known[0],
        author=known[1],
        said=tuple(Text(lang=lang, text=_outcome(item, lang)) for lang in languages),
    )


def _outcome(item: ViewItem, lang: str) -> str:
    if item.change is Change.BORROWED and item.due is not None:
        outcome = _text("line-borrowed-due", lang).format(due=_day(item.due, lang))
    else:
        outcome = _text(f"line-{item.change}", lang)
    remarks = [_text(f"flag-{flag}", lang) for flag in item.flags]
    return ("；" if lang == "zh-CN" else "; ").join([outcome, *remarks])


def _day(day: date, lang: str) -> str:
    return f"{day.month}月{day.day}日" if lang == "zh-CN" else f"{day.day} {_MONTHS[day.month - 1]}"
