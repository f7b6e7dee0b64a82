"""What of the directory one site is told, and in which words: its own tags for cards, and what its stations need."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_

from hub.cards import Cards
from hub.models import DirectoryEntry, SiteState
from hub.projections.sites import kinds
from protocol.directory import Removed

BESIDE = {"out": ("card", frozenset({"desk"})), "lent": ("item", frozenset({"desk", "gate"}))}
"""Kind of record that stands beside another -> the other's kind, and the kinds of station whose sites are told."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What one site is told."""

    site: str
    cards: Cards
    told: frozenset[str]
    """Of BESIDE."""

    @property
    def suffix(self) -> str:
        """Stands at the end of the site's marks: a site that is to be told of more or less starts anew."""
        parts = [*sorted(self.told), *(["phone"] if self.cards.phone_codes else [])]
        return "".join(f"+{part}" for part in parts)

    def condition(self) -> ColumnElement[bool]:
        """Which records travel there, for `where(...)`."""
        own = or_(col(DirectoryEntry.site).is_(None), col(DirectoryEntry.site) == self.site)
        return own & col(DirectoryEntry.kind).not_in(BESIDE.keys() - self.told)

    def whole(self, kind: str) -> str:
        """The kind that a record of `kind` travels as part of."""
        return BESIDE[kind][0] if kind in BESIDE else kind

    def beside(self, kind: str) -> str | None:
        """The kind of what stands beside records of `kind` and travels with them; None: nothing does."""
        return next((other for other in sorted(self.told) if BESIDE[other][0] == kind), None)

    def entry(self, row: DirectoryEntry, beside: DirectoryEntry | None) -> dict[str, Any]:
        """The record as it travels, with what stands beside it."""
        secret = bytes.fromhex(row.key) if row.kind == "card" else b""
        key = {"policy": "", "hold": row.key.partition(" ")[2]}.get(row.kind, row.key)
        if row.kind == "card":
            key = self.cards.tag(self.site, secret)
        if row.removed:
            return Removed.model_validate({"of": row.kind, "key": key}).model_dump(mode="json")
        more = beside.body if beside is not None and not beside.removed else {}
        match row.kind:
            case "card":
                return {**row.body, "tag": key, **self._of_card(row.body, secret), **more}
            case "hold":
                return {**row.body, **self._of_hold(row.body)}
        return {**row.body, **more}

    def _of_card(self, body: Mapping[str, Any], secret: bytes) -> dict[str, Any]:
        phone = self.cards.phone(self.site, secret) if body["klass"] == "patron" else None
        return ({"out": []} if "out" in self.told else {}) | ({"phone": phone} if phone else {})

    def _of_hold(self, body: Mapping[str, Any]) -> dict[str, Any]:
        tags = [self.cards.tag(self.site, bytes.fromhex(secret)) for secret in body["cards"]]
        return {"cards": tags, "code": self.cards.code(self.site, body["code"])}


def reach(session: Session, cards: Cards, site: str) -> Reach:
    """What `site` is told, by the stations that its newest heartbeat names."""
    state = session.get(SiteState, site)
    there = kinds(state.status if state is not None else None)
    return Reach(site, cards, frozenset(name for name, (_, wanted) in BESIDE.items() if wanted & there))
