"""What a site knows of loans that its copy of the directory can't know yet, and of tags whose security is wrong. Pure.

All of it is kept in the journal with the facts it follows from, so that every station of the site knows it: a gate
must not alarm for a book that a cabinet of the same site has just lent. It goes before what the directory says until
the directory has had the chance to hear of it, and then it is forgotten: whatever the directory says by then, it says
later.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from protocol.directory import Out
from protocol.events import (
    Borrowed,
    BorrowReversed,
    Fact,
    Found,
    Loaded,
    Missing,
    Renewed,
    Returned,
    SecurityOpen,
    SecuritySet,
    Unloaded,
)
from protocol.names import CardTag, Count, Frozen, ItemId, StationName, TagUid, VisitId

LENT, AFI, HERE = "lent/", "afi/", "here/"
"""Beginnings of the journal's keys; the item follows, or for AFI the tag."""
GRACE_S = 900.0
"""How long the hub has had to put what it heard into the directory before a newer directory goes before it."""


class News(Frozen):
    """What happened to an item here last."""

    lent: bool
    card: CardTag | None = None
    """Who has it; None: nobody, or nobody knows."""
    due: date | None = None
    renewals: Count = 0
    """How often that loan has been renewed, here and elsewhere."""
    away: bool = False
    """A courier took it."""


class Wrong(Frozen):
    """A tag's security has to be set, since the loan is written down already."""

    item: ItemId | None = None
    on_loan: bool
    said: bool = False
    """Somebody was told that it couldn't be."""


@dataclass(frozen=True, slots=True)
class Whose:
    """The visit that facts are written down for."""

    visit: VisitId | None = None
    card: CardTag | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """When it was first seen that the hub has all this site ever said, some news included."""

    value: str
    """That news, as kept."""
    at: float
    """Monotonic seconds."""
    version: int
    """The directory's, then."""


def news(facts: Iterable[Fact], whose: Whose, renewals: Callable[[ItemId], int]) -> dict[str, str | None]:
    """Journal keys and values that these facts leave behind; `renewals` is how often a loan was renewed before."""
    found: dict[str, str | None] = {}
    for fact in facts:
        known = _news(fact, whose, renewals)
        if known is not None:
            found[f"{LENT}{known[0]}"] = known[1].model_dump_json(exclude_defaults=True)
    return found


def _news(fact: Fact, whose: Whose, renewals: Callable[[ItemId], int]) -> tuple[ItemId, News] | None:
    match fact:
        case Borrowed(item=item, visit=visit, due=due) if item is not None:
            return item, News(lent=True, card=whose.card if visit == whose.visit else None, due=due)
        case Renewed(item=item, due=due):
            return item, News(lent=True, card=whose.card, due=due, renewals=renewals(item) + 1)
        case Returned(item=item) | BorrowReversed(item=item) | Found(item=item) | Loaded(item=item) if item is not None:
            return item, News(lent=False)
        case Unloaded(item=item) if item is not None:
            return item, News(lent=False, away=True)
        case _:
            return None


def wrong(facts: Iterable[Fact], others: Mapping[TagUid, Collection[TagUid]]) -> dict[str, str | None]:
    """Journal keys of tags whose security these facts make wrong, or right (None).

    `others` are further tags of an item, by the one that its fact names.
    """
    found: dict[str, str | None] = {}
    for fact in facts:
        value: Wrong | None
        match fact:
            case Borrowed(item=item):
                value = Wrong(item=item, on_loan=True)
            case Returned(item=item) | BorrowReversed(item=item) | Loaded(item=item):
                value = Wrong(item=item, on_loan=False)
            case SecurityOpen(item=item, on_loan=on_loan):
                value = Wrong(item=item, on_loan=on_loan, said=True)
            case SecuritySet() | Unloaded():  # what a courier takes is the next site's to set
                value = None
            case _:
                continue
        for tag in (fact.tag, *others.get(fact.tag, ())):
            found[f"{AFI}{tag}"] = None if value is None else value.model_dump_json(exclude_defaults=True)
    return found


def stands(facts: Iterable[Fact], desks: Collection[StationName]) -> dict[str, str | None]:
    """Journal keys of items that these facts put on a desk's open shelves (its name), or take from there (None)."""
    found: dict[str, str | None] = {}
    for fact in facts:
        match fact:
            case Returned(item=item) | Loaded(item=item) | Found(item=item) if item is not None:
                found[f"{HERE}{item}"] = fact.station if fact.station in desks else None
            case Borrowed(item=item) | Unloaded(item=item) | Missing(item=item) if item is not None:
                found[f"{HERE}{item}"] = None
            case _:
                continue
    return found


def outstanding(
    card: CardTag, directory: tuple[Out, ...] | None, known: Mapping[ItemId, News]
) -> tuple[Out, ...] | None:
    """What a card's patron has out: the directory's list with what happened here since, soonest due first.

    None when the directory isn't told and nothing happened here.
    """
    found = {out.item: out for out in directory or ()}
    for item, last in known.items():
        theirs = last.card in (card, None)
        if not last.lent or not theirs:
            found.pop(item, None)
        elif item in found:
            kept = found[item]
            changes = {"due": last.due or kept.due, "renewals": max(kept.renewals, last.renewals)}
            found[item] = kept.model_copy(update=changes)
        elif last.card == card and last.due is not None:
            found[item] = Out(item=item, due=last.due, renewals=last.renewals)
    if directory is None and not found:
        return None
    return tuple(sorted(found.values(), key=lambda out: (out.due, out.item)))


def heard(kept: Mapping[str, str], before: Mapping[str, Heard], now: float, version: int) -> dict[str, Heard]:
    """What has been heard, now that the hub has all this site ever said; `kept` are the keys of LENT."""
    return {
        key: before[key] if key in before and before[key].value == value else Heard(value, now, version)
        for key, value in kept.items()
    }


def caught_up(mark: Heard, now: float, version: int, directory: bool) -> bool:
    """Whether the directory goes before that news by now; `directory` is whether it has the item on loan.

    Where both say the same and the directory never changed, it hasn't had anything to say: lent and back between two
    looks. A renewal waits for a change, since the item is on loan either way.
    """
    if now - mark.at < GRACE_S:
        return False
    known = News.model_validate_json(mark.value)
    return version > mark.version or (known.lent == directory and not known.renewals)
