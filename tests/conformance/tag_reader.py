"""What every tag reader must do. Classes of tests over a `rig`; test_tag_reader.py runs them for each make.

What all readers must do is in TagReaderConformance, in tags that are of the kind a reader hears; what only those of one
kind can do or suffer is in the class of that kind.
"""

from typing import Any, ClassVar

import pytest

from edge.devices.kinds import Round, TagMemory
from edge.errors import DeviceError, DeviceFault, DeviceGone, TagError
from firmware_sim import gen2
from firmware_sim.transponders import IN_STOCK, KINDS, ON_LOAN, Kind, item_block, item_tag
from protocol.names import TagUid
from tests.conformance.rig import Reading

OWNER = "CN-110105001"
READER = "reader-A"
BAD_LINE = ("cut", "flip", "noise", "bytewise", "late", "stale", "silent", "brown-out")


def there(rig: Reading) -> frozenset[TagUid]:
    """The tags that truly are on the shelf."""
    shelf = rig.cabinet.shelves["A"]
    return frozenset(TagUid(tag.uid) for tag in (shelf.reference, *shelf.items))


def rounds(rig: Reading, count: int) -> tuple[list[Round], int]:
    """So many rounds: what they brought, and how many failed."""
    done, failed = [], 0
    for _ in range(count):
        try:
            done.append(rig.driver.round())
        except DeviceFault:
            failed += 1
    return done, failed


class TagReaderConformance:
    NOWHERE: ClassVar[TagUid]
    """A tag that isn't there."""

    def item(self, number: int) -> Any:
        """A tag of an item, in stock."""
        raise NotImplementedError

    def agree(self, memory: TagMemory, tag: Any) -> bool:
        """Whether what was read is what the tag holds."""
        raise NotImplementedError

    def stocked(self, rig: Reading, count: int) -> list[Any]:
        """So many items on the shelf, or as many as the reader can tell apart beside the reference tag."""
        most = rig.make.holds
        tags = [self.item(number) for number in range(min(count, most - 1) if most else count)]
        rig.cabinet.stock("A", tags)
        return tags

    def test_it_says_what_it_is(self, rig: Reading) -> None:
        assert rig.says

    def test_an_empty_shelf_has_its_reference_tag_only(self, rig: Reading) -> None:
        assert rig.driver.round() == Round(there(rig))

    @pytest.mark.parametrize("count", [1, 24, 70])
    def test_every_tag_is_seen_in_one_round(self, rig: Reading, count: int) -> None:
        tags = self.stocked(rig, count)
        assert rig.driver.round() == Round(there(rig))
        assert len(there(rig)) == len(tags) + 1
        assert len(tags) == count or len(there(rig)) == rig.make.holds

    def test_a_tag_seen_before_is_seen_again_at_every_round(self, rig: Reading) -> None:
        self.stocked(rig, 30)
        assert [rig.driver.round() for _ in range(5)] == [Round(there(rig))] * 5

    def test_an_item_taken_away_is_not_seen_any_more(self, rig: Reading) -> None:
        taken, *_ = self.stocked(rig, 3)
        rig.driver.round()
        rig.cabinet.force_door()
        rig.cabinet.take(taken.uid)
        assert rig.driver.round() == Round(there(rig))
        assert taken.uid not in there(rig)

    def test_a_shadowed_tag_is_missed_while_it_is_shadowed(self, rig: Reading) -> None:
        hidden, *_ = self.stocked(rig, 3)
        rig.cabinet.shadow(hidden.uid)
        assert rig.driver.round().tags == there(rig) - {hidden.uid}
        rig.cabinet.shadow(hidden.uid, False)
        assert rig.driver.round().tags == there(rig)

    def test_a_tag_that_isnt_there_is_the_tags_trouble_not_the_readers(self, rig: Reading) -> None:
        with pytest.raises(TagError):
            rig.driver.read(self.NOWHERE)
        assert rig.driver.round() == Round(there(rig))

    def test_an_afi_is_written_and_read_back(self, rig: Reading) -> None:
        (tag,) = self.stocked(rig, 1)
        rig.driver.write_afi(TagUid(tag.uid), ON_LOAN)
        assert tag.afi == ON_LOAN
        assert rig.driver.read(TagUid(tag.uid)).afi == ON_LOAN

    @pytest.mark.parametrize("fault", BAD_LINE)
    def test_a_bad_line_loses_no_tag_and_makes_none_up(self, rig: Reading, fault: str) -> None:
        self.stocked(rig, 30)
        rig.cabinet.faults.set(fault, READER, 0.15, count=6)
        done, _ = rounds(rig, 12)
        assert done
        assert all(found.tags <= there(rig) for found in done)
        assert [found.tags for found in done if found.complete] == [there(rig)] * sum(f.complete for f in done)
        assert rig.driver.round() == Round(there(rig))

    @pytest.mark.parametrize("fault", ["stale", "late"])
    def test_an_answer_that_comes_too_late_is_not_taken_for_anothers(self, rig: Reading, fault: str) -> None:
        tags = self.stocked(rig, 4)
        rig.cabinet.faults.set(fault, READER, 0.3, count=6)
        for tag in tags * 2:
            try:
                memory = rig.driver.read(TagUid(tag.uid))
            except DeviceFault:
                continue
            assert self.agree(memory, tag)

    def test_a_reader_that_warns_of_its_hardware_is_a_fault(self, rig: Reading) -> None:
        rig.cabinet.faults.set("hardware", READER)
        with pytest.raises(DeviceFault):
            rig.driver.round()

    def test_a_silent_reader_is_a_fault_not_an_empty_shelf(self, rig: Reading) -> None:
        rig.cabinet.faults.set("silent", READER)
        with pytest.raises(DeviceFault):
            rig.driver.round()
        rig.cabinet.faults.clear()
        rig.reconnect()
        assert rig.driver.round() == Round(there(rig))

    def test_a_reader_unplugged_is_gone_and_comes_back_under_its_stable_name(self, rig: Reading) -> None:
        rig.cabinet.unplug("reader-A")
        with pytest.raises(DeviceGone):
            rig.driver.round()
        with pytest.raises(DeviceGone):
            rig.reconnect()
        rig.cabinet.unplug("reader-A", False)
        rig.reconnect()
        assert rig.driver.round() == Round(there(rig))

    def test_it_may_be_opened_and_closed_many_times(self, rig: Reading) -> None:
        for _ in range(5):
            rig.reconnect()
        assert rig.driver.round() == Round(there(rig))

    def test_closed_it_is_gone_and_may_be_closed_again(self, rig: Reading) -> None:
        rig.driver.close()
        rig.driver.close()
        with pytest.raises(DeviceError):
            rig.driver.round()


