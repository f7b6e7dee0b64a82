"""Imports from CSV files: a dry run that lists every bad row, then all or nothing.

UTF-8 with or without a byte order mark, comma-separated, a heading with the column names. Reading a file changes
nothing; what it would change is a `Plan`, and only `apply` writes it.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from sqlmodel import Session, SQLModel, col, select

from hub import ledger, refold, turns
from hub.cards import Cards
from hub.database import Database
from hub.directory import feed
from hub.directory.rows import NEEDED, ROWS, WITHDRAWN, ItemRow, Kind, PatronRow, Row, RuleRow, SiteRow, TitleRow
from hub.errors import BadRow, ImportRefused
from hub.ledger import Touched
from hub.models import Card, Item, Patron, Rule, Site, Title
from hub.search import index
from hub.settings import Settings
from protocol.cards import card_secret
from protocol.directory import CardClass, Lending
from protocol.names import ItemId, TagUid

PROGRESS_ROWS = 50
"""Cards hashed between two calls of `progress`."""

Progress = Callable[[int, int], None]
"""(done, of): called now and then during what takes long."""


_R = TypeVar("_R", bound=Row)


@dataclass(slots=True)
class Plan:
    """What a file holds and what is wrong with it."""

    kind: Kind
    file: str
    rows: list[tuple[int, Row]] = field(default_factory=list)
    """Line in the file and row; line 1 is the heading."""
    bad: list[BadRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was put right silently otherwise."""

    def of(self, row: type[_R]) -> Iterator[tuple[int, _R]]:
        """Its rows, as `row`."""
        return ((line, each) for line, each in self.rows if isinstance(each, row))

    def complain(self, line: int, column: str, why: str) -> None:
        """Adds a bad row."""
        self.bad.append(BadRow(line, column, why))


# ------------------------------------------------------------------------------------------------------------- reading


def read(kind: Kind, path: Path, session: Session, settings: Settings) -> Plan:
    """Reads and checks a whole file against itself and the database; changes nothing. Raises OSError."""
    plan = parse(kind, path.name, path.read_bytes())
    _check_twice(plan)
    if kind is Kind.ITEMS:
        _check_items(plan, session, settings.owners)
    elif kind is Kind.PATRONS:
        _check_patrons(plan, set(session.exec(select(Rule.group))))
    plan.bad.sort(key=lambda bad: (bad.line, bad.column))
    return plan


def parse(kind: Kind, file: str, content: bytes) -> Plan:
    """Reads a file's rows one by one, without looking at the database."""
    plan = Plan(kind, file)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = content[: wrong.start].count(b"\n") + 1
        plan.complain(line, "file", "isn't UTF-8; save it as UTF-8 (Excel: CSV UTF-8)")
        return plan
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines = _lines(reader, plan)
    heading = next(lines, None)
    if heading is None or not _heading_fits(plan, heading[1]):
        return plan
    names = [name.strip() for name in heading[1]]
    for line, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names):
            plan.complain(line, "row", f"has {len(cells)} cells, the heading has {len(names)}")
            continue
        _take_row(plan, line, dict(zip(names, cells, strict=True)))
    return plan


def _lines(reader: Any, plan: Plan) -> Iterator[tuple[int, list[str]]]:
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as wrong:
            plan.complain(line, "row", f"isn't CSV: {wrong}")
            return
        yield line, cells
        line = reader.line_num + 1


def _heading_fits(plan: Plan, heading: Sequence[str]) -> bool:
    names = [name.strip() for name in heading]
    known = ROWS[plan.kind].model_fields
    for name in names:
        if name not in known:
            plan.complain(1, name or "(no name)", f"is no column of {plan.kind}; those are {', '.join(known)}")
    for name in NEEDED[plan.kind]:
        if name not in names:
            plan.complain(1, name, "this column is missing")
    for name in sorted({name for name in names if names.count(name) > 1}):
        plan.complain(1, name, "this column is there twice")
    return not plan.bad


