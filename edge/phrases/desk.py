"""What only a desk says: a pad to lay items on, buttons to press. Pure."""

from collections.abc import Mapping

_ZH: Mapping[str, tuple[str, ...]] = {
    "idle": ("自助借还", "借书：把书放到垫板上，再刷读者卡", "还书：把书放到垫板上即可", "续借、查看借阅：刷读者卡"),
    "returns": ("现在只能还书", "把要还的书放到垫板上即可", "读卡器正在维修，暂不能借书和续借"),
    "lying": ("请刷读者卡借书", "不借请把书拿走"),
    "lying-return": ("这些书即将归还", "不还请按“先不还”；续借请刷读者卡"),
    "lying-lent": ("这些书在借，没有归还", "要还请按“还书”，不还请把书拿走"),
    "serving": ("正在为您办理", "书放上垫板就会办理；办完请按“完成”"),
    "serving-return-only": ("本次只能还书", "把要还的书放上垫板，再按“还书”"),
    "writing": ("请稍候，先不要拿走书", "正在写入标签，几秒钟就好"),
    "serving-restock": ("配送", "放上垫板的书：不在架的登记上架，在架的登记取走", "办完请按“完成”"),
    "serving-taking": ("配送：登记取走", "把要取走的书放上垫板；办完请按“完成”"),
    "serving-bringing": ("配送：登记上架", "把要上架的书放上垫板；办完请按“完成”"),
    "serving-service": ("维护", "办完请按“完成”"),
    "unknown-code": ("没有找到这个条码", "请把书放到垫板上再试，或联系图书馆"),
    "receipt-nothing": ("没有办理借还", "谢谢，欢迎再来"),
    "receipt-undecided": ("办理完成，有书待确认", "标有“待确认”的书暂不记借"),
    "choice-return": ("还书",),
    "choice-keep": ("先不还",),
    "choice-done": ("完成",),
    "choice-renew-all": ("全部续借",),
    "choice-taking": ("只登记取走",),
    "choice-bringing": ("只登记上架",),
    "line-lying": ("已放好，刷卡即借",),
    "line-out": ("在借，可还",),
}
_EN: Mapping[str, tuple[str, ...]] = {
    "idle": (
        "Borrow and return here",
        "Borrow: lay books on the pad, then tap your card",
        "Return: just lay them on the pad",
        "Renew or see your loans: tap your card",
    ),
    "returns": (
        "Returns only for now",
        "Just lay what you bring back on the pad",
        "The card reader is being repaired: no loans or renewals",
    ),
    "lying": ("Tap your card to borrow", "Or take the books away again"),
    "lying-return": ("These are about to be returned", "Press “Not now” to keep them; tap your card to renew"),
    "lying-lent": ("These are on loan, not returned", "Press “Return” to bring them back, or take them away"),
    "serving": ("At your service", "What you lay on the pad is done at once; press “Done” at the end"),
    "serving-return-only": ("Returns only", "Lay down what you bring back, then press “Return”"),
    "writing": ("One moment: please leave the books there", "Their tags are being written; this takes seconds"),
    "serving-restock": (
        "Delivery",
        "What you lay down goes on the shelves, or comes off them if it stood there",
        "Press “Done” at the end",
    ),
    "serving-taking": ("Delivery: taking away", "Lay down what comes off the shelves; press “Done” at the end"),
    "serving-bringing": ("Delivery: bringing", "Lay down what goes on the shelves; press “Done” at the end"),
    "serving-service": ("Service", "Press “Done” at the end"),
    "unknown-code": ("We don't know this barcode", "Please try the pad instead, or ask the library"),
    "receipt-nothing": ("Nothing borrowed or returned", "Thank you, and see you soon"),
    "receipt-undecided": ("Done, with something to confirm", "Books marked “to be confirmed” are not lent yet"),
    "choice-return": ("Return",),
    "choice-keep": ("Not now",),
    "choice-done": ("Done",),
    "choice-renew-all": ("Renew all",),
    "choice-taking": ("Only take away",),
    "choice-bringing": ("Only bring",),
    "line-lying": ("ready: tap your card to borrow",),
    "line-out": ("on loan, can be returned",),
}
TEXTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {"zh-CN": _ZH, "en": _EN}
"""Language -> key -> heading and lines."""
