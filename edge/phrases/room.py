"""What only a reading room says: it has doors that people go in and out by. Pure."""

from collections.abc import Mapping

_ZH: Mapping[str, tuple[str, ...]] = {
    "idle": ("请刷读者卡进门", "每人都请刷自己的卡，一卡一人"),
    "welcome": ("门已开锁，请进", "请随手关好门"),
    "welcome-return-only": ("门已开锁，请进", "这张卡现在只能还书，不能借书；还书请到室内服务台"),
    "welcome-restock": ("配送：门已开锁", "请随手关好门"),
    "welcome-service": ("维护：门已开锁", "请随手关好门"),
    "open": ("请进", "同行的人也请各自刷卡", "请随手关好门"),
    "held": ("请关好门", "门开得太久了，久开会通知图书馆"),
    "closing": ("欢迎光临", "离开时请按门边的出门按钮"),
    "goodbye": ("门没有打开", "要进门请重新刷卡"),
    "intruded": ("请关好门", "门在无人刷卡时被打开"),
    "out-of-order": ("此门暂时不能刷卡进入", "设备故障，已通知图书馆。从室内随时可以开门离开"),
    "closed": ("现在不开放", "开放时间：{hours}"),
    "full": ("座位已满", "共{seats}座，已有{taken}人。请稍后再来"),
    "free": ("消防警报：所有的门都已打开", "请立即离开，不需要刷卡"),
    "inside": ("欢迎阅览", "离开时请按门边的出门按钮，不需要刷卡"),
    "closing-soon": ("本室将于{at}关闭", "请办好借还，准备离开", "离开时请按门边的出门按钮，不需要刷卡"),
    "closed-inside": ("本室已经关闭", "请离开。按门边的出门按钮，门随时会开"),
    "refused-closed": ("现在不开放", "开放时间：{hours}"),
    "refused-full": ("座位已满", "共{seats}座，已有{taken}人。请稍后再来，或到附近网点"),
    "remark-closing": ("本室将于{at}关闭",),
    "remark-seats": ("共{seats}座，已有{taken}人",),
    "remark-clock": ("本站的时钟可能不准，给您带来不便，请原谅",),
}
_EN: Mapping[str, tuple[str, ...]] = {
    "idle": ("Tap your library card to come in", "One card, one person: please everybody tap"),
    "welcome": ("The door is unlocked, come in", "Please shut it behind you"),
    "welcome-return-only": (
        "The door is unlocked, come in",
        "This card can only return books now, not borrow: please use the desk inside",
    ),
    "welcome-restock": ("Delivery: the door is unlocked", "Please shut it behind you"),
    "welcome-service": ("Service: the door is unlocked", "Please shut it behind you"),
    "open": ("Come in", "Whoever comes with you taps a card, too", "Please shut the door behind you"),
    "held": ("Please shut the door", "It has been open for long; the library is told if it stays so"),
    "closing": ("Welcome", "To leave, press the button beside the door"),
    "goodbye": ("The door was not opened", "Tap again to come in"),
    "intruded": ("Please shut the door", "It was opened without a card"),
    "out-of-order": ("Nobody can come in by this door now", "The library has been told. The way out is always open"),
    "closed": ("Closed now", "Open: {hours}"),
    "full": ("Every seat is taken", "{taken} people, {seats} seats. Please come back later"),
    "free": ("Fire alarm: all doors are open", "Leave at once; no card is needed"),
    "inside": ("Enjoy your reading", "To leave, press the button beside the door; no card is needed"),
    "closing-soon": (
        "We close at {at}",
        "Please finish, and get ready to leave",
        "To leave, press the button beside the door; no card is needed",
    ),
    "closed-inside": ("We are closed", "Please leave: the button beside the door always opens it"),
    "refused-closed": ("Closed now", "Open: {hours}"),
    "refused-full": ("Every seat is taken", "{taken} people, {seats} seats. Come back later, or try a site nearby"),
    "remark-closing": ("We close at {at}",),
    "remark-seats": ("{taken} people, {seats} seats",),
    "remark-clock": ("This site's clock may be wrong: we are sorry if so",),
}
TEXTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {"zh-CN": _ZH, "en": _EN}
"""Language -> key -> heading and lines."""