class Iso15693Conformance(TagReaderConformance):
    """Readers of ISO 15693 tags, of any block size or of one."""

    NOWHERE = TagUid("E004010099999999")

    def item(self, number: int) -> Any:
        return item_tag(f"3000000{number:07}", OWNER)

    def agree(self, memory: TagMemory, tag: Any) -> bool:
        return bool(memory.data == tag.memory[: len(memory.data)])

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
    def test_a_tag_of_any_make_is_read(self, rig: Reading, kind: Kind) -> None:
        tag = item_tag("30000000012345", OWNER, kind=kind)
        rig.cabinet.stock("A", [tag])
        if rig.make.block_size not in (0, kind.block_size):
            assert tag.uid not in rig.driver.round().tags, "tags that it can't read it doesn't see"
            return
        for _ in range(2):
            memory = rig.driver.read(TagUid(tag.uid))
            block = item_block("30000000012345", OWNER, min(34, len(memory.data)))
            assert memory.data[: len(block)] == block
            assert len(memory.data) >= 32
            assert (memory.dsfid, memory.afi, memory.block_size) == (0x3E, IN_STOCK, kind.block_size)

    def test_no_more_is_read_than_was_asked_for_but_to_the_end_of_a_block(self, rig: Reading) -> None:
        (tag,) = self.stocked(rig, 1)
        assert [len(rig.driver.read(TagUid(tag.uid), size).data) for size in (4, 5, 112, 500)] == [4, 8, 112, 112]

    def test_an_afi_that_cant_be_written_is_said_to_be_so(self, rig: Reading) -> None:
        locked, without = self.stocked(rig, 2)
        locked.afi_locked = True
        without.afi = None
        for tag in (locked, without):
            with pytest.raises(TagError):
                rig.driver.write_afi(TagUid(tag.uid), ON_LOAN)
        assert locked.afi == IN_STOCK


class PadConformance(Iso15693Conformance):
    """Readers of a desk's pad that tell nothing of collisions."""

    def test_a_tag_that_is_told_twice_is_one(self, rig: Reading) -> None:
        self.stocked(rig, 3)
        rig.cabinet.faults.set("collision", READER, count=1)
        assert rig.driver.round() == Round(there(rig))

    def test_a_tag_that_is_missed_a_few_times_is_read_and_written_all_the_same(self, rig: Reading) -> None:
        (tag,) = self.stocked(rig, 1)
        rig.cabinet.faults.set("misses", READER, count=5)
        assert self.agree(rig.driver.read(TagUid(tag.uid)), tag)
        rig.cabinet.faults.set("misses", READER, count=5)
        rig.driver.write_afi(TagUid(tag.uid), ON_LOAN)
        assert tag.afi == ON_LOAN


class HfConformance(Iso15693Conformance):
    """Readers of the FEIG family."""

    def test_tags_that_cant_be_told_apart_make_the_round_incomplete(self, rig: Reading) -> None:
        self.stocked(rig, 3)
        rig.cabinet.faults.set("collision", READER, count=1)
        assert not rig.driver.round().complete
        assert rig.driver.round() == Round(there(rig))

    def test_a_reader_in_scan_mode_is_a_fault(self, rig: Reading) -> None:
        rig.cabinet.faults.set("scan-mode", READER)
        with pytest.raises(DeviceFault):
            rig.driver.round()


