"""The versioned feed: what sites know of cards, items, rules and their own policy (protocol.directory).

Every changed record gets the next version, so versions are dense and each belongs to one record; a record keeps only
its newest. The versions of one change share a mark, by which a site notices a hub whose numbering was wound back.
"""

import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, tuple_
from sqlmodel import Session, col, or_, select

from hub.cards import Cards
from hub.ledger import chunks
from hub.models import (
    Card,
    DirectoryEntry,
    DirectoryVersion,
    Holding,
    Item,
    Loan,
    Meta,
    Patron,
    Rule,
    Site,
    Title,
)
from hub.projections.states import LoanState
from protocol.directory import PAGE_ENTRIES, Ask, Page, PolicyEntry, Removed

STAFF_GROUP = "staff"
"""Group of cards that belong to no patron."""
MARKS_KEPT = timedelta(days=400)
"""A site that was away for longer gets the whole directory."""

Body = dict[str, Any] | None
"""An entry as it travels; None: it is gone."""


@dataclass(slots=True)
class Stale:
    """Records whose entries may have to be written anew."""

    cards: set[int] = field(default_factory=set)
    patrons: set[str] = field(default_factory=set)
    items: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    sites: set[str] = field(default_factory=set)


def update(session: Session, stale: Stale, owners: Sequence[str], now: datetime) -> int:
    """Writes the entries of `stale` that differ from what sites were told; answers how many."""
    if not (stale.cards or stale.patrons or stale.items or stale.groups or stale.sites):
        return 0
    _lock(session)  # before anything is read: a patron's loans may change at two sites at once
    bodies: dict[tuple[str, str], Body] = {}
    bodies.update({("rule", group): body for group, body in _rules(session, stale.groups)})
    bodies.update({("policy", site): body for site, body in _policies(session, stale.sites, owners)})
    for part in chunks(sorted(stale.items)):
        bodies.update({("item", item): body for item, body in _items(session, part)})
    for card, body in _cards(session, stale.cards, stale.patrons):
        bodies["card", card] = body
    return _write(session, bodies, now)


def update_all(session: Session, owners: Sequence[str], now: datetime) -> int:
    """The same for every record there is: after settings changed."""
    everything = Stale(
        cards={number for number in session.exec(select(Card.id)) if number is not None},
        items=set(session.exec(select(Item.item))),
        groups=set(session.exec(select(Rule.group))),
        sites=set(session.exec(select(Site.site))),
    )
    return update(session, everything, owners, now)


def page(session: Session, cards: Cards, site: str, ask: Ask, now: datetime) -> Page:
    """The answer to `ask` by `site`: what changed since, or the first page of everything."""
    current = _current(session)
    since = ask.since if _continues(session, ask, current) else 0
    query = (
        select(DirectoryEntry)
        .where(
            col(DirectoryEntry.version) > since,
            or_(DirectoryEntry.kind != "policy", DirectoryEntry.key == site),
        )
        .order_by(col(DirectoryEntry.version))
        .limit(PAGE_ENTRIES + 1)
    )
    if not since:
        query = query.where(col(DirectoryEntry.removed).is_(False))
    rows = list(session.exec(query))
    more = len(rows) > PAGE_ENTRIES
    rows = rows[:PAGE_ENTRIES]
    version = rows[-1].version if more else current
    return Page(
        boot=ask.boot,
        req=ask.req,
        since=since,
        reset=since == 0,
        version=version,
        mark=_mark(session, version),
        more=more,
        at=now,
        entries=tuple(_travelling(row, site, cards) for row in rows),
    )


def current_version(session: Session) -> int:
    """The newest version; 0 when there is no directory yet."""
    return _current(session)


# ------------------------------------------------------------------------------------------------------------- bodies


def _rules(session: Session, groups: Collection[str]) -> Iterable[tuple[str, Body]]:
    for group in sorted(groups):
        rule = session.get(Rule, group)
        yield group, _body(rule, "rule", ("group", "loan_days", "limit"))


def _policies(session: Session, sites: Collection[str], owners: Sequence[str]) -> Iterable[tuple[str, Body]]:
    for name in sorted(sites):
        site = session.get(Site, name)
        if site is None:
            yield name, None
            continue
        policy = PolicyEntry.model_validate(
            {"owners": tuple(owners), "return_only": site.return_only, "trust_days": site.trust_days}
        )
        yield name, policy.model_dump(mode="json", exclude_none=True)


