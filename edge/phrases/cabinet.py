"""What only a cabinet says: it has a door with shelves behind it. Pure."""

from collections.abc import Mapping

_ZH: Mapping[str, tuple[str, ...]] = {
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
    "receipt-nothing": ("没有借还", "书架没有变化"),
    "receipt-undecided": ("登记完成，有书待确认", "标有“待确认”的书暂不记借，系统稍后会再清点"),
    "goodbye": ("柜门没有打开", "如需借还请重新刷卡"),
    "unsettled": ("本次暂时无法清点", "书架读取器没有响应。您的借还会在修复后登记，不会多记"),
    "intruded": ("请关好柜门", "柜门在无人刷卡时被打开"),
    "remark-at-limit": ("您借的书已达册数上限，请先还书；再取走的书会记为超借",),
    "remark-kept": ("有{n}册是预约保留或馆内阅览的书，请勿取走",),
    "remark-put-back": ("标出的书不能外借：请再刷一次卡，把它放回书架",),
    "remark-ajar": ("还没关好的柜门：第{doors}扇",),
}
_EN: Mapping[str, tuple[str, ...]] = {
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
    "intruded": ("Please shut the door", "It was opened without a card"),
    "remark-at-limit": (
        "You have borrowed all you may. Please return some first: what you take now is over your limit",
    ),
    "remark-kept": ("{n} of the books are reserved or for reading here: please leave them",),
    "remark-put-back": ("The books marked so are not for you to take: please tap again and put them back",),
    "remark-ajar": ("Still open: door {doors}",),
}
TEXTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {"zh-CN": _ZH, "en": _EN}
"""Language -> key -> heading and lines."""
