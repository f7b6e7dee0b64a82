"""Whether the tables say what the ledger says: the whole of it folded in memory and compared, in plain words."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, SQLModel, col, select

from hub.folds import fold_boots, fold_items, fold_last_visit, fold_tags, fold_visits
from hub.histories import Key, everything, pairs_of
from hub.ledger import chunks
from hub.models import Boot, Contradiction, ForeignTag, Holding, Loan, SiteState, Visit


def differences(session: Session, zone: ZoneInfo) -> list[str]:
    """Folds the whole ledger in memory and says, in plain words, where the tables differ from it."""
    found: list[str] = []
    known = everything(session)
    boots = fold_boots(session)
    found += _compare(session, Boot, ("site", "boot"), boots, "the clock of boot")
    offsets = {key: row["offset_ms"] for key, row in boots.items()}
    visits: dict[Key, dict[str, Any]] = {}
    for pairs in pairs_of(known.visits):
        visits.update(fold_visits(session, pairs, offsets))
    found += _compare(session, Visit, ("site", "visit"), visits, "visit")
    patrons = {key: row["patron"] for key, row in visits.items()}
    holding_rows: dict[Key, dict[str, Any]] = {}
    loan_rows: dict[Key, dict[str, Any]] = {}
    contradicted: dict[Any, dict[str, Any]] = {}
    for part in chunks(sorted(known.items)):
        for item, now in fold_items(session, part, zone, offsets, patrons).items():
            holding_rows[(item,)] = now.holding  # type: ignore[index]
            loan_rows.update({(key,): row for key, row in now.loans.items()})  # type: ignore[misc]
            contradicted.update({(key,): row for key, row in now.contradictions.items()})
    found += _compare(session, Holding, ("item",), holding_rows, "where item")
    found += _compare(session, Loan, ("id",), loan_rows, "loan")
    found += _compare(session, Contradiction, ("id",), contradicted, "contradiction")
    tags: dict[Key, dict[str, Any]] = {}
    for pairs in pairs_of(known.tags):
        tags.update(fold_tags(session, pairs, offsets))
    found += _compare(session, ForeignTag, ("site", "tag"), tags, "foreign tag")
    return found + _newest_visits(session, {site for site, _ in known.visits})


def _newest_visits(session: Session, among: Collection[str]) -> list[str]:
    """Differences of what is kept as each site's newest visit."""
    found = []
    for state in session.exec(select(SiteState).where(col(SiteState.site).in_(among)).order_by(SiteState.site)):
        said = fold_last_visit(session, state.site)["last_visit"]
        if state.last_visit != said:
            shown = f"the newest visit of {state.site}"
            found.append(f"{shown}: is {_shown(state.last_visit)}, the ledger says {_shown(said)}")
    return found


def _compare(
    session: Session, table: type[SQLModel], key: Sequence[str], wanted: Mapping[Any, dict[str, Any]], what: str
) -> list[str]:
    found = []
    seen = set()
    for row in session.exec(select(table)):
        name = tuple(getattr(row, part) for part in key)
        seen.add(name)
        shown = f"{what} {' '.join(name)}"
        if name not in wanted:
            found.append(f"{shown}: is in the table, but nothing in the ledger says so")
            continue
        for column, value in wanted[name].items():
            stored = getattr(row, column)
            if stored != value:
                found.append(f"{shown}: {column} is {_shown(stored)}, the ledger says {_shown(value)}")
    absent = sorted(name for name in wanted if name not in seen)
    return found + [f"{what} {' '.join(name)}: is missing from the table" for name in absent]


def _shown(value: Any) -> str:
    return "nothing" if value is None or value == [] else str(value)
