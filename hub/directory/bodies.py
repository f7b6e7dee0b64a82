"""What the directory's records say: made of the catalogue, the patrons and their loans as they are now.

Two kinds of record stand beside another and travel as part of it, so that only sites that want it hear of every loan:
`out` beside a card (what its patron has out) and `lent` beside an item (it is on loan).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from hub.ledger import chunks
from hub.models import Card, Holding, Item, Loan, Patron, Reservation, Rule, Site, Title
from hub.projections.states import LoanState
from hub.restocking.waiting import holds
from protocol.directory import CardClass, PolicyEntry

STAFF_GROUP = "staff"
"""Group of cards that belong to no patron."""

Body = dict[str, Any] | None
"""A record as it travels, without what each site has its own of; None: it is gone."""


def rules(session: Session, groups: Collection[str]) -> Iterable[tuple[str, Body]]:
    """Of each of `groups`."""
    for group in sorted(groups):
        rule = session.get(Rule, group)
        if rule is None:
            yield group, None
            continue
        often = rule.renewals or None
        yield group, _lean(kind="rule", group=group, loan_days=rule.loan_days, limit=rule.limit, renewals=often)


def policies(session: Session, sites: Collection[str], owners: Sequence[str]) -> Iterable[tuple[str, Body]]:
    """Of each of `sites`."""
    for name in sorted(sites):
        site = session.get(Site, name)
        if site is None:
            yield name, None
            continue
        policy = PolicyEntry.model_validate(
            {"owners": tuple(owners), "return_only": site.return_only, "trust_days": site.trust_days}
        )
        yield name, policy.model_dump(mode="json", exclude_none=True)


def items(session: Session, numbers: Sequence[str]) -> Iterable[tuple[str, Body, Body]]:
    """Item, record and what stands beside it, of those of `numbers` that the catalogue knows."""
    query = (
        select(Item, Title, Holding)
        .join(Title, col(Title.title_id) == Item.title_id)
        .outerjoin(Holding, col(Holding.item) == Item.item)
        .where(col(Item.item).in_(numbers))
    )
    lent = set(session.exec(select(Loan.item).where(Loan.state == LoanState.OPEN, col(Loan.item).in_(numbers))))
    for item, title, holding in session.exec(query):
        if item.withdrawn:
            yield item.item, None, None
            continue
        seen_with = holding.tag if holding is not None else None
        body = _lean(
            kind="item",
            item=item.item,
            tag=item.tag or seen_with,
            title_id=title.title_id,
            title=title.title,
            author=title.author,
            lending=item.lending,
            parts=item.parts if item.parts > 1 else None,
        )
        yield item.item, body, {"lent": True} if item.item in lent else None


def cards(session: Session, wanted: Iterable[Card]) -> Iterable[tuple[str, Body, Body]]:
    """Secret, record and what stands beside it, of each card."""
    found = sorted(wanted, key=lambda card: card.id or 0)
    known: dict[str, Patron] = {}
    counts: dict[str, int] = {}
    out: dict[str, list[dict[str, Any]]] = {}
    for part in chunks(sorted({card.patron for card in found if card.patron})):
        known.update({p.patron: p for p in session.exec(select(Patron).where(col(Patron.patron).in_(part)))})
        many = select(Loan.patron, func.count()).where(Loan.state == LoanState.OPEN, col(Loan.patron).in_(part))
        counts.update({name: count for name, count in session.exec(many.group_by(col(Loan.patron))) if name})
        out.update(_out(session, part))
    for card in found:
        holder = card.patron or ""
        beside: Body = {"out": out[holder]} if holder in out else None
        yield card.secret, _card(card, known.get(holder), counts.get(holder, 0)), beside


def reservations(session: Session, rows: Iterable[Reservation]) -> Iterable[tuple[str, Body]]:
    """Key and record of each; the patron's cards by their secrets, and the code as it is."""
    ordered = sorted(rows, key=lambda row: row.id or 0)
    for part in chunks(ordered):
        numbers = [row.id for row in part]
        waits = set(session.exec(select(Reservation.id).where(col(Reservation.id).in_(numbers), holds())))
        secrets: dict[str, list[str]] = defaultdict(list)
        patrons = sorted({row.patron for row in part})
        query = select(Card.patron, Card.secret).where(col(Card.patron).in_(patrons), Card.klass == CardClass.PATRON)
        for patron, secret in session.exec(query.order_by(Card.secret)):
            secrets[patron or ""].append(secret)
        for row in part:
            yield hold_key(row.site, row.id), _hold(row, secrets[row.patron]) if row.id in waits else None


def hold_key(site: str, number: int | None) -> str:
    """What a reservation's record is known by here: its site, which alone is told, and its number."""
    return f"{site} {number}"


def own_site(kind: str, key: str) -> str | None:
    """The one site that a record is for; None: every site."""
    return key.partition(" ")[0] if kind in ("policy", "hold") else None


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


def _hold(row: Reservation, secrets: list[str]) -> Body:
    return {
        "kind": "hold",
        "hold": str(row.id),
        "title_id": row.title_id,
        "cards": secrets,
        "since": row.made_at.isoformat(),
        "code": row.code,
        "keep_days": row.keep_days,
    }


def _out(session: Session, patrons: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """What each of `patrons` has out, what is due first first; those who have nothing are left out."""
    query = (
        select(Loan, Item.title_id)
        .outerjoin(Item, col(Item.item) == Loan.item)
        .where(Loan.state == LoanState.OPEN, col(Loan.patron).in_(patrons), col(Loan.due).is_not(None))
        .order_by(col(Loan.due), col(Loan.item), col(Loan.id))
    )
    rows = list(session.exec(query))
    waiting: dict[str | None, set[str]] = defaultdict(set)
    for part in chunks(sorted({title for _, title in rows if title})):
        waits = select(Reservation.title_id, Reservation.patron).where(col(Reservation.title_id).in_(part), holds())
        for wished, by in session.exec(waits):
            waiting[wished].add(by)
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for loan, title in rows:
        if loan.patron is not None and loan.due is not None:
            said = {"item": loan.item, "due": loan.due.isoformat(), "renewals": loan.renewals}
            found[loan.patron].append({**said, "wanted": bool(waiting[title] - {loan.patron})})
    return found


def _lean(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