class UhfConformance(TagReaderConformance):
    """Readers of EPC Gen2 tags."""

    NOWHERE = TagUid("E28011609999999999999999")

    def item(self, number: int) -> Any:
        user = bytes.fromhex("0602 01D0 1402 04B3")
        return gen2.national_tag(f"3000000{number:07}", OWNER if number % 2 else "", user=user)

    def agree(self, memory: TagMemory, tag: Any) -> bool:
        return bool((memory.pc, memory.epc, memory.data) == (tag.pc, tag.epc, tag.user[: len(memory.data)]))

    def test_control_word_epc_and_users_memory_are_read(self, rig: Reading) -> None:
        for tag in self.stocked(rig, 2):
            memory = rig.driver.read(TagUid(tag.uid))
            assert self.agree(memory, tag)
            assert (memory.afi, memory.block_size, len(memory.data)) == (IN_STOCK, 2, 34)

    def test_no_more_is_read_than_was_asked_for_but_to_the_end_of_a_word(self, rig: Reading) -> None:
        (tag,) = self.stocked(rig, 1)
        assert [len(rig.driver.read(TagUid(tag.uid), size).data) for size in (4, 5, 64, 500)] == [4, 6, 64, 64]

    def test_a_tag_without_users_memory_has_its_epc_all_the_same(self, rig: Reading) -> None:
        tag = gen2.national_tag("30000000012345")
        tag.user.clear()
        rig.cabinet.stock("A", [tag])
        memory = rig.driver.read(TagUid(tag.uid))
        assert (memory.epc, memory.data) == (tag.epc, b"")

    def test_an_afi_that_cant_be_written_is_said_to_be_so(self, rig: Reading) -> None:
        locked, _ = self.stocked(rig, 2)
        locked.locks[gen2.LOCK_EPC] = gen2.NEVER
        with pytest.raises(TagError, match="locked"):
            rig.driver.write_afi(TagUid(locked.uid), ON_LOAN)
        assert locked.afi == IN_STOCK
        with pytest.raises(TagError, match="no place"):
            rig.driver.write_afi(TagUid(rig.cabinet.shelves["A"].reference.uid), ON_LOAN)

    def test_only_the_tag_meant_is_written(self, rig: Reading) -> None:
        tag, *others = self.stocked(rig, 6)
        rig.driver.write_afi(TagUid(tag.uid), ON_LOAN)
        assert [other.afi for other in others] == [IN_STOCK] * 5

    def test_a_write_that_stops_half_way_is_done_again(self, rig: Reading) -> None:
        tag, *_ = self.stocked(rig, 3)
        rig.cabinet.faults.set("half-write", READER, count=2)
        rig.driver.write_afi(TagUid(tag.uid), ON_LOAN)
        assert tag.afi == ON_LOAN

    def test_tags_that_collide_now_and_then_are_seen_all_the_same(self, rig: Reading) -> None:
        self.stocked(rig, 10)
        rig.cabinet.faults.set("collision", READER, count=2)
        assert rig.driver.round() == Round(there(rig))

    def test_a_tag_at_the_edge_of_the_field_is_mostly_seen_and_can_be_read(self, rig: Reading) -> None:
        edge, *_ = self.stocked(rig, 5)
        edge.chance = 0.7
        assert sum(edge.uid in rig.driver.round().tags for _ in range(10)) >= 8
        assert self.agree(rig.driver.read(TagUid(edge.uid)), edge)

    def test_frames_that_nobody_asked_for_are_borne(self, rig: Reading) -> None:
        tags = self.stocked(rig, 10)
        rig.cabinet.faults.set("unasked", READER)
        assert [rig.driver.round() for _ in range(5)] == [Round(there(rig))] * 5
        assert all(self.agree(rig.driver.read(TagUid(tag.uid)), tag) for tag in tags)

    @pytest.mark.parametrize("fault", ["cut", "flip", "noise", "late", "stale", "silent", "unasked", "brown-out"])
    def test_on_a_bad_line_an_afi_that_was_written_is_written(self, rig: Reading, fault: str) -> None:
        tags = self.stocked(rig, 6)
        rig.driver.round()
        rig.cabinet.faults.set(fault, READER, 0.15, count=4)
        done = 0
        for number, tag in enumerate(tags):
            try:
                rig.driver.write_afi(TagUid(tag.uid), ON_LOAN)
            except (DeviceFault, TagError):
                continue
            done += 1
            assert tag.afi == ON_LOAN
            assert all(other.afi == IN_STOCK for other in tags[number + 1 :])
        assert done
        assert rig.driver.round() == Round(there(rig))
