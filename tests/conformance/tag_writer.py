"""What every tag writer must do besides reading. A class of tests over a `desk`; test_tag_writer.py runs it."""

from dataclasses import dataclass
from typing import Any

import pytest

from edge.errors import DeviceFault, TagError
from firmware_sim.desk import DEVICE, Desk
from firmware_sim.transponders import IN_STOCK, KINDS, SLIX, TAGIT, Kind, Transponder, blank_tag, item_block
from protocol.names import TagUid

BLOCK = item_block("30000000012345", "CN-110105001")


@dataclass(frozen=True, slots=True)
class AtDesk:
    """A connected driver, and the desk at the other end."""

    driver: Any
    desk: Desk

    def write(self, tag: Transponder, data: bytes = BLOCK) -> None:
        size = tag.kind.block_size
        self.driver.write(TagUid(tag.uid), data.ljust(-(-len(data) // size) * size, b"\0"), size)


def held(tag: Transponder, size: int = len(BLOCK)) -> bytes:
    """What its users' memory truly begins with."""
    start = tag.kind.first * tag.kind.block_size
    return bytes(tag.memory[start : start + size])


class TagWriterConformance:
    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
    def test_a_tag_of_any_make_is_written_where_it_is_read(self, at: AtDesk, kind: Kind) -> None:
        tag = blank_tag("one", kind)
        block = item_block("30000000012345", "CN-110105001", min(34, (kind.blocks - kind.first) * kind.block_size))
        at.desk.put(tag)
        at.write(tag, block)
        assert held(tag, len(block)) == block
        assert not any(tag.memory[: kind.first * kind.block_size])
        assert at.driver.read(TagUid(tag.uid)).data[: len(block)] == block

    def test_only_the_tag_meant_is_written(self, at: AtDesk) -> None:
        tag, other = blank_tag("one"), blank_tag("two")
        at.desk.put(other, tag)
        at.write(tag)
        assert held(tag) == BLOCK
        assert not any(other.memory)

    def test_more_than_one_frame_holds_is_written_whole(self, at: AtDesk) -> None:
        tag, data = blank_tag("one", TAGIT), bytes(range(255, -1, -1))
        at.desk.put(tag)
        at.write(tag, data)
        assert bytes(tag.memory) == data

    def test_afi_and_dsfid_are_written_and_read_back(self, at: AtDesk) -> None:
        tag = blank_tag("one")
        at.desk.put(tag)
        at.driver.write_dsfid(TagUid(tag.uid), 0x3E)
        at.driver.write_afi(TagUid(tag.uid), IN_STOCK)
        assert (tag.dsfid, tag.afi) == (0x3E, IN_STOCK)

    def test_what_cant_be_written_is_said_to_be_so(self, at: AtDesk) -> None:
        tag = blank_tag("one")
        tag.dsfid_locked = tag.afi_locked = True
        tag.locked.add(3)
        at.desk.put(tag)
        with pytest.raises(TagError, match=r"block 3 .*locked"):
            at.write(tag)
        with pytest.raises(TagError, match=r"DSFID 3E .*locked"):
            at.driver.write_dsfid(TagUid(tag.uid), 0x3E)
        with pytest.raises(TagError, match=r"AFI 07 .*locked"):
            at.driver.write_afi(TagUid(tag.uid), IN_STOCK)
        assert held(tag, 16) == BLOCK[:12] + bytes(4)

    def test_a_tag_lifted_in_mid_write_is_the_tags_trouble_and_can_be_written_again(self, at: AtDesk) -> None:
        tag = blank_tag("one")
        at.desk.put(tag)
        at.desk.lift_after(4)
        with pytest.raises(TagError):
            at.write(tag)
        assert held(tag, 36) == BLOCK[:16] + bytes(20)
        at.desk.put(tag)
        at.write(tag)
        assert held(tag) == BLOCK

    def test_a_write_that_stops_half_way_is_the_tags_trouble(self, at: AtDesk) -> None:
        tag = blank_tag("one")
        at.desk.put(tag)
        at.desk.faults.set("half-write", DEVICE, count=1)
        with pytest.raises(TagError, match="writing failed"):
            at.write(tag)
        at.write(tag)
        assert held(tag) == BLOCK

    def test_a_tag_that_isnt_there_is_the_tags_trouble(self, at: AtDesk) -> None:
        with pytest.raises(TagError):
            at.write(blank_tag("one"))

    def test_a_tag_without_so_many_blocks_is_the_tags_trouble(self, at: AtDesk) -> None:
        tag = blank_tag("one", SLIX)
        at.desk.put(tag)
        with pytest.raises(TagError, match="no block"):
            at.write(tag, bytes(200))

    @pytest.mark.parametrize("fault", ["bytewise", "cut", "flip", "noise", "late", "stale", "silent", "unasked"])
    def test_on_a_bad_line_a_write_that_is_done_is_done_and_none_is_half(self, at: AtDesk, fault: str) -> None:
        at.desk.faults.set(fault, DEVICE, 0.3, count=3)
        done = 0
        for number in range(8):
            tag, data = blank_tag(str(number)), item_block(f"{number:014}", "CN-110105001")
            at.desk.lift()
            at.desk.put(tag)
            try:
                at.write(tag, data)
            except DeviceFault:
                continue
            done += 1
            assert held(tag) == data
        assert done