def _take_row(plan: Plan, line: int, cells: dict[str, str]) -> None:
    if any("\x00" in cell for cell in cells.values()):
        plan.complain(line, "row", "holds a NUL character")
        return
    if "item" in cells:
        bare = "".join(cells["item"].split())
        if bare != cells["item"]:
            plan.notes.append(f"line {line}, item: blanks were taken out of the barcode {cells['item']!r}")
            cells["item"] = bare
    try:
        plan.rows.append((line, ROWS[plan.kind].model_validate(cells)))
    except ValidationError as wrong:
        for error in wrong.errors():
            column = str(error["loc"][0]) if error["loc"] else "row"
            plan.complain(line, column, _why(error, cells.get(column, "")))


def _why(error: Any, value: str) -> str:
    shown = f"{value[:60]!r} "
    match error["type"]:
        case "string_too_short":
            return "is empty"
        case "string_pattern_mismatch":
            return f"{shown}doesn't look like one (it must match {error['ctx']['pattern']})" if value else "is empty"
        case "enum":
            return f"{shown}is none of {error['ctx']['expected']}"
    return shown + str(error["msg"]).removeprefix("Value error, ")


# ------------------------------------------------------------------------------------------------------------ checking

_KEYS = {Kind.TITLES: "title_id", Kind.ITEMS: "item", Kind.SITES: "site", Kind.RULES: "group", Kind.PATRONS: "card_uid"}


def _check_twice(plan: Plan) -> None:
    key = _KEYS[plan.kind]
    seen: dict[str, int] = {}
    for line, row in plan.rows:
        value = getattr(row, key)
        if value is not None and seen.setdefault(value, line) != line:
            plan.complain(line, key, f"{value!r} is in line {seen[value]} already")


def _check_items(plan: Plan, session: Session, owners: Sequence[str]) -> None:
    titles = set(session.exec(select(Title.title_id)))
    sites = set(session.exec(select(Site.site)))
    coming = {row.item for _, row in plan.of(ItemRow)}
    tagged = session.exec(select(Item.tag, Item.item).where(col(Item.tag).is_not(None)))
    tags: dict[str, str] = {tag: f"item {item}" for tag, item in tagged if tag and item not in coming}
    for line, row in plan.of(ItemRow):
        if row.title_id not in titles:
            plan.complain(line, "title_id", f"no title {row.title_id!r} is known; import titles first")
        if row.home is not None and row.home not in sites:
            plan.complain(line, "home", f"no site {row.home!r} is known; import sites first")
        if row.owner is not None and row.owner not in owners:
            plan.complain(line, "owner", f"{row.owner!r} is none of the settings' owners ({', '.join(owners)})")
        if row.tag is not None:
            holder = tags.setdefault(row.tag, f"line {line}")
            if holder != f"line {line}":
                plan.complain(line, "tag", f"{row.tag} belongs to {holder} already")


def _check_patrons(plan: Plan, groups: set[str]) -> None:
    first: dict[str, tuple[int, PatronRow]] = {}
    for line, row in plan.of(PatronRow):
        if not row.patron:
            if row.card_class is CardClass.PATRON:
                plan.complain(line, "patron", "is empty; only courier and service cards may belong to nobody")
            elif row.card_uid is None:
                plan.complain(line, "card_uid", "is empty, and the row names no patron either")
            continue
        if row.group is None:
            plan.complain(line, "group", "is empty")
        elif row.group not in groups:
            plan.complain(line, "group", f"no rule for group {row.group!r} is known; import rules first")
        if not row.name:
            plan.complain(line, "name", "is empty")
        known, before = first.setdefault(row.patron, (line, row))
        for column in ("name", "group", "until", "block"):
            if getattr(before, column) != getattr(row, column):
                plan.complain(line, column, f"differs from line {known} of the same patron")


# ------------------------------------------------------------------------------------------------------------- writing


