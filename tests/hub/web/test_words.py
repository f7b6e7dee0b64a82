"""Every word a site or the hub can use has a sentence for people, in both languages."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args

import pytest

from edge.stations.state import Phase
from hub.ledger import IncidentKind
from hub.projections.states import HoldingState, LoanState
from hub.restocking.tasks import Kind
from hub.views.events import EventView
from hub.views.loans import LoanFilter
from hub.views.sites import ProblemKind
from hub.web import words
from hub.web.say import Say
from hub.web.texts import LANGUAGES, Texts
from protocol.directory import Block, Lending
from protocol.events import BorrowFlag, Fact, ItemFact, ItemTrouble, RefusalReason, Stuck, VisitKind, VisitOutcome
from protocol.names import ClockTrust
from protocol.status import DeviceState, DoorState
from tests.hub.cast import HARBOUR, NOON

RECORDED = sorted((Path(__file__).parents[2] / "wire" / "messages").glob("event-*.json"))

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
    ("item-trouble", ItemTrouble),
    ("stuck", Stuck),
    ("task.kind", Kind),
    ("task.matter", Kind),
    ("task.remedy", Kind),
    ("visit-kind", VisitKind),
    ("visit-outcome", VisitOutcome),
    ("clock", ClockTrust),
    ("device", DeviceState),
    ("door", DoorState),
)


@pytest.mark.parametrize(("kind", "spoken"), SPOKEN, ids=lambda value: str(value))
def test_every_word_has_a_text(kind: str, spoken: type[StrEnum]) -> None:
    known = Texts()

    assert [word for word in spoken if not known.has(f"{kind}.{word}")] == []


def test_every_event_has_a_text_and_every_event_of_an_item_a_sentence() -> None:
    known = Texts()
    types = [fact.model_fields["type"].default for fact in get_args(get_args(Fact)[0])]
    of_items = [fact.model_fields["type"].default for fact in get_args(ItemFact)]

    assert [name for name in types if not known.has(f"event.{name}")] == []
    assert [name for name in of_items if not name.startswith("foreign") and not known.has(f"history.{name}")] == []


def seen(body: dict[str, Any]) -> EventView:
    """The event as the hub's pages get it."""
    fact = body["fact"]
    return EventView(
        id=1,
        site=HARBOUR,
        epoch=body["epoch"],
        seq=body["seq"],
        event_id=body["id"],
        **{name: fact.get(name) for name in ("type", "station", "item", "tag", "visit")},
        happened_at=NOON,
        received_at=NOON,
        time_trusted=True,
        understood=True,
        why_not=None,
        duplicate_of=None,
        body=body,
        raw=None,
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("recorded", RECORDED, ids=lambda path: path.stem)
def test_every_recorded_event_can_be_told(recorded: Path, language: str) -> None:
    told, say = seen(json.loads(recorded.read_text(encoding="utf-8"))), Say(Texts(), language)

    assert "{" not in words.event(say, told)
    if say.texts.has(f"history.{told.type}"):
        assert "{" not in words.history(say, told, {})
