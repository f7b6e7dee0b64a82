"""What every tag reader must do. A class of tests over a `rig`; test_tag_reader.py runs it for each driver."""

import pytest

from edge.devices.kinds import Round
from edge.errors import DeviceError, DeviceFault, DeviceGone, TagError
from firmware_sim.transponders import IN_STOCK, KINDS, ON_LOAN, Kind, Transponder, item_block, item_tag
from protocol.names import TagUid
from tests.conformance.rig import Rig

OWNER = "CN-110105001"
READER = "reader-A"


def stocked(rig: Rig, count: int) -> list[Transponder]:
    """So many items on the shelf."""
    tags = [item_tag(f"3000000{number:07}", OWNER) for number in range(count)]
    rig.cabinet.stock("A", tags)
    return tags


def there(rig: Rig) -> frozenset[TagUid]:
    """The tags that truly are on the shelf."""
    shelf = rig.cabinet.shelves["A"]
    return frozenset(TagUid(tag.uid) for tag in (shelf.reference, *shelf.items))


def rounds(rig: Rig, count: int) -> tuple[list[Round], int]:
    """So many rounds: what they brought, and how many failed."""
    done, failed = [], 0
    for _ in range(count):
        try:
            done.append(rig.driver.round())
        except DeviceFault:
            failed += 1
    return done, failed


