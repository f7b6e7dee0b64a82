"""What a count left undecided is settled by the next evidence, whatever brings it, and each time by a fact."""

from dataclasses import replace

import pytest

from edge.access import Admitted
from edge.circulation import Identity
from edge.shelf import Standing
from edge.stations.inputs import DoorMoved, RecountAsked, TimedOut, Timer
from protocol.events import (
    Borrowed,
    ForeignFound,
    ForeignGone,
    ForeignKind,
    Found,
    ItemFact,
    Loaded,
    Missing,
    Moved,
    Returned,
    Undecided,
    UndecidedSettled,
    VisitKind,
)
from protocol.names import VisitId
from tests.edge.stations.stage import BO, A, B, Stage, item, tag

AUDIT, RECOUNT = TimedOut(Timer.RECOUNT), RecountAsked()


@pytest.fixture
def stage() -> Stage:
    """Nothing happened yet; the tag of item 1 is one that its reader sees badly."""
    stage = Stage()
    first, second = stage.state.memory.shelves
    weak = first.standings[0].model_copy(update={"seen": 3, "rounds": 16})
    shelves = (first.model_copy(update={"standings": (weak, *first.standings[1:])}), second)
    stage.kept = stage.state.memory.model_copy(update={"shelves": shelves}), None
    stage.state = replace(stage.state, memory=stage.kept[0])
    stage.fresh()
    return stage


def unsure(stage: Stage, *, take: bool) -> VisitId:
    """A visit after which nobody can say whether item 1 is there."""
    stage.hidden = {tag(1)}
    visit = stage.visit(take={tag(1)} if take else set())
    assert [f.item for f in stage.said(Undecided)] == [item(1)]
    stage.fresh()
    stage.hidden = set()
    return visit


def about(stage: Stage, n: int = 1) -> list[ItemFact]:
    return [f for f in stage.facts if getattr(f, "item", None) == item(n)]


def counted_until_settled(stage: Stage, *inputs: object) -> None:
    for _ in range(6):  # a tag that is read badly is missed for long before it is gone
        stage.give(*inputs)  # type: ignore[arg-type]


@pytest.mark.parametrize("asked", [AUDIT, RECOUNT], ids=["audit", "recount"])
def test_seen_by_a_count_it_never_moved(stage: Stage, asked: object) -> None:
    visit = unsure(stage, take=False)
    stage.give(asked)  # type: ignore[arg-type]
    (settled,) = about(stage)
    assert isinstance(settled, UndecidedSettled)
    assert (settled.present, settled.visit, settled.late) == (True, visit, True)


@pytest.mark.parametrize("asked", [AUDIT, RECOUNT], ids=["audit", "recount"])
def test_missed_by_counts_for_long_it_was_borrowed_by_the_visit_that_left_it_so(stage: Stage, asked: object) -> None:
    visit = unsure(stage, take=True)
    counted_until_settled(stage, asked)
    (loan,) = about(stage)
    assert isinstance(loan, Borrowed)
    assert (loan.visit, loan.late) == (visit, True)


@pytest.mark.parametrize("kind", [VisitKind.BORROW, VisitKind.RETURN_ONLY, VisitKind.RESTOCK, VisitKind.SERVICE])
def test_seen_after_somebody_elses_visit_it_never_moved(stage: Stage, kind: VisitKind) -> None:
    visit = unsure(stage, take=False)
    stage.visit(card=BO, decision=Admitted(kind))
    (settled,) = about(stage)
    assert isinstance(settled, UndecidedSettled)
    assert (settled.present, settled.visit) == (True, visit)


@pytest.mark.parametrize("kind", [VisitKind.BORROW, VisitKind.RESTOCK])
def test_gone_after_somebody_elses_visit_it_is_nobodys_loan(stage: Stage, kind: VisitKind) -> None:
    unsure(stage, take=True)
    for _ in range(6):
        stage.visit(card=BO, decision=Admitted(kind))
    (gone,) = about(stage)
    assert isinstance(gone, Missing)
    assert gone.visit is None


def test_seen_on_the_other_shelf_it_has_moved(stage: Stage) -> None:
    unsure(stage, take=False)
    stage.visit(take={tag(1)}, put={tag(1): B}, card=BO)
    settled, moved = about(stage)
    assert isinstance(settled, UndecidedSettled)
    assert isinstance(moved, Moved)
    assert (moved.from_shelf, moved.shelf) == (A, B)


def half_seen(stage: Stage, n: int = 9) -> VisitId:
    """A visit after which item 9, not on the shelf before, was seen only now and then."""
    visit = stage.visit()
    standing = Standing(tag=tag(n), item=item(n), seen=1, rounds=16, undecided=True, was_present=False, visit=visit)
    first, second = stage.state.memory.shelves
    shelves = (first.model_copy(update={"standings": (*first.standings, standing)}), second)
    stage.kept = stage.state.memory.model_copy(update={"shelves": shelves}), None
    stage.state = replace(stage.state, memory=stage.kept[0])
    stage.fresh()
    return visit


@pytest.mark.parametrize("asked", [AUDIT, RECOUNT], ids=["audit", "recount"])
def test_an_item_seen_now_and_then_and_surely_later_came_back_with_that_visit(stage: Stage, asked: object) -> None:
    visit = half_seen(stage)
    stage.shelves[A].add(tag(9))
    stage.give(asked)  # type: ignore[arg-type]
    (back,) = about(stage, 9)
    assert isinstance(back, Returned)
    assert (back.visit, back.late) == (visit, True)


@pytest.mark.parametrize("asked", [AUDIT, RECOUNT], ids=["audit", "recount"])
def test_an_item_seen_now_and_then_and_never_again_was_not_there(stage: Stage, asked: object) -> None:
    half_seen(stage)
    stage.give(asked)  # type: ignore[arg-type]
    (settled,) = about(stage, 9)
    assert isinstance(settled, UndecidedSettled)
    assert not settled.present


def test_an_item_seen_now_and_then_and_surely_after_a_couriers_visit_was_loaded(stage: Stage) -> None:
    half_seen(stage)
    stage.visit(put={tag(9): A}, card=BO, decision=Admitted(VisitKind.RESTOCK))
    (loaded,) = about(stage, 9)
    assert isinstance(loaded, Loaded)


def test_after_a_forced_door_it_is_only_found_or_missing(stage: Stage) -> None:
    half_seen(stage)
    stage.give(DoorMoved(True))
    stage.hands(set(), {tag(9): A})
    stage.give(DoorMoved(False), TimedOut(Timer.QUIET))
    (found,) = about(stage, 9)
    assert isinstance(found, Found)


def test_a_strange_tag_that_was_unsure_and_is_known_by_now_is_found(stage: Stage) -> None:
    stage.foreign[tag(0x50)] = Identity(item(0x50), None, ForeignKind.UNKNOWN_ITEM)
    stage.visit(put={tag(0x50): A})
    assert stage.said(ForeignFound)
    first, second = stage.state.memory.shelves
    doubted = tuple(
        s.model_copy(update={"undecided": True, "was_present": True}) if s.tag == tag(0x50) else s
        for s in first.standings
    )
    stage.kept = (
        stage.state.memory.model_copy(update={"shelves": (first.model_copy(update={"standings": doubted}), second)}),
        None,
    )
    stage.state = replace(stage.state, memory=stage.kept[0])
    stage.fresh()
    stage.foreign.clear()
    stage.give(AUDIT)
    assert [type(f) for f in about(stage, 0x50)] == [UndecidedSettled, ForeignGone, Found]