def _items(session: Session, items: Sequence[str]) -> Iterable[tuple[str, Body]]:
    query = (
        select(Item, Title, Holding)
        .join(Title, col(Title.title_id) == Item.title_id)
        .outerjoin(Holding, col(Holding.item) == Item.item)
        .where(col(Item.item).in_(items))
    )
    for item, title, holding in session.exec(query):
        if item.withdrawn:
            yield item.item, None
            continue
        seen_with = holding.tag if holding is not None else None
        yield (
            item.item,
            _lean(
                kind="item",
                item=item.item,
                tag=item.tag or seen_with,
                title_id=title.title_id,
                title=title.title,
                author=title.author,
                lending=item.lending,
            ),
        )


def _cards(session: Session, numbers: Collection[int], patrons: Collection[str]) -> Iterable[tuple[str, Body]]:
    found: dict[int, Card] = {}
    for part in chunks(sorted(patrons)):
        found.update({c.id or 0: c for c in session.exec(select(Card).where(col(Card.patron).in_(part)))})
    ordered = sorted(numbers)
    for start in range(0, len(ordered), 500):
        query = select(Card).where(col(Card.id).in_(ordered[start : start + 500]))
        found.update({c.id or 0: c for c in session.exec(query)})
    holders = sorted({card.patron for card in found.values() if card.patron})
    known: dict[str, Patron] = {}
    out: dict[str, int] = {}
    for part in chunks(holders):
        known.update({p.patron: p for p in session.exec(select(Patron).where(col(Patron.patron).in_(part)))})
        counts = select(Loan.patron, func.count()).where(Loan.state == LoanState.OPEN, col(Loan.patron).in_(part))
        out.update({name: count for name, count in session.exec(counts.group_by(col(Loan.patron))) if name})
    for _, card in sorted(found.items()):
        yield card.secret, _card(card, known.get(card.patron or ""), out.get(card.patron or "", 0))


def _card(card: Card, patron: Patron | None, out: int) -> Body:
    ends = [until for until in (card.until, patron.until if patron else None) if until]
    return _lean(
        kind="card",
        klass=card.klass,
        group=patron.group if patron else STAFF_GROUP,
        until=min(ends).isoformat() if ends else None,
        block=card.block or (patron.block if patron else None),
        loans=out,
    )


def _body(row: Any, kind: str, columns: Sequence[str]) -> Body:
    return None if row is None else _lean(kind=kind, **{name: getattr(row, name) for name in columns})


def _lean(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


# ------------------------------------------------------------------------------------------------------------ versions


def _write(session: Session, bodies: dict[tuple[str, str], Body], now: datetime) -> int:
    if not bodies:
        return 0
    version = start = _current(session)
    for part in chunks(list(bodies)):
        named = tuple_(col(DirectoryEntry.kind), col(DirectoryEntry.key)).in_(part)
        entries = {(entry.kind, entry.key): entry for entry in session.exec(select(DirectoryEntry).where(named))}
        for kind, key in part:
            known, body = entries.get((kind, key)), bodies[kind, key]
            if known is None and body is None:
                continue
            if known is not None and known.removed == (body is None) and (body is None or known.body == body):
                continue
            version += 1
            entry = known or DirectoryEntry(kind=kind, key=key, version=version, body={})
            entry.version, entry.body, entry.removed = version, body or {}, body is None
            session.add(entry)
    if version > start:
        old = col(DirectoryVersion.at) < now - MARKS_KEPT
        session.execute(delete(DirectoryVersion).where(old))
        session.add(DirectoryVersion(version=version, mark=secrets.token_hex(8), at=now))
    session.flush()
    return version - start


def _lock(session: Session) -> None:
    """Versions are given out one transaction after another, or a site could miss a slower one's."""
    if session.get(Meta, "directory", with_for_update=True) is None:
        session.add(Meta(key="directory", value=""))
        session.flush()


def _current(session: Session) -> int:
    return session.exec(select(func.max(DirectoryVersion.version))).one() or 0


def _mark(session: Session, version: int) -> str:
    query = select(DirectoryVersion.mark).where(col(DirectoryVersion.version) >= version)
    return session.exec(query.order_by(col(DirectoryVersion.version)).limit(1)).first() or ""


def _continues(session: Session, ask: Ask, current: int) -> bool:
    return 0 < ask.since <= current and ask.mark == _mark(session, ask.since)


def _travelling(row: DirectoryEntry, site: str, cards: Cards) -> dict[str, Any]:
    key = row.key
    if row.kind == "card":
        key = cards.tag(site, bytes.fromhex(row.key))
    elif row.kind == "policy":
        key = ""
    if row.removed:
        return Removed.model_validate({"of": row.kind, "key": key}).model_dump(mode="json")
    return {**row.body, "tag": key} if row.kind == "card" else row.body