class TagReaderConformance:
    def test_it_says_what_it_is(self, rig: Rig) -> None:
        assert rig.says

    def test_an_empty_shelf_has_its_reference_tag_only(self, rig: Rig) -> None:
        assert rig.driver.round() == Round(there(rig))

    @pytest.mark.parametrize("count", [1, 24, 70])
    def test_every_tag_is_seen_in_one_round(self, rig: Rig, count: int) -> None:
        stocked(rig, count)
        assert rig.driver.round() == Round(there(rig))
        assert len(there(rig)) == count + 1

    def test_a_tag_seen_before_is_seen_again_at_every_round(self, rig: Rig) -> None:
        stocked(rig, 30)
        assert [rig.driver.round() for _ in range(5)] == [Round(there(rig))] * 5

    def test_an_item_taken_away_is_not_seen_any_more(self, rig: Rig) -> None:
        taken, *_ = stocked(rig, 3)
        rig.driver.round()
        rig.cabinet.force_door()
        rig.cabinet.take(taken.uid)
        assert rig.driver.round() == Round(there(rig))
        assert taken.uid not in there(rig)

    def test_a_shadowed_tag_is_missed_while_it_is_shadowed(self, rig: Rig) -> None:
        hidden, *_ = stocked(rig, 3)
        rig.cabinet.shadow(hidden.uid)
        assert rig.driver.round().tags == there(rig) - {hidden.uid}
        rig.cabinet.shadow(hidden.uid, False)
        assert rig.driver.round().tags == there(rig)

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
    def test_a_tag_of_any_make_is_read(self, rig: Rig, kind: Kind) -> None:
        tag = item_tag("30000000012345", OWNER, kind=kind)
        rig.cabinet.stock("A", [tag])
        for _ in range(2):
            memory = rig.driver.read(TagUid(tag.uid))
            block = item_block("30000000012345", OWNER, min(34, len(memory.data)))
            assert memory.data[: len(block)] == block
            assert len(memory.data) >= 32
            assert (memory.dsfid, memory.afi, memory.block_size) == (0x3E, IN_STOCK, kind.block_size)

    def test_no_more_is_read_than_was_asked_for_but_to_the_end_of_a_block(self, rig: Rig) -> None:
        (tag,) = stocked(rig, 1)
        assert [len(rig.driver.read(TagUid(tag.uid), size).data) for size in (4, 5, 112, 500)] == [4, 8, 112, 112]

    def test_a_tag_that_isnt_there_is_the_tags_trouble_not_the_readers(self, rig: Rig) -> None:
        with pytest.raises(TagError):
            rig.driver.read(TagUid("E004010099999999"))
        assert rig.driver.round() == Round(there(rig))

    def test_an_afi_is_written_and_read_back(self, rig: Rig) -> None:
        (tag,) = stocked(rig, 1)
        rig.driver.write_afi(TagUid(tag.uid), ON_LOAN)
        assert tag.afi == ON_LOAN
        assert rig.driver.read(TagUid(tag.uid)).afi == ON_LOAN

    def test_an_afi_that_cant_be_written_is_said_to_be_so(self, rig: Rig) -> None:
        locked, without = stocked(rig, 2)
        locked.afi_locked = True
        without.afi = None
        for tag in (locked, without):
            with pytest.raises(TagError):
                rig.driver.write_afi(TagUid(tag.uid), ON_LOAN)
        assert locked.afi == IN_STOCK

    @pytest.mark.parametrize("fault", ["cut", "flip", "noise", "bytewise", "late", "stale", "silent", "brown-out"])
    def test_a_bad_line_loses_no_tag_and_makes_none_up(self, rig: Rig, fault: str) -> None:
        stocked(rig, 30)
        rig.cabinet.faults.set(fault, READER, 0.15, count=6)
        done, _ = rounds(rig, 12)
        assert done
        assert all(found.tags <= there(rig) for found in done)
        assert [found.tags for found in done if found.complete] == [there(rig)] * sum(f.complete for f in done)
        assert rig.driver.round() == Round(there(rig))

    @pytest.mark.parametrize("fault", ["stale", "late"])
    def test_an_answer_that_comes_too_late_is_not_taken_for_anothers(self, rig: Rig, fault: str) -> None:
        tags = stocked(rig, 4)
        rig.cabinet.faults.set(fault, READER, 0.3, count=6)
        for tag in tags * 2:
            try:
                memory = rig.driver.read(TagUid(tag.uid))
            except DeviceFault:
                continue
            assert memory.data == tag.memory[: len(memory.data)]

    def test_tags_that_cant_be_told_apart_make_the_round_incomplete(self, rig: Rig) -> None:
        stocked(rig, 3)
        rig.cabinet.faults.set("collision", READER, count=1)
        assert not rig.driver.round().complete
        assert rig.driver.round() == Round(there(rig))

    def test_a_reader_in_scan_mode_is_a_fault(self, rig: Rig) -> None:
        rig.cabinet.faults.set("scan-mode", READER)
        with pytest.raises(DeviceFault):
            rig.driver.round()

    def test_a_reader_that_warns_of_its_hardware_is_a_fault(self, rig: Rig) -> None:
        rig.cabinet.faults.set("hardware", READER)
        with pytest.raises(DeviceFault):
            rig.driver.round()

    def test_a_silent_reader_is_a_fault_not_an_empty_shelf(self, rig: Rig) -> None:
        rig.cabinet.faults.set("silent", READER)
        with pytest.raises(DeviceFault):
            rig.driver.round()
        rig.cabinet.faults.clear()
        rig.reconnect()
        assert rig.driver.round() == Round(there(rig))

    def test_a_reader_unplugged_is_gone_and_comes_back_under_its_stable_name(self, rig: Rig) -> None:
        rig.cabinet.unplug("reader-A")
        with pytest.raises(DeviceGone):
            rig.driver.round()
        with pytest.raises(DeviceGone):
            rig.reconnect()
        rig.cabinet.unplug("reader-A", False)
        rig.reconnect()
        assert rig.driver.round() == Round(there(rig))

    def test_it_may_be_opened_and_closed_many_times(self, rig: Rig) -> None:
        for _ in range(5):
            rig.reconnect()
        assert rig.driver.round() == Round(there(rig))

    def test_closed_it_is_gone_and_may_be_closed_again(self, rig: Rig) -> None:
        rig.driver.close()
        rig.driver.close()
        with pytest.raises(DeviceError):
            rig.driver.round()
