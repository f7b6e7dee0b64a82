"""The versioned feed: what sites know of cards, items, rules, reservations and their own policy (protocol.directory).

Every changed record gets the next version, so versions are dense and each belongs to one record; a record keeps only
its newest. The versions of one change share a mark, by which a site notices a hub whose numbering was wound back, and
in which is said what that site is told at all: a site that gets its first desk starts anew, and no other hears of it.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, tuple_
from sqlmodel import Session, col, select

from hub.cards import Cards
from hub.directory import bodies
from hub.directory.bodies import Body
from hub.directory.reach import Reach, reach
from hub.ledger import chunks
from hub.models import Card, DirectoryEntry, DirectoryVersion, Item, Loan, Meta, Reservation, Rule, Site
from hub.projections.states import LoanState
from protocol.directory import PAGE_ENTRIES, Ask, Page

MARKS_KEPT = timedelta(days=400)
"""A site that was away for longer gets the whole directory."""


@dataclass(slots=True)
class Stale:
    """Records whose entries may have to be written anew."""

    cards: set[int] = field(default_factory=set)
    patrons: set[str] = field(default_factory=set)
    items: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    sites: set[str] = field(default_factory=set)
    holds: set[int] = field(default_factory=set)
    """Reservations, by number."""

    def __bool__(self) -> bool:
        return any((self.cards, self.patrons, self.items, self.groups, self.sites, self.holds))


def update(session: Session, stale: Stale, owners: Sequence[str], now: datetime) -> int:
    """Writes the entries of `stale` that differ from what sites were told; answers how many."""
    if not stale:
        return 0
    _lock(session)  # before anything is read: a patron's loans may change at two sites at once
    said: dict[tuple[str, str], Body] = {}
    said.update({("rule", group): body for group, body in bodies.rules(session, stale.groups)})
    said.update({("policy", site): body for site, body in bodies.policies(session, stale.sites, owners)})
    for part in chunks(sorted(stale.items)):
        for item, body, lent in bodies.items(session, part):
            said["item", item], said["lent", item] = body, lent
    cards = _cards(session, stale.cards, stale.patrons)
    holds = _holds(session, stale.holds, stale.patrons | {card.patron for card in cards.values() if card.patron})
    said.update({("hold", key): body for key, body in bodies.reservations(session, holds)})
    cards |= _cards(session, (), _having(session, {row.title_id for row in holds}))
    for secret, body, out in bodies.cards(session, cards.values()):
        said["card", secret], said["out", secret] = body, out
    return _write(session, said, now)


def update_all(session: Session, owners: Sequence[str], now: datetime) -> int:
    """The same for every record there is: after settings changed."""
    everything = Stale(
        cards={number for number in session.exec(select(Card.id)) if number is not None},
        items=set(session.exec(select(Item.item))),
        groups=set(session.exec(select(Rule.group))),
        sites=set(session.exec(select(Site.site))),
        holds={number for number in session.exec(select(Reservation.id)) if number is not None},
    )
    return update(session, everything, owners, now)


def page(session: Session, cards: Cards, site: str, ask: Ask, now: datetime) -> Page:
    """The answer to `ask` by `site`: what changed since, or the first page of everything."""
    current = _current(session)
    told = reach(session, cards, site)
    since = ask.since if _continues(session, ask, current, told) else 0
    query = (
        select(DirectoryEntry)
        .where(col(DirectoryEntry.version) > since, told.condition())
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
        mark=_mark(session, version) + told.suffix,
        more=more,
        at=now,
        entries=tuple(_entries(session, rows, told)),
    )


def current_version(session: Session) -> int:
    """The newest version; 0 when there is no directory yet."""
    return _current(session)


# ----------------------------------------------------------------------------------------------------- what is stale


def _cards(session: Session, numbers: Iterable[int], patrons: Iterable[str]) -> dict[int, Card]:
    """Those cards, and all of those patrons."""
    found: dict[int, Card] = {}
    for part in chunks(sorted(patrons)):
        found.update({c.id or 0: c for c in session.exec(select(Card).where(col(Card.patron).in_(part)))})
    for some in chunks(sorted(numbers)):
        found.update({c.id or 0: c for c in session.exec(select(Card).where(col(Card.id).in_(some)))})
    return found


def _holds(session: Session, numbers: Iterable[int], patrons: Iterable[str]) -> list[Reservation]:
    """Those reservations, and what those patrons haven't given up: a loan may have served it."""
    found: dict[int, Reservation] = {}
    for part in chunks(sorted(patrons)):
        query = select(Reservation).where(col(Reservation.patron).in_(part), col(Reservation.ended_at).is_(None))
        found.update({row.id or 0: row for row in session.exec(query)})
    for some in chunks(sorted(numbers)):
        query = select(Reservation).where(col(Reservation.id).in_(some))
        found.update({row.id or 0: row for row in session.exec(query)})
    return list(found.values())


def _having(session: Session, titles: Iterable[str]) -> set[str]:
    """Patrons who have one of `titles` out: whether others wait for it may have changed."""
    found: set[str] = set()
    for part in chunks(sorted(titles)):
        query = (
            select(Loan.patron)
            .join(Item, col(Item.item) == Loan.item)
            .where(Loan.state == LoanState.OPEN, col(Item.title_id).in_(part))
        )
        found.update(patron for patron in session.exec(query.distinct()) if patron)
    return found


# ---------------------------------------------------------------------------------------------------------- travelling


def _entries(session: Session, rows: Sequence[DirectoryEntry], told: Reach) -> list[dict[str, Any]]:
    """The records of `rows` as they travel, each once: with what stands beside it, whichever of the two changed."""
    wanted = dict.fromkeys((told.whole(row.kind), row.key) for row in rows)
    known = {(row.kind, row.key): row for row in rows}
    pairs = [*wanted, *((beside, key) for kind, key in wanted if (beside := told.beside(kind)))]
    for part in chunks([pair for pair in pairs if pair not in known]):
        named = tuple_(col(DirectoryEntry.kind), col(DirectoryEntry.key)).in_(part)
        known.update({(row.kind, row.key): row for row in session.exec(select(DirectoryEntry).where(named))})
    return [
        told.entry(known[kind, key], known.get((told.beside(kind) or "", key)))
        for kind, key in wanted
        if (kind, key) in known
    ]


# ------------------------------------------------------------------------------------------------------------ versions


def _write(session: Session, said: dict[tuple[str, str], Body], now: datetime) -> int:
    if not said:
        return 0
    version = start = _current(session)
    for part in chunks(list(said)):
        named = tuple_(col(DirectoryEntry.kind), col(DirectoryEntry.key)).in_(part)
        entries = {(entry.kind, entry.key): entry for entry in session.exec(select(DirectoryEntry).where(named))}
        for kind, key in part:
            known, body = entries.get((kind, key)), said[kind, key]
            if known is None and body is None:
                continue
            if known is not None and known.removed == (body is None) and (body is None or known.body == body):
                continue
            version += 1
            entry = known or DirectoryEntry(kind=kind, key=key, version=version, body={})
            entry.version, entry.body, entry.removed = version, body or {}, body is None
            entry.site = bodies.own_site(kind, key)
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


def _continues(session: Session, ask: Ask, current: int, told: Reach) -> bool:
    return 0 < ask.since <= current and ask.mark == _mark(session, ask.since) + told.suffix
