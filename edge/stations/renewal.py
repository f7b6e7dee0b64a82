"""Keeping items longer: which of a patron's loans may be renewed, and why others may not. Pure.

Renewals are only ever asked for. A loan is refused with its reason: somebody waits for the item, it was renewed as
often as the rule allows, the card may not borrow now, or the site has been out of touch for too long to know.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from edge.screen import Change, ViewItem
from edge.stations.inputs import LoansKnown
from protocol.directory import Out
from protocol.events import ItemRefused, ItemTrouble, Renewed
from protocol.names import ItemId, StationName, VisitId


@dataclass(frozen=True, slots=True)
class Renewal:
    """What asking came to."""

    facts: tuple[Renewed | ItemRefused, ...]
    lines: tuple[ViewItem, ...]
    loans: LoansKnown


def bar(loans: LoansKnown, out: Out) -> ItemTrouble | None:
    """Why this loan can't be renewed; None when it can."""
    if not loans.fresh:
        return ItemTrouble.STALE
    if not loans.allowed:
        return ItemTrouble.RETURN_ONLY
    if out.item in loans.held:
        return ItemTrouble.HELD
    if out.wanted:
        return ItemTrouble.WANTED
    if out.renewals >= loans.renewals:
        return ItemTrouble.RENEWED_OFTEN
    return None


def possible(loans: LoansKnown) -> bool:
    """Whether any of them can be renewed."""
    return any(bar(loans, out) is None for out in loans.out or ())


def listed(loans: LoansKnown) -> tuple[ViewItem, ...]:
    """The loans for the screen; those that can be renewed can be pressed."""
    return tuple(
        ViewItem(Change.OUT, None, out.item, out.due, press="" if bar(loans, out) is not None else f"renew:{out.item}")
        for out in loans.out or ()
    )


def renew(station: StationName, visit: VisitId, loans: LoansKnown, wanted: ItemId | None) -> Renewal:
    """All loans, or the one wanted: facts, lines of the receipt, and the loans as they are then."""
    facts: list[Renewed | ItemRefused] = []
    lines: list[ViewItem] = []
    left: list[Out] = []
    for out in loans.out or ():
        if wanted is not None and out.item != wanted:
            left.append(out)
            continue
        why = bar(loans, out)
        if why is not None:
            facts.append(ItemRefused(station=station, visit=visit, item=out.item, why=why))
            lines.append(ViewItem(Change.REFUSED, None, out.item, why=why))
            left.append(out)
            continue
        due = None if loans.today is None else max(out.due, loans.today + timedelta(days=loans.loan_days))
        facts.append(Renewed(station=station, visit=visit, item=out.item, loan_days=loans.loan_days, due=due))
        lines.append(ViewItem(Change.RENEWED, None, out.item, due))
        left.append(out.model_copy(update={"due": due or out.due, "renewals": out.renewals + 1}))
    return Renewal(tuple(facts), tuple(lines), replace(loans, out=tuple(left)))