def apply(plan: Plan, database: Database, settings: Settings, now: datetime, progress: Progress) -> int:
    """Writes the plan in one transaction and renews the directory; answers how many rows. Raises ImportRefused."""
    if plan.bad:
        raise ImportRefused(plan.file, plan.bad)
    secrets = _hash_cards(plan, settings.salt, progress)
    cards = Cards(settings.master_key())
    with database.write() as session:
        turns.alone(session)
        touched = Touched()
        stale = _WRITERS[plan.kind](session, plan, settings, secrets)
        session.flush()
        if plan.kind is Kind.PATRONS:
            ledger.count_cards_change(session)
            cards.link_all(session, touched)
        touched.items |= stale.items if plan.kind is Kind.ITEMS else set()
        changed = refold.apply(session, touched, settings.zone)
        stale.items |= changed.items
        stale.patrons |= changed.patrons
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


def _write_titles(session: Session, plan: Plan, _settings: Settings, _secrets: dict[str, str]) -> feed.Stale:
    changed = {row.title_id for _, row in plan.of(TitleRow) if _upsert(session, Title, row.title_id, row.model_dump())}
    index.renew(session, changed)
    stale = feed.Stale()
    for part in ledger.chunks(sorted(changed)):
        stale.items.update(session.exec(select(Item.item).where(col(Item.title_id).in_(part))))
    return stale


def _write_items(session: Session, plan: Plan, settings: Settings, _secrets: dict[str, str]) -> feed.Stale:
    stale = feed.Stale()
    _free_tags(session, {row.item: row.tag for _, row in plan.of(ItemRow)})
    for _, row in plan.of(ItemRow):
        values = row.model_dump()
        values["owner"] = row.owner or settings.owners[0]
        values["withdrawn"] = row.lending == WITHDRAWN
        values["lending"] = Lending.NORMAL if values["withdrawn"] else row.lending
        _upsert(session, Item, row.item, values)
        stale.items.add(row.item)
    return stale


def _free_tags(session: Session, coming: dict[ItemId, TagUid | None]) -> None:
    """Tags that change hands within the file are let go first: no two items may hold one, not even for a moment."""
    for item in session.exec(select(Item).where(col(Item.tag).is_not(None))):
        if item.item in coming and coming[ItemId(item.item)] != item.tag:
            item.tag = None
    session.flush()


def _write_patrons(session: Session, plan: Plan, _settings: Settings, secrets: dict[str, str]) -> feed.Stale:
    stale = feed.Stale()
    for _, row in plan.of(PatronRow):
        if row.patron:
            values = row.model_dump(include={"patron", "name", "group", "until", "block"})
            _upsert(session, Patron, row.patron, values)
            stale.patrons.add(row.patron)
    session.flush()
    known = {card.secret: card for card in session.exec(select(Card))}
    cards = []
    for _, row in plan.of(PatronRow):
        if row.card_uid:
            secret = secrets[row.card_uid]
            card = known.get(secret) or Card(secret=secret)
            card.patron, card.klass, card.label = row.patron or None, row.card_class, row.label
            session.add(card)
            cards.append(card)
    session.flush()
    stale.cards = {card.id for card in cards if card.id is not None}
    return stale


def _write_sites(session: Session, plan: Plan, _settings: Settings, _secrets: dict[str, str]) -> feed.Stale:
    for _, row in plan.of(SiteRow):
        _upsert(session, Site, row.site, row.model_dump())
    return feed.Stale(sites={row.site for _, row in plan.of(SiteRow)})


def _write_rules(session: Session, plan: Plan, _settings: Settings, _secrets: dict[str, str]) -> feed.Stale:
    for _, row in plan.of(RuleRow):
        _upsert(session, Rule, row.group, row.model_dump())
    return feed.Stale(groups={row.group for _, row in plan.of(RuleRow)})


_WRITERS = {
    Kind.TITLES: _write_titles,
    Kind.ITEMS: _write_items,
    Kind.PATRONS: _write_patrons,
    Kind.SITES: _write_sites,
    Kind.RULES: _write_rules,
}


def _upsert(session: Session, table: type[SQLModel], key: str, values: dict[str, Any]) -> bool:
    known = session.get(table, key)
    if known is None:
        session.add(table(**values))
        return True
    differs = {name: value for name, value in values.items() if getattr(known, name) != value}
    for name, value in differs.items():
        setattr(known, name, value)
    return bool(differs)
