"""Opening hours in words: days that are alike together, in the week's order. Pure."""

from collections.abc import Mapping
from itertools import groupby

from edge.hours import Hours

_DAYS: Mapping[str, tuple[str, ...]] = {
    "zh-CN": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
_ALWAYS: Mapping[str, str] = {"zh-CN": "全天开放", "en": "day and night"}
_DAILY: Mapping[str, str] = {"zh-CN": "每天", "en": "daily"}
_TO: Mapping[str, str] = {"zh-CN": "至", "en": "–"}
_AND: Mapping[str, str] = {"zh-CN": "、", "en": ", "}
_NEXT: Mapping[str, str] = {"zh-CN": "；", "en": "; "}


def told(hours: Hours, lang: str) -> str:
    """The week's hours on one line; days on which it stays shut are left out."""
    if not hours.spans:
        return _ALWAYS[lang]
    runs = []
    for spans, days in groupby(enumerate(hours.days()), key=lambda day: day[1]):
        numbers = [number for number, _ in days]
        if spans:
            runs.append(f"{_between(numbers[0], numbers[-1], lang)} {_AND[lang].join(spans)}")
    return _NEXT[lang].join(runs)


def _between(first: int, last: int, lang: str) -> str:
    names = _DAYS[lang]
    if (first, last) == (0, 6):
        return _DAILY[lang]
    joint = _TO[lang] if last > first + 1 else _AND[lang]
    return names[first] if first == last else f"{names[first]}{joint}{names[last]}"
