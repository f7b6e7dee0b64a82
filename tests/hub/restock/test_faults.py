"""What a site says is amiss stays so until it says that it is well."""

import pytest

from hub.restock.faults import Fault, fold
from protocol.events import (
    CompartmentStuck,
    CompartmentWorks,
    Fact,
    GateAlarmed,
    ItemRefused,
    SecurityOpen,
    SecuritySet,
    SelfTested,
)
from protocol.events import Tested as Part
from tests.hub.cast import HARBOUR, STATION, found, tag_of
from tests.hub.test_folds import history

TAG = tag_of("i1")
OPEN = SecurityOpen(station="desk-1", tag=TAG, item="i1", on_loan=True, why="no answer")
SET = SecuritySet(station="gate-1", tag=TAG, item="i1", on_loan=True)
ALARM = GateAlarmed(station="gate-1", tag=TAG, item="i1", afi=7)
STUCK = CompartmentStuck(station="locker-1", shelf="07", why="did-not-open")
WORKS = CompartmentWorks(station="locker-1", shelf="07")


def self_test(ok: bool, *parts: str) -> SelfTested:
    told = (Part(part="shelf A", ok=True, says="12 of 12"), *(Part(part=p, ok=False, says="silent") for p in parts))
    return SelfTested(station="cabinet-1", ok=ok, parts=told)


def amiss(*facts: Fact | tuple[str, Fact]) -> list[Fault]:
    return list(fold(history(*facts)))


@pytest.mark.parametrize(
    ("wrong", "well", "about"),
    [
        (OPEN, SET, {"tag": TAG, "on_loan": True, "why": "no answer"}),
        (STUCK, WORKS, {"shelf": "07", "why": "did-not-open"}),
        (self_test(False, "lock-2"), self_test(True), {"parts": ["lock-2"]}),
    ],
    ids=["security", "compartment", "self-test"],
)
def test_what_is_amiss_is_so_until_it_is_well(wrong: Fact, well: Fact, about: dict[str, object]) -> None:
    (fault,) = amiss(found("i1"), wrong)
    assert (fault.site, fault.event_id, fault.about) == (HARBOUR, "e1", about)
    assert amiss(wrong, well) == []
    assert [fault.event_id for fault in amiss(wrong, well, wrong)] == ["e2"]


def test_the_same_said_again_is_one_fault_that_was_heard_of_later() -> None:
    (fault,) = amiss(self_test(False, "lock-1"), self_test(False, "lock-2"))
    assert (fault.event_id, fault.about) == ("e0", {"parts": ["lock-2"]})
    assert fault.when == history(STUCK, STUCK)[1].when


def test_compartments_and_stations_are_told_apart() -> None:
    other = CompartmentWorks(station="locker-1", shelf="08")
    elsewhere = (STATION, CompartmentWorks(station="locker-1", shelf="07"))
    assert len(amiss(STUCK, other, elsewhere)) == 1
    assert len(amiss(self_test(False, "lock-1"), SelfTested(station="cabinet-2", ok=True, parts=()))) == 1


def test_a_tag_can_be_put_right_at_another_site() -> None:
    assert amiss(OPEN, (STATION, SET)) == []
    (fault,) = amiss(OPEN, (STATION, OPEN))
    assert fault.site == STATION


def test_an_alarm_and_an_incomplete_set_name_the_item() -> None:
    refused = ItemRefused(station="desk-1", item="i2", why="incomplete")
    assert [(fault.kind, fault.item) for fault in amiss(ALARM, refused)] == [("alarm", "i1"), ("incomplete", "i2")]


def test_other_refusals_are_nobodys_task() -> None:
    held = ItemRefused(station="desk-1", item="i2", why="held")
    nameless = ItemRefused(station="desk-1", tag=TAG, why="incomplete")
    assert amiss(held, nameless) == []
