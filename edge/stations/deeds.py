"""What becomes of an item on a desk's pad: lent, returned, brought or taken by a courier, or refused, and why. Pure."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from edge.screen import Change, ViewItem
from edge.stations.effects import Effect, Record, Remind, SetSecurity
from edge.stations.goods import Goods
from edge.stations.inputs import Timer
from edge.stations.state import the
from edge.stations.table import Step
from edge.stations.tabletop import Desk, Plan, dealt_with, fresh, line, returnable, said_of, tags
from edge.stations.visit import OpenVisit
from protocol.directory import Lending
from protocol.envelope import Aside
from protocol.events import (
    Borrowed,
    BorrowFlag,
    Evidence,
    Fact,
    ItemRefused,
    ItemTrouble,
    Loaded,
    Returned,
    Unloaded,
    VisitKind,
)
from protocol.names import ItemId


@dataclass(frozen=True, slots=True)
class Deed:
    """One item's outcome."""

    item: Goods
    fact: Fact
    line: ViewItem
    on_loan: bool | None = None
    """What its tags must say now; None: what they said before."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Facts around those of the items, written down in the same breath: all of them, or none."""

    before: tuple[Fact, ...] = ()
    after: tuple[Fact, ...] = ()
    aside: Aside | None = None
    """Beside the very first."""


NOTHING = Frame()


def done(state: Desk, deeds: tuple[Deed, ...], plan: Plan, frame: Frame = NOTHING) -> Step[Desk]:
    """The desk once these have been written down, and what it takes to write them and to set their tags."""
    facts = (*frame.before, *(deed.fact for deed in deeds), *frame.after)
    if not facts:
        return Step(state)
    others = {deed.item.tags[0]: deed.item.tags[1:] for deed in deeds if len(deed.item.tags) > 1}
    effects: list[Effect] = [Record(facts, frame.aside, promise=True, others=others)]
    for deed in deeds:
        if deed.on_loan is not None:
            effects += (SetSecurity(tag, deed.on_loan) for tag in deed.item.tags)
    taken, back, moved = (_items(deeds, *kinds) for kinds in ((Borrowed,), (Returned,), (Loaded, Unloaded)))
    if taken:
        effects.append(Remind(Timer.LATELY, plan.lately_s))
    state = replace(
        state,
        done=(*state.done, *(deed.line for deed in deeds)),
        handled=state.handled | tags(tuple(deed.item for deed in deeds)),
        lately=(state.lately | taken) - back,
        taken=state.taken + len(taken) - len(back),
        dealt=state.dealt | moved,
        writing=state.writing | tags(tuple(deed.item for deed in deeds if deed.on_loan is not None)),
    )
    return Step(state, tuple(effects))


def _items(deeds: tuple[Deed, ...], *kinds: type[Fact]) -> frozenset[ItemId]:
    return frozenset(deed.item.item for deed in deeds if isinstance(deed.fact, kinds) and deed.item.item is not None)


def lent(state: Desk, plan: Plan) -> tuple[Deed, ...]:
    """Everything fresh that isn't on loan is lent to the visit's patron, or refused with its reason.

    A set that isn't whole waits for its parts; what is on loan waits until the patron says that it is to be returned.
    """
    deeds: list[Deed] = []
    for item in fresh(state):
        waits = item.trouble is ItemTrouble.INCOMPLETE or (item.lent and item.trouble is None)
        if waits or not item.sure:
            continue
        taken = sum(isinstance(deed.fact, Borrowed) for deed in deeds)
        deeds.append(_lent(replace(state, taken=state.taken + taken), item, the(state.visit), plan))
    return tuple(deeds)


def _lent(state: Desk, item: Goods, visit: OpenVisit, plan: Plan) -> Deed:
    why = item.trouble or _bar(state, item, visit, plan)
    if why is not None:
        refused = ItemRefused(station=plan.station, visit=visit.visit, tag=item.tags[0], item=item.item, why=why)
        return Deed(item, refused, ViewItem(Change.REFUSED, item.tags[0], item.item, why=why))
    flags = (BorrowFlag.HELD,) if item.lending is Lending.HELD and not _waited_for(item, visit) else ()
    due = state.today + timedelta(days=visit.loan_days) if state.today is not None else None
    borrowed = Borrowed(
        **_about(item, visit, plan), evidence=_before(item), loan_days=visit.loan_days, due=due, flags=flags
    )
    return Deed(item, borrowed, ViewItem(Change.BORROWED, item.tags[0], item.item, due, flags), on_loan=True)


