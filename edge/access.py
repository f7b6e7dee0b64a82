"""May this card open this door now, and for what? Pure: values in, an answer with its reason out."""

from dataclasses import dataclass
from datetime import date

from protocol.directory import Block, CardClass, CardEntry, PolicyEntry, RuleEntry
from protocol.events import RefusalReason, VisitKind

DAY_S = 86_400
DEFAULT_LOAN_DAYS = 28
"""When the directory has no rule for a patron's group: long rather than short."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the site knows of itself at the moment of the tap."""

    today: date | None
    """None when the clock can't be believed; then nobody is turned away as expired."""
    directory_version: int
    directory_age_s: int | None
    """None when it can't be told: treated as too old."""
    policy: PolicyEntry | None
    writable: bool = True
    """The journal takes new events."""
    roomy: bool = True
    """It has room for a new loan and all that may follow; else only returns begin."""
    working: bool = True
    """Every device a visit needs does its work."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """The door may open."""

    kind: VisitKind
    loan_days: int = DEFAULT_LOAN_DAYS
    limit: int | None = None
    """Items out at once; None when nobody set one."""
    loans: int = 0
    """Items the patron has out, as far as the site knows."""
    because: RefusalReason | None = None
    """Why it is returns only."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The door stays shut."""

    reason: RefusalReason


Decision = Admitted | Refused


def decide(card: CardEntry | None, rule: RuleEntry | None, taken_since: int, here: Conditions) -> Decision:
    """Whether the card opens the door, and for what.

    `taken_since` is how many more items (net) the card's visits here took since the directory's count of its loans.
    Storage comes first, since nothing may happen that can't be written down; then the devices, which only a service
    card passes; then the card itself. A patron who may not borrow gets a return-only visit where policy allows, and
    always where it is the disk that has no room: what they bring must find its way home (rule E7).
    """
    if not here.writable:
        return Refused(RefusalReason.NO_STORAGE)
    if card is not None and card.block is Block.LOST:
        return Refused(RefusalReason.LOST_CARD)
    if card is not None and card.klass is CardClass.SERVICE and card.block is None:
        return Admitted(VisitKind.SERVICE)
    if not here.working:
        return Refused(RefusalReason.OUT_OF_ORDER)
    if card is not None and card.klass is CardClass.COURIER and card.block is None:
        return Admitted(VisitKind.RESTOCK)
    if card is not None and card.klass is not CardClass.PATRON:
        return Refused(RefusalReason.BLOCKED)
    doubt = _doubt(card, here)
    tight = doubt is None and not here.roomy
    days = rule.loan_days if rule else DEFAULT_LOAN_DAYS
    limit = rule.limit if rule else None
    loans = max(0, (card.loans if card else 0) + taken_since)
    if tight:
        return Admitted(VisitKind.RETURN_ONLY, days, limit, loans, because=RefusalReason.NO_STORAGE)
    if doubt is None:
        return Admitted(VisitKind.BORROW, days, limit, loans)
    if doubt is RefusalReason.UNKNOWN_CARD or here.policy is None or not here.policy.return_only:
        return Refused(doubt)
    return Admitted(VisitKind.RETURN_ONLY, days, limit, loans, because=doubt)


def _doubt(card: CardEntry | None, here: Conditions) -> RefusalReason | None:
    trust_s = here.policy.trust_days * DAY_S if here.policy else 0
    stale = here.directory_age_s is None or here.directory_age_s > trust_s
    if card is None:
        return RefusalReason.UNVERIFIABLE if stale and here.directory_version else RefusalReason.UNKNOWN_CARD
    if card.block is Block.BLOCKED:
        return RefusalReason.BLOCKED
    if card.until is not None and here.today is not None and card.until < here.today:
        return RefusalReason.EXPIRED
    return RefusalReason.UNVERIFIABLE if stale else None
