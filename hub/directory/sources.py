"""Imports from CSV files, spreadsheets and MARC records: a look that lists every bad row, then all or nothing.

Reading a file changes nothing; what it would change is a `Plan`, and only `apply` writes it.
"""

from datetime import datetime
from pathlib import Path

from sqlmodel import Session, col, select

from hub import ledger, refold, turns
from hub.cards import Cards
from hub.database import Database
from hub.directory import feed, marc, sheets, tables
from hub.directory.checks import check
from hub.directory.plan import Manner, Plan, Progress
from hub.directory.records import TABLES, meetings
from hub.directory.rows import ItemRow, Kind, PatronRow
from hub.errors import ImportRefused
from hub.ledger import Touched
from hub.models import Card, Item
from hub.search import index
from hub.settings import Marc, Settings
from protocol.cards import card_secret
from protocol.names import ItemId

PROGRESS_ROWS = 50
"""Cards hashed between two calls of `progress`."""


def _quietly(done: int, of: int) -> None:
    pass


# ------------------------------------------------------------------------------------------------------------- reading


def read(
    kind: Kind,
    path: Path,
    session: Session,
    settings: Settings,
    manner: Manner = Manner(),  # noqa: B008 (a frozen value)
    progress: Progress = _quietly,
) -> Plan:
    """Reads and checks a whole file against itself and the database; changes nothing. Raises OSError."""
    plan = parse(kind, path.name, path.read_bytes(), manner, settings.marc, progress)
    check(plan, session, settings.owners)
    plan.bad.sort(key=lambda bad: (bad.line, bad.column))
    if manner.skip_broken:
        plan.skip_broken()
    return plan


def parse(
    kind: Kind,
    file: str,
    content: bytes,
    manner: Manner = Manner(),  # noqa: B008
    mapping: Marc = Marc(),  # noqa: B008
    progress: Progress = _quietly,
) -> Plan:
    """Reads a file's rows one by one, without looking at the database. What the file is, its beginning says."""
    plan = Plan(kind, file)
    if content.startswith(sheets.OLD):
        plan.complain(1, "file", "is a spreadsheet of the old kind (.xls); save it as .xlsx, or as CSV UTF-8")
    elif content.startswith(sheets.ZIP):
        with sheets.lines(content, plan, manner.sheet) as (lines, count):
            plan.take_table(lines, count, progress)
    elif marc.is_marc(file, content):
        marc.take(content, plan, manner, mapping, progress)
    else:
        plan.take_table(*tables.lines(content, plan, manner.encoding), progress)
    return plan


# ------------------------------------------------------------------------------------------------------------- writing


def apply(plan: Plan, database: Database, settings: Settings, now: datetime, progress: Progress) -> int:
    """Writes the plan in one transaction and renews the directory; answers how many rows. Raises ImportRefused.

    `progress` counts cards where there are any, else rows.
    """
    if plan.bad:
        raise ImportRefused(plan.file, plan.bad)
    secrets = _hash_cards(plan, settings.salt, progress)
    cards = Cards(settings.master_key())
    with database.write() as session:
        turns.alone(session)
        touched = Touched()
        told = _quietly if secrets else progress
        changed = _write(session, plan, settings.owners[0], told)
        stale = _stale(session, plan, changed)
        session.flush()
        if plan.kind is Kind.TITLES:
            index.renew(session, changed)
        if plan.kind is Kind.PATRONS:
            stale.cards, before = _write_cards(session, plan, secrets)
            stale.patrons |= before
            ledger.count_cards_change(session)
            cards.link_all(session, touched)
        touched.items |= stale.items if plan.kind is Kind.ITEMS else set()
        refolded = refold.apply(session, touched, settings.zone)
        stale.items |= refolded.items
        stale.patrons |= refolded.patrons
        feed.update(session, stale, settings.owners, now)
    return len(plan.rows)


def _hash_cards(plan: Plan, salt: bytes, progress: Progress) -> dict[str, str]:
    """UID -> secret (hex); slow on purpose, so done before anything is locked."""
    uids = [row.card_uid for _, row in plan.of(PatronRow) if row.card_uid]
    secrets = {}
    for done, uid in enumerate(uids):
        if done % PROGRESS_ROWS == 0:
            progress(done, len(uids))
        secrets[uid] = card_secret(uid, salt).hex()
    if uids:
        progress(len(uids), len(uids))
    return secrets


def _write(session: Session, plan: Plan, owner: str, progress: Progress) -> set[str]:
    """Writes the records and answers which of them are new or changed."""
    table, _ = TABLES[plan.kind]
    if plan.kind is Kind.ITEMS:
        _free(session, plan, "tag")
        _free(session, plan, "barcode")
    changed = set()
    for met in meetings(session, plan, owner, progress):
        if met.known is None:
            session.add(table(**met.values))
        for name, value in met.values.items() if met.known is not None else ():
            setattr(met.known, name, value)
        if met.values:
            changed.add(met.key)
    return changed


def _free(session: Session, plan: Plan, name: str) -> None:
    """What changes hands within the file is let go first: no two items may hold one, not even for a moment."""
    coming = {row.item: getattr(row, name) for _, row in plan.of(ItemRow) if name in row.model_fields_set}
    for item in session.exec(select(Item).where(col(getattr(Item, name)).is_not(None))) if coming else ():
        if item.item in coming and coming[ItemId(item.item)] != getattr(item, name):
            setattr(item, name, None)
    session.flush()


def _stale(session: Session, plan: Plan, changed: set[str]) -> feed.Stale:
    """What sites may have to hear of anew."""
    every = {getattr(row, TABLES[plan.kind][1]) for _, row in plan.rows}
    match plan.kind:
        case Kind.TITLES:
            items: set[str] = set()
            for part in ledger.chunks(sorted(changed)):
                items.update(session.exec(select(Item.item).where(col(Item.title_id).in_(part))))
            return feed.Stale(items=items)
        case Kind.ITEMS:
            return feed.Stale(items=every)
        case Kind.PATRONS:
            return feed.Stale(patrons=every - {""})
        case Kind.SITES:
            return feed.Stale(sites=every)
    return feed.Stale(groups=every)


def _write_cards(session: Session, plan: Plan, secrets: dict[str, str]) -> tuple[set[int], set[str]]:
    """Writes the cards of the rows and answers their numbers, and whose they were before."""
    known = {card.secret: card for card in session.exec(select(Card))}
    cards: list[Card] = []
    before: set[str] = set()
    for _, row in plan.of(PatronRow):
        if row.card_uid:
            secret = secrets[row.card_uid]
            card = known.get(secret) or Card(secret=secret)
            before.update({card.patron} if card.patron else ())
            card.patron, card.klass, card.label = row.patron or None, row.card_class, row.label
            session.add(card)
            cards.append(card)
    session.flush()
    return {card.id for card in cards if card.id is not None}, before