def _bar(state: Desk, item: Goods, visit: OpenVisit, plan: Plan) -> ItemTrouble | None:
    """Why this patron may not borrow this item: a desk can refuse what a cabinet can't."""
    if visit.kind is not VisitKind.BORROW:
        return ItemTrouble.RETURN_ONLY
    if item.lending is Lending.REFERENCE:
        return ItemTrouble.REFERENCE
    if item.lending is Lending.HELD and plan.set_aside and not _waited_for(item, visit):
        return ItemTrouble.HELD
    if visit.limit is not None and visit.loans + state.taken >= visit.limit:
        return ItemTrouble.OVER_LIMIT
    return None


def _waited_for(item: Goods, visit: OpenVisit) -> bool:
    return visit.card is not None and visit.card in item.kept_for


def returned(items: tuple[Goods, ...], visit: OpenVisit, plan: Plan) -> tuple[Deed, ...]:
    """These are returned, whoever had borrowed them."""
    return tuple(
        Deed(
            item,
            Returned(**_about(item, visit, plan), evidence=_after(item)),
            ViewItem(Change.RETURNED, item.tags[0], item.item),
            on_loan=False,
        )
        for item in items
        if item.sure
    )


def exchanged(state: Desk, plan: Plan) -> Step[Desk]:
    """What is on loan is returned, and then what the limit forbade is thought about again; written down together."""
    back = returned(returnable(state), the(state.visit), plan)
    state = _think_again(state) if back else state
    return done(state, (*back, *lent(done(state, back, plan).state, plan)), plan)


def _think_again(state: Desk) -> Desk:
    """What was refused because of the limit, and still lies there, is fresh again: something came back."""
    over = {one.tag for one in state.done if one.why is ItemTrouble.OVER_LIMIT}
    again = tuple(item for item in state.goods if item.tags[0] in over and dealt_with(state, item))
    lines = tuple(one for one in state.done if one.tag not in {item.tags[0] for item in again})
    return replace(state, handled=state.handled - tags(again), done=lines)


def stocked(state: Desk, plan: Plan) -> tuple[Deed, ...]:
    """A courier's items: what stood on the shelves is taken off them, what didn't is put there.

    Each once, until the courier says which of the two they are about: a tag that was missed for a moment is no second
    item.
    """
    visit = the(state.visit)
    deeds: list[Deed] = []
    for item in fresh(state):
        if item.item is None or item.trouble is not None or item.item in state.dealt or not item.sure:
            continue
        about = _about(item, visit, plan)
        if item.here if state.taking is None else state.taking:
            unloaded = Unloaded(**about, evidence=_before(item))
            deeds.append(Deed(item, unloaded, ViewItem(Change.UNLOADED, item.tags[0], item.item)))
        else:
            loaded = Loaded(**about, evidence=_after(item))
            deeds.append(Deed(item, loaded, ViewItem(Change.LOADED, item.tags[0], item.item), on_loan=False))
    return tuple(deeds)


def short(state: Desk, visit: OpenVisit, plan: Plan) -> tuple[tuple[ItemRefused, ...], tuple[ViewItem, ...]]:
    """What lies there undone when a visit ends: sets that never became whole, and items still on loan."""
    incomplete = [item for item in fresh(state) if item.trouble is ItemTrouble.INCOMPLETE]
    facts = tuple(
        ItemRefused(station=plan.station, visit=visit.visit, tag=i.tags[0], item=i.item, why=ItemTrouble.INCOMPLETE)
        for i in incomplete
    )
    return facts, tuple(line(item) for item in (*incomplete, *returnable(state)) if not said_of(state, item))


def _about(item: Goods, visit: OpenVisit, plan: Plan) -> dict[str, Any]:
    return {
        "station": plan.station,
        "shelf": plan.shelf,
        "tag": item.tags[0],
        "item": item.item,
        "owner": item.owner,
        "visit": visit.visit,
    }


def _before(item: Goods) -> Evidence:
    """It lay there and is carried off."""
    return Evidence(seen_before=item.seen, rounds_before=item.rounds, seen_after=0, rounds_after=0)


def _after(item: Goods) -> Evidence:
    """It was brought, and lies there."""
    return Evidence(seen_after=item.seen, rounds_after=item.rounds)
