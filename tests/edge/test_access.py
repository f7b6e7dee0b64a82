"""May this card open this door now, and for what."""

from datetime import date

import pytest

from edge.access import Admitted, Conditions, Refused, decide
from protocol.directory import Block, CardClass, CardEntry, PolicyEntry, RuleEntry
from protocol.events import RefusalReason, VisitKind
from protocol.names import CardTag, GroupName, Isil

TAG = CardTag("ab" * 16)
ADULTS = RuleEntry(group=GroupName("adult"), loan_days=28, limit=5)
POLICY = PolicyEntry(owners=(Isil("CN-110105001"),), return_only=True, trust_days=14)
STRICT = POLICY.model_copy(update={"return_only": False})


def card(**changes: object) -> CardEntry:
    return CardEntry(tag=TAG, group=GroupName("adult")).model_copy(update=changes)


def here(**changes: object) -> Conditions:
    values: dict[str, object] = {
        "today": date(2026, 11, 23),
        "directory_version": 7,
        "directory_age_s": 60,
        "policy": POLICY,
    }
    return Conditions(**(values | changes))  # type: ignore[arg-type]  # a test's own keyword table


def test_a_good_card_borrows_under_its_groups_rule() -> None:
    assert decide(card(loans=2), ADULTS, 1, here()) == Admitted(VisitKind.BORROW, 28, 5, 3)


def test_nothing_opens_when_nothing_can_be_written_down() -> None:
    service = card(klass=CardClass.SERVICE)
    assert decide(card(), ADULTS, 0, here(writable=False)) == Refused(RefusalReason.NO_STORAGE)
    assert decide(service, None, 0, here(writable=False)) == Refused(RefusalReason.NO_STORAGE)


def test_a_disk_that_is_nearly_full_still_takes_returns_whatever_the_policy() -> None:
    tight = here(roomy=False, policy=STRICT)
    assert decide(card(loans=2), ADULTS, 0, tight) == Admitted(
        VisitKind.RETURN_ONLY, 28, 5, 2, because=RefusalReason.NO_STORAGE
    )
    assert decide(card(block=Block.BLOCKED), ADULTS, 0, tight) == Refused(RefusalReason.BLOCKED)
    assert decide(card(klass=CardClass.COURIER), None, 0, tight) == Admitted(VisitKind.RESTOCK)


def test_out_of_order_turns_patrons_and_couriers_away_but_not_service() -> None:
    broken = here(working=False)
    assert decide(card(), ADULTS, 0, broken) == Refused(RefusalReason.OUT_OF_ORDER)
    assert decide(card(klass=CardClass.COURIER), None, 0, broken) == Refused(RefusalReason.OUT_OF_ORDER)
    assert decide(card(klass=CardClass.SERVICE), None, 0, broken) == Admitted(VisitKind.SERVICE)


@pytest.mark.parametrize(
    ("changes", "conditions", "because"),
    [
        ({"block": Block.BLOCKED}, {}, RefusalReason.BLOCKED),
        ({"until": date(2026, 11, 22)}, {}, RefusalReason.EXPIRED),
        ({}, {"directory_age_s": 15 * 86_400}, RefusalReason.UNVERIFIABLE),
        ({}, {"directory_age_s": None}, RefusalReason.UNVERIFIABLE),
    ],
)
def test_a_patron_in_doubt_may_bring_items_back_where_the_policy_says_so(
    changes: dict[str, object], conditions: dict[str, object], because: RefusalReason
) -> None:
    admitted = decide(card(**changes), ADULTS, 0, here(**conditions))
    assert isinstance(admitted, Admitted)
    assert (admitted.kind, admitted.because) == (VisitKind.RETURN_ONLY, because)
    assert decide(card(**changes), ADULTS, 0, here(**conditions, policy=STRICT)) == Refused(because)


def test_a_card_is_valid_through_its_last_day() -> None:
    admitted = decide(card(until=date(2026, 11, 23)), ADULTS, 0, here())
    assert isinstance(admitted, Admitted)
    assert admitted.kind is VisitKind.BORROW


def test_nobody_is_turned_away_as_expired_by_a_clock_that_cannot_be_believed() -> None:
    admitted = decide(card(until=date(2020, 1, 1)), ADULTS, 0, here(today=None))
    assert isinstance(admitted, Admitted)
    assert admitted.kind is VisitKind.BORROW


@pytest.mark.parametrize("klass", list(CardClass))
def test_a_lost_card_opens_nothing_whoever_holds_it(klass: CardClass) -> None:
    assert decide(card(block=Block.LOST, klass=klass), ADULTS, 0, here()) == Refused(RefusalReason.LOST_CARD)


@pytest.mark.parametrize("klass", [CardClass.COURIER, CardClass.SERVICE])
def test_a_blocked_staff_card_opens_nothing(klass: CardClass) -> None:
    assert decide(card(block=Block.BLOCKED, klass=klass), None, 0, here()) == Refused(RefusalReason.BLOCKED)


def test_a_courier_restocks() -> None:
    assert decide(card(klass=CardClass.COURIER), None, 0, here()) == Admitted(VisitKind.RESTOCK)


def test_an_unknown_card_is_refused_while_the_directory_is_fresh() -> None:
    assert decide(None, None, 0, here()) == Refused(RefusalReason.UNKNOWN_CARD)


def test_an_unknown_card_at_a_site_long_offline_may_still_bring_items_back() -> None:
    admitted = decide(None, None, 0, here(directory_age_s=30 * 86_400))
    assert isinstance(admitted, Admitted)
    assert (admitted.kind, admitted.because) == (VisitKind.RETURN_ONLY, RefusalReason.UNVERIFIABLE)


def test_a_site_that_never_had_a_directory_opens_to_nobody() -> None:
    never = here(directory_version=0, directory_age_s=None, policy=None)
    assert decide(None, None, 0, never) == Refused(RefusalReason.UNKNOWN_CARD)
