"""Every word a site or the hub can use has a sentence for people, in both languages."""

from enum import StrEnum
from typing import get_args

import pytest

from edge.stations.state import Phase
from hub.ledger import IncidentKind
from hub.projections.states import HoldingState, LoanState
from hub.views.loans import LoanFilter
from hub.views.sites import ProblemKind
from hub.web.texts import Texts
from protocol.directory import Block, Lending
from protocol.events import BorrowFlag, Fact, ItemFact, RefusalReason, VisitKind, VisitOutcome
from protocol.names import ClockTrust
from protocol.status import DeviceState, DoorState

SPOKEN: tuple[tuple[str, type[StrEnum]], ...] = (
    ("phase", Phase),
    ("incident", IncidentKind),
    ("state", HoldingState),
    ("where", HoldingState),
    ("loan-state", LoanState),
    ("loan-filter", LoanFilter),
    ("problem", ProblemKind),
    ("block", Block),
    ("lending", Lending),
    ("flag", BorrowFlag),
    ("flag-long", BorrowFlag),
    ("refusal", RefusalReason),
    ("visit-kind", VisitKind),
    ("visit-outcome", VisitOutcome),
    ("clock", ClockTrust),
    ("device", DeviceState),
    ("door", DoorState),
)


@pytest.mark.parametrize(("kind", "words"), SPOKEN, ids=lambda value: str(value))
def test_every_word_has_a_text(kind: str, words: type[StrEnum]) -> None:
    known = Texts()

    assert [word for word in words if not known.has(f"{kind}.{word}")] == []


def test_every_event_has_a_text_and_every_event_of_an_item_a_sentence() -> None:
    known = Texts()
    types = [fact.model_fields["type"].default for fact in get_args(get_args(Fact)[0])]
    of_items = [fact.model_fields["type"].default for fact in get_args(ItemFact)]

    assert [name for name in types if not known.has(f"event.{name}")] == []
    assert [name for name in of_items if not name.startswith("foreign") and not known.has(f"history.{name}")] == []
