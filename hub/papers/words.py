"""Every word on the papers, in each language."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

Language = Literal["zh-CN", "en"]

WORDS: dict[Language, dict[str, str]] = {
    "zh-CN": {
        "pick_list": "取书单",
        "tote_labels": "周转箱标签",
        "run": "配送 {run}",
        "route": "路线：",
        "arrow": " → ",
        "amount": "{totes} {items}",
        "items": "{n} 册",
        "items.one": "{n} 册",
        "totes": "{n} 箱",
        "totes.one": "{n} 箱",
        "for": "{place}（{amount}）",
        "totes_of": "分箱：",
        "list": "；",
        "from": "取自：{place}",
        "continued": "（续）",
        "library": "图书馆",
        "unmarked": "无索书号",
        "tote": "第 {label} 箱",
        "page": "第 {page} 页，共 {of} 页",
        "nothing": "本次配送无需取书。",
        "date": "{day.year}年{day.month}月{day.day}日 {weekday}",
        "weekdays": "周一 周二 周三 周四 周五 周六 周日",
    },
    "en": {
        "pick_list": "Pick list",
        "tote_labels": "Tote labels",
        "run": "Run {run}",
        "route": "Route: ",
        "arrow": " → ",
        "amount": "{totes}, {items}",
        "items": "{n} items",
        "items.one": "{n} item",
        "totes": "{n} totes",
        "totes.one": "{n} tote",
        "for": "{place} ({amount})",
        "totes_of": "Totes: ",
        "list": "; ",
        "from": "From: {place}",
        "continued": " (continued)",
        "library": "Library",
        "unmarked": "no shelf mark",
        "tote": "tote {label}",
        "page": "Page {page} of {of}",
        "nothing": "There is nothing to pick for this run.",
        "date": "{weekday} {day}",
        "weekdays": "Mon Tue Wed Thu Fri Sat Sun",
    },
}


@dataclass(frozen=True, slots=True)
class Name:
    """What a site is called; at least one is not empty."""

    chinese: str = ""
    english: str = ""

    def within(self, language: Language) -> str:
        """In this language, or else the other."""
        first, second = (self.chinese, self.english) if language == "zh-CN" else (self.english, self.chinese)
        return first or second


def say(language: Language, key: str, **values: object) -> str:
    """The text `key` with `values` put in; raises KeyError when there is none."""
    words = WORDS[language]
    singular = values.get("n") == 1 and f"{key}.one" in words
    return words[f"{key}.one" if singular else key].format(**values)


def day_of(language: Language, day: date) -> str:
    """A date with its weekday."""
    return say(language, "date", day=day, weekday=say(language, "weekdays").split()[day.weekday()])
