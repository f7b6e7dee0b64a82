"""What stations say, by kind of station: a kind's own words go before those that all share. Pure."""

from collections.abc import Mapping

from edge.phrases import cabinet, common, desk, drop, gate, locker, room

Texts = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Language -> key -> heading and lines."""

BOOKS: Mapping[str, Texts] = {
    "cabinet": cabinet.TEXTS,
    "room": room.TEXTS,
    "desk": desk.TEXTS,
    "gate": gate.TEXTS,
    "drop": drop.TEXTS,
    "locker": locker.TEXTS,
}
"""Kind of station -> its own words."""


def has(kind: str, lang: str, key: str) -> bool:
    """Whether that kind of station has words for it."""
    return key in BOOKS.get(kind, {}).get(lang, {}) or key in common.TEXTS[lang]


def said(kind: str, lang: str, key: str) -> tuple[str, ...]:
    """Heading and lines; raises KeyError where nobody wrote any."""
    own = BOOKS.get(kind, {}).get(lang, {})
    return own[key] if key in own else common.TEXTS[lang][key]
