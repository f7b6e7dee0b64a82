"""Whether the rows of a file fit each other and what the database holds."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from hub.directory.plan import Plan
from hub.directory.records import TABLES
from hub.directory.rows import ItemRow, Kind, PatronRow
from hub.models import Item, Rule, Site, Title
from protocol.directory import CardClass


def check(plan: Plan, session: Session, owners: Sequence[str]) -> None:
    """Complains about rows that are there twice, or name what nobody knows. `owners`: ISILs whose items are ours."""
    _check_twice(plan)
    if plan.kind is Kind.ITEMS:
        _check_items(plan, session, owners)
    elif plan.kind is Kind.PATRONS:
        _check_patrons(plan, set(session.exec(select(Rule.group))))


def _check_twice(plan: Plan) -> None:
    key = "card_uid" if plan.kind is Kind.PATRONS else TABLES[plan.kind][1]
    seen: dict[str, int] = {}
    for line, row in plan.rows:
        value = getattr(row, key)
        if value is not None and seen.setdefault(value, line) != line:
            plan.complain(line, key, f"{value!r} is in {plan.place(seen[value], key)} already")


def _check_items(plan: Plan, session: Session, owners: Sequence[str]) -> None:
    titles = set(session.exec(select(Title.title_id)))
    sites = set(session.exec(select(Site.site)))
    known = set(session.exec(select(Item.item)))
    for line, row in plan.of(ItemRow):
        if "title_id" not in row.model_fields_set:
            if row.item not in known:
                plan.complain(line, "title_id", f"item {row.item!r} is new, and a new item needs this column")
        elif row.title_id not in titles:
            plan.complain(line, "title_id", f"no title {row.title_id!r} is known; import titles first")
        if row.home is not None and row.home not in sites:
            plan.complain(line, "home", f"no site {row.home!r} is known; import sites first")
        if row.owner is not None and row.owner not in owners:
            plan.complain(line, "owner", f"{row.owner!r} is none of the settings' owners ({', '.join(owners)})")
    _check_unique(plan, session, "tag")
    _check_unique(plan, session, "barcode")


def _check_unique(plan: Plan, session: Session, name: str) -> None:
    """No two items may hold the same; those of the file count as the file has them, if it has the column."""
    column = col(getattr(Item, name))
    coming = {row.item for _, row in plan.of(ItemRow) if name in row.model_fields_set}
    held = session.exec(select(column, Item.item).where(column.is_not(None)))
    holders: dict[str, str] = {value: f"item {item}" for value, item in held if item not in coming}
    for line, row in plan.of(ItemRow):
        value = getattr(row, name)
        if value is not None:
            place = plan.place(line, name)
            holder = holders.setdefault(value, place)
            if holder != place:
                plan.complain(line, name, f"{value} belongs to {holder} already")


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
                plan.complain(line, column, f"differs from {plan.place(known, column)} of the same patron")
