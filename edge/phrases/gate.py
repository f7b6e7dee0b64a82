"""What only a gate says. Pure."""

from collections.abc import Mapping

_ZH: Mapping[str, tuple[str, ...]] = {
    "idle": ("谢谢光临", "借书请先在自助台办理"),
    "alarm": ("请留步", "这些书还没有办理借阅，请到自助台刷卡借书"),
    "out-of-order": ("谢谢光临", "出口设备正在维修，请照常通行；借书请先在自助台办理"),
    "line-lying": ("未办理借阅",),
}
_EN: Mapping[str, tuple[str, ...]] = {
    "idle": ("Thank you for coming", "Please borrow books at the desk first"),
    "alarm": ("One moment, please", "These books are not borrowed yet: please go back to the desk"),
    "out-of-order": (
        "Thank you for coming",
        "The gate is being repaired: please walk through; borrow at the desk first",
    ),
    "line-lying": ("not borrowed",),
}
TEXTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {"zh-CN": _ZH, "en": _EN}
"""Language -> key -> heading and lines."""
