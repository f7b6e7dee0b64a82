"""The agent as a whole: what reaches the journal, the lock and the screen, and in which order."""

import json
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.devices.kinds import TagMemory
from protocol.directory import ItemEntry, PolicyEntry
from protocol.events import (
    AgentStarted,
    AgentStopped,
    Borrowed,
    BorrowFlag,
    CardRefused,
    CountedAnew,
    DeviceFailed,
    DeviceRecovered,
    EpochReason,
    ForeignFound,
    ForeignGone,
    ForeignKind,
    Found,
    RefusalReason,
    Returned,
    VisitEnded,
    VisitKind,
    VisitOpened,
    VisitOutcome,
)
from protocol.names import Isil, TagUid
from protocol.status import Alarm
from tests.edge.frames.test_epcdata import urn40
from tests.edge.whole import ADA, BO, LOST, OURS, Nowhere, Whole, directory, item, tag, written


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Whole]:
    world = Whole(tmp_path)
    with world.running():
        world.live(5)
        yield world


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """No file of this process may grow: writes fail as they do on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_new_site_counts_what_is_on_its_shelves_and_is_ready(whole: Whole) -> None:
    assert {f.item for f in whole.said(Found)} == {item(1), item(2), item(3)}
    assert json.loads(whole.screens[-1])["kind"] == "idle"


def test_a_tap_a_door_and_a_hand_become_a_loan(whole: Whole) -> None:
    whole.visit(take={tag(2)})
    (loan,) = whole.said(Borrowed)
    assert (loan.item, loan.loan_days) == (item(2), 28)
    (opened,) = whole.said(VisitOpened)
    assert opened.visit == loan.visit
    receipt = json.loads(whole.screens[-1])
    assert receipt["kind"] == "receipt"
    assert receipt["items"][0]["title"] == "Title 2"


def test_the_open_visit_is_on_disk_before_the_lock_moves(whole: Whole) -> None:
    seen: list[int] = []
    whole.lock.before_pulse = lambda: seen.append(len(whole.said(VisitOpened)))
    whole.tap()
    assert (seen, whole.lock.pulses) == ([1], 1)


def test_no_uid_and_no_card_tag_stands_in_an_event(whole: Whole) -> None:
    whole.visit(take={tag(1)})
    bodies = b"".join(row.body for row in whole.site.journal.after(0, 1000)).lower()
    (opening,) = [row for row in whole.site.journal.after(0, 1000) if b"visit_opened" in row.body]
    assert ADA.lower().encode() not in bodies
    assert opening.aside is not None
    assert opening.aside.card.encode() not in bodies
    assert all(
        row.aside is None for row in whole.site.journal.after(0, 1000) if row is not opening and row.seq != opening.seq
    )


def test_a_lost_card_opens_nothing(whole: Whole) -> None:
    whole.tap(LOST)
    assert whole.lock.pulses == 0
    assert [f.reason for f in whole.said(CardRefused)] == [RefusalReason.LOST_CARD]


def test_a_card_with_a_random_number_names_nobody(whole: Whole) -> None:
    whole.tap("08A1B2C3")
    assert whole.lock.pulses == 0
    assert [f.reason for f in whole.said(CardRefused)] == [RefusalReason.UNREADABLE]


def test_items_taken_in_several_visits_offline_add_up_against_the_limit(whole: Whole) -> None:
    whole.visit(take={tag(1)})
    whole.visit(take={tag(2)})
    whole.visit(take={tag(3)})
    assert [f.flags for f in whole.said(Borrowed)] == [(), (), (BorrowFlag.OVER_LIMIT,)]
    whole.visit(take=set(), put={tag(1)}, uid=BO)
    assert len(whole.said(Returned)) == 1


def test_an_item_the_directory_does_not_know_by_its_tag_is_read(whole: Whole) -> None:
    whole.tags.memories[tag(0x60)] = written(77, Isil("CN-110105001"))
    whole.visit(put={tag(0x60)})
    assert [f.item for f in whole.said(Returned)] == [item(77)]


def test_a_barcode_of_ours_on_another_librarys_item_is_not_ours(whole: Whole) -> None:
    whole.tags.memories[tag(0x61)] = written(1, Isil("DE-705"))
    whole.visit(put={tag(0x61)})
    assert not whole.said(Returned)
    assert [(f.kind, f.owner) for f in whole.said(ForeignFound)] == [("other-library", "DE-705")]


@pytest.mark.parametrize(("owner", "foreign"), [(OURS, False), (Isil("CN-310101002"), True)])
def test_an_item_with_a_uhf_tag_is_known_by_its_owner_too(whole: Whole, owner: Isil, foreign: bool) -> None:
    """The number alone is a coincidence: the directory has an item of ours that is called the same."""
    epc = urn40(f"{owner}.{item(5)}")
    whole.tags.memories[tag(77)] = TagMemory(0, 0x07, 2, b"", len(epc) // 2 << 11 | 0x0107, epc)
    whole.visit(put={tag(77)})
    assert [f.kind for f in whole.said(ForeignFound)] == ([ForeignKind.OTHER_LIBRARY] if foreign else [])
    assert [f.item for f in whole.said(Returned)] == ([] if foreign else [item(5)])


def test_a_tag_that_cannot_be_read_is_reported_and_nobodys_return(whole: Whole) -> None:
    whole.visit(put={tag(0x62)})
    assert [f.kind for f in whole.said(ForeignFound)] == ["damaged"]


def test_a_reader_unplugged_is_reported_once_and_back_by_itself(whole: Whole) -> None:
    whole.tags.gone = True
    whole.live(60)
    assert len(whole.said(DeviceFailed)) == 1
    assert json.loads(whole.screens[-1])["kind"] == "out-of-order"
    whole.tags.gone = False
    whole.live(60)
    assert len(whole.said(DeviceRecovered)) == 1
    assert json.loads(whole.screens[-1])["kind"] == "idle"


def test_a_reader_that_hears_nothing_is_asked_less_and_less_often_and_believed_again_in_time(whole: Whole) -> None:
    whole.tags.deaf = True
    whole.visit(take={tag(1)})
    whole.live(60)
    before = whole.tags.rounds
    whole.live(1200)
    assert 40 <= whole.tags.rounds - before <= 200  # counts of 17 rounds: at ten-second pauses it would be 2,000
    whole.tags.deaf = False
    whole.live(310)
    assert json.loads(whole.screens[-1])["kind"] == "idle"
    assert [f.item for f in whole.said(Borrowed)] == [item(1)]


def test_a_tag_that_was_nobodys_is_an_item_once_the_directory_tells_and_can_be_lent(whole: Whole) -> None:
    whole.tags.memories[tag(0x60)] = written(50, None)
    whole.visit(put={tag(0x60)})
    assert [f.kind for f in whole.said(ForeignFound)] == ["unknown-item"]
    late = ItemEntry(item=item(50), tag=tag(0x60), title="Late", author="")
    page = directory()
    entries = (*page.entries, late.model_dump(mode="json", exclude_none=True))
    whole.site.mirror.apply(page.model_copy(update={"version": 8, "entries": entries}), whole.site.clock.stamp())
    whole.live(30)
    assert [f.item for f in whole.said(ForeignGone)] == [item(50)]
    assert item(50) in {f.item for f in whole.said(Found)}
    whole.visit(take={tag(0x60)})
    assert [f.item for f in whole.said(Borrowed)] == [item(50)]


def test_a_page_that_comes_in_the_middle_of_a_count_is_looked_at_after_it(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = [0x60, 0x61, 0x62]
    whole.tags.memories |= {tag(n): written(n - 10, None) for n in strange}
    read = whole.tags.read

    def slowly(uid: TagUid, size: int = 34) -> TagMemory:
        if uid == tag(0x61):
            late = ItemEntry(item=item(0x60 - 10), tag=tag(0x60), title="Late", author="")
            page = directory()
            entries = (*page.entries, late.model_dump(mode="json", exclude_none=True))
            whole.site.mirror.apply(
                page.model_copy(update={"version": 8, "entries": entries}), whole.site.clock.stamp()
            )
        return read(uid, size)

    monkeypatch.setattr(whole.tags, "read", slowly)
    whole.visit(put={tag(n) for n in strange})
    whole.live(30)
    assert len(whole.said(ForeignFound)) == 3
    assert item(0x60 - 10) in {f.item for f in whole.said(Found)}


def test_the_loan_survives_a_power_cut_with_the_door_open(tmp_path: Path) -> None:
    world = Whole(tmp_path)
    with world.running():
        world.live(5)
        world.tap()
        world.lock.open = True
        world.live(1)
    world.tags.tags -= {tag(1)}
    with world.running():
        world.live(2)
        world.lock.open = False
        world.live(5)
        (loan,) = world.said(Borrowed)
        (opened,) = world.said(VisitOpened)
        (ended,) = world.said(VisitEnded)
        assert loan.visit == opened.visit == ended.visit
        assert ended.recovered
        assert [f.open_visits for f in world.said(AgentStarted)] == [0, 1]


def test_a_disk_that_is_nearly_full_lends_nothing_and_takes_what_is_brought(whole: Whole) -> None:
    whole.free_mb = 199
    whole.tags.tags -= {tag(1)}
    whole.live(3700)
    whole.visit(put={tag(1)}, take={tag(2)})
    assert [f.kind for f in whole.said(VisitOpened)] == [VisitKind.RETURN_ONLY]
    assert [f.item for f in whole.said(Returned)] == [item(1)]
    assert [f.flags for f in whole.said(Borrowed)] == [(BorrowFlag.RETURN_ONLY,)]
    whole.free_mb = 49
    whole.tap(BO)
    assert [f.reason for f in whole.said(CardRefused)] == [RefusalReason.NO_STORAGE]


def test_a_directory_nobody_vouched_for_lately_lets_patrons_return_only(whole: Whole) -> None:
    page = directory()
    policy = PolicyEntry(owners=(Isil("CN-110105001"),), return_only=True, trust_days=14)
    entries = (*page.entries, policy.model_dump(mode="json", exclude_none=True))
    whole.site.mirror.apply(page.model_copy(update={"version": 8, "entries": entries}), whole.site.clock.stamp())
    whole.now += 15 * 86_400
    whole.visit(take={tag(1)})
    assert [f.kind for f in whole.said(VisitOpened)] == [VisitKind.RETURN_ONLY]
    assert [f.flags for f in whole.said(Borrowed)] == [(BorrowFlag.RETURN_ONLY,)]


def test_a_hub_that_does_not_answer_is_an_alarm_and_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    world = Whole(tmp_path, transport=Nowhere(connected=1))
    with world.running():
        world.live(60)
        assert world.agent.status().alarms is None
        world.live(90)
        assert world.agent.status().alarms == (Alarm.UNHEARD,)
        world.live(60)
    assert caplog.text.count("alarm: unheard") == 1


def test_a_device_that_fails_is_in_the_log_once_and_so_is_its_return(
    whole: Whole, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    whole.tags.gone = True
    whole.live(60)
    whole.tags.gone = False
    whole.live(60)
    assert caplog.text.count("shelf-a (test) doesn't do its work: unplugged") == 1
    assert caplog.text.count("shelf-a (test) works again") == 1


def test_a_full_disk_turns_patrons_away_and_recovers(whole: Whole, tmp_path: Path) -> None:
    with full_disk(tmp_path):
        whole.tap()
        assert whole.lock.pulses == 0
        assert json.loads(whole.screens[-1])["kind"] == "out-of-order"
        whole.tap()
        assert json.loads(whole.screens[-1])["kind"] == "refused"
    whole.live(30)
    assert json.loads(whole.screens[-1])["kind"] == "idle"
    whole.visit(take={tag(1)})
    assert len(whole.said(Borrowed)) == 1


def test_a_disk_that_fills_during_a_visit_settles_it_once_there_is_room(whole: Whole, tmp_path: Path) -> None:
    whole.tap()
    whole.lock.open = True
    whole.live(1)
    with full_disk(tmp_path):
        whole.tags.tags -= {tag(1)}
        whole.lock.open = False
        whole.live(5)
        assert "receipt" not in {json.loads(s)["kind"] for s in whole.screens}
    whole.live(30)
    (loan,) = whole.said(Borrowed)
    (ended,) = whole.said(VisitEnded)
    assert (loan.item, ended.outcome) == (item(1), VisitOutcome.SETTLED)


def test_the_status_tells_the_shelf_the_door_and_the_devices(whole: Whole) -> None:
    whole.visit(take={tag(1)})
    status = whole.agent.status()
    (station,) = status.stations
    assert (station.phase, station.door, station.shelves[0].present) == ("idle", "shut", 2)
    assert {d.state for d in status.devices} == {"ok"}
    assert status.queue == status.last
    assert station.last_visit_at is not None


def test_a_journal_that_cannot_be_written_for_long_is_opened_anew(whole: Whole, tmp_path: Path) -> None:
    with full_disk(tmp_path):
        whole.tap()
        whole.live(200)
        whole.agent.run(threading.Event())  # ends by itself, so that whoever built the agent builds it again
    assert not whole.said(AgentStopped)


def test_a_journal_that_the_hub_contradicts_is_not_believed_about_shelves_either(whole: Whole) -> None:
    """Its image was put back, or its card forgot: what it remembers may be older than what the hub knows."""
    assert len(whole.said(CountedAnew)) == 1
    whole.site.journal.new_epoch(EpochReason.DIVERGED, whole.site.clock.stamp())
    whole.live(5)
    assert [f.items for f in whole.said(CountedAnew)][1:] == [3]
    assert {f.item for f in whole.said(Found)[-3:]} == {item(1), item(2), item(3)}
    whole.live(60)
    assert len(whole.said(CountedAnew)) == 2


def test_that_is_made_up_for_after_a_power_cut_and_after_a_visit(tmp_path: Path) -> None:
    whole = Whole(tmp_path)
    with whole.running():
        whole.live(3)
        whole.tap()
        whole.lock.open = True
        whole.live(1)
        whole.site.journal.new_epoch(EpochReason.REWOUND, whole.site.clock.stamp())
    with whole.running():
        whole.live(3)
        whole.tags.tags -= {tag(1)}
        whole.lock.open = False
        whole.live(10)
        assert [f.item for f in whole.said(Borrowed)] == [item(1)]
        whole.live(100)
        assert [f.items for f in whole.said(CountedAnew)] == [3, 2]
