"""What only a locker says: it opens one compartment after another. Pure."""

from collections.abc import Mapping

_ZH: Mapping[str, tuple[str, ...]] = {
    "idle": ("请刷读者卡，或输入取书码", "取书码在取书通知里；配送员请刷工作卡"),
    "opening": ("正在打开{box}号柜", "请稍候"),
    "take": ("{box}号柜已打开", "请取走图书，并关好柜门"),
    "take-left": ("书留在{box}号柜里", "请关好柜门，书会继续为您保留"),
    "put": ("{box}号柜已打开", "请放入图书，并关好柜门"),
    "fetch": ("{box}号柜已打开", "请取走里面的图书，并关好柜门"),
    "shut": ("请关好{box}号柜", "门开得太久了，久开会通知图书馆"),
    "stuck": ("{box}号柜打不开", "已通知图书馆，书会继续为您保留。给您带来不便，请原谅"),
    "loading": ("配送：请扫描要放入的图书", "空柜{free}个"),
    "loading-nobody": ("没有读者在等这本书", "请带回；或扫描下一本"),
    "loading-full": ("没有空柜了", "请把书带回"),
    "unknown-code": ("没有这个条码", "请扫描图书馆的条码，或把书放在垫板上"),
    "wrong-code": ("取书码不对", "请核对后重新输入，还可以试{n}次；也可以刷读者卡"),
    "goodbye": ("没有取走图书", "要取书请重新刷卡，或输入取书码"),
    "receipt": ("登记完成", "请确认柜门都已关好。谢谢，欢迎再来"),
    "out-of-order": ("暂时不能取书", "设备故障，已通知图书馆。书会继续为您保留"),
    "remark-fetch": ("有{n}个柜需要取出或检查",),
    "choice-leave": ("不取了，留在柜里",),
    "choice-not-put": ("没有放入",),
    "choice-fetch": ("逐个打开，取出",),
    "choice-done": ("结束",),
}
_EN: Mapping[str, tuple[str, ...]] = {
    "idle": ("Tap your card, or type your pick-up code", "The code is in the message you got; couriers tap their card"),
    "opening": ("Opening compartment {box}", "One moment, please"),
    "take": ("Compartment {box} is open", "Take your book and shut the door"),
    "take-left": ("The book stays in compartment {box}", "Please shut the door; we go on keeping it for you"),
    "put": ("Compartment {box} is open", "Put the book in and shut the door"),
    "fetch": ("Compartment {box} is open", "Take out what is in it and shut the door"),
    "shut": ("Please shut compartment {box}", "It has been open for long; the library is told if it stays so"),
    "stuck": ("Compartment {box} doesn't open", "The library has been told, and keeps the book for you. We are sorry"),
    "loading": ("Delivery: scan a book to put in", "{free} compartments are empty"),
    "loading-nobody": ("Nobody waits for this book", "Please take it back, or scan the next one"),
    "loading-full": ("No compartment is empty", "Please take the book back"),
    "unknown-code": ("We don't know this code", "Scan the library's barcode, or lay the book on the pad"),
    "wrong-code": ("This code is wrong", "Please check and type it again: {n} more tries; or tap your card"),
    "goodbye": ("Nothing was taken", "Tap again, or type your code, to collect"),
    "receipt": ("All recorded", "Please see that every door is shut. Thank you, and see you soon"),
    "out-of-order": ("Nothing can be collected now", "The library has been told, and keeps your books for you"),
    "remark-fetch": ("{n} compartments are to be emptied or checked",),
    "choice-leave": ("Leave it in there",),
    "choice-not-put": ("Not put in",),
    "choice-fetch": ("Open them one by one",),
    "choice-done": ("Done",),
}
TEXTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {"zh-CN": _ZH, "en": _EN}
"""Language -> key -> heading and lines."""
