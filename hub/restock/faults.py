"""What sites said is amiss and nobody has said is well again: tags, compartments, stations, items. Pure.

Whether an item that set a gate off was seen since, its holding says; that isn't known here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from hub.projections.order import Placed
from protocol.events import (
    CompartmentStuck,
    CompartmentWorks,
    GateAlarmed,
    ItemRefused,
    ItemTrouble,
    SecurityOpen,
    SecuritySet,
    SelfTested,
)

Telling = SecurityOpen | SecuritySet | GateAlarmed | CompartmentStuck | CompartmentWorks | SelfTested | ItemRefused
"""Facts that tell of faults."""


class FaultKind(StrEnum):
    """What is amiss."""

    SECURITY = "security"
    """A tag says of its loan what isn't so."""
    ALARM = "alarm"
    """An item went through a gate without a loan."""
    STUCK = "stuck"
    """A compartment can't be used."""
    UNWELL = "unwell"
    """A station's self-test found something."""
    INCOMPLETE = "incomplete"
    """A set came without all its parts."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is amiss."""

    kind: FaultKind
    site: str
    station: str
    event_id: str
    """The event that first said so, since it was last well."""
    when: datetime
    """When it was last said."""
    item: str | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    """security: tag, on_loan, why; alarm: tag; stuck: shelf, why (as in the facts); unwell: parts that aren't well."""


def fold(history: Iterable[Placed]) -> tuple[Fault, ...]:
    """What is amiss after `history` (in order), the oldest first."""
    found: dict[tuple[str, ...], Fault] = {}
    for placed in history:
        fact, site = placed.event.fact, placed.event.site
        match fact:
            case SecuritySet():
                found.pop(("security", fact.tag), None)
            case CompartmentWorks():
                found.pop(("stuck", site, fact.station, fact.shelf), None)
            case SelfTested(ok=True):
                found.pop(("unwell", site, fact.station), None)
            case SecurityOpen():
                about = {"tag": fact.tag, "on_loan": fact.on_loan, "why": fact.why}
                _say(found, ("security", fact.tag), placed, FaultKind.SECURITY, fact, about)
            case GateAlarmed():
                _say(found, ("alarm", fact.item or fact.tag), placed, FaultKind.ALARM, fact, {"tag": fact.tag})
            case CompartmentStuck():
                about = {"shelf": fact.shelf, "why": fact.why}
                _say(found, ("stuck", site, fact.station, fact.shelf), placed, FaultKind.STUCK, fact, about)
            case SelfTested():
                about = {"parts": [part.part for part in fact.parts if not part.ok]}
                _say(found, ("unwell", site, fact.station), placed, FaultKind.UNWELL, fact, about)
            case ItemRefused(why=ItemTrouble.INCOMPLETE, item=str() as item):
                _say(found, ("incomplete", item), placed, FaultKind.INCOMPLETE, fact, {})
    return tuple(found.values())


def _say(
    found: dict[tuple[str, ...], Fault],
    key: tuple[str, ...],
    placed: Placed,
    kind: FaultKind,
    fact: Telling,
    about: Mapping[str, Any],
) -> None:
    """The same again, at the same site, is one fault; at another site it is that site's from now on."""
    event = placed.event
    known = found.get(key)
    if known is not None and known.site == event.site:
        found[key] = replace(known, when=placed.when, about=about)
        return
    item = getattr(fact, "item", None)
    found.pop(key, None)
    found[key] = Fault(kind, event.site, fact.station, event.event_id, placed.when, item, about)
