"""What only a book drop says: anybody puts items in, nobody needs a card. Pure."""

from collections.abc import Mapping

_ZH: Mapping[str, tuple[str, ...]] = {
    "idle": ("还书请投入", "不需要刷卡，一次投一本"),
    "flap": ("请投入图书", "投入后请放开挡板，屏幕会显示登记结果"),
    "full": ("还书箱已满", "请到附近网点归还，已通知图书馆"),
    "receipt": ("还书登记", "谢谢，欢迎再来"),
    "later": ("可以还书，稍后登记", "设备故障，已通知图书馆。投入的图书会在修复后登记"),
    "emptying": ("请取出箱内的图书", "登记在箱内的共{n}件"),
    "out-of-order": ("可以还书，稍后登记", "设备故障，已通知图书馆"),
    "refused-nothing-here": ("还书不需要刷卡", "请直接投入图书"),
    "line-foreign": ("不是本馆图书，已收下，会送回所属图书馆",),
    "trouble-incomplete": ("整套不全，请把其余各册也投入；在此之前仍记为在借",),
    "trouble-unreadable": ("标签读不出，已收下，馆员会处理",),
    "choice-done": ("已取完",),
}
_EN: Mapping[str, tuple[str, ...]] = {
    "idle": ("Put your books in here", "No card is needed; one at a time, please"),
    "flap": ("Put the book in", "Then let go of the flap; the screen says what was recorded"),
    "full": ("This drop is full", "Please return your books nearby; the library has been told"),
    "receipt": ("Returns recorded", "Thank you, and see you soon"),
    "later": (
        "You can return books; they are recorded later",
        "Something is out of order, and the library has been told",
    ),
    "emptying": ("Please take everything out", "{n} items are on record in the bin"),
    "out-of-order": ("You can return books; they are recorded later", "The library has been told"),
    "refused-nothing-here": ("No card is needed to return books", "Just put them in"),
    "line-foreign": ("not ours: we have it, and it will be sent home",),
    "trouble-incomplete": ("the set is not complete: put the rest in, too; until then it is on loan",),
    "trouble-unreadable": ("the tag can't be read: we have it, and somebody will look",),
    "choice-done": ("All taken out",),
}
TEXTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {"zh-CN": _ZH, "en": _EN}
"""Language -> key -> heading and lines."""
